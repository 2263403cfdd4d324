"""Forward and backward pass of the torch modules on a GPU, beside what its memory can do.

The limit is a copy of a tensor, read and written. A loss must read input and target, and write the gradient, or save it
in the forward pass: 20 bytes for each float32 element in both passes, by which its share of the bandwidth is counted.
Times are the median of several rounds.

    python -m benchmarks.gpu [--elements 100000000] [--rounds 20] [--device cuda]
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import nn

import boostloss.torch as bt
from benchmarks.torch_cpu import GeneralLoss
from benchmarks.torch_masks import monai_tversky, torchvision_focal

BYTES = 20  # of an element: both passes


def seconds(function: Callable[[], object], device: torch.device, rounds: int) -> float:
    """Median time of a call."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    times = []
    for _ in range(rounds + 3):  # the first ones compile
        wait()
        start = time.perf_counter()
        function()
        wait()
        times.append(time.perf_counter() - start)
    return statistics.median(times[3:])


class OneImage(nn.Module):
    """A loss of masks, or a function, of elements as the pixels of one image with one channel."""

    def __init__(self, loss: Callable):
        super().__init__()
        self.loss = loss

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return self.loss(input[None, None], target[None, None])


def losses() -> list[tuple[str, nn.Module, bool]]:
    """Name, module, and whether the target is a label."""
    shape = torch.nn.Parameter(torch.tensor([1.5])), torch.nn.Parameter(torch.tensor([1.0]))
    return [
        ("HuberLoss(1.0)", bt.HuberLoss(1.0), False),
        ("torch HuberLoss", nn.HuberLoss(), False),
        ("LogisticLoss()", bt.LogisticLoss(), True),
        ("torch BCEWithLogitsLoss", nn.BCEWithLogitsLoss(), True),
        ("LogCoshLoss()", bt.LogCoshLoss(), False),
        ("QuantileLoss(0.9)", bt.QuantileLoss(0.9), False),
        ("FocalLoss(2.0)", bt.FocalLoss(2.0), True),
        ("torchvision's focal formula", OneImage(torchvision_focal), True),
        ("TverskyLoss(0.3, 0.7)", OneImage(bt.TverskyLoss(0.3, 0.7)), True),
        ("MONAI's Tversky formula", OneImage(monai_tversky), True),
        ("GHMCLoss()", bt.GHMCLoss(), True),
        ("GHMRLoss()", bt.GHMRLoss(), False),
        ("HingeLoss()", bt.HingeLoss(), True),
        ("GeneralizedCrossEntropyLoss", bt.GeneralizedCrossEntropyLoss(), True),
        ("BiTemperedLogisticLoss()", bt.BiTemperedLogisticLoss(), True),
        ("BarronLoss(1.5)", bt.BarronLoss(1.5), False),
        ("published general loss", GeneralLoss(1.5), False),
        ("BarronLoss(tensor, tensor)", bt.BarronLoss(*shape), False),
        ("published, the same", GeneralLoss(*shape), False),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--elements", type=int, default=100_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--device", default="cuda", help="cpu tries the script without a GPU")
    options = parser.parse_args()
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        print("No CUDA device: nothing to measure here.")
        return 2

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    input = torch.randn(options.elements, device=device)
    values = torch.randn(options.elements, device=device)
    copy = seconds(input.clone, device, options.rounds)
    bandwidth = 8 * options.elements / copy
    print(
        f"{name}, torch {torch.__version__}, {options.elements:,} float32 elements;"
        f" copy {1e3 * copy:.2f} ms, {bandwidth / 1e9:.0f} GB/s"
    )
    print(f"{'':28s} {'compiled ms':>11s} {'of the bandwidth':>16s} {'eager ms':>9s}")
    input.requires_grad_()
    labels = (values > 0).float()
    for title, module, binary in losses():
        target = labels if binary else values
        module.to(device)

        def step(loss: Callable, target: torch.Tensor = target) -> None:
            input.grad = None
            loss(input, target).backward()

        torch._dynamo.reset()
        compiled = torch.compile(module, fullgraph=True)
        fused = seconds(lambda loss=compiled: step(loss), device, options.rounds)
        eager = seconds(lambda loss=module: step(loss), device, options.rounds)
        share = BYTES * options.elements / fused / bandwidth
        print(f"{title:28s} {1e3 * fused:11.2f} {share:16.0%} {1e3 * eager:9.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
