"""The history of the benchmarks compares, figure by figure, what the same processor measured."""

import json

import pytest
from pictures import coloured

from benchmarks import history
from benchmarks._results import processor, source


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    path = tmp_path / "history.jsonl"
    monkeypatch.setattr(history, "FILE", path)
    return path


def write(file, *lines):
    """Made-up lines: of a processor, and its ratios."""
    texts = [
        json.dumps({"version": "1", "commit": f"c{i}", "processor": of, "ratios": ratios})
        for i, (of, ratios) in enumerate(lines)
    ]
    file.write_text("".join(f"{text}\n" for text in texts))


KERNEL, ROUND, CALL = "kernels, Huber()", "training, xgboost, Huber()", "calls, peer 1.0, Huber()"


def test_each_figure_is_compared_with_the_last_line_that_has_it(file, capsys):
    write(
        file,
        ("A", {KERNEL: 1.0, ROUND: 1.0}),
        ("A", {ROUND: 1.5}),
        ("B", {ROUND: 9.0}),
        ("A", {ROUND: 1.2, KERNEL: 1.05}),
        ("B", {ROUND: 8.0}),
    )
    assert history.compare() == 0
    shown = capsys.readouterr().out
    assert f"| {KERNEL} | A | 1 c0 | 1 c3 | 1.000 | 1.050 | +5.0% |  |" in shown
    assert f"| {ROUND} | A | 1 c1 | 1 c3 | 1.500 | 1.200 | -20.0% |  |" in shown
    assert f"| {ROUND} | B | 1 c2 | 1 c4 | 9.000 | 8.000 | -11.1% |  |" in shown
    assert "3 figures compared, 0 worse; 0 not compared." in shown


def test_errors_are_compared_whatever_the_processor(file, capsys):
    name = "accuracy, XGBoost, Huber()"
    write(file, ("A", {name: 0.9, ROUND: 1.0}), ("B", {name: 0.95, ROUND: 2.0}))
    assert history.compare() == 1
    shown = capsys.readouterr().out
    assert f"| {name} | any | 1 c0 | 1 c1 | 0.900 | 0.950 | +5.6% | worse |" in shown
    assert "1 figures compared, 1 worse; 2 not compared." in shown


@pytest.mark.parametrize(
    ("name", "after", "worse"),
    [
        (KERNEL, 1.09, False),
        (KERNEL, 1.11, True),
        (CALL, 1.11, True),
        ("catalogue, Huber()", 1.11, True),
        ("accuracy, XGBoost, Huber()", 1.009, False),
        ("accuracy, XGBoost, Huber()", 1.011, True),
    ],
)
def test_the_exit_status_tells_what_got_worse(file, name, after, worse):
    write(file, ("A", {name: 1.0}), ("A", {name: after}))
    assert history.compare() == worse


def test_what_has_nothing_to_be_compared_with_is_told(file, capsys):
    lines = ("A", {ROUND: 1.0, KERNEL: 1.0}), ("B", {ROUND: 1.0, CALL: 0.5}), ("A", {ROUND: 1.0})
    write(file, *lines)
    assert history.compare() == 2
    shown = capsys.readouterr().out
    assert "Not compared, as no other line of the processor has them: 3 figures." in shown
    assert "- 1 c0 of A: kernels, 1: Huber()" in shown
    assert "- 1 c1 of B: calls, 1: peer 1.0, Huber()" in shown
    assert "1 figures compared, 0 worse; 3 not compared." in shown
    write(file, *lines, ("A", {ROUND: 1.2}))
    assert history.compare() == 1  # worse comes first


def test_it_takes_speed_calls_and_accuracy_from_the_results(file, tmp_path, monkeypatch, capsys):
    results = tmp_path / "results"
    results.mkdir()
    with pytest.raises(SystemExit, match="neither"):
        history.add(results)
    here = {"source": source(), "processor": processor()}
    call = {"part": "calls", "package": "peer", "version": "1.0", "loss": "Huber()", "rows": 1000}
    training = {"part": "training", "library": "xgboost", "version": "3", "loss": "Huber()"}
    lines = [
        {"cell": call, "figures": {"ours": 1.0, "theirs": 2.0}, "with": here},
        {"cell": call | {"loss": "Cauchy()"}, "figures": {}, "with": here},
        {"cell": training, "figures": {"ours": 3.0, "floor": 2.0}, "with": here},
        {
            "cell": training | {"loss": "Cauchy()"},
            "figures": {"ours": 3.0, "floor": 2.0},
            "with": here | {"processor": "another"},
        },
    ]
    (results / "speed.json").write_text(json.dumps(lines))
    row = {"library": "XGBoost", "objective": "Huber()", "own": False, "all": 0.95}
    (results / "accuracy.json").write_text(json.dumps([row, row | {"own": True}]))
    monkeypatch.setattr("sys.argv", ["history", "add", "--results", str(results)])
    assert history.main() == 2
    assert "1 are of another processor and left out, 0 of another state" in capsys.readouterr().out
    (line,) = history.entries()
    assert line["processor"] == processor()
    names = {"calls, peer 1.0, Huber(), 1000": 0.5, "training, xgboost, Huber()": 1.5}
    assert line["ratios"] == names | {"accuracy, XGBoost, Huber()": 0.95}
    assert history.main() == 0


def test_a_picture_has_a_curve_for_each_processor(file, tmp_path):
    write(file, ("A", {KERNEL: 1.0, CALL: 1.0}), ("B", {KERNEL: 2.0}), ("A", {KERNEL: 1.1}))
    history.draw(tmp_path / "history.png")
    assert coloured(tmp_path / "history.png") > 100
