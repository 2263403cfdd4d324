"""What is edited in the text of a LightGBM model: texts of several versions, and what LightGBM makes of them."""

import difflib
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest

from boostloss.boosting.model_text import (
    add_link,
    add_record,
    complete,
    read_record,
    shift_tree,
)

FOLDER = Path(__file__).parent / "golden" / "lightgbm"
TEXTS = {path.stem: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.txt"))}
RECORD = {"boostloss": "Focal(gamma=2.0, alpha=None)", "boostloss_classes": '["a: []", "b"]'}
ODD = {"boostloss": 'a\\b: "c"\n[d: ]\r{e}', "boostloss_classes": '["\\u003a", "é"]'}
LINK = "binary sigmoid:1"
X = np.random.default_rng(0).integers(0, 10, (60, 2)).astype(float)
every_text = pytest.mark.parametrize("name", TEXTS)


def completed(text, record=RECORD):
    return add_record(add_link(shift_tree(text, 0, 10.5), LINK), record)


@every_text
def test_exactly_what_is_meant_is_edited(name):
    before, after = TEXTS[name].splitlines(), completed(TEXTS[name]).splitlines()
    changes = difflib.unified_diff(before, after, n=0, lineterm="")
    expected = (FOLDER / f"{name}.diff").read_text("utf-8").splitlines()
    assert [line for line in changes if line[:2] not in {"--", "++", "@@"}] == expected


@every_text
@pytest.mark.parametrize("record", [RECORD, ODD, {}], ids=["plain", "odd", "none"])
def test_lightgbm_loads_it_and_keeps_the_record(name, record, tmp_path):
    booster = lgb.Booster(model_str=TEXTS[name])
    raw = booster.predict(X, raw_score=True)
    complete(booster, 10.5, LINK, record)
    np.testing.assert_allclose(booster.predict(X, raw_score=True), raw + 10.5, rtol=1e-13)
    np.testing.assert_allclose(booster.predict(X), 1.0 / (1.0 + np.exp(-raw - 10.5)), rtol=1e-13)
    booster.save_model(tmp_path / "once.txt")
    again = lgb.Booster(model_file=tmp_path / "once.txt")
    again.save_model(tmp_path / "twice.txt")
    assert read_record((tmp_path / "twice.txt").read_text("utf-8")) == record
    np.testing.assert_array_equal(again.predict(X), booster.predict(X))


@every_text
def test_no_intercept_and_no_link_leave_the_trees_alone(name):
    booster = lgb.Booster(model_str=TEXTS[name])
    raw = booster.predict(X, raw_score=True)
    complete(booster, 0.0, None, RECORD)
    np.testing.assert_array_equal(booster.predict(X), raw)
    assert read_record(booster.model_to_string()) == RECORD


def test_a_text_without_a_record():
    assert read_record(TEXTS["4.7.0-constant"]) == {}


@pytest.mark.parametrize(
    ("line", "edit"),
    [
        ("first tree", lambda text: text.replace("\nTree=0\n", "\nTree 0\n")),
        ("tree_sizes=", lambda text: text.replace("\ntree_sizes=", "\ntree_sizes=1")),
        ("feature_names=", lambda text: text.replace("\nfeature_names=", "\nnames=")),
        ("boosting: ", lambda text: text.replace("\n[boosting: ", "\n[boost: ")),
    ],
)
def test_an_unknown_form_is_a_clear_error(line, edit):
    with pytest.raises(ValueError, match=rf"\(version=v4\) has no .*{line}"):
        completed(edit(TEXTS["4.7.0-linear"]))
