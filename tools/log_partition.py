"""The table of boostloss/formulas/log_partition.py: `python -m tools.log_partition` computes and writes it.

Z is the trapezoidal rule, which converges exponentially: in t with x = sqrt(b) sinh(t), where the integrand of a heavy
tail decays like exp(-t) and the branch points x = +-i sqrt(b) do not approach the line as b goes to 0, or in x itself
where alpha is large.
"""

import re
from pathlib import Path

import mpmath as mp

from boostloss.formulas import log_partition as module

DIGITS = 36
DEGREE = 17
CUT = 75  # exp(-75) of the integrand is left out


def partition(alpha, b):
    """The integral of exp(-rho(x, alpha, 1)), to 26 digits; b is |alpha - 2| without its rounding."""
    if mp.isinf(alpha):
        end = mp.sqrt(2 * mp.log1p(CUT))
        return trapezoid(lambda x: mp.exp(-mp.expm1(x * x / 2)), end)
    log_u = mp.mpf(0)
    for _ in range(60):  # where the loss, less the logarithm of dx/dt, is CUT
        loss = CUT + log_u / 2
        log_u = 2 / alpha * mp.log1p(loss * alpha / b) if alpha else 2 * loss / b
    if alpha > 3:
        return trapezoid(
            lambda x: mp.exp(-b / alpha * mp.expm1(alpha / 2 * mp.log1p(x * x / b))),
            mp.sqrt(b * mp.expm1(log_u)),
        )

    def integrand(t):
        cosh = mp.cosh(t)
        loss = b / alpha * mp.expm1(alpha * mp.log(cosh)) if alpha else b * mp.log(cosh)
        return mp.sqrt(b) * cosh * mp.exp(-loss)

    return trapezoid(integrand, mp.acosh(mp.exp(log_u / 2)))


def trapezoid(f, end):
    """Twice the integral from 0 of an even function, by halving the step until 26 digits stay."""
    n = 24
    total = f(mp.mpf(0)) / 2 + mp.fsum(f(end * i / n) for i in range(1, n + 1))
    while True:
        middle = mp.fsum(f(end * (2 * i + 1) / (2 * n)) for i in range(n))
        if abs(middle - total) < n * mp.mpf(10) ** -26:
            return (total + middle) * end / n
        total += middle
        n *= 2


def row(piece):
    """The middle of a piece and the coefficients of its polynomial, highest power first."""
    above, middle = divmod(piece, module.PIECES)
    middle += mp.mpf(1) / 2
    zoom = module.ZOOM_ABOVE if above else module.ZOOM_BELOW
    distances, values = [], []
    for j in range(DEGREE + 1):
        distance = mp.cos(mp.pi * (2 * j + 1) / (2 * DEGREE + 2)) / 2
        fraction = module.START + (middle + distance) * (1 - mp.mpf(module.START)) / module.PIECES
        # log_partition's change of variable, backwards
        ratio = mp.expm1((1 / fraction - 1) / module.RATE) / zoom
        b = 2 / ratio if above else 2 / (1 + ratio)
        alpha = 2 + b if above else b * ratio
        difference = mp.log(partition(alpha, b)) - mp.log(2 * mp.pi) / 2
        values.append(abs(difference) * fraction * (1 + zoom * ratio))
        distances.append(distance)
    powers = mp.matrix([[x**k for k in range(DEGREE, -1, -1)] for x in distances])
    return [float(middle), *map(float, mp.lu_solve(powers, mp.matrix(values)))]


def main():
    """Compute the table and put it in place."""
    with mp.workdps(DIGITS):
        rows = [row(piece) for piece in range(2 * module.PIECES)]
    lines = []
    for numbers in rows:
        lines.append("    (")
        for i in range(0, len(numbers), 4):
            lines.append("        " + " ".join(f"{x!r}," for x in numbers[i : i + 4]))
        lines.append("    ),")
    table = "\n".join(["TABLE = (", *lines, ")  # fmt: skip"])
    path = Path(module.__file__)
    text = path.read_text("utf-8")
    text, count = re.subn(r"^TABLE = \(.*?^\)  # fmt: skip", table, text, flags=re.S | re.M)
    assert count == 1
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
