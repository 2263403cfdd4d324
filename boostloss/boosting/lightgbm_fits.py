"""What a fit of LightGBM's estimators is given."""

from typing import Any


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


def listed(eval_y: Any) -> list[Any]:
    """The targets of `eval_y`, which may be one alone."""
    return list(eval_y) if isinstance(eval_y, tuple) else [eval_y]
