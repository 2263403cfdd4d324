"""By how much a probability p = sigmoid(f) goes beyond a label in [0, 1], and by how much it stays below.

Summed over a mask these are its false positives and false negatives; the sum of the labels less the latter is that of
min(p, y), the true positives. So a mask of soft labels agrees with itself: Wang et al., "Jaccard Metric Losses:
Optimizing the Jaccard Index with Soft Labels", NeurIPS 2023, where min(p, y) is written as (p + y - |p - y|) / 2. Of
labels 0 and 1 they are the sums of products of Salehi et al., "Tversky Loss Function for Image Segmentation Using 3D
Fully Convolutional Deep Networks", MLMI 2017.
"""

from boostloss.ops import exp, maximum, where


def overlap(y, f):
    """False positives, false negatives and label of an element."""
    return overlap_and_slope(y, f)[:3]


def overlap_and_slope(y, f):
    """False positives, false negatives and label of an element, and a derivative.

    It is that of the false positives where there are some, of the false negatives where there are those: its sign says
    which.
    """
    p, rest, excess = probability(y, f)
    more, speed = maximum(excess, 0.0), p * rest
    slope = where(excess == 0.0, 0.0, where(excess < 0.0, -speed, speed))
    return more, more - excess, y, slope


def scaled_slope(_, slope, positives, negatives):
    """A signed slope times what belongs to false positives, or to false negatives."""
    return (slope * where(slope > 0.0, positives, negatives),)


def pixel_cost(true, more, less, extra):
    """The derivative by the share of a class, by those by its false positives and false negatives, and a constant.

    A false negative is 1 less the share. The constant, the same for all classes of a pixel, changes no slope: ``less``
    of the true class where its share is above 1/2, and 0 below, leaves the digits that else cancel.
    """
    return where(true, extra - less, more + extra)


def share_slope(share, cost, mean):
    """The derivative of a sum of shares times costs by a score of their softmax; ``mean`` is that sum."""
    return share * (cost - mean)


def logistic_norm(y, f, mu):
    """The size of the gradient of the logistic loss, whatever mu is: for `formulas.harmonized`."""
    _, _, excess = probability(y, f)
    return abs(excess)


def probability(y, f):
    """The probability, that of label 0, and the first less the label, of which no digit is lost."""
    e = exp(-abs(f))
    right = f > 0.0
    larger = 1.0 / (1.0 + e)
    smaller = e * larger
    excess = where(right, (1.0 - y) - smaller, smaller - y)
    return where(right, larger, smaller), where(right, smaller, larger), excess
