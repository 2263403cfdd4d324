"""Several quantiles, and more than two classes, in ``boostloss compare``."""

import base64
import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sklearn_metrics

pytest.importorskip("typer")

from homes import QUICK, homes, invoke

import boostloss
from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare import run, sheet, wording
from boostloss.compare.candidates import Candidate, lacking, list_candidates
from boostloss.compare.data import InputError, prepare
from boostloss.compare.libraries import Rows, Settings
from boostloss.compare.metrics import score
from boostloss.compare.results import Results
from boostloss.compare.run import contaminate, score_blocks, split

LEVELS = (0.1, 0.5, 0.9)
ALL = list(LIBRARIES)
each_library = pytest.mark.parametrize("library", LIBRARIES)


def fruits(n=400):
    """Three classes that a column tells apart, as text and as numbers from 1, weights and a category."""
    rng = np.random.default_rng(0)
    place = np.sort(rng.integers(0, 3, n))
    frame = pd.DataFrame({"size": place + rng.normal(0, 0.7, n), "weight": rng.uniform(1, 2, n)})
    frame["fruit"] = np.array(["date", "apple", "cherry"])[place]
    frame["shop"] = rng.choice(["north", "south"], n)
    return frame.assign(number=place + 1).sample(frac=1.0, random_state=0, ignore_index=True)


# Classes or numbers


@pytest.mark.parametrize(
    ("values", "task", "said"),
    [
        (["red", "green", "blue"], "multiclass", "'y' has 3 classes: 'blue' (33.3%)"),
        ([0, 1, 2, 3], "multiclass", "--task regression would take them as numbers"),
        ([1.0, 2.0, 3.0], "multiclass", "'1' (33.3%)"),
        (
            [3, 4, 5],
            "regression",
            "3 different values: --task multiclass would take them as classes",
        ),
        ([0, 1, 3], "regression", "--task multiclass"),
        ([0.0, 0.5, 1.0], "regression", "--task multiclass"),
        (list(range(11)), "regression", "11 different values"),
    ],
)
def test_what_is_taken_as_classes_is_said(values, task, said):
    y = np.repeat(values, 10)
    table = prepare(pd.DataFrame({"x": np.arange(len(y)) % 7, "y": y}), "x", "y")
    assert table.task == task
    assert said in " ".join(table.notes)
    assert len(table.classes) == (len(values) if task == "multiclass" else 0)


def test_counts_have_a_rare_value_and_stay_numbers():
    y = np.repeat([0, 1, 2, 3], [100, 40, 12, 3])
    frame = pd.DataFrame({"x": np.arange(len(y)), "y": y})
    assert prepare(frame, "x", "y").task == "regression"
    table = prepare(frame, "x", "y", task="multiclass")
    assert table.classes == ("0", "1", "2", "3")
    assert table.y.tolist() == y.tolist()
    with pytest.raises(InputError, match="3 rows of the class '3' are too few for 2 folds"):
        split(table, Settings(folds=2))
    with pytest.raises(InputError, match="a sample of 20 rows holds no row of the class"):
        table.sample(20, seed=0)


def test_names_are_no_classes_unless_the_user_says_so():
    frame = pd.DataFrame({"x": range(120), "y": [f"name {k // 2}" for k in range(120)]})
    with pytest.raises(InputError, match=r"60 different values, too many.*--task multiclass"):
        prepare(frame, "x", "y")
    assert len(prepare(frame, "x", "y", task="multiclass").classes) == 60
    with pytest.raises(InputError, match="--task multiclass needs three values or more in 'y'"):
        prepare(frame.assign(y=np.arange(120) % 2), "x", "y", task="multiclass")


def test_a_class_that_a_fold_cannot_train_on_is_refused():
    frame = fruits().sort_values("number", ignore_index=True).assign(day=range(400))
    table = prepare(frame, "x", "fruit", drop=("number",), time="day")
    with pytest.raises(InputError, match=r"fold 1 would train on one class only"):
        split(table, Settings(folds=3))


def test_noise_makes_another_class_of_a_label():
    y = np.repeat([0.0, 1.0, 2.0], 100)
    noisy = contaminate(y, 0.2, "multiclass", np.random.default_rng(0))
    assert (noisy != y).sum() == 60
    assert {*zip(y[noisy != y], noisy[noisy != y], strict=True)} == {
        (a, b) for a in (0.0, 1.0, 2.0) for b in (0.0, 1.0, 2.0) if a != b
    }


# Candidates


