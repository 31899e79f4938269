"""What a layer computes over time, written with torch's operations, for autograd and all others."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the name it has everywhere)

from nastut.cells.cell import Cell
from nastut.cells.evaluate import evaluate


class Weights(NamedTuple):
    """The weights of a layer.

    Attributes
    ----------
    input
        Shape (base * H, I): from x_t to `base` parts; leaf i owns rows i H ... (i + 1) H.
    hidden
        Shape (base * H, P): from h_{t-1} to `base` parts, as `input`.
    bias
        Shape (base * H,): added to the hidden product; or None.
    projection
        Shape (P, H): from the cell's h_t to the layer's; or None, and then P = H.
    """

    input: Tensor
    hidden: Tensor
    bias: Tensor | None
    projection: Tensor | None


def unrolled(
    cell: Cell, x: Tensor, h: Tensor, c: Tensor, weights: Weights
) -> tuple[Tensor, Tensor]:
    """Return the outputs of all steps and the last memory, step by step under autograd.

    Parameters and results as in :func:`recur`.
    """
    outputs = []
    for x_parts in F.linear(x, weights.input):
        h_parts = F.linear(h, weights.hidden, weights.bias)
        h, c = evaluate(cell, _leaves(x_parts, cell.base), _leaves(h_parts, cell.base), c)
        if weights.projection is not None:
            h = F.linear(h, weights.projection)
        outputs.append(h)
    return torch.stack(outputs), c


def _leaves(parts: Tensor, base: int) -> tuple[Tensor, ...]:
    """Split an array of shape (B, base * H) into one of shape (B, H) for each leaf."""
    return tuple(parts.view(len(parts), base, parts.shape[-1] // base).unbind(1))
