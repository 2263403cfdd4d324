"""Predicted normal distributions beside those of CatBoost, NGBoost, XGBoostLSS and LightGBMLSS: likelihood, CRPS, time.

Half of the rows train, a sixth stops early, after 50 rounds without a gain of likelihood, and a third tests; all have
the same rate, depth and most rounds, and two threads. Likelihoods are mean negative log-likelihoods, of which
differences count; CRPS is the continuous ranked probability score, in the unit of the target; coverage is that of the
intervals of 90 %; seconds are of a fit and a prediction, without the first fit of the process, which imports and
compiles. Three tables are real, where they are found. What differs, of libraries compared where they are installed:

* CatBoost's RMSEWithUncertainty has the trees and the penalty of CatBoost, as our distributions have there; a tree of
  its own has the mean and the scale in its leaves, where ours grow one of each.
* NGBoost grows trees of scikit-learn as deep, on one thread.
* XGBoostLSS and LightGBMLSS have the Gaussian distribution with the settings that they document as defaults: the second
  derivatives themselves, from torch, where ours take a larger curvature of the scale, and a start from 0.5 for the mean
  and for the logarithm of the scale, where ours begin with the best constants. With --initialize they are there once
  more, with constants that they fit. XGBoostLSS asks for two tables to watch: it gets the one that stops early twice,
  since the rows that train would take longer. Importing LightGBMLSS silences LightGBM's messages, for ours too.

With --curvatures XGBoost is there once more with a scale that moves as fast as the Fisher information has it, and with
--leaves with leaves of about 20 rows, as LightGBM's are by default. With --missing nothing is fitted: it names the
methods that are not installed.

    python -m benchmarks.distributions [--seeds 3] [--rate 0.1] [--table wine] [--initialize] [--curvatures] [--leaves]
"""

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.stats import norm
from sklearn.datasets import load_diabetes

import boostloss as bl
from benchmarks._common import Table, fit, real_tables, some_rows
from benchmarks.quantile import split
from boostloss.formulas.normal import normal
from boostloss.losses.distributions import Distribution
from boostloss.metrics import crps, negative_log_likelihood

ROUNDS, DEPTH, PATIENCE, THREADS = 2000, 4, 50, 2
MOST_ROWS = 12_000
COMMON: dict[str, Any] = {"n_estimators": ROUNDS, "max_depth": DEPTH, "random_state": 0}


def diabetes(rng: np.random.Generator) -> Table:
    """The progression of a disease in a year."""
    X, y = load_diabetes(return_X_y=True)
    return X, y / y.std()


def one_feature_of_spread(rng: np.random.Generator) -> Table:
    """A mean that four features make, and noise whose spread a fifth one makes: 1 to 3."""
    X = rng.uniform(size=(8000, 8))
    mean = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2 + 10 * X[:, 3]
    return X, mean + np.exp(1.1 * X[:, 4]) * rng.normal(size=8000)


def mostly_noise(rng: np.random.Generator) -> Table:
    """A mean that is small beside most of the noise, whose spread is 0.1 to 7."""
    X = rng.uniform(-2.0, 2.0, (8000, 5))
    return X, np.sin(2 * X[:, 0]) + np.exp(X[:, 1]) * rng.normal(size=8000)


TABLES: dict[str, Callable[[np.random.Generator], Table]] = {
    **{name: some_rows(make, MOST_ROWS) for name, make in real_tables().items()},
    "diabetes": diabetes,
    "spread of a feature": one_feature_of_spread,
    "mostly noise": mostly_noise,
}


def of_fisher(y, mean, log_scale):
    """`formulas.normal` with a curvature of the scale whose mean is the Fisher information."""
    value, by_mean, by_scale, of_mean, of_scale = normal(y, mean, log_scale)
    return value, by_mean, by_scale, of_mean, of_scale - 2.0


class FastScale(bl.Normal):
    """`Normal` with the curvature of `of_fisher`."""

    formula = of_fisher
    scale_curvature = 2.0


Parts = list[Table]
Found = tuple[np.ndarray, np.ndarray]  # means and standard deviations
Method = Callable[[Parts], Found]


def ours(library: str, loss: Distribution, rate: float, **more: Any) -> Method:
    settings = COMMON | more

    def run(parts: Parts) -> Found:
        model = fit(library, loss, *parts[:2], threads=THREADS, learning_rate=rate, **settings)
        distribution = model.predict_distribution(parts[2][0])
        return distribution.mean(), distribution.std()

    return run


def of_catboost(rate: float) -> Method:
    def run(parts: Parts) -> Found:
        model = fit(
            "catboost",
            "RMSEWithUncertainty",
            *parts[:2],
            threads=THREADS,
            learning_rate=rate,
            **COMMON,
        )
        raw = model.predict(parts[2][0])
        return raw[:, 0], np.sqrt(raw[:, 1])

    return run


def of_ngboost(rate: float) -> Method:
    from ngboost import NGBRegressor
    from sklearn.tree import DecisionTreeRegressor

    def run(parts: Parts) -> Found:
        tree = DecisionTreeRegressor(max_depth=DEPTH)
        model = NGBRegressor(
            Base=tree, n_estimators=ROUNDS, learning_rate=rate, verbose=False, random_state=0
        )
        (X, y), (X_stop, y_stop), (X_test, _) = parts
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X, y, X_val=X_stop, Y_val=y_stop, early_stopping_rounds=PATIENCE)
        found = model.pred_dist(X_test, max_iter=model.best_val_loss_itr + 1)
        return found.loc, found.scale

    return run


