"""Negative log-likelihood of Student's t distribution, by its location m and the logarithm s of its scale.

The value, the derivatives by m and s, and their curvatures. With z = (y - m) / exp(s) and df degrees of freedom, (df +
1) / 2 log(1 + z^2 / df) is concave in z^2 and so lies below its tangent: w z^2 / 2 and a constant, w = (df + 1) / (df +
z^2). Of that, the loss of a normal distribution whose rows weigh w, the curvatures are those of `formulas.normal`: w /
exp(2 s), and 1 + w z^2, to which the Fisher information is added, 2 df / (df + 3): Lange, Little & Taylor, "Robust
Statistical Modeling Using the t Distribution", JASA 1989. ``constant`` is what depends on df alone.
"""

from boostloss.ops import exp, log1p


def student_t(y, location, log_scale, df, constant):
    inverse = exp(-log_scale)
    z = (y - location) * inverse
    square = z * z
    weight = (df + 1.0) / (df + square)
    pull = weight * square
    return (
        0.5 * (df + 1.0) * log1p(square / df) + log_scale + constant,
        -weight * z * inverse,
        1.0 - pull,
        weight * inverse * inverse,
        1.0 + 2.0 * df / (df + 3.0) + pull,
    )
