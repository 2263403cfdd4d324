"""Files that a model cannot be loaded from: one clear error, and the estimator is as before."""

import re

import numpy as np
import pytest
from boosting import SIGNAL, X
from drop_in import drop_in, each_library, fit

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES
from boostloss.boosting.records import CLASSES, LOSS, restore, restore_classes

LABEL = np.where(SIGNAL > 0.0, "yes", "no")


def file_options(library):
    return {"format": "json"} if library == "catboost" else {}


def saved(library, path, loss=None, own=False):
    """The text of a saved model of labels, or of the library's own objective."""
    objective = loss or LIBRARIES[library].own_objectives["binary"][0]
    kind = LIBRARIES[library].estimator("binary", own)
    parameters = LIBRARIES[library].parameters(objective) | LIBRARIES[library].settings
    model = kind(**parameters, **{LIBRARIES[library].rounds: 2, LIBRARIES[library].threads: 1})
    fit(library, model, X, LABEL if loss else (SIGNAL > 0.0).astype(int))
    writer = model.booster_ if library == "lightgbm" else model
    writer.save_model(str(path), **file_options(library))
    return path.read_text("utf-8")


@each_library
@pytest.mark.parametrize(
    ("task", "old", "new", "message"),
    [
        ("binary", "Focal(gamma=2.0", "Focal(gamma=-2.0", "record of its loss, .* gamma must be"),
        ("binary", "Focal(", "Fokal(", "record of its loss, .* is none that boostloss"),
        ("binary", "Focal(gamma=2.0, alpha=None)", "Huber(delta=1.0)", "takes a binary loss"),
        ("regression", "Focal(gamma=2.0, alpha=None)", "Huber(delta=1.0)", "regression loss.*classes"),
        ("binary", "Focal(gamma=2.0, alpha=None)", "__import__('os').mkdir('run')", "record of its loss"),
        ("regression", "", "", "takes a regression loss, got Focal"),
        ("binary", "classes", "cases", "classes"),
    ],
)  # fmt: skip
def test_an_edited_record_is_a_clear_error(library, task, old, new, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = saved(library, tmp_path / "model.json", bl.Focal())
    if old == "classes":
        old = {"xgboost": CLASSES, "lightgbm": "boostloss classes", "catboost": "class_names"}[
            library
        ]
        new = old.replace("class", "cl")
    assert old in text
    (tmp_path / "model.json").write_text(text.replace(old, new), "utf-8")
    model = drop_in(library, bl.Huber(1.0) if task == "regression" else bl.Logistic())
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        model.load_model(str(tmp_path / "model.json"), **file_options(library))
    assert vars(model) == before
    assert not (tmp_path / "run").exists()


@each_library
def test_the_version_that_has_written_a_record_is_named(library, tmp_path, monkeypatch):
    path = tmp_path / "model.json"
    with monkeypatch.context() as newer:
        newer.setattr(bl, "__version__", "9.8.0")
        text = saved(library, path, bl.Focal())
    assert loaded(library, path, **file_options(library)).predict(X).shape == LABEL.shape
    path.write_text(text.replace("Focal(", "Fokal("), "utf-8")
    reader = re.escape(bl.__version__)
    with pytest.raises(
        ValueError, match=rf"written by boostloss '9.8.0', is none that boostloss {reader} can read"
    ):
        loaded(library, path, **file_options(library))
    with pytest.raises(ValueError, match=rf"record of its loss, 'Fokal\(\)', is none .* {reader}"):
        restore({LOSS: "Fokal()"}, drop_in(library, bl.Focal()))


@each_library
def test_a_file_of_the_plain_library_for_the_other_task_is_a_clear_error(library, tmp_path):
    saved(library, tmp_path / "model.json", own=True)
    model = drop_in(library, bl.Huber(1.0))
    # XGBoost's own error is a TypeError
    with pytest.raises((ValueError, TypeError), match=r"boostloss\.lightgbm|classes|regressor"):
        model.load_model(str(tmp_path / "model.json"), **file_options(library))


@each_library
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_a_part_of_a_file_is_an_error(library, share, tmp_path):
    text = saved(library, tmp_path / "model.json", bl.Focal())
    end = text.index(
        {"lightgbm": "end of trees", "catboost": '"oblivious_trees"'}.get(library, "}")
    )
    (tmp_path / "model.json").write_text(text[: int(share * end)], "utf-8")
    model = drop_in(library, bl.Focal())
    with pytest.raises(Exception, match=r"saved by|no model|failed|[Ii]nvalid|Expecting|json.cc"):
        model.load_model(str(tmp_path / "model.json"), **file_options(library))
    with pytest.raises(Exception, match=r"fit|trained"):
        model.predict(X)


@pytest.mark.parametrize(("library", "name"), [("xgboost", "m.ubj"), ("catboost", "m.cbm")])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9])
def test_a_part_of_a_binary_file_is_an_error(library, name, share, tmp_path):
    path = tmp_path / name
    fitted = fit(library, drop_in(library, bl.Focal(), rounds=2), X, LABEL)
    fitted.save_model(str(path))
    content = path.read_bytes()
    assert np.array_equal(loaded(library, path).predict(X), fitted.predict(X))
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(
        Exception,
        match=r"[Ii]ncorrect|[Ii]nvalid|Expecting|empty|Unexpected|Unknown|load|read|size",
    ):
        loaded(library, path)


def loaded(library, path, **options):
    model = drop_in(library, bl.Focal())
    model.load_model(str(path), **options)
    return model


@pytest.mark.parametrize(
    "text", ['["yes", "no"]', '["no", "no"]', "[1, null]", "[NaN, 1]", "[" * 100_000]
)
def test_classes_must_be_in_order(text):
    with pytest.raises(ValueError, match="must name its classes, in order"):
        restore_classes({CLASSES: text})
