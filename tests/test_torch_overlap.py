"""The losses of masks: definitions in NumPy, rules for empty masks, soft labels, and which error weighs what."""

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import f1_score, jaccard_score

torch = pytest.importorskip("torch")

import boostloss.torch as bt  # noqa: E402
from boostloss.formulas.overlap import overlap, overlap_and_slope, scaled_slope  # noqa: E402
from boostloss.kernels import class_overlap, segments  # noqa: E402
from boostloss.kernels.rows import BLOCK, Rows  # noqa: E402
from boostloss.torch import _derivative  # noqa: E402

pytestmark = pytest.mark.torch

both_paths = pytest.mark.parametrize("kernel", [True, False], ids=["kernel", "operations"])


@pytest.fixture
def take(monkeypatch):
    """Choose between the kernels and tensor operations."""
    monkeypatch.setattr(
        "boostloss.torch._masks.MANY", 1
    )  # pixels that a kernel of classes is used for
    return lambda kernel: monkeypatch.setattr(_derivative, "kernel_runs", lambda tensor: kernel)


LOSSES = {
    "tversky": (
        lambda **options: bt.TverskyLoss(0.2, 0.9, **options),
        lambda tp, fp, fn: 1.0 - tp / (tp + 0.2 * fp + 0.9 * fn),
    ),
    "dice": (bt.DiceLoss, lambda tp, fp, fn: 1.0 - 2.0 * tp / (2.0 * tp + fp + fn)),
    "jaccard": (bt.JaccardLoss, lambda tp, fp, fn: 1.0 - tp / (tp + fp + fn)),
    "focal": (
        lambda **options: bt.FocalTverskyLoss(0.3, 0.7, 4.0 / 3.0, **options),
        lambda tp, fp, fn: (1.0 - tp / (tp + 0.3 * fp + 0.7 * fn)) ** 0.75,
    ),
}
each = pytest.mark.parametrize("name", LOSSES)


def published_counts(p, g, weight):
    """Sums of products over pixels, as Salehi et al. have them for labels 0 and 1."""
    return [(weight * x).sum(-1) for x in (p * g, p * (1.0 - g), (1.0 - p) * g)]


def data(shape, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = 2.0 * torch.randn(shape, generator=generator, dtype=dtype)
    weight = torch.rand(shape, generator=generator, dtype=dtype)
    return logits, weight, generator


@both_paths
@each
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_mask(name, dtype, kernel, take):
    take(kernel)
    make, published = LOSSES[name]
    logits, weight, generator = data((3, 5, 7), dtype)
    target = torch.randint(0, 2, (3, 5, 7), generator=generator)
    flat = [x.double().numpy().reshape(3, 35) for x in (logits, target, weight)]
    expected = published(*published_counts(expit(flat[0]), *flat[1:]))
    rtol = 1e-12 if dtype == torch.float64 else 1e-6
    found = make(reduction="none")(logits, target, weight)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=rtol)
    np.testing.assert_allclose(make()(logits, target, weight), expected.mean(), rtol=rtol)
    all_pixels = [x.reshape(1, -1) for x in flat]
    expected = published(*published_counts(expit(all_pixels[0]), *all_pixels[1:]))
    found = make(reduction="none", over="batch")(logits, target, weight)
    assert found.shape == ()
    np.testing.assert_allclose(found, expected[0], rtol=rtol)


@both_paths
@each
@pytest.mark.parametrize("mode", ["multilabel", "multiclass", "indices"])
@pytest.mark.parametrize("weighted", [True, False])
def test_several_masks_and_classes(name, mode, weighted, kernel, take):
    take(kernel)
    make, published = LOSSES[name]
    logits, weight, generator = data((3, 4, 6, 5))
    index = torch.randint(0, 4, (3, 6, 5), generator=generator)
    one_hot = torch.nn.functional.one_hot(index, 4).movedim(-1, 1)
    pixel_weight = weight if mode == "multilabel" else weight[:, 0]
    in_all = (pixel_weight if mode == "multilabel" else pixel_weight[:, None]).numpy()
    if not weighted:
        pixel_weight, in_all = None, np.ones(())
    link = expit if mode == "multilabel" else lambda x: softmax(x, axis=1)
    shape = logits.shape
    arrays = link(logits.numpy()), one_hot.numpy(), np.broadcast_to(in_all, shape)
    expected = published(*published_counts(*(x.reshape(3, 4, 30) for x in arrays)))
    target = index if mode == "indices" else one_hot
    options = {} if mode == "indices" else {"mode": mode}
    found = make(reduction="none", **options)(logits, target, pixel_weight)
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    images, classes = torch.tensor([0.5, 2.0, 1.0]), torch.tensor([0.0, 1.0, 3.0, 0.5])
    if not weighted:
        found = make(class_weight=classes, **options)(logits, target, images)
        right = np.average(expected, weights=(images[:, None] * classes).numpy())
        np.testing.assert_allclose(found, right, rtol=1e-7)
    over_batch = [np.moveaxis(x, 1, 0).reshape(4, -1) for x in arrays]
    found = make(reduction="none", over="batch", **options)(logits, target, pixel_weight)
    np.testing.assert_allclose(found, published(*published_counts(*over_batch)), rtol=1e-10)


