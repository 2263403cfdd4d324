"""Parts and copies of CatBoost's pools, which the user may need again as they are."""

import inspect
import os
from contextlib import suppress
from typing import Any, NamedTuple

import catboost
import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import _num_samples

from boostloss.boosting.estimators import rows_of_table
from boostloss.boosting.exposure import rate, rates_of_sets
from boostloss.boosting.ignored import HALF, Part
from boostloss.losses.smoothing import chosen_rows

OF_ROWS = ("X", "y", "sample_weight", "baseline")  # what `fit` is given for each of them
KINDS = "cat_features", "text_features", "embedding_features"  # of columns that are no numbers


def rows_of(pool: Any, rows: Any) -> Any:
    """Some rows of a pool: a slice reads the memory of the pool, or of its table, but does not keep them by itself."""
    part = pool.slice(rows)
    part.source = pool
    return part


def copy_of(pool: Any) -> Any:
    return rows_of(pool, np.arange(pool.num_row()))


def with_baseline(pool: Any, intercept: float) -> Any:
    """A copy of the pool with a constant baseline."""
    return copy_of(pool).set_baseline(np.full(pool.num_row(), intercept))


class PoolPart(Part):
    """Some rows of a pool, whose labels cannot be replaced: for residuals they stand above a baseline."""

    def to_learn(self, residual: NDArray) -> dict[str, Any]:
        return {"X": self.X.set_baseline(self.y - residual).set_weight(self.counts)}


