"""Runs a suite in a process of its own, and compares how tests end with the peer's own and with ours."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tools.peers.naming import matching, name_of, without_objective
from tools.peers.suites import SUITES, Variant

REPOSITORY = Path(__file__).resolve().parents[2]
Ends = dict[str, tuple[str, str]]


def run(name: str, place: int | None, root: Path, expression: str | None = None) -> Ends:
    """How each test ends, and the message of a failure; with the peer's own where there is no place of a variant."""
    suite = SUITES[name]
    with tempfile.TemporaryDirectory() as folder:  # also where the tests leave what they write
        outcomes = Path(folder) / "outcomes.json"
        path = [str(REPOSITORY), *([str(root)] if suite.on_path else [])]
        path += filter(None, [os.environ.get("PYTHONPATH")])
        environment = os.environ | {
            "PEERS": json.dumps([name, place, str(outcomes)]),
            "PYTHONPATH": os.pathsep.join(path),
        }
        # Neither the options of this repository's pytest nor of theirs.
        command = [sys.executable, "-m", "pytest", "-c", os.devnull, "-p", "tools.peers.plugin"]
        command += ["-p", "no:cacheprovider", "--quiet"]
        command += ["-k", expression] if expression else []
        if suite.url:
            command += ["--rootdir", str(root), *(str(root / file) for file in suite.files)]
        else:
            command += ["--rootdir", folder, "--pyargs", *suite.files]
        answer = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if not outcomes.exists():
            raise RuntimeError(f"pytest did not begin:\n{answer.stdout}\n{answer.stderr}")
        ends = json.loads(outcomes.read_text("utf-8"))
        return {without_objective(test): tuple(end) for test, end in ends.items()}


@dataclass
class Count:
    """How many tests of a suite end how: `of_reason` counts known failures with ours alone, by their sentence."""

    title: str
    release: str
    variant: str
    theirs: Counter[str] = field(default_factory=Counter)
    ours: Counter[str] = field(default_factory=Counter)
    with_theirs_too: int = 0
    of_reason: Counter[str] = field(default_factory=Counter)
    unexpected: dict[str, str] = field(default_factory=dict)
    needless: list[str] = field(default_factory=list)


def counted(title: str, release: str, variant: Variant, theirs: Ends, ours: Ends) -> Count:
    """Sort the failures with ours: those with the peer's own too, those that are known, and the rest."""
    count = Count(title, release, variant.title)
    out = {test for test, (end, _) in ours.items() if end == "left out"}
    theirs = {test: end for test, end in theirs.items() if test not in out}
    count.theirs = Counter(end for end, _ in theirs.values())
    count.ours = Counter(end for end, _ in ours.values())
    missed = dict.fromkeys(theirs.keys() - ours.keys(), ("failed", "It was not collected."))
    seen, failing = set(), set()
    for test, (end, message) in (ours | missed).items():
        pattern = matching(name_of(test), variant.failures)
        seen.add(pattern)
        if end != "failed":
            continue
        failing.add(pattern)
        if theirs.get(test, ("", ""))[0] == "failed":
            count.with_theirs_too += 1
        elif pattern is not None:
            count.of_reason[variant.failures[pattern]] += 1
        else:
            count.unexpected[test] = message
    count.needless = [x for x in variant.failures if x in seen - failing]
    return count
