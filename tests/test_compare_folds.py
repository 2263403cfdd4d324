"""Weights, groups and times in ``boostloss compare``, and the metrics that rank."""

import json

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("typer")

from homes import QUICK, ROWS, homes, invoke
from sklearn import metrics as sklearn_metrics

import boostloss
from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare.data import InputError, prepare
from boostloss.compare.libraries import Rows, Settings, fit
from boostloss.compare.metrics import score
from boostloss.compare.run import describe_folds, split


def table_with(target="price", rows=ROWS, **columns):
    frame = homes().assign(key=range(rows), **columns)
    return prepare(frame, "homes", target, **{name: name for name in columns})


def sides(table, **settings):
    """For every fold, the places of its training, stopping and test rows, which `key` tells."""
    column = f"f{table.columns.index('key')}"
    for fold in split(table, Settings(**settings)):
        yield [part.X[column].to_numpy(dtype=int) for part in (fold.train, fold.stop, fold.test)]


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")  # LightGBM's
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("task", ["regression", "binary"])
@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.filterwarnings("ignore:.*only the first is kept")
def test_weights_reach_training_and_early_stopping(library, task, own):
    pytest.importorskip(library)
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    X = pd.DataFrame({"f0": x, "f1": pd.Series(rng.choice(["a", "b"], 200)).astype("category")})
    right = np.arange(200) % 2 == 0
    y = np.where(right, x, -x)
    y = (y > 0).astype(float) if task == "binary" else 10 * y
    ours = boostloss.Logistic() if task == "binary" else boostloss.SquaredError()
    objective = LIBRARIES[library].own_objectives[task][0] if own else ours
    heavy, light = np.where(right, 2.0, 1e-6), np.where(right, 1e-6, 2.0)
    settings = Settings(rounds=30, patience=5)
    rows = Rows(X, y, heavy)
    others = Rows(X, y, light)
    found = fit(library, objective, ours, task, rows, rows, settings)
    assert np.corrcoef(found.predict(X), x)[0, 1] > 0.7
    assert found.rounds > 10
    # What training improves, the rows that stop it see getting worse.
    assert fit(library, objective, ours, task, rows, others, settings).rounds == 1


def test_weights_are_divided_by_their_mean_and_rows_of_none_left_out():
    weight = np.arange(ROWS, dtype=float)
    table = table_with(weight=weight)
    assert len(table.y) == len(table.X) == ROWS - 1
    assert "weight" not in table.columns
    np.testing.assert_allclose(table.weight, weight[1:] / weight[1:].mean())
    assert "Left out 1 rows in which 'weight' is 0." in table.notes
    fold = next(split(table, Settings(folds=2)))
    np.testing.assert_array_equal(fold.test.weight, table.weight.to_numpy()[fold.test_index])
    small = table.sample(50, seed=0)
    assert small.weight.index.tolist() == list(range(50))
    places = small.X[f"f{small.columns.index('key')}"]
    np.testing.assert_allclose(small.weight, places / weight[1:].mean())


@pytest.mark.parametrize(
    ("value", "state"), [(-1, "negative"), (np.nan, "missing"), (np.inf, "infinite")]
)
def test_unusable_weights(value, state):
    weight = np.ones(ROWS)
    weight[3] = value
    with pytest.raises(InputError, match=f"--weight: 'weight' is {state} in 1 rows"):
        table_with(weight=weight)
    with pytest.raises(InputError, match=r"no row is left: .* 'weight' is 0"):
        table_with(weight=np.zeros(ROWS))


