"""Losses of models that make samples: variational, adversarial and cyclic."""

from typing import Literal, get_args

from torch import Tensor, nn
from torch.nn.functional import logsigmoid, relu

from boostloss.torch._samples import (
    SampleLoss,
    by_sample,
    check_shape,
    elementwise,
    floats,
    widened,
)
from boostloss.torch.location import SquaredErrorLoss
from boostloss.torch.reduction import Reduction, reduced

Kind = Literal["bce", "least_squares", "hinge"]


class GaussianKLLoss(SampleLoss):
    """KL divergence of normal latents from N(0, 1): sum (mean^2 + exp(log_variance) - 1 - log_variance) / 2.

    The sum is over the latents of a sample, the mean over samples.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"

    Raises
    ------
    TypeError
        If an input is not real.
    ValueError
        If the reduction or a shape is not valid.

    References
    ----------
    Kingma and Welling, "Auto-Encoding Variational Bayes", ICLR 2014, appendix B.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import GaussianKLLoss
    >>> GaussianKLLoss()(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2))
    tensor(0.5000)
    """

    def forward(self, mean: Tensor, log_variance: Tensor, weight: Tensor | None = None) -> Tensor:
        """The divergence of a batch.

        Parameters
        ----------
        mean, log_variance : Tensor of shape (n, ...)
            Of the latents, in all dimensions after the first.
        weight : Tensor of shape (n,), optional
            A non-negative weight for each sample.

        Returns
        -------
        Tensor
            Of shape (n,), or a scalar, of at least float32.
        """
        return reduced(divergence(mean, log_variance), self.reduction, weight)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """The divergence of every sample."""
    mean, log_variance = floats(mean=mean, log_variance=log_variance)
    if mean.ndim < 2:
        raise ValueError(f"mean must have shape (n, ...) with latents, got {tuple(mean.shape)}.")
    check_shape("log_variance", log_variance, [mean.shape])
    each = mean.square() + (log_variance.expm1() - log_variance)
    return 0.5 * each.flatten(1).sum(1)


class VAELoss(SampleLoss):
    """Negative evidence lower bound: reconstruction + beta KL, each summed within a sample, averaged over samples.

    The reconstruction is summed over the elements of a sample, as it is a log-likelihood of all of them. Its mean over
    elements as well, the usual mistake, would be the same as a beta as large as their number. The loss of an element
    should be a negative log-likelihood: then beta = 1 gives the bound, up to constants.

    Parameters
    ----------
    reconstruction : torch.nn.Module, optional
        Loss of `input` and `target` with ``reduction="none"``, of this package or of torch, with the samples along its
        first dimension. By default `SquaredErrorLoss`, that of normal elements of variance 1; others are
        `torch.nn.BCEWithLogitsLoss` for binary ones, and `AdaptiveBarronLoss` for elements with outliers, which learns
        the scale of each.
    beta : float, default 1.0
        Weight of the divergence; not negative.
    reduction : {"mean", "sum", "none"}, default "mean"

    Raises
    ------
    TypeError
        If the reconstruction is no module.
    ValueError
        If beta, a reduction or a shape is not valid.

    References
    ----------
    Kingma and Welling, "Auto-Encoding Variational Bayes", ICLR 2014, equation 10. Higgins et al., "beta-VAE", ICLR
    2017. Barron, "A General and Adaptive Robust Loss Function", CVPR 2019, section 3.1, for robust reconstructions.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import VAELoss
    >>> loss = VAELoss(torch.nn.BCEWithLogitsLoss(reduction="none"))
    >>> logits, pixels, latent = torch.zeros(2, 10), torch.ones(2, 10), torch.zeros(2, 3)
    >>> loss(logits, pixels, latent, latent)  # 10 log 2
    tensor(6.9315)
    """

    shown = ("beta",)

    def __init__(
        self,
        reconstruction: nn.Module | None = None,
        beta: float = 1.0,
        reduction: Reduction = "mean",
    ):
        super().__init__(reduction)
        if reconstruction is None:
            reconstruction = SquaredErrorLoss(reduction="none")
        if not 0.0 <= beta < float("inf"):
            raise ValueError(f"beta must be a finite number >= 0, got {beta!r}.")
        self.reconstruction: nn.Module = elementwise("reconstruction", reconstruction)
        self.beta: float = float(beta)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        mean: Tensor,
        log_variance: Tensor,
        weight: Tensor | None = None,
    ) -> Tensor:
        """The loss of a batch.

        Parameters
        ----------
        input, target : Tensor of shape (n, ...)
            What the decoder returned, and what it should have: in the shapes that the reconstruction takes.
        mean, log_variance : Tensor of shape (n, ...)
            Of the latents, in all dimensions after the first.
        weight : Tensor of shape (n,), optional
            A non-negative weight for each sample.

        Returns
        -------
        Tensor
            Of shape (n,), or a scalar, of at least float32.
        """
        far = divergence(mean, log_variance)
        value = self.reconstruction(widened(input), widened(target))
        return reduced(by_sample(value, len(far)).sum(1) + self.beta * far, self.reduction, weight)


