"""Sums of losses, with fixed and learned weights, and the cross-entropy with a matrix."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import boostloss.torch as bt  # noqa: E402

pytestmark = pytest.mark.torch


def drawn(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).normal(size=shape))


def test_a_sum_takes_arguments_and_values():
    input, target, weight = drawn(4, 3), drawn(4, 3, seed=1), torch.tensor([1.0, 0.0, 2.0, 1.0])
    loss = bt.SumLoss({"a": bt.HuberLoss(), "b": (nn.MSELoss(), 0.25), "c": 3})
    scalar = torch.tensor(0.5, requires_grad=True)
    value = loss({"c": scalar, "a": (input, target, weight), "b": (input, target)})
    a, b = bt.HuberLoss()(input, target, weight), nn.MSELoss()(input, target)
    torch.testing.assert_close(value, a + 0.25 * b + 3.0 * 0.5)
    assert list(loss.parts) == ["a", "b", "c"]
    torch.testing.assert_close(
        loss.parts, {"a": a, "b": b, "c": scalar.detach()}, check_dtype=False
    )
    assert not any(part.requires_grad for part in loss.parts.values())
    value.backward()
    assert scalar.grad == 3.0
    torch.testing.assert_close(loss({"a": a, "b": b, "c": scalar}), value)  # a value for a module
    assert not list(loss.parameters())


def test_parts_stay_after_a_compiled_call_and_in_copies():
    loss = bt.SumLoss({"a": bt.HuberLoss(), "b": 0.5})
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    input, target = drawn(4), drawn(4, seed=1)
    compiled({"a": (input, target), "b": torch.tensor(2.0)})
    assert loss.parts["b"] == 2.0
    torch.testing.assert_close(copy.deepcopy(loss).parts, loss.parts)
    torch.testing.assert_close(loss.parts["a"], bt.HuberLoss()(input, target))


def test_learned_weights_are_likelihoods():
    """Of normal errors, and of classes as the paper has them."""
    input, target, logits = drawn(50), drawn(50, seed=1), drawn(50, 3, seed=2)
    labels = torch.arange(50) % 3
    loss = bt.SumLoss(
        {
            "half": bt.SquaredErrorLoss(),
            "whole": (nn.MSELoss(), 0.5),
            "label": nn.CrossEntropyLoss(),
        },
        uncertainty=True,
        dtype=torch.float64,
    )
    s = torch.tensor([0.7, -0.4, 0.3]).double()
    with torch.no_grad():
        loss.log_variances.copy_(s)
    given = {"half": (input, target), "whole": (input, target), "label": (logits, labels)}
    value = loss(given)
    normal = [
        -torch.distributions.Normal(input, (0.5 * s[i]).exp()).log_prob(target) for i in (0, 1)
    ]
    label = (-s[2]).exp() * nn.CrossEntropyLoss()(logits, labels) + 0.5 * s[2]  # equation 10
    expected = sum(each.mean() - 0.5 * np.log(2.0 * np.pi) for each in normal) + label
    torch.testing.assert_close(value, expected)


def test_learned_weights_find_the_noise():
    torch.manual_seed(0)
    noise = {"a": 0.1, "b": 5.0}
    errors = {name: scale * torch.randn(4000) for name, scale in noise.items()}
    loss = bt.SumLoss({"a": bt.SquaredErrorLoss(), "b": (nn.MSELoss(), 0.5)}, uncertainty=True)
    optimizer = torch.optim.LBFGS(loss.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        value = loss({name: (error, torch.zeros_like(error)) for name, error in errors.items()})
        value.backward()
        return value

    optimizer.step(closure)
    found = (0.5 * loss.log_variances).exp().tolist()
    assert found == pytest.approx(
        [errors[name].square().mean().sqrt().item() for name in noise], rel=1e-2
    )
    assert loss.state_dict().keys() == {"log_variances"}


SCALAR = torch.tensor(1.0)
WRONG = {
    "losses must hold at least one loss": lambda: bt.SumLoss({}),
    r"losses\['a'\] must have a weight that is finite, got inf": (
        lambda: bt.SumLoss({"a": float("inf")})
    ),
    r"losses\['a'\] must have a weight that is positive and finite, to learn from it, got 0.0": (
        lambda: bt.SumLoss({"a": 0.0}, uncertainty=True)
    ),
    "a call must hold the losses .'a', 'b'., got .'a'.": (
        lambda: bt.SumLoss({"a": 1.0, "b": 1.0})({"a": SCALAR})
    ),
    "'a' must be a scalar tensor, as it has no loss module, got 2 arguments": (
        lambda: bt.SumLoss({"a": 1.0})({"a": (SCALAR, SCALAR)})
    ),
    "'a' must be a scalar, got shape .3,.": lambda: bt.SumLoss({"a": 1.0})({"a": torch.ones(3)}),
    r"'a' must be a scalar, got shape .3,. from HuberLoss.*reduction='none'": (
        lambda: bt.SumLoss({"a": bt.HuberLoss(reduction="none")})({"a": (torch.ones(3),) * 2})
    ),
    "matrix must have shape .C, C. with C >= 2, got .2, 3.": (
        lambda: bt.MatrixCrossEntropyLoss(torch.ones(2, 3))
    ),
    "matrix must be finite, got": lambda: bt.MatrixCrossEntropyLoss([[1.0, np.nan], [0.0, 1.0]]),
    "input must have 2 classes, as the matrix, in dimension 1, got shape .5, 3.": (
        lambda: bt.MatrixCrossEntropyLoss(torch.eye(2))(torch.zeros(5, 3), torch.zeros(5).long())
    ),
    "target .indices. must have shape .5,., got .4,.": (
        lambda: bt.MatrixCrossEntropyLoss(torch.eye(2))(torch.zeros(5, 2), torch.zeros(4).long())
    ),
    "target .probabilities. must have shape .5, 2., got .5,.": (
        lambda: bt.MatrixCrossEntropyLoss(torch.eye(2))(torch.zeros(5, 2), torch.zeros(5))
    ),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_said(message):
    with pytest.raises(ValueError, match=message):
        WRONG[message]()


@pytest.mark.parametrize("given", ["mse", True, (nn.MSELoss(), "1"), (1.0, nn.MSELoss())])
def test_a_loss_is_a_module_a_number_or_both(given):
    with pytest.raises(TypeError, match=r"losses\['a'\] must be a number, a loss module or a pair"):
        bt.SumLoss({"a": given})


def test_names_are_strings_and_arguments_tuples():
    with pytest.raises(TypeError, match="names that are strings, got 3"):
        bt.SumLoss({3: 1.0})
    with pytest.raises(TypeError, match=r"'a' must be a scalar tensor or a tuple .*, got float"):
        bt.SumLoss({"a": 1.0})({"a": 0.5})


MATRIX = np.array([[1.0, 0.5, 0.0], [0.2, 2.0, 3.0], [0.0, -0.3, 1.0]])


def formula(logits, t, matrix):
    """One row in plain NumPy, as the article has it."""
    o = np.exp(logits) / np.exp(logits).sum()
    return -(t * np.log2(o)).sum() + ((matrix - np.eye(len(t))) @ t * np.exp(o)).sum()


def test_matrix_cross_entropy_is_the_formula():
    logits, share = drawn(6, 3), np.random.default_rng(1).dirichlet(np.ones(3), 6)
    loss = bt.MatrixCrossEntropyLoss(torch.tensor(MATRIX), reduction="none")
    expected = [formula(f, t, MATRIX) for f, t in zip(logits.numpy(), share, strict=True)]
    np.testing.assert_allclose(loss(logits, torch.tensor(share)), expected, rtol=1e-13)
    labels = torch.tensor([0, 1, 2, 2, 1, 0])
    expected = [
        formula(f, np.eye(3)[t], MATRIX) for f, t in zip(logits.numpy(), labels, strict=True)
    ]
    np.testing.assert_allclose(loss(logits, labels), expected, rtol=1e-13)
    torch.testing.assert_close(loss(logits[0], labels[0]), loss(logits, labels)[0])
    image = logits.reshape(2, 3, 3).movedim(1, 2)
    torch.testing.assert_close(
        loss(image, labels.reshape(2, 3)), loss(logits, labels).reshape(2, 3)
    )


@pytest.mark.parametrize("columns", [(), (2, 4)])
def test_the_identity_gives_cross_entropy_in_bits(columns):
    logits = drawn(5, 3, *columns).requires_grad_()
    labels = torch.arange(logits[:, 0].numel()).reshape(5, *columns) % 3
    labels[1] = 255
    ours = bt.MatrixCrossEntropyLoss(torch.eye(3), ignore_index=255)(logits, labels)
    theirs = nn.CrossEntropyLoss(ignore_index=255)(logits, labels) / np.log(2.0)
    torch.testing.assert_close(ours, theirs)
    for found, expected in zip(
        torch.autograd.grad(ours, logits), torch.autograd.grad(theirs, logits), strict=True
    ):
        torch.testing.assert_close(found, expected)


def test_classes_that_are_ruled_out_by_their_score():
    logits = torch.tensor([[0.0, -torch.inf, 1.0]], requires_grad=True)
    value = bt.MatrixCrossEntropyLoss(torch.eye(3))(logits, torch.tensor([2]))
    assert value.item() == pytest.approx(np.log2(1.0 + np.exp(-1.0)))
    assert torch.autograd.grad(value, logits)[0].isfinite().all()
