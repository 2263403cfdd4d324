"""Forward and backward pass of the torch modules on the CPU: ours, torch's own and the published robust loss.

Times are the best of several interleaved rounds, in milliseconds, with the mean as reduction; eager and compiled.
On a busy machine threads wait for each other: one thread and its processor time tell more there.

    python -m benchmarks.torch_cpu [--elements 1000000] [--rounds 30] [--threads 2] [--processor-time]
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

import boostloss.torch as bt


class GeneralLoss(nn.Module):
    """Mean of Barron's loss by the published recipe, with its guards against division by zero.

    Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, equation 8; the guards keep alpha and its distance
    from 2 at least one float32 rounding away from 0, and the cases 0, 2 and both infinities are computed apart.
    """

    def __init__(self, alpha: float | Tensor, scale: float | Tensor = 1.0):
        super().__init__()
        for name, value in (("alpha", alpha), ("scale", scale)):
            if isinstance(value, nn.Parameter):
                self.register_parameter(name, value)
            else:
                self.register_buffer(name, torch.as_tensor(value))

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return general_loss(input - target, self.alpha, self.scale).mean()


def general_loss(error: Tensor, alpha: Tensor, scale: Tensor) -> Tensor:
    """The loss of every element."""
    epsilon = torch.finfo(torch.float32).eps
    alpha = alpha.to(error.dtype)
    square = (error / scale) ** 2
    quadratic = 0.5 * square
    distance = torch.clamp(abs(alpha - 2.0), min=epsilon)
    divisor = torch.where(alpha < 0.0, -1.0, 1.0) * torch.clamp(abs(alpha), min=epsilon)
    otherwise = distance / divisor * ((square / distance + 1.0) ** (0.5 * alpha) - 1.0)
    cauchy = torch.log1p(torch.clamp(quadratic, max=3e37))
    welsch = -torch.expm1(-quadratic)
    exponential = torch.expm1(torch.clamp(quadratic, max=87.5))
    infinite = torch.where(alpha == torch.inf, exponential, otherwise)
    finite = torch.where(alpha == -torch.inf, welsch, infinite)
    return torch.where(alpha == 2.0, quadratic, torch.where(alpha == 0.0, cauchy, finite))


def pairs() -> list[tuple[str, nn.Module, str, nn.Module, bool]]:
    """Ours, what it is compared with, and whether the target is a label."""
    own = "torch"
    return [
        ("SquaredErrorLoss()", bt.SquaredErrorLoss(), f"{own} MSELoss", nn.MSELoss(), False),
        ("HuberLoss(1.0)", bt.HuberLoss(1.0), f"{own} HuberLoss", nn.HuberLoss(), False),
        ("HuberLoss(1.0)", bt.HuberLoss(1.0), f"{own} SmoothL1Loss", nn.SmoothL1Loss(), False),
        ("QuantileLoss(0.5)", bt.QuantileLoss(0.5), f"{own} L1Loss", nn.L1Loss(), False),
        (
            "LogisticLoss()",
            bt.LogisticLoss(),
            f"{own} BCEWithLogitsLoss",
            nn.BCEWithLogitsLoss(),
            True,
        ),
        ("BarronLoss(1.0)", bt.BarronLoss(1.0), f"{own} HuberLoss", nn.HuberLoss(), False),
        ("BarronLoss(0.0)", bt.BarronLoss(0.0), "published", GeneralLoss(0.0), False),
        ("BarronLoss(1.5)", bt.BarronLoss(1.5), "published", GeneralLoss(1.5), False),
        (
            "BarronLoss(tensor, tensor)",
            bt.BarronLoss(*free_parameters(1.5)),
            "published, the same",
            GeneralLoss(*free_parameters(1.5)),
            False,
        ),
        ("LogCoshLoss()", bt.LogCoshLoss(), f"{own} HuberLoss", nn.HuberLoss(), False),
        (
            "FocalLoss(2.0)",
            bt.FocalLoss(2.0),
            f"{own} BCEWithLogitsLoss",
            nn.BCEWithLogitsLoss(),
            True,
        ),
    ]


def free_parameters(alpha: float) -> tuple[nn.Parameter, nn.Parameter]:
    return nn.Parameter(torch.tensor([alpha])), nn.Parameter(torch.tensor([1.0]))


def best(
    modules: list[nn.Module],
    input: Tensor,
    target: Tensor,
    rounds: int,
    clock: Callable[[], float],
) -> list[float]:
    """Best time of each module's forward and backward pass in milliseconds, interleaved."""
    times: list[list[float]] = [[] for _ in modules]
    for _ in range(rounds + 2):  # the first rounds compile
        for module, record in zip(modules, times, strict=True):
            input.grad = None
            start = clock()
            module(input, target).backward()
            record.append(clock() - start)
    return [1e3 * min(record[2:]) for record in times]


def timing(
    parser: argparse.ArgumentParser, rounds: int
) -> tuple[argparse.Namespace, Callable[[], float]]:
    """The options of a command, how long and on how many threads to measure among them, and the clock."""
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--processor-time", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    return options, time.process_time if options.processor_time else time.perf_counter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--elements", type=int, default=1_000_000)
    options, clock = timing(parser, rounds=30)
    input = torch.randn(options.elements, requires_grad=True)
    values = torch.randn(options.elements)
    print(f"{options.elements:,} elements, float32, {options.threads} threads")
    print(
        f"{'':26s} {'':24s} {'eager: ours':>11s} {'theirs':>7s} {'ratio':>6s}"
        f" {'compiled: ours':>14s} {'theirs':>7s} {'ratio':>6s}"
    )
    for name, ours, other, theirs, labels in pairs():
        target = (values > 0).float() if labels else values
        a, b = best([ours, theirs], input, target, options.rounds, clock)
        torch._dynamo.reset()
        compiled = [torch.compile(module, fullgraph=True) for module in (ours, theirs)]
        c, d = best(compiled, input, target, options.rounds, clock)
        print(
            f"{name:26s} {other:24s} {a:11.2f} {b:7.2f} {a / b:6.2f} {c:14.2f} {d:7.2f} {c / d:6.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
