"""The torch modules of masks, samples and images on tensors of any dtype and layout: what plain ones of float64 give.

As `test_fuzz.py`, a few examples with `make test-torch`, and many with `make fuzz`.
"""

import pytest

torch = pytest.importorskip("torch")

from fuzzing import fuzzed, numbers  # noqa: E402
from hypothesis import given, note  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from test_fuzz_torch import FLOATS, LAYOUTS, drawn_weight, tensor  # noqa: E402

import boostloss.torch as bt  # noqa: E402

pytestmark = pytest.mark.torch

# All dtypes hold them. Next to 0 a probability would be a label of a half in one precision alone, where a slope jumps.
scores = st.integers(-120, 120).map(lambda quarters: quarters / 4.0)
REDUCTIONS = "none", "mean", "sum"
MASKS = {
    "Tversky": lambda **options: bt.TverskyLoss(0.3, 0.7, **options),
    "Dice": bt.DiceLoss,
    "Jaccard": bt.JaccardLoss,
    "focal Tversky": bt.FocalTverskyLoss,
    "generalized Dice": bt.GeneralizedDiceLoss,
}


def check(module, *inputs, others=(), plain=None, **given):
    """Values and gradients are those of the same numbers in float64, to the digits of the inputs.

    Parameters
    ----------
    module : callable
    *inputs : Tensor
        By which there are gradients.
    others, plain : tuple of Tensor
        What is given behind them, and the same in float64.
    **given : Tensor or None
        Likewise.
    """
    note((inputs, others, given))
    exact = [x.detach().double().contiguous().requires_grad_() for x in inputs]
    doubled = {
        name: x if x is None or not x.is_floating_point() else x.double().contiguous()
        for name, x in given.items()
    }
    inputs = [x.requires_grad_() for x in inputs]
    found, expected = (
        module(*inputs, *others, **given),
        module(*exact, *(others if plain is None else plain), **doubled),
    )
    least = torch.promote_types(inputs[0].dtype, torch.float32)
    assert torch.promote_types(found.dtype, least) == found.dtype
    # Terms of size 30 are added and taken away in all of them.
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-4, equal_nan=True)
    if not expected.isfinite().all():
        return
    slopes, wanted = (
        torch.autograd.grad(value.sum(), at, allow_unused=True)
        for value, at in ((found, inputs), (expected, exact))
    )
    for x, ours, right in zip(inputs, slopes, wanted, strict=True):
        assert ours.dtype == x.dtype
        digits = max(1e-4, 8.0 * torch.finfo(x.dtype).eps)
        torch.testing.assert_close(ours.double(), right, rtol=digits, atol=digits)


@fuzzed(4)
@given(st.data())
def test_masks(data):
    n, k, *size = shape = data.draw(st.lists(st.integers(1, 4), min_size=3, max_size=4))
    mode = data.draw(st.sampled_from(["binary", "multilabel", "multiclass"]))
    options = {
        "mode": mode,
        "over": data.draw(st.sampled_from(["image", "batch"])),
        "smooth": data.draw(st.sampled_from([0.0, 1.0])),
        "reduction": data.draw(st.sampled_from(REDUCTIONS)),
    }
    if mode == "multiclass":
        k = shape[1] = max(k, 2)
        labels = data.draw(numbers(st.integers(0, k - 1), (n, *size)))
        target = plain = LAYOUTS["strided"](torch.tensor(labels).long())
    else:
        soft = data.draw(numbers(st.integers(0, 8), shape)) / 8.0  # which all dtypes hold
        target, plain = tensor(data, soft), torch.tensor(soft)
    module = MASKS[data.draw(st.sampled_from(list(MASKS)))](**options)
    note(module)
    input = tensor(data, data.draw(numbers(scores, tuple(shape))))
    check(module, input, others=(target,), plain=(plain,))


@fuzzed(2)
@given(st.data())
def test_samples(data):
    n, k = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 5))
    positive, negative = (
        tensor(data, data.draw(numbers(scores, shape)), FLOATS[:2]) for shape in ((n,), (n, k))
    )
    ids = [
        torch.tensor(data.draw(numbers(st.integers(0, 6), x.shape))) for x in (positive, negative)
    ]
    given = dict(zip(("positive_id", "negative_id"), ids, strict=True))
    if data.draw(st.booleans()):
        given = {}
    weight, _ = drawn_weight(data, (n,), torch.float32)
    kind = data.draw(st.sampled_from([bt.NegativeSamplingLoss, bt.SampledSoftmaxLoss]))
    module = kind(reduction=data.draw(st.sampled_from(REDUCTIONS)))
    check(module, positive, negative, weight=weight, **given)
    both = torch.cat([negative.detach().new_zeros(n, n), negative.detach()], 1)
    within = bt.InBatchSoftmaxLoss(reduction=data.draw(st.sampled_from(REDUCTIONS)))
    check(within, both, weight=weight)


@fuzzed(2)
@given(st.data())
def test_images_and_latents(data):
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=3, max_size=4)))
    reduction = data.draw(st.sampled_from(REDUCTIONS))
    weight, _ = drawn_weight(data, shape[:1], torch.float32)
    image = tensor(data, data.draw(numbers(st.integers(-8, 8), shape)))
    isotropic = data.draw(st.booleans())
    check(bt.TotalVariationLoss(isotropic, reduction), image, weight=weight)
    mean, log_variance = (
        tensor(data, data.draw(numbers(st.floats(-6.0, 6.0), shape[:2]))) for _ in range(2)
    )
    check(bt.GaussianKLLoss(reduction), mean, log_variance, weight=weight)


@fuzzed(2)
@given(st.data())
def test_harmonized(data):
    shape = tuple(data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=2)))
    reduction = data.draw(st.sampled_from(["mean", "sum"]))
    label = data.draw(numbers(st.integers(0, 1), shape))
    # Far from the borders of the bins, on whose sides float16 and float64 would be.
    score = data.draw(numbers(st.sampled_from([-4.0, -1.0, 0.25, 0.5, 3.0]), shape))
    input, target = tensor(data, score), tensor(data, label)

    def fresh(input, target):
        return bt.GHMCLoss(bins=7, reduction=reduction)(input, target)

    check(fresh, input, others=(target,), plain=(torch.tensor(label),))
