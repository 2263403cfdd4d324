"""Other derivatives of the losses of overlap than the gradient by the logits, on both sides of where a kernel is."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.autograd import forward_ad  # noqa: E402

import boostloss.torch as bt  # noqa: E402

pytestmark = pytest.mark.torch


def data(shape):
    """Logits, and a generator of more."""
    generator = torch.Generator().manual_seed(0)
    return 2.0 * torch.randn(shape, generator=generator, dtype=torch.float64), generator


def functions():
    """Losses of masks and of classes, of an input on either side of what their kernels are used for."""
    mask = (torch.arange(128).reshape(2, 1, 64) % 3 == 0).double()
    yield (
        lambda x, w=None: bt.TverskyLoss(0.3, 0.7, reduction="none")(x, mask, w),
        (2, 1, 64),
        (2, 1, 64),
    )
    yield (
        lambda x, w=None: bt.GeneralizedDiceLoss(reduction="none")(x, mask, w),
        (2, 1, 64),
        (2, 1, 64),
    )
    for pixels in (40, 1024):
        index = torch.arange(2 * pixels).reshape(2, pixels) % 3

        def of_classes(x, w=None, index=index):
            return bt.TverskyLoss(0.3, 0.7, reduction="none")(x, index, w)

        yield of_classes, (2, 3, pixels), (2, pixels)


def test_weights_of_pixels_get_their_gradient():
    for function, shape, of_weight in functions():
        logits, generator = data(shape)
        weight = torch.rand(of_weight, generator=generator, dtype=torch.float64, requires_grad=True)
        for x in (logits, logits.clone().requires_grad_()):
            gradient = torch.autograd.grad(function(x, weight).sum(), weight)[0]
            for place in ((0,) * len(of_weight), (-1,) * len(of_weight)):
                step = torch.zeros_like(weight)
                step[place] = 1e-5
                with torch.no_grad():
                    change = (function(x, weight + step) - function(x, weight - step)).sum() / 2e-5
                torch.testing.assert_close(gradient[place], change, rtol=1e-5, atol=1e-9)


@pytest.mark.filterwarnings(
    "ignore:`torch.jit.script` is deprecated"
)  # by torch's own forward mode
def test_many_gradients_at_once_and_forward_mode():
    for function, shape, _ in functions():
        logits, generator = data(shape)
        logits.requires_grad_()
        value = function(logits)
        seeds = torch.rand((3, *value.shape), generator=generator, dtype=torch.float64)
        each = torch.stack(
            [torch.autograd.grad(value, logits, seed, retain_graph=True)[0] for seed in seeds]
        )
        several = torch.autograd.grad(
            value, logits, seeds, is_grads_batched=True, retain_graph=True
        )[0]
        torch.testing.assert_close(several, each)
        mapped = torch.vmap(
            lambda seed, v=value, x=logits: torch.autograd.grad(v, x, seed, retain_graph=True)[0]
        )
        torch.testing.assert_close(mapped(seeds), each)
        tangent = torch.randn(shape, generator=generator, dtype=torch.float64)
        with forward_ad.dual_level():
            change = forward_ad.unpack_dual(
                function(forward_ad.make_dual(logits.detach(), tangent))
            ).tangent
        torch.testing.assert_close((change * seeds[0]).sum(), (each[0] * tangent).sum())


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_a_trace_of_an_input_without_gradient_has_one():
    for function, shape, _ in functions():
        logits, _ = data(shape)
        traced = torch.jit.trace(function, (logits,))
        x, again = logits.clone().requires_grad_(), logits.clone().requires_grad_()
        ours, theirs = (
            torch.autograd.grad(traced(x).sum(), x)[0],
            torch.autograd.grad(function(again).sum(), again)[0],
        )
        torch.testing.assert_close(ours, theirs)


def test_labels_that_change_after_the_forward_pass_reach_no_other_memory():
    logits, _ = data((1, 4, 4096))
    labels = np.zeros((1, 4096), np.int64)
    x = logits.requires_grad_()
    value = bt.DiceLoss()(x, torch.from_numpy(labels))
    labels[:] = 10**7  # unseen by torch
    assert torch.autograd.grad(value, x)[0].isfinite().all()
