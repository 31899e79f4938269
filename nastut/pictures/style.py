"""How every picture looks: one colour and one shape for each kind of thing.

Combinations are boxes, activations are rounded, states are circles, and each carries its
name, so nothing is told by colour alone. The colours are light tints of the palette of
Okabe & Ito (2008), which colour-blind readers can tell apart.
"""

from nastut.cells.operations import COMBINATIONS

FONT = "Helvetica"
INK = "#222222"
QUIET = "#767676"
GHOST = "#d6d6d6"
MEMORY = "#b3400e"

COLOURS = {
    "Add": "#a9d3f0",
    "Multiply": "#f7cf8b",
    "Max": "#dcb6d2",
    "Identity": "#f2f2f2",
    "Tanh": "#a4ddc6",
    "Sigmoid": "#f5ee9e",
    "ReLU": "#f2b797",
    "Sin": "#c9c6ea",
}
PAPER = "#ffffff"


def shape(operation: str) -> str:
    """Return the Graphviz style of a box (combination) or a rounded box (activation)."""
    return "filled" if operation in COMBINATIONS else "filled,rounded"