def pool_parts(pool: Any, intercept: float) -> list[Part]:
    """Two random parts of a pool, less an intercept in its baseline."""
    parts: list[Part] = []
    half = min(HALF, pool.num_row() // 2)
    rows = np.random.default_rng(0).permutation(chosen_rows(pool.num_row(), 2 * half))
    with suppress(Exception):  # what is said of a fit must not make it fail
        for some in (rows[:half], rows[half:]):
            X = rows_of(pool, np.sort(some))
            baseline, weight = X.get_baseline(), np.sign(np.asarray(X.get_weight()))
            start = baseline[:, 0] - intercept if baseline.shape[1] else None
            X.set_baseline(np.zeros(half))
            parts.append(PoolPart(X, numbers_of(X), weight, start))
    return parts


def labels_of(X: Any, y: Any) -> Any:
    """The labels that `fit` is given; None where CatBoost will say what is wrong with them."""
    if y is None and isinstance(X, catboost.Pool):
        return numbers_of(X) if X.is_quantized() else np.asarray(X.get_label())
    return None if y is None else np.asarray(y)


def numbers_of(pool: Any) -> NDArray:
    """The labels of a pool; one that is read from a file shows them as texts, to CatBoost they are float32."""
    labels = np.asarray(pool.get_label())
    if labels.dtype.kind == "U":
        with suppress(ValueError):  # the loss says what is wrong with other texts
            return labels.astype(np.float32)
    return labels


class Table(NamedTuple):
    """What a pool is made of, whose labels CatBoost does not let change."""

    X: Any
    weight: Any
    feature_names: list[str] | None

    def pool(self, labels: NDArray, categories: Any = None) -> Any:
        """A pool of these rows with other labels."""
        return catboost.Pool(
            self.X, labels, categories, weight=self.weight, feature_names=self.feature_names
        )


def table_of(X: Any, weight: Any, name: str) -> Table:
    """The rows that are called X or eval_set, of a pool too."""
    if not isinstance(X, catboost.Pool):
        return Table(X, weight, None)
    kinds = X.get_cat_feature_indices(), X.get_text_feature_indices()
    if any(kinds) or X.get_embedding_feature_indices() or X.is_quantized():
        raise ValueError(
            f"{name} must be a table, not a Pool of categories, texts, embeddings or quantized numbers, with a "
            "distribution, soft labels or more than two classes: its labels give way to numbers of rows. Give "
            "cat_features beside it."
        )
    refuse_baseline(X, name)
    return Table(X.get_features(), np.asarray(X.get_weight()), X.get_feature_names())


def rows_to_stop_by(X: Any, labels: NDArray) -> Any:
    """A pool as it is, with its categories, where its labels are numbers and may stay; of other rows their table.

    What a pool was quantized with is not what the rows to train are: CatBoost would take its bins for theirs.
    """
    stays = isinstance(X, catboost.Pool) and not X.is_quantized()
    if not stays or labels.ndim > 1 or labels.dtype.kind not in "iuf":
        return table_of(X, None, "eval_set")
    refuse_baseline(X, "eval_set")
    return X


def first_number(rows: Any) -> float | None:
    """The first label of a pool; None of a table."""
    return float(numbers_of(rows)[0]) if isinstance(rows, catboost.Pool) else None


def refuse_beside_pool(given: dict[str, Any]) -> None:
    """Refuse labels and weights of rows beside a pool that has its own, as CatBoost does where it trains by itself."""
    if not isinstance(given["X"], catboost.Pool):
        return
    if given.get("sample_weight") is not None:
        raise ValueError(
            "sample_weight must not be given with a Pool: give it to the Pool as its weight."
        )
    if given.get("y") is not None and given["X"].has_label():
        raise ValueError("y must not be given with a Pool that has labels, which train.")


def refuse_baseline(pool: Any, name: str) -> None:
    if pool.get_baseline().shape[1]:
        raise ValueError(
            f"baseline must not be given in {name} with a distribution, soft labels or more than two classes."
        )


def len_of(X: Any) -> int:
    return X.num_row() if isinstance(X, catboost.Pool) else _num_samples(X)


def some_rows(given: dict[str, Any], rows: NDArray[np.intp]) -> dict[str, Any]:
    """The arguments of a fit to some rows."""
    if isinstance(given["X"], catboost.Pool):
        return given | {"X": rows_of(given["X"], rows)}
    own = {name: given[name] for name in OF_ROWS if given.get(name) is not None}
    return given | {name: rows_of_table(values, rows) for name, values in own.items()}


def arguments_of(model: Any, fit: Any, args: Any, options: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `fit` by name, in which rates that weigh stand for counts and amounts, and pools for files."""
    units = {name: options.pop(name, None) for name in ("exposure", "eval_exposure")}
    given = dict(inspect.signature(fit).bind(*args, **options).arguments)
    if model.loss is not None:  # whose fit depends on the labels
        given = with_files_read(given)
    if any(each is not None for each in units.values()):
        given = with_rates(model, given, **units)
    return given


def with_files_read(given: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a fit, in which pools stand for the paths of files."""
    description = given.get("column_description")

    def read(rows: Any, **others: Any) -> Any:
        if not isinstance(rows, str | os.PathLike):
            return rows
        return catboost.Pool(rows, column_description=description, **others)

    X = read(given["X"], pairs=given.get("pairs"), graph=given.get("graph"))
    sets = given.get("eval_set")
    sets = [read(each) for each in sets] if isinstance(sets, list) else read(sets)
    if X is not given["X"]:
        given = {name: x for name, x in given.items() if name != "column_description"}
    return given | {"X": X, "eval_set": sets}


def kinds_of(params: dict[str, Any]) -> dict[str, Any]:
    """Which features are no numbers, as a Pool is told."""
    return {name: params.get(name) for name in KINDS}


def with_rates(model: Any, given: dict[str, Any], exposure: Any, eval_exposure: Any) -> Any:
    """The arguments of a fit, in which rates that weigh stand for counts and amounts."""
    sets = given.get("eval_set")
    single = sets is not None and not isinstance(sets, list)
    sets = [sets] if single else sets or []
    if any(isinstance(rows, catboost.Pool) for rows in (given["X"], *sets)):
        raise ValueError(
            "exposure must not be given with a Pool: give X and y, and eval_set as (X, y)."
        )
    if given.get("y") is None:
        raise ValueError("y must be given with exposure, which divides it.")
    weight = given.get("sample_weight")
    given["y"], given["sample_weight"] = rate(model.loss, given["y"], weight, exposure, "exposure")
    exposures = [eval_exposure] if single else eval_exposure
    rates, weights = rates_of_sets(model.loss, sets, None, exposures)
    asked = model.get_params() | {name: x for name, x in given.items() if x is not None}
    sets = [
        catboost.Pool(X, y, weight=each, **kinds_of(asked))
        for (X, y), each in zip(rates, weights, strict=True)
    ]
    return given | {"eval_set": sets or None}
