"""Censored durations: `LogNormal`, `LogLogistic` and `Weibull` beside XGBoost's `survival:aft` of the same shape.

Half of the rows train, a sixth stops early, after 50 rounds without a gain of likelihood, and a third tests; all have
the same rate, depth and most rounds, and two threads. Ours grow two trees a round, for a location and the logarithm of
a scale; `survival:aft` grows one, for the location, and has one scale for all rows, which the user chooses: it is here
with its default, 1, and with the best of eleven by the likelihood of the rows that stop.

The negative log-likelihoods of test rows are means, of which differences count, by the same formula for all: of the
density of a duration that is known, and of the probability to exceed a censored one. C is Harrell's index of
concordance, by the predicted median: the share of pairs, of which it is known who is first, that are told in this
order. "± s.e." is the standard error, on the test rows of one split, of the difference from ours in XGBoost; "scale"
are the 5 and 95 % quantiles of predicted scales. Seconds are of a fit and a prediction, or of the eleven fits, without
the first fit of the process. "constant" is the distribution of maximum likelihood for all rows that train.

Its distribution "extreme" is that of least extreme values of log y, which makes y a Weibull distribution: on random
margins its metric has the values of our likelihoods (but takes no probability for less than 1e-12). By itself
`survival:aft` starts from 0.5 whatever the unit, so it is given the location of maximum likelihood, at its scale, as
`base_score`; ours start from the best constants anyway.

Real tables are those of scikit-survival and lifelines, where they are installed: flchain, deaths of old people, without
the chapter of the cause, which only the dead have; gbsg2, relapse or death after breast cancer; whas500, deaths after a
heart attack, without the days in hospital, which are known only later; governments, the years that they lasted. Of the
made ones the scale of one depends on a feature, and that of the other is the same for all rows, as `survival:aft`
assumes. Their truth is a Weibull distribution, of which a quarter of the rows is censored.

    python -m benchmarks.censored [--seeds 3] [--rate 0.1] [--table gbsg2]
"""

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

import boostloss as bl
from benchmarks._common import Table, fit
from benchmarks.quantile import split
from boostloss.boosting.libraries import LIBRARIES
from boostloss.losses.distributions import Distribution

ROUNDS, DEPTH, PATIENCE, THREADS = 2000, 4, 50, 2
COMMON: dict[str, Any] = {"n_estimators": ROUNDS, "max_depth": DEPTH, "random_state": 0}
SCALES = (0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.25, 1.6, 2.0, 2.5, 3.2)
LOSSES = {"normal": bl.LogNormal(), "logistic": bl.LogLogistic(), "extreme": bl.Weibull()}
LEAST = 0.5  # a duration that was rounded to 0, in days

Parts = list[Table]
Method = Callable[[Parts], NDArray]  # gives locations and logarithms of scales of the test rows


def ends(duration: NDArray, known: NDArray) -> NDArray:
    """Intervals: of a duration that was cut off the upper end is infinite."""
    duration = np.maximum(np.asarray(duration, float), LEAST)
    return np.stack([duration, np.where(known, duration, np.inf)], axis=1)


def numbers(X: Any) -> NDArray:
    """A frame with its categories as numbers."""
    text = [name for name in X if X[name].dtype.kind not in "biuf"]
    codes = {name: X[name].astype("category").cat.codes for name in text}
    return X.assign(**codes).to_numpy(float)


def of_scikit_survival(name: str, *without: str) -> Callable[[np.random.Generator], Table]:
    def made(rng: np.random.Generator) -> Table:
        from sksurv import datasets

        X, y = getattr(datasets, f"load_{name}")()
        known, duration = y.dtype.names
        return numbers(X.drop(columns=list(without))), ends(y[duration], y[known])

    return made


def governments(rng: np.random.Generator) -> Table:
    """The years that a government lasted, by region, kind and start."""
    from lifelines.datasets import load_dd

    table = load_dd()
    features = ["un_region_name", "un_continent_name", "democracy", "regime", "start_year"]
    return numbers(table[features]), ends(table["duration"], table["observed"] == 1)


def made_up(slope: float) -> Callable[[np.random.Generator], Table]:
    """Durations whose location one feature tells, and another the logarithm of the scale."""

    def made(rng: np.random.Generator) -> Table:
        X = rng.uniform(-2.0, 2.0, (6000, 5))
        raw = np.stack([3.0 + np.sin(2.0 * X[:, 0]) + 0.3 * X[:, 1], -0.7 + slope * X[:, 2]], 1)
        y, censor = (
            bl.Weibull().distribution(raw + shift).rvs(random_state=rng)
            for shift in (np.zeros(2), np.array([0.5, 0.0]))
        )
        return X, ends(np.minimum(y, censor), y < censor)

    return made


SOURCES: dict[str, tuple[str | None, Callable[[np.random.Generator], Table]]] = {
    "flchain": ("sksurv", of_scikit_survival("flchain", "chapter")),
    "gbsg2": ("sksurv", of_scikit_survival("gbsg2")),
    "whas500": ("sksurv", of_scikit_survival("whas500", "los")),
    "governments": ("lifelines", governments),
    "scale of a feature": (None, made_up(0.4)),
    "one scale": (None, made_up(0.0)),
}
TABLES = {name: make for name, (needs, make) in SOURCES.items() if not needs or find_spec(needs)}


def ours(library: str, loss: Distribution, rate: float) -> Method:
    def run(parts: Parts) -> NDArray:
        model = fit(library, loss, *parts[:2], threads=THREADS, learning_rate=rate, **COMMON)
        return model.predict(parts[2][0], **LIBRARIES[library].raw_prediction)

    return run


