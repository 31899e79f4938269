"""A layer over time: all h_t, and the last c_t, from all x_t.

:mod:`nastut.layers.unrolled` says what is computed, and autograd could do the rest: it would record
some forty small operations a step. :func:`recur` gives the same as a single operation of
autograd, :func:`recur_members` for many cells side by side. Both directions run on the kernel
where that is available, else step by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nastut.cells.cell import Cell
from nastut.layers import kernel, stepwise
from nastut.layers.memory import may_use_addresses
from nastut.layers.precision import without_autocast
from nastut.layers.unrolled import Weights as Weights
from nastut.layers.unrolled import unrolled


def recur(cell: Cell, x: Tensor, h: Tensor, c: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
    """Return the outputs of all steps and the last memory.

    Everything is computed in the one type that all the tensors have, under autocast too.

    Parameters
    ----------
    cell
        The cell that runs at every step.
    x
        Shape (T, B, I): the inputs of all steps, T at least 1.
    h, c
        Shapes (B, P) and (B, H): h_0 and c_0.
    weights
        The weights of the layer.

    Returns
    -------
    tuple
        h_1 ... h_T of shape (T, B, P), and c_T of shape (B, H).
    """
    with without_autocast(x):
        if not may_use_addresses((x, h, c, *weights)):
            return unrolled(cell, x, h, c, weights)
        return _Recurrence.apply((cell,), x, h, c, *weights)  # type: ignore[no-untyped-call,no-any-return]


def recur_members(
    cells: Sequence[Cell], x: Tensor, h: Tensor, c: Tensor, weights: Weights
) -> tuple[Tensor, Tensor]:
    """Return the same for M layers that see the same x.

    Parameters
    ----------
    cells
        One for each member, all of one base.
    x
        Shape (T, B, I).
    h, c, weights
        As for :func:`recur`, all with the members' axis in front.

    Returns
    -------
    tuple
        Shapes (M, T, B, P) and (M, B, H).
    """
    with without_autocast(x):
        if not may_use_addresses((x, h, c, *weights)):
            return _unrolled_members(cells, x, h, c, weights)
        return _Recurrence.apply(tuple(cells), x, h, c, *weights)  # type: ignore[no-untyped-call,no-any-return]


def _unrolled_members(
    cells: Sequence[Cell], x: Tensor, h: Tensor, c: Tensor, weights: Weights
) -> tuple[Tensor, Tensor]:
    results = [
        unrolled(cell, x, h[m], c[m], Weights._make(None if w is None else w[m] for w in weights))
        for m, cell in enumerate(cells)
    ]
    outputs, memories = zip(*results, strict=True)
    return torch.stack(outputs), torch.stack(memories)


def _engine(x: Tensor) -> Any:
    """Return what runs the loop over time on such tensors."""
    compiled = kernel.load()
    return compiled if compiled.runs_on(x) and x.numel() > 0 else stepwise


class _Recurrence(torch.autograd.Function):
    """All steps as one operation of autograd; of one layer, or of members with an axis in front."""

    @staticmethod
    def forward(
        ctx: Any,
        cells: tuple[Cell, ...],
        x: Tensor,
        h_0: Tensor,
        c_0: Tensor,
        *weights: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        ctx.cells, ctx.single, ctx.engine = cells, h_0.dim() == 2, _engine(x)
        keep = any(ctx.needs_input_grad)
        states = _as_members((h_0, c_0), ctx.single)
        lifted = Weights(*_as_members(weights, ctx.single))
        h, c, *made = ctx.engine.forward(cells, x, *states, lifted, keep)
        if keep:
            ctx.save_for_backward(x, h_0, c_0, *weights, *made)
        if ctx.single:
            h, c = h[0], c[0]
        # Copies: the caller may change them in place, and what was saved must stay.
        return h.clone(memory_format=torch.contiguous_format), c.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors  # read once: a checkpoint makes them anew
        inputs, made = saved[:7], saved[7:]
        x, _, _, *weights = inputs
        # With gradients enabled, the caller will differentiate the gradients.
        with without_autocast(x):
            if torch.is_grad_enabled() or not may_use_addresses((*inputs, *grads)):
                return None, *_differentiable(ctx.cells, ctx.single, inputs, grads)
            lifted = Weights(*_as_members(weights, ctx.single))
            wanted = (ctx.needs_input_grad[1], *ctx.needs_input_grad[4:])
            by_x, *others = ctx.engine.backward(
                ctx.cells, x, lifted, made, _as_members(grads, ctx.single), wanted
            )
            if ctx.single:
                others = [None if grad is None else grad[0] for grad in others]
            return None, by_x, *others


def _as_members(tensors: Sequence[Tensor | None], single: bool) -> list[Any]:
    """Return tensors with an axis of members in front; that of a single one is added."""
    return [t if t is None or not single else t.unsqueeze(0) for t in tensors]


def _differentiable(
    cells: tuple[Cell, ...], single: bool, inputs: Sequence[Any], grads: Sequence[Tensor]
) -> tuple[Tensor | None, ...]:
    """Return the gradients by `inputs` from operations that autograd and others can see."""
    twice = torch.is_grad_enabled()
    with torch.enable_grad():
        # New names, so that an input that was made from another does not count for it.
        own: list[Any] = [None if value is None else value.view_as(value) for value in inputs]
        x, h, c, *weights = own
        if single:
            outputs = unrolled(cells[0], x, h, c, Weights(*weights))
        else:
            outputs = _unrolled_members(cells, x, h, c, Weights(*weights))
        wanted = {k: v for k, v in enumerate(own) if v is not None and v.requires_grad}
        found = torch.autograd.grad(outputs, list(wanted.values()), grads, create_graph=twice)
    by_place = dict(zip(wanted, found, strict=True))
    return tuple(by_place.get(k) for k in range(len(inputs)))
