"""What the tests of the boosting libraries train on."""

import numpy as np

TRAIN, VALID = slice(0, 300), slice(300, 500)

_rng = np.random.default_rng(0)
X = _rng.normal(size=(500, 4))
SIGNAL = 2 * X[:, 0] + np.sin(3 * X[:, 1]) + _rng.normal(0, 0.5, 500)
WEIGHT = _rng.integers(1, 4, 500).astype(float)


def target(loss):
    """Numbers of a regression loss, or labels."""
    return numbers(loss, SIGNAL) if loss.task == "regression" else (SIGNAL > 1.0).astype(float)


def numbers(loss, signal):
    """Targets of a regression loss that follow a signal: numbers far from every library's start, amounts or shares."""
    signal = signal - signal.mean()
    links = {"log": np.exp(2.0 + 0.3 * signal), "logit": 1.0 / (1.0 + np.exp(1.0 - signal))}
    return links.get(loss.link_name, signal + 100.0)
