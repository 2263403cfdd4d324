"""Losses of one's own in boosting: the rules for curvature and smoothing, all libraries, saved models, torch."""

import itertools
import math

import numpy as np
import pytest
from own_losses import (
    OWN,
    overstock,
    own_focal,
    own_huber,
    own_log_cosh,
    poisson,
    power_loss,
    savage,
    softplus_squares,
)
from processes import run_python
from sklearn.model_selection import GridSearchCV

import boostloss as bl
from boostloss import kernels
from boostloss.boosting.gradients import boosting_step
from boostloss.boosting.libraries import LIBRARIES
from boostloss.boosting.objective import boosting_gradients
from boostloss.catboost import objective
from boostloss.kernels.rows import (
    GRADIENT,
    HESSIAN,
    LOSS,
    MAJORIZER,
    Computation,
    Rows,
    evaluate,
    evaluate_numpy,
)

every_library = pytest.mark.parametrize("library", LIBRARIES.values(), ids=lambda x: x.name)
every_loss = pytest.mark.parametrize("loss", OWN, ids=repr)
KINDS = [overstock(over=2.0), poisson(), softplus_squares(), savage(), own_focal(1.0)]
every_kind = pytest.mark.parametrize("loss", KINDS, ids=repr)

_rng = np.random.default_rng(0)
X = _rng.normal(size=(500, 4))
SIGNAL = 2 * X[:, 0] + np.sin(3 * X[:, 1])
TRAIN, VALID = slice(0, 350), slice(350, None)


def target(loss):
    rng = np.random.default_rng(1)
    if loss.task == "binary":
        return (SIGNAL + rng.normal(size=500) > 0).astype(float)
    if loss.kind == "target":
        return rng.poisson(np.exp(0.5 * SIGNAL)).astype(float)
    return SIGNAL + rng.normal(size=500)


def rows(loss, dtype=np.float64):
    y = target(loss).astype(dtype)
    f = np.full(500, loss.fit_intercept(y)) + 0.3 * SIGNAL
    return y, f.astype(dtype)


def columns(formula, parameters, y, f):
    """Everything that a formula says, without compiling what no other test needs."""
    computations = (
        Computation(formula, pair, parameters) for pair in ((LOSS, GRADIENT), (HESSIAN, MAJORIZER))
    )
    return [
        np.broadcast_to(x, f.shape) for c in computations for x in evaluate_numpy(c, Rows(y, f))
    ]


@pytest.mark.parametrize("loss", [overstock(), savage(), poisson(), own_log_cosh()], ids=repr)
def test_the_smoothed_formula_is_the_mean_over_the_kernel(loss):
    y, f = rows(loss)
    width = 0.75
    parameters = (*loss.parameters, width)
    value, gradient, hessian, curvature = columns(loss.smoothed_formula, parameters, y, f)

    def sharp(output, shift):
        return columns(loss.formula, loss.parameters, y, f + shift)[output]

    np.testing.assert_array_equal(value, sharp(LOSS, 0.0))
    step = width * 1e-3
    places = np.arange(-width + 0.5 * step, width, step)
    slopes = np.mean([sharp(GRADIENT, u) for u in places], axis=0)
    np.testing.assert_allclose(gradient, slopes, atol=5e-3 * np.abs(slopes).max())
    ends = [sharp(GRADIENT, u) for u in (-width, width)]
    np.testing.assert_allclose(hessian, (ends[1] - ends[0]) / (2 * width), rtol=1e-9, atol=1e-12)
    assert (curvature >= hessian).all()
    assert (curvature >= 0.0).all()


