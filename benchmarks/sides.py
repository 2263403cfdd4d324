"""A cost that differs by side: `Asymmetric` and `Quantile` beside each library's own quantile objective.

An error costs ``ratio`` times as much where the prediction is too low: the pinball loss of the level ratio / (1 +
ratio), which judges all of them on test rows whose targets are right. Half of the rows train, a sixth stops early, a
third tests; the same rate, depth and patience. Of the targets that train, and stop early, a share is wrong: Cauchy
noise as wide as the target is. The figures are geometric means over the tables, the ratios 1/9, 4 and 9, and splits.

With ``--curvature``: what boosting divides `Asymmetric` by. The majorizer, which is the default, lies above the loss
on both sides; the other is the base's own on each side, times the factor of the side.

    python -m benchmarks.sides [--seeds 2] [--library xgboost] [--share 0.1] [--curvature]
"""

import argparse
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np

import boostloss as bl
from benchmarks._common import Table, fit
from benchmarks.quantile import COMMON, available, split
from boostloss.boosting.libraries import LIBRARIES
from boostloss.losses import sides
from boostloss.losses.scale import robust_scale
from boostloss.ops import where

RATIOS = 1.0 / 9.0, 4.0, 9.0
BASES = bl.Huber(), bl.Cauchy(), bl.AbsoluteError(), bl.SquaredError()
EXAMPLES = (
    bl.Huber(1.0),
    bl.Cauchy(1.0),
    bl.AbsoluteError(),
    bl.SquaredError(),
)  # of the same classes


def spoiled(part: Table, share: float, seed: int) -> Table:
    """The rows with a share of the targets wrong."""
    X, y = part
    rng = np.random.default_rng(seed)
    noise = robust_scale(y - np.median(y)) * rng.standard_cauchy(len(y))
    return X, np.where(rng.random(len(y)) < share, y + noise, y)


def each_side(formula: Any) -> Any:
    """As `asymmetric`, with the curvature of the base times the factor of the side."""

    def formula_of_sides(y, f, ratio, *parameters):
        side = where(f < y, ratio, 1.0)
        loss, gradient, hessian, majorizer = formula(y, f, *parameters)
        return side * loss, side * gradient, side * hessian, side * majorizer

    return formula_of_sides


def cost(library: str, objective: Any, loss: Any, parts: list[Table]) -> tuple[float, float]:
    """The mean loss on the test rows, and the rounds that it took."""
    train, stop, (X, y) = parts
    model = fit(library, objective, train, stop, **COMMON)
    return loss.mean_loss(y, model.predict(X)), LIBRARIES[library].kept_rounds(model)


def compared(library: str, ratio: float, parts: list[Table]) -> dict[str, float]:
    """The logarithm of each cost over that of the library's own quantile."""
    level = ratio / (1.0 + ratio)
    (text,) = LIBRARIES[library].own_objectives["quantile"]
    judge = bl.Asymmetric(bl.AbsoluteError(), ratio)
    ours = [bl.Quantile(level), *(bl.Asymmetric(base, ratio) for base in BASES)]
    own, _ = cost(library, text.format(quantile=level), judge, parts)
    names = ["Quantile", *(f"Asymmetric({type(base).__name__})" for base in EXAMPLES)]
    found = (cost(library, loss, judge, parts)[0] for loss in ours)
    return {name: np.log(x / own) for name, x in zip(names, found, strict=True)}


def curvatures(library: str, ratio: float, parts: list[Table]) -> dict[str, float]:
    """The logarithm of the cost, and of the rounds, by the curvature of each side over those by the majorizer."""
    result = {}
    for base, example in zip(BASES, EXAMPLES, strict=True):
        if isinstance(base, bl.AbsoluteError):  # is boosted as a quantile
            continue
        loss = bl.Asymmetric(base, ratio)
        judge = (
            loss if isinstance(base, bl.SquaredError) else bl.Asymmetric(bl.AbsoluteError(), ratio)
        )
        with patch.object(bl.Asymmetric, "boosted_as", property(lambda self: self)):
            bounded = cost(library, loss, judge, parts)
        # Squared error has it anyway.
        with patch.object(sides, "formula_of_sides", cache(each_side)):
            other = cost(library, loss, judge, parts)
        name = type(example).__name__
        result[name], result[f"{name}, rounds"] = np.log(np.divide(other, bounded))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--library", choices=list(LIBRARIES), action="append")
    parser.add_argument("--share", type=float, default=0.0)
    parser.add_argument("--curvature", action="store_true")
    arguments = parser.parse_args()
    compare = curvatures if arguments.curvature else compared
    for library in arguments.library or list(LIBRARIES):
        rows = []
        for name, make in available().items():
            if name == "two noises":
                continue
            for seed in range(arguments.seeds):
                train, stop, test = split(make, seed)
                wrong = [spoiled(part, arguments.share, seed) for part in (train, stop)]
                rows += [compare(library, ratio, [*wrong, test]) for ratio in RATIOS]
        means = {name: np.exp(np.mean([row[name] for row in rows])) for name in rows[0]}
        print(
            f"| {library} | " + " | ".join(f"{name} {x:.3f}" for name, x in means.items()) + " |",
            flush=True,
        )


if __name__ == "__main__":
    main()
