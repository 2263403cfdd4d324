"""The torch modules on tensors of any shape, dtype and layout: values and gradients of the losses on arrays.

As `test_fuzz.py`, some hundred examples with `make test`, and many with `make fuzz`.
"""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fuzzing import (  # noqa: E402
    CLASSES,
    DISTRIBUTIONS,
    SINGLE,
    anything,
    extremes,
    fuzzed,
    in_domain,
    moderate,
    numbers,
)
from hypothesis import assume, given, note  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import boostloss as bl  # noqa: E402
import boostloss.torch as bt  # noqa: E402
from boostloss.losses.harmonizing import Harmonized  # noqa: E402

pytestmark = pytest.mark.torch

OF_ROWS = [loss for loss in SINGLE if not isinstance(loss, Harmonized | bl.FBeta)]
OF_CLASSES = [loss for loss in CLASSES if loss.n_classes is None]
QUANTILES = bl.Quantile([0.1, 0.5, 0.9])
FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
LAYOUTS = {
    "as it is": lambda x: x,
    "strided": lambda x: torch.stack([x, x], -1).flatten(-2)[..., ::2] if x.ndim else x,
    "transposed": lambda x: x.mT.contiguous().mT if x.ndim > 1 else x,
    "inside": lambda x: torch.stack([x, x, x], -1)[..., 1],
    "behind": lambda x: torch.cat([x.new_zeros(1), x.reshape(-1)])[1:].view(x.shape),
    "permuted": lambda x: x.movedim(0, -1).contiguous().movedim(-1, 0) if x.ndim else x,
}
shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)
TINY = 1e-37  # what float32 keeps


def values(data):
    return data.draw(st.sampled_from([moderate, extremes, anything]))


def tensor(data, array, dtypes=FLOATS):
    """A tensor of these numbers, of some dtype and in some layout."""
    layout = LAYOUTS[data.draw(st.sampled_from(list(LAYOUTS)))]
    return layout(torch.tensor(array).to(data.draw(st.sampled_from(dtypes))))


def targets(loss, y):
    """The nearest targets that a loss takes, in half precision too."""
    positive = isinstance(loss, bl.Gamma) or getattr(loss, "positive", False)
    return np.maximum(in_domain(loss, y), 1e-3 if positive else -np.inf)


def arrays(input, target):
    """What a loss computes with."""
    dtype = torch.promote_types(input.dtype, torch.float32)
    if target.is_floating_point():
        dtype = torch.promote_types(dtype, target.dtype)
    return input.detach().to(dtype).numpy(), target.to(dtype).numpy()


def drawn_weight(data, shape, dtype):
    """A weight for each element or each row, and the array of one for each element; or nothing."""
    kind = data.draw(st.sampled_from(["none", "elements", "rows"]))
    if kind == "none":
        return None, None
    of = shape[:1] if kind == "rows" else shape
    weight = tensor(data, data.draw(numbers(st.floats(0.5, 2.0), of)))
    array = weight.to(dtype).numpy()
    return weight, np.broadcast_to(array.reshape(of + (1,) * (len(shape) - len(of))), shape)


def check(data, loss, input, target, shape, dim=None, slack=TINY):
    """Values and gradients of a module are those of the loss of the same rows.

    Parameters
    ----------
    shape : tuple of int
        Of what a weight is for.
    dim : int, optional
        The dimension that the input has besides.
    slack : float
        By which losses and gradients may differ.
    """
    reduction = data.draw(st.sampled_from(["none", "mean", "sum"]))
    f, y = arrays(input, target)
    weight, array = drawn_weight(data, shape, torch.from_numpy(f).dtype)
    note((loss, reduction, input, target, weight))
    rows = f if dim is None else np.moveaxis(f, dim, -1)
    rows, y = (x.reshape((-1, *x.shape[len(shape) :])) for x in (rows, y))
    of_rows = None if array is None else array.ravel()
    losses, slopes = loss.loss(y, rows, of_rows), loss.gradient_hessian(y, rows, of_rows)[0]
    slopes = slopes.reshape((*shape, *slopes.shape[1:]))
    slopes = slopes if dim is None else np.moveaxis(slopes, -1, dim)
    beyond = np.isfinite(slopes) & (abs(slopes) > float(np.finfo(f.dtype).max))
    expected = losses.reshape((*shape, *losses.shape[1:]))
    size = 0.0
    if reduction != "none":
        finite = losses[np.isfinite(losses)].astype(np.float64)
        count = losses.size if array is None else array.sum() * (losses.size // max(1, array.size))
        # The mean of nothing is NaN, as torch has it, or 0 with weights.
        total = 1.0 if reduction == "sum" or (count == 0.0 and array is not None) else count
        with np.errstate(all="ignore"):
            expected, size = (np.sum(x, dtype=np.float64) / total for x in (losses, abs(finite)))
            slopes = slopes / total
            # Else the sum is infinite, and so is the mean.
            assume(abs(finite).sum() <= float(np.finfo(f.dtype).max))
    value = bt.LossModule(loss, reduction)(input.requires_grad_(), target, weight)
    (gradient,) = torch.autograd.grad(value.sum(), input)
    assert value.dtype == torch.from_numpy(f).dtype
    assert gradient.dtype == input.dtype
    rtol = 1e-5 if f.dtype == np.float32 else 1e-11
    # A loss of intervals is computed in double precision, and may be beyond float32.
    with np.errstate(over="ignore"):
        expected = np.asarray(expected, f.dtype)
    np.testing.assert_allclose(value.detach(), expected, rtol=rtol, atol=rtol * size + slack)
    slack = max(slack, torch.finfo(input.dtype).tiny)
    found, wanted = (x.double() for x in (gradient, torch.tensor(slopes).to(input.dtype)))
    rtol = max(rtol, 4.0 * torch.finfo(input.dtype).eps)
    found, wanted = (np.where(beyond, 0.0, x) for x in (found, wanted))  # infinite until divided
    if dim is not None:  # what cancels may be as large as the derivative by another output
        largest = np.abs(wanted).max(initial=0.0, where=np.isfinite(wanted))
        slack = max(slack, 4.0 * torch.finfo(input.dtype).eps * largest)
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=slack)


