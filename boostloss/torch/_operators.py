"""The kernels of the core as operators on CPU tensors, which torch traces and vectorises like its own."""

import ctypes
from collections.abc import Callable
from functools import cache
from pkgutil import resolve_name
from typing import Any

import torch
from torch import Tensor

from boostloss.kernels.openmp import parallel_region, run_in_region
from boostloss.kernels.rows import GRADIENT, LOSS, Computation, Rows, add_up, fill
from boostloss.kernels.threads import run_in_threads

formulas: dict[str, Callable] = {}  # that operators have been called for


@cache
def name_of(formula: Callable) -> str:
    """What stands for a formula in a call of an operator, which takes no functions."""
    name = f"{formula.__module__}:{formula.__qualname__}"
    while formulas.setdefault(name, formula) is not formula:  # defined again, as in a notebook
        name += "'"
    return name


def named(name: str) -> Callable:
    """The formula of a name, which a graph may bring from another process."""
    return formulas.get(name) or resolve_name(name)


def torch_region() -> Any:
    """The OpenMP of torch, where it is one that we know."""
    try:
        return parallel_region(ctypes.CDLL(torch._C.__file__))
    except OSError:
        return None


OPENMP = torch_region()


def in_torch_threads(work: Callable[[], None]) -> None:
    """Call in the threads of torch, which would else spin on the cores that threads of ours wait for.

    On two cores the best time of loss and gradient of 300,000 rows is half as long, that of 4 million rows no shorter.
    """
    n_threads = torch.get_num_threads()
    if OPENMP is None or n_threads == 1:
        run_in_threads(work, n_threads)
    else:
        run_in_region(OPENMP, work, n_threads)


def check_tensors(input: Tensor, target: Tensor, weight: Tensor | None = None) -> None:
    """Refuse tensors whose memory is not what a kernel would take it for."""
    if input.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"input must be of dtype float32 or float64, got {input.dtype}.")
    for name, tensor in (("target", target), ("weight", weight)):
        if tensor is None:
            continue
        if tensor.shape != input.shape:
            shapes = f"{tuple(input.shape)}, got {tuple(tensor.shape)}"
            raise ValueError(f"{name} must have the shape of input, {shapes}.")
        if tensor.dtype != input.dtype or tensor.device != input.device:
            wanted, got = (f"{x.dtype} on {x.device}" for x in (input, tensor))
            raise TypeError(f"{name} must be {wanted} as input is, got {got}.")


def flat(tensor: Tensor) -> Tensor:
    """The elements in a row; a copy where they lie apart."""
    return tensor.detach().contiguous().view(-1)


# `torch.library.custom_op` puts ten microseconds of Python around each operator.
torch.library.define(
    "boostloss::evaluate",
    "(Tensor input, Tensor target, str formula, int[] outputs, float[] parameters) -> Tensor[]",
)
torch.library.define(
    "boostloss::total",
    "(Tensor input, Tensor target, Tensor? weight, str formula, float[] parameters)"
    " -> (Tensor, Tensor)",
)
evaluate = torch.ops.boostloss.evaluate.default
total = torch.ops.boostloss.total.default


@torch.library.impl("boostloss::evaluate", "cpu")
def _(input, target, formula, outputs, parameters):
    """Outputs of a formula by its compiled kernel, which runs over the tensors' own memory."""
    check_tensors(input, target)
    f, y = flat(input), flat(target)
    results = [torch.empty_like(f) for _ in outputs]
    arrays, rows = [x.numpy() for x in results], Rows(y.numpy(), f.numpy())
    for pair in (slice(0, 2), slice(2, None)):  # a kernel has one or two results
        if outputs[pair]:
            computation = Computation(named(formula), tuple(outputs[pair]), tuple(parameters))
            fill(arrays[pair], computation, rows, in_torch_threads)
    return [x.view(input.shape) for x in results]


@torch.library.register_fake("boostloss::evaluate")
def _(input, target, formula, outputs, parameters):
    check_tensors(input, target)
    return [input.new_empty(input.shape) for _ in outputs]


@torch.library.register_vmap("boostloss::evaluate")
def _(info, in_dims, input, target, formula, outputs, parameters):
    tensors = batches(info, in_dims, input, target)
    return evaluate(*tensors, formula, outputs, parameters), [0] * len(outputs)


@torch.library.impl("boostloss::total", "cpu")
def _(input, target, weight, formula, parameters):
    """Weighted sum of a formula's losses, and the gradient of each, in one pass that never writes the losses."""
    check_tensors(input, target, weight)
    f = flat(input)
    slope = torch.empty_like(f)
    rows = Rows(flat(target).numpy(), f.numpy(), None if weight is None else flat(weight).numpy())
    value = add_up(named(formula), tuple(parameters), rows, slope.numpy(), in_torch_threads)
    return input.new_tensor(value), slope.view(input.shape)


@torch.library.register_fake("boostloss::total")
def _(input, target, weight, formula, parameters):
    check_tensors(input, target, weight)
    return input.new_empty(()), input.new_empty(input.shape)


@torch.library.register_vmap("boostloss::total")
def _(info, in_dims, input, target, weight, formula, parameters):
    tensors = batches(info, in_dims, input, target)
    terms = evaluate(*tensors, formula, [LOSS, GRADIENT], parameters)
    if weight is not None:
        (weights,) = batches(info, in_dims[2:], weight)
        check_tensors(tensors[0], tensors[1], weights)
        terms = [x * weights for x in terms]
    losses, slopes = terms
    return (losses.flatten(1).sum(1) if losses.ndim > 1 else losses, slopes), (0, 0)


def batches(info: Any, in_dims: Any, *tensors: Tensor) -> list[Tensor]:
    """Tensors with the batch dimension of vmap first."""
    return [
        x.expand(info.batch_size, *x.shape) if dim is None else x.movedim(dim, 0)
        for x, dim in zip(tensors, in_dims, strict=False)
    ]
