"""Many classes: test log-loss of `Logistic` and `Focal`, the choice of a curvature, and the time of a training.

Every library fits its own softmax objective through its own estimator, and the losses through the drop-in estimator of
the same name: the same rows, rate, depth, and early stopping by the log-loss (`Focal` by itself). Half of the rows
train, a sixth stops early, a third tests. Three tables of the six are real, where they are found.

    python -m benchmarks.classes [--seeds 3] [--library xgboost]   log-loss over that of the library's own objective
    python -m benchmarks.classes --curvature                       the same of curvatures in place of ours
    python -m benchmarks.classes --time [--rows 200000]            time over that of the library's own objective
                                 [--loss "Focal(2.0)"]
"""

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.datasets import load_digits, make_classification
from sklearn.metrics import log_loss

import boostloss as bl
from benchmarks._common import Table, housing, wine
from boostloss.boosting import objective
from boostloss.boosting.libraries import LIBRARIES
from tests import tables

COMMON: dict[str, Any] = {"learning_rate": 0.1, "max_depth": 6}
OWN = {"xgboost": "multi:softprob", "lightgbm": "multiclass", "catboost": "MultiClass"}
# In place of ours: from it, the gradient p - y, and the number of classes. The last one bounds them all
# (Böhning, "Multinomial Logistic Regression Algorithm", 1992).
CURVATURES: dict[str, Callable[[Any, Any, int], Any]] = {
    "k / (k - 1) p (1 - p), ours": lambda ours, gradient, k: ours,
    "p (1 - p)": lambda ours, gradient, k: ours * (k - 1) / k,
    "2 p (1 - p)": lambda ours, gradient, k: ours * 2 * (k - 1) / k,
    "size of p - y": lambda ours, gradient, k: np.maximum(abs(gradient), 1e-16),
    "(1 - 1 / k) / 2": lambda ours, gradient, k: np.full_like(ours, 0.5 * (1 - 1 / k)),
}


def real(file: str, make: Callable[[], Table]) -> dict[str, Callable[[], Table]]:
    return {file.partition(".")[0]: make} if (tables.folder() / file).exists() else {}


def wine_scores() -> Table:
    X, y = wine()
    return X, np.clip(y, 4, 8) - 4


def housing_eighths() -> Table:
    X, y = housing()
    rows = np.random.default_rng(0).permutation(len(y))[:8000]
    return X[rows], np.digitize(y[rows], np.quantile(y, np.arange(1, 8) / 8))


def five_classes() -> Table:
    table = np.loadtxt(tables.folder() / "lightgbm_multiclass.train.tsv.gz", delimiter="\t")
    return table[:, 1:], table[:, 0]


def available() -> dict[str, Callable[[], Table]]:
    made: dict[str, Callable[[], Table]] = {
        "digits": lambda: load_digits(return_X_y=True),
        "six classes": lambda: make_classification(
            6000, 20, n_informative=10, n_classes=6, flip_y=0.1, random_state=0
        ),
        "rare classes": lambda: make_classification(
            8000, 15, n_informative=8, n_classes=4, weights=[0.9, 0.07, 0.02, 0.01], random_state=1
        ),
    }
    return (
        made
        | real("winequality-white.csv", wine_scores)
        | real("california_housing.csv.gz", housing_eighths)
        | real("lightgbm_multiclass.train.tsv.gz", five_classes)
    )


