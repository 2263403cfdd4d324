"""The functions of `boostloss.ops` that Gamma and the normal distribution bring, in the others' arithmetic.

Straight lines of `ops`, without a branch: NumPy runs them as they are, numba compiles them into vector instructions,
and a graph of ONNX holds them. torch and mpmath have functions of their own, which the tables at the end name.

The long coefficients are those of rational functions that interpolate at Chebyshev's points, solved for in mpmath with
50 digits: of log Gamma(2 + t) / t for |t| <= 1/2, within 6e-18 of it, and of the mean excess of a normal number for
t = (u - 4) / (u + 4) in [-1, 1], within 2e-16. All are positive, so that sums of them do not cancel. Those of
Stirling's series and its derivatives are B(2k) / (2k (2k - 1)), B(2k) / 2k, B(2k) and (2k + 1) B(2k), with Bernoulli's
numbers B.
"""

from typing import Any

from boostloss import ops

ROOT_2_PI = 2.5066282746310002
# The points of Gauss's quadrature between 0 and 1, and their weights.
GAUSS = (
    (0.0008811451447203998, 0.0022606385492665955), (0.004636880650271497, 0.005249142265576406),
    (0.011370025008112869, 0.008210529190953945), (0.021041590393104173, 0.01112292459708348),
    (0.03359359586066173, 0.0139685034900117), (0.04895059651556285, 0.016730097641273922),
    (0.06702024839387025, 0.019391083987236008), (0.08769388458334416, 0.021935454092836634),
    (0.1108471742867403, 0.024347903817536116), (0.13634087240503645, 0.02661392349196841),
    (0.16402165769291022, 0.028719884549695776), (0.19372305516600988, 0.03065312124646447),
    (0.2252664374524359, 0.03240200672830052), (0.25846209915691065, 0.03395602290761695),
    (0.2931103978141975, 0.03530582369564339), (0.32900295458712076, 0.03644329119790203),
    (0.36592390749637316, 0.03736158452898413), (0.40365120964931445, 0.03805518095031312),
    (0.4419579646623724, 0.038519909082123986), (0.48061379124697456, 0.0387529739892124),
    (0.5193862087530254, 0.0387529739892124), (0.5580420353376276, 0.038519909082123986),
    (0.5963487903506856, 0.03805518095031312), (0.6340760925036268, 0.03736158452898413),
    (0.6709970454128792, 0.03644329119790203), (0.7068896021858025, 0.03530582369564339),
    (0.7415379008430893, 0.03395602290761695), (0.7747335625475641, 0.03240200672830052),
    (0.8062769448339902, 0.03065312124646447), (0.8359783423070898, 0.028719884549695776),
    (0.8636591275949635, 0.02661392349196841), (0.8891528257132597, 0.024347903817536116),
    (0.9123061154166558, 0.021935454092836634), (0.9329797516061298, 0.019391083987236008),
    (0.9510494034844371, 0.016730097641273922), (0.9664064041393383, 0.0139685034900117),
    (0.9789584096068958, 0.01112292459708348), (0.9886299749918871, 0.008210529190953945),
    (0.9953631193497285, 0.005249142265576406), (0.9991188548552796, 0.0022606385492665955),
)  # fmt: skip


def lgamma(x):
    x = positive(x)
    large = x > 6.5
    # From 2.5 on x = z + k with |z - 2| <= 1/2; the product of what lies between is Gamma(x) / Gamma(z).
    z = ops.minimum(x, 6.5)
    product = ops.where(z < 0.5, z * (z + 1.0), ops.where(z < 1.5, z, 1.0))
    below = ops.where(z < 0.5, z, ops.where(z < 1.5, z - 1.0, z - 2.0))
    for _ in range(4):
        high, lower = below >= 0.5, below + 1.0
        product = ops.where(high, product * lower, product)
        below = ops.where(high, below - 1.0, below)
    logarithm = ops.log(ops.where(large, x, product))
    far = (x - 0.5) * (logarithm - 1.0) + (stirling(ops.maximum(x, 6.5)) + 0.4189385332046727)
    near = near_two(below) + ops.where(x < 1.5, -logarithm, logarithm)
    return ops.where(large, far, near)


def positive(x):
    """NaN below 0, and so all that follows from it."""
    return ops.where(x < 0.0, NAN, x)


NAN = float("nan")


def near_two(t):
    """log Gamma(2 + t), of |t| <= 1/2."""
    p = 0.0034112224337486457 + t * 6.592004121668464e-05
    p = 0.04785238906134353 + t * p
    p = 0.2781842697268787 + t * p
    p = 0.7588996356750448 + t * p
    p = 0.9480067876881235 + t * p
    p = 0.42278433509846713 + t * p
    q = 0.0012537756994497478 + t * 1.4166305007605586e-05
    q = 0.02608891595046021 + t * q
    q = 0.21514529191316645 + t * q
    q = 0.8258083331269758 + t * q
    q = 1.4795717398524737 + t * q
    q = 1.0 + t * q
    return t * p / q


