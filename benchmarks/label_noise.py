"""Wrong labels: test accuracy and log-loss where a share of the labels that train, and stop early, is of another class.

The wrong class is a random one. Half of the rows train, a sixth stops early, a third, whose labels are right, tests;
every candidate has the same rows, rate and depth, and stops by its own loss. Accuracy is the difference from that of
the library's own log-loss, in points, and log-loss that of the probabilities over its own (geometric mean), over the
tables and splits. "Robust focal" is the loss of Robust-GBDT (Luo et al. 2023), written as a loss of one's own.

    python -m benchmarks.label_noise [--seeds 2] [--library xgboost] [--share 0.2] [--tables]
"""

import argparse
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import log_loss

import boostloss as bl
from benchmarks import classes, rare_classes
from benchmarks._common import Table
from boostloss.boosting.libraries import LIBRARIES

SHARES = (0.0, 0.1, 0.2, 0.4)
ROWS = 6000  # at most, of a table
COMMON: dict[str, Any] = {"learning_rate": 0.1, "max_depth": 6}
OWN = {"xgboost": "binary:logistic", "lightgbm": "binary", "catboost": "Logloss"}


@bl.loss
def robust_focal(margin, r=0.5, q=0.5):
    p = 1.0 / (1.0 + np.exp(-margin))
    return (1.0 - p) ** r * (1.0 - p**q) / q


CANDIDATES: dict[str, Any] = {
    "own log-loss": None,
    "`Logistic()`": bl.Logistic(),
    "`Logistic(label_smoothing=0.1)`": bl.Logistic(0.1),
    "`GeneralizedCrossEntropy(0.3)`": bl.GeneralizedCrossEntropy(0.3),
    "`GeneralizedCrossEntropy(0.7)`": bl.GeneralizedCrossEntropy(0.7),
    "`SymmetricCrossEntropy(0.1, 1.0)`": bl.SymmetricCrossEntropy(0.1, 1.0),
    "`SymmetricCrossEntropy(1.0, 0.5)`": bl.SymmetricCrossEntropy(1.0, 0.5),
    "`BiTemperedLogistic(0.7, 1.3)`": bl.BiTemperedLogistic(0.7, 1.3),
    "robust focal": robust_focal(),
}


def available() -> dict[str, Callable[[], Table]]:
    """Tables of two classes and of more."""
    many = classes.available()
    chosen = {
        name: many[name]
        for name in ("digits", "six classes", "lightgbm_multiclass")
        if name in many
    }
    return {
        name: make for name, make in rare_classes.available().items() if name != "made"
    } | chosen


def split(make: Callable[[], Table], share: float, seed: int) -> list[Table]:
    X, y = make()
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(y))[:ROWS]
    X, y = X[rows], np.asarray(y)[rows].astype(int)
    parts = [(X[i], y[i]) for i in np.split(np.arange(len(y)), [len(y) // 2, 2 * len(y) // 3])]
    k = y.max() + 1
    for _, labels in parts[:2]:
        wrong = rng.random(len(labels)) < share
        labels[wrong] = (labels[wrong] + rng.integers(1, k, wrong.sum())) % k
    return parts


def score(library: str, loss: Any, parts: list[Table]) -> tuple[float, float]:
    """Accuracy and log-loss on the test rows."""
    record = LIBRARIES[library]
    train, stop, (X, y) = parts
    own = OWN[library] if len(np.unique(train[1])) == 2 else classes.OWN[library]
    settings = record.parameters(own if loss is None else loss)
    settings |= {record.rounds: 600, record.threads: 1, record.early_stopping: 30}
    model = record.estimator("binary", own=loss is None)(**settings | record.settings | COMMON)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The argument 'eval_set' is deprecated")  # LightGBM's
        model.fit(*train, **record.evaluation(*stop, None, []), **record.fit_options())
    p = np.clip(model.predict_proba(X), 1e-4, 1.0)
    return float(np.mean(p.argmax(axis=1) == y)), log_loss(y, p / p.sum(axis=1, keepdims=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--library", action="append", choices=list(LIBRARIES))
    parser.add_argument("--share", action="append", type=float)
    parser.add_argument("--tables", action="store_true", help="a row for each table too")
    options = parser.parse_args()
    shares = options.share or SHARES
    found = available()
    print(
        f"| library | loss | {' | '.join(f'{share:.0%}: accuracy | log-loss' for share in shares)} |"
    )
    print("|---" * (2 + 2 * len(shares)) + "|")
    for library in options.library or LIBRARIES:
        scores = np.array(
            [
                [
                    [
                        [score(library, loss, split(make, share, seed)) for share in shares]
                        for seed in range(options.seeds)
                    ]
                    for make in found.values()
                ]
                for loss in CANDIDATES.values()
            ]
        )  # candidate, table, seed, share, (accuracy, log-loss)
        for label, values in zip(CANDIDATES, scores, strict=True):
            cells = compared(values, scores[0])
            print(f"| {LIBRARIES[library].title} | {label} | {' | '.join(cells)} |", flush=True)
            for name, each, own in (
                zip(found, values, scores[0], strict=True) if options.tables else ()
            ):
                print(
                    f"| {LIBRARIES[library].title} | {label}, {name} | {' | '.join(compared(each, own))} |"
                )


def compared(values: np.ndarray, own: np.ndarray) -> list[str]:
    """For each share: the accuracy less the own one in points, and the log-loss over the own one."""
    axes = tuple(range(values.ndim - 2))
    accuracy = 100 * (values - own)[..., 0].mean(axis=axes)
    ratio = np.exp(np.log(values[..., 1] / own[..., 1]).mean(axis=axes))
    return [f"{a:+.2f} | {r:.3f}" for a, r in zip(accuracy, ratio, strict=True)]


if __name__ == "__main__":
    main()
