"""A layer over time: all h_t, and the last c_t, from all x_t.

:func:`unrolled` says what is computed, and autograd could do the rest: it would record some
forty small operations a step. :func:`recur` gives the same with less work:

- of matrix products there is one a step, of h_{t-1}; all others are one product over all steps;
- inside a cell no graph is needed: each direction of a step is one program of
  :mod:`nastut.layers.elementwise`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the name it has everywhere)

from nastut.cells.cell import Cell
from nastut.cells.evaluate import evaluate
from nastut.layers.elementwise import bind, step_programs
from nastut.layers.memory import may_use_addresses


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

    Returns
    -------
    tuple
        h_1 ... h_T of shape (T, B, P), and c_T of shape (B, H).
    """
    with _no_autocast(x):
        if not may_use_addresses((x, h, c, *weights)):
            return unrolled(cell, x, h, c, weights)
        outputs, c_last = _Recurrence.apply(cell, x, h, c, *weights)  # type: ignore[no-untyped-call]
        return outputs, c_last


def _no_autocast(like: Tensor) -> AbstractContextManager[object]:
    """Return the context in which operations have the type of what they are given."""
    kind = like.device.type
    if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
        return torch.autocast(kind, enabled=False)
    return nullcontext()


def _leaves(parts: Tensor, base: int) -> tuple[Tensor, ...]:
    """Split an array of shape (B, base * H) into one of shape (B, H) for each leaf."""
    return tuple(parts.view(len(parts), base, parts.shape[-1] // base).unbind(1))


class _Recurrence(torch.autograd.Function):
    """All steps as one operation of autograd."""

    @staticmethod
    def forward(
        ctx: Any,
        cell: Cell,
        x: Tensor,
        h_0: Tensor,
        c_0: Tensor,
        input: Tensor,
        hidden: Tensor,
        bias: Tensor | None,
        projection: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        steps = len(x)
        x_parts = F.linear(x, input).contiguous()
        h = x.new_empty(steps + 1, *h_0.shape)
        c = x.new_empty(steps + 1, *c_0.shape)
        h[0], c[0] = h_0, c_0
        h_parts = torch.empty_like(x_parts)
        # What the root gives; without a projection that is h itself.
        root = h[1:] if projection is None else torch.empty_like(c[1:])

        forward, _ = step_programs(cell)
        run = bind(forward, (x_parts, h_parts, c[:-1]), (root, c[1:]))
        for t in range(steps):
            if bias is None:
                torch.mm(h[t], hidden.t(), out=h_parts[t])
            else:
                torch.addmm(bias, h[t], hidden.t(), out=h_parts[t])
            run(t)
            if projection is not None:
                torch.mm(root[t], projection.t(), out=h[t + 1])

        ctx.cell = cell
        inputs = (x, h_0, c_0, input, hidden, bias, projection)
        ctx.save_for_backward(*inputs, x_parts, h_parts, h, c, root)
        # Copies: the caller may change them in place, and what was saved must stay.
        return h[1:].clone(), c[-1].clone()

    @staticmethod
    def backward(ctx: Any, grad_outputs: Tensor, grad_c_last: Tensor) -> tuple[Tensor | None, ...]:
        *inputs, x_parts, h_parts, h, c, root = ctx.saved_tensors
        grads = (grad_outputs, grad_c_last)
        # With gradients enabled, the caller will differentiate the gradients.
        with _no_autocast(c):
            if torch.is_grad_enabled() or not may_use_addresses((*inputs, *grads)):
                return None, *_differentiable(ctx.cell, inputs, grads)
            return None, *_Recurrence._gradients(ctx, inputs, (x_parts, h_parts, h, c, root), grads)

    @staticmethod
    def _gradients(
        ctx: Any, inputs: Sequence[Any], made: Sequence[Tensor], grads: Sequence[Tensor]
    ) -> tuple[Tensor | None, ...]:
        x, _, _, input, hidden, bias, projection = inputs
        x_parts, h_parts, h, c, root = made
        # grad_h[t] is the gradient from outside, until that from step t + 1 is added.
        grad_h, grad_c = (grad.clone(memory_format=torch.contiguous_format) for grad in grads)
        grad_x_parts, grad_h_parts = torch.empty_like(x_parts), torch.empty_like(h_parts)
        grad_root = grad_h if projection is None else torch.empty_like(root)
        grad_c_at = grad_c.expand_as(c[1:])
        _, backward = step_programs(ctx.cell)
        run = bind(
            backward,
            (x_parts, h_parts, c[:-1], grad_root, grad_c_at),
            (grad_x_parts, grad_h_parts, grad_c_at),
        )
        for t in reversed(range(len(x))):
            if projection is not None:
                torch.mm(grad_h[t], projection, out=grad_root[t])
            run(t)
            if t > 0:
                grad_h[t - 1].addmm_(grad_h_parts[t], hidden)
        over_time = grad_h_parts.flatten(0, 1)
        return (
            grad_x_parts @ input if ctx.needs_input_grad[1] else None,
            grad_h_parts[0] @ hidden,
            grad_c,
            grad_x_parts.flatten(0, 1).t() @ x.flatten(0, 1),
            over_time.t() @ h[:-1].flatten(0, 1),
            None if bias is None else over_time.sum(0),
            None if projection is None else grad_h.flatten(0, 1).t() @ root.flatten(0, 1),
        )


def _differentiable(
    cell: Cell, inputs: Sequence[Any], grads: Sequence[Tensor]
) -> tuple[Tensor | None, ...]:
    """Return the gradients by `inputs` from operations that autograd and others can see."""
    twice = torch.is_grad_enabled()
    with torch.enable_grad():
        # New names, so that an input that was made from another does not count for it.
        own: list[Any] = [None if value is None else value.view_as(value) for value in inputs]
        x, h, c, *weights = own
        outputs = unrolled(cell, x, h, c, Weights(*weights))
        wanted = {k: v for k, v in enumerate(own) if v is not None and v.requires_grad}
        found = torch.autograd.grad(
            outputs, list(wanted.values()), grads, create_graph=twice, allow_unused=True
        )
    by_place = dict(zip(wanted, found, strict=True))
    return tuple(by_place.get(k) for k in range(len(inputs)))