@pytest.mark.parametrize("target", ["price", "sold"])
def test_a_group_is_never_on_both_sides(target):
    group = pd.Series(np.arange(ROWS) // 4).map("shop {}".format)
    table = table_with(target, group=group.where(group != "shop 3"))
    assert "group" not in table.columns
    assert "Left out 4 rows in which 'group' is missing." in table.notes
    tested = []
    for parts in sides(table, folds=3):
        groups = [set(rows // 4) for rows in parts]
        assert not groups[0] & groups[1]
        assert not (groups[0] | groups[1]) & groups[2]
        assert 0.05 < len(parts[1]) / (len(parts[0]) + len(parts[1])) < 0.3
        tested += [*parts[2]]
    assert sorted(tested) == [row for row in range(ROWS) if row // 4 != 3]
    assert "3 folds of whole groups by 'group' (29 groups)" in describe_folds(table, Settings(3))


def test_folds_in_time_order():
    """Every two rows are of the same day, which a fold never divides."""
    order = np.random.default_rng(0).permutation(ROWS)
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(order // 2, "D")
    table = table_with(time=day.strftime("%d.%m.%Y"))
    assert "time" not in table.columns
    last = -1
    for parts in sides(table, folds=4):
        days = [order[rows] // 2 for rows in parts]
        assert days[0].max() < days[1].min()
        assert days[1].max() < days[2].min()
        assert 0.1 < len(parts[1]) / (len(parts[0]) + len(parts[1])) < 0.25
        assert days[2].min() > last
        last = days[2].max()
    assert last == ROWS // 2 - 1
    assert "4 folds in the order of 'time'" in describe_folds(table, Settings(4))


def test_folds_that_cannot_be_made():
    with pytest.raises(InputError, match="3 different values, too few for 2 folds; 4 are needed"):
        split(table_with(time=np.arange(ROWS) % 3), Settings(folds=2))
    sold = (homes()["sold"] == "yes").to_numpy()
    frame = homes().assign(time=np.where(sold, 1000, 0) + np.arange(ROWS))
    table = prepare(frame, "homes", "sold", time="time")
    with pytest.raises(InputError, match="fold 1 would train on one class only: try fewer --folds"):
        split(table, Settings(folds=5))
    group = np.where(np.arange(ROWS) < 100, 0, 1)
    with pytest.raises(InputError, match="fold 1 would train on 0 rows only"):
        split(table_with(group=group), Settings(folds=2))


def test_metrics_are_weighted():
    rng = np.random.default_rng(0)
    y, prediction = rng.normal(size=60), rng.normal(size=60)
    times = rng.integers(1, 4, 60)
    label, chance = (y > 0).astype(float), rng.uniform(size=60)
    for task, truth, guess, quantile in (
        ("regression", y, prediction, None),
        ("regression", y, prediction, 0.9),
        ("binary", label, chance, None),
    ):
        weighted = score(truth, guess, task, quantile, times.astype(float))
        repeated = score(np.repeat(truth, times), np.repeat(guess, times), task, quantile)
        assert weighted == pytest.approx(repeated)
    found = score(label, chance, "binary")
    assert found["auc"] == pytest.approx(sklearn_metrics.roc_auc_score(label, chance))
    found = score(y, prediction, "regression")
    assert found["medae"] == pytest.approx(np.median(np.abs(y - prediction)))
    assert found["mape"] == pytest.approx(np.mean(np.abs((y - prediction) / y)))
    assert found["r2"] == pytest.approx(sklearn_metrics.r2_score(y, prediction))
    assert np.isnan(score(np.zeros(3), np.ones(3), "regression")["mape"])


@pytest.mark.parametrize(
    ("target", "metric", "heading", "option"),
    [
        ("price", "r2", "R²", "--time"),
        ("price", "medae", "median error", "--weight"),
        ("sold", "auc", "AUC", "--group"),
    ],
)
def test_the_command_with_weights_groups_and_times(tmp_path, target, metric, heading, option):
    pytest.importorskip("xgboost")
    path = tmp_path / "homes.csv"
    homes().assign(part=1 + np.arange(ROWS) // 3).to_csv(path, index=False)
    arguments = ["-t", target, "-l", "xgboost", "--metric", metric, option, "part", *QUICK]
    loss = ["--loss", "Huber" if target == "price" else "Logistic"]
    result = invoke(path, *arguments, *loss, "-o", tmp_path)
    assert heading in result.stdout
    said = {
        "--time": "2 folds in the order of 'part', each trained on earlier rows than it tests",
        "--weight": "Every row weighs 'part', divided by its mean",
        "--group": "2 folds of whole groups by 'part' (40 groups)",
    }
    assert said[option] in result.stderr
    found = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert found["data"]["roles"] == {option.strip("-"): "part"}
    scores = [row["mean"][metric] for row in found["results"] if row["quantile"] is None]
    assert scores == sorted(scores, reverse=metric != "medae")
