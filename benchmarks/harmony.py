"""Gradient harmonizing and F_beta: rare classes, wrong labels, and what following a threshold in training buys.

The positive rows of each table are thinned to 5 and 1 % (`benchmarks/rare_classes.py`), or as many as there are, and of
all labels 20 % are wrong but those that test (`benchmarks/label_noise.py`, 3000 rows). Half of the rows train, a sixth
stops early, a third tests; all candidates have the same rows, rate and depth. Differences are from `Logistic()` on the
same split, with the standard error: of average precision, log-loss in per cent, and F_beta of the predicted labels.

- "recovered": the probability at which the weighted slopes of both labels cancel, from the counts of the last round.
- "momentum": counts that are the authors' moving average.
- "labels of held-out rows", "probabilities of training rows": what else could have told the threshold.
- "costs": every round weighs the labels by the threshold of the moment, as it is best for F_beta (Parambath, Usunier &
  Grandvalet 2014). The score is that of the uncorrected odds, so that probabilities and the start stay as they are.
- "a sixth of the labels": the threshold of largest F_beta on the rows that stop, which only a table with such rows has.

With --defaults the libraries' default settings train, and nothing stops early: trees then fit their rows too well.
With --regression: `GHMR` over `Charbonnier` with the same mu, in robust deviations of the target, in mean absolute
error of test rows; with wrong targets, 10 % of those that train and stop have a Cauchy error of three deviations.

    python -m benchmarks.harmony [--seeds 5] [--library xgboost] [--beta 1] [--defaults] [--regression]
"""

import argparse
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, log_loss

import boostloss as bl
from benchmarks import label_noise, rare_classes
from benchmarks._common import Table, fit, real_tables
from boostloss.boosting.libraries import LIBRARIES
from boostloss.boosting.watched import WatchedLabels
from boostloss.losses.scale import robust_scale
from boostloss.ops import expit

COMMON: dict[str, Any] = {"learning_rate": 0.1, "max_depth": 5}
SETTINGS = {
    "5 % positive": (0.05, None),
    "1 % positive": (0.01, None),
    "right labels": (None, 0.0),
    "20 % wrong labels": (None, 0.2),
}
MOMENTUM = 0.75  # the authors' own


class Momentum:
    """GHM-C whose counts are a moving average, less what it lacks in the first rounds."""

    def __init__(self, loss: bl.GHMC):
        self.loss, self.rounds, self.mass = loss, 0, np.zeros(loss.bins)

    def __deepcopy__(self, memo: Any) -> "Momentum":
        return self

    def __call__(self, y: np.ndarray, f: np.ndarray, weight: Any = None) -> Any:
        place = bins(self.loss, y, f)
        self.rounds += 1
        counts = np.bincount(place, minlength=self.loss.bins)
        self.mass += (1.0 - MOMENTUM) * (counts - self.mass)
        mass = self.mass / (1.0 - MOMENTUM**self.rounds)
        of_row = len(y) / (np.count_nonzero(counts) * mass[place])
        gradient, hessian = bl.Logistic().gradient_hessian(y, np.float64(f), of_row)
        return gradient.astype(np.float32), hessian.astype(np.float32)


class Costs(WatchedLabels):
    """The logistic loss of rows that weigh as their labels cost, at a score above that of the uncorrected odds."""

    def __call__(self, y: np.ndarray, f: np.ndarray, weight: Any = None) -> Any:
        super().__call__(y, f, weight)  # which rows do not train
        threshold = self.loss.fitted(expit(np.float64(f))[self.rows]).threshold
        cost = 2.0 * np.where(y == 1, 1.0 - threshold, threshold)
        shifted = f + np.log(1.0 / threshold - 1.0)
        gradient, hessian = bl.Logistic().gradient_hessian(y, np.float64(shifted), cost)
        gradient[self.rows] = hessian[self.rows] = 0.0
        return gradient.astype(np.float32), hessian.astype(np.float32)


def bins(loss: bl.GHMC, y: np.ndarray, f: np.ndarray) -> np.ndarray:
    return np.minimum(loss.sizes(np.float64(y), np.float64(f)) * loss.bins, loss.bins - 1).astype(
        int
    )


