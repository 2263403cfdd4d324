"""The formulas on tensors: the one place where they meet autograd."""

import inspect
from collections.abc import Callable
from functools import cache
from pkgutil import resolve_name
from typing import Any

import torch
from torch import Tensor
from torch._C._functorch import TransformType
from torch._functorch.pyfunctorch import retrieve_all_functorch_interpreters

from boostloss._kernels import HESSIAN, fill
from boostloss.formulas.barron import barron_shape

named = cache(resolve_name)


@torch.library.custom_op("boostloss::evaluate", mutates_args=(), device_types="cpu")
def evaluate(
    input: Tensor, target: Tensor, formula: str, outputs: list[int], parameters: list[float]
) -> list[Tensor]:
    """Outputs of a formula by its compiled kernel, which runs over the tensors' own memory."""
    f, y = (x.detach().contiguous().view(-1) for x in (input, target))
    results = [torch.empty_like(f) for _ in outputs]
    arrays = [x.numpy() for x in results]
    for pair in (slice(0, 2), slice(2, None)):  # a kernel has one or two results
        if outputs[pair]:
            columns, rows = tuple(outputs[pair]), (y.numpy(), f.numpy())
            fill(arrays[pair], named(formula), columns, *rows, None, 1.0, tuple(parameters))
    return [x.view(input.shape) for x in results]


@evaluate.register_fake
def _(input, target, formula, outputs, parameters):
    return [input.new_empty(input.shape) for _ in outputs]


@evaluate.register_vmap
def _(info, in_dims, input, target, formula, outputs, parameters):
    tensors = [
        x.expand(info.batch_size, *x.shape) if dim is None else x.movedim(dim, 0)
        for x, dim in zip((input, target), in_dims, strict=False)
    ]
    return evaluate(*tensors, formula, outputs, parameters), [0] * len(outputs)


def wanted(formula: Callable, order: int) -> list[int]:
    """Places of a derivative and those of the next order in what the formula returns."""
    if formula is barron_shape:
        return [0, 1, 2]
    return [order, order + 1] if order < HESSIAN else [HESSIAN]


def kernel_runs(tensor: Tensor) -> bool:
    """Whether a kernel computes; in a traced graph the formula's operations fuse with each other and those around."""
    return tensor.device.type == "cpu" and not torch.compiler.is_compiling()


class Derivative(torch.autograd.Function):
    """A formula's loss (order 0), gradient (1) or Hessian (2), of tensors of one shape and dtype.

    The derivative is computed along and saved. Where it may be differentiated in its turn, it is this function of the
    next order.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(formula, order, input, target, *parameters):
        outputs = wanted(formula, order)
        if kernel_runs(input):
            name = f"{formula.__module__}:{formula.__qualname__}"
            return tuple(evaluate(input, target, name, outputs, list(parameters)))
        values = formula(target, input, *parameters)
        return tuple(values[output] for output in outputs)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.formula, ctx.order, input, target, *ctx.parameters = inputs
        _, *slopes = output
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*slopes)
        ctx.save_for_backward(input, target, *slopes)
        ctx.save_for_forward(input, target, *slopes)

    @staticmethod
    def backward(ctx, grad, *_):
        unused = [None] * len(ctx.parameters)
        if grad is None:
            return None, None, None, None, *unused
        input, target, *saved = ctx.saved_tensors
        again = torch.is_grad_enabled() or not saved
        slope, *of_target = differentiable_slopes(ctx, input, target) if again else saved
        by_input = grad * slope
        by_target = None
        if ctx.needs_input_grad[3]:
            by_target = grad * of_target[0] if of_target else -by_input
        return None, None, by_input, by_target, *unused


# Or torch works it out at every call, for as long as a kernel takes on a thousand elements.
Derivative.forward.__signature__ = inspect.signature(Derivative.forward)  # type: ignore[attr-defined]


class TwoWayDerivative(Derivative):
    """`Derivative` with differentiation in forward mode too, which torch.compile cannot trace."""

    @staticmethod
    def jvp(ctx, *tangents):
        input, target, *_ = ctx.saved_tensors
        transforms = [x.key() for x in retrieve_all_functorch_interpreters()]
        if transforms.count(TransformType.Jvp) > 1:
            # Torch switches forward mode off in here, and would take the second derivative for 0.
            raise NotImplementedError("Forward mode works once: use torch.func.hessian or jacrev.")
        by_input, by_target = tangents[2:4]
        slope, *of_target = differentiable_slopes(ctx, input, target)
        terms = (slope, by_input), (of_target[0] if of_target else -slope, by_target)
        total = sum(slope * tangent for slope, tangent in terms if tangent is not None)
        return total, *[None] * (len(wanted(ctx.formula, ctx.order)) - 1)


def differentiable_slopes(ctx: Any, input: Tensor, target: Tensor) -> tuple[Tensor, ...]:
    """The derivative by the input, and for a shape that by the target, as functions of both."""
    if ctx.formula is barron_shape:  # smooth everywhere: its operations differentiate as they are
        return barron_shape(target, input)[1:]
    if ctx.order == HESSIAN:
        raise NotImplementedError("The losses of boostloss have no third derivative.")
    return (derivative(ctx.formula, ctx.order + 1, input, target, *ctx.parameters),)


def derivative(
    formula: Callable, order: int, input: Tensor, target: Tensor, *parameters: float
) -> Tensor:
    """The loss (order 0), gradient (1) or Hessian (2) of every element.

    A gradient reaches the input and, as the target of a location loss or the shape of `barron_shape`, the target.
    """
    kind = Derivative if torch.compiler.is_compiling() else TwoWayDerivative
    return kind.apply(formula, order, input, target, *parameters)[0]
