"""The norm of a loss's gradient as a number in [0, 1], and in which of equal parts of that interval it lies.

Li, Liu & Wang, "Gradient Harmonized Single-Stage Detector", AAAI 2019: of the logistic loss it is |p - y|,
equation 3, which `formulas.overlap` has; of the loss sqrt(d^2 + mu^2) - mu it is |d| / sqrt(d^2 + mu^2), equation 10.
"""

from boostloss.ops import maximum, minimum, sqrt, where


def charbonnier_norm(y, f, mu):
    """That of a squared error that is linear beyond about mu."""
    size = abs(f - y)
    large, small = maximum(size, mu), minimum(size, mu)
    ratio = small / large
    return size / large / sqrt(1.0 + ratio * ratio)  # in this order: no square leaves the range


def tails(norm, bins):
    """A formula of indicators: whether the norm is at or above the begin of each bin but the first, which all are."""
    above = indicators(1, bins - 1)

    def formula(y, f, mu):
        return above(norm(y, f, mu) * bins)

    return formula


def indicators(first, last):
    """A function to whether a number is at least each of some whole numbers: a tuple whose length a compiler knows."""
    if first == last:
        return lambda x: (where(x >= first, 1.0, 0.0 * x),)
    middle = (first + last) // 2
    below, above = indicators(first, middle), indicators(middle + 1, last)
    return lambda x: below(x) + above(x)


def bin_values(norm, bins):
    """A formula of the value that the bin of the norm has, of those of all bins."""
    value = choice(0, bins - 1)

    def formula(y, f, mu, *values):
        return (value(norm(y, f, mu) * bins, values),)

    return formula


def choice(first, last):
    """A function of a number x and values to that at the place x rounded down, at least first and at most last."""
    if first == last:
        return lambda x, values: values[first] + 0.0 * x
    middle = (first + last + 1) // 2
    below, above = choice(first, middle - 1), choice(middle, last)
    return lambda x, values: where(x >= middle, above(x, values), below(x, values))
