"""The types of a layer's results where autocast is on.

:class:`torch.nn.LSTM` gives what falls out of the operations inside it, and a layer gives the
same types. Inside, it computes in the type of the parameters.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def autocast_type(tensor: Tensor) -> torch.dtype | None:
    """Return the lower type of autocast for the device of a tensor; None where it is off."""
    device = tensor.device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return None


def without_autocast(tensor: Tensor) -> AbstractContextManager[object]:
    """Return a context in which operations have the type of what they are given."""
    if autocast_type(tensor) is None:
        return nullcontext()
    return torch.autocast(tensor.device.type, enabled=False)


def agree(a: Tensor, b: Tensor) -> bool:
    """Tell whether two tensors are of one type, or autocast makes them so."""
    return a.dtype == b.dtype or (
        autocast_type(a) is not None
        and all(t.is_floating_point() and t.dtype != torch.float64 for t in (a, b))
    )


def result_types(
    x: Tensor, c_0: Tensor | None, packed: bool, projected: bool
) -> tuple[torch.dtype, torch.dtype]:
    """Return the types of h_t and of c_T.

    Parameters
    ----------
    x
        The input.
    c_0
        The memory that the caller gave; or None.
    packed, projected
        Whether the input is packed, and whether h_t is multiplied by a matrix.
    """
    lower = autocast_type(x)
    if lower is None or x.dtype == torch.float64:  # which autocast leaves alone
        return x.dtype, x.dtype
    whole = not packed and not projected and x.dtype in (torch.float32, torch.bfloat16)
    if whole or x.device.type != "cpu":  # one operation of oneDNN or cuDNN
        return lower, lower
    # Step by step: c_T is promoted by c_0; a projection is a product, so of the lower type.
    memory = torch.promote_types(x.dtype if c_0 is None else c_0.dtype, lower)
    return (lower if projected else memory), memory
