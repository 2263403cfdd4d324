"""The modules that the torch tests run over, and tensors for them."""

import pytest

torch = pytest.importorskip("torch")

import boostloss as bl  # noqa: E402
import boostloss.torch as bt  # noqa: E402


def parameter(*values):
    return torch.nn.Parameter(torch.tensor(values, dtype=torch.float64))


REGRESSION = {
    "squared": lambda: bt.SquaredErrorLoss(),
    "huber": lambda: bt.HuberLoss(0.7),
    "huber-tensor": lambda: bt.HuberLoss(parameter(0.5, 1.0, 2.0)),
    "log-cosh": lambda: bt.LogCoshLoss(0.7),
    "log-cosh-tensor": lambda: bt.LogCoshLoss(parameter(0.5, 1.0, 2.0)),
    "quantile": lambda: bt.QuantileLoss(0.3),
    "barron": lambda: bt.BarronLoss(0.5, 2.0),
    "squared-barron": lambda: bt.BarronLoss(2.0),
    "welsch": lambda: bt.LossModule(bl.Welsch(1.5)),
    "barron-scale": lambda: bt.BarronLoss(-2.0, parameter(0.5, 1.0, 2.0)),
    "barron-alpha": lambda: bt.BarronLoss(parameter(-2.0, 0.5, 1.5), 0.7),
    "barron-both": lambda: bt.BarronLoss(parameter(1.0), parameter(0.5, 1.0, 2.0)),
    "adaptive": lambda: bt.AdaptiveBarronLoss(3, dtype=torch.float64),
}
LABELS = {
    "logistic": lambda: bt.LogisticLoss(),
    "focal": lambda: bt.FocalLoss(2.0),
    "balanced-focal": lambda: bt.FocalLoss(0.5, 0.25),
}
OTHERS = {
    "quantiles": lambda: bt.QuantileLoss([0.1, 0.5, 0.9]),
    "classes": lambda: bt.FocalLoss(2.0),
    "weighted-classes": lambda: bt.FocalLoss(1.0, [0.2, 0.3, 0.5]),
}
MODULES = {**REGRESSION, **LABELS, **OTHERS}
every_module = pytest.mark.parametrize("name", MODULES)


def case(name, n=5, dtype=torch.float64, seed=0):
    """A module, an input of shape (n, 3), and targets for it."""
    generator = torch.Generator().manual_seed(seed)
    input = 2.0 * torch.randn(n, 3, generator=generator, dtype=dtype)
    if name in LABELS:
        target = torch.randint(0, 2, (n, 3), generator=generator).to(dtype)
    elif name.endswith("classes"):
        target = torch.randint(0, 3, (n,), generator=generator)
    else:
        shape = (n,) if name == "quantiles" else (n, 3)
        target = torch.randn(shape, generator=generator, dtype=dtype)
    return MODULES[name](), input, target


def function(module, reduction="none"):
    """The module as a function of input, target and its parameters, and these."""
    names = [name for name, _ in module.named_parameters()]
    module.reduction = reduction

    def call(input, target, *parameters):
        values = dict(zip(names, parameters, strict=True))
        return torch.func.functional_call(module, values, (input, target))

    return call, tuple(module.parameters())
