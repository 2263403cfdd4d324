"""What the tests of the boosting libraries train on."""

import numpy as np

TRAIN, VALID = slice(0, 300), slice(300, 500)

_rng = np.random.default_rng(0)
X = _rng.normal(size=(500, 4))
SIGNAL = 2 * X[:, 0] + np.sin(3 * X[:, 1]) + _rng.normal(0, 0.5, 500)
WEIGHT = _rng.integers(1, 4, 500).astype(float)


def target(loss):
    """Numbers far from every library's start, or labels."""
    return SIGNAL + 100.0 if loss.task == "regression" else (SIGNAL > 1.0).astype(float)
