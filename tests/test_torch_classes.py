"""Losses of labels and classes in torch: soft and smoothed labels, labels to ignore, hinges, wrong labels."""

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import hinge_loss

import boostloss as bl

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import boostloss.torch as bt  # noqa: E402
from boostloss.kernels import classes  # noqa: E402
from boostloss.torch import _derivative  # noqa: E402
from boostloss.torch._operators import name_of  # noqa: E402
from boostloss.torch.several import margins  # noqa: E402

pytestmark = pytest.mark.torch

both_paths = pytest.mark.parametrize("kernel", [True, False], ids=["kernel", "operations"])


@pytest.fixture
def take(monkeypatch):
    """Choose between the kernels and tensor operations."""
    return lambda kernel: monkeypatch.setattr(_derivative, "kernel_runs", lambda tensor: kernel)


def data(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng, 3.0 * rng.normal(size=shape)


# The losses of the probability of the label, as the papers have them.
OF_PROBABILITY = {
    "logistic": (bt.LogisticLoss, lambda p: -np.log(p)),
    "focal": (lambda **options: bt.FocalLoss(2.0, **options), lambda p: (1 - p) ** 2 * -np.log(p)),
    "generalized": (
        lambda **options: bt.GeneralizedCrossEntropyLoss(0.6, **options),
        lambda p: (1 - p**0.6) / 0.6,
    ),
    "symmetric": (
        lambda **options: bt.SymmetricCrossEntropyLoss(0.2, 0.7, **options),
        lambda p: -0.2 * np.log(p) + 4.0 * 0.7 * (1 - p),
    ),
    "bi-tempered": (
        lambda **options: bt.BiTemperedLogisticLoss(0.4, 1.0, **options),  # p is that of a softmax
        lambda p: (1 - p**0.6) / 0.6 - (1 - p**1.6 - (1 - p) ** 1.6) / 1.6,
    ),
}
each = pytest.mark.parametrize("name", OF_PROBABILITY)


@both_paths
@each
def test_soft_labels_have_the_expected_loss(name, kernel, take):
    take(kernel)
    make, published = OF_PROBABILITY[name]
    rng, f = data((40, 3))
    y = rng.random((40, 3))
    y[:10], y[10:20] = 0.0, 1.0
    p = expit(f)
    expected = y * published(p) + (1.0 - y) * published(1.0 - p)
    found = make(reduction="none")(torch.tensor(f), torch.tensor(y))
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    hard = make(reduction="none")(torch.tensor(f[:20]), torch.tensor(y[:20]).long())
    np.testing.assert_allclose(hard, expected[:20], rtol=1e-9)
    if name != "logistic":  # its constructor takes a reduction alone
        np.testing.assert_allclose(make()(torch.tensor(f), torch.tensor(y)), expected.mean())


@both_paths
@each
@pytest.mark.parametrize("shape", [(30, 5), (30, 5, 2, 3), (30, 2)])
def test_probabilities_of_classes_have_the_expected_loss(name, shape, kernel, take):
    take(kernel)
    make, published = OF_PROBABILITY[name]
    rng, f = data(shape)
    y = np.moveaxis(rng.dirichlet(np.ones(shape[1]), (shape[0], *shape[2:])), -1, 1)
    expected = (y * published(softmax(f, axis=1))).sum(1)
    if name == "logistic":
        module = bt.LossModule(bl.Logistic(), "none", mode="multiclass")
    else:
        module = make(reduction="none", mode="multiclass")
    np.testing.assert_allclose(module(torch.tensor(f), torch.tensor(y)), expected, rtol=1e-9)
    index = y.argmax(1)
    one_hot = np.moveaxis(np.eye(shape[1])[index], -1, 1)
    hard = module(torch.tensor(f), torch.tensor(index))
    torch.testing.assert_close(module(torch.tensor(f), torch.tensor(one_hot)), hard)


@both_paths
@pytest.mark.parametrize("shape", [(5,), (30, 5), (3, 5, 7, 6), (2, 5, 1500), (0, 5), (4, 2, 1)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_of_classes_are_those_of_torch(shape, dtype, kernel, take):
    take(kernel)
    rng, f = data(shape)
    dim = min(1, len(shape) - 1)
    index = torch.tensor(rng.integers(0, shape[dim], (*shape[:dim], *shape[dim + 1 :])))
    for order in "CF":  # how the scores lie in memory
        logits = torch.from_numpy(np.array(f, order=order)).to(dtype).requires_grad_()
        seeds = torch.tensor(rng.random(index.shape), dtype=dtype)
        values = [
            loss(logits, index)
            for loss in (
                bt.LossModule(bl.Logistic(), "none"),
                nn.CrossEntropyLoss(reduction="none"),
            )
        ]
        ours, theirs = (torch.autograd.grad(x, logits, seeds, retain_graph=True)[0] for x in values)
        torch.testing.assert_close(*values)
        torch.testing.assert_close(ours, theirs)
        again = torch.autograd.grad(values[0], logits, seeds)[0]  # may overwrite what was saved
        torch.testing.assert_close(again, ours, rtol=0.0, atol=0.0)


def test_class_losses_in_blocks_and_without_compiler(monkeypatch):
    rng = np.random.default_rng(0)
    formula, numbers = bl.Focal(1.5).formula, bl.Focal(1.5).of_margin.parameters
    for shape in ((2, 7, 70_000), (1, 3, 5)):
        f = 3.0 * rng.normal(size=shape).astype(np.float32)
        y = rng.integers(0, shape[1], (shape[0], shape[2])).astype(np.float32)
        found = []
        for disabled in (False, True):
            monkeypatch.setattr(classes, "JIT_DISABLED", disabled)
            losses, gradients = np.empty_like(y), np.empty_like(f)
            views = gradients.transpose(0, 2, 1), f.transpose(0, 2, 1)
            classes.fill_class_gradients(losses, views[0], formula, numbers, y, views[1])
            found.append((losses, gradients))
        for native, plain in zip(*found, strict=True):
            np.testing.assert_allclose(native, plain, rtol=1e-5, atol=2e-6)


def test_the_operator_of_classes_is_well_behaved():
    for shape in ((6, 3), (2, 3, 4)):
        index = torch.randint(0, 3, (shape[0], 1, *shape[2:]))
        loss = bl.Logistic()
        numbers = list(loss.of_margin.parameters)
        for wanted in (False, True):
            arguments = torch.randn(shape), index, wanted, name_of(loss.formula), numbers
            torch.library.opcheck(torch.ops.boostloss.class_loss.default, arguments)
    with pytest.raises(ValueError, match="index must be int64 in shape"):
        torch.ops.boostloss.class_loss.default(torch.randn(6, 3), index, *arguments[2:])
    with pytest.raises(TypeError, match="float32 or float64"):
        torch.ops.boostloss.class_loss.default(torch.ones(6, 3).long(), index, *arguments[2:])


def test_margins_keep_their_digits():
    from mpmath import exp, log, mp

    mp.dps = 120
    scores = [[90.0, 0.0, -3.0], [1.0, 1.0, 1.0], [0.0, -200.0, 200.0], [5.0, 5.0, -5.0]]
    expected = [
        [float(s - log(sum(exp(mp.mpf(x)) for k, x in enumerate(row) if k != j)))
         for j, s in enumerate(row)]
        for row in scores
    ]  # fmt: skip
    for dtype, rtol in ((torch.float64, 1e-14), (torch.float32, 1e-6)):
        variable = torch.tensor(scores, dtype=dtype, requires_grad=True)
        found = margins(variable, 1)
        np.testing.assert_allclose(found.detach(), expected, rtol=rtol, atol=rtol)
        assert torch.autograd.grad(found.sum(), variable)[0].isfinite().all()
    variable = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: margins(x, 1), variable)
    assert torch.autograd.gradgradcheck(lambda x: margins(x, 1), variable)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("make", [
    lambda **options: bt.FocalLoss(0.0, label_smoothing=0.2, **options),
    lambda **options: bt.LossModule(bl.Logistic(0.2), **options),
])  # fmt: skip
def test_smoothed_classes_are_those_of_torch(make, soft):
    rng, f = data((30, 4, 3))
    y = (
        rng.dirichlet(np.ones(4), (30, 3)).transpose(0, 2, 1)
        if soft
        else rng.integers(0, 4, (30, 3))
    )
    theirs = nn.CrossEntropyLoss(label_smoothing=0.2)(torch.tensor(f), torch.tensor(y))
    found = make(mode="multiclass")(torch.tensor(f), torch.tensor(y))
    torch.testing.assert_close(found, theirs)


def test_smoothed_labels():
    rng, f = data(50)
    y = rng.integers(0, 2, 50)
    expected = nn.BCEWithLogitsLoss()(torch.tensor(f), torch.tensor(0.8 * y + 0.1))
    for module in (bt.FocalLoss(0.0, label_smoothing=0.2), bt.LossModule(bl.Logistic(0.2))):
        torch.testing.assert_close(module(torch.tensor(f), torch.tensor(y)), expected)
        torch.testing.assert_close(module(torch.tensor(f), torch.tensor(y).double()), expected)


def test_balanced_soft_labels():
    rng, f = data(50)
    y, p = rng.random(50), expit(f)
    expected = 0.3 * y * (1 - p) ** 2 * -np.log(p) + 0.7 * (1 - y) * p**2 * -np.log1p(-p)
    found = bt.FocalLoss(2.0, 0.3, "none")(torch.tensor(f), torch.tensor(y))
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    rng, f = data((50, 3))
    y, p = rng.dirichlet(np.ones(3), 50), softmax(f, axis=1)
    alpha = np.array([0.2, 0.5, 2.0])
    expected = (y * alpha * (1 - p) ** 2 * -np.log(p)).sum(1)
    found = bt.FocalLoss(2.0, alpha, "none", mode="multiclass")(torch.tensor(f), torch.tensor(y))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("index", [-100, 2])
def test_ignored_classes_are_those_of_torch(index):
    rng, f = data((30, 4, 3))
    y = rng.integers(0, 4, (30, 3))
    y[rng.random((30, 3)) < 0.3] = index
    for ours, theirs in (
        (bt.FocalLoss(0.0, ignore_index=index), nn.CrossEntropyLoss(ignore_index=index)),
        (
            bt.FocalLoss(0.0, ignore_index=index, label_smoothing=0.1),
            nn.CrossEntropyLoss(ignore_index=index, label_smoothing=0.1),
        ),
        (
            bt.MultiClassHingeLoss("weston-watkins", ignore_index=index),
            lambda x, y: 4.0 * nn.MultiMarginLoss()(x.movedim(1, -1)[y != index], y[y != index]),
        ),
    ):
        arguments = torch.tensor(f), torch.tensor(y)
        torch.testing.assert_close(ours(*arguments), theirs(*arguments))
    nothing = torch.full((30, 3), index)
    assert bt.FocalLoss(ignore_index=index)(torch.tensor(f), nothing).item() == 0.0


@pytest.mark.parametrize("make", [
    lambda: bt.FocalLoss(2.0, 0.25, ignore_index=-1),
    lambda: bt.HingeLoss(ignore_index=-1),
    lambda: bt.LossModule(bl.Logistic(), ignore_index=-1),
])  # fmt: skip
def test_ignored_and_masked_labels(make):
    rng, f = data((20, 2))
    y = rng.integers(0, 2, (20, 2)).astype(float)
    expected = make()(torch.tensor(f[:15]), torch.tensor(y[:15]))
    y[15:], f[15:] = -1.0, np.nan
    torch.testing.assert_close(make()(torch.tensor(f), torch.tensor(y)), expected)
    mask = torch.arange(20) < 15
    module = make()
    module.ignore_index = None
    input = torch.tensor(f, requires_grad=True)
    value = module(input, torch.tensor(y), mask=mask)
    torch.testing.assert_close(value.detach(), expected)
    assert torch.autograd.grad(value, input)[0].isfinite().all()
    weight = torch.tensor(rng.random(20))
    arguments = torch.tensor(f[:15]), torch.tensor(y[:15]), weight[:15]
    torch.testing.assert_close(
        module(torch.tensor(f), torch.tensor(y), weight, mask), module(*arguments)
    )


def test_masked_quantiles():
    rng, f = data((20, 3))
    y = rng.normal(size=20)
    module = bt.QuantileLoss([0.1, 0.5, 0.9])
    expected = module(torch.tensor(f[:15]), torch.tensor(y[:15]))
    y[15:], f[15:] = np.nan, np.nan
    found = module(torch.tensor(f), torch.tensor(y), mask=torch.arange(20) < 15)
    torch.testing.assert_close(found, expected)


@both_paths
def test_hinges_are_those_of_scikit_learn_and_torch(kernel, take):
    take(kernel)
    rng, f = data(60)
    y = rng.integers(0, 2, 60)
    found = bt.HingeLoss()(torch.tensor(f), torch.tensor(y)).item()
    assert found == pytest.approx(hinge_loss(y, f))
    slack = np.maximum(1.0 - (2 * y - 1) * f, 0.0)
    squared = bt.HingeLoss(squared=True, reduction="none")
    np.testing.assert_allclose(squared(torch.tensor(f), torch.tensor(y)), slack**2, rtol=1e-12)
    rng, f = data((60, 4))
    y, w = rng.integers(0, 4, 60), torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=torch.float64)
    arguments = torch.tensor(f), torch.tensor(y)
    found = bt.MultiClassHingeLoss()(*arguments).item()
    assert found == pytest.approx(hinge_loss(y, f, labels=range(4)))
    theirs = nn.MultiMarginLoss(margin=0.7, weight=w, reduction="none")
    ours = bt.MultiClassHingeLoss("weston-watkins", 0.7, w, reduction="none")
    torch.testing.assert_close(ours(*arguments), 4.0 * theirs(*arguments))


@both_paths
@pytest.mark.parametrize("squared", [False, True])
def test_derivatives_of_hinges(squared, kernel, take):
    take(kernel)
    rng, f = data((8, 3))
    input, target = torch.tensor(f, requires_grad=True), torch.tensor(rng.random((8, 3)))
    module = bt.HingeLoss(squared=squared)
    assert torch.autograd.gradcheck(lambda x: module(x, target), input)
    assert torch.autograd.gradgradcheck(lambda x: module(x, target), input)


WRONG = {
    "mode must be one of": lambda x: bt.FocalLoss(mode="multilabel"),
    "label_smoothing must be a number in": lambda x: bt.FocalLoss(label_smoothing=1.0),
    "mode and ignore_index must be None": lambda x: bt.LossModule(bl.Huber(1.0), ignore_index=1),
    "ignore_index must be None": lambda x: bt.FocalLoss(mode="multiclass", ignore_index=1)(x, x),
    "margin must be a positive number": lambda x: bt.MultiClassHingeLoss(margin=-1.0),
    "kind must be one of": lambda x: bt.MultiClassHingeLoss("one-against-rest"),
    "class_weight must hold": lambda x: bt.MultiClassHingeLoss(class_weight=[1.0, 2.0])(
        x, torch.zeros(4).long()
    ),
    "q must be": lambda x: bt.GeneralizedCrossEntropyLoss(1.0),
    "t2 must be": lambda x: bt.BiTemperedLogisticLoss(0.5, 0.5),
    "target must have the shape of input": lambda x: bt.FocalLoss(mode="multiclass")(x, x[:, :2]),
    "at least 2 classes": lambda x: bt.FocalLoss(mode="multiclass")(x[:, :1], x[:, :1]),
    "target must not require": lambda x: bt.FocalLoss(mode="multiclass")(x, x.clone().requires_grad_()),
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_said(message):
    with pytest.raises(ValueError, match=message):
        WRONG[message](torch.zeros(4, 3))


def test_a_class_out_of_range_is_an_index_error():
    for wrong in (-1, 3):
        with pytest.raises(IndexError, match=f"classes from 0 to 2, got {wrong}"):
            bt.FocalLoss()(torch.zeros(2, 3), torch.tensor([0, wrong]))


@pytest.mark.parametrize("shape", [(30, 101), (2, 101, 3), (2, 101, 1100), (30, 100), (2, 7, 1100)])
def test_few_and_many_classes_are_alike_with_and_without_a_gradient(shape):
    rng, f = data(shape)
    index = torch.tensor(rng.integers(0, shape[1], (shape[0], *shape[2:])))
    logits = torch.tensor(f, requires_grad=True)
    module = bt.LossModule(bl.Logistic())
    value, theirs = module(logits, index), nn.CrossEntropyLoss()(logits, index)
    torch.testing.assert_close(value, theirs)
    torch.testing.assert_close(*(torch.autograd.grad(x, logits)[0] for x in (value, theirs)))
    with torch.no_grad():
        torch.testing.assert_close(module(logits, index), value.detach())
    torch.testing.assert_close(module(logits.detach(), index), value.detach())
