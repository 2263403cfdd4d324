"""Decisions that cost: the mean cost on test rows of deciding by expected cost, and of models made for the cost.

The costs of a table are drawn four ways, and divided so that a class drawn at random costs 1: "random", uniform;
"rarity", uniform times the share of the class decided for over that of the true one (Abe, Zadrozny & Langford, "An
Iterative Method for Multi-class Cost-sensitive Learning", KDD 2004); "ordinal", the distance of the classes, three
times as much on one side; "one dear", 10 for one class that is missed and 1 for all others. With "each row", for tables
of two classes, a false alarm costs 1 and a miss what is drawn for the row (log-normal, its mean 10).

- "most probable": `Logistic()` and plain `predict`.
- "weights": the same, rows weighed by the mean cost of a mistake, or by that of the row's own.
- "soft labels": of class j the weight max C[y] - C[y, j], by which the most probable class is the cheapest one.
- "expected cost": the expected cost under the softmax as an objective of one's own, with the curvature of the softmax.

Half of the rows train, a sixth stops early by its own loss, a third tests. Figures are over those of `predict(X,
cost=...)` on the same `Logistic()`: geometric means over the tables, with the least and the greatest.

    python -m benchmarks.costs [--seeds 2] [--library xgboost]
"""

import argparse
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import boostloss as bl
from benchmarks import classes, rare_classes
from benchmarks._common import Table
from boostloss.boosting.libraries import LIBRARIES

ROUNDS = 600
WEIGHT_OF_SETS = {"xgboost": "sample_weight_eval_set", "lightgbm": "eval_sample_weight"}
OURS = "predict(X, cost=...)"


