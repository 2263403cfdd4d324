"""Test deviance of `Poisson`, `Gamma` and `Tweedie`, beside each library's own objectives of the same deviance.

Every library fits its own objective through its own estimator, and ours through the drop-in estimator of the same
name: the same rows, rate, depth and early stopping by the deviance. Half of the rows train, a sixth stops early, and
a third tests; the ratios are geometric means over several splits. CatBoost has no objective of Gamma's deviance: its
Tweedie with a power of 1.99 stands beside `Gamma`. Two tables are real, where they are found. The last figures are
those of the curvature: the deviance by the second derivative, as most libraries have it, over that by the one of
ours.

    python -m benchmarks.counts [--seeds 3] [--library xgboost] [--table "rare counts"] [--rate 0.1]
"""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

import boostloss as bl
from benchmarks._common import Table, fit, real_tables
from benchmarks.quantile import split
from boostloss.boosting.libraries import LIBRARIES
from tests import tables

COMMON: dict[str, Any] = {"n_estimators": 2000, "max_depth": 5, "random_state": 0}
OWN = {
    "xgboost": {
        1.0: "count:poisson",
        1.5: "reg:tweedie(tweedie_variance_power=1.5)",
        2.0: "reg:gamma",
    },
    "lightgbm": {1.0: "poisson", 1.5: "tweedie(tweedie_variance_power=1.5)", 2.0: "gamma"},
    "catboost": {
        1.0: "Poisson",
        1.5: "Tweedie:variance_power=1.5",
        2.0: "Tweedie:variance_power=1.99",
    },
}


def counts(mean: float, zeros: float, n: int) -> Callable[[np.random.Generator], Table]:
    """Poisson counts of this mean or so, of which up to a share are 0 for another reason."""

    def make(rng: np.random.Generator) -> Table:
        X = rng.normal(size=(n, 8))
        raw = (
            0.6 * X[:, 0]
            + 0.5 * np.sin(2 * X[:, 1])
            + 0.4 * X[:, 2] * X[:, 3]
            + 0.8 * (X[:, 4] > 1)
        )
        y = rng.poisson(mean * np.exp(raw)) * (rng.random(n) >= zeros * (X[:, 5] > 0))
        return X, y.astype(float)

    return make


def amounts(rng: np.random.Generator) -> Table:
    """Gamma amounts whose standard deviation is 1.2 times the mean."""
    X = rng.normal(size=(8000, 8))
    raw = 3 + 0.7 * X[:, 0] + 0.5 * np.sin(2 * X[:, 1]) + 0.4 * X[:, 2] * X[:, 3]
    return X, rng.gamma(0.7, np.exp(raw) / 0.7)


def claims(rng: np.random.Generator) -> Table:
    """Sums of a Poisson number of Gamma amounts, two thirds of them 0."""
    X = rng.normal(size=(12_000, 8))
    number = rng.poisson(
        0.3 * np.exp(0.5 * X[:, 0] + 0.4 * np.sin(2 * X[:, 1]) + 0.3 * X[:, 2] * X[:, 3])
    )
    return X, rng.gamma(np.maximum(2.0 * number, 1e-12)) * (number > 0) * np.exp(0.4 * X[:, 6])


def bedrooms(rng: np.random.Generator) -> Table:
    """How many bedrooms the houses of a block have."""
    X, _ = tables.california_housing()
    X = X.assign(ocean_proximity=X["ocean_proximity"].cat.codes)
    X = X[X["total_bedrooms"].notna()]
    y = X.pop("total_bedrooms").to_numpy(float)
    return X.drop(columns=["total_rooms", "households"]).to_numpy(float), y


def available() -> dict[str, tuple[Callable[[np.random.Generator], Table], Any]]:
    """The tables and their losses; the real ones only where their files are."""
    found = {
        "counts": (counts(0.3, 0.0, 9000), bl.Poisson()),
        "rare counts": (counts(0.02, 0.0, 30_000), bl.Poisson()),
        "counts, many zeros": (counts(1.0, 0.7, 9000), bl.Poisson()),
        "claims": (claims, bl.Tweedie(1.5)),
        "amounts": (amounts, bl.Gamma()),
    }
    if "housing" in real_tables():
        found["bedrooms"] = bedrooms, bl.Poisson()
        found["prices"] = lambda rng: real_tables()["housing"](), bl.Gamma()
    return found


def deviance(library: str, objective: Any, loss: Any, parts: list[Table], rate: float) -> float:
    """On the test rows."""
    train, stop, (X, y) = parts
    model = fit(library, objective, train, stop, learning_rate=rate, **COMMON)
    prediction = np.maximum(np.asarray(model.predict(X), float), 1e-300)
    return loss.mean_loss(y, np.log(prediction))


class _Exact:
    """The losses with the second derivative in the place of their curvature."""

    def __enter__(self) -> None:
        for kind in (bl.Poisson, bl.Gamma, bl.Tweedie):
            kind.curvature = "exact"

    def __exit__(self, *_: Any) -> None:
        for kind in (bl.Poisson, bl.Gamma, bl.Tweedie):
            del kind.curvature


def main() -> None:
    found = available()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--library", choices=list(LIBRARIES), action="append")
    parser.add_argument("--table", choices=list(found), action="append")
    parser.add_argument("--rate", type=float, default=0.1)
    arguments = parser.parse_args()
    chosen = arguments.table or list(found)
    rows: dict[str, list[str]] = {}
    for library in arguments.library or list(LIBRARIES):
        logs: dict[str, list[float]] = {"own": [], "exact": []}
        for table in chosen:
            make, loss = found[table]
            ratios = []
            for seed in range(arguments.seeds):
                parts = split(make, seed)
                ours = deviance(library, loss, loss, parts, arguments.rate)
                own = deviance(
                    library, OWN[library][loss.deviance_power], loss, parts, arguments.rate
                )
                with _Exact():
                    exact = deviance(library, loss, loss, parts, arguments.rate)
                ratios.append((np.log(ours / own), np.log(exact / ours)))
            ours_to_own, exact_to_ours = np.mean(ratios, axis=0)
            logs["own"].append(ours_to_own)
            logs["exact"].append(exact_to_ours)
        for name, each in logs.items():
            rows[f"{library}, {name}"] = [f"{np.exp(x):.3f}" for x in (*each, np.mean(each))]
    print(f"| | {' | '.join(chosen)} | all |")
    print("|---" * (len(chosen) + 2) + "|")
    for name, figures in rows.items():
        text = name.replace(", own", ": ours / own").replace(
            ", exact", ": second derivative / ours"
        )
        print(f"| {text} | {' | '.join(figures)} |")


if __name__ == "__main__":
    main()