@fuzzed(25)
@given(st.data())
def test_rows(data):
    loss, shape = data.draw(st.sampled_from(OF_ROWS)), data.draw(shapes)
    y, f = (data.draw(numbers(values(data), shape)) for _ in range(2))
    of_labels = [torch.int64, torch.bool, torch.uint8] if loss.task == "binary" else []
    target = tensor(data, targets(loss, y), FLOATS + of_labels)
    check(data, loss, tensor(data, f), target, shape)


@fuzzed(8)
@given(st.data())
def test_distributions(data):
    loss, shape = data.draw(st.sampled_from(DISTRIBUTIONS)), data.draw(shapes)
    y = targets(loss, data.draw(numbers(moderate, shape)))
    f = data.draw(numbers(moderate | st.floats(-1e4, 1e4), (*shape, loss.n_outputs)))
    if loss.interval_formula is not None and data.draw(st.booleans()):
        width = data.draw(numbers(st.sampled_from([0.0, 1.0, np.inf]), shape))
        y = np.stack([y, y + width], axis=-1)
    target = tensor(data, y, FLOATS[:2])
    input = tensor(data, f)
    slack = 1e-10 if input.dtype == target.dtype == torch.float64 else 1e-6  # of terms that cancel
    check(data, loss, input, target, shape, dim=-1, slack=slack)


@fuzzed(8)
@given(st.data())
def test_classes(data):
    loss, k = data.draw(st.sampled_from(OF_CLASSES)), data.draw(st.integers(2, 5))
    n, *rest = shape = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=3).map(tuple))
    f = data.draw(numbers(values(data), (n, k, *rest)))
    f = np.where(np.isfinite(f), f, 0.0)  # of infinite scores there is no loss
    input = tensor(data, np.clip(f, -100.0, 100.0))
    y = torch.tensor(data.draw(numbers(st.integers(0, k - 1), shape)), dtype=torch.int64)
    smooth = getattr(loss, "label_smoothing", 0.0)  # whose losses are differences of scores
    check(data, loss, input, LAYOUTS["strided"](y), shape, dim=1, slack=1e-4 if smooth else TINY)


@fuzzed(5)
@given(st.data())
def test_quantiles(data):
    shape = data.draw(shapes)
    y, f = data.draw(numbers(moderate, shape)), data.draw(numbers(values(data), (*shape, 3)))
    check(data, QUANTILES, tensor(data, f), tensor(data, y), shape, dim=-1)


@fuzzed(6)
@given(st.data())
def test_parameters_as_tensors(data):
    """Numbers and tensors of them have the same loss and gradients."""
    shape = data.draw(shapes)
    y, f = (data.draw(numbers(moderate, shape)) for _ in range(2))
    scale = data.draw(st.floats(1e-3, 1e3))
    alpha = data.draw(st.sampled_from([-np.inf, 0.0, 2.0]) | st.floats(-4.0, 2.0))
    kind, given = data.draw(
        st.sampled_from(
            [
                (bt.HuberLoss, {"delta": scale}),
                (bt.LogCoshLoss, {"scale": scale}),
                (bt.BarronLoss, {"alpha": alpha, "scale": scale}),
            ]
        )
    )
    input, target = (tensor(data, x, FLOATS[:2]) for x in (f, y))
    tensors = {name: torch.tensor(x, dtype=torch.float64) for name, x in given.items()}
    found = []
    for module in (kind(**given, reduction="none"), kind(**tensors, reduction="none")):
        at = input.detach().clone().requires_grad_()
        value = module(at, target)
        found.append((value.detach(), *torch.autograd.grad(value.sum(), at)))
    for ours, expected in zip(*found, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-30, check_dtype=False)


@fuzzed(6)
@given(st.data())
def test_what_a_mask_hides_does_not_count(data):
    loss, shape = data.draw(st.sampled_from(OF_ROWS)), data.draw(shapes)
    y, f = (data.draw(numbers(moderate, shape)) for _ in range(2))
    kept = torch.tensor(data.draw(numbers(st.sampled_from([0.0, 1.0]), shape))).bool()
    input, target = tensor(data, f, FLOATS[:2]), tensor(data, targets(loss, y), FLOATS[:2])
    bad = data.draw(st.sampled_from([np.nan, np.inf, -1.0]))
    odd = input.where(kept, bad).requires_grad_()
    for reduction in ("none", "mean", "sum"):
        module = bt.LossModule(loss, reduction)
        value = module(odd, target.where(kept, bad), mask=kept)
        expected = module(input, target, kept.double()).detach()
        torch.testing.assert_close(value.detach(), expected)
        (gradient,) = torch.autograd.grad(value.sum(), odd)
        assert gradient.isfinite().all()
        assert not gradient[~kept].any()
