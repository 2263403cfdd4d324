"""Half the unit deviance of the Tweedie distributions whose variance is mean^power, with a log link.

Tweedie, "An Index Which Distinguishes Between Some Important Exponential Families", 1984; Jørgensen, "Exponential
Dispersion Models", JRSS B 1987. Power 1 is Poisson's, power 2 Gamma's.

With A = y mean^(1 - power) and B = mean^(2 - power) the gradient is B - A, the Hessian (power - 1) A + (2 - power) B.
Newton's steps by it explode, upwards at the power 1 and downwards at 2. No quadratic stays above an exponential, but
with the curvature (A + B) / 2 no leaf steps past its best value. Let A and B be the sums over its rows. Moved by s, the
loss has the slope B exp((2 - power) s) - A exp((1 - power) s), which is 0 at s = log(A / B), and the step is
2 (A - B) / (A + B) = 2 tanh(log(A / B) / 2). So it and every shorter step go downhill, as with a quadratic above the
loss. At the power 1 it is Halley's step (XGBoost's pull request 12431).
"""

from boostloss.ops import exp, expm1, log, maximum, minimum, where
from boostloss.ops import power as raised

FAR = 1e30  # whose exponential is infinite
LARGE = 40.0  # beside whose exponential, 2^57, 1 is nothing


def grown(size, distance, result):
    """size * (exp(distance) - 1) where size * exp(distance) is known: the exponential alone may be infinite."""
    return where(distance < LARGE, size * expm1(minimum(distance, LARGE)), result)


def tweedie(y, f, power):
    f = f + 0.0 * y  # NaN for a NaN target
    # The exponential is infinite where f is far below 0, and 0 times that is no number.
    pull = where(y == 0.0, 0.0, y * exp((1.0 - power) * f))
    push = exp((2.0 - power) * f)
    gradient = push - pull
    hessian = (power - 1.0) * pull + (2.0 - power) * push
    positive = y > 0.0
    distance = f - log(where(positive, y, 1.0))
    if power == 1.0:
        loss = where(positive, grown(y, distance, push) - y * minimum(distance, FAR), push)
    elif power == 2.0:
        loss = expm1(-distance) + maximum(distance, -FAR)
    else:
        # y^(2 - power) times what is left of the deviance at y = 1, whose terms cancel near the target
        size = raised(where(positive, y, 1.0), 2.0 - power)
        rise = grown(size, (2.0 - power) * distance, push) / (2.0 - power)
        fall = size * expm1((1.0 - power) * distance) / (power - 1.0)
        loss = where(positive, rise + fall, push / (2.0 - power))
    return loss, gradient, hessian, 0.5 * (pull + push)
