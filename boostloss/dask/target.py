"""One look at the target before training: what a fit decides from all rows.

Target and weights come together on one worker, in the order of the table: the best constant is then the very one that
one machine finds, of any loss. The features stay where they are. `benchmarks/memory.py` tells what that worker holds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dask
import numpy as np
from dask import array as da
from dask import dataframe as dd
from numpy.typing import NDArray

from boostloss.boosting import targets
from boostloss.boosting.estimators import check_task
from boostloss.boosting.workers import Table
from boostloss.losses.base import Loss
from boostloss.losses.classes import best_constant, check_labels
from boostloss.losses.f_beta import FBeta
from boostloss.losses.validation import check_weight

Factors = Callable[[NDArray, int], NDArray | None]  # of the weights of classes, by their rows


@dataclass(frozen=True)
class Target:
    """What a pass over the target tells.

    Attributes
    ----------
    sizes : ndarray of shape (n_parts,)
        Rows of each part; parts without any are left out of the training.
    table : Table
        Of the parts that have rows.
    best : float or ndarray
        The constant raw prediction of least loss.
    classes : ndarray or None
        Of a classification.
    factors : ndarray of shape (n_classes,) or None
        By which the rows of each class weigh more.
    """

    sizes: NDArray[np.intp]
    table: Table
    best: Any
    classes: NDArray | None = None
    factors: NDArray | None = None

    @property
    def n_classes(self) -> int:
        return 0 if self.classes is None else len(self.classes)


def check_loss(loss: Loss, task: str, estimator: Any) -> None:
    """Refuse a loss of the other task, and one that learns after training from rows that did not train."""
    check_task(loss, task, estimator)
    if isinstance(loss, FBeta):
        raise ValueError(
            f"{type(estimator).__name__} cannot learn the threshold of {loss!r}, which rows held out tell after "
            "training: take Logistic(), whose probabilities are the same, and FBeta().fitted on those of other rows."
        )


def column(values: Any, name: str) -> Any:
    """A Dask array or series of one dimension; None as it is."""
    if values is None:
        return None
    if not isinstance(values, da.Array | dd.Series | dd.DataFrame):
        raise TypeError(
            f"{name} must be a Dask array or series, cut into parts as X, got {type(values)}."
        )
    if values.ndim == 1:
        return values
    if values.shape[1] != 1:
        raise ValueError(
            f"{name} must have one column, got shape {values.shape}: soft labels and intervals are for the estimators "
            "of one machine."
        )
    return values.iloc[:, 0] if isinstance(values, dd.DataFrame) else values[:, 0]


def parts_of(values: Any) -> list[Any]:
    """The parts of a collection, not computed yet."""
    # In Dask before 2025.4 optimizing turns parts that the workers hold already into their bare names.
    return np.ravel(values.to_delayed(optimize_graph=False)).tolist()


def look_at(loss: Loss, y: Any, weight: Any, factors: Factors | None = None) -> Any:
    """The `Target` of a training, not computed yet.

    Parameters
    ----------
    loss : Loss
    y, weight : Dask array or series of shape (n_samples,); the weight may be None
    factors : callable, optional
        Of a classification, the factors of the weights of classes.

    Raises
    ------
    ValueError
        When it is computed: if a target is not valid for the loss, or a weight is negative.
    """
    weights = None if weight is None else parts_of(weight)
    if weights is not None and len(weights) != y.npartitions:
        raise ValueError(
            f"sample_weight must be cut as y, into {y.npartitions} parts, got {len(weights)}."
        )
    return dask.delayed(found_in)(loss, parts_of(y), weights, factors)


def found_in(loss: Loss, parts: list, weights: list | None, factors: Factors | None) -> Target:
    """The `Target` of parts that have come together."""
    parts = [np.asarray(part) for part in parts]
    sizes = np.array([len(part) for part in parts])
    y = np.concatenate(parts)
    weight = None
    if weights is not None:
        of_parts = [np.asarray(part) for part in weights]
        if [len(part) for part in of_parts] != sizes.tolist():
            raise ValueError("sample_weight must be cut as y, got parts of other sizes.")
        weight = check_weight(np.concatenate(of_parts), len(y))
    table = Table.of(sizes[sizes > 0], weight)
    if loss.task == "regression":
        return Target(sizes, table, best_constant(loss, y, weight, 0))
    classes, encoded = targets.encode_labels(y)
    encoded = check_labels(loss, encoded, len(classes))
    by_class = None if factors is None else factors(encoded, len(classes))
    if by_class is not None:
        factor = by_class[encoded.astype(np.intp)]
        weight = factor if weight is None else factor * weight
    best = best_constant(loss, encoded, weight, len(classes))
    return Target(sizes, table, best, classes, by_class)


def each_part(function: Callable[..., NDArray], first: Any, *others: Any, dtype: Any) -> Any:
    """What a function makes of every part of a column, and of others cut alike."""
    if isinstance(first, da.Array):
        arrays = [x if isinstance(x, da.Array) else x.to_dask_array() for x in others]
        return da.map_blocks(function, first, *arrays, dtype=dtype)

    def of_series(part: Any, *more: Any) -> Any:
        return part._constructor(function(part, *more), index=part.index)

    columns = [x.to_dask_dataframe() if isinstance(x, da.Array) else x for x in others]
    return dd.map_partitions(
        of_series, first, *columns, meta=(first.name, dtype), align_dataframes=False
    )


def encoded(classes: NDArray, y: Any, name: str = "y") -> Any:
    """The position of each label, part by part."""

    def positions(part: Any) -> NDArray:
        return targets.encode_as(classes, part, name) if len(part) else np.empty(0, np.float32)

    return each_part(positions, y, dtype=np.float32)


def weighted(factors: NDArray | None, positions: Any, weight: Any) -> Any:
    """The weights of rows, times the factors of their classes."""
    if factors is None:
        return weight

    def product(part: Any, of_rows: Any = 1.0) -> NDArray:
        return factors[np.asarray(part).astype(np.intp)] * np.asarray(of_rows)

    others = () if weight is None else (weight,)
    return each_part(product, positions, *others, dtype=np.float64)


def numbers_of_parts(target: Target, beside: Any = None) -> da.Array:
    """For every row the number of its part, in a column; `beside` stands in the columns that follow."""
    sizes = target.sizes[target.sizes > 0]
    others = [None] * len(sizes) if beside is None else parts_of(beside)
    width = 1 if beside is None else 1 + (beside.shape[1] if beside.ndim == 2 else 1)
    shape = lambda n: (n,) if beside is None else (n, width)  # noqa: E731
    made = [
        da.from_delayed(dask.delayed(_numbered)(i, n, other), shape(n), np.float64)
        for i, (n, other) in enumerate(zip(sizes.tolist(), others, strict=True))
    ]
    return da.concatenate(made)


def _numbered(number: int, n: int, beside: Any) -> NDArray[np.float64]:
    numbers = np.full(n, number, np.float64)
    return numbers if beside is None else np.column_stack([numbers, np.asarray(beside)])


def counted(client: Any, tables: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Tables, and how many rows each of their parts has, not computed yet.

    Those of which this is not known stay on the workers from here on.
    """
    tables = {name: client.persist(x) if is_uncounted(x) else x for name, x in tables.items()}
    sizes: dict[str, Any] = {}
    for name, table in tables.items():
        if is_uncounted(table):
            sizes[name] = [dask.delayed(rows_of)(part) for part in parts_of(table)]
        elif isinstance(table, da.Array):
            sizes[name] = list(table.chunks[0])
    return tables, dask.delayed(sizes)


