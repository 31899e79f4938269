"""What a layer is called with: an input and perhaps states; and what is refused."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nastut.layers.precision import agree, autocast_type

State = tuple[Tensor, Tensor]
"""(h, c): the output state and the memory of all layers and directions."""


def initial_states(
    hx: State | None, x: Tensor, shapes: Sequence[tuple[int, ...]], dtype: torch.dtype
) -> State:
    """Return (h_0, c_0): what was given, checked, or zeros.

    Parameters
    ----------
    hx
        (h_0, c_0); or None.
    x
        The input. The states must be on its device and, unless autocast is on, of its type.
    shapes
        What the shapes must be.
    dtype
        What the states are converted to, under autocast.

    Raises
    ------
    TypeError
        If `hx` is no pair of tensors.
    RuntimeError
        If a shape, type or device does not fit.
    """
    if hx is None:
        h_0, c_0 = (x.new_zeros(shape, dtype=dtype) for shape in shapes)
        return h_0, c_0
    if not isinstance(hx, tuple | list) or len(hx) != 2:
        raise TypeError(f"hx is a {type(hx).__name__} where the pair (h_0, c_0) belongs")
    for name, shape, state in zip(("h_0", "c_0"), shapes, hx, strict=True):
        require_dense(name, state)
        if tuple(state.shape) != shape:
            raise RuntimeError(
                f"{name} has shape {tuple(state.shape)}; for this input it must be {shape}"
            )
        if state.device != x.device or not agree(state, x):
            raise RuntimeError(
                f"{name} is of type {state.dtype} on {state.device}, "
                f"the input of type {x.dtype} on {x.device}; they must agree"
            )
    h_0, c_0 = hx
    return h_0.to(dtype), c_0.to(dtype)


def require_dense(name: str, value: object) -> None:
    """Raise unless `value` is a tensor that holds each of its elements.

    Raises
    ------
    TypeError
        If it is no tensor.
    RuntimeError
        If it is sparse or nested.
    """
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} is a {type(value).__name__} where a tensor belongs")
    if value.is_nested:
        raise RuntimeError(
            f"{name} is a nested tensor; pack its parts: "
            "torch.nn.utils.rnn.pack_sequence(parts, enforce_sorted=False)"
        )
    if value.layout != torch.strided:
        raise RuntimeError(f"{name} has the layout {value.layout}; use {name}.to_dense()")


def require_fitting(input: Tensor, weight: Tensor, input_size: int, packed: bool) -> None:
    """Raise unless an input fits a layer.

    Parameters
    ----------
    input
        Shape (..., I); the data, if `packed`.
    weight
        One of the layer's parameters.
    input_size
        What I must be.

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
    if not agree(input, weight):
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