def stirling(x):
    """log Gamma(x) - (x - 1/2) log x + x - log(2 pi) / 2, of x >= 6.5."""
    inverse = 1.0 / x
    w = inverse * inverse
    p = 43867.0 / 244188.0 - w * (174611.0 / 125400.0)
    p = 3617.0 / 122400.0 - w * p
    p = 1.0 / 156.0 - w * p
    p = 691.0 / 360360.0 - w * p
    p = 1.0 / 1188.0 - w * p
    p = 1.0 / 1680.0 - w * p
    p = 1.0 / 1260.0 - w * p
    p = 1.0 / 360.0 - w * p
    p = 1.0 / 12.0 - w * p
    return inverse * p


def digamma(x):
    """By the recurrence over eight steps, in pairs: 1 / (x + k) + 1 / (x + 7 - k) = (2x + 7) / (w + k (7 - k))."""
    x = positive(x)
    small = x < 8.0
    z = ops.minimum(x, 8.0)
    w, total = z * (z + 7.0), 2.0 * z + 7.0
    a, b = w * (w + 6.0), (w + 10.0) * (w + 12.0)
    steps = total * ((w + w + 6.0) * b + (w + w + 22.0) * a) / (a * b)
    y = ops.where(small, z + 8.0, x)
    inverse = 1.0 / y
    w = inverse * inverse
    p = 3617.0 / 8160.0 - w * (43867.0 / 14364.0)
    p = 1.0 / 12.0 - w * p
    p = 691.0 / 32760.0 - w * p
    p = 1.0 / 132.0 - w * p
    p = 1.0 / 240.0 - w * p
    p = 1.0 / 252.0 - w * p
    p = 1.0 / 120.0 - w * p
    p = 1.0 / 12.0 - w * p
    return (ops.log(y) - ops.where(small, steps, 0.0)) - inverse * (0.5 + inverse * p)


def trigamma(x):
    """As `digamma`: the squares of x + k and x + 7 - k have the sum 2 (w + k (7 - k)) + (7 - 2 k)^2."""
    x = positive(x)
    small = x < 8.0
    z = ops.minimum(x, 8.0)
    a = z * (z + 7.0)
    b, c, d = a + 6.0, a + 10.0, a + 12.0
    aa, bb, cc, dd = a * a, b * b, c * c, d * d
    above = (a + a + 49.0) * bb + (b + b + 25.0) * aa
    below = (c + c + 9.0) * dd + (d + d + 1.0) * cc
    aa, cc = aa * bb, cc * dd
    steps = (above * cc + below * aa) / (aa * cc)
    y = ops.where(small, z + 8.0, x)
    inverse = 1.0 / y
    w = inverse * inverse
    p = 43867.0 / 798.0 - w * (174611.0 / 330.0)
    p = 3617.0 / 510.0 - w * p
    p = 7.0 / 6.0 - w * p
    p = 691.0 / 2730.0 - w * p
    p = 5.0 / 66.0 - w * p
    p = 1.0 / 30.0 - w * p
    p = 1.0 / 42.0 - w * p
    p = 1.0 / 30.0 - w * p
    p = 1.0 / 6.0 - w * p
    return ops.where(small, steps, 0.0) + inverse * (1.0 + inverse * (0.5 + inverse * p))


def tetragamma(x):
    """As `digamma`: the cubes have the sum (2x + 7) (w + k (7 - k) + (7 - 2 k)^2)."""
    x = positive(x)
    small = x < 8.0
    z = ops.minimum(x, 8.0)
    a = z * (z + 7.0)
    b, c, d = a + 6.0, a + 10.0, a + 12.0
    aa, bb, cc, dd = a * a * a, b * b * b, c * c * c, d * d * d
    above = (a + 49.0) * bb + (b + 25.0) * aa
    below = (c + 9.0) * dd + (d + 1.0) * cc
    aa, cc = aa * bb, cc * dd
    steps = (4.0 * z + 14.0) * ((above * cc + below * aa) / (aa * cc))
    y = ops.where(small, z + 8.0, x)
    inverse = 1.0 / y
    w = inverse * inverse
    p = 854513.0 / 6.0 - w * (1181820455.0 / 546.0)
    p = 1222277.0 / 110.0 - w * p
    p = 43867.0 / 42.0 - w * p
    p = 3617.0 / 30.0 - w * p
    p = 35.0 / 2.0 - w * p
    p = 691.0 / 210.0 - w * p
    p = 5.0 / 6.0 - w * p
    p = 3.0 / 10.0 - w * p
    p = 1.0 / 6.0 - w * p
    p = 1.0 / 6.0 - w * p
    p = 0.5 - w * p
    return -ops.where(small, steps, 0.0) - w * (1.0 + inverse * (1.0 + inverse * p))


