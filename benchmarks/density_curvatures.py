"""What log-densities of one's own are divided by, beside the curvatures that are written by hand; and Weibull's.

The normal and Student's t distribution, written as log-densities, in XGBoost on the tables of
`benchmarks.distributions`, which says how the rows are split. "Hessian" divides by the exact second derivative where
that is positive. Shown is the mean negative log-likelihood of test rows. The last table is made: a Weibull distribution
both of whose parameters depend on features, with the curvature of the package, with that of a bound for each parameter
by itself, as the other distributions have it, and the true distribution. Last, what integrals of the normal one cost,
and by how much they miss scipy's, over the scale.

    python -m benchmarks.density_curvatures [--seeds 2] [--table wine]
"""

import argparse
import time
import warnings
from typing import Any

import numpy as np

import boostloss as bl
from benchmarks._common import fit
from benchmarks.distributions import COMMON, TABLES
from benchmarks.quantile import split
from boostloss.formulas.weibull import weibull
from boostloss.losses.distributions import Distribution
from boostloss.ops import exp, log, maximum


@bl.log_density
def own_normal(target, location, log_scale):
    z = (target - location) / np.exp(log_scale)
    return -0.5 * z * z - log_scale - 0.5 * np.log(2.0 * np.pi)


@bl.log_density
def own_student_t(target, location, log_scale):
    z = (target - location) / np.exp(log_scale)
    return np.log(3.0 / 8.0) - 2.5 * np.log1p(z * z / 4.0) - log_scale  # 4 degrees of freedom


def by_hessian(y, location, log_scale):
    """The normal distribution with its exact Hessian."""
    inverse = exp(-log_scale)
    z = (y - location) * inverse
    square = z * z
    value = 0.5 * square + log_scale + 0.9189385332046727
    return value, -z * inverse, 1.0 - square, inverse * inverse, maximum(2.0 * square, 1e-6)


class ByHessian(bl.Normal):
    formula = by_hessian


def by_bounds(y, log_scale, log_inverse_shape):
    """Weibull's distribution with the curvatures of each parameter by itself."""
    value, by_scale, by_shape, _, of_shape = weibull(y, log_scale, log_inverse_shape)
    inverse = exp(-log_inverse_shape)
    z = (log(y) - log_scale) * inverse
    e = exp(z)
    return value, by_scale, by_shape, 0.5 * (1.0 + e) * inverse * inverse, of_shape - z * z * e


class ByBounds(bl.Weibull):
    formula = by_bounds


def likelihood(loss: Distribution, parts: list[Any]) -> float:
    """The mean negative log-likelihood of test rows, NaN where training has failed."""
    try:
        model = fit("xgboost", loss, *parts[:2], threads=2, learning_rate=0.1, **COMMON)
    except ValueError:
        return float("nan")
    X, y = parts[2]
    return loss.mean_loss(y, model.predict(X, output_margin=True))


def weibull_parts(seed: int) -> tuple[list[Any], np.ndarray]:
    """Rows to train, to stop and to test with, and the true parameters of the last."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2.0, 2.0, (8000, 4))
    raw = np.stack([2.0 + np.sin(2.0 * X[:, 0]), -0.7 + 0.6 * X[:, 1]], axis=1)
    y = bl.Weibull().distribution(raw).rvs(random_state=rng)
    cuts = slice(0, 3000), slice(3000, 4000), slice(4000, None)
    return [(X[rows], y[rows]) for rows in cuts], raw[cuts[2]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--table", action="append", choices=TABLES)
    options = parser.parse_args()
    methods: dict[str, Distribution] = {
        "Normal": bl.Normal(),
        "own": own_normal(),
        "Hessian": ByHessian(),
        "StudentT": bl.StudentT(4.0),
        "own t": own_student_t(),
    }
    warnings.simplefilter("ignore")
    print(f"{'':24s}" + "".join(f"{name:>10s}" for name in methods))
    for table in options.table or TABLES:
        found = [
            [likelihood(loss, split(TABLES[table], seed)) for loss in methods.values()]
            for seed in range(options.seeds)
        ]
        print(f"{table:24s}" + "".join(f"{x:10.4f}" for x in np.mean(found, axis=0)), flush=True)
    print(f"\n{'':24s}" + "".join(f"{name:>10s}" for name in ("Weibull", "bounds", "truth")))
    rows = []
    for seed in range(options.seeds):
        parts, raw = weibull_parts(seed)
        methods = {"Weibull": bl.Weibull(), "bounds": ByBounds()}
        rows.append([likelihood(loss, parts) for loss in methods.values()])
        rows[-1].append(bl.Weibull().mean_loss(parts[2][1], raw))
    print(f"{'made':24s}" + "".join(f"{x:10.4f}" for x in np.mean(rows, axis=0)))
    integrals()


def integrals(n: int = 20_000) -> None:
    """Time and error of the mean and of both ends of an interval."""
    raw = np.random.default_rng(0).normal(size=(n, 2))
    theirs, scale = bl.Normal().distribution(raw), np.exp(raw[:, 1])
    print()
    for name, function in (
        ("mean", lambda p: p.mean()),
        ("interval of 90 %", lambda p: np.stack(p.interval(0.9))),
    ):
        start = time.perf_counter()
        found = function(own_normal().distribution(raw))
        micros = 1e6 * (time.perf_counter() - start) / n
        error = np.max(np.abs(found - function(theirs)) / scale)
        print(f"{name:24s}{micros:10.1f} microseconds a row, error {error:.0e}")


if __name__ == "__main__":
    main()
