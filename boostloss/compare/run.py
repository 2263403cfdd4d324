"""Cross-validation: the same folds, the same noise and the same early stopping for everyone."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    train_test_split,
)
from threadpoolctl import threadpool_limits

from boostloss.compare.candidates import Candidate, describe
from boostloss.compare.data import InputError, Table, Task
from boostloss.compare.libraries import Rows, Settings, fit
from boostloss.compare.metrics import Level, score
from boostloss.losses.distributions import Distribution
from boostloss.losses.intercept import weighted_quantile
from boostloss.losses.scale import broad_scale, robust_scale

STOP_SHARE = 0.15  # of a training fold is held out to decide when to stop
BLOCKS, BLOCK_ROWS = 20, 10  # at most so many blocks of at least so many test rows are scored apart
TIED = 0.01  # a median residual that is so much smaller than the others is a tie


@dataclass(frozen=True)
class Fold:
    """One split. Labels of `train` and `stop` may be contaminated, those of `test` never are.

    `scale` is the robust standard deviation of a pilot model's residuals on `stop` (regression).
    """

    number: int
    train: Rows
    stop: Rows
    test: Rows
    test_index: np.ndarray
    scale: float

    def sample(self, rows: int, seed: int) -> "Fold":
        """A fold of so many rows, or of its own if they are fewer."""
        share = rows / sum(len(part.y) for part in (self.train, self.stop, self.test))
        train, stop, test = (
            part.sample(round(share * len(part.y)), seed)
            for part in (self.train, self.stop, self.test)
        )
        return Fold(self.number, train, stop, test, np.arange(0), self.scale)


@dataclass(frozen=True, eq=False)
class Fit:
    """What one candidate did on one fold; `error` says why it could not be fitted.

    `prediction` is for the `rows` of the table that the fold tests, raw where a whole distribution is judged; `blocks`
    holds the metrics of parts of these rows.
    """

    candidate: Candidate
    fold: int
    scale: float
    objective: str
    metrics: dict[str, float] = field(default_factory=dict)
    rounds: int = 0
    seconds: float = 0.0
    like_ours: bool = False
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    prediction: np.ndarray = field(default_factory=lambda: np.empty(0))
    blocks: dict[str, np.ndarray] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: str = ""


def split(table: Table, settings: Settings) -> Iterator[Fold]:
    """The folds, one by one; `describe_folds` says how they are made.

    Raises
    ------
    InputError
        At once, if the table is too small.
    """
    rows, count = len(table.y), settings.folds
    if rows < 10 * count:
        raise InputError(f"{rows} rows are too few for {count} folds; 10 for each are needed")
    if table.classes:
        _check_classes(table, settings)
    for option, values, least in (("group", table.group, count), ("time", table.time, count + 2)):
        if values is not None and values.nunique() < least:
            raise InputError(
                f"--{option}: {values.name!r} has {values.nunique()} different values, too few "
                f"for {count} folds; {least} are needed"
            )
    parts = list(_parts(table, settings))
    for number, (fitting, stopping, test, y) in enumerate(parts, start=1):
        for what, chosen in (("train", fitting), ("stop", stopping), ("test", test)):
            n_classes = len(np.unique(y[chosen])) if table.classes else 0
            wanted = len(table.classes) if what == "train" else min(2, len(table.classes))
            if len(chosen) < 2 or n_classes < wanted:
                held = f"{len(chosen)} rows"
                if len(chosen) > 1:
                    held = "one class" if n_classes == 1 else f"{n_classes} of {wanted} classes"
                raise InputError(
                    f"fold {number} would {what} on {held} only: try fewer --folds, or rows that "
                    "are spread more evenly over the groups or times"
                )
    return (_fold(table, settings, number, *part) for number, part in enumerate(parts))


def _check_classes(table: Table, settings: Settings) -> None:
    """Every class must have rows to train on, to stop by and to test in every fold."""
    counts, folds = np.bincount(table.y.astype(int)), settings.folds
    rare = int(counts.min())
    if rare < 2 * folds:
        which = "rarer class" if len(counts) == 2 else f"class {table.classes[counts.argmin()]!r}"
        raise InputError(
            f"{rare} rows of the {which} are too few for {folds} folds; 2 for each are needed"
            + (": try fewer --folds, or leave these rows out" if len(counts) > 2 else "")
        )
    n_train = len(table.y) * (folds - 1) // folds
    if STOP_SHARE * n_train < len(counts):
        raise InputError(
            f"{len(table.y)} rows are too few for {len(counts)} classes: {STOP_SHARE:.0%} of the "
            "training rows must hold one of each"
        )


def describe_folds(table: Table, settings: Settings) -> str:
    """How many folds there are, of which kind, and what stops training in them."""
    share = f"{STOP_SHARE:.0%}"
    if table.time is not None:
        kind = f" in the order of {table.time.name!r}, each trained on earlier rows than it tests"
        held_out = f"the last {share} of the training rows"
    elif table.group is not None:
        kind = f" of whole groups by {table.group.name!r} ({table.group.nunique():,} groups)"
        held_out = f"about {share} of the training groups"
    else:
        kind = ", stratified" if table.classes else ""
        held_out = f"{share} of the training rows"
    return f"{settings.folds} folds{kind}, stopped early by each loss's own value on {held_out}"


def _parts(table: Table, settings: Settings) -> Iterator[tuple[np.ndarray, ...]]:
    """For every fold the rows that train, stop and test, and all labels, noisy in training."""
    for number, (train, test) in enumerate(_cross_validation(table, settings)):
        rng = np.random.default_rng([settings.seed, number])
        y = table.y.copy()
        y[train] = contaminate(y[train], settings.contaminate, table.task, rng)
        fitting, stopping = _hold_out(table, train, y[train], settings.seed)
        yield train[fitting], train[stopping], test, y


def _cross_validation(table: Table, settings: Settings) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The rows to train on and to test, in every fold."""
    if table.time is not None:
        # Folds of whole times: rows of the same time are never on both sides.
        times, code = np.unique(table.time, return_inverse=True)
        for train, test in TimeSeriesSplit(settings.folds).split(times):
            tested = (code >= test[0]) & (code <= test[-1])
            yield np.flatnonzero(code <= train[-1]), np.flatnonzero(tested)
    elif table.group is not None:
        folds = _group_folds(table, settings.folds, settings.seed)
        yield from folds.split(table.X, table.y, table.group)
    else:
        splitter = StratifiedKFold if table.classes else KFold
        folds = splitter(settings.folds, shuffle=True, random_state=settings.seed)
        yield from folds.split(table.X, table.y)


