"""Loss functions for gradient boosting."""

import importlib
from typing import TYPE_CHECKING, Any

from boostloss._moved import register_old_names
from boostloss.decisions import expected_cost
from boostloss.losses.barron_likelihood import BarronLikelihood
from boostloss.losses.base import Loss
from boostloss.losses.catalogue import (
    LOSSES,
    AbsoluteError,
    Asymmetric,
    Barron,
    BiTemperedLogistic,
    Cauchy,
    Charbonnier,
    CrossEntropy,
    EpsilonInsensitive,
    Expectile,
    Exponential,
    Fair,
    Focal,
    Gamma,
    GemanMcClure,
    GeneralizedCrossEntropy,
    Hinge,
    Huber,
    KLDivergence,
    Linex,
    LogCosh,
    Logistic,
    ModifiedHuber,
    NegativeBinomial,
    Poisson,
    PseudoHuber,
    Quantile,
    SmoothL1,
    SquaredError,
    SquaredHinge,
    SymmetricCrossEntropy,
    Tukey,
    Tweedie,
    Welsch,
    from_string,
)
from boostloss.losses.custom import loss
from boostloss.losses.densities import log_density
from boostloss.losses.dispersions import GammaDistribution, NegativeBinomialDistribution
from boostloss.losses.f_beta import FBeta
from boostloss.losses.free_student_t import FreeStudentT
from boostloss.losses.harmonizing import GHMC, GHMR
from boostloss.losses.location_scale import (
    Laplace,
    LogLogistic,
    LogNormal,
    Normal,
    StudentT,
    Weibull,
)

if TYPE_CHECKING:
    from boostloss.check import check_loss

__version__ = "0.1.0"

__all__ = [
    "GHMC",
    "GHMR",
    "LOSSES",
    "AbsoluteError",
    "Asymmetric",
    "Barron",
    "BarronLikelihood",
    "BiTemperedLogistic",
    "Cauchy",
    "Charbonnier",
    "CrossEntropy",
    "EpsilonInsensitive",
    "Expectile",
    "Exponential",
    "FBeta",
    "Fair",
    "Focal",
    "FreeStudentT",
    "Gamma",
    "GammaDistribution",
    "GemanMcClure",
    "GeneralizedCrossEntropy",
    "Hinge",
    "Huber",
    "KLDivergence",
    "Laplace",
    "Linex",
    "LogCosh",
    "LogLogistic",
    "LogNormal",
    "Logistic",
    "Loss",
    "ModifiedHuber",
    "NegativeBinomial",
    "NegativeBinomialDistribution",
    "Normal",
    "Poisson",
    "PseudoHuber",
    "Quantile",
    "SmoothL1",
    "SquaredError",
    "SquaredHinge",
    "StudentT",
    "SymmetricCrossEntropy",
    "Tukey",
    "Tweedie",
    "Weibull",
    "Welsch",
    "check_loss",
    "expected_cost",
    "from_string",
    "log_density",
    "loss",
]

register_old_names()


def __getattr__(name: str) -> Any:
    from boostloss.boosting.libraries import LIBRARIES

    if name in {*LIBRARIES, "torch"}:  # imported when it is used
        return importlib.import_module(f"boostloss.{name}")
    if name == "check_loss":
        return importlib.import_module("boostloss.check").check_loss
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
