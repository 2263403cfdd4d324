"""Rare classes: what focal losses, weights and plain logistic loss do where few rows are positive.

The positive rows of each table are thinned to 5, 1 and 0.2 %, the same ones for all. Half of the rows train, a sixth
stops early, a third tests; every candidate has the same rows, rate and depth, and stops by its own loss. Of the test
rows: average precision, the Brier score and the log-loss of the probabilities, and the mean probability over the share
of positive rows (1 is right). "Sigmoid" is what a focal loss's score gives if it is read as a log-odds, as plain
libraries do, in place of `predict_proba`. Differences are from `Logistic()` on the same split, with the standard error.

    python -m benchmarks.rare_classes [--seeds 5] [--library lightgbm] [--share 0.01]
"""

import argparse
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss

import boostloss as bl
from benchmarks._common import Table
from boostloss.boosting.libraries import LIBRARIES
from tests import tables

SHARES = (0.05, 0.01, 0.002)
COMMON: dict[str, Any] = {"learning_rate": 0.05, "max_depth": 5}
LOGISTIC, WEIGHTED = "`Logistic()`", "`Logistic()`, classes weighed equally"
CANDIDATES: dict[str, bl.Loss] = {
    LOGISTIC: bl.Logistic(),
    WEIGHTED: bl.Logistic(),
    "`Focal(1)`": bl.Focal(1.0),
    "`Focal(2)`": bl.Focal(2.0),
    "`Focal(2, 0.25)`": bl.Focal(2.0, 0.25),
    "`Focal(2, 0.9)`": bl.Focal(2.0, 0.9),
}


def numbers(table: Any) -> np.ndarray:
    codes = {name: table[name].cat.codes for name in table.select_dtypes("category")}
    return table.assign(**codes).to_numpy(float)


def made() -> Table:
    X, y = make_classification(
        40_000, 20, n_informative=8, n_clusters_per_class=4, flip_y=0.02, random_state=0
    )
    return X, y


def available() -> dict[str, Callable[[], Table]]:
    """The tables; the real ones only where their files are."""
    real = {
        "income": ("adult-train.csv.gz", tables.adult),
        "phoneme": ("phoneme.csv", tables.phoneme),
        "higgs": ("lightgbm_binary.train.tsv.gz", tables.lightgbm_binary),
    }

    def reader(read: Callable[[], Any]) -> Callable[[], Table]:
        def table() -> Table:
            X, y = read()
            return numbers(X), np.asarray(y, float)

        return table

    found: dict[str, Callable[[], Table]] = {"made": made}
    return found | {
        name: reader(read)
        for name, (file, read) in real.items()
        if (tables.folder() / file).exists()
    }


def thinned(X: np.ndarray, y: np.ndarray, share: float, seed: int) -> list[Table]:
    """Parts to train, stop and test by, in each of which this share of the rows is positive."""
    rng = np.random.default_rng(seed)
    negative, positive = (rng.permutation(np.flatnonzero(y == label)) for label in (0, 1))
    wanted = int(share / (1 - share) * len(negative))
    positive = positive[: max(wanted, 6)]
    parts = []
    for cut in ((0, 1 / 2), (1 / 2, 2 / 3), (2 / 3, 1)):
        rows = np.concatenate(
            [
                each[int(cut[0] * len(each)) : int(cut[1] * len(each))]
                for each in (negative, positive)
            ]
        )
        parts.append((X[rows], y[rows]))
    return parts


def fitted(library: str, loss: bl.Loss, parts: list[Table], weighted: bool) -> Any:
    record = LIBRARIES[library]
    train, stop, _ = parts
    settings = record.parameters(loss) | {
        record.rounds: 1000,
        record.threads: 1,
        record.early_stopping: 50,
    }
    model = record.estimator("binary")(**settings | record.settings | COMMON)
    weight, stop_weight = None, None
    if weighted:
        weight, stop_weight = (
            np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean())) for _, y in (train, stop)
        )
    options = record.evaluation(*stop, stop_weight, [])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The argument 'eval_set' is deprecated")  # LightGBM's
        return model.fit(*train, sample_weight=weight, **options, **record.fit_options())


def scores(y: np.ndarray, p: np.ndarray) -> list[float]:
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return [
        average_precision_score(y, p),
        100 * brier_score_loss(y, p),
        100 * log_loss(y, p, labels=[0, 1]),
        p.mean() / y.mean(),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--library", action="append", choices=list(LIBRARIES))
    parser.add_argument("--share", action="append", type=float)
    options = parser.parse_args()
    found = {name: make() for name, make in available().items()}
    print(
        "| library | positive | loss | average precision | Brier, % | log-loss, % | mean p / share |"
    )
    print("|---" * 7 + "|")
    for library in options.library or LIBRARIES:
        for share in options.share or SHARES:
            for label, differences in compared(library, share, options.seeds, found).items():
                print(
                    f"| {LIBRARIES[library].title} | {share:.1%} | {label} | {' | '.join(differences)} |",
                    flush=True,
                )


def compared(
    library: str, share: float, seeds: int, found: dict[str, Table]
) -> dict[str, list[str]]:
    """The scores of each candidate: those of the logistic loss, and the differences from them."""
    results: dict[str, list[list[float]]] = {}
    for X, y in found.values():
        for seed in range(seeds):
            parts = thinned(X, y, share, seed)
            X_test, y_test = parts[-1]
            for label, loss in CANDIDATES.items():
                model = fitted(library, loss, parts, label == WEIGHTED)
                results.setdefault(label, []).append(
                    scores(y_test, model.predict_proba(X_test)[:, 1])
                )
                if isinstance(loss, bl.Focal):
                    raw = model.predict(X_test, **LIBRARIES[library].raw_prediction)
                    sigmoid = 1 / (1 + np.exp(-raw))
                    results.setdefault(f"{label}, sigmoid", []).append(scores(y_test, sigmoid))
    plain = np.array(results.pop(LOGISTIC))
    texts = {LOGISTIC: [f"{mean:.3f}" for mean in plain.mean(axis=0)]}
    for label, values in results.items():
        difference = np.array(values) - plain
        error = difference.std(axis=0, ddof=1) / np.sqrt(len(difference))
        texts[label] = [
            f"{mean:+.3f} ± {each:.3f}"
            for mean, each in zip(difference.mean(axis=0), error, strict=True)
        ]
        texts[label][-1] = f"{np.array(values)[:, -1].mean():.2f}"
    return texts


if __name__ == "__main__":
    main()
