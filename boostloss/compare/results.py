"""Rank what was fitted: means, standard errors over folds, the winner and who is level with it."""

import dataclasses
import importlib.metadata
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import boostloss
from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare.candidates import Candidate, describe, group_order
from boostloss.compare.data import Table
from boostloss.compare.libraries import Settings
from boostloss.compare.metrics import (
    DIFFERENCES,
    DISTRIBUTION_METRICS,
    HIGHER_IS_BETTER,
    INTERVAL_METRICS,
    METRICS,
    ON_REQUEST,
    QUANTILE_METRICS,
    Level,
)
from boostloss.compare.run import Fit


@dataclass(frozen=True, eq=False)
class Row:
    """One candidate over the folds: per metric the mean and its standard error.

    `behind` is how much worse than the best it is, in the `unit` of the metric, with the standard error of the
    paired difference; `place` is "best", "level" (within one such standard error) or "".
    """

    candidate: Candidate
    label: str
    mean: dict[str, float]
    error: dict[str, float]
    folds: np.ndarray
    rounds: float
    seconds: float
    behind: float = 0.0
    behind_error: float = math.nan
    place: str = ""

    @property
    def library(self) -> str:
        return LIBRARIES[self.candidate.library].title


@dataclass(frozen=True)
class Verdict:
    """The best of boostloss beside the best of the library's own objectives.

    `gain` is by how much boostloss is better in the `unit` of the metric, negative if it is worse, with the standard
    error of the paired difference.
    """

    library: str
    quantile: Level
    own: Row
    ours: Row
    gain: float
    gain_error: float


@dataclass(frozen=True)
class Dropped:
    """Who is out of the race, and why.

    Attributes
    ----------
    candidate : Candidate
    folds : int
        After how many it was dropped; 0 in the heat.
    behind, error : float
        By how much it was worse than the best one in the `unit` of the metric, and the standard error of that.
    """

    candidate: Candidate
    folds: int
    behind: float
    error: float