def test_the_candidates_are_each_librarys_own_and_ours():
    found = {
        (c.library, str(c.objective))
        for c in list_candidates("multiclass", ALL)
        if c.own or c.objective == boostloss.Logistic()
    }
    own = {
        ("xgboost", "multi:softprob"),
        ("lightgbm", "multiclass"),
        ("catboost", "MultiClass"),
    }
    ours = {(name, "Logistic()") for name in LIBRARIES if "multiclass" in LIBRARIES[name].several}
    assert found == own | ours
    several = list_candidates("regression", ALL, quantiles=[0.9, 0.1, 0.5, 0.5])
    assert {c.quantile for c in several} == {LEVELS}
    assert {str(c.objective) for c in several if not c.own} == {"Quantile([0.1, 0.5, 0.9])"}
    assert {str(c.at(1.0)) for c in several if c.own} == {
        "reg:quantileerror(quantile_alpha=[0.1, 0.5, 0.9])",
        "quantile(alpha=[0.1, 0.5, 0.9])",
        "MultiQuantile:alpha=0.1,0.5,0.9",
    }
    assert list_candidates("regression", ALL, ["Quantile([0.1, 0.5, 0.9])"]) == several
    one = list_candidates("regression", ["xgboost"], quantiles=[0.9])
    assert [(c.quantile, c.own) for c in one] == [(0.9, True), (0.9, False)]


@pytest.mark.parametrize("gains", [True, False])
def test_the_record_of_a_library_says_what_it_trains(monkeypatch, gains):
    kinds = frozenset({"quantiles", "multiclass"} if gains else ())
    monkeypatch.setitem(LIBRARIES, "catboost", replace(LIBRARIES["catboost"], several=kinds))
    for task, quantiles, what in (
        ("multiclass", (), "more than two classes"),
        ("regression", LEVELS, "several quantiles"),
    ):
        candidates = list_candidates(task, ["catboost"], quantiles=quantiles)
        assert any(not c.own for c in candidates) == gains
        told = "CatBoost is compared with its own objective only: boostloss does not train "
        assert lacking(task, ["catboost"], candidates) == (
            [] if gains else [f"{told}{what} in it."]
        )


@pytest.mark.parametrize(
    ("task", "losses", "quantiles", "message"),
    [
        ("regression", (), [0.5, 1.5], r"--quantile 'Quantile\(\[0.5, 1.5\]\)': quantile must be"),
        (
            "multiclass",
            (),
            [0.5, 0.9],
            "--quantile .* is for a regression task, and this is multic",
        ),
        ("multiclass", ["Huber"], (), "--loss 'Huber' is for a regression task"),
        ("regression", ["Expectile([0.1, 0.9])"], (), "of losses with several levels Quantile is"),
    ],
)
def test_what_cannot_be_compared_is_refused(task, losses, quantiles, message):
    with pytest.raises(InputError, match=message):
        list_candidates(task, ["xgboost"], losses, quantiles)


@each_library
@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_every_candidate_of_several_outputs_can_be_fitted(library, task):
    pytest.importorskip(library)
    target, drop = ("fruit", ("number",)) if task == "multiclass" else ("size", ())
    table = prepare(fruits(), "fruits", target, drop=drop, weight="weight")
    settings = Settings(folds=2, rounds=20)
    fold = next(split(table, settings))
    constant = score(
        fold.test.y,
        np.full((len(fold.test.y), 3), 1 / 3 if table.classes else np.quantile(table.y, LEVELS)),
        table.task,
        None if table.classes else LEVELS,
        fold.test.weight,
    )
    for candidate in list_candidates(task, [library], quantiles=() if table.classes else LEVELS):
        fit = run.evaluate(candidate, fold, task, settings)
        assert not fit.error
        assert not fit.warnings, fit.warnings
        assert fit.prediction.shape == (200, 3)
        metric = "log-loss" if table.classes else "pinball"
        assert fit.metrics[metric] < 0.9 * constant[metric]
        if table.classes:
            np.testing.assert_allclose(fit.prediction.sum(axis=1), 1.0, rtol=1e-5)
        else:
            assert (np.diff(fit.prediction, axis=1) >= 0.0).all()


@each_library
def test_own_quantiles_start_from_the_best_constants(library):
    """Targets far from 0 are no harder."""
    pytest.importorskip(library)
    settings, scores = Settings(folds=2, rounds=5), []
    (own,) = [c for c in list_candidates("regression", [library], quantiles=LEVELS) if c.own]
    for shift in (0.0, 1e4):
        frame = homes().assign(price=lambda frame, s=shift: frame["price"] + s)
        first = next(split(prepare(frame, "homes", "price"), settings))
        scores.append(run.evaluate(own, first, "regression", settings).metrics["pinball"])
    assert scores[1] == pytest.approx(scores[0], rel=0.02)


def test_own_classes_and_ours_differ_by_nothing_in_lightgbm():
    pytest.importorskip("lightgbm")
    table = prepare(fruits(), "fruits", "fruit", drop=("number",))
    settings = Settings(folds=2, rounds=20)
    fold = next(split(table, settings))
    theirs, ours = (
        run.evaluate(c, fold, "multiclass", settings)
        for c in list_candidates("multiclass", ["lightgbm"], ["Logistic"])
    )
    for metric, value in ours.metrics.items():
        assert theirs.metrics[metric] == pytest.approx(value, rel=1e-3)


# Scores


