"""The expectation of a loss over a label that is 1 with a probability: what a soft label says.

Where the label is smoothed before, that is Szegedy et al., "Rethinking the Inception Architecture for Computer Vision",
CVPR 2016, section 7.
"""

from boostloss.ops import where


def of_soft_labels(formula):
    """The formula for labels in [0, 1] of one for labels 0 and 1."""

    def formula_of_soft_labels(y, f, *parameters):
        # Numbers as labels: the compiler computes once what both have in common.
        for_1 = formula(1.0, f, *parameters)
        for_0 = formula(0.0, f, *parameters)
        return (
            mean(y, for_1[0], for_0[0]),
            mean(y, for_1[1], for_0[1]),
            mean(y, for_1[2], for_0[2]),
            mean(y, for_1[3], for_0[3]),
        )

    return formula_of_soft_labels


def mean(y, for_1, for_0):
    """The mean, in which what has no probability may be infinite."""
    return where(y == 0.0, 0.0, y * for_1) + where(y == 1.0, 0.0, (1.0 - y) * for_0)