@pytest.mark.parametrize("binary", [True, False])
def test_generalized_dice(binary):
    logits, _, generator = data((3, 4, 30))
    if binary:
        logits = logits[:, 0]
        target = torch.randint(0, 2, logits.shape, generator=generator)
        p = expit(logits.numpy())
        p, g = np.stack([1.0 - p, p], 1), np.stack([1 - target, target], 1)
    else:
        target = torch.randint(0, 4, (3, 30), generator=generator)
        p, g = softmax(logits.numpy(), axis=1), np.moveaxis(np.eye(4)[target.numpy()], -1, 1)
    w = 1.0 / g.sum(-1) ** 2.0  # equation 3 of the paper, l for classes, n for pixels
    above = 2.0 * (w * (p * g).sum(-1)).sum(-1)
    expected = 1.0 - above / (w * (p + g).sum(-1)).sum(-1)
    found = bt.GeneralizedDiceLoss(reduction="none")(logits, target)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    absent = torch.zeros(2, 30, dtype=torch.long)
    assert bt.GeneralizedDiceLoss()(data((2, 4, 30))[0], absent).isfinite()


def test_hard_masks_give_the_scores_of_scikit_learn():
    _, _, generator = data((1,))
    index = torch.randint(0, 4, (2, 1, 50), generator=generator)
    truth, predicted = index[0], index[1]
    logits = 200.0 * torch.nn.functional.one_hot(predicted, 4).movedim(-1, 1).float()
    for loss, score in ((bt.DiceLoss(), f1_score), (bt.JaccardLoss(), jaccard_score)):
        expected = score(truth[0], predicted[0], average="macro")
        assert 1.0 - loss(logits, truth).item() == pytest.approx(expected, rel=1e-6)


def test_alpha_is_of_false_positives_and_beta_of_false_negatives():
    truth = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    too_much, too_little = 200.0 * torch.tensor([[1.0, 1.0, 1.0, -1.0], [1.0, -1.0, -1.0, -1.0]])
    loss = bt.TverskyLoss(alpha=0.25, beta=2.0)
    assert loss(too_much[None], truth).item() == pytest.approx(0.25 / 2.25)
    assert loss(too_little[None], truth).item() == pytest.approx(2.0 / 3.0)


@both_paths
@pytest.mark.parametrize("make", [*(make for make, _ in LOSSES.values()), bt.GeneralizedDiceLoss])
def test_a_soft_label_predicted_as_it_is_has_no_loss(make, kernel, take):
    take(kernel)
    logits, *_ = data((2, 3, 8))
    logits.requires_grad_()
    for mode, link in (("binary", torch.sigmoid), ("multiclass", lambda x: x.softmax(1))):
        soft = link(logits.detach())
        loss = make(mode=mode)(logits, soft)
        assert 0.0 <= loss.item() < 1e-11
        assert torch.autograd.grad(loss, logits)[0].isfinite().all()
        away = make(mode=mode)(0.5 * logits, soft)
        assert away.item() > 0.01


def test_soft_labels_are_counted_as_halves_of_sums_and_distances():
    logits, _, generator = data((3, 40))
    g = torch.rand(3, 40, generator=generator, dtype=torch.float64).numpy()
    p = expit(logits.numpy())
    true = 0.5 * (p + g - abs(p - g)).sum(-1)
    expected = 1.0 - true / (p.sum(-1) + g.sum(-1) - true)
    found = bt.JaccardLoss(reduction="none")(logits, torch.tensor(g))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@both_paths
@pytest.mark.parametrize("make", [*(make for make, _ in LOSSES.values()), bt.GeneralizedDiceLoss])
def test_empty_masks(make, kernel, take):
    take(kernel)
    empty = torch.zeros(1, 6)
    binary = make is not bt.GeneralizedDiceLoss
    for size, expected in ((-400.0, 0.0), (-5.0, 1.0), (5.0, 1.0)):
        logits = torch.full((1, 6), size, requires_grad=True)
        value = make()(logits, empty)
        if binary:
            assert value.item() == expected
        assert torch.autograd.grad(value, logits)[0].isfinite().all()
        assert make()(logits, empty, mask=torch.zeros(1, 6)).item() == 0.0
    full = make()(torch.full((1, 6), 400.0), torch.ones(1, 6))
    assert full.item() == 0.0


