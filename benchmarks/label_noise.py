"""Wrong labels: test accuracy and log-loss where a share of the labels that train, and stop early, is of another class.

The wrong class is a random one; with --one-sided only labels 1 are wrong, this share of them, and become 0 (3 becomes
2, and so on). Half of the rows train, a sixth stops early, a third, whose labels are right, tests; every candidate has
the same rows, rate and depth, and stops by its own loss. The first row is the library's own log-loss. The others are
the difference of the accuracies in points, with its standard error over tables and splits, and the log-loss of the
probabilities over its own (geometric mean). "Robust focal" is the loss of Robust-GBDT (Luo et al. 2023), written as a
loss of one's own. With --exact more than two classes are boosted by the second derivative, as two are.

    python -m benchmarks.label_noise [--seeds 2] [--library xgboost] [--share 0.2] [--one-sided]
                                    [--classes two] [--exact] [--tables]
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
ROWS = 3000  # at most, of a table
COMMON: dict[str, Any] = {"learning_rate": 0.2, "max_depth": 6}
OWN = {"xgboost": "binary:logistic", "lightgbm": "binary", "catboost": "Logloss"}


@bl.loss
def robust_focal(margin, r=0.5, q=0.5):
    p = 1.0 / (1.0 + np.exp(-margin))
    return (1.0 - p) ** r * (1.0 - p**q) / q


CANDIDATES: dict[str, Any] = {
    "own log-loss": None,
    "`Logistic(label_smoothing=0.1)`": bl.Logistic(0.1),
    "`GeneralizedCrossEntropy(0.3)`": bl.GeneralizedCrossEntropy(0.3),
    "`GeneralizedCrossEntropy(0.7)`": bl.GeneralizedCrossEntropy(0.7),
    "`SymmetricCrossEntropy(0.1, 1.0)`": bl.SymmetricCrossEntropy(0.1, 1.0),
    "`BiTemperedLogistic(0.5, 1.5)`": bl.BiTemperedLogistic(0.5, 1.5),
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


def split(
    make: Callable[[], Table], share: float, seed: int, one_sided: bool = False
) -> list[Table]:
    """Rows to train, to stop and to test by; of the first two labels are wrong."""
    X, y = make()
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(y))[:ROWS]
    X, y = X[rows], np.asarray(y)[rows].astype(int)
    parts = [(X[i], y[i]) for i in np.split(np.arange(len(y)), [len(y) // 2, 2 * len(y) // 3])]
    k = y.max() + 1
    for _, labels in parts[:2]:
        wrong = rng.random(len(labels)) < share
        if one_sided:
            labels[wrong & (labels % 2 == 1)] -= 1
        else:
            labels[wrong] = (labels[wrong] + rng.integers(1, k, wrong.sum())) % k
    return parts


def score(library: str, loss: Any, parts: list[Table]) -> tuple[float, float]:
    """Accuracy and log-loss on the test rows."""
    record = LIBRARIES[library]
    train, stop, (X, y) = parts
    own = OWN[library] if len(np.unique(train[1])) == 2 else classes.OWN[library]
    settings = record.parameters(own if loss is None else loss)
    settings |= {record.rounds: 300, record.threads: 1, record.early_stopping: 20}
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
    parser.add_argument("--one-sided", action="store_true", help="no label 0 is wrong")
    parser.add_argument("--classes", choices=["two", "more"], help="of the tables")
    parser.add_argument("--exact", action="store_true", help="boost by second derivatives alone")
    parser.add_argument("--tables", action="store_true", help="a row for each table too")
    options = parser.parse_args()
    shares = options.share or SHARES
    if options.exact:
        for kind in (bl.GeneralizedCrossEntropy, bl.SymmetricCrossEntropy):
            kind.curvature_of_classes = "exact"
    found = available()
    if options.classes:
        two = options.classes == "two"
        found = {name: make for name, make in found.items() if (make()[1].max() == 1) == two}
    cells = " | ".join(f"{share:.0%}: accuracy | log-loss" for share in shares)
    print(f"| library | loss | {cells} |")
    print("|---" * (2 + 2 * len(shares)) + "|")
    for library in options.library or LIBRARIES:
        own: Any = None
        for label, loss in CANDIDATES.items():
            values = np.array(
                [
                    [
                        [
                            score(library, loss, split(make, share, seed, options.one_sided))
                            for share in shares
                        ]
                        for seed in range(options.seeds)
                    ]
                    for make in found.values()
                ]
            )  # table, seed, share, (accuracy, log-loss)
            own = values if loss is None else own
            lines = {label: (values, own)}
            if options.tables:
                each = zip(found, values, own, strict=True)
                lines |= {f"{label}, {name}": (one, other) for name, one, other in each}
            for title, (ours, theirs) in lines.items():
                cells = " | ".join(plain(ours) if loss is None else compared(ours, theirs))
                print(f"| {LIBRARIES[library].title} | {title} | {cells} |", flush=True)


def plain(values: np.ndarray) -> list[str]:
    """For each share the accuracy in per cent, and the log-loss."""
    means = values.reshape(-1, *values.shape[-2:]).mean(axis=0)
    return [f"{100 * accuracy:.1f} % | {loss:.3f}" for accuracy, loss in means]


def compared(values: np.ndarray, own: np.ndarray) -> list[str]:
    """For each share the accuracy less the own one in points, and the log-loss over the own one."""
    values, own = (each.reshape(-1, *each.shape[-2:]) for each in (values, own))
    points = 100 * (values - own)[..., 0]
    error = points.std(axis=0, ddof=1) / np.sqrt(len(points))
    ratio = np.exp(np.log(values / own)[..., 1].mean(axis=0))
    each = zip(points.mean(axis=0), error, ratio, strict=True)
    return [f"{mean:+.2f} ± {one:.2f} | {r:.3f}" for mean, one, r in each]


if __name__ == "__main__":
    main()
