"""What the drop-in estimators of all libraries do before and after a fit."""

import importlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing, indexable

from boostloss.boosting.adaptation import Adaptation
from boostloss.boosting.libraries import Library
from boostloss.losses.base import Loss
from boostloss.losses.pickles import FORM, check_stamp, stamp

STAMP = "_boostloss_pickle"
FITTED = ("loss_", "adaptation_", "trainings_")  # what a fit with a loss adds to an estimator


def given_loss(given: Any, name: str) -> Loss | None:
    """The loss that is given as an objective or as a metric; None where it is one of the library."""
    if isinstance(given, type) and issubclass(given, Loss):
        kind = given.__name__
        raise TypeError(f"{name} must be an instance such as {kind}(), got the class {kind}.")
    return given if isinstance(given, Loss) else None


def refuse_losses(metrics: Any, objective: Any) -> None:
    """Refuse what reads raw predictions beside an objective of the library, which hands none over."""
    for each in metrics if isinstance(metrics, list | tuple) else [metrics]:
        of = getattr(each, "loss", None)  # of a metric that `metric` has made
        linked = isinstance(of, Loss) and (of.task == "binary" or of.link_name != "identity")
        if linked or given_loss(each, "a metric") is not None:
            raise ValueError(
                f"{each!r} must not be a metric beside the objective {objective!r}, which is none of boostloss: give a "
                "loss as the objective too, or a callable as the metric."
            )


def check_task(loss: Loss, task: str, estimator: Any) -> None:
    """A regressor takes regression losses, a classifier binary ones."""
    if loss.task != task:
        raise ValueError(
            f"{type(estimator).__name__} takes a {task} loss, got {loss!r}, a {loss.task} loss."
        )


def forget_fit(estimator: Any) -> None:
    """Drop what an earlier fit with a loss has added."""
    for name in FITTED:
        vars(estimator).pop(name, None)


def store_history(estimator: Any, objective: Any) -> None:
    """Keep what an adaptive loss has learned: an array for each parameter, with a value for each round."""
    if isinstance(objective, Adaptation):
        estimator.adaptation_ = objective.history


def all_or_nothing(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method that fits or loads a model succeed, or leave the estimator as it was.

    Otherwise one that fails half-way would answer from the trees of one fit and the loss of another. An interrupt from
    the keyboard stays one: CatBoost wraps the exceptions of Python code that it calls into one of its own.
    """

    @wraps(method)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = dict(vars(self))
        try:
            return method(self, *args, **kwargs)
        except BaseException as error:
            vars(self).clear()
            vars(self).update(before)
            if isinstance(error, Exception) and _tells_of_interrupt(error):
                raise KeyboardInterrupt from error
            raise

    return guarded


def _tells_of_interrupt(error: Exception) -> bool:
    """Whether the text of a CatBoostError, the traceback of an exception, ends with an interrupt.

    What stands before may be about earlier exceptions: CatBoost leaves them set.
    """
    return str(error).rstrip().rpartition("\n")[2].startswith("KeyboardInterrupt")


def nested_parameters(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters of the losses among an estimator's, as ``objective__gamma``, or ``objective__base__delta``.

    A loss has no `get_params` itself, and the estimators list these names only when they are asked: the libraries hand
    the rest of what `get_params` returns to their boosters, and users to constructors.
    """
    found: dict[str, Any] = {}
    for owner, loss in params.items():
        if isinstance(loss, Loss):
            given = loss.given_parameters()
            given |= nested_parameters(given)
            found |= {f"{owner}__{name}": value for name, value in given.items()}
    return found


def with_new_losses(estimator: Any, changes: dict[str, Any]) -> dict[str, Any]:
    """Changes of an estimator's parameters, where ``objective__gamma=1`` has become another objective."""
    if not any("__" in name for name in changes):
        return changes
    return _with_new_losses(estimator.get_params(deep=False), changes)


def _with_new_losses(params: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in changes.items() if "__" not in name}
    params, nested = params | plain, defaultdict[str, dict](dict)
    for name in changes.keys() - plain.keys():
        owner, _, parameter = name.partition("__")
        nested[owner][parameter] = changes[name]
        if not isinstance(params.get(owner), Loss):
            allowed = ", ".join(nested_parameters(params)) or "none"
            raise ValueError(
                f"{name} needs a loss of boostloss as {owner}, got {params.get(owner)!r}; nested parameters: {allowed}."
            )
    for owner, new in nested.items():
        loss = params[owner]
        plain[owner] = loss.with_parameters(**_with_new_losses(loss.given_parameters(), new))
    return plain


def rows_of_table(X: Any, rows: NDArray[np.intp]) -> Any:
    """Some rows of a table of any kind: scikit-learn makes one of a sparse matrix whose rows cannot be taken."""
    (X,) = indexable(X)
    return _safe_indexing(X, rows)


@contextmanager
def temporarily(estimator: Any, **attributes: Any) -> Iterator[None]:
    """Attributes of an estimator that hold for one fit and are not its parameters."""
    before = {name: vars(estimator)[name] for name in attributes if name in vars(estimator)}
    vars(estimator).update(attributes)
    try:
        yield
    finally:
        for name in attributes:
            vars(estimator).pop(name, None)
        vars(estimator).update(before)


class Stamped:
    """The pickle of an estimator: it says which form it has, and a loss that does not suit the estimator is refused."""

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {STAMP: stamp()}  # type: ignore[operator]

    def __setstate__(self, state: dict[str, Any]) -> None:
        kept = {name: value for name, value in state.items() if name != STAMP}
        check_stamp(type(self).__name__, *state.get(STAMP, (FORM, "0.1.0")))
        super().__setstate__(kept)  # type: ignore[misc]
        loss = vars(self).get("loss_")
        if loss is not None and hasattr(self, "task"):  # not where XGBoost copies what is common
            check_task(loss, self.task, self)


def require_names(library: Library, owner: Any, names: Iterable[str]) -> None:
    """Refuse, when an adapter is imported, a version of its library that lacks what the adapter builds on.

    Parameters
    ----------
    library : Library
    owner : object
        A class of the library, or an instance where it is attributes that matter.
    names : iterable of str
        Methods that the adapter overrides and attributes that it sets, and that no public name can stand for.
    """
    missing = [name for name in names if not hasattr(owner, name)]
    if missing:
        kind = owner if isinstance(owner, type) else type(owner)
        version = importlib.import_module(library.name).__version__
        raise ImportError(
            f"boostloss.{library.name} builds on {', '.join(missing)} of {kind.__name__}, which {library.name} "
            f"{version} does not have: install the version of {library.name} that "
            f"pip install 'boostloss[{library.name}]' chooses, or a boostloss that knows this one."
        )
