"""Pictures of losses, their adaptation, predictions and distributions, on matplotlib axes that are given or new.

Needs matplotlib, which ``pip install boostloss[plot]`` brings.
"""

from boostloss.plot.distributions import plot_coverage, plot_pit
from boostloss.plot.losses import plot_adaptation, plot_curvature, plot_gradient, plot_loss
from boostloss.plot.predictions import plot_quantiles, plot_reliability

__all__ = [
    "plot_adaptation",
    "plot_coverage",
    "plot_curvature",
    "plot_gradient",
    "plot_loss",
    "plot_pit",
    "plot_quantiles",
    "plot_reliability",
]
