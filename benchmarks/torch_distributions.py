"""Negative log-likelihoods in torch beside those of torch.distributions: forward and backward pass on the CPU.

Both take raw predictions, a location and the logarithm of a scale, or of mean and dispersion; float32, the mean as
reduction, the best of several interleaved rounds, milliseconds. Censored rows, which torch.distributions does not have,
are right-censored at one in three; beside them is what users write by hand, the logarithm of what its distribution
function lacks to 1.

    python -m benchmarks.torch_distributions [--rows 1000000] [--threads 2] [--processor-time]
"""

import argparse
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch import distributions as of_torch

import boostloss as bl
from benchmarks.torch_cpu import best, timing
from boostloss.torch import LossModule


def likelihood(make: Callable[[Tensor, Tensor], Any]) -> Callable[[Tensor, Tensor], Tensor]:
    """The mean negative log-likelihood of a distribution of torch."""

    def loss(raw: Tensor, target: Tensor) -> Tensor:
        return -make(raw[:, 0], raw[:, 1].exp()).log_prob(target).mean()

    return loss


def censored_weibull(raw: Tensor, target: Tensor) -> Tensor:
    """By hand: the density of exact rows, and the survival function of the others."""
    z = (target[:, 0].log() - raw[:, 0]) * (-raw[:, 1]).exp()
    exact = z.exp() - z + raw[:, 1] + target[:, 0].log()
    return torch.where(target[:, 1].isinf(), z.exp(), exact).mean()


def censored_normal(raw: Tensor, target: Tensor) -> Tensor:
    z = (target[:, 0] - raw[:, 0]) * (-raw[:, 1]).exp()
    exact = 0.5 * z * z + raw[:, 1] + 0.9189385
    return torch.where(target[:, 1].isinf(), -torch.special.log_ndtr(-z), exact).mean()


def pairs() -> list[tuple[str, Any, Callable[[Tensor, Tensor], Tensor], bool]]:
    """Ours, theirs, and whether a third of the targets is censored."""
    return [
        ("Normal()", bl.Normal(), likelihood(of_torch.Normal), False),
        ("LogNormal()", bl.LogNormal(), likelihood(of_torch.LogNormal), False),
        ("Laplace()", bl.Laplace(), likelihood(of_torch.Laplace), False),
        ("StudentT(4.0)", bl.StudentT(4.0),
         likelihood(lambda m, s: of_torch.StudentT(4.0, m, s)), False),
        ("Weibull()", bl.Weibull(),
         likelihood(lambda m, s: of_torch.Weibull(m.exp(), 1.0 / s)), False),
        ("GammaDistribution()", bl.GammaDistribution(),
         likelihood(lambda m, s: of_torch.Gamma(1.0 / s, (-m).exp() / s)), False),
        ("NegativeBinomialDistribution()", bl.NegativeBinomialDistribution(),
         likelihood(lambda m, s: of_torch.NegativeBinomial(1.0 / s, logits=m + s.log())), False),
        ("Normal(), censored", bl.Normal(), censored_normal, True),
        ("Weibull(), censored", bl.Weibull(), censored_weibull, True),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    options, clock = timing(parser, rounds=10)
    raw = (0.5 * torch.randn(options.rows, 2)).requires_grad_()
    positive = torch.randn(options.rows).exp()
    open_above = torch.rand(options.rows) < 1.0 / 3.0
    ends = torch.stack([positive, positive.masked_fill(open_above, torch.inf)], dim=1)
    print(f"{options.rows:,} rows, float32, {options.threads} threads")
    print(f"{'':32s} {'ours':>8s} {'theirs':>8s} {'ratio':>6s} {'difference':>11s}")
    for name, loss, theirs, censored in pairs():
        target = ends if censored else positive
        if isinstance(loss, bl.NegativeBinomialDistribution):
            target = positive.floor()
        ours = LossModule(loss)
        a, b = best([ours, theirs], raw, target, options.rounds, clock)
        difference = (ours(raw, target) - theirs(raw, target)).item()
        print(f"{name:32s} {a:8.2f} {b:8.2f} {b / a:6.2f} {difference:11.1e}", flush=True)


if __name__ == "__main__":
    main()
