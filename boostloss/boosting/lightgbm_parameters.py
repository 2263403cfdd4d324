"""Parameters that LightGBM would drop, without a word, beside a custom objective."""

from typing import Any

from boostloss.losses.base import Loss

METRIC = ("metric", "metrics", "metric_types")  # LightGBM's names for the parameter

# What only its own objectives read, with the value that changes nothing; the last three are for metrics as well.
OWN = {"reg_sqrt": False, "sigmoid": 1.0, "poisson_max_delta_step": None}
OWN |= dict.fromkeys(("pos_bagging_fraction", "pos_sub_row", "pos_subsample", "pos_bagging"), 1.0)
OWN |= dict.fromkeys(("neg_bagging_fraction", "neg_sub_row", "neg_subsample", "neg_bagging"), 1.0)
OF_METRICS = ("alpha", "fair_c", "tweedie_variance_power")


def refuse_own_parameters(loss: Loss, given: dict[str, Any]) -> None:
    """Refuse the parameters of an estimator that would have no effect."""
    metrics = any(given.get(name) for name in METRIC)
    for name, harmless in (OWN if metrics else OWN | dict.fromkeys(OF_METRICS)).items():
        if given.get(name) not in (None, harmless):
            raise ValueError(
                f"{name} must not be given with {loss!r}, got {given[name]!r}: only LightGBM's own objectives read it. "
                "The parameters of a loss are its own."
            )