def is_uncounted(table: Any) -> bool:
    """Whether it is cut into parts whose rows nobody has counted."""
    of_array = isinstance(table, da.Array) and np.isnan(table.chunks[0]).any()
    return of_array or isinstance(table, dd.DataFrame | dd.Series)


def rows_of(part: Any) -> int:
    return part.shape[0]


def check_cuts(sizes: NDArray[np.intp], found: dict[str, list[int]], target: str = "y") -> None:
    """Refuse tables that are cut otherwise than the target, whose parts have these sizes."""
    for name, of_table in found.items():
        if len(of_table) != len(sizes):
            raise ValueError(
                f"{name} must be cut as {target}, into {len(sizes)} parts, got {len(of_table)}."
            )
        for i, (n, wanted) in enumerate(zip(of_table, sizes.tolist(), strict=True)):
            if n != wanted:
                raise ValueError(
                    f"{name} must be cut as {target}, of which part {i} has {wanted} rows, got one of {n}."
                )


def with_rows(sizes: NDArray[np.intp], *collections: Any) -> list[Any]:
    """The collections without the parts that have no rows, which the libraries cannot read alone."""
    if sizes.all():
        return list(collections)
    filled = np.flatnonzero(sizes).tolist()
    return [None if x is None else x.partitions[filled] for x in collections]


def aligned(collection: Any) -> Any:
    """Arrays that begin where a number may in memory, as XGBoost 3.4 asks even of those without rows.

    Once they have been sent, NumPy calls these aligned wherever they begin. Numbers of extended precision, which
    XGBoost misreads where they are strided, become float64.
    """
    if not isinstance(collection, da.Array):
        return collection
    collection = targets.in_double_precision(collection)
    return collection.map_blocks(aligned_part, dtype=collection.dtype, meta=collection._meta)


def aligned_part(part: Any) -> Any:
    wrong = type(part) is np.ndarray and part.ctypes.data % part.dtype.alignment
    return np.array(part) if wrong else part


def sizes_of(loss: Loss, y: Any) -> Any:
    """How many rows each part of the target of an evaluation set has, not computed yet."""
    return dask.delayed(_sizes)(loss, parts_of(y))


def _sizes(loss: Loss, parts: list) -> NDArray[np.intp]:
    if loss.task == "regression":
        loss.check_target(np.concatenate([np.asarray(part) for part in parts]))
    return np.array([len(part) for part in parts])


def of_predictions(
    function: Callable[[NDArray], NDArray], raw: Any, n_columns: int, dtype: Any = np.float32
) -> Any:
    """What a function makes of raw predictions, part by part: a column, or one for each of so many."""
    example = function(np.zeros((1, *raw.shape[1:]), np.float32))
    if example.ndim == raw.ndim == 1:
        return each_part(function, raw, dtype=dtype)
    blocks = raw if isinstance(raw, da.Array) else columns_as_told(raw.to_dask_array())
    if raw.ndim == 1:
        chunks = (blocks.chunks[0], (n_columns,))
        return blocks.map_blocks(function, new_axis=1, chunks=chunks, dtype=dtype)
    return blocks.map_blocks(function, drop_axis=1 if example.ndim == 1 else None, dtype=dtype)


def columns_as_told(found: Any) -> Any:
    """An array whose parts without rows have as many columns as it says: the libraries predict other shapes there."""
    if not isinstance(found, da.Array):
        return found
    return found.map_blocks(_of_columns, found.shape[1:], dtype=found.dtype, meta=found._meta)


def _of_columns(part: NDArray, columns: tuple[int, ...]) -> NDArray:
    return part if part.size else np.empty((0, *columns), part.dtype)