@dataclass
class Results:
    """Everything that a run has found so far."""

    table: Table
    settings: Settings
    candidates: list[Candidate]
    metric: str
    fits: list[Fit] = field(default_factory=list)
    heat: list[Fit] = field(default_factory=list)  # on a sample of the first fold, to drop some
    dropped: list[Dropped] = field(default_factory=list)
    interrupted: bool = False

    @property
    def racing(self) -> list[Candidate]:
        """Who is to be fitted on the next fold: neither dropped nor failed."""
        out = {each.candidate for each in self.dropped} | {
            f.candidate for f in self.fits if f.error
        }
        return [candidate for candidate in self.candidates if candidate not in out]

    @property
    def compared_folds(self) -> list[int]:
        """The folds that everyone in the race has been through; the first one if there is none yet."""
        racing = self.racing
        counts = Counter(fit.fold for fit in self.fits if fit.candidate in racing)
        return sorted(k for k, n in counts.items() if n == len(racing)) or [0]

    @property
    def finished(self) -> bool:
        """Whether there is anything to tell."""
        return any(self.rows(quantile) for quantile in self.groups)

    @property
    def groups(self) -> list[Level]:
        """None for the main comparison, and the quantile levels, alone and together."""
        levels = dict.fromkeys(candidate.quantile for candidate in self.candidates)
        return sorted(levels, key=group_order)

    def ranking_metric(self, quantile: Level) -> str:
        """The metric by which a group is ranked."""
        return self.metric if quantile is None else "pinball"

    def metrics(self, quantile: Level) -> tuple[str, ...]:
        """The metrics that a group shows, the one that ranks first."""
        names, metric = tuple(METRICS[self.table.task]), self.ranking_metric(quantile)
        if quantile is not None:
            names = QUANTILE_METRICS[: 3 if isinstance(quantile, tuple) else 2]
        elif metric in DISTRIBUTION_METRICS:
            names = (*DISTRIBUTION_METRICS, *INTERVAL_METRICS)
        return (metric, *(name for name in names if name not in (metric, *ON_REQUEST)))

    @property
    def failures(self) -> list[str]:
        """What could not be fitted and why, one line for each library and reason."""
        failed: dict[tuple[str, str], dict[str, None]] = {}
        for fit in self.fits:
            if fit.error:
                names = failed.setdefault((fit.candidate.library, fit.error), {})
                names[fit.objective.partition("(")[0]] = None
        return [
            f"{LIBRARIES[library].title} could not fit {', '.join(names)}: {error}"
            for (library, error), names in failed.items()
        ]

    @property
    def warnings(self) -> list[str]:
        """What the libraries warned of, each message once for each library."""
        return list(
            dict.fromkeys(
                f"{LIBRARIES[fit.candidate.library].title}: {message}"
                for fit in self.fits
                for message in fit.warnings
            )
        )

    def rows(self, quantile: Level) -> list[Row]:
        """The candidates of a group that were fitted on all compared folds, best first."""
        metric = self.ranking_metric(quantile)
        rows = [
            row
            for candidate in self.candidates
            if candidate.quantile == quantile and (row := self._row(candidate, metric))
        ]
        rows.sort(key=lambda row: row.mean[metric], reverse=metric in HIGHER_IS_BETTER)
        return [_placed(row, rows[0], metric) for row in rows]

    def verdicts(self) -> list[Verdict]:
        """Library by library, in every group: is boostloss's best better than the library's own?"""
        found = []
        for quantile in self.groups:
            rows = self.rows(quantile)
            metric = self.ranking_metric(quantile)
            for library in dict.fromkeys(row.library for row in rows):
                own = [row for row in rows if row.library == library and row.candidate.own]
                ours = [row for row in rows if row.library == library and not row.candidate.own]
                if own and ours:
                    worse, error = difference(ours[0], own[0], metric)
                    found.append(Verdict(library, quantile, own[0], ours[0], -worse, error))
        return found

    def pooled(self, candidate: Candidate) -> tuple[np.ndarray, np.ndarray]:
        """Targets and predictions of all rows that were tested in the compared folds."""
        fits = [f for f in self.fits_of(candidate) if f.fold in self.compared_folds and not f.error]
        rows = np.concatenate([fit.rows for fit in fits])
        return self.table.y[rows], np.concatenate([fit.prediction for fit in fits])

    def pooled_distribution(self, candidate: Candidate) -> tuple[np.ndarray, Any]:
        """Targets and predicted distributions of the same rows."""
        y, raw = self.pooled(candidate)
        family = candidate.family
        assert family is not None
        return y, family.distribution(raw)

    def fits_of(self, candidate: Candidate) -> list[Fit]:
        return [fit for fit in self.fits if fit.candidate == candidate]

    def _row(self, candidate: Candidate, metric: str) -> Row | None:
        folds = self.compared_folds
        fits = [fit for fit in self.fits_of(candidate) if fit.fold in folds]
        if len(fits) < len(folds) or any(fit.error for fit in self.fits_of(candidate)):
            return None
        scores = {name: np.array([fit.metrics[name] for fit in fits]) for name in fits[0].metrics}
        text = describe(candidate.at(float(np.mean([fit.scale for fit in fits]))))
        if len({fit.objective for fit in fits}) > 1:
            text = "≈".join(text.rsplit("=", 1))  # the parameter that follows the data is the last
        return Row(
            candidate,
            text,
            mean={name: float(values.mean()) for name, values in scores.items()},
            error={name: standard_error(values) for name, values in scores.items()},
            folds=scores[metric],
            rounds=float(np.mean([fit.rounds for fit in fits])),
            seconds=float(np.mean([fit.seconds for fit in fits])),
        )

    @property
    def seconds_left(self) -> float:
        """What the fits to come will take, by the same candidate's earlier folds or by all fits."""
        mean = float(np.mean([fit.seconds for fit in self.fits])) if self.fits else math.nan
        left = 0.0
        for candidate in self.racing:
            times = [fit.seconds for fit in self.fits_of(candidate)]
            expected = float(np.mean(times)) if times else mean
            left += expected * (self.settings.folds - len(times))
        return left / self.settings.jobs

    def to_json(self) -> dict[str, Any]:
        """The whole outcome as plain values."""
        table = self.table
        return _plain({
            "versions": versions(),
            "data": {
                "name": table.name,
                "target": table.target,
                "task": table.task,
                "classes": table.classes,
                "rows": len(table.y),
                "columns": table.columns,
                "roles": {
                    role: values.name
                    for role in ("weight", "group", "time")
                    if (values := getattr(table, role)) is not None
                },
                "notes": table.notes,
            },
            "settings": dataclasses.asdict(self.settings) | {"metric": self.metric},
            "interrupted": self.interrupted,
            "compared_folds": self.compared_folds,
            "failures": self.failures,
            "dropped": [
                {"library": each.candidate.library, "loss": describe(each.candidate.objective),
                 "own": each.candidate.own, "quantile": each.candidate.quantile, "folds": each.folds,
                 "behind": each.behind, "behind_standard_error": each.error}
                for each in self.dropped
            ],
            "warnings": self.warnings,
            "results": [self._json(row, q) for q in self.groups for row in self.rows(q)],
        })  # fmt: skip

    def _json(self, row: Row, quantile: Level) -> dict[str, Any]:
        return {
            "library": row.candidate.library,
            "loss": row.label,
            "own": row.candidate.own,
            "quantile": quantile,
            "judged_by": self.ranking_metric(quantile),
            "place": row.place,
            "mean": row.mean,
            "standard_error": row.error,
            "behind": row.behind,
            "behind_standard_error": row.behind_error,
            "rounds": row.rounds,
            "seconds": row.seconds,
            "folds": [
                {"fold": fit.fold, "loss": fit.objective, "like_ours": fit.like_ours,
                 "rounds": fit.rounds, "seconds": fit.seconds, **fit.metrics}
                for fit in self.fits_of(row.candidate) if not fit.error
            ],
        }  # fmt: skip


