"""Layers with weights from elsewhere: torch's LSTM and TensorFlow's NASCell."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nastut.layers.layer import CellRNN
from nastut.zoo.named import LSTM, NASCELL

# nn.LSTM stacks its gates i, f, g, o. In the tree, g and i are leaves; f is made of two leaves
# and o of four, of which one is enough: the others stay zero.
_LEAF_OF_GATE = (1, 2, 0, 4)


def from_torch_lstm(lstm: nn.LSTM) -> CellRNN:
    """Return a layer of :data:`nastut.zoo.LSTM` that computes what `lstm` computes.

    Parameters
    ----------
    lstm
        Any number of layers, in one direction or both, with or without biases, ``batch_first`` and
        ``proj_size``.

    Returns
    -------
    CellRNN
        Of the same device, type and mode; its parameters are copies. The two biases of
        `lstm` become one.

    Raises
    ------
    TypeError
        If `lstm` is no :class:`torch.nn.LSTM`.
    """
    if not isinstance(lstm, nn.LSTM):
        raise TypeError(f"a {type(lstm).__name__} was given where a torch.nn.LSTM belongs")
    like = next(lstm.parameters())
    layer = CellRNN(
        LSTM,
        lstm.input_size,
        lstm.hidden_size,
        lstm.num_layers,
        bias=lstm.bias,
        batch_first=lstm.batch_first,
        dropout=lstm.dropout if lstm.num_layers > 1 else 0.0,
        bidirectional=lstm.bidirectional,
        proj_size=lstm.proj_size,
        device=like.device,
        dtype=like.dtype,
    )
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            value = getattr(lstm, name)  # also where it is computed, by a parametrization
            if name.startswith("bias_hh"):
                value = value + getattr(lstm, name.replace("hh", "ih"))
            if name.startswith("weight_hr"):
                parameter.copy_(value)
            else:
                parameter.copy_(_gates_to_leaves(value))
    return layer.train(lstm.training)


def _gates_to_leaves(gates: Tensor) -> Tensor:
    """Return the rows of the four gates in the places of their leaves, of eight."""
    leaves = gates.new_zeros(LSTM.base, len(gates) // 4, *gates.shape[1:])
    leaves[list(_LEAF_OF_GATE)] = gates.view(4, -1, *gates.shape[1:])
    return leaves.flatten(0, 1)


def from_tensorflow_nascell(
    kernel: Any, recurrent_kernel: Any, bias: Any = None, projection: Any = None
) -> CellRNN:
    """Return a layer of :data:`nastut.zoo.NASCELL` with the weights of TensorFlow's NASCell.

    What is h_t here is m there, and the order of the state is (h, c) here and (c, m) there.

    Parameters
    ----------
    kernel
        Shape (I, 8 U): U units, I inputs. An array, a tensor or nested lists.
    recurrent_kernel
        Shape (U, 8 U), or (P, 8 U) with a projection to P features.
    bias
        Shape (8 U,); or None.
    projection
        Shape (U, P); or None.

    Returns
    -------
    CellRNN
        One layer of the same type; its parameters are copies.

    Raises
    ------
    TypeError
        If the arrays are not of one type of floating-point numbers.
    ValueError
        If a shape does not fit.
    """
    arguments = {
        "kernel": kernel,
        "recurrent_kernel": recurrent_kernel,
        "bias": bias,
        "projection": projection,
    }
    arrays = {
        name: array if isinstance(array, Tensor) else torch.as_tensor(np.array(array))
        for name, array in arguments.items()
        if array is not None
    }
    types = {name: array.dtype for name, array in arrays.items()}
    if len(set(types.values())) > 1 or not types["kernel"].is_floating_point:
        raise TypeError(f"one type of floating-point numbers is needed; these are {types}")

    shape = tuple(arrays["kernel"].shape)
    if len(shape) != 2 or shape[1] % 8 or 0 in shape:
        raise ValueError(f"kernel has shape {shape}; it must be (I, 8 U) for I inputs and U units")
    inputs, units = shape[0], shape[1] // 8
    fed_back = arrays["projection"].shape[-1] if "projection" in arrays else units
    for name, right in (
        ("recurrent_kernel", (fed_back, 8 * units)),
        ("bias", (8 * units,)),
        ("projection", (units, fed_back)),
    ):
        if name in arrays and tuple(arrays[name].shape) != right:
            raise ValueError(
                f"{name} has shape {tuple(arrays[name].shape)}; "
                f"with a kernel of shape {shape} it must be {right}"
            )
    layer = CellRNN(
        NASCELL,
        inputs,
        units,
        bias="bias" in arrays,
        proj_size=fed_back if "projection" in arrays else 0,
        dtype=arrays["kernel"].dtype,
    )
    places = {
        "weight_ih_l0": "kernel",
        "weight_hh_l0": "recurrent_kernel",
        "bias_hh_l0": "bias",
        "weight_hr_l0": "projection",
    }
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            parameter.copy_(arrays[places[name]].t())
    return layer
