"""A loss of K classes from a formula phi of a margin: phi(m), m = f_y - log(sum of exp f_j over the classes j != y).

The margin is the logit of the true class's probability p_y under the softmax, so that the logistic loss becomes the
cross-entropy of the softmax, and every loss of two classes one of many. With the share pi_j = p_j / (1 - p_y) of class
j among the others, dm/df_y = 1 and dm/df_j = -pi_j.
"""

from boostloss.ops import where


def class_derivatives(true, share, slope, curvature):
    """Gradient and curvature in the score of one class, by phi'(m) and by phi''(m) or what takes its place.

    ``true`` says whether it is the true class; ``share`` is its share among the others.
    """
    gradient = where(true, slope, -slope * share)
    hessian = where(true, curvature, share * (curvature * share - slope * (1.0 - share)))
    return gradient, hessian


def class_odds(log_p, log_rest, log_slope):
    """The logarithm of a class's posterior, up to a constant of the row, at which its scores are optimal.

    They are where the expected slopes cancel in every score; with a_y = eta_y |phi'(m_y)|, this is a_j = sum of
    a_y pi_j over y != j, of which a_y = p_y (1 - p_y) is the solution. For the focal loss it is Theorem 11 of
    Charoenphakdee et al., "On Focal Loss for Class-Posterior Probability Estimation", CVPR 2021.
    """
    return log_p + log_rest - log_slope