def test_smoothing_gives_empty_masks_a_gradient():
    logits = torch.zeros(1, 6, requires_grad=True)
    value = bt.DiceLoss(smooth=1.0)(logits, torch.zeros(1, 6))
    assert value.item() == pytest.approx(1.0 - 1.0 / 2.5)  # (TP + 1) / (TP + (FP + FN) / 2 + 1)
    assert (torch.autograd.grad(value, logits)[0] > 0.01).all()


def test_ignored_pixels():
    logits, _, generator = data((2, 3, 8))
    index = torch.randint(0, 3, (2, 8), generator=generator)
    kept = bt.DiceLoss()(logits[..., :6], index[..., :6])
    index[..., 6:], logits[..., 6:] = 255, np.nan
    torch.testing.assert_close(bt.DiceLoss(ignore_index=255)(logits, index), kept)
    labels = torch.randint(0, 2, (2, 8), generator=generator)
    kept = bt.TverskyLoss()(logits[:, 0, :6], labels[:, :6])
    labels[:, 6:] = -1
    torch.testing.assert_close(bt.TverskyLoss(ignore_index=-1)(logits[:, 0], labels), kept)


def test_kernels_in_blocks_and_without_compiler(monkeypatch):
    rng = np.random.default_rng(0)
    n = 2 * BLOCK + 1234
    f, w = rng.normal(size=(2, 2 * n)).astype(np.float32)
    y = (f > 0.5).astype(np.float32)
    rows, numbers = Rows(y, f, abs(w)), rng.normal(size=(2, 2))
    results = []
    for disabled in (False, True):
        monkeypatch.setattr(segments, "JIT_DISABLED", disabled)
        slope, other = np.empty((2, 2 * n), np.float32)
        sums = segments.segment_sums(overlap_and_slope, 3, (), rows, 2, column=slope)
        np.testing.assert_allclose(segments.segment_sums(overlap, 3, (), rows, 2), sums, rtol=1e-12)
        saved = slope.copy()
        segments.fill_segments(scaled_slope, numbers, Rows(saved, saved), other)
        segments.fill_segments(scaled_slope, numbers, Rows(slope, slope), slope)  # in place
        np.testing.assert_array_equal(slope, other)
        results.append((sums, saved, slope))
    for native, plain in zip(*results, strict=True):
        np.testing.assert_allclose(native, plain, rtol=1e-5, atol=1e-6)


def test_kernels_of_classes_in_blocks_and_without_compiler(monkeypatch):
    rng = np.random.default_rng(0)
    for n, k, pixels, dtype in ((2, 3, 100_000, np.float32), (3, 5, 7, np.float64)):
        f, y = rng.normal(size=(n, k, pixels)).astype(dtype), rng.integers(0, k, (n, pixels))
        y, weight, costs = (
            y.astype(dtype),
            rng.random((n, pixels)).astype(dtype),
            rng.normal(size=(n, 2, k)),
        )
        for w in (None, weight):
            results = []
            for disabled in (False, True):
                monkeypatch.setattr(class_overlap, "JIT_DISABLED", disabled)
                shares = np.empty_like(f)
                sums = class_overlap.class_sums(y, f, w, shares)
                np.testing.assert_array_equal(class_overlap.class_sums(y, f, w, None), sums)
                slopes = shares.copy()
                class_overlap.fill_class_slopes(y, slopes, w, costs)
                results.append((sums, shares, slopes))
            for native, plain in zip(*results, strict=True):
                np.testing.assert_allclose(native, plain, rtol=1e-5, atol=1e-6)


@both_paths
@pytest.mark.parametrize("classes", [False, True])
def test_large_images_keep_the_digits_of_float32(classes, kernel, take):
    take(kernel)
    logits, _, generator = data((1, 2, 1 << 20))
    target = torch.randint(0, 2, (1, 1 << 20), generator=generator)
    logits[:, 1] += 6.0 * target - 3.0
    logits = logits if classes else logits[:, 1]
    exact = bt.TverskyLoss(0.3, 0.7, reduction="none")(logits, target)
    found = bt.TverskyLoss(0.3, 0.7, reduction="none")(logits.float(), target)
    torch.testing.assert_close(found.double(), exact, rtol=2e-6, atol=0.0)


