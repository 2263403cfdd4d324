"""The test suites of the peers, with ours in the place of theirs: how many of their tests pass, and why others do not.

    python -m tools.peers                              all suites, each first with its own and then with ours
    python -m tools.peers scikit-learn xgboost         these
    python -m tools.peers --source xgboost=../xgboost  with a folder that has the tests, and not a download
    python -m tools.peers --markdown                   the table of docs/peers.md

Tests come from what is installed or, in the version that is installed, from GitHub. Ends with 1 if a test fails that
passes with the peer's own and is not among the known ones of `tools.peers.suites`, with 2 if a suite cannot be had.
"""

import argparse
import sys
from pathlib import Path

from tools.peers import sources
from tools.peers.running import Count, counted, run
from tools.peers.suites import SUITES
from tools.peers.tables import print_markdown, print_table

DOWNLOADS = Path("build/peers")


def pair(text: str) -> tuple[str, Path]:
    name, _, folder = text.partition("=")
    if name not in SUITES or not Path(folder).is_dir():
        raise argparse.ArgumentTypeError(
            f"must be one of {', '.join(SUITES)}, '=' and a folder, got {text!r}"
        )
    return name, Path(folder).resolve()


def main() -> int:
    parser = argparse.ArgumentParser("python -m tools.peers", description=__doc__.split("\n")[0])
    parser.add_argument("suites", nargs="*", metavar="suite", help=f"of {', '.join(SUITES)}")
    parser.add_argument("--source", type=pair, action="append", default=[], metavar="SUITE=FOLDER")
    parser.add_argument("--downloads", type=Path, default=DOWNLOADS, metavar="FOLDER")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    parser.add_argument("-k", metavar="EXPRESSION", help="only such tests, as for pytest")
    options = parser.parse_args()
    for name in options.suites:
        if name not in SUITES:
            parser.error(f"suite must be one of {', '.join(SUITES)}, got {name!r}")
    given, downloads = dict(options.source), options.downloads.resolve()
    counts: list[Count] = []
    code = 0
    for name in options.suites or SUITES:
        suite = SUITES[name]
        try:
            sources.check_needs(suite)
            release = sources.version(suite)
            root = sources.root(suite, given.get(name), downloads)
        except sources.Lacking as lack:
            print(f"{name} cannot be run here: {lack}.", file=sys.stderr)
            code = code or 2
            continue
        theirs = run(name, None, root, options.k)
        for place, variant in enumerate(suite.variants):
            ours = run(name, place, root, options.k)
            counts.append(counted(suite.title, release, variant, theirs, ours))
            if counts[-1].unexpected:
                code = 1
    (print_markdown if options.markdown else print_table)(counts)
    return code


if __name__ == "__main__":
    sys.exit(main())
