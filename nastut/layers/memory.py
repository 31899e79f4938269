"""Where the layer may read and write tensors through their addresses, and where not.

What is computed through an address happens behind torch's back: a graph that is being recorded
does not see it, a transformation does not reach it, and where there is no plain memory behind a
tensor the address is wrong. Then the operations themselves must be called.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import Parameter

_PLAIN_TYPES = (Tensor, Parameter)


def may_use_addresses(tensors: Iterable[Tensor | None]) -> bool:
    """Tell whether all these tensors are plain memory, and nobody watches the operations.

    Parameters
    ----------
    tensors
        All that is read or written; None, an input that is left out, is no obstacle.
    """
    return not _operations_are_watched() and all(
        tensor is None or _is_plain(tensor) for tensor in tensors
    )


def _operations_are_watched() -> bool:
    """Tell whether somebody records or transforms the operations of this moment.

    A compiler or exporter (``torch.compile``, ``torch.export``), the tracer (``torch.jit.trace``,
    ``torch.onnx``), a dispatch mode (FakeTensorMode, make_fx, a counter of operations),
    a transformation (``torch.func``), or derivatives that are carried forward.
    """
    return (
        torch.compiler.is_compiling()
        or torch._C._is_tracing()
        or torch._C._len_torch_dispatch_stack() > 0
        or torch._ops._len_torch_dispatch_stack_pre_dispatch() > 0  # type: ignore[no-untyped-call]
        or torch._C._are_functorch_transforms_active()
        or forward_ad._current_level >= 0
    )


def _is_plain(tensor: Tensor) -> bool:
    return (
        type(tensor) in _PLAIN_TYPES
        and tensor.layout == torch.strided
        and tensor.device.type != "meta"
        and not tensor.is_neg()  # a view that stands for the negated values
        and not torch._C._functorch.is_functorch_wrapped_tensor(tensor)
        and not torch._C._functorch.is_legacy_batchedtensor(tensor)
    )
