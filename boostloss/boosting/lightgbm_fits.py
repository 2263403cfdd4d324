"""What a fit of LightGBM's estimators is given."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
from numpy.typing import NDArray

from boostloss.boosting import model_text, targets
from boostloss.boosting.continued import check_same_classes, check_same_scale
from boostloss.boosting.exposure import rate, rates_of_sets
from boostloss.boosting.lightgbm_parameters import loss_in
from boostloss.losses.base import Loss


def keep_objective(env: Any) -> None:
    """Keep LightGBM from setting the objective to none again, which fails if no feature has two values.

    Without the private name of 4.7 it does so all the same, and fits all other tables.
    """
    if hasattr(env.model, "_Booster__set_objective_to_none"):
        env.model._Booster__set_objective_to_none = True


keep_objective.before_iteration = True  # type: ignore[attr-defined]


def check_init_model(loss: Loss, model: Any, classes: NDArray | None) -> None:
    """Refuse a model from which a training cannot go on, since it has another link or other classes."""
    if model is None:
        return
    if isinstance(model, str | Path):
        model = lgb.Booster(model_file=model)
    booster = model.booster_ if isinstance(model, lgb.LGBMModel) else model
    text = booster.model_to_string(num_iteration=1)
    record, link = model_text.read_record(text), model_text.link_in(text)
    if loss.task == "binary":
        check_same_classes(record, classes, "init_model")
        return
    check_same_scale(loss, record, link, "init_model", "init_score")


def eval_sets(options: dict[str, Any]) -> list[tuple[Any, Any]]:
    """The evaluation sets, in whichever of both ways they are given."""
    if options.get("eval_y") is not None:
        return list(zip(listed(options.get("eval_X")), listed(options["eval_y"]), strict=False))
    eval_set = options.get("eval_set")
    return [eval_set] if isinstance(eval_set, tuple) else list(eval_set or [])


def encode_eval_y(classes: Any, options: dict[str, Any]) -> None:
    """Put positions of classes for the labels of `eval_y`, which LightGBM forgets."""
    given = options.get("eval_y")
    if given is not None:
        encoded = [targets.encode_as(classes, labels, "eval_y") for labels in listed(given)]
        options["eval_y"] = tuple(encoded) if isinstance(given, tuple) else encoded[0]


def by_name(method: Callable, *args: Any, **options: Any) -> dict[str, Any]:
    """The options of a fit or of a prediction, some of which were given by position."""
    given = inspect.signature(method).bind(*args, **options).arguments
    others = given.pop("kwargs", {})
    return {name: value for name, value in given.items() if name not in ("X", "y")} | others


def listed(given: Any) -> list[Any]:
    """The tables of `eval_X`, or the targets of `eval_y`, which may be one alone."""
    return list(given) if isinstance(given, tuple) else [given]


def with_hard_rows(y: Any, soft: Any, options: dict[str, Any]) -> dict[str, Any]:
    """The options of a classifier's `fit`, where evaluation sets with soft labels have become weighted rows."""
    sets, extra = targets.with_hard_rows(
        y, soft, eval_sets(options), options, "eval_sample_weight", "eval_init_score"
    )
    if not extra:
        return options
    return with_sets(options, sets) | extra


def with_sets(options: dict[str, Any], sets: list[tuple[Any, Any]]) -> dict[str, Any]:
    """The options of a `fit` with other evaluation sets, if there are any."""
    others = {name: x for name, x in options.items() if name != "eval_set"}
    if not sets:
        return others
    tables, labels = (tuple(parts) for parts in zip(*sets, strict=True))
    return others | {"eval_X": tables, "eval_y": labels}


def with_rates(
    params: dict[str, Any], y: Any, options: dict[str, Any], exposure: Any, eval_exposure: Any
) -> tuple[Any, dict[str, Any]]:
    """The target and the options of a regressor's `fit`, in which rates that weigh stand for counts and amounts."""
    loss = loss_in(params)
    y, weight = rate(loss, y, options.get("sample_weight"), exposure, "exposure")
    sets, weights = rates_of_sets(
        loss, eval_sets(options), options.get("eval_sample_weight"), eval_exposure
    )
    options = with_sets(options, sets) | {"sample_weight": weight}
    return y, options | ({"eval_sample_weight": weights} if sets else {})
