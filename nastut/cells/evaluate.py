"""The one walk over a cell's tree: what the tokens mean.

Numbers, tensors or symbols go in; h_t and c_t come out. This is the only place
where the order of events inside a node is written:

    combine -> (create: this is c_t) -> activate -> (inject: join c_{t-1}, activate)

Source: Zoph & Le (2017), section 3.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from nastut.cells.cell import Cell, children, require_cell
from nastut.cells.number_systems import NumberSystem, Value, system_of
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS

Stage = Literal["combine", "create", "activate", "inject", "activate injected", "output"]


@dataclass(frozen=True)
class Step:
    """One event of the walk.

    Attributes
    ----------
    node
        Index of the node where it happens.
    stage
        What happens: a combination, an activation, or a value leaving as c_t or h_t.
    operation
        Name of the operation; empty where a value is only read.
    value
        The value after the event.
    inputs
        What the operation was applied to, in its order; of a leaf, x_parts and h_parts.
    """

    node: int
    stage: Stage
    operation: str
    value: Value
    inputs: tuple[Value, ...]

    def __str__(self) -> str:
        read = {"create": "-> c_t", "output": "-> h_t"}.get(self.stage, self.operation)
        return f"node {self.node:2d}  {self.stage:17s}  {read:8s}  {self.value}"


def evaluate(
    cell: Cell, x_parts: Sequence[Value], h_parts: Sequence[Value], c: Value
) -> tuple[Value, Value]:
    """Return (h_t, c_t) of one time step.

    Parameters
    ----------
    x_parts, h_parts
        ``x_parts[i] = W_{2i+1} x_t`` and ``h_parts[i] = W_{2i+2} h_{t-1}`` for each leaf
        ``i``: `base` values of one shape, or one array or tensor with a leading leaf axis.
        NumPy arrays (or plain numbers), torch tensors or sympy expressions.
    c
        c_{t-1}, of the same shape.

    Returns
    -------
    tuple
        h_t and c_t, of the same shape.

    Raises
    ------
    ValueError
        If there are not `base` parts, or shapes differ (the message names them).
    TypeError
        If the values are not real numbers or of several kinds, or `cell` is no Cell.
    """
    result = {step.stage: step.value for step in trace(cell, x_parts, h_parts, c)}
    return result["output"], result["create"]


def trace(cell: Cell, x_parts: Sequence[Value], h_parts: Sequence[Value], c: Value) -> list[Step]:
    """Return the same walk as :func:`evaluate`, as the list of its steps in order."""
    require_cell(cell)
    x, h = _as_list("x_parts", x_parts, cell.base), _as_list("h_parts", h_parts, cell.base)
    xp = system_of([*x, *h, c])
    places = [f"{name}[{i}]" for name in ("x_parts", "h_parts") for i in range(cell.base)] + ["c"]
    values = [_real(xp, place, value) for place, value in zip(places, [*x, *h, c], strict=True)]
    _check_shapes(dict(zip(places, map(_shape, values), strict=True)))
    return steps_in(xp, cell, values[: cell.base], values[cell.base : -1], values[-1])


def steps_in(
    xp: NumberSystem, cell: Cell, x_parts: Sequence[Value], h_parts: Sequence[Value], c: Value
) -> list[Step]:
    """Return the steps of a walk over values of a known number system, which are not checked."""
    steps: list[Step] = []

    def visit(node: int, stage: Stage, operation: str, *inputs: Value) -> Value:
        value = apply(xp, operation, *inputs)
        steps.append(Step(node, stage, operation, value, inputs))
        return value

    walk(cell, x_parts, h_parts, c, visit)
    return steps


def apply(xp: NumberSystem, operation: str, *inputs: Value) -> Value:
    """Return what a named operation makes of its inputs; without a name, the input itself."""
    if operation in COMBINATIONS:
        return COMBINATIONS[operation].apply(xp, *inputs)
    if operation in ACTIVATIONS:
        return ACTIVATIONS[operation].apply(xp, *inputs)
    (value,) = inputs
    return value


class Visitor(Protocol):
    """What a walk calls at each step; it returns the value that later steps see."""

    def __call__(self, node: int, stage: Stage, operation: str, *inputs: Value) -> Value:
        """Return the value of one event; `operation` is empty where a value is only read."""
        ...


def walk(
    cell: Cell, x_parts: Sequence[Value], h_parts: Sequence[Value], c: Value, visit: Visitor
) -> None:
    """Visit the events of one time step, from leaf 0 to the root.

    The walk fixes what happens, in which order, and what meets what; the visitor decides
    what a value is: numbers for :func:`trace`, letters for :mod:`nastut.symbolic.formulas`,
    vertices for :mod:`nastut.pictures.graph`.
    """
    values: list[Value] = []
    for k, node in enumerate(cell.nodes):
        below = [values[child] for child in children(k, cell.base)]
        left, right = below or (x_parts[k], h_parts[k])
        value = visit(k, "combine", node.combination, left, right)
        if k == cell.create_index:
            visit(k, "create", "", value)
        value = visit(k, "activate", node.activation, value)
        if k == cell.inject_index:
            value = visit(k, "inject", cell.inject.combination, value, c)
            value = visit(k, "activate injected", cell.inject.activation, value)
        values.append(value)
    visit(cell.root, "output", "", values[cell.root])


def _as_list(name: str, parts: Sequence[Value], base: int) -> list[Value]:
    """Return the parts as a list of `base` values."""
    # A text, a dictionary or a set can be listed too, but is not one value for each leaf.
    listed = isinstance(parts, Sequence) and not isinstance(parts, (str, bytes))
    if not listed and not getattr(parts, "ndim", 0):
        raise TypeError(
            f"{name} is a value of type {type(parts).__name__}; give a list of {base} values, one "
            "for each leaf, or one array with a leading leaf axis"
        )
    if len(parts) != base:
        raise ValueError(
            f"{name} has {len(parts)} entries of shapes {[_shape(part) for part in parts]}; a "
            f"base-{base} cell needs {base}, one for each leaf"
        )
    return list(parts)


def _real(xp: NumberSystem, place: str, value: Value) -> Value:
    try:
        return xp.real(value)
    except TypeError as error:
        raise TypeError(f"{place}: {error}") from None


def _check_shapes(shapes: dict[str, tuple[int, ...]]) -> None:
    first = shapes["x_parts[0]"]
    for place, shape in shapes.items():
        if shape != first:
            raise ValueError(
                f"{place} has shape {shape} but x_parts[0] has shape {first}; all parts and c "
                "must have one shape (operations are elementwise, nothing is broadcast)"
            )


def _shape(value: Value) -> tuple[int, ...]:
    return tuple(getattr(value, "shape", ()))
