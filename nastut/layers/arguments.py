"""What a layer is called with: an input and perhaps states; what is refused; and autocast."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

State = tuple[Tensor, Tensor]
"""(h, c): the output state and the memory of all layers and directions."""


def require_fitting(input: Tensor, weight: Tensor, input_size: int, packed: bool) -> None:
    """Raise, as :class:`torch.nn.LSTM` does, unless an input (..., I) fits a layer's parameters.

    Raises
    ------
    TypeError
        If the parameters are complex numbers.
    ValueError
        If the types differ; under autocast, and for packed input, it is a RuntimeError.
    RuntimeError
        If the devices or the sizes differ.
    """
    if weight.is_complex():
        raise TypeError(f"the parameters are of type {weight.dtype}; a cell has real numbers")
    if not _types_agree(input, weight):
        as_in_lstm = RuntimeError if packed or autocast_type(input) is not None else ValueError
        raise as_in_lstm(
            f"input is of type {input.dtype} but the parameters are of type {weight.dtype}; "
            f"convert it by input.to({weight.dtype}), or the layer by layer.to({input.dtype})"
        )
    if input.device != weight.device:
        raise RuntimeError(
            f"input is on {input.device} but the parameters are on {weight.device}; "
            f"move it by input.to({str(weight.device)!r})"
        )
    shape = tuple(input.shape)
    if shape[-1] != input_size:
        raise RuntimeError(
            f"input has shape {shape}, so {shape[-1]} features; input_size is {input_size}"
        )


def initial_states(
    hx: State | None, x: Tensor, shapes: Sequence[tuple[int, ...]], dtype: torch.dtype
) -> State:
    """Return (h_0, c_0) in `dtype`: the caller's `hx` if it fits the input `x`, or zeros.

    Raises
    ------
    TypeError
        If `hx` is no pair of tensors.
    RuntimeError
        If a shape is not as in `shapes`, or type or device are not those of the input.
    """
    if hx is None:
        h_0, c_0 = (x.new_zeros(shape, dtype=dtype) for shape in shapes)
        return h_0, c_0
    if not isinstance(hx, (tuple, list)) or len(hx) != 2:
        raise TypeError(f"hx is a {type(hx).__name__} where the pair (h_0, c_0) belongs")
    for name, shape, state in zip(("h_0", "c_0"), shapes, hx, strict=True):
        if not isinstance(state, Tensor):
            raise TypeError(f"{name} is a {type(state).__name__} where a tensor belongs")
        if tuple(state.shape) != shape:
            raise RuntimeError(
                f"{name} has shape {tuple(state.shape)}; for this input it must be {shape}"
            )
        if state.device != x.device or not _types_agree(state, x):
            raise RuntimeError(
                f"{name} is of type {state.dtype} on {state.device}, "
                f"the input of type {x.dtype} on {x.device}; they must agree"
            )
    h_0, c_0 = hx
    return h_0.to(dtype), c_0.to(dtype)


def autocast_type(tensor: Tensor) -> torch.dtype | None:
    """Return the lower type of autocast for a tensor; None where autocast leaves it alone."""
    device = tensor.device.type
    if (
        tensor.dtype != torch.float64
        and torch.amp.is_autocast_available(device)
        and torch.is_autocast_enabled(device)
    ):
        return torch.get_autocast_dtype(device)
    return None


def without_autocast(tensor: Tensor) -> AbstractContextManager[object]:
    """Return a context in which operations compute in the type of their operands."""
    if autocast_type(tensor) is None:
        return nullcontext()
    return torch.autocast(tensor.device.type, enabled=False)


def _types_agree(a: Tensor, b: Tensor) -> bool:
    return a.dtype == b.dtype or (
        autocast_type(a) is not None
        and all(t.is_floating_point() and t.dtype != torch.float64 for t in (a, b))
    )
