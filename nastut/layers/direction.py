"""One layer in one direction: its weights, and how it runs over a block of steps."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the name it has everywhere)

from nastut.cells.cell import Cell
from nastut.layers.precision import without_autocast
from nastut.layers.recurrence import Weights, recur


class Direction(NamedTuple):
    """One layer in one direction.

    Attributes
    ----------
    cell
        The cell that runs at every step.
    input_weight
        Shape (base * H, features of the layer's input).
    weights
        What the layer applies to its own output.
    backward
        Whether it runs from the last step to the first.
    """

    cell: Cell
    input_weight: Tensor
    weights: Weights
    backward: bool

    def input_parts(self, x: Tensor) -> Tensor:
        """Return the input's products, of shape (..., base * H)."""
        # Under autocast this product alone is of a lower type.
        return F.linear(x, self.input_weight).to(self.weights.hidden.dtype)

    def over(self, x_parts: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Return the outputs of all steps and the last memory, for steps in running order."""
        with without_autocast(x_parts):
            return recur(self.cell, x_parts, h, c, self.weights)
