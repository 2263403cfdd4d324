"""Gradient and Hessian of 4 million float32 rows: formulas written by hand, from values alone, and by autodiff.

Times of one run, interleaved, the best of several rounds; jax and torch are what a callback would call on NumPy arrays,
and are left out where they are not installed.

    python -m benchmarks.own_kernels [--rows 4000000] [--rounds 9]
"""

import argparse
import importlib.util
import warnings

import numpy as np

import boostloss as bl
from benchmarks._kernel_speed import best
from boostloss import ops
from boostloss.kernels.rows import GRADIENT, HESSIAN, Computation, Rows, fill
from boostloss.kernels.threads import thread_count


def huber(error, delta=1.0):
    size = abs(error)
    return np.where(size <= delta, 0.5 * error**2, delta * (size - 0.5 * delta))


def log_cosh(error):
    return np.log(np.cosh(error))


def log_cosh_by_log1p(error):
    size = abs(error)
    return size + np.log1p(np.exp(-2.0 * size)) - 0.6931471805599453


def log_cosh_careful(error):
    size = abs(error)
    near = size < 1.0
    p, m = np.exp(-size), np.expm1(-size)
    inner = 0.5 * m * m / np.where(near, p, 1.0)
    return np.where(near, 0.0, size) + np.log1p(np.where(near, inner, 0.5 * m * (2.0 + m)))


def barron(error, alpha=1.5):
    b = abs(alpha - 2.0)
    return b / alpha * ((error**2 / b + 1.0) ** (alpha / 2.0) - 1.0)


def barron_careful(error, alpha=1.5):
    b = abs(alpha - 2.0)
    log_u = ops.log1p_square(error / np.sqrt(b))
    z = 0.25 * alpha * log_u
    relative = ops.exprel(z)
    return 0.5 * b * log_u * relative * (1.0 + 0.5 * z * relative)


def focal(margin, gamma=2.0):
    p = 1.0 / (1.0 + np.exp(-margin))
    return -((1.0 - p) ** gamma) * np.log(p)


def focal_careful(margin, gamma=2.0):
    softplus = np.log1p(np.exp(-abs(margin)))
    return np.exp(-gamma * (max(margin, 0.0) + softplus)) * (max(-margin, 0.0) + softplus)


BY_HAND = {huber: bl.Huber(1.0), barron: bl.Barron(1.5, 1.0), barron_careful: bl.Barron(1.5, 1.0)}
BY_HAND |= dict.fromkeys((log_cosh, log_cosh_by_log1p, log_cosh_careful), bl.LogCosh(1.0))
BY_HAND |= dict.fromkeys((focal, focal_careful), bl.Focal(2.0))


def kernel(loss, y, f):
    results = [np.empty_like(f) for _ in range(2)]
    computation = Computation(loss.formula, (GRADIENT, HESSIAN), loss.parameters)
    return lambda: fill(results, computation, Rows(y, f))


def translated(loss, library):
    """The value in the functions of another library."""
    names = {"where": library.where, "log1p": library.log1p, "expm1": library.expm1}
    names |= {name: getattr(library, name) for name in ("exp", "log")}
    names |= {"abs": abs, "sqrt": lambda x: x**0.5, "power": lambda x, p: x**p}
    names |= {"maximum": lambda x, b: library.where(x < b, b, x)}
    names["minimum"] = lambda x, b: library.where(x > b, b, x)
    names["softplus"] = lambda x: library.log1p(library.exp(-abs(x))) + library.where(x > 0, x, 0.0)
    names["log1p_square"] = lambda x: library.log1p(x * x)
    names["exprel"] = lambda x: library.expm1(x) / x
    names["expit"] = lambda x: 1.0 / (1.0 + library.exp(-x))
    *statements, value = loss.trace.text.split("; ")
    arguments = ", ".join((loss.kind, *loss.names))
    body = "".join(f"    {line}\n" for line in (*statements, f"return {value}"))
    exec(f"def value({arguments}):\n{body}", names)
    return lambda x: names["value"](x, *loss.given.values())


def by_torch(loss, y, f):
    import torch

    value = translated(loss, torch)

    def run():
        raw = torch.from_numpy(f).requires_grad_()
        target = torch.from_numpy(y)
        x = raw - target if loss.kind == "error" else (2.0 * target - 1.0) * raw
        (gradient,) = torch.autograd.grad(value(x).sum(), raw, create_graph=True)
        (hessian,) = torch.autograd.grad(gradient.sum(), raw)
        return gradient.detach().numpy(), hessian.numpy()

    return run


def by_jax(loss, y, f):
    import jax
    import jax.numpy as jnp

    value = translated(loss, jnp)

    def of_row(f, y):
        return value(f - y if loss.kind == "error" else (2.0 * y - 1.0) * f)

    both = jax.jit(
        jax.vmap(lambda f, y: (jax.grad(of_row)(f, y), jax.grad(jax.grad(of_row))(f, y)))
    )
    return lambda: [np.asarray(x) for x in both(f, y)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    y = rng.normal(size=options.rows).astype(np.float32)
    f = rng.normal(size=options.rows).astype(np.float32)
    libraries = {"jax": by_jax, "torch": by_torch}
    libraries = {x: make for x, make in libraries.items() if importlib.util.find_spec(x)}
    print(
        f"{options.rows:,} rows, float32, {thread_count()} threads; ratios to the formula by hand"
    )
    print(
        f"{'value':20s} {'by hand ms':>10s} {'own':>6s}" + "".join(f" {x:>6s}" for x in libraries)
    )
    for function, hand in BY_HAND.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            own = bl.loss(function)()
        target = (y > 0).astype(np.float32) if hand.task == "binary" else y
        least, ours = best([kernel(hand, target, f), kernel(own, target, f)], options.rounds)
        others = [best([make(own, target, f)], 3)[0] / least for make in libraries.values()]
        print(
            f"{function.__name__:20s} {1e3 * least:10.2f} {ours / least:6.2f}"
            + "".join(f" {x:6.1f}" for x in others)
        )


if __name__ == "__main__":
    main()
