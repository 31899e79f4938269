"""The chain rule on a cell's tree: the steps of a walk, read backwards.

Each step gets the slope that its row of :mod:`nastut.cells.operations` states, in the reverse of
the order in which :func:`nastut.cells.evaluate.walk` took it. So neither the order of events
inside a node nor what they do is written a second time.
"""

from __future__ import annotations

from collections.abc import Sequence

from nastut.cells.cell import Cell, children
from nastut.cells.evaluate import Step
from nastut.cells.number_systems import NumberSystem, Value
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS


def pullback(
    cell: Cell,
    xp: NumberSystem,
    steps: Sequence[Step],
    x_parts: Sequence[Value],
    h_parts: Sequence[Value],
    c: Value,
    grad_h: Value,
    grad_c: Value,
) -> tuple[list[Value], list[Value], Value]:
    """Return the gradients by all that goes into one time step.

    Parameters
    ----------
    steps
        The steps of ``steps_in(xp, cell, x_parts, h_parts, c)``.
    x_parts, h_parts, c
        What was given to the walk.
    grad_h, grad_c
        The gradients of a loss by h_t and by c_t, of the same shape as `c`.

    Returns
    -------
    tuple
        The gradients by each of `x_parts`, by each of `h_parts` and by `c`.
    """
    # The last value of a node is the one its parent saw.
    values = {step.node: step.value for step in steps if step.stage != "create"}
    grads = {cell.root: grad_h}
    grads_x, grads_h = [grad_h] * cell.base, [grad_h] * cell.base
    grad_memory = grad_c
    for i in reversed(range(len(steps))):
        step, k = steps[i], steps[i].node
        entered = steps[i - 1].value  # the step before; the first, a combination, asks for none
        match step.stage:
            case "create":
                grads[k] = grads[k] + grad_c
            case "activate" | "activate injected":
                slope = ACTIVATIONS[step.operation].slope(xp, entered, step.value)
                grads[k] = _times(grads[k], slope)
            case "inject":
                by_node, by_memory = COMBINATIONS[step.operation].slopes(xp, entered, c)
                grad_memory = _times(grads[k], by_memory)
                grads[k] = _times(grads[k], by_node)
            case "combine" if k < cell.base:
                by_x, by_h = COMBINATIONS[step.operation].slopes(xp, x_parts[k], h_parts[k])
                grads_x[k], grads_h[k] = _times(grads[k], by_x), _times(grads[k], by_h)
            case "combine":
                left, right = children(k, cell.base)
                slopes = COMBINATIONS[step.operation].slopes(xp, values[left], values[right])
                grads[left], grads[right] = (_times(grads[k], slope) for slope in slopes)
    return grads_x, grads_h, grad_memory


def _times(grad: Value, slope: Value) -> Value:
    """Return ``grad * slope``; a slope of 1 costs no pass over the data."""
    return grad if isinstance(slope, int) and slope == 1 else grad * slope
