"""Negative log-likelihoods of distributions, with their derivatives by a kernel where one runs."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from boostloss.kernels.outputs import fill_outputs
from boostloss.kernels.rows import Rows
from boostloss.losses.catalogue import from_string, to_string
from boostloss.losses.distributions import Distribution
from boostloss.torch._compatibility import forward_mode, transformed
from boostloss.torch._derivative import dual, has_kernel
from boostloss.torch._operators import in_torch_threads

torch.library.define(
    "boostloss::likelihood",
    "(Tensor input, Tensor[] targets, bool differentiable, str loss) -> (Tensor, Tensor)",
)


def of_distribution(loss: Distribution, input: Tensor, target: Tensor) -> Tensor:
    """The negative log-likelihood of every target or interval, by the raw predictions in a last dimension."""
    of_intervals = check_distribution(loss, input, target)
    dtype = torch.promote_types(input.dtype, torch.float32)
    if target.is_floating_point():
        dtype = torch.promote_types(dtype, target.dtype)
    input, target = input.to(dtype), target.to(dtype)
    targets = target.unbind(-1) if of_intervals else (target,)
    plain = not (torch.compiler.is_compiling() or transformed() or dual(input) or dual(target))
    if plain and has_kernel(input) and not target.requires_grad:
        wanted = input.requires_grad and torch.is_grad_enabled()
        return DistributionLoss.apply(loss, wanted, input, *targets)
    return by_operations(loss, input, targets)


def check_distribution(loss: Distribution, input: Tensor, target: Tensor) -> bool:
    """Refuse shapes that do not go together; whether targets are intervals."""
    shape = (*input.shape[:-1], 2)
    of_intervals = loss.interval_formula is not None and target.shape == shape
    if input.ndim == 0 or input.shape[-1] != loss.n_outputs:
        raise ValueError(
            f"input must have shape {(*target.shape, loss.n_outputs)}, got {tuple(input.shape)}."
        )
    if not of_intervals and target.shape != input.shape[:-1]:
        also = f" or {shape} of intervals" if loss.interval_formula is not None else ""
        raise ValueError(
            f"target must have shape {tuple(input.shape[:-1])}{also}, got {tuple(target.shape)}."
        )
    if input.is_complex() or target.is_complex():
        raise TypeError(f"input and target must be real, got {input.dtype} and {target.dtype}.")
    return of_intervals


def formula_of(loss: Distribution, targets: Sequence[Tensor]) -> Any:
    return loss.formula if len(targets) == 1 else loss.interval_formula


def in_double(loss: Distribution, targets: Sequence[Tensor]) -> bool:
    """Whether float32 has too few digits: for the probability between two near ends it has."""
    return loss.in_double or len(targets) > 1


def by_operations(loss: Distribution, input: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """The loss by torch's own operations, which it can differentiate."""
    dtype = input.dtype
    if in_double(loss, targets):
        input, targets = input.double(), [x.double() for x in targets]
    formula, numbers = formula_of(loss, targets), parameters_of(loss)
    if needs_value(input, targets):
        value = formula(*targets, *input.unbind(-1), *numbers)[0]
    else:
        value, _ = Likelihood.apply(formula, numbers, input, *targets)
    return value.to(dtype)


def needs_value(input: Tensor, targets: Sequence[Tensor]) -> bool:
    """Whether what is differentiated must be the value itself: by the targets, or in forward mode."""
    if any(x.requires_grad for x in targets):
        return True
    return not torch.compiler.is_compiling() and (forward_mode() or dual(input, *targets))


class Likelihood(torch.autograd.Function):
    """A formula's value, with the slopes that it returns: its own are 0 where it cuts off what would overflow."""

    generate_vmap_rule = True

    @staticmethod
    def forward(formula, numbers, input, *targets):
        value, *slopes = formula(*targets, *input.unbind(-1), *numbers)
        return value, torch.stack(slopes[: input.shape[-1]], dim=-1)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.formula, ctx.numbers, *tensors = inputs
        _, slope = output
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(slope)
        ctx.save_for_backward(slope, *tensors)

    @staticmethod
    def backward(ctx, grad, _):
        slope, *tensors = ctx.saved_tensors
        by_input = None
        if grad is not None:
            if torch.is_grad_enabled():
                _, slope = Likelihood.forward(ctx.formula, ctx.numbers, *tensors)
            by_input = slope * grad.unsqueeze(-1)
        return None, None, by_input, *[None] * (len(tensors) - 1)


@torch.compiler.assume_constant_result
def parameters_of(loss: Distribution) -> tuple[float, ...]:
    """A graph holds their numbers, not how they are computed."""
    return loss.parameters


@torch.library.impl("boostloss::likelihood", "cpu")
def _(input, targets, differentiable, loss):
    """The loss of every row and, if they are wanted, the gradients of its raw predictions, which have a row each."""
    made = named_loss(loss)
    # `t().contiguous()` takes four times as long.
    columns = torch.stack(input.detach().reshape(-1, input.shape[-1]).unbind(-1))
    lines = torch.stack([x.detach().reshape(-1) for x in targets])
    if in_double(made, targets):
        lines, given = lines.double(), columns.double()
    else:
        given = columns
    y = lines.numpy() if len(targets) > 1 else lines[0].numpy()
    value = torch.empty(input.shape[:-1], dtype=input.dtype)
    slope = torch.empty(columns.shape if differentiable else 0, dtype=input.dtype)
    results = [value.view(-1).numpy(), *([slope.numpy()] if differentiable else [])]
    rows = Rows(y, given.numpy())
    fill_outputs(results, formula_of(made, targets), made.parameters, rows, in_torch_threads)
    return value, slope


@torch.library.register_fake("boostloss::likelihood")
def _(input, targets, differentiable, loss):
    *shape, k = input.shape
    slope = (k, math.prod(shape)) if differentiable else 0
    return input.new_empty(shape), input.new_empty(slope)


@lru_cache(maxsize=256)
def named_loss(text: str) -> Any:
    """The loss of a text, which stands for it in a call of an operator."""
    return from_string(text)


class DistributionLoss(torch.autograd.Function):
    """Losses and gradients by one pass of a kernel: torch's own operations take several passes, and as many back."""

    @staticmethod
    def forward(ctx, loss, differentiable, input, *targets):
        operator = torch.ops.boostloss.likelihood.default
        value, slope = operator(input, targets, differentiable, to_string(loss))
        ctx.loss = loss
        ctx.save_for_backward(input, slope, *targets)
        return value

    @staticmethod
    def backward(ctx, grad):
        input, slope, *targets = ctx.saved_tensors
        none = [None] * len(targets)
        again = torch.is_grad_enabled()
        if again or slope.ndim == 1:  # of a traced graph whose input had no gradient
            with torch.enable_grad():
                value = by_operations(ctx.loss, input, targets)
            (found,) = torch.autograd.grad(value, input, grad, create_graph=again)
            return None, None, found, *none
        seed = grad.reshape(-1)
        found = torch.stack([line * seed for line in slope], dim=-1).view(input.shape)
        return None, None, found, *none