def test_a_graph_that_is_kept_gives_its_gradient_again():
    logits, _, generator = data((2, 1, 8))
    target = torch.randint(0, 2, (2, 1, 8), generator=generator)
    logits = logits.float().requires_grad_()
    value = bt.TverskyLoss(0.3, 0.7)(logits, target)
    first, again, last = (
        torch.autograd.grad(value, logits, retain_graph=kept)[0].clone()
        for kept in (True, True, False)
    )
    torch.testing.assert_close(first, again, rtol=0.0, atol=0.0)
    torch.testing.assert_close(first, last, rtol=0.0, atol=0.0)


def test_operators_of_classes_are_well_behaved():
    operators = torch.ops.boostloss
    input, index = torch.randn(2, 3, 4), torch.randint(0, 3, (2, 4))
    for weight in (None, torch.rand(2, 4)):
        for differentiable in (False, True):
            torch.library.opcheck(
                operators.class_overlap.default, (input, index, weight, differentiable)
            )
        torch.library.opcheck(
            operators.slope_of_shares_.default, (input, index, weight, torch.randn(2, 2, 3))
        )
    with pytest.raises(IndexError, match="classes from 0 to 2, got 3"):
        operators.class_overlap.default(input, torch.full_like(index, 3), None, True)


def test_operators_are_well_behaved():
    input, target = torch.randn(3, 4), torch.rand(3, 4)
    for weight in (None, torch.rand(3, 4)):
        for differentiable in (False, True):
            arguments = input, target, weight, differentiable
            torch.library.opcheck(torch.ops.boostloss.overlap.default, arguments)
    torch.library.opcheck(torch.ops.boostloss.scale_slope_.default, (input, torch.randn(3, 2)))


WRONG = {
    "alpha must be a number of at least 0": lambda x: bt.TverskyLoss(-1.0),
    "gamma must be a positive number": lambda x: bt.FocalTverskyLoss(gamma=0.0),
    "mode must be one of": lambda x: bt.DiceLoss(mode="auto"),
    "over must be one of": lambda x: bt.DiceLoss(over="all"),
    "class_weight must hold a finite number": lambda x: bt.DiceLoss(class_weight=[-1.0]),
    "for each of 3 classes, got 2": lambda x: bt.DiceLoss(mode="multiclass", class_weight=[1, 2])(
        x, x
    ),
    "class_weight must be None for one mask": lambda x: bt.DiceLoss(class_weight=[1, 2, 3])(x, x),
    "target must have the shape of input": lambda x: bt.DiceLoss()(x, x[:2]),
    "hold integers, indices of classes": lambda x: bt.DiceLoss()(x, x[:, 0]),
    "at least 2 classes": lambda x: bt.DiceLoss()(x[:, :1], torch.zeros(4, 5).long()),
    "target must not require": lambda x: bt.DiceLoss()(x, x.clone().requires_grad_()),
    "ignore_index must be None": lambda x: bt.DiceLoss(mode="multiclass", ignore_index=9)(x, x),
    "for each of 4 images": lambda x: bt.DiceLoss()(x, x, torch.ones(3)),
    "weight must have the shape": lambda x: bt.DiceLoss()(x, x, torch.ones(4, 2)),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_said(message):
    with pytest.raises(ValueError, match=message):
        WRONG[message](torch.zeros(4, 3, 5))


def test_function_transforms():
    logits, _, generator = data((3, 4, 10))
    target = torch.randint(0, 2, (3, 4, 10), generator=generator).double()
    module = bt.TverskyLoss(0.3, 0.8, reduction="sum")
    whole = torch.func.grad(module)(logits, target)
    one = torch.func.grad(lambda x, y: module(x[None], y[None]))
    torch.testing.assert_close(torch.func.vmap(one)(logits, target), whole)
    twice = torch.func.jacrev(torch.func.jacrev(module))(logits[:1, 0], target[:1, 0])
    hessian = torch.autograd.functional.hessian(lambda x: module(x, target[:1, 0]), logits[:1, 0])
    torch.testing.assert_close(twice, hessian)


def test_gradients_of_many_classes_keep_their_digits():
    logits, _, generator = data((1, 2000, 1100))
    index = torch.randint(0, 2000, (1, 1100), generator=generator)
    found = []
    for dtype in (torch.float32, torch.float64):
        x = logits.to(dtype).requires_grad_()
        value = bt.TverskyLoss(0.3, 0.8, reduction="sum")(x, index)
        found.append(torch.autograd.grad(value, x)[0].double())
    assert (found[0] - found[1]).abs().max() < 1e-5 * found[1].abs().max()