@pytest.mark.parametrize("weight", [None, np.random.default_rng(1).uniform(1, 3, 60)])
def test_scores_of_several_outputs_are_scikit_learns(weight):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 60).astype(float)
    p = rng.dirichlet([1, 1, 1], 60)
    found = score(y, p, "multiclass", None, weight)
    best = p.argmax(axis=1)
    assert found == pytest.approx({
        "log-loss": sklearn_metrics.log_loss(y, p, sample_weight=weight),
        "accuracy": sklearn_metrics.accuracy_score(y, best, sample_weight=weight),
        "balanced-accuracy": sklearn_metrics.balanced_accuracy_score(y, best, sample_weight=weight),
        "auc": sklearn_metrics.roc_auc_score(y, p, multi_class="ovr", sample_weight=weight),
    })  # fmt: skip
    y, f = rng.normal(size=60), np.sort(rng.normal(size=(60, 3)), axis=1)
    found = score(y, f, "regression", LEVELS, weight)
    pinball = [
        sklearn_metrics.mean_pinball_loss(y, f[:, j], alpha=level, sample_weight=weight)
        for j, level in enumerate(LEVELS)
    ]
    within = (f[:, 0] <= y) & (y <= f[:, 2])
    assert found == pytest.approx({
        "pinball": np.mean(pinball),
        "coverage": np.average(within, weights=weight),
        "width": np.average(f[:, 2] - f[:, 0], weights=weight),
    })  # fmt: skip


def test_a_class_that_is_not_tested_spoils_no_score():
    y = np.repeat([0.0, 2.0], 30)
    p = np.random.default_rng(0).dirichlet([1, 1, 1], 60)
    assert np.isfinite([*score(y, p, "multiclass").values()]).all()
    blocks = score_blocks(Rows(None, y, None), p, "multiclass", None)
    assert {len(values) for values in blocks.values()} == {6}
    assert np.isnan(score(y[:30], p[:30], "multiclass")["auc"])


# The sheet and the page


@pytest.mark.parametrize(
    ("library", "task"),
    [
        ("lightgbm", "regression"),
        ("xgboost", "regression"),
        ("catboost", "regression"),
        ("catboost", "multiclass"),
    ],
)
def test_the_sheet_of_own_objectives_ends_where_the_fit_does(library, task):
    pytest.importorskip(library)
    quantile = LEVELS if task == "regression" else None
    table = prepare(fruits(), "fruits", "size" if quantile else "fruit", drop=("number",))
    kind = "quantiles" if quantile else task
    candidate = Candidate(library, LIBRARIES[library].own_objectives[kind][0], quantile)
    settings = Settings(folds=2, rounds=60, patience=5, learning_rate=0.3)
    fits = [run.evaluate(candidate, fold, task, settings) for fold in split(table, settings)]
    metric = "pinball" if quantile else "log-loss"
    found = sheet.examine(Results(table, settings, [candidate], metric, fits))
    assert found.rounds[-1] == fits[0].rounds < 60
    assert found.curve["test"][-1] == pytest.approx(fits[0].metrics[metric], rel=1e-6)
    assert found.importance["mean"].idxmax() == ("fruit" if quantile else "size")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Return the path of the fruits as CSV."""
    path = tmp_path_factory.mktemp("data") / "fruits.csv"
    fruits().to_csv(path, index=False)
    return path


def images(directory):
    page = (directory / "report.html").read_text("utf-8")
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)">', page)
    return page, [base64.b64decode(image).decode("utf-8") for image in found]


def test_classes_from_the_command_line(path, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    pytest.importorskip("xgboost")
    options = ["-t", "fruit", "--drop", "number", "-l", "xgboost", *QUICK, "-o", tmp_path]
    result = invoke(path, *options)
    assert (
        "Multiclass: fruit (lower log-loss is better, 2 folds; a constant, the share of each"
        in (result.stdout)
    )
    for text in ("own multi:softprob", "Focal(gamma=2)", "bal. accuracy", "XGBClassifier("):
        assert text in result.stdout
    assert "Multiclass: 'fruit' has 3 classes: 'apple' (" in result.stderr
    found = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert found["data"]["classes"] == ["apple", "cherry", "date"]
    assert {"log-loss", "accuracy", "balanced-accuracy", "auc"} == set(found["results"][0]["mean"])
    page, pictures = images(tmp_path)
    assert len(pictures) == 4
    assert "the calibration error is the mean distance from the diagonal" in page


def test_several_quantiles_from_the_command_line(path, tmp_path):
    pytest.importorskip("lightgbm")
    options = ["-t", "size", "-l", "lightgbm", "-q", "0.9", "-q", 0.1, *QUICK, "-o", tmp_path]
    result = invoke(path, *options)
    for text in (
        "Quantiles 0.1, 0.9: size (lower pinball",
        " Quantile  ",
        "coverage (80%)",
        "width",
        "own quantile",
    ):
        assert text in result.stdout
    assert "Quantile([0.1, 0.9])" in result.stdout
    assert wording.IN_ORDER in result.stderr
    found = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert {tuple(row["quantile"]) for row in found["results"]} == {(0.1, 0.9)}
    assert {row["judged_by"] for row in found["results"]} == {"pinball"}
    page, pictures = images(tmp_path)
    assert len(pictures) == 5
    assert "the quantiles of the best model" in page
