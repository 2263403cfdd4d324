"""What a saved model says of a loss of one's own: read in a process that has never seen it, and never run."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from own_losses import OWN, overstock, own_barron, poisson

import boostloss as bl
from boostloss.autodiff.traces import read
from boostloss.losses.catalogue import to_string

GOOD = "cost(over=3.0); error(curvature='safe', smoothing=None); where(error > 0.0, over * error, -error)"
BODY = "cost(over=3.0); error(curvature='safe', smoothing=None); "


def elsewhere(code, *arguments, folder):
    """What a process prints that has not defined the losses."""
    environment = os.environ | {"PYTHONPATH": str(Path(bl.__file__).parents[1])}
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_records_are_one_line_that_model_files_can_hold():
    for loss in [*OWN, bl.Huber(2.0)]:
        text = to_string(loss)
        assert "\n" not in text
        assert ":" not in text
    assert to_string(bl.Huber(2.0)) == "Huber(delta=2.0)"
    assert to_string(overstock()) == (
        "overstock(over=3.0, cap=100.0); error(curvature='safe', smoothing=None); "
        "minimum(where(error > 0.0, over * error, -error), cap)"
    )


def test_a_loss_is_read_where_nobody_has_defined_it(tmp_path):
    code = """
import sys, pickle, numpy as np, boostloss as bl
for text in sys.argv[1:]:
    loss = bl.from_string(text)
    assert bl.from_string(text) == loss == pickle.loads(pickle.dumps(loss))
    assert bl.losses.catalogue.to_string(loss) == text
    y, f = np.array([0.0, 1.0, 1.0]), np.array([-1.5, 0.25, 3.0])
    print(loss.loss(y, f).tolist(), loss.inverse_link(f).tolist(), type(loss)() == loss)
"""
    texts = [to_string(loss) for loss in OWN]
    lines = elsewhere(code, *texts, folder=tmp_path).splitlines()
    y, f = np.array([0.0, 1.0, 1.0]), np.array([-1.5, 0.25, 3.0])
    for loss, line in zip(OWN, lines, strict=True):
        expected = f"{loss.loss(y, f).tolist()} {loss.inverse_link(f).tolist()} True"
        assert line == expected


def test_a_value_that_was_recorded_for_a_number_keeps_it():
    text = to_string(own_barron(alpha=0.0)).replace("own_barron", "unheard_of")
    loss = bl.from_string(text)
    assert "decided='alpha'" in text
    assert type(loss)(scale=2.0).scale == 2.0
    with pytest.raises(ValueError, match=r"alpha must be 0\.0"):
        type(loss)(alpha=1.0)


def test_a_definition_that_has_changed_does_not_replace_the_record():
    text = to_string(overstock()).replace("-error", "-2.0 * error")
    loss = bl.from_string(text)
    assert type(loss) is not overstock
    assert loss.loss([0.0], [-1.0]) == [2.0]
    assert to_string(loss) == text


@pytest.mark.parametrize(
    "text",
    [
        BODY + "__import__('os').system('touch pwned')",
        BODY + "error.__class__.__mro__",
        BODY + "(lambda: 1.0)() * error",
        BODY + "[error for error in (1.0,)]",
        BODY + "open('pwned', 'w')",
        BODY + "exec('1') + error",
        BODY + "exp(error, *error)",
        BODY + "exp(error, out=error)",
        BODY + "power(error)",
        BODY + "where(error)",
        BODY + "'text'",
        BODY + "error if error else error",
        BODY + "import os; error",
        BODY + "exp = error; error; exp(error",
        BODY + "f'{error}'",
        BODY + "error[0]",
        BODY + "unknown * error",
        BODY + "over",
        BODY + "error > 0.0",
        BODY + "error < 1.0 < 2.0",
        BODY + "a, b = error, error; a",
        BODY + "error = error",
        BODY + "(x := error)",
        BODY,
        "cost(over=3.0)",
        "cost(over=__import__('os')); error(); error",
        "cost(over='a'); error(); error",
        "cost(over=1e999); error(); over * error",
        "cost(**{'over': 3.0}); error(); error",
        "os.system(over=3.0); error(); error",
        "cost(loss=3.0); error(); error * loss",
        "Huber(delta=3.0); error(); error * delta",
        "cost(over=3.0); errors(); error",
        "cost(over=3.0); error(curvature='x'); error",
        "cost(over=3.0); error(smoothing=-1); error",
        "cost(over=3.0); error(run='x'); error",
        "cost(over=3.0); target(); target * raw_prediction",
        BODY + "-" * 100_000 + "error",
        BODY + "(" * 5000 + "error" + ")" * 5000,
        BODY + "+".join(["error"] * 30_000),
        BODY + "9**9**9**9 * error",
        "\x00",
        "; ; ;",
    ],
    ids=range(43),
)
def test_a_record_that_is_no_loss_is_one_clear_sentence(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"cannot be read|is written like") as caught:
        bl.from_string(text)
    assert len(str(caught.value)) < 3000  # with the names of all losses of this process
    assert not list(tmp_path.iterdir())


def test_the_good_record_beside_them_is_read():
    assert bl.from_string(GOOD).loss([0.0], [2.0]) == [6.0]


def test_the_text_of_a_text_is_itself():
    for loss in OWN:
        names = ("error", "margin", "target", "raw_prediction", *loss.names)
        assert read(loss.trace.text, names, loss.given)[""].text == loss.trace.text
    assert poisson().trace.text == "exp(raw_prediction) - target * raw_prediction"