@contextmanager
def trained_by(library: str, run: Callable[[Any], Any] | None) -> Any:
    """Let the estimators of a library take another objective for a loss."""
    module = getattr(bl, library)
    before = module.run_of
    if run is not None:
        module.run_of = lambda loss, *others: run(loss)
    try:
        yield
    finally:
        module.run_of = before


def fitted(library: str, loss: Any, parts: list[Table], stops: bool, run: Any = None) -> Any:
    record = LIBRARIES[library]
    settings = record.parameters(loss) | record.settings | {record.threads: 1}
    options = record.fit_options()
    if stops:
        settings |= {record.rounds: 500, record.early_stopping: 30} | COMMON
        options |= record.evaluation(*parts[1], None, [])
    model = record.estimator("binary")(**settings)
    with warnings.catch_warnings(), trained_by(library, run):
        warnings.filterwarnings("ignore", "The argument 'eval_set' is deprecated")  # LightGBM's
        return model.fit(*parts[0], **options)


def f_beta(y: np.ndarray, chosen: np.ndarray, beta: float) -> float:
    total = beta**2 * y.sum() + chosen.sum()
    return float((1.0 + beta**2) * y[chosen].sum() / total) if total else 0.0


def of_labels(y: np.ndarray, p: np.ndarray, beta: float) -> float:
    """The threshold of largest F_beta, between two rows."""
    order = np.argsort(-p)
    score = np.cumsum(y[order]) / (beta**2 * y.sum() + np.arange(1, len(y) + 1))
    last = np.append(p[order][1:] < p[order][:-1], True)
    best = int(np.argmax(np.where(last, score, -1.0)))
    return float((p[order][best] + np.append(p[order], 0.0)[best + 1]) / 2.0)


def recovered(loss: bl.GHMC, y: np.ndarray, f: np.ndarray, raw: np.ndarray) -> np.ndarray:
    """The posterior by the counts of the rows that have trained."""
    counts = np.maximum(np.bincount(bins(loss, y, f), minlength=loss.bins), 1)
    p = expit(np.float64(raw))
    towards, against = (
        p / counts[bins(loss, np.zeros_like(p), raw)],
        (1.0 - p) / counts[bins(loss, np.ones_like(p), raw)],
    )
    return towards / (towards + against)


def measured(
    library: str, parts: list[Table], beta: float, stops: bool
) -> dict[str, tuple[float, ...]]:
    """Average precision, log-loss and F_beta of every candidate."""
    (X, y), (X_stop, y_stop), (X_test, y_test) = ((X, np.asarray(y, int)) for X, y in parts)
    raw = LIBRARIES[library].raw_prediction
    found: dict[str, tuple[float, ...]] = {}

    def note(name: str, p: np.ndarray, threshold: float) -> None:
        q = np.clip(p, 1e-6, 1.0 - 1e-6)
        scores = average_precision_score(y_test, p), 100.0 * log_loss(y_test, q, labels=[0, 1])
        found[name] = *scores, 100.0 * f_beta(y_test, p > threshold, beta)

    for loss in (bl.Logistic(), bl.Focal(2.0), bl.GHMC(10), bl.GHMC(30)):
        model = fitted(library, loss, parts, stops)
        p = model.predict_proba(X_test)[:, 1]
        note(f"`{loss!r}`", p, 0.5)
        if loss == bl.Logistic():
            stop = model.predict_proba(X_stop)[:, 1]
            note("`Logistic()`, a sixth of the labels", p, of_labels(y_stop, stop, beta))
            train = model.predict_proba(X)[:, 1]
            threshold = bl.FBeta(beta).fitted(train).threshold
            note("`Logistic()`, probabilities of training rows", p, threshold)
        if isinstance(loss, bl.GHMC):
            scores = model.predict(X, **raw), model.predict(X_test, **raw)
            note(f"`{loss!r}`, recovered", recovered(loss, y, *scores), 0.5)
            model = fitted(library, loss, parts, stops, Momentum)
            note(f"`{loss!r}`, momentum", model.predict_proba(X_test)[:, 1], 0.5)
    loss, runs = bl.FBeta(beta), []

    def watched(loss: bl.FBeta) -> WatchedLabels:
        runs.append(WatchedLabels(loss))
        return runs[-1]

    model = fitted(library, loss, parts, stops, watched)
    p = model.predict_proba(X_test)[:, 1]
    note(f"`FBeta({beta:g})`", p, model.loss_.threshold)
    rows = runs[0].rows
    held = model.predict_proba(X[rows])[:, 1]
    if y[rows].any():
        note(f"`FBeta({beta:g})`, labels of held-out rows", p, of_labels(y[rows], held, beta))
    else:
        note(f"`FBeta({beta:g})`, labels of held-out rows", p, 0.5)
    model = fitted(library, loss, parts, stops, Costs)
    p = model.predict_proba(X_test)[:, 1]
    note(f"`FBeta({beta:g})`, costs", p, model.loss_.threshold)
    return found


