"""Scores of predicted distributions, such as those of `predict_distribution`: lower is better."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boostloss.losses.validation import as_column, check_finite, check_weight

__all__ = ["crps", "negative_log_likelihood"]

# Gauss-Legendre nodes on [0, 1], drawn towards both ends, where quantiles of heavy tails grow without bound. So many
# leave an error of 2e-5 of the score for the Laplace distribution, whose density has a peak, and of 3e-6 for others.
NODES, WEIGHTS = np.polynomial.legendre.leggauss(32)
NODES, WEIGHTS = 0.5 * (NODES + 1.0), 0.5 * WEIGHTS
NODES, WEIGHTS = NODES**2 * (3.0 - 2.0 * NODES), WEIGHTS * 6.0 * NODES * (1.0 - NODES)
LEAST = 1e-300  # a probability whose quantile is finite
AT_ONCE = 2_000_000  # quantiles, which keeps the memory small
# The distributions of scipy here that go beyond x with a probability like x^-a, and what scipy calls a.
TAILS = {"t": "df", "fisk": "c"}


def negative_log_likelihood(
    y_true: ArrayLike, distribution: Any, sample_weight: ArrayLike | None = None
) -> float:
    """The mean of -log p(y), the density, or the probability of a count, of each row's distribution at its target.

    It depends on the unit of the target, so that differences count. A single target where the density is next to 0
    may decide it; `crps` forgives more.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Targets of rows that have not trained.
    distribution : scipy.stats distribution with fixed parameters
        Continuous, with a set of parameters for each row, as ``model.predict_distribution(X)`` returns it, or with one
        for all.
    sample_weight : array-like of shape (n_samples,), optional

    Returns
    -------
    float
        Infinite if a target is where a density is 0.

    Raises
    ------
    ValueError
        If the targets are not finite or not as many as the distributions, or the weights are not valid.

    References
    ----------
    Gneiting & Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", JASA 2007, section 4.1.

    Examples
    --------
    >>> import boostloss as bl
    >>> from boostloss.metrics import negative_log_likelihood
    >>> distribution = bl.Normal().distribution([[0.0, 0.0], [3.0, 1.0]])
    >>> round(negative_log_likelihood([0.5, 2.0], distribution), 4)
    1.5153
    """
    y, weight = _checked(y_true, distribution, sample_weight)
    likelihood = distribution.logpdf if hasattr(distribution, "logpdf") else distribution.logpmf
    with np.errstate(all="ignore"):  # of targets far out
        return _mean(-likelihood(y), weight)


def crps(y_true: ArrayLike, distribution: Any, sample_weight: ArrayLike | None = None) -> float:
    """The mean continuous ranked probability score, in the unit of the target.

    That of a row is the integral of (F(x) - 1{x >= y})^2 over all x, F being the distribution function, and twice the
    mean of the pinball losses of all quantiles. Of a distribution that is a single number it is the absolute error.

    It is finite where the tails have less than x^(-1/2) of the probability beyond x, and so for every distribution here
    but two: `FreeStudentT` of 1/2 degree of freedom or fewer, and `LogLogistic` of a scale of 2 or more. With tails
    that are next to as heavy it comes out too small, and of a `log_density` with heavier ones as some number.

    Parameters
    ----------
    y_true, distribution, sample_weight
        As for `negative_log_likelihood`.

    Returns
    -------
    float
        Infinite if it is for a row that weighs.

    Raises
    ------
    ValueError
        As `negative_log_likelihood` does.

    References
    ----------
    Gneiting & Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", JASA 2007, section 4.2; as an
    integral of pinball losses, Laio & Tamea, "Verification tools for probabilistic forecasts of continuous hydrological
    variables", 2007.

    Examples
    --------
    >>> import boostloss as bl
    >>> from boostloss.metrics import crps
    >>> distribution = bl.Normal().distribution([[0.0, 0.0], [3.0, 1.0]])
    >>> round(crps([0.5, 2.0], distribution), 4)
    0.5559
    """
    if not hasattr(distribution, "logpdf"):
        raise ValueError("distribution must be continuous for the CRPS, got one of counts.")
    y, weight = _checked(y_true, distribution, sample_weight)
    with np.errstate(all="ignore"):  # of targets far out
        below, above = distribution.cdf(y), distribution.sf(y)
    # The pinball loss of the quantile of level q is q (y - quantile) below the target, and as much from the other end.
    score, step = np.zeros(len(y)), max(1, AT_ONCE // len(y))
    with np.errstate(all="ignore"):  # in far quantiles of scipy's
        for start in range(0, len(NODES), step):
            some = slice(start, start + step)
            node, share = NODES[some, None], (NODES * WEIGHTS)[some]
            score += below**2 * (share @ (y - distribution.ppf(np.maximum(below * node, LEAST))))
            score += above**2 * (share @ (distribution.isf(np.maximum(above * node, LEAST)) - y))
    return 2.0 * _mean(np.where(_too_heavy(distribution), np.inf, score), weight)


def _mean(scores: NDArray[np.float64], weight: NDArray[np.floating] | None) -> float:
    """The weighted mean, in which rows of weight 0 may be infinite, and the sum of finite ones too large."""
    if weight is None:
        return float((scores / len(scores)).sum())
    share = weight / weight.sum(dtype=np.float64)
    counted = share > 0.0
    return float(share[counted] @ scores[counted])


def _too_heavy(distribution: Any) -> NDArray[np.bool_]:
    """Where the tails of a distribution are known to make its CRPS infinite."""
    name = getattr(getattr(distribution, "dist", None), "name", None)
    if name not in TAILS:
        return np.array(False)
    (shape,) = distribution.args[:1] or (distribution.kwds[TAILS[name]],)
    return np.asarray(shape) <= 0.5


def _checked(
    y_true: ArrayLike, distribution: Any, sample_weight: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.floating] | None]:
    """Targets and weights."""
    y = as_column(y_true, "y_true").astype(np.float64)
    check_finite(y, "y_true")
    n = np.size(distribution.cdf(0.0))
    if len(y) == 0 or n not in (1, len(y)):
        raise ValueError(f"y_true must have a target for each of {n} distributions, got {len(y)}.")
    if sample_weight is None:
        return y, None
    weight = check_weight(sample_weight, len(y))
    if not weight.any():
        raise ValueError("sample_weight must have a weight above 0.")
    return y, weight
