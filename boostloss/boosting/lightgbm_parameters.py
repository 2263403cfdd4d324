"""Parameters that LightGBM would drop, without a word, beside a custom objective."""

from typing import Any

from numpy.typing import NDArray

from boostloss.boosting.estimators import given_loss, refuse_losses
from boostloss.boosting.targets import (
    balancing_factors,
    check_positive_weight,
    refuse_class_weight,
)
from boostloss.losses.base import Loss

UNBALANCE = (
    "is_unbalance",
    "unbalance",
    "unbalanced_sets",
)  # LightGBM's names for the parameter, and of the next
BOOSTING = ("boosting_type", "boosting", "boost")
OBJECTIVE = ("objective", "objective_type", "app", "application", "loss")
METRIC = ("metric", "metrics", "metric_types")

# What only its own objectives read, with the value that changes nothing; the last three are for metrics as well.
OWN = {"reg_sqrt": False, "sigmoid": 1.0, "poisson_max_delta_step": None}
OWN |= dict.fromkeys(("pos_bagging_fraction", "pos_sub_row", "pos_subsample", "pos_bagging"), 1.0)
OWN |= dict.fromkeys(("neg_bagging_fraction", "neg_sub_row", "neg_subsample", "neg_bagging"), 1.0)
OF_METRICS = ("alpha", "fair_c", "tweedie_variance_power")


def loss_in(params: dict[str, Any], eval_metric: Any = None) -> Loss | None:
    """The loss that is the objective, under any of its names, or None; then none of the metrics may be one."""
    for name in OBJECTIVE:
        loss = given_loss(params.get(name), name)
        if loss is not None:
            return loss
    asked = eval_metric if isinstance(eval_metric, list) else [eval_metric]
    refuse_losses([*asked, *metrics_in(params)], params.get("objective"))
    return None


def metrics_in(params: dict[str, Any]) -> list[Any]:
    """The metrics among the parameters."""
    given = [p for name, p in params.items() if name in METRIC and p]
    split = (p.split(",") if isinstance(p, str) else [p] if callable(p) else p for p in given)
    return [name for part in split for name in part if name]  # "" is that of the objective


def refuse_own_parameters(loss: Loss, given: dict[str, Any]) -> None:
    """Refuse what would have no effect, another objective, and forests, which take no custom objective."""
    if any(given.get(name) in ("rf", "random_forest") for name in BOOSTING):
        raise ValueError(f'boosting_type "rf" takes no custom objective, got {loss!r}.')
    for name in OBJECTIVE:
        if given.get(name) is not None and given[name] is not loss:
            raise ValueError(
                f"{name} must not be given with the objective {loss!r}, got {given[name]!r}."
            )
    for name in METRIC:
        if isinstance(given.get(name), Loss):  # LightGBM cannot read it when it predicts
            raise ValueError(
                f"{name} must be a name or a list, in which losses may stand, got {given[name]!r}: write "
                f"[{given[name]!r}], or give it to fit as eval_metric."
            )
    metrics = any(given.get(name) for name in METRIC)
    for name, harmless in (OWN if metrics else OWN | dict.fromkeys(OF_METRICS)).items():
        if given.get(name) not in (None, harmless):
            raise ValueError(
                f"{name} must not be given with {loss!r}, got {given[name]!r}: only LightGBM's own objectives read it. "
                "The parameters of a loss are its own."
            )


def class_factors(given: dict[str, Any], target: NDArray, n_classes: int) -> Any:
    """The factors of the weights of both classes, by `scale_pos_weight` or `is_unbalance`; 1 for more classes."""
    positive = given.get("scale_pos_weight", 1.0)
    check_positive_weight(positive, n_classes)
    if not any(given.get(name) for name in UNBALANCE):
        return 1.0, positive
    if n_classes > 2:
        raise ValueError(
            f"is_unbalance is for two classes, got {n_classes}: use class_weight='balanced'."
        )
    if positive != 1.0:
        raise ValueError("is_unbalance and scale_pos_weight exclude each other, got both.")
    return balancing_factors(target)


def refuse_class_weights(class_weight: Any, given: dict[str, Any]) -> None:
    """Refuse all weights of classes beside soft labels."""
    refuse_class_weight("class_weight", class_weight)
    refuse_class_weight("scale_pos_weight", given.get("scale_pos_weight"), 1.0)
    for name in UNBALANCE:
        refuse_class_weight(name, given.get(name), False)
