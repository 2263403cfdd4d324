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
