"""Classes and several quantiles in torch: the values and gradients of the losses themselves."""

import numpy as np
import pytest

import boostloss as bl

torch = pytest.importorskip("torch")
import boostloss.torch as bt  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    "loss", [bl.Logistic(), bl.Focal(2.0), bl.Focal(1.0, [1.0, 2.0, 0.5])], ids=repr
)
def test_classes_are_those_of_numpy(loss):
    rng = np.random.default_rng(0)
    f, y = rng.normal(size=(20, 3)), rng.integers(0, 3, 20)
    input = torch.tensor(f, requires_grad=True)
    value = bt.LossModule(loss, "none")(input, torch.tensor(y))
    np.testing.assert_allclose(value.detach(), loss.loss(y, f), rtol=1e-12)
    (gradient,) = torch.autograd.grad(value.sum(), input)
    np.testing.assert_allclose(gradient, loss.gradient_hessian(y, f)[0], rtol=1e-10, atol=1e-14)


def test_columns_are_those_of_numpy():
    loss, rng = bl.Expectile([0.1, 0.5, 0.9]), np.random.default_rng(0)
    f, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    value = bt.LossModule(loss, "none")(torch.tensor(f), torch.tensor(y))
    np.testing.assert_allclose(value, loss.loss(y, f), rtol=1e-12)
    assert bt.LossModule(loss)(torch.tensor(f), torch.tensor(y)) == pytest.approx(
        loss.mean_loss(y, f)
    )


def test_smoothed_and_soft_labels_are_those_of_torch():
    rng = np.random.default_rng(1)
    f, y, soft = rng.normal(size=(30, 4)), rng.integers(0, 4, 30), rng.dirichlet(np.ones(4), 30)
    for loss, labels, theirs in (
        (bl.Logistic(0.2), y, torch.nn.CrossEntropyLoss(label_smoothing=0.2, reduction="none")),
        (bl.Logistic(), soft, torch.nn.CrossEntropyLoss(reduction="none")),
        (
            bl.Logistic(0.2),
            soft,
            torch.nn.CrossEntropyLoss(label_smoothing=0.2, reduction="none"),
        ),
    ):
        input = torch.tensor(f, requires_grad=True)
        value = theirs(input, torch.tensor(labels))
        (gradient,) = torch.autograd.grad(value.sum(), input)
        np.testing.assert_allclose(loss.loss(labels, f), value.detach(), rtol=1e-12)
        np.testing.assert_allclose(loss.gradient_hessian(labels, f)[0], gradient, atol=1e-14)


def test_weights_of_classes_are_not_for_labels_of_their_own():
    logits, one_hot = torch.zeros(3, 3), torch.eye(3)
    for alpha in ((1.0, 5.0, 9.0), (1.0, 2.0, 3.0, 4.0)):
        with pytest.raises(ValueError, match="target must hold classes, or their probabilities"):
            bt.LossModule(bl.Focal(2.0, alpha))(logits, one_hot)
    loss = bl.Focal(2.0, alpha=(1.0, 5.0, 9.0))
    found = bt.LossModule(loss, mode="multiclass")(logits, one_hot)
    torch.testing.assert_close(found, bt.LossModule(loss)(logits, torch.arange(3)))
    two = bt.LossModule(bl.Focal(2.0, alpha=(1.0, 5.0)), "none")(torch.zeros(2), torch.arange(2))
    torch.testing.assert_close(two[1], 5.0 * two[0])


WAYS = {
    "eager": lambda module: module,
    "compiled": lambda module: torch.compile(module, fullgraph=True, backend="aot_eager"),
    "mapped": torch.func.vmap,
}


@pytest.mark.parametrize("k", [2, 3, 101])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("way", WAYS)
def test_all_other_classes_may_be_left_out(way, dtype, k):
    logits = torch.linspace(-1.0, 1.0, 2 * k, dtype=dtype).reshape(2, k)
    logits[0, 1:] = -torch.inf
    logits[1, 2:] = -torch.inf
    target = torch.zeros(2, dtype=torch.long)
    for loss in (
        *(bl.Logistic(), bl.Focal(2.0), bl.Hinge(), bl.SquaredHinge(), bl.ModifiedHuber()),
        *(bl.GeneralizedCrossEntropy(0.7), bl.SymmetricCrossEntropy()),
        bl.BiTemperedLogistic(0.5, 1.5),
    ):
        module = bt.LossModule(loss, "none")
        torch.compiler.reset()
        input = logits.clone().requires_grad_()
        value = WAYS[way](module)(input, target)
        (gradient,) = torch.autograd.grad(value.sum(), input, create_graph=way != "compiled")
        assert value[0] == 0.0
        assert (gradient[0] == 0.0).all()
        rest = logits[1:, :2].clone().requires_grad_()
        expected = module(rest, target[1:])
        torch.testing.assert_close(value[1:], expected)
        (slope,) = torch.autograd.grad(expected.sum(), rest)
        torch.testing.assert_close(gradient[1, :2], slope[0])
        assert (gradient[1, 2:] == 0.0).all()
        if way != "compiled":
            assert torch.autograd.grad(gradient.square().sum(), input)[0].isfinite().all()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64])
def test_weights_of_classes_take_positions_of_every_integer(dtype):
    logits, target = torch.tensor([[0.3, 0.1, -0.4], [0.5, 0.2, 0.9]]), torch.tensor([2, 1])
    weights = [1.0, 5.0, 9.0]
    for make, plain in (
        (
            bt.MultiClassHingeLoss(class_weight=weights, reduction="none"),
            bt.MultiClassHingeLoss(reduction="none"),
        ),
        (bt.FocalLoss(alpha=weights, reduction="none"), bt.FocalLoss(reduction="none")),
    ):
        expected = plain(logits, target) * torch.tensor([9.0, 5.0])
        torch.testing.assert_close(make(logits, target.to(dtype)), expected)


@pytest.mark.parametrize("weights", [[-1.0, 2.0, 3.0], [np.nan, 1.0], [np.inf, 1.0], [[1.0, 2.0]]])
def test_weights_of_classes_are_checked(weights):
    for make, name in (
        (lambda: bt.FocalLoss(alpha=weights), "alpha"),
        (lambda: bt.MultiClassHingeLoss(class_weight=weights), "class_weight"),
        (lambda: bt.DiceLoss(class_weight=weights), "class_weight"),
    ):
        with pytest.raises(ValueError, match=f"{name} must hold a finite number of at least 0"):
            make()


@pytest.mark.parametrize("soft", [False, True])
def test_weights_of_classes_are_trained_if_they_are_parameters(soft):
    logits, target = torch.randn(4, 3), torch.tensor([0, 1, 2, 2])
    given = torch.eye(3)[target] if soft else target
    modules = [(bt.FocalLoss(alpha=torch.nn.Parameter(torch.ones(3)), mode="multiclass"), "alpha")]
    if not soft:
        parameter = torch.nn.Parameter(torch.ones(3))
        modules.append((bt.MultiClassHingeLoss(class_weight=parameter), "class_weight"))
    for module, name in modules:
        assert [key for key, _ in module.named_parameters()] == [name]
        module.reduction = "sum"
        (gradient,) = torch.autograd.grad(module(logits, given), module.parameters())
        module.reduction = "none"
        losses = torch.zeros(3).index_add(0, target, module(logits, given).detach())
        torch.testing.assert_close(gradient, losses)
