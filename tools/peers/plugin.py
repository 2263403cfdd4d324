"""What runs inside a peer's pytest: it substitutes, leaves out, and writes down how each test ended.

`PEERS` holds the suite, the place of the variant in its list ("" for the peer's own), and the file to write.
"""

import importlib.util
import io
import json
import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from tools.peers.naming import matching, name_of
from tools.peers.suites import SUITES, others, resolve

NAME, PLACE, OUTCOMES = json.loads(os.environ["PEERS"])
SUITE = SUITES[NAME]
ends: dict[str, tuple[str, str]] = {}


def stand_in_for_pkg_resources() -> None:
    """Give `resource_stream`, of which newer releases of setuptools know nothing, to those who import it."""
    if importlib.util.find_spec("pkg_resources") is None:

        def resource_stream(module: str, path: str) -> io.BufferedReader:
            return (Path(str(sys.modules[module].__file__)).parent / path).open("rb")

        made = types.ModuleType("pkg_resources")
        made.resource_stream = resource_stream  # type: ignore[attr-defined]
        sys.modules[made.__name__] = made


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    stand_in_for_pkg_resources()
    if PLACE is not None:
        resolve(SUITE.variants[PLACE].substitute)(NAME)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = others(SUITE)
    variant = None if PLACE is None else SUITE.variants[PLACE]
    is_theirs = resolve(variant.is_theirs) if variant and variant.is_theirs else lambda item: False
    groups: tuple[list[pytest.Item], list[pytest.Item]] = ([], [])
    for item in items:
        out = matching(name_of(item.nodeid), left_out) is not None or is_theirs(item)
        groups[out].append(item)
    items[:] = groups[0]
    config.hook.pytest_deselected(items=groups[1])
    for item in groups[1]:
        ends[item.nodeid] = "left out", ""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        ends[report.nodeid] = report.outcome, why(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        ends[report.nodeid] = report.outcome, why(report)


def why(report: Any) -> str:
    """The last line of a failure."""
    if not report.failed:
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longrepr).strip()


def pytest_sessionfinish() -> None:
    Path(OUTCOMES).write_text(json.dumps(ends), "utf-8")
