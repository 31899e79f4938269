"""Layers one above the other, each in one direction of time or in both."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the name it has everywhere)

from nastut.layers.sequences import Packed, Padded, RunSteps


def run_layers(
    layers: Sequence[Sequence[RunSteps]],
    sequences: Padded | Packed,
    h_0: Tensor,
    c_0: Tensor,
    dropout: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the last layer's outputs, and the last h and c of all layers and directions.

    Parameters
    ----------
    layers
        What runs each layer forward in time and, if there are two, what runs it backward. The
        output of a layer, both directions side by side, is the input of the next.
    sequences
        The input.
    h_0, c_0
        The first states, layer after layer and in each direction after direction.
    dropout
        Probability with which an output that another layer reads becomes 0.
    """
    x = sequences.x.to(h_0.dtype)
    h_n: list[Tensor] = []
    c_n: list[Tensor] = []
    for k, directions in enumerate(layers):
        if k > 0 and dropout > 0:
            x = F.dropout(x, dropout)
        outputs = []
        for backward, over in enumerate(directions):
            states = h_0[len(h_n)], c_0[len(c_n)]
            output, h, c = sequences.run(over, bool(backward), x, *states)
            outputs.append(output)
            h_n.append(h)
            c_n.append(c)
        x = torch.cat(outputs, -1) if len(outputs) > 1 else output
    return x, torch.stack(h_n), torch.stack(c_n)
