"""Milliseconds a boosting round: the library's own objectives, these losses, other packages', and the floor.

What training costs beside its rounds, the time of a single one, is taken off. The floor of XGBoost and LightGBM is an
objective in Python that gives back the arrays that the loss gave in a training before: the same trees grow, and nothing
is computed. "Copies" gives back new ones: it reads and writes as much memory as a loss does, on one thread. CatBoost
calls an objective for every few rows, in its own order: its floor gives back random numbers.
"""

import importlib
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import boostloss as bl
from benchmarks._kernel_speed import PACKAGES, best

LOSSES = [
    bl.SquaredError(),
    bl.Huber(1.0),
    bl.LogCosh(1.0),
    bl.Barron(alpha=0.0, scale=1.0),
    bl.Quantile(0.9),
    bl.Huber(),
]
LEVELS = [0.05, 0.5, 0.95]
N_CLASSES = 10
# Of several outputs, which CatBoost's objective in Python has not.
SEVERAL = [bl.Quantile(LEVELS), bl.Normal(), bl.Logistic()]
# The library's own objective that is nearest to a loss.
NEAREST = {
    "xgboost": {
        "Huber": {"objective": "reg:pseudohubererror"},
        "Quantile": {"objective": "reg:quantileerror", "quantile_alpha": 0.9},
        "Columns": {"objective": "reg:quantileerror", "quantile_alpha": LEVELS},
        "Logistic": {"objective": "multi:softprob", "num_class": N_CLASSES},
    },
    "lightgbm": {
        "Huber": {"objective": "huber", "alpha": 1.0},
        "LogCosh": {"objective": "fair"},
        "Quantile": {"objective": "quantile", "alpha": 0.9},
        "Logistic": {"objective": "multiclass", "num_class": N_CLASSES},
    },
    "catboost": {
        "Huber": {"loss_function": "Huber:delta=1.0"},
        "LogCosh": {"loss_function": "LogCosh"},
        "Quantile": {"loss_function": "Quantile:alpha=0.9"},
    },
}
Run = Callable[[int], Any]  # a training of so many rounds


