"""The entries of the guide for distributions."""

from boostloss.losses.barron_likelihood import BarronLikelihood
from boostloss.losses.dispersions import GammaDistribution, NegativeBinomialDistribution
from boostloss.losses.entries import Entry, entry
from boostloss.losses.free_student_t import FreeStudentT
from boostloss.losses.location_scale import (
    Laplace,
    LogLogistic,
    LogNormal,
    Normal,
    StudentT,
    Weibull,
)

OF_DISTRIBUTIONS: tuple[Entry, ...] = (
    entry(
        "distributions",
        Normal(),
        "probabilities, densities and intervals, where noise is normal and its spread depends on features",
        "the mean",
        "Wrong targets pull at the mean and widen the spread around them.",
        catboost="RMSEWithUncertainty",
    ),
    entry(
        "distributions",
        LogNormal(),
        "amounts above 0 whose relative spread depends on features",
        "that of maximum likelihood",
        "The mean, which is predicted, grows fast with the spread: where few rows tell that, it is unsteady.",
    ),
    entry(
        "distributions",
        Laplace(),
        "the median and its spread, with some wrong targets",
        "the median",
        "Its density has a corner that noise seldom has: intervals of 90 % are a little too wide.",
    ),
    entry(
        "distributions",
        StudentT(4.0),
        "probabilities, densities and intervals, with wrong targets or heavy tails",
        "that of maximum likelihood",
        "Clean normal noise seems to have tails: far quantiles are too far.",
    ),
    entry(
        "distributions",
        FreeStudentT(),
        "noise whose tails depend on features, of many rows",
        "that of maximum likelihood",
        "Tails are learned from few rows: with less than some thousands StudentT is steadier.",
    ),
    entry(
        "distributions",
        BarronLikelihood(1.0),
        "probabilities and intervals of noise whose tail is between Cauchy's and the normal one",
        "that of maximum likelihood",
        "An alpha too small makes far quantiles too far, one too large lets wrong targets widen the scale.",
    ),
    entry(
        "distributions",
        LogLogistic(),
        "durations and amounts above 0, some of which are censored, with heavy tails",
        "that of maximum likelihood",
        "The prediction is the median, and sums of it are too small: the mean is infinite where the scale is above 1.",
    ),
    entry(
        "distributions",
        Weibull(),
        "times to failure, some of which are censored, with risks that rise or fall with age",
        "that of maximum likelihood",
        "A few durations that are wrong and very long widen all scales around them.",
    ),
    entry(
        "distributions",
        GammaDistribution(),
        "amounts above 0 whose relative spread depends on features",
        "the mean",
        "A few amounts close to 0, such as rounding leaves, make the dispersion large.",
    ),
    entry(
        "distributions",
        NegativeBinomialDistribution(),
        "counts whose scatter beyond Poisson's depends on features; stocks and staffing by quantiles",
        "the mean",
        "Counts that scatter by less than their mean have no dispersion: Poisson is the same and faster.",
    ),
)