def constant(loss: Distribution) -> Method:
    def run(parts: Parts) -> NDArray:
        return np.tile(loss.fit_intercept(parts[0][1]), (len(parts[2][1]), 1))

    return run


def likeliest_location(loss: Distribution, y: NDArray, log_scale: float) -> float:
    """The location of maximum likelihood, where the scale is given."""

    def value(location: float) -> float:
        return loss.mean_loss(y, np.tile([location, log_scale], (len(y), 1)))

    start = float(loss.fit_intercept(y)[0])
    return float(minimize_scalar(value, bracket=(start, start + 1.0)).x)


def of_aft(name: str, scales: tuple[float, ...], rate: float) -> Method:
    from xgboost import DMatrix, train

    loss = LOSSES[name]

    def matrix(X: NDArray, y: NDArray) -> DMatrix:
        bounds = {"label_lower_bound": y[:, 0], "label_upper_bound": y[:, 1]}
        return DMatrix(X, **bounds, nthread=THREADS)

    def run(parts: Parts) -> NDArray:
        best, found = np.inf, np.empty(0)
        for scale in scales:
            (X, y), (X_stop, y_stop), (X_test, _) = parts
            booster = train(
                {
                    "objective": "survival:aft",
                    "eval_metric": "aft-nloglik",
                    "aft_loss_distribution": name,
                    "aft_loss_distribution_scale": scale,
                    "base_score": float(np.exp(likeliest_location(loss, y, np.log(scale)))),
                    "eta": rate,
                    "max_depth": DEPTH,
                    "nthread": THREADS,
                    "seed": 0,
                },
                matrix(X, y),
                num_boost_round=ROUNDS,
                evals=[(matrix(X_stop, y_stop), "stop")],
                early_stopping_rounds=PATIENCE,
                verbose_eval=False,
            )
            stopping, testing = (
                with_scale(
                    booster.inplace_predict(
                        rows,
                        iteration_range=(0, booster.best_iteration + 1),
                        predict_type="margin",
                    ),
                    scale,
                )
                for rows in (X_stop, X_test)
            )
            value = loss.mean_loss(y_stop, stopping)
            if value < best:
                best, found = value, testing
        return found

    return run


def with_scale(location: NDArray, scale: float) -> NDArray:
    return np.stack([location, np.full(len(location), np.log(scale))], axis=1).astype(float)


def methods(name: str, rate: float) -> dict[str, Method]:
    """What is compared by the likelihood of one distribution."""
    loss = LOSSES[name]
    return {
        f"XGBoost, {loss!r}": ours("xgboost", loss, rate),
        f"LightGBM, {loss!r}": ours("lightgbm", loss, rate),
        f"survival:aft, {name}, scale 1": of_aft(name, (1.0,), rate),
        f"survival:aft, {name}, best scale": of_aft(name, SCALES, rate),
        f"constant {loss!r}": constant(loss),
    }


def concordance(y: NDArray, predicted: NDArray) -> float:
    """Harrell's index: of the pairs whose first is known, the share that is predicted so, equal predictions by half."""
    lower, known = y[:, 0], np.isfinite(y[:, 1])
    right = pairs = 0.0
    for first in np.flatnonzero(known):
        later = (lower > lower[first]) | ((lower == lower[first]) & ~known)
        pairs += np.count_nonzero(later)
        right += np.count_nonzero(predicted[later] > predicted[first])
        right += 0.5 * np.count_nonzero(predicted[later] == predicted[first])
    return right / pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--table", action="append", choices=TABLES)
    options = parser.parse_args()
    for name in LOSSES:  # compiles, and imports
        for run in methods(name, options.rate).values():
            run([(X[:100], y[:100]) for X, y in split(made_up(0.4), 0)])
    print(f"{'':56s} {'-log p':>8s} {'± s.e.':>8s} {'C':>6s} {'scale':>11s} {'s':>6s}")
    for table in options.table or TABLES:
        splits = [split(TABLES[table], seed) for seed in range(options.seeds)]
        share = np.mean([np.isinf(y[:, 1]).mean() for parts in splits for _, y in parts])
        print(f"{table}: {sum(len(y) for _, y in splits[0])} rows, {share:.0%} censored")
        for name, loss in LOSSES.items():
            losses: dict[str, list[NDArray]] = {}
            for method, run in methods(name, options.rate).items():
                rows = []
                for parts in splits:
                    start = time.perf_counter()
                    raw = run(parts)
                    seconds = time.perf_counter() - start
                    y = parts[2][1]
                    losses.setdefault(method, []).append(loss.loss(y, raw))
                    scales = np.exp(np.quantile(raw[:, 1], [0.05, 0.95]))
                    index = concordance(y, loss.distribution(raw).median())
                    rows.append([losses[method][-1].mean(), index, *scales, seconds])
                value, index, low, high, seconds = np.mean(rows, axis=0)
                error = difference_error(losses[method], next(iter(losses.values())))
                print(
                    f"{table}, {method}".ljust(56)
                    + f" {value:8.4f} {error:8.4f} {index:6.3f} {low:5.2f} {high:5.2f} {seconds:6.2f}",
                    flush=True,
                )


def difference_error(losses: list[NDArray], others: list[NDArray]) -> float:
    """The standard error of the mean difference of two methods on the test rows of a split, the mean over splits."""
    each = [np.std(a - b) / np.sqrt(len(a)) for a, b in zip(losses, others, strict=True)]
    return float(np.mean(each))


if __name__ == "__main__":
    main()