def splits(setting: str, seeds: int) -> list[list[Table]]:
    share, wrong = SETTINGS[setting]
    found = rare_classes.available()
    if share is None:
        found.pop("made")
        return [
            label_noise.split(make, wrong, seed) for make in found.values() for seed in range(seeds)
        ]
    return [
        rare_classes.thinned(*make(), share, seed)
        for make in found.values()
        for seed in range(seeds)
    ]


def classification(library: str, seeds: int, beta: float, stops: bool) -> None:
    print(f"| library | rows | loss | average precision | log-loss, % | F{beta:g}, % |")
    print("|---" * 6 + "|")
    for setting in SETTINGS:
        results = [measured(library, parts, beta, stops) for parts in splits(setting, seeds)]
        plain = np.array([each["`Logistic()`"] for each in results])
        for name in results[0]:
            values = np.array([each[name] for each in results])
            texts = [f"{mean:.4g}" for mean in values.mean(axis=0)]
            if name != "`Logistic()`":
                difference = values - plain
                error = difference.std(axis=0, ddof=1) / np.sqrt(len(difference))
                cells = zip(difference.mean(axis=0), error, (3, 2, 1), strict=True)
                texts = [f"{mean:+.{digits}f} ± {each:.{digits}f}" for mean, each, digits in cells]
            row = LIBRARIES[library].title, setting, name, *texts
            print(f"| {' | '.join(row)} |", flush=True)


def regression(library: str, seeds: int) -> None:
    print("| library | targets | mu | bins | mean absolute error over that of `Charbonnier` |")
    print("|---" * 5 + "|")
    for wrong in (0.0, 0.1):
        for mu in (0.05, 0.2, 1.0):
            ratios: dict[int, list[float]] = {10: [], 30: []}
            for make in real_tables().values():
                for seed in range(seeds):
                    X, y, rng = *make(), np.random.default_rng(seed)
                    rows = rng.permutation(len(y))[:6000]
                    X, y = X[rows], np.asarray(y, float)[rows]
                    size = robust_scale(y - np.median(y))
                    bad = (rng.random(len(y)) < wrong) & (np.arange(len(y)) < 4000)
                    given = y + np.where(bad, 3.0 * size * rng.standard_cauchy(len(y)), 0.0)
                    cuts = np.split(np.arange(len(y)), [len(y) // 2, 2 * len(y) // 3])
                    train, stop = ((X[cut], given[cut]) for cut in cuts[:2])
                    X_test, y_test = X[cuts[2]], y[cuts[2]]
                    errors = {}
                    for n in (1, *ratios):  # one bin: Charbonnier
                        loss = bl.GHMR(mu * size, n)
                        model = fit(library, loss, train, stop, **COMMON | {"n_estimators": 500})
                        errors[n] = np.abs(model.predict(X_test) - y_test).mean()
                    for n, each in ratios.items():
                        each.append(errors[n] / errors[1])
            for n, each in ratios.items():
                mean = np.exp(np.log(each).mean())
                targets = "10 % wrong" if wrong else "right"
                text = f"{mean:.3f} ({min(each):.3f} to {max(each):.3f})"
                print(
                    f"| {LIBRARIES[library].title} | {targets} | {mu:g} | {n} | {text} |",
                    flush=True,
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--library", action="append", choices=["xgboost", "lightgbm"])
    parser.add_argument("--beta", type=float, default=1.0)
    parser.add_argument("--defaults", action="store_true", help="of the libraries, without a stop")
    parser.add_argument("--regression", action="store_true")
    options = parser.parse_args()
    for library in options.library or ["xgboost", "lightgbm"]:
        if options.regression:
            regression(library, options.seeds)
        else:
            classification(library, options.seeds, options.beta, not options.defaults)


if __name__ == "__main__":
    main()
