"""A layer over time: all h_t, and the last c_t, from the input products of all steps.

:func:`unrolled` says what is computed, and autograd could do the rest: it would record some
forty small operations a step. :func:`recur` gives the same with less work:

- of matrix products there is one a step, of h_{t-1}; the gradient of its matrix is one
  product over all steps (so are those of the input, which are made outside);
- inside a cell no graph is needed: each direction of a step is one program of
  :mod:`nastut.layers.elementwise`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the name it has everywhere)

from nastut.cells.cell import Cell
from nastut.cells.evaluate import evaluate
from nastut.layers.elementwise import bind, step_programs


class Weights(NamedTuple):
    """What a layer applies to its own output.

    Attributes
    ----------
    hidden
        Shape (base * H, P): from h_{t-1} to `base` parts; leaf i owns rows i H ... (i + 1) H.
    bias
        Shape (base * H,): added to the product; or None.
    projection
        Shape (P, H): from the cell's h_t to the layer's; or None, and then P = H.
    """

    hidden: Tensor
    bias: Tensor | None
    projection: Tensor | None


def unrolled(
    cell: Cell, x_parts: Tensor, h: Tensor, c: Tensor, weights: Weights
) -> tuple[Tensor, Tensor]:
    """Return the outputs of all steps and the last memory, step by step under autograd.

    Parameters and results as in :func:`recur`.
    """
    outputs = []
    for x in x_parts:
        hidden = F.linear(h, weights.hidden, weights.bias)
        h, c = evaluate(cell, _leaves(x, cell.base), _leaves(hidden, cell.base), c)
        if weights.projection is not None:
            h = F.linear(h, weights.projection)
        outputs.append(h)
    return torch.stack(outputs), c


def recur(
    cell: Cell, x_parts: Tensor, h: Tensor, c: Tensor, weights: Weights
) -> tuple[Tensor, Tensor]:
    """Return the outputs of all steps and the last memory.

    Parameters
    ----------
    cell
        The cell that runs at every step.
    x_parts
        Shape (T, B, base * H): the input's products, leaf after leaf.
    h, c
        Shapes (B, P) and (B, H): h_0 and c_0.

    Returns
    -------
    tuple
        h_1 ... h_T of shape (T, B, P), and c_T of shape (B, H).
    """
    # A compiler or an exporter of graphs must see the operations themselves.
    if torch.compiler.is_compiling():
        return unrolled(cell, x_parts, h, c, weights)
    outputs, c_last = _Recurrence.apply(  # type: ignore[no-untyped-call]
        cell, x_parts.contiguous(), h, c, *weights
    )
    return outputs, c_last


def _leaves(parts: Tensor, base: int) -> tuple[Tensor, ...]:
    """Split an array of shape (B, base * H) into one of shape (B, H) for each leaf."""
    return tuple(parts.view(len(parts), base, parts.shape[-1] // base).unbind(1))


class _Recurrence(torch.autograd.Function):
    """All steps as one operation of autograd."""

    @staticmethod
    def forward(
        ctx: Any,
        cell: Cell,
        x_parts: Tensor,
        h_0: Tensor,
        c_0: Tensor,
        hidden: Tensor,
        bias: Tensor | None,
        projection: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        steps = len(x_parts)
        h = x_parts.new_empty(steps + 1, *h_0.shape)
        c = x_parts.new_empty(steps + 1, *c_0.shape)
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
        ctx.save_for_backward(x_parts, h_0, c_0, hidden, bias, projection, h_parts, h, c, root)
        # Copies: the caller may change them in place, and what was saved must stay.
        return h[1:].clone(), c[-1].clone()

    @staticmethod
    def backward(ctx: Any, grad_outputs: Tensor, grad_c_last: Tensor) -> tuple[Tensor | None, ...]:
        *inputs, h_parts, h, c, root = ctx.saved_tensors
        if torch.is_grad_enabled():  # the caller will differentiate the gradients
            return None, *_differentiable(ctx.cell, inputs, (grad_outputs, grad_c_last))

        x_parts, _, _, hidden, bias, projection = inputs
        # grad_h[t] is the gradient from outside, until that from step t + 1 is added.
        grad_h = grad_outputs.clone(memory_format=torch.contiguous_format)
        grad_c = grad_c_last.clone(memory_format=torch.contiguous_format)
        grad_x_parts, grad_h_parts = torch.empty_like(x_parts), torch.empty_like(h_parts)
        grad_root = grad_h if projection is None else torch.empty_like(root)
        grad_c_at = grad_c.expand_as(c[1:])
        _, backward = step_programs(ctx.cell)
        run = bind(
            backward,
            (x_parts, h_parts, c[:-1], grad_root, grad_c_at),
            (grad_x_parts, grad_h_parts, grad_c_at),
        )
        for t in reversed(range(len(x_parts))):
            if projection is not None:
                torch.mm(grad_h[t], projection, out=grad_root[t])
            run(t)
            if t > 0:
                grad_h[t - 1].addmm_(grad_h_parts[t], hidden)
        over_time = grad_h_parts.flatten(0, 1)
        return (
            None,
            grad_x_parts,
            grad_h_parts[0] @ hidden,
            grad_c,
            over_time.t() @ h[:-1].flatten(0, 1),
            None if bias is None else over_time.sum(0),
            None if projection is None else grad_h.flatten(0, 1).t() @ root.flatten(0, 1),
        )


def _differentiable(
    cell: Cell, inputs: Sequence[Any], grads: Sequence[Tensor]
) -> tuple[Tensor | None, ...]:
    """Return the gradients by `inputs` in a form that autograd can differentiate again."""
    # New names, so that an input that was made from another does not count for it.
    own: list[Any] = [None if value is None else value.view_as(value) for value in inputs]
    x_parts, h, c, *weights = own
    outputs = unrolled(cell, x_parts, h, c, Weights(*weights))
    wanted = {k: v for k, v in enumerate(own) if v is not None and v.requires_grad}
    found = torch.autograd.grad(
        outputs, list(wanted.values()), grads, create_graph=True, allow_unused=True
    )
    by_place = dict(zip(wanted, found, strict=True))
    return tuple(by_place.get(k) for k in range(len(inputs)))
