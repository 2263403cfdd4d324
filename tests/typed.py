"""What a user's type checker accepts: `mypy` checks it beside the package."""

import boostloss as bl

LOSSES: list[bl.Loss] = [
    bl.Huber(),
    bl.Huber(2.0),
    bl.Quantile(),
    bl.Quantile(0.9),
    bl.Quantile([0.05, 0.5, 0.95]),
    bl.Expectile((0.1, 0.9)),
    bl.Asymmetric(bl.Huber(), 2.0),
    bl.Normal(),
]
LEVEL: float = bl.Quantile(0.9).quantile
START: float = bl.Huber(1.0).fit_intercept([1.0, 2.0])