def table(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Features, and a target with heavy-tailed noise, which starts near 0."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, columns), np.float32)
    return X, X[:, 0] + np.sin(3 * X[:, 1]) + 0.3 * rng.standard_t(2, rows).astype(np.float32)


def n_outputs(loss: bl.Loss) -> int:
    return N_CLASSES if isinstance(loss, bl.Logistic) else loss.n_outputs


def title(loss: bl.Loss) -> str:
    return f"{loss!r}, {N_CLASSES} classes" if isinstance(loss, bl.Logistic) else repr(loss)


def targets(loss: bl.Loss, y: np.ndarray) -> np.ndarray:
    """Those of the table, or classes of as many rows each."""
    if not isinstance(loss, bl.Logistic):
        return y
    borders = np.quantile(y, np.arange(1, N_CLASSES) / N_CLASSES)
    return np.searchsorted(borders, y).astype(np.float32)


class Shared:
    """LightGBM and CatBoost copy their parameters, and an objective with them."""

    def __deepcopy__(self, memo: dict) -> "Shared":
        return self


class Recorder(Shared):
    """An objective that keeps what the loss gives, round by round."""

    def __init__(self, loss: bl.Loss):
        self.loss = loss
        self.answers: list[tuple[np.ndarray, np.ndarray]] = []

    def __call__(self, f: np.ndarray, data: Any) -> tuple[np.ndarray, np.ndarray]:
        self.answers.append(self.loss(f, data))
        return self.answers[-1]


class Playback(Shared):
    """An objective that gives back what was kept."""

    def __init__(self, answers: list[tuple[np.ndarray, np.ndarray]]):
        self.answers = answers
        self.round = 0

    def __call__(self, f: np.ndarray, data: Any) -> tuple[np.ndarray, np.ndarray]:
        answer = self.answers[self.round]
        self.round += 1
        return answer


class Copies(Playback):
    """An objective that gives back new arrays, as one must that computes them."""

    def __call__(self, f: np.ndarray, data: Any) -> tuple[np.ndarray, np.ndarray]:
        gradient, hessian = super().__call__(f, data)
        return gradient.copy(), hessian.copy()


class Nothing(Shared):
    """An objective of CatBoost that computes nothing."""

    no_jit = True

    def __init__(self) -> None:
        self.answers = np.random.default_rng(0).normal(size=(1000, 2))
        self.answers[:, 1] = -1.0

    def calc_ders_range(self, approxes: Any, targets: Any, weights: Any) -> np.ndarray:
        return self.answers[: len(approxes)]


def xgboost_runs(loss: bl.Loss, X: np.ndarray, y: np.ndarray, options: Any) -> Iterator:
    import xgboost as xgb

    data = xgb.QuantileDMatrix(X, y, nthread=options.threads)
    params = {"max_depth": 6, "base_score": 0.0, "nthread": options.threads}
    params["disable_default_eval_metric"] = True
    outputs = {"num_target": n_outputs(loss)}

    def with_objective(given: Callable | None, rounds: int, **own: Any) -> None:
        xgb.train(params | (own or outputs), data, rounds, obj=given)

    yield from _runs("xgboost", with_objective, loss, options.rounds)
    for package in options.packages:
        theirs = PACKAGES[package](loss)
        if theirs is not None:
            yield package, partial(with_objective, theirs)
    if options.gbnet:
        theirs = _gbnet(loss, X, y, options.threads)
        if theirs is not None:
            yield "gbnet", theirs


def lightgbm_runs(loss: bl.Loss, X: np.ndarray, y: np.ndarray, options: Any) -> Iterator:
    import lightgbm as lgb

    params = {"verbosity": -1, "num_threads": options.threads}
    data = lgb.Dataset(X, y, params=params).construct()

    def with_objective(given: Callable | None, rounds: int, **own: Any) -> None:
        objective = own or {"objective": given, "num_class": n_outputs(loss)}
        lgb.train(params | {"boost_from_average": False} | objective, data, rounds)

    yield from _runs("lightgbm", with_objective, loss, options.rounds)


def _runs(library: str, with_objective: Callable, loss: bl.Loss, rounds: int) -> Iterator:
    squared = {"xgboost": "reg:squarederror", "lightgbm": "regression"}[library]
    if n_outputs(loss) == 1:
        yield "own squared error", partial(with_objective, None, objective=squared)
    nearest = NEAREST[library].get(type(loss).__name__)
    if nearest:
        yield "own", partial(with_objective, None, **nearest)
    recorder = Recorder(loss)
    with_objective(recorder, rounds)
    yield "floor", lambda rounds: with_objective(Playback(recorder.answers), rounds)
    yield "copies", lambda rounds: with_objective(Copies(recorder.answers), rounds)
    yield "ours", partial(with_objective, loss)


def catboost_runs(loss: bl.Loss, X: np.ndarray, y: np.ndarray, options: Any) -> Iterator:
    import catboost as cb

    data = cb.Pool(X, y)
    data.quantize()
    common = {"depth": 6, "learning_rate": 0.1, "eval_metric": "RMSE"}
    common |= {"verbose": False, "allow_writing_files": False, "metric_period": options.rounds}
    common |= {"leaf_estimation_iterations": options.leaf_steps, "thread_count": options.threads}

    def run(estimator: Any, rounds: int, **objective: Any) -> None:
        estimator(iterations=rounds, **objective, **common).fit(data)

    own = partial(run, cb.CatBoostRegressor)
    yield "own squared error", partial(own, loss_function="RMSE")
    nearest = NEAREST["catboost"].get(type(loss).__name__)
    if nearest:
        yield "own", partial(own, **nearest)
    yield "floor", partial(own, loss_function=Nothing())
    yield "ours", partial(run, bl.catboost.CatBoostRegressor, loss_function=loss)


def _gbnet(loss: bl.Loss, X: np.ndarray, y: np.ndarray, threads: int) -> Run | None:
    """The loop of GBNet's README: a torch loss, whose second derivatives autograd takes."""
    import torch
    import xgboost as xgb

    module = importlib.import_module("gbnet.xgbmodule")
    losses = {"SquaredError": torch.nn.MSELoss, "Huber": torch.nn.HuberLoss}
    if type(loss).__name__ not in losses:
        return None
    torch.set_num_threads(threads)
    loss_function, target = losses[type(loss).__name__](), torch.from_numpy(y)[:, None]

    def run(rounds: int) -> None:
        settings = {"max_depth": 6, "nthread": threads}
        model = module.XGBModule(*X.shape, 1, params=settings)
        matrix = xgb.DMatrix(X, nthread=threads)
        for _ in range(rounds):
            model.train()
            model.zero_grad()
            loss_function(model(matrix), target).backward(create_graph=True)
            model.gb_step()

    return run


LIBRARIES = {"xgboost": xgboost_runs, "lightgbm": lightgbm_runs, "catboost": catboost_runs}


def round_milliseconds(library: str, loss: bl.Loss, options: Any) -> dict[str, float]:
    """Of each run the least over the repetitions, which are interleaved, so that a slow moment hits all."""
    X, y = table(options.rows, options.columns)
    y = targets(loss, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # all start from 0, and autograd's graph is kept
        runs = dict(LIBRARIES[library](loss, X, y, options))
        of_one, of_all = (
            best([partial(run, n) for run in runs.values()], options.repeats)
            for n in (1, options.rounds)
        )
    rounds = options.rounds - 1
    if not all(long > short for short, long in zip(of_one, of_all, strict=True)):
        raise SystemExit(
            "The rounds are lost in the noise: give more --rows, --rounds or --repeats."
        )
    return {
        name: 1e3 * (long - short) / rounds
        for name, short, long in zip(runs, of_one, of_all, strict=True)
    }