@every_loss
def test_no_row_steps_past_its_least_loss(loss):
    if loss.task == "binary" or not math.isfinite(loss.shape.minimiser):
        pytest.skip("falls for ever")
    y, f = rows(loss)
    gradient, _, curvature = columns(loss.sharp_formula, loss.parameters, y, f)[1:]
    distance = np.abs(f - (loss.link(y) if loss.kind == "target" else y + loss.shape.minimiser))
    moves = np.isfinite(distance) & (curvature > 0.0)
    # With half of a step, as with a learning rate of 1/2.
    assert (0.5 * np.abs(gradient / np.where(moves, curvature, 1.0)) <= distance * (1 + 1e-9))[
        moves
    ].all()


def test_a_kernel_in_float32_keeps_the_slope_of_far_rows():
    f = np.array([1e5, 3e6, -2e7], np.float32)
    y = np.zeros_like(f)
    for loss, slopes in ((own_huber(2.0), [2, 2, -2]), (overstock(cap=1e30), [3, 3, -1])):
        computation = Computation(
            loss.smoothed_formula, (GRADIENT, MAJORIZER), (*loss.parameters, 0.5)
        )
        gradient, _ = evaluate(computation, Rows(y, f), np.float32)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-3)


@every_loss
@pytest.mark.parametrize("weighted", [False, True])
def test_steps_have_a_unit_and_a_floor(loss, weighted, monkeypatch):
    y, f = rows(loss)
    weight = _rng.integers(0, 3, 500).astype(float) if weighted else None
    gradient, curvature = boosting_gradients(loss, y, f, weight, np.float64)
    assert np.isfinite(gradient).all()
    used = slice(None) if weight is None else weight > 0
    w = 1.0 if weight is None else weight[used]
    assert (curvature[used] / w > 0.01).all()
    assert 0.01 < np.mean(curvature[used] / w) < 3.0
    monkeypatch.setattr(kernels.rows, "JIT_DISABLED", True)
    found = boosting_gradients(loss, y, f, weight, np.float64)
    np.testing.assert_allclose(found, (gradient, curvature), rtol=1e-9, atol=1e-12)


def test_what_boosting_is_told():
    def half_square(error):
        return error**2 / 2

    y, f = np.zeros(100), np.linspace(-3.0, 3.0, 100)
    for options, expected in (
        ({"curvature": "unit", "smoothing": 0.0}, (f, np.ones(100))),
        ({"curvature": "exact", "smoothing": 2.0}, (f, np.ones(100))),
        ({"curvature": "safe"}, (f, np.ones(100))),
    ):
        loss = bl.loss(half_square, **options)()
        np.testing.assert_allclose(
            boosting_gradients(loss, y, f, dtype=float), expected, 1e-12, 1e-15
        )
        assert bl.from_string(loss.record) == loss
        *_, last = boosting_step(loss, y, f, None).parameters
        assert last == {"unit": 0.0, "exact": 2.0}.get(options["curvature"], last)


def test_rows_that_are_all_at_their_least_loss():
    for loss in (overstock(), own_huber()):
        y = np.full(20, 3.0)
        gradient, curvature = boosting_gradients(loss, y, y + loss.shape.minimiser, dtype=float)
        assert np.isfinite(gradient).all()
        assert np.isfinite(curvature).all()
        assert (curvature > 0).all()


def fitted(library, loss):
    """An estimator that has stopped early, and the labels."""
    y = target(loss)
    if loss.task == "binary":
        y = np.where(y > 0, "yes", "no")
    kind = library.estimator(loss.task)
    parameters = {library.rounds: 40, library.learning_rate: 0.2, library.early_stopping: 5}
    model = kind(**library.parameters(loss) | dict(library.settings) | parameters)
    sets = {"eval_set": [(X[VALID], y[VALID])]}
    if library.name == "lightgbm":
        sets = {"eval_X": X[VALID], "eval_y": y[VALID]}
    return model.fit(X[TRAIN], y[TRAIN], **sets, **library.fit_options()), y


def answer(model):
    return (
        model.predict_proba(X[VALID])
        if hasattr(model, "predict_proba")
        else model.predict(X[VALID])
    )


