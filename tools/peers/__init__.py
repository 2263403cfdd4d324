"""The test suites of other projects, with ours in the place of theirs: `python -m tools.peers`."""
