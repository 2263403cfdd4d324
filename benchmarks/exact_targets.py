"""What it buys and costs to follow the errors of rows that boosting moves (`boostloss.boosting.moving`).

The gain: a table in which features tell a share of the targets exactly, and the others lie around 50 + 100 x above that
with normal noise of a standard deviation of 20. The exact ones are 0, or prices of 21 sorts that cost 0 to 100. Shown
are mean absolute test errors after 100 rounds, of `Quantile(0.9)` the pinball loss: of the library's own absolute error
and quantile, and of these losses, without and with what is measured here; also those of two losses of one's own, the
absolute error and one that counts positive errors three times.

The cost (`--cost`): test losses with it over those without on the tables of `benchmarks.accuracy`, geometric means and
the worst one, with wrong labels of its kinds and with some that are a thousand standard deviations off, "far". A figure
above 1 says that it makes fits worse.

    python -m benchmarks.exact_targets [--seeds 1] [--library xgboost]
    python -m benchmarks.exact_targets --cost [--seeds 2] [--library lightgbm]
"""

import argparse
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from unittest import mock

import numpy as np

import boostloss as bl
from benchmarks import accuracy
from benchmarks._common import Table, fit, regressor
from boostloss.boosting import adaptation, custom, quantiles
from boostloss.boosting.libraries import LIBRARIES

ROWS, SHARES = 4000, (0.4, 0.65, 0.9, 0.97)
CONDITIONS = [("clean", 0.0), ("cauchy", 0.1), ("one-sided", 0.1), ("swapped", 0.2)]
CONDITIONS += [("segment", 0.05), ("segment", 0.2), ("far", 0.03), ("far", 0.1), ("cauchy", 0.4)]
FOLLOWERS = [bl.Huber(), bl.LogCosh(), bl.Cauchy(), bl.AbsoluteError(), bl.Quantile(0.9)]


@bl.loss
def size(error):
    return abs(error)


@bl.loss
def over(error):
    return np.where(error > 0.0, 3.0 * error, -error)


def far(rng: np.random.Generator, X: np.ndarray, y: np.ndarray, share: float) -> np.ndarray:
    """Some labels that are a thousand standard deviations too large, or more."""
    wrong = rng.random(len(y)) < share
    return y + np.where(wrong, 1000.0 + 400.0 * rng.exponential(size=len(y)), 0.0)


@contextmanager
def without() -> Iterator[None]:
    """Nothing follows the rows that boosting moves."""

    def nothing(*rows):
        return 0.0

    with (
        mock.patch.object(adaptation, "moving_error", nothing),
        mock.patch.object(quantiles, "moving_error", nothing),
        mock.patch.object(custom, "moving_error", nothing),
    ):
        yield


def exact(prices: bool, share: float, seed: int) -> list[Table]:
    """Rows that train and that test."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(2 * ROWS, 5))
    others = 50.0 + 100.0 * X[:, 1] + 20.0 * rng.normal(size=len(X))
    y = np.where(X[:, 0] > np.quantile(X[:, 0], share), others, 0.0)
    if prices:
        X[:, 2] = rng.integers(0, 21, len(X))
        y += 5.0 * X[:, 2]
    return [(X[:ROWS], y[:ROWS]), (X[ROWS:], y[ROWS:])]


def error_of(loss: bl.Loss, y: np.ndarray, f: np.ndarray) -> float:
    judge = bl.AbsoluteError() if loss in FOLLOWERS[:3] else loss
    return judge.mean_loss(y, f)


def score(library: str, objective: str | bl.Loss, loss: bl.Loss, parts: list[Table]) -> float:
    """The test error after 100 rounds."""
    (X, y), (X_test, y_test) = parts
    model = regressor(library, objective, n_estimators=100, learning_rate=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a part of the table is ignored
        model.fit(X, y)
    return error_of(loss, y_test, model.predict(X_test))


def gain(libraries: list[str], seeds: int) -> None:
    losses = [*FOLLOWERS, size(), over()]
    names = [f"`{loss!r}`" for loss in losses]
    print(
        f"| library | exact targets | share | own absolute error | own 0.9 quantile | {' | '.join(names)} |"
    )
    print("|---" * (len(losses) + 5) + "|")
    for library in libraries:
        record = LIBRARIES[library]
        own = {
            record.own_objectives["regression"][1]: bl.AbsoluteError(),
            record.own_objectives["quantile"][0].format(quantile=0.9): bl.Quantile(0.9),
        }
        for name, share in product(("zeros", "prices"), SHARES):
            tables = [exact(name == "prices", share, seed) for seed in range(seeds)]
            texts = [
                f"{np.mean([score(library, text, loss, parts) for parts in tables]):.2f}"
                for text, loss in own.items()
            ]
            for loss in losses:
                with without():
                    before = np.mean([score(library, loss, loss, parts) for parts in tables])
                after = np.mean([score(library, loss, loss, parts) for parts in tables])
                texts.append(f"{before:.2f}, {after:.2f}")
            print(f"| {record.title} | {name} | {share:.0%} | {' | '.join(texts)} |", flush=True)


def cost(libraries: list[str], seeds: int) -> None:
    print(f"| library | labels | {' | '.join(f'`{loss!r}`' for loss in FOLLOWERS)} |")
    print("|---" * (len(FOLLOWERS) + 2) + "|")
    for library in libraries:
        for kind, share in CONDITIONS:
            logs: list[list[float]] = [[] for _ in FOLLOWERS]
            for make in accuracy.available(None, []).values():
                for seed in range(seeds):
                    train, stop, (X, y) = accuracy.split(make, 3000, kind, share, seed)
                    for place, loss in enumerate(FOLLOWERS):
                        with without():
                            before = fit(library, loss, train, stop, threads=1, **accuracy.COMMON)
                        after = fit(library, loss, train, stop, threads=1, **accuracy.COMMON)
                        errors = [error_of(loss, y, model.predict(X)) for model in (before, after)]
                        logs[place].append(float(np.log(errors[1] / errors[0])))
            texts = [f"{np.exp(np.mean(each)):.3f}, {np.exp(max(each)):.2f}" for each in logs]
            name = f"{kind}, {share:.0%}" if share else kind
            print(f"| {LIBRARIES[library].title} | {name} | {' | '.join(texts)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--library", choices=list(LIBRARIES), action="append")
    options = parser.parse_args()
    accuracy.WRONG["far"] = far
    (cost if options.cost else gain)(options.library or list(LIBRARIES), options.seeds)


if __name__ == "__main__":
    main()