@every_library
@every_kind
def test_estimators(library, loss):
    model, y = fitted(library, loss)
    # CatBoost's first metrics are of the rows that train.
    *_, metrics = library.metric_history(model).values()
    assert list(metrics) == [type(loss).__name__]
    (history,) = metrics.values()
    assert min(history) < 0.9 * history[0]
    found = answer(model)
    if loss.task == "binary":
        assert ((found >= 0) & (found <= 1)).all()
        assert (model.predict(X[VALID]) == y[VALID]).mean() > 0.75
        score = loss.mean_loss(y[VALID] == "yes", loss.link(found[:, 1].clip(1e-9, 1 - 1e-9)))
    else:
        score = loss.mean_loss(y[VALID], loss.link(found))
    assert score == pytest.approx(min(history), rel=1e-4)


# Predictions of saved models, and their losses, in a process that has not defined them.
ELSEWHERE = """
import sys, importlib, numpy as np
X = np.load("X.npy")
for place, name in enumerate(sys.argv[1:]):
    module, kind = name.rsplit(".", 1)
    model = getattr(importlib.import_module(module), kind)()
    model.load_model(f"{place}.json")
    np.save(f"{place}.npy", model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X))
    print(model.loss if hasattr(type(model), "loss") else model.loss_)
"""


def test_saved_models_are_read_where_nobody_has_defined_the_loss(tmp_path):
    np.save(tmp_path / "X.npy", X[VALID])
    names, losses, answers = [], [], []
    for library, loss in itertools.product(LIBRARIES.values(), KINDS):
        model, _ = fitted(library, loss)
        model.save_model(tmp_path / f"{len(names)}.json")
        names.append(f"boostloss.{library.name}.{type(model).__name__}")
        losses.append(repr(loss))
        answers.append(answer(model))
    assert run_python(ELSEWHERE, tmp_path, arguments=names).splitlines() == losses
    for place, expected in enumerate(answers):
        np.testing.assert_array_equal(np.load(tmp_path / f"{place}.npy"), expected)


@every_library
def test_searches_try_own_losses(library):
    y = target(overstock())
    base = {library.rounds: 5} | dict(library.settings)
    model = library.estimator("regression")(**library.parameters(overstock()) | base)
    name = next(iter(library.parameters(overstock())))
    search = GridSearchCV(model, {name: [overstock(over=1.0), power_loss(2.0)]}, cv=2)
    search.fit(X, y)
    assert search.best_params_[name] in (overstock(over=1.0), power_loss(2.0))


@pytest.mark.torch
def test_torch_modules():
    torch = pytest.importorskip("torch")
    from boostloss.torch import LossModule

    for loss in OWN:
        y = np.array([0.0, 1.0, 1.0, 0.0])
        f = np.array([0.3, -1.2, 2.2, -0.7])
        module = LossModule(loss, reduction="none")
        input = torch.tensor(f, requires_grad=True)
        assert torch.autograd.gradcheck(module, (input, torch.tensor(y)))
        assert torch.autograd.gradgradcheck(module, (input, torch.tensor(y)))
        compiled = torch.compile(module, fullgraph=True, backend="eager")
        value = compiled(input, torch.tensor(y))
        np.testing.assert_allclose(value.detach(), loss.loss(y, f), rtol=1e-12)
        (slope,) = torch.autograd.grad(value.sum(), input)
        np.testing.assert_allclose(slope, loss.gradient_hessian(y, f)[0], rtol=1e-12)
        assert module(torch.empty(4, device="meta"), torch.empty(4, device="meta")).is_meta
        torch._dynamo.reset()


def test_infinite_weights_are_refused():
    with pytest.raises(ValueError, match="sample_weight must be finite and >= 0, got inf"):
        objective(own_huber(1.0)).calc_ders_range(
            np.array([0.0, 1.0, 2.0]), np.zeros(3), np.array([0.0, 1.0, np.inf])
        )
