"""All candidates of ``boostloss compare`` have the same settings."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("typer")

from homes import homes

import boostloss
from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare import run
from boostloss.compare.candidates import Candidate, list_candidates
from boostloss.compare.data import prepare
from boostloss.compare.libraries import Settings, fit
from boostloss.compare.run import split


@pytest.fixture
def table():
    return prepare(homes(), "homes", "price")


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("target", "own"), [("price", "regression"), ("sold", "binary")])
def test_own_objectives_and_ours_differ_by_the_loss_alone(library, target, own):
    """The library's squared error and log-loss are those of boostloss, and so are their scores."""
    pytest.importorskip(library)
    table = prepare(homes(), "homes", target)
    settings = Settings(folds=2, rounds=20)
    name = "SquaredError" if own == "regression" else "Logistic"
    text = LIBRARIES[library].own_objectives[own][0]
    candidates = list_candidates(table.task, [library], [name])
    pair = [c for c in candidates if c.objective == text or not c.own]
    theirs, ours = (run.evaluate(c, next(split(table, settings)), own, settings) for c in pair)
    assert not theirs.error + ours.error
    for metric, value in ours.metrics.items():
        assert theirs.metrics[metric] == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize("library", LIBRARIES)
def test_own_objectives_start_from_the_best_constant(library):
    """Targets far from 0 are no harder: CatBoost's own Huber loss would take 1,000 rounds to get there."""
    pytest.importorskip(library)
    settings, scores = Settings(folds=2, rounds=5), []
    for shift in (0.0, 1e4):
        table = prepare(
            homes().assign(price=lambda frame, s=shift: frame["price"] + s), "h", "price"
        )
        first = next(split(table, settings))
        own = [
            c for c in list_candidates("regression", [library], ["Quantile(0.9)", "Huber"]) if c.own
        ]
        scores.append([
            next(iter(run.evaluate(c, first, "regression", settings).metrics.values())) for c in own
        ])  # fmt: skip
    assert len(scores[0]) == 4
    np.testing.assert_allclose(scores[1], scores[0], rtol=0.02)


@pytest.mark.parametrize(
    ("library", "text", "parameters"),
    [
        ("xgboost", "reg:squarederror", {}),
        ("xgboost", "reg:absoluteerror", {"min_child_weight": 2.0, "reg_lambda": 2.0}),
        ("catboost", "RMSE", {}),
        ("catboost", "MAE", {}),
        ("catboost", "Huber:delta={huber}", {"leaf_estimation_iterations": 3}),
        ("catboost", "Logloss", {"leaf_estimation_iterations": 10}),
        ("lightgbm", "regression_l1", {}),
    ],
)
def test_how_an_own_objective_is_regularised_as_ours(library, text, parameters):
    pytest.importorskip(library)
    found = LIBRARIES[library].like_ours(Candidate(library, text).minimised(1.0))
    assert found.items() >= parameters.items()
    assert bool(found) == bool(parameters)


@pytest.mark.parametrize("better", ["its own", "ours"])
def test_own_objectives_get_the_better_of_both_settings(table, monkeypatch, better):
    """The stop rows decide, never the test rows."""
    pytest.importorskip("catboost")
    first = next(split(table, Settings(folds=2, rounds=5)))
    useless = {"depth": 1, "l2_leaf_reg": 1e6}
    library = replace(
        LIBRARIES["catboost"],
        own_start={"regression": useless if better == "ours" else {}},
        like_ours=lambda loss: {"depth": 6, "l2_leaf_reg": 3} if better == "ours" else useless,
    )
    monkeypatch.setitem(LIBRARIES, "catboost", library)
    loss = boostloss.Huber(20.0)
    arguments = "regression", first.train, first.stop, Settings(rounds=5)
    found = fit("catboost", "Huber:delta=20", loss, *arguments)
    assert found.like_ours == (better == "ours")
    assert np.ptp(found.predict(first.test.X)) > 10


def test_every_own_objective_says_what_it_minimises():
    for name, library in LIBRARIES.items():
        texts = [text for kind in library.own_objectives.values() for text in kind]
        assert set(texts) == set(library.minimised)
        for text in texts:
            assert isinstance(Candidate(name, text, 0.9).minimised(2.0), boostloss.losses.base.Loss)


def test_the_scale_of_residuals_is_that_of_the_rows_that_weigh():
    """Two thirds of the rows are 100 away, and next to weightless."""
    rng = np.random.default_rng(0)
    frame = homes().sample(600, replace=True, random_state=0)
    away = np.arange(600) % 3 > 0
    y = rng.standard_normal(600) + np.where(away, 100.0, 0.0)
    frame = frame.assign(price=y, mass=np.where(away, 1e-6, 1.0))
    heavy = prepare(frame, "heavy", "price", drop=("sold",), weight="mass")
    assert 0.5 < next(split(heavy, Settings())).scale < 2.0


def test_a_target_of_few_values_has_a_scale(table):
    """A median residual of almost 0, since most values are hit, would make the threshold of an own Huber loss 0."""
    rng = np.random.default_rng(0)
    level = rng.integers(0, 3, 1000)
    y = level + np.where(rng.random(1000) < 0.3, rng.choice([-1, 1], 1000), 0)
    frame = homes().sample(1000, replace=True, random_state=0)
    few = prepare(frame.assign(level=level, price=y), "few", "price", drop=("sold",))
    assert next(split(few, Settings())).scale > 0.05