def upper_excess(u):
    """phi(u) / Phi(-u) - u, of u >= 0: the mean of what a normal number beyond u has more than u."""
    far = ops.degree(u, 1e3, 1e5)  # from here on two steps of Laplace's continued fraction
    v, tail = ops.minimum(u, far), ops.maximum(u, far)
    p = 5.242964861883321e-06 + v * 1.672197158645098e-07
    p = 8.220081931722647e-05 + v * p
    p = 0.000835232398811882 + v * p
    p = 0.006040661017625456 + v * p
    p = 0.03236109090905182 + v * p
    p = 0.1299406731522398 + v * p
    p = 0.3869868436924847 + v * p
    p = 0.822776282865797 + v * p
    p = 1.1399336784805194 + v * p
    p = 0.7978845608028654 + v * p
    q = 5.242964861883338e-06 + v * 1.6721971586450976e-07
    q = 8.253525874894437e-05 + v * q
    q = 0.0008457183285381943 + v * q
    q = 0.006204059337666453 + v * q
    q = 0.03400009793837527 + v * q
    q = 0.14153581253926176 + v * q
    q = 0.4469178666882159 + v * q
    q = 1.049796129053585 + v * q
    q = 1.7526634304249475 + v * q
    q = 1.8841245713543326 + v * q
    q = 1.0 + v * q
    return ops.where(u > far, 1.0 / (tail + 2.0 / tail), p / q)


def density(u):
    """phi(u), of u >= 0: exp of a square that is exact, and of what it lacks."""
    u = ops.minimum(u, 40.0)
    shifter = ops.degree(u, 1.5 * 2.0**15, 1.5 * 2.0**32)
    rounded = (u + shifter) - shifter
    rest = 0.5 * ((u - rounded) * (u + rounded))
    series = 1.0 - rest * (1.0 - rest * (0.5 - rest * (1.0 / 6.0 - rest * (1.0 / 24.0))))
    return ops.exp(-0.5 * (rounded * rounded)) * (series * 0.3989422804014327)


def log_ndtr(x):
    u, low = abs(x), x < 0.0
    mills = u + upper_excess(u)
    inside = ops.log1p(ops.where(low, mills * ROOT_2_PI - 1.0, -(density(u) / mills)))
    return ops.where(low, -(0.5 * u * u) - inside, inside)


def inverse_mills(x):
    u = abs(x)
    mills, phi = u + upper_excess(u), density(u)
    return ops.where(x < 0.0, mills, phi / (1.0 - phi / mills))


def normal_excess(x):
    u = abs(x)
    excess, phi = upper_excess(u), density(u)
    return ops.where(x < 0.0, excess, u + phi / (1.0 - phi / (u + excess)))


def beyond_zero(function, at_zero):
    """A function of positive numbers, with its value at 0 and NaN below."""
    return lambda mp, x: function(mp, x) if x > 0 else mp.mpf(at_zero) if x == 0 else mp.nan


def log_ndtr_mpmath(mp, x):
    return mp.log1p(-mp.ncdf(-x)) if x > 0 else mp.log(mp.ncdf(x))


def careful(function):
    """With the bits that squares and differences of large numbers lose."""

    def of(mp, x):
        with mp.extraprec(20 + 4 * max(0, mp.mag(x)) if mp.isnormal(x) else 0):
            result = function(mp, x)
        return +result

    return of


MPMATH: dict[str, Any] = {
    "lgamma": beyond_zero(lambda mp, x: mp.loggamma(x), "inf"),
    "digamma": beyond_zero(lambda mp, x: mp.digamma(x), "-inf"),
    "trigamma": beyond_zero(lambda mp, x: mp.psi(1, x), "inf"),
    "tetragamma": beyond_zero(lambda mp, x: mp.psi(2, x), "-inf"),
    "log_ndtr": log_ndtr_mpmath,
    "inverse_mills": careful(lambda mp, x: mp.npdf(x) / mp.ncdf(x)),
    "normal_excess": careful(lambda mp, x: x + mp.npdf(x) / mp.ncdf(x)),
}


def of_positive(function):
    return lambda torch, x: function(torch, positive(x))


# Not `polygamma`, of which ten digits are right.
TORCH: dict[str, Any] = {
    "lgamma": of_positive(lambda torch, x: torch.lgamma(x)),
    "digamma": of_positive(lambda torch, x: torch.digamma(x)),
    "log_ndtr": lambda torch, x: torch.special.log_ndtr(x),
}
NAMES = tuple(MPMATH)
HELPERS = positive, near_two, stirling, upper_excess, density
