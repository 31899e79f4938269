"""Cells that have a name, and ways to get their layers with weights from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nastut.cell import Cell

if TYPE_CHECKING:
    from nastut.weights import from_tensorflow_nascell as from_tensorflow_nascell
    from nastut.weights import from_torch_lstm as from_torch_lstm

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


_NEEDS_TORCH = ("from_tensorflow_nascell", "from_torch_lstm")


def __getattr__(name: str) -> Any:
    """Load what needs torch when it is first asked for."""
    if name in _NEEDS_TORCH:
        from nastut import weights

        return getattr(weights, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_NEEDS_TORCH])
