"""The formulas on tensors: the one place where they meet autograd."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from boostloss.formulas.barron import barron_shape
from boostloss.kernels.rows import GRADIENT, HESSIAN, LOSS, fit_float32
from boostloss.torch._compatibility import forward_mode, last_backward_pass, transformed
from boostloss.torch._operators import evaluate, name_of, total

TOTAL = -1  # beside LOSS, GRADIENT and HESSIAN: the sum of the losses
FOLLOWING = {TOTAL: GRADIENT, LOSS: GRADIENT, GRADIENT: HESSIAN}  # what each is differentiated to


def wanted(formula: Callable, order: int) -> list[int]:
    """Places of a derivative and those of the next order in what the formula returns."""
    if formula is barron_shape:
        return [0, 1, 2]
    here = LOSS if order == TOTAL else order
    return [here, FOLLOWING[order]] if order in FOLLOWING else [here]


def kernel_runs(tensor: Tensor) -> bool:
    """Whether a kernel computes; in a traced graph the formula's operations fuse with each other and those around."""
    return tensor.device.type == "cpu" and not torch.compiler.is_compiling()


def has_kernel(tensor: Tensor) -> bool:
    """Whether a kernel computes that knows nothing of transforms."""
    return kernel_runs(tensor) and not transformed()


class Derivative(torch.autograd.Function):
    """A formula's loss (order 0), its sum (TOTAL), gradient (1) or Hessian (2), of tensors of one shape and dtype.

    The derivative is computed along and saved. Where it may be differentiated in its turn, it is this function of the
    next order.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(formula, order, input, target, weight, *parameters):
        outputs = wanted(formula, order)
        if kernel_runs(input):
            name = name_of(formula)
            if order == TOTAL:
                return total(input, target, weight, name, list(parameters))
            return tuple(evaluate(input, target, name, outputs, list(parameters)))
        precise = target if fit_float32(parameters) else target.double()
        values = formula(precise, input, *parameters)
        first, *slopes = (weighted(values[output].to(input.dtype), weight) for output in outputs)
        return first.sum() if order == TOTAL else first, *slopes

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.formula, ctx.order, input, target, weight, *ctx.parameters = inputs
        _, *slopes = output
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*slopes)
        ctx.save_for_backward(input, target, weight, *slopes)
        ctx.save_for_forward(input, target, weight, *slopes)

    @staticmethod
    def backward(ctx, grad, *_):
        by_input = by_target = by_weight = None
        if grad is not None:
            input, target, weight, *saved = ctx.saved_tensors
            again = torch.is_grad_enabled() or not saved or dual(input, target, weight)
            slopes = differentiable_slopes(ctx, input, target, weight) if again else saved
            in_place = not again and last_backward_pass(grad)
            by_input, *by_shape = (x.mul_(grad) if in_place else x * grad for x in slopes)
            if ctx.needs_input_grad[3]:
                by_target = by_shape[0] if by_shape else -by_input
            if ctx.needs_input_grad[4]:
                by_weight = grad * derivative(ctx.formula, LOSS, input, target, *ctx.parameters)
        return None, None, by_input, by_target, by_weight, *[None] * len(ctx.parameters)


def dual(*tensors: Tensor | None) -> bool:
    """Whether one of the tensors is differentiated in forward mode as well."""
    if torch.compiler.is_compiling():
        return False
    given = (x for x in tensors if x is not None)
    return any(forward_ad.unpack_dual(x).tangent is not None for x in given)


def constant(target: Tensor, reason: str) -> Tensor:
    """The target, refused where it is differentiated in either mode."""
    if target.requires_grad or dual(target):
        raise ValueError(f"target must not require a gradient: {reason}.")
    if torch.compiler.is_compiling() or not transformed():
        return target
    return Constant.apply(target, reason)


class Constant(torch.autograd.Function):
    """What nothing may differentiate by, not even a transform around another one, of which the tensor does not know."""

    generate_vmap_rule = True

    @staticmethod
    def forward(target, reason):
        return target.clone()

    @staticmethod
    def setup_context(ctx, inputs, output):
        _, ctx.reason = inputs

    @staticmethod
    def jvp(ctx, *_):
        raise ValueError(f"target must not require a gradient: {ctx.reason}.")

    backward = jvp


class TwoWayDerivative(Derivative):
    """`Derivative` with differentiation in forward mode too, which torch.compile cannot trace."""

    @staticmethod
    def jvp(ctx, *tangents):
        input, target, weight, *_ = ctx.saved_tensors
        if forward_mode(times=2):
            raise NotImplementedError(
                "Forward mode works once, if at all in this version of torch: use torch.func.jacrev."
            )
        by_input, by_target, by_weight = tangents[2:5]
        slope, *of_target = differentiable_slopes(ctx, input, target, weight)
        terms = [(slope, by_input), (of_target[0] if of_target else -slope, by_target)]
        if by_weight is not None:
            value = derivative(ctx.formula, LOSS, input, target, *ctx.parameters)
            terms.append((value, by_weight))
        change = sum(slope * tangent for slope, tangent in terms if tangent is not None)
        if ctx.order == TOTAL:
            change = change.sum()
        return change, *[None] * (len(wanted(ctx.formula, ctx.order)) - 1)


class PlainDerivative(TwoWayDerivative):
    """`TwoWayDerivative` outside of functorch's transforms, where torch need not bind arguments to names.

    That is its older protocol: a forward pass that takes the context.
    """

    setup_context = torch.autograd.Function.setup_context  # as if there were none

    @staticmethod
    def forward(ctx, *inputs):
        output = Derivative.forward(*inputs)
        Derivative.setup_context(ctx, inputs, output)
        return output


def weighted(value: Tensor, weight: Tensor | None) -> Tensor:
    """The product with a weight, if there is one."""
    return value if weight is None else value * weight


def differentiable_slopes(
    ctx: Any, input: Tensor, target: Tensor, weight: Tensor | None
) -> tuple[Tensor, ...]:
    """The derivative by the input, and for a shape that by the target, as functions of both."""
    if ctx.formula is barron_shape:  # smooth everywhere: its operations differentiate as they are
        return barron_shape(target, input)[1:]
    if ctx.order not in FOLLOWING:
        raise NotImplementedError("The losses of boostloss have no third derivative.")
    order = FOLLOWING[ctx.order]
    return (weighted(derivative(ctx.formula, order, input, target, *ctx.parameters), weight),)


def derivative(
    formula: Callable,
    order: int,
    input: Tensor,
    target: Tensor,
    *parameters: float,
    weight: Tensor | None = None,
) -> Tensor:
    """The loss (order 0), gradient (1) or Hessian (2) of every element, or the weighted sum of the losses (TOTAL).

    A gradient reaches the input, the weight and, as the target of a location loss or the shape of `barron_shape`, the
    target.
    """
    return autograd_function().apply(formula, order, input, target, weight, *parameters)[0]


def autograd_function() -> type[Derivative]:
    """The kind of `Derivative` that torch can trace, transform, or call at the least cost."""
    if torch.compiler.is_compiling():
        return Derivative
    return TwoWayDerivative if transformed() else PlainDerivative
