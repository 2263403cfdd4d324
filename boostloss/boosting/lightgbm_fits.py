"""What a fit of LightGBM's estimators is given."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from boostloss.boosting import targets
from boostloss.losses.classes import are_soft


def keep_objective(env: Any) -> None:
    """Keep LightGBM from setting the objective to none again, which fails if no feature has two values.

    Without the private name of 4.7 it does so all the same, and fits all other tables.
    """
    if hasattr(env.model, "_Booster__set_objective_to_none"):
        env.model._Booster__set_objective_to_none = True


keep_objective.before_iteration = True  # type: ignore[attr-defined]


def eval_labels(options: dict[str, Any]) -> list[Any]:
    """The targets of the evaluation sets, in whichever of both ways they are given."""
    if options.get("eval_y") is not None:
        return listed(options["eval_y"])
    eval_set = options.get("eval_set")
    return [y for _, y in ([eval_set] if isinstance(eval_set, tuple) else eval_set or [])]


def encode_eval_y(classes: Any, options: dict[str, Any]) -> None:
    """Put positions of classes for the labels of `eval_y`, which LightGBM forgets."""
    given = options.get("eval_y")
    if given is not None:
        encoded = [targets.encode_as(classes, labels, "eval_y") for labels in listed(given)]
        options["eval_y"] = tuple(encoded) if isinstance(given, tuple) else encoded[0]


def by_name(fit: Callable, X: Any, y: Any, *args: Any, **options: Any) -> dict[str, Any]:
    """The options of a fit, some of which were given by position."""
    given = inspect.signature(fit).bind(X, y, *args, **options).arguments
    return {name: value for name, value in given.items() if name not in ("X", "y")}


def listed(eval_y: Any) -> list[Any]:
    """The targets of `eval_y`, which may be one alone."""
    return list(eval_y) if isinstance(eval_y, tuple) else [eval_y]


def with_hard_rows(y: Any, soft: Any, options: dict[str, Any]) -> dict[str, Any]:
    """The options of a classifier's `fit`, where evaluation sets with soft labels have become weighted rows."""
    labels = eval_labels(options)
    if not any(are_soft(each) for each in labels):
        return options
    if options.get("eval_y") is not None:
        tables = listed(options["eval_X"])
    else:
        eval_set = options["eval_set"]
        tables = [X for X, _ in ([eval_set] if isinstance(eval_set, tuple) else eval_set)]
    classes = np.arange(soft[0].shape[1]) if soft else targets.encode_labels(y)[0]
    weights, starts = (
        targets.of_sets(name, options.get(name), len(labels))
        for name in ("eval_sample_weight", "eval_init_score")
    )
    made = [
        targets.hard_rows(classes, f"eval_set[{i}]", X, each, weights[i], starts[i])
        for i, (X, each) in enumerate(zip(tables, labels, strict=True))
    ]
    hard = {name: x for name, x in options.items() if name not in ("eval_X", "eval_y")}
    hard["eval_set"] = [(X, each) for X, each, _, _ in made]
    hard["eval_sample_weight"] = [weight for _, _, weight, _ in made]
    if options.get("eval_init_score") is not None:
        hard["eval_init_score"] = [start for _, _, _, start in made]
    return hard
