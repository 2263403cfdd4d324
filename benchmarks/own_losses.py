"""Which curvature trains a loss of one's own? Twelve losses in XGBoost, by the rules that there are.

The final training loss, a mean over seeds, of 2000 rows after 100 rounds. "exact" divides by the second derivative,
"unit" by 1, "ratio" by the larger of the Hessian and |gradient| / distance to the least loss, "box" does so with
derivatives that are smoothed by a uniform kernel: all are computed here, from the losses' formulas. "ours" is what
boostloss does.

    python -m benchmarks.own_losses [--rate 0.1] [--seeds 3] [--depth 3]
"""

import argparse
import math
import warnings

import numpy as np
import xgboost as xgb

import boostloss as bl
from boostloss import ops
from boostloss.boosting.custom import half_width
from boostloss.boosting.objective import boosting_gradients
from boostloss.kernels.rows import GRADIENT, HESSIAN, LOSS, Computation, Rows, compute_numpy


def asymmetric_huber(error, over=5.0, delta=1.0):
    size = abs(error)
    huber = np.where(size < delta, 0.5 * size * size, delta * (size - 0.5 * delta))
    return np.where(error > 0, over * huber, huber)


def linex(error, a=1.0):
    return np.expm1(a * error) - a * error


def tukey(error, c=4.685):
    u = min(abs(error) / c, 1.0)
    return c * c / 6 * (1 - (1 - u * u) ** 3)


def capped_cost(error, over=3.0, cap=10.0):
    return min(np.where(error > 0, over * error, -error), cap)


def expectile(error, level=0.9):
    return np.where(error < 0, level, 1 - level) * error * error


def epsilon_insensitive(error, epsilon=0.5):
    return max(abs(error) - epsilon, 0.0)


def log_barrier(error, c=40.0):
    """-log(1 - u^2) of u = error / c, and a quadratic of the same slope and curvature from u = 0.99 on."""
    u = min(abs(error) / c, 0.99)
    beyond = abs(error) / c - u
    slope, bend = 2 * u / (1 - u * u), 2 * (1 + u * u) / (1 - u * u) ** 2
    return c * c / 2 * (-np.log1p(-u * u) + slope * beyond + 0.5 * bend * beyond**2)


def poisson(target, prediction):
    """The deviance, which is 0 at the target."""
    perfect = np.where(target > 0, target * np.log(np.where(target > 0, target, 1.0)) - target, 0.0)
    return prediction - target * np.log(prediction) + perfect


def tweedie(target, prediction, power=1.5):
    perfect = abs(target) ** (2 - power) * (1 / (2 - power) - 1 / (1 - power))
    loss = prediction ** (2 - power) / (2 - power) - target * prediction ** (1 - power) / (
        1 - power
    )
    return loss - perfect


def tempered(margin, t=0.5):
    """The bi-tempered logistic loss with a heavy tail on the side of the loss alone."""
    p, q = ops.expit(margin), ops.expit(-margin)
    return (1 - p ** (1 - t)) / (1 - t) - (1 - p ** (2 - t) - q ** (2 - t)) / (2 - t)


def smooth_hinge(margin):
    return np.where(margin > 1, 0.0, np.where(margin < 0, 0.5 - margin, 0.5 * (1 - margin) ** 2))


def ordinal(target, prediction):
    """All thresholds, by the logistic loss."""
    total = 0.0
    for threshold in (0.5, 1.5, 2.5):
        distance = prediction - threshold
        total = total + ops.softplus(np.where(target > threshold, -distance, distance))
    return total


LINKS = {poisson: "log", tweedie: "log"}
FUNCTIONS = (
    *(asymmetric_huber, linex, tukey, capped_cost, expectile, epsilon_insensitive, log_barrier),
    *(poisson, tweedie, tempered, smooth_hinge, ordinal),
)


def table(name, rng, n):
    X = rng.normal(size=(n, 8))
    signal = 1.5 * X[:, 0] + 1.5 * np.sin(2 * X[:, 1]) + X[:, 2] * X[:, 3]
    if name == "poisson":
        return X, rng.poisson(np.exp(0.5 * signal)).astype(float)
    if name == "tweedie":
        return X, rng.poisson(np.exp(0.5 * signal)) * rng.gamma(2.0, 0.5, n)
    if name in {"tempered", "smooth_hinge"}:
        label = rng.random(n) < 1 / (1 + np.exp(-1.5 * signal))
        return X, (label ^ (rng.random(n) < 0.05)).astype(float)
    if name == "ordinal":
        return X, np.clip(np.round(1.5 + 0.7 * signal + 0.5 * rng.normal(size=n)), 0, 3)
    if name == "linex":  # of heavier tails its expectation is infinite, whatever is predicted
        return X, signal + rng.normal(size=n)
    return X, signal + 0.7 * rng.standard_t(2.5, n)