class AdversarialLoss(SampleLoss):
    """Losses of the two sides of a generative adversarial network, from the discriminator's scores (logits).

    ============= ===================================== =========================
    kind          discriminator, of real r and fake f   generator
    ============= ===================================== =========================
    bce           log(1 + exp(-r)) + log(1 + exp(f))    log(1 + exp(-f))
    least_squares (r - 1)^2 / 2 + f^2 / 2               (f - 1)^2 / 2
    hinge         max(0, 1 - r) + max(0, 1 + f)         -f
    ============= ===================================== =========================

    That of "bce" is binary cross-entropy, with the generator's side that does not saturate. The discriminator's loss is
    the sum of the reduced losses of real and of fake scores, not half of it as in some code.

    Parameters
    ----------
    kind : {"bce", "least_squares", "hinge"}, default "bce"
    reduction : {"mean", "sum", "none"}, default "mean"

    Raises
    ------
    TypeError
        If scores are not real.
    ValueError
        If the kind, the reduction or a shape is not valid.

    References
    ----------
    Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014. Mao et al., "Least Squares Generative Adversarial
    Networks", ICCV 2017, equation 9. Lim and Ye, "Geometric GAN", 2017, for the hinge.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import AdversarialLoss
    >>> loss = AdversarialLoss("hinge")
    >>> real, fake = torch.tensor([2.0, 0.0]), torch.tensor([-0.5, -3.0])  # of samples that are detached here
    >>> loss.discriminator(fake, real)
    tensor(0.7500)
    >>> loss.generator(fake)
    tensor(1.7500)
    """

    shown = ("kind",)

    def __init__(self, kind: Kind = "bce", reduction: Reduction = "mean"):
        super().__init__(reduction)
        if kind not in get_args(Kind):
            raise ValueError(f"kind must be one of {list(get_args(Kind))}, got {kind!r}.")
        self.kind: Kind = kind

    def forward(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """The discriminator's loss of fake and real scores, or without the real ones the generator's."""
        return self.generator(fake) if real is None else self.discriminator(fake, real)

    def generator(self, fake: Tensor, weight: Tensor | None = None) -> Tensor:
        """The generator's loss.

        Parameters
        ----------
        fake : Tensor
            Scores of samples that the generator made.
        weight : Tensor, optional
            Non-negative, for each score or each row.

        Returns
        -------
        Tensor
            Of the shape of the scores, or a scalar, of at least float32.
        """
        (fake,) = floats(fake=fake)
        value = -fake if self.kind == "hinge" else self.side(fake, True)
        return reduced(value, self.reduction, weight)

    def discriminator(
        self,
        fake: Tensor,
        real: Tensor,
        fake_weight: Tensor | None = None,
        real_weight: Tensor | None = None,
    ) -> Tensor:
        """The discriminator's loss.

        Parameters
        ----------
        fake, real : Tensor
            Scores of samples that the generator made, which it must not be trained by here (detach them), and of real
            ones. Their numbers may differ, but not without a reduction.
        fake_weight, real_weight : Tensor, optional
            Non-negative, for each score or each row.

        Returns
        -------
        Tensor
            Of the shape of the scores, or a scalar, of at least float32.
        """
        fake, real = floats(fake=fake, real=real)
        if self.reduction == "none":
            check_shape("real", real, [fake.shape])
        of_fake = reduced(self.side(fake, False), self.reduction, fake_weight)
        return of_fake + reduced(self.side(real, True), self.reduction, real_weight)

    def side(self, score: Tensor, real: bool) -> Tensor:
        """The loss of scores that should say real, or fake."""
        if self.kind == "least_squares":
            return 0.5 * (score - float(real)).square()
        wrong = -score if real else score
        return relu(1.0 + wrong) if self.kind == "hinge" else -logsigmoid(-wrong)


class CycleConsistencyLoss(SampleLoss):
    """Cycle consistency: \\|F(G(a)) - a\\| + \\|G(F(b)) - b\\|, G and F the maps from one domain to the other and back.

    The mean over the elements of a sample, as in the authors' code, for which their factor of 10 is; then that over the
    samples. The same loss of (F(a), a, G(b), b) is their identity loss.

    Parameters
    ----------
    distance : torch.nn.Module, optional
        Loss of two tensors with ``reduction="none"``; by default the absolute error, `torch.nn.L1Loss`.
    reduction : {"mean", "sum", "none"}, default "mean"

    Raises
    ------
    TypeError
        If the distance is no module, or an input not real.
    ValueError
        If a reduction or a shape is not valid.

    References
    ----------
    Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", ICCV 2017, equation
    2.

    Examples
    --------
    >>> import torch
    >>> from boostloss.torch import CycleConsistencyLoss
    >>> a, b = torch.zeros(2, 3, 8, 8), torch.ones(4, 3, 8, 8)
    >>> CycleConsistencyLoss()(a + 0.5, a, b - 0.25, b)
    tensor(0.7500)
    """

    def __init__(self, distance: nn.Module | None = None, reduction: Reduction = "mean"):
        super().__init__(reduction)
        distance = nn.L1Loss(reduction="none") if distance is None else distance
        self.distance: nn.Module = elementwise("distance", distance)

    def forward(
        self,
        cycled_a: Tensor,
        a: Tensor,
        cycled_b: Tensor,
        b: Tensor,
        a_weight: Tensor | None = None,
        b_weight: Tensor | None = None,
    ) -> Tensor:
        """The loss of a batch of each domain.

        Parameters
        ----------
        cycled_a, a : Tensor of shape (n, ...)
            Samples after both maps, and as they were.
        cycled_b, b : Tensor of shape (m, ...)
            Those of the other domain. Without a reduction m must be n.
        a_weight, b_weight : Tensor of shape (n,) and (m,), optional
            A non-negative weight for each sample.

        Returns
        -------
        Tensor
            Of shape (n,), or a scalar, of at least float32.
        """
        if self.reduction == "none" and len(a) != len(b):
            raise ValueError(
                f"b must hold {len(a)} samples without a reduction, as a, got {len(b)}."
            )
        of_a = reduced(self.error("a", cycled_a, a), self.reduction, a_weight)
        return of_a + reduced(self.error("b", cycled_b, b), self.reduction, b_weight)

    def error(self, name: str, cycled: Tensor, original: Tensor) -> Tensor:
        """The mean error of every sample."""
        cycled, original = floats(**{f"cycled_{name}": cycled, name: original})
        check_shape(f"cycled_{name}", cycled, [original.shape])
        return by_sample(self.distance(cycled, original), len(original)).mean(1)
