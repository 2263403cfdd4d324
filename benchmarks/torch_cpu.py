"""Forward and backward pass of the torch modules on the CPU: ours, torch's own and the published robust loss.

Times are the best of several interleaved rounds, in milliseconds, with the mean as reduction; eager and compiled.

    python -m benchmarks.torch_cpu [--elements 1000000] [--rounds 30] [--threads 2]
"""

import argparse
import time

import torch
from torch import Tensor, nn

import boostloss.torch as bt
from benchmarks.published import GeneralLoss


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


def best(modules: list[nn.Module], input: Tensor, target: Tensor, rounds: int) -> list[float]:
    """Best time of each module's forward and backward pass in milliseconds, interleaved."""
    times: list[list[float]] = [[] for _ in modules]
    for _ in range(rounds + 2):  # the first rounds compile
        for module, record in zip(modules, times, strict=True):
            input.grad = None
            start = time.perf_counter()
            module(input, target).backward()
            record.append(time.perf_counter() - start)
    return [1e3 * min(record[2:]) for record in times]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--elements", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    input = torch.randn(options.elements, requires_grad=True)
    values = torch.randn(options.elements)
    print(f"{options.elements:,} elements, float32, {options.threads} threads")
    print(
        f"{'':26s} {'':24s} {'eager: ours':>11s} {'theirs':>7s} {'ratio':>6s}"
        f" {'compiled: ours':>14s} {'theirs':>7s} {'ratio':>6s}"
    )
    for name, ours, other, theirs, labels in pairs():
        target = (values > 0).float() if labels else values
        a, b = best([ours, theirs], input, target, options.rounds)
        torch._dynamo.reset()
        compiled = [torch.compile(module, fullgraph=True) for module in (ours, theirs)]
        c, d = best(compiled, input, target, options.rounds)
        print(
            f"{name:26s} {other:24s} {a:11.2f} {b:7.2f} {a / b:6.2f} {c:14.2f} {d:7.2f} {c / d:6.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