def drawn(kind: str, share: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    k = len(share)
    cost = rng.uniform(size=(k, k))
    if kind == "rarity":
        cost *= share / share[:, None]
    elif kind == "ordinal":
        distance = np.subtract.outer(np.arange(k), np.arange(k))
        cost = np.where(distance > 0, 3.0 * distance, -distance)
    elif kind == "one dear":
        cost = np.ones((k, k))
        cost[rng.integers(k)] = 10.0
    np.fill_diagonal(cost, 0.0)
    return cost / (share @ cost).mean()


def fitted(library: str, loss: Any, parts: list[Table], labels: Any, weights: Any) -> Any:
    """A classifier that has stopped early; `labels` and `weights` of the rows to train, and of those to stop by."""
    model = classes.classifier(library, loss, ROUNDS, **{LIBRARIES[library].early_stopping: 30})
    options = {WEIGHT_OF_SETS[library]: None if weights[1] is None else [weights[1]]}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The argument 'eval_set' is deprecated")  # LightGBM's
        return model.fit(
            *(parts[0][0], labels[0]),
            sample_weight=weights[0],
            eval_set=[(parts[1][0], labels[1])],
            **options | LIBRARIES[library].fit_options(),
        )


def by_expected_cost(library: str, parts: list[Table], cost: np.ndarray) -> np.ndarray:
    """The classes of largest score by a model that the expected cost itself has trained."""
    k = len(cost)

    def softmax(f: np.ndarray) -> np.ndarray:
        power = np.exp(f - f.max(axis=1, keepdims=True))
        return power / power.sum(axis=1, keepdims=True)

    def objective(y: np.ndarray, f: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p, of_row = softmax(f), cost[y.astype(int)]
        gradient = p * (of_row - (p * of_row).sum(axis=1, keepdims=True))
        return gradient, cost.max() * k / (k - 1) * p * (1.0 - p) / 2.0

    def metric(y: np.ndarray, f: np.ndarray) -> Any:
        value = float((softmax(f) * cost[y.astype(int)]).sum(axis=1).mean())
        return ("cost", value, False) if library == "lightgbm" else value

    record = LIBRARIES[library]
    settings = {record.objective: objective, record.rounds: ROUNDS, record.threads: 1}
    settings |= {record.early_stopping: 30} | record.settings | classes.COMMON
    evaluated = {"eval_metric": metric}
    if library == "xgboost":
        settings, evaluated = settings | evaluated, {}
    else:
        settings["metric"] = "None"  # or its own would stop, too
    model = record.estimator("binary", own=True)(**settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(*parts[0], eval_set=parts[1:2], **evaluated, **record.fit_options())
        return model.predict(parts[2][0], **record.raw_prediction).argmax(axis=1)


def of_matrix(library: str, kinds: list[str], make: Any, seed: int) -> dict[tuple[str, str], float]:
    """The mean cost by kind of costs and candidate, on one split of a table of many classes."""
    parts = classes.split(make, seed)
    y = [labels for _, labels in parts]
    X, truth = parts[2]
    k = max(labels.max() for labels in y) + 1
    share = np.bincount(y[0], minlength=k) / len(y[0])
    plain = fitted(library, bl.Logistic(), parts, y[:2], (None, None))
    found = {}
    for kind in kinds:
        cost = drawn(kind, share, np.random.default_rng(100 + seed))
        gain = cost.max(axis=1, keepdims=True) - cost
        total = gain.sum(axis=1)
        soft = [(gain / total[:, None])[labels] for labels in y[:2]]
        weights = [total[labels] for labels in y[:2]]
        mean = [cost.sum(axis=1)[labels] / (k - 1) for labels in y[:2]]
        decided = {
            OURS: plain.predict(X, cost=cost),
            "most probable": plain.predict(X),
            "weights": fitted(library, bl.Logistic(), parts, y[:2], mean).predict(X),
            "soft labels": fitted(library, bl.Logistic(), parts, soft, weights).predict(X),
            "expected cost": by_expected_cost(library, parts, cost),
        }
        found |= {(kind, name): cost[truth, labels].mean() for name, labels in decided.items()}
    return found


def of_rows(library: str, make: Any, seed: int) -> dict[tuple[str, str], float]:
    """The same of a table of two classes whose rows have costs of their own."""
    parts = classes.split(make, seed)
    rng = np.random.default_rng(seed)
    y = [labels for _, labels in parts]
    miss = [rng.lognormal(np.log(10.0) - 0.5, 1.0, len(labels)) for labels in y]
    X, truth = parts[2]
    cost = np.zeros((len(truth), 2, 2))
    cost[:, 0, 1], cost[:, 1, 0] = 1.0, miss[2]
    plain = fitted(library, bl.Logistic(), parts, y[:2], (None, None))
    own = [np.where(labels == 1, each, 1.0) for labels, each in zip(y, miss, strict=True)][:2]
    decided = {
        OURS: plain.predict(X, cost=cost),
        "most probable": plain.predict(X),
        "weights": fitted(library, bl.Logistic(), parts, y[:2], own).predict(X),
    }
    rows = np.arange(len(truth))
    return {("each row", name): cost[rows, truth, x].mean() for name, x in decided.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--library", action="append", choices=list(WEIGHT_OF_SETS))
    options = parser.parse_args()
    kinds = ["random", "rarity", "ordinal", "one dear"]
    print("| library | costs | most probable | weights | soft labels | expected cost |")
    print("|---" * 6 + "|")
    for library in options.library or WEIGHT_OF_SETS:
        many = table(options.seeds, classes.available(), partial(of_matrix, library, kinds))
        two = table(options.seeds, rare_classes.available(), partial(of_rows, library))
        for kind in [*kinds, "each row"]:
            cells = [cell(many | two, kind, name) for name in CANDIDATES]
            print(f"| {LIBRARIES[library].title} | {kind} | {' | '.join(cells)} |", flush=True)


CANDIDATES = ("most probable", "weights", "soft labels", "expected cost")


def table(
    seeds: int, found: dict[str, Any], measure: Callable[[Any, int], dict[tuple[str, str], float]]
) -> dict[tuple[str, str], list[float]]:
    """The mean cost of every table by kind and candidate."""
    costs: dict[tuple[str, str], list[float]] = {}
    for make in found.values():
        several = [measure(make, seed) for seed in range(seeds)]
        for key in several[0]:
            costs.setdefault(key, []).append(float(np.mean([each[key] for each in several])))
    return costs


def cell(costs: dict[tuple[str, str], list[float]], kind: str, name: str) -> str:
    if (kind, name) not in costs:
        return ""
    ratios = np.divide(costs[kind, name], costs[kind, OURS])
    mean = np.exp(np.log(ratios).mean())
    return f"{mean:.2f} ({ratios.min():.2f} to {ratios.max():.2f})"


if __name__ == "__main__":
    main()
