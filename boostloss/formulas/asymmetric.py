"""A loss of the error that counts ``ratio`` times as much where the prediction is too low.

Granger, "Prediction with a Generalized Cost of Error Function", Operational Research Quarterly 1969.

The majorizer, for a loss rho that is concave in error^2, with w its own and h > l the factors of both sides. Where the
error counts h, the parabola with the curvature h w lies above h rho on both sides. At an error e that counts l, write
the one with curvature c as l rho(e) + l w e (x - e) + c/2 (x - e)^2. On the other side rho(x) is at most rho(e) + w/2
(x^2 - e^2). With c = h w the parabola falls short of h times that by at most (h - l) (rho(e) - w e^2), and (x - e)^2 is
at least e^2 there: so 2 (h - l) (rho(e) / e^2 - w) more are enough. Where rho is convex nothing is missing, since then
rho(e) <= w e^2.
"""

from boostloss.ops import maximum, where


def asymmetric(formula):
    """The formula of a loss with another factor for each side: of target, raw prediction, ratio and its parameters."""

    def formula_of_sides(y, f, ratio, *parameters):
        loss, gradient, hessian, majorizer = formula(y, f, *parameters)
        low = f < y
        side = where(low, ratio, 1.0)
        heavier, lighter = maximum(ratio, 1.0), -maximum(-ratio, -1.0)
        error = where(f == y, 1.0, f - y)
        # A loss that overflows has grown about as the square of the error: nothing is missing.
        finite = where(loss - loss == 0.0, loss, 0.0)
        missing = maximum((finite / error) / error - majorizer, 0.0)
        bound = (
            heavier * majorizer + where(side < heavier, 2.0 * (heavier - lighter), 0.0) * missing
        )
        return side * loss, side * gradient, side * hessian, bound

    return formula_of_sides
