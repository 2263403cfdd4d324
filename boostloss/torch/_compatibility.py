"""What torch tells in private only: whether its function transforms are active, and whether a graph is kept.

A release of torch may rename these. Then the modules work all the same, with the slower way where both would do.
"""

import torch
from torch import Tensor

try:
    from torch._C import _len_torch_dispatch_stack
    from torch._C._autograd import _get_current_graph_task_keep_graph
    from torch._C._functorch import TransformType, is_legacy_batchedtensor
    from torch._functorch.pyfunctorch import retrieve_all_functorch_interpreters
except ImportError:  # a test takes this way
    KNOWN = False
else:
    KNOWN = True


def transformed() -> bool:
    """Whether a transform of ``torch.func`` may be active.

    Outside of them torch's older protocol of autograd functions will do, with which the forward and backward pass of a
    small loss take 53 instead of 70 microseconds.
    """
    return not KNOWN or bool(retrieve_all_functorch_interpreters())


def forward_mode(times: int = 1) -> bool:
    """Whether forward mode of ``torch.func`` may be active, so many times in one another.

    Twice, torch would take a second derivative for 0 without a word.
    """
    if not KNOWN:
        return True
    modes = [x.key() for x in retrieve_all_functorch_interpreters()]
    return modes.count(TransformType.Jvp) >= times


def last_backward_pass(grad: Tensor) -> bool:
    """Whether the running backward pass is the last of its graph, and nobody traces it.

    What was saved for it may then be overwritten. The system must find the pages of a new tensor, which took longer
    than the kernel of a million rows.
    """
    if not KNOWN or torch.compiler.is_compiling() or retrieve_all_functorch_interpreters():
        return False
    traced = _len_torch_dispatch_stack() > 0 or is_legacy_batchedtensor(grad)
    return not traced and not _get_current_graph_task_keep_graph()


def batched(grad: Tensor) -> bool:
    """Whether a backward pass may be one of many at once, of which a kernel knows nothing."""
    return transformed() or is_legacy_batchedtensor(grad)
