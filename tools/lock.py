"""Writes constraints.txt: `python -m tools.lock python3.11 python3.12 python3.13`, or `make lock`.

On each of the Pythons named, oldest first, pip resolves what the Makefile installs to the newest releases that go
together; nothing is installed. Where the Pythons differ, a marker says which release is for which. A package that only
some systems or some Pythons need stands there without one, since a constraint installs nothing.
"""

import json
import re
import subprocess
import sys
import tempfile
from itertools import groupby
from operator import itemgetter
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
LOCK = REPOSITORY / "constraints.txt"
REQUIREMENTS = [
    f"{REPOSITORY}[dev,docs,torch]",
    "hatchling",  # builds the package, here without isolation so that the lock holds for it too
    "editables",
    "uv",  # finds the lowest releases that are allowed
    "torch==2.13.0",  # held: continuous integration has a build without CUDA of this release only
]
HEADER = """\
# Every version that `make` installs. Written by `make lock`, and held until somebody types that again.
"""


def resolve(python: str) -> tuple[str, dict[str, str]]:
    """Return the version of an interpreter, "3.11" for instance, and the releases that pip would install for it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, "-m", "venv", folder], check=True)
        pip = [f"{folder}/bin/python", "-m", "pip"]
        subprocess.run([*pip, "install", "--quiet", "--upgrade", "pip"], check=True)
        options = ["--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
        answer = subprocess.run(
            [*pip, "install", *options, *REQUIREMENTS], check=True, stdout=subprocess.PIPE
        )
    report = json.loads(answer.stdout)
    found = [
        item["metadata"] for item in report["install"] if "dir_info" not in item["download_info"]
    ]
    releases = {
        re.sub(r"[-_.]+", "-", package["name"]).lower(): package["version"].split("+")[0]
        for package in found
    }
    return report["environment"]["python_version"], releases


def pins(name: str, releases: list[tuple[str, str]]) -> list[str]:
    """Return the lines for one package, whose releases come with the Python from which they hold, oldest first."""
    starts = [next(run) for _, run in groupby(releases, key=itemgetter(1))]
    lines = []
    for i, (since, version) in enumerate(starts):
        bounds = [f'python_version >= "{since}"'] if i > 0 else []
        bounds += [f'python_version < "{until}"' for until, _ in starts[i + 1 : i + 2]]
        marker = f"; {' and '.join(bounds)}" if bounds else ""
        lines.append(f"{name}=={version}{marker}")
    return lines


def main(pythons: list[str]) -> None:
    resolved = [resolve(python) for python in pythons]
    lines = [
        line
        for name in sorted({name for _, releases in resolved for name in releases})
        for line in pins(name, [(since, each[name]) for since, each in resolved if name in each])
    ]
    LOCK.write_text(HEADER + "\n".join(lines) + "\n", "utf-8")
    print(f"{LOCK.name}: {len(lines)} lines")


if __name__ == "__main__":
    main(sys.argv[1:])
