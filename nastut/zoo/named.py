"""Cells that have a name, each with its source."""

from __future__ import annotations

from nastut.cells.cell import Cell

EXAMPLE = Cell.parse("Add Tanh Multiply ReLU  Multiply Sigmoid  Add ReLU  1 0")
"""The ten tokens of the article: Zoph & Le (2017), figure 5."""

LSTM = Cell.parse(
    """Add Tanh  Add Sigmoid  Add Identity  Add Identity
       Add Identity  Add Identity  Add Identity  Add Identity
       Multiply Identity  Add Sigmoid  Add Identity  Add Identity
       Add Tanh  Add Sigmoid
       Multiply Identity
       Multiply Identity  12 9"""
)
"""The long short-term memory, without peepholes, in the smallest tree that holds it."""

NASCELL = Cell.parse(
    """Add Sigmoid  Add ReLU  Add Sigmoid  Multiply ReLU
       Add Tanh  Add Sigmoid  Add Tanh  Add Sigmoid
       Multiply Tanh  Add Tanh  Multiply Tanh  Add Sigmoid
       Multiply Identity  Add Tanh
       Multiply Tanh
       Add Tanh  12 8"""
)
"""The cell found by Zoph & Le (2017), figure 8, as TensorFlow Addons runs it."""

MAXCELL = Cell.parse(
    """Max Identity  Max Tanh  Add Tanh  Add ReLU
       Add Tanh  Add Identity  Add Tanh  Max Tanh
       Add Identity  Add Sigmoid  Add Sigmoid  Add Sigmoid
       Multiply Identity  Multiply Sigmoid
       Multiply Tanh
       Add Identity  12 1"""
)
"""The cell of Zoph & Le (2017), figure 8 bottom: read from the drawing, confirmed by no code."""

FOUND = Cell.parse(
    """Multiply Identity  Multiply Identity  Add Tanh  Multiply Identity
       Multiply Identity  Multiply Sigmoid  Multiply Identity  Multiply Identity
       Add Identity  Add Identity  Add Identity  Add Identity
       Add Identity  Add Identity
       Add Identity
       Add Tanh  5 6"""
)
"""The cell of the verdict in notebook 10: written by REINFORCE in ``data/beyond.json``, judged in
``data/found.json``. On prose it is ahead of LSTM; nothing holds its h between bounds."""