def _placed(row: Row, best: Row, metric: str) -> Row:
    """The row with its distance to the best one."""
    behind, error = difference(row, best, metric)
    level = behind == 0.0 or behind <= error  # the error is NaN of one fold, and of infinite scores
    place = "best" if row is best else "level" if level else ""
    return dataclasses.replace(row, behind=behind, behind_error=error, place=place)


def difference(row: Row, other: Row, metric: str) -> tuple[float, float]:
    """By how much `row` is worse than `other`, in the metric's unit, and the standard error over the folds."""
    sign = -1.0 if metric in HIGHER_IS_BETTER else 1.0
    scale = unit(metric, other.mean[metric])
    score, reference = row.mean[metric], other.mean[metric]
    worse = 0.0 if score == reference else sign * (score - reference) / scale
    with np.errstate(invalid="ignore"):  # a CRPS may be infinite, of both
        return worse, standard_error(row.folds - other.folds) / scale


def unit(metric: str, reference: float) -> float:
    """In what differences are told: shares of a score, or numbers where its zero means nothing."""
    share = metric not in DIFFERENCES and 0.0 < abs(reference) < math.inf
    return abs(reference) if share else 1.0


def standard_error(values: np.ndarray) -> float:
    """Of the mean; NaN for one value."""
    if len(values) < 2 or not np.isfinite(values).all():
        return math.nan
    return float(values.std(ddof=1) / math.sqrt(len(values)))


def versions() -> dict[str, str]:
    """Of boostloss, the boosting libraries and what computes for them."""
    found = {"boostloss": boostloss.__version__}
    for name in (*LIBRARIES, "numpy", "numba", "scikit-learn", "pandas"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _plain(value: Any) -> Any:
    """JSON's own types: no tuples, and null for what is not a number."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