def columns(loss, y, f, shift=0.0):
    """Value, gradient and Hessian at, or beside, the raw predictions."""
    sign = np.where(y > 0.5, 1.0, -1.0) if loss.kind == "margin" else 1.0
    rows = Rows(y, f + sign * shift)
    pairs = (LOSS,), (GRADIENT, HESSIAN)
    found = [
        c
        for pair in pairs
        for c in compute_numpy(Computation(loss.formula, pair, loss.parameters), rows, float)
    ]
    return found[0], sign * found[1], found[2], sign


def least(loss, y):
    if loss.kind == "margin":
        return np.where(y > 0.5, 1.0, -1.0) * loss.shape.minimiser
    return loss.link(y) + (loss.shape.minimiser if loss.kind == "error" else 0.0)


def ratio(gradient, hessian, distance):
    with np.errstate(all="ignore"):
        share = np.where(distance > 0, np.abs(gradient) / distance, 0.0)
    curvature = np.maximum(hessian, np.nan_to_num(share))
    return gradient, np.maximum(curvature, 0.1 * np.quantile(curvature, 0.99))


def by_rule(rule, loss, y, f):
    """Gradient and curvature by one of the rules that a prototype compared."""
    _, gradient, hessian, sign = columns(loss, y, f)
    if rule == "exact":
        return sign * gradient, hessian
    if rule == "unit":
        return sign * gradient, np.ones_like(hessian)
    distance = np.abs(f - least(loss, y))
    if rule == "ratio":
        gradient, hessian = ratio(gradient, hessian, distance)
        return sign * gradient, hessian
    width = loss.label_width if loss.task == "binary" else half_width(loss, y, f)
    right, left = columns(loss, y, f, width), columns(loss, y, f, -width)
    gradient, hessian = ((right[i] - left[i]) / (2 * width) for i in (0, 1))
    gradient, hessian = ratio(gradient, hessian, np.maximum(distance, width))
    return sign * gradient, hessian


def final_loss(rule, loss, seed, options):
    """The training loss, and that of new rows."""
    rng = np.random.default_rng(seed)
    (X, y), new = (table(type(loss).__name__, rng, 2000) for _ in range(2))
    start = loss.fit_intercept(y)
    data, more = xgb.DMatrix(X, y), xgb.DMatrix(new[0])
    for matrix in (data, more):
        matrix.set_base_margin(np.full(2000, start))

    def objective(f, _):
        if rule == "ours":
            return boosting_gradients(loss, y.astype(np.float32), f)
        return by_rule(rule, loss, y, f.astype(float))

    parameters = {"eta": options.rate, "max_depth": options.depth, "base_score": 0.0, "nthread": 1}
    booster = xgb.train(parameters, data, 100, obj=objective)
    found = [booster.predict(m, output_margin=True).astype(float) for m in (data, more)]
    return (
        loss.mean_loss(y, found[0]),
        loss.mean_loss(new[1], found[1]),
        loss.mean_loss(y, np.full(2000, start)),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--only", default="", help="names of losses")
    options = parser.parse_args()
    rules = ("exact", "unit", "ratio", "box", "ours")
    print(f"rate {options.rate}, depth {options.depth}; in brackets the loss of new rows")
    print(
        f"{'loss':20s} {'start':>8s}"
        + "".join(f" {rule:>17s}" for rule in rules)
        + f" {'ours/best':>10s}"
    )
    wanted = options.only.split(",") if options.only else [x.__name__ for x in FUNCTIONS]
    for function in (x for x in FUNCTIONS if x.__name__ in wanted):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loss = bl.loss(function, link=LINKS.get(function))()
        train = {}
        line = ""
        for rule in rules:
            with np.errstate(all="ignore"):
                runs = [final_loss(rule, loss, seed, options) for seed in range(options.seeds)]
            train[rule], test, start = np.mean(runs, axis=0)
            line += f" {train[rule]:8.4g}({test:7.4g})"
        best = min(x for rule, x in train.items() if rule != "ours" and math.isfinite(x))
        print(
            f"{function.__name__:20s} {start:8.4g}{line} {train['ours'] / best:10.3f}", flush=True
        )


if __name__ == "__main__":
    main()