def split(make: Callable[[], Table], seed: int) -> list[Table]:
    X, y = make()
    order = np.random.default_rng(seed).permutation(len(y))
    return [
        (X[rows], y[rows].astype(int)) for rows in np.split(order, [len(y) // 2, 2 * len(y) // 3])
    ]


def classifier(library: str, loss: Any, rounds: int, **parameters: Any) -> Any:
    record = LIBRARIES[library]
    settings = record.parameters(loss) | {record.rounds: rounds, record.threads: 1}
    kind = record.estimator("binary", own=isinstance(loss, str))
    return kind(**settings | record.settings | COMMON | parameters)


def score(library: str, loss: Any, parts: list[Table]) -> float:
    """Log-loss of the predicted probabilities of the test rows."""
    record = LIBRARIES[library]
    train, stop, (X, y) = parts
    model = classifier(library, loss, 1000, **{record.early_stopping: 50})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The argument 'eval_set' is deprecated")  # LightGBM's
        model.fit(*train, eval_set=[stop], **record.fit_options())
    return log_loss(y, model.predict_proba(X), labels=np.unique(train[1]))


@contextmanager
def curvature(choose: Callable[[Any, Any, int], Any]) -> Iterator[None]:
    """Let boosting divide by another curvature."""
    ours = objective.several_gradients

    def replaced(*arguments: Any) -> tuple[Any, Any]:
        gradient, hessian = ours(*arguments)
        return gradient, choose(hessian, gradient, hessian.shape[1])

    objective.several_gradients = replaced
    try:
        yield
    finally:
        objective.several_gradients = ours


def log_losses(library: str, seeds: int, losses: dict[str, Any]) -> None:
    """Print a table of ratios; a loss is given with the curvature that takes the place of its own."""
    found = available()
    print(f"| {LIBRARIES[library].title} | {' | '.join(found)} | geometric mean |")
    print("|---" * (len(found) + 2) + "|")
    splits = {name: [split(make, seed) for seed in range(seeds)] for name, make in found.items()}
    own = {
        name: float(np.mean([score(library, OWN[library], parts) for parts in several]))
        for name, several in splits.items()
    }
    print(
        f"| `{OWN[library]}` | {' | '.join(f'{each:.4f}' for each in own.values())} | |", flush=True
    )
    for label, (loss, choose) in losses.items():
        with curvature(choose):
            logs = [
                np.log(np.mean([score(library, loss, parts) for parts in several]) / own[name])
                for name, several in splits.items()
            ]
        values = [*np.exp(logs), np.exp(np.mean(logs))]
        print(f"| {label} | {' | '.join(f'{each:.3f}' for each in values)} |", flush=True)


def times(library: str, loss: bl.Loss, n: int, k: int, rounds: int, repeats: int) -> None:
    """Print the time of a training over that of the library's own objective, pair by pair."""
    X, y = make_classification(
        n, 20, n_informative=12, n_classes=k, n_clusters_per_class=1, random_state=0
    )
    ratios = []
    for repeat in range(repeats + 1):
        seconds = []
        for each in (OWN[library], loss):
            model = classifier(library, each, rounds, **{LIBRARIES[library].threads: 2})
            begin = time.perf_counter()
            model.fit(X, y, **LIBRARIES[library].fit_options())
            seconds.append(time.perf_counter() - begin)
        if repeat:  # the first one may compile
            ratios.append(seconds[1] / seconds[0])
    print(
        f"{LIBRARIES[library].title}: {rounds} rounds of {n} rows, {k} classes: own {seconds[0]:.1f} s, "
        f"`{loss!r}` {seconds[1]:.1f} s, median ratio {np.median(ratios):.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--library", action="append", choices=list(LIBRARIES))
    parser.add_argument("--curvature", action="store_true")
    parser.add_argument("--time", action="store_true")
    parser.add_argument("--loss", type=bl.from_string, default=bl.Logistic())
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    for library in options.library or LIBRARIES:
        if options.time:
            sizes = options.rows, options.classes, options.rounds, options.repeats
            times(library, options.loss, *sizes)
        elif options.curvature:
            logistic = bl.Logistic()
            log_losses(
                library,
                options.seeds,
                {name: (logistic, each) for name, each in CURVATURES.items()},
            )
        else:
            ours, *_ = CURVATURES.values()
            losses = (bl.Logistic(), bl.Focal(1.0), bl.Focal(2.0))
            log_losses(library, options.seeds, {f"`{loss!r}`": (loss, ours) for loss in losses})


if __name__ == "__main__":
    main()