@contextmanager
def torch_as_the_others() -> Iterator[None]:
    """No warnings, and as many threads of torch as the libraries have."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_num_threads(before)


LSS: dict[str, Any] = {"stabilization": "None", "response_fn": "exp", "loss_fn": "nll"}


def of_xgboost_lss(rate: float, initialize: bool = False) -> Method:
    from xgboost import DMatrix
    from xgboost.callback import EarlyStopping
    from xgboostlss.distributions.Gaussian import Gaussian
    from xgboostlss.model import XGBoostLSS

    def run(parts: Parts) -> Found:
        (X, y), (X_stop, y_stop), (X_test, _) = parts
        train = DMatrix(X, y, nthread=THREADS)
        stop = DMatrix(X_stop, y_stop, nthread=THREADS)
        model = XGBoostLSS(Gaussian(**LSS, initialize=initialize))
        with torch_as_the_others():
            model.train(
                {"eta": rate, "max_depth": DEPTH, "nthread": THREADS, "seed": 0},
                train,
                num_boost_round=ROUNDS,
                evals=[(stop, "again"), (stop, "stop")],
                verbose_eval=False,
                callbacks=[EarlyStopping(rounds=PATIENCE, save_best=True)],
            )
            found = model.predict(DMatrix(X_test, nthread=THREADS))
        return found["loc"].to_numpy(), found["scale"].to_numpy()

    return run


def of_lightgbm_lss(rate: float, initialize: bool = False) -> Method:
    from lightgbm import Dataset, early_stopping
    from lightgbmlss.distributions.Gaussian import Gaussian
    from lightgbmlss.model import LightGBMLSS

    def run(parts: Parts) -> Found:
        (X, y), (X_stop, y_stop), (X_test, _) = parts
        train = Dataset(X, y)
        model = LightGBMLSS(Gaussian(**LSS, initialize=initialize))
        with torch_as_the_others():
            model.train(
                {"learning_rate": rate, "max_depth": DEPTH, "num_threads": THREADS},
                train,
                num_boost_round=ROUNDS,
                valid_sets=[Dataset(X_stop, y_stop, reference=train)],
                callbacks=[early_stopping(PATIENCE, verbose=False)],
            )
            found = model.predict(X_test)
        return found["loc"].to_numpy(), found["scale"].to_numpy()

    return run


OTHERS: dict[str, tuple[str, Callable[..., Method]]] = {
    "CatBoost, RMSEWithUncertainty": ("catboost", of_catboost),
    "NGBoost, Normal": ("ngboost", of_ngboost),
    "XGBoostLSS, Gaussian": ("xgboostlss", of_xgboost_lss),
    "LightGBMLSS, Gaussian": ("lightgbmlss", of_lightgbm_lss),
}


def chosen(rate: float, initialize: bool, curvatures: bool, leaves: bool) -> dict[str, Method]:
    """The methods to compare, of those that are installed."""
    methods = {
        "XGBoost, Normal()": ours("xgboost", bl.Normal(), rate),
        "LightGBM, Normal()": ours("lightgbm", bl.Normal(), rate),
        "CatBoost, Normal()": ours("catboost", bl.Normal(), rate),
    }
    installed = {name: make for name, (package, make) in OTHERS.items() if find_spec(package)}
    methods |= {name: make(rate) for name, make in installed.items()}
    if initialize:
        started = {name: make for name, make in installed.items() if "LSS" in name}
        methods |= {f"{name}, initialized": make(rate, True) for name, make in started.items()}
    if curvatures:
        methods["XGBoost, fast scale"] = ours("xgboost", FastScale(), rate)
    if leaves:
        methods["XGBoost, leaves of 20"] = ours("xgboost", bl.Normal(), rate, min_child_weight=20)
    return methods


def scores(y: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> list[float]:
    """Mean negative log-likelihood, CRPS and coverage."""
    p = norm(mean, deviation)
    low, high = p.interval(0.9)
    coverage = float(np.mean((low <= y) & (y <= high)))
    return [negative_log_likelihood(y, p), crps(y, p), coverage]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--table", action="append", choices=TABLES)
    parser.add_argument("--initialize", action="store_true")
    parser.add_argument("--curvatures", action="store_true")
    parser.add_argument("--leaves", action="store_true")
    parser.add_argument("--missing", action="store_true")
    options = parser.parse_args()
    if options.missing:
        for name, (package, _) in OTHERS.items():
            if not find_spec(package):
                print(name)
        return
    methods = chosen(options.rate, options.initialize, options.curvatures, options.leaves)
    for run in methods.values():
        run(split(diabetes, 0))
    print(f"{'':54s} {'-log p':>8s} {'CRPS':>8s} {'cover':>6s} {'s':>7s}")
    for table in options.table or TABLES:
        found: dict[str, list[list[float]]] = {name: [] for name in methods}
        for seed in range(options.seeds):
            parts = split(TABLES[table], seed)
            for name, run in methods.items():
                start = time.perf_counter()
                mean, deviation = run(parts)
                seconds = time.perf_counter() - start
                found[name].append([*scores(parts[2][1], mean, deviation), seconds])
        for name, rows in found.items():
            value, crps, cover, seconds = np.mean(rows, axis=0)
            line = f"{value:8.4f} {crps:8.4f} {cover:6.3f} {seconds:7.2f}"
            print(f"{table}, {name}".ljust(54) + line, flush=True)


if __name__ == "__main__":
    main()