def _group_folds(table: Table, count: int, seed: int) -> GroupKFold | StratifiedGroupKFold:
    splitter = StratifiedGroupKFold if table.classes else GroupKFold
    return splitter(count, shuffle=True, random_state=seed)


def _hold_out(
    table: Table, train: np.ndarray, y: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Positions in `train` of the rows to fit and of those by which training stops."""
    if table.time is not None:
        time = table.time.to_numpy()[train]
        late = time > np.quantile(time, 1 - STOP_SHARE, method="lower")
        late = late if late.any() else time == time.max()
        return np.flatnonzero(~late), np.flatnonzero(late)
    if table.group is not None:
        group = table.group.iloc[train]
        rare = int(np.bincount(y.astype(int)).min()) if table.classes else len(y)
        count = min(round(1 / STOP_SHARE), group.nunique(), rare)
        if count < 2:
            return np.arange(0), np.arange(len(train))  # `split` refuses it
        return next(_group_folds(table, count, seed).split(train, y, group))
    fitting, stopping = train_test_split(
        np.arange(len(train)),
        test_size=STOP_SHARE,
        random_state=seed,
        stratify=y if table.classes else None,
    )
    return fitting, stopping


def _fold(
    table: Table,
    settings: Settings,
    number: int,
    fitting: np.ndarray,
    stopping: np.ndarray,
    test: np.ndarray,
    y: np.ndarray,
) -> Fold:
    neighbours = table.group if table.group is not None else table.time
    if neighbours is not None:  # side by side, as `score_blocks` wants them
        test = test[np.argsort(neighbours.to_numpy()[test], kind="stable")]
    train, stop, tested = (_rows(table, chosen, y) for chosen in (fitting, stopping, test))
    scale = 1.0 if table.classes else residual_scale(train, stop, settings)
    return Fold(number, train, stop, tested, test, scale)


def _rows(table: Table, chosen: np.ndarray, y: np.ndarray) -> Rows:
    weight = None if table.weight is None else table.weight.to_numpy()[chosen]
    return Rows(table.X.iloc[chosen].reset_index(drop=True), y[chosen], weight)


def contaminate(y: np.ndarray, share: float, task: Task, rng: np.random.Generator) -> np.ndarray:
    """The labels with noise on a share of them: other classes, or Cauchy errors.

    The errors are scaled by the robust standard deviation of `y`.
    """
    y = y.copy()
    chosen = rng.choice(len(y), round(share * len(y)), replace=False)
    if task != "regression":
        k = int(y.max()) + 1
        y[chosen] = (y[chosen] + rng.integers(1, k, len(chosen))) % k
    else:
        y[chosen] += robust_scale(y - np.median(y)) * rng.standard_cauchy(len(chosen))
    return y


def residual_scale(train: Rows, stop: Rows, settings: Settings) -> float:
    """The spread of the residuals that a quick robust model leaves; the tuned losses follow it."""
    pilot = HistGradientBoostingRegressor(
        loss="absolute_error", early_stopping=False, random_state=settings.seed
    )
    X, X_stop = _as_numbers(train.X), _as_numbers(stop.X)
    known = ~np.isnan(X).all(axis=0)  # it refuses a column without any value
    with threadpool_limits(settings.threads):
        pilot.fit(np.where(known, X, 0.0), train.y, train.weight)
        error = stop.y - pilot.predict(np.where(known, X_stop, 0.0))
    error -= weighted_quantile(error, stop.weight, 0.5)
    scale, broad = robust_scale(error, stop.weight), broad_scale(error, stop.weight)
    if scale < TIED * broad:  # the targets are few numbers, and the pilot hits more than half
        scale = broad
    centred = train.y - weighted_quantile(train.y, train.weight, 0.5)
    return scale or robust_scale(centred, train.weight) or 1.0


def _as_numbers(X: pd.DataFrame) -> np.ndarray:
    codes = {name: X[name].cat.codes.replace(-1, np.nan) for name in X.select_dtypes("category")}
    return X.assign(**codes).to_numpy(dtype=np.float64)


def evaluate(candidate: Candidate, fold: Fold, task: Task, settings: Settings) -> Fit:
    """Fit the candidate and score it on the test fold; a failure is recorded, not raised."""
    objective, family = candidate.at(fold.scale), candidate.family
    text = describe(objective)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        warnings.simplefilter("ignore", FutureWarning)  # of the libraries about their own API
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            loss = candidate.minimised(fold.scale)
            parts = fold.train, fold.stop, settings, candidate.distribution
            model = fit(candidate.library, objective, loss, task, *parts)
            prediction = np.asarray(model.predict(fold.test.X), dtype=np.float64)
            finite = np.isfinite(prediction).all()
            if finite and family is not None:
                finite = np.isfinite(family.distribution(prediction).logpdf(fold.test.y)).all()
            if not finite:
                raise FloatingPointError("its predictions are not finite")
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return Fit(candidate, fold.number, fold.scale, text, error=reason[:300])
    judged = task, candidate.quantile
    return Fit(
        candidate,
        fold.number,
        fold.scale,
        text,
        metrics=score(fold.test.y, prediction, *judged, fold.test.weight, family),
        rounds=model.rounds,
        seconds=model.seconds,
        like_ours=model.like_ours,
        rows=fold.test_index,
        prediction=prediction,
        blocks=score_blocks(fold.test, prediction, *judged, family),
        warnings=tuple(dict.fromkeys(str(warning.message) for warning in caught)),
    )


def score_blocks(
    rows: Rows,
    prediction: np.ndarray,
    task: Task,
    quantile: Level,
    distribution: Distribution | None = None,
) -> dict[str, np.ndarray]:
    """The metrics of blocks of neighbouring rows, which a race compares pair by pair, and what the blocks weigh.

    Neighbours stay together since they may depend on each other. In a binary task every block holds both classes; of
    more classes the rare ones may be in some blocks only.
    """
    y, weight = rows.y, rows.weight
    kinds = [np.arange(len(y))]
    if task != "regression":
        kinds = [np.flatnonzero(y == label) for label in np.unique(y)]
    n_blocks = max(1, min(BLOCKS, len(y) // BLOCK_ROWS))
    if task == "binary":
        n_blocks = min(n_blocks, *map(len, kinds))
    cut = zip(*(np.array_split(kind, n_blocks) for kind in kinds), strict=True)
    parts = [np.concatenate(part) for part in cut]
    weights = [float(len(part) if weight is None else weight[part].sum()) for part in parts]
    scores = [
        score(
            y[part],
            prediction[part],
            task,
            quantile,
            None if weight is None else weight[part],
            distribution,
        )
        for part in parts
    ]
    found = {name: np.array([each[name] for each in scores]) for name in scores[0]}
    return found | {"weight": np.array(weights)}
