"""The loop over time of one or many layers, step by step, where the kernel is not available.

Each step is one product of torch and one program (:mod:`nastut.layers.elementwise`); no graph is
recorded. What can be one product over all steps is one. Several members have the same x and
weights of their own; a layer is a population of one.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nastut.cells.cell import Cell
from nastut.layers.elementwise import bind, step_programs
from nastut.layers.unrolled import Weights


def forward(
    cells: Sequence[Cell], x: Tensor, h_0: Tensor, c_0: Tensor, weights: Weights, keep: bool
) -> tuple[Tensor, ...]:
    """Run the loop over time.

    Parameters
    ----------
    cells
        Of the M members, all of one base.
    x
        Shape (T, B, I): what all members see.
    h_0, c_0
        Shapes (M, B, P) and (M, B, H).
    weights
        Those of all members, with their axis in front.
    keep
        Whether :func:`backward` will be called.

    Returns
    -------
    tuple
        All h_t, of shape (M, T, B, P); the last c_t, of shape (M, B, H); then what
        :func:`backward` asks for. The first two are parts of the others.
    """
    steps, (input, hidden, bias, projection) = len(x), weights
    x_parts = (x.flatten(0, 1) @ input.mT).view(len(cells), *x.shape[:2], input.shape[1])
    x_parts = x_parts.transpose(0, 1).contiguous()
    h = x.new_empty(steps + 1, *h_0.shape)
    c = x.new_empty(steps + 1, *c_0.shape)
    h[0], c[0] = h_0, c_0
    h_parts = torch.empty_like(x_parts)
    root = h[1:] if projection is None else torch.empty_like(c[1:])
    runs = [
        bind(step_programs(cell).forward, *_of(m, (x_parts, h_parts, c[:-1]), (root, c[1:])))
        for m, cell in enumerate(cells)
    ]
    for t in range(steps):
        if bias is None:
            torch.bmm(h[t], hidden.mT, out=h_parts[t])
        else:
            torch.baddbmm(bias.unsqueeze(1), h[t], hidden.mT, out=h_parts[t])
        for run in runs:
            run(t)
        if projection is not None:
            torch.bmm(root[t], projection.mT, out=h[t + 1])
    return h[1:].transpose(0, 1), c[-1], x_parts, h_parts, root, h, c


def backward(
    cells: Sequence[Cell],
    x: Tensor,
    weights: Weights,
    made: Sequence[Tensor],
    grads: tuple[Tensor, Tensor],
    wanted: Sequence[bool],
) -> tuple[Tensor | None, ...]:
    """Return the gradients by x, h_0, c_0 and the weights.

    Parameters
    ----------
    cells, x, weights
        As for :func:`forward`.
    made
        What :func:`forward` returned after h and c.
    grads
        The gradients by these two, of the same shapes.
    wanted
        For x and each of the weights, whether its gradient is wanted; None is returned if not.
    """
    x_parts, h_parts, root, h, c = made
    input, hidden, bias, projection = weights
    # grad_h[t] is the gradient from outside, until that from step t + 1 is added.
    grad_h = grads[0].transpose(0, 1).clone(memory_format=torch.contiguous_format)
    grad_c = grads[1].clone(memory_format=torch.contiguous_format)
    grad_x_parts, grad_h_parts = torch.empty_like(x_parts), torch.empty_like(h_parts)
    grad_root = grad_h if projection is None else torch.empty_like(root)
    grad_c_at = grad_c.expand_as(c[1:])
    runs = [
        bind(
            step_programs(cell).backward,
            *_of(
                m,
                (x_parts, h_parts, c[:-1], grad_root, grad_c_at),
                (grad_x_parts, grad_h_parts, grad_c_at),
            ),
        )
        for m, cell in enumerate(cells)
    ]
    for t in reversed(range(len(x))):
        if projection is not None:
            torch.bmm(grad_h[t], projection, out=grad_root[t])
        for run in runs:
            run(t)
        if t > 0:
            grad_h[t - 1].baddbmm_(grad_h_parts[t], hidden)
    by_x_parts, by_h_parts = _over_time(grad_x_parts), _over_time(grad_h_parts)
    by_x, by_input, by_hidden, by_bias, by_projection = wanted
    return (
        (by_x_parts @ input).sum(0).view_as(x) if by_x else None,
        grad_h_parts[0] @ hidden,
        grad_c,
        by_x_parts.mT @ x.flatten(0, 1) if by_input else None,
        by_h_parts.mT @ _over_time(h[:-1]) if by_hidden else None,
        by_h_parts.sum(1) if bias is not None and by_bias else None,
        _over_time(grad_h).mT @ _over_time(root)
        if projection is not None and by_projection
        else None,
    )


def _of(m: int, *arrays: Sequence[Tensor]) -> list[list[Tensor]]:
    """Return one member's part of lists of arrays of shape (T, M, B, ...)."""
    return [[array[:, m] for array in some] for some in arrays]


def _over_time(array: Tensor) -> Tensor:
    """Return an array of shape (T, M, B, n) as one of shape (M, T * B, n)."""
    return array.transpose(0, 1).flatten(1, 2)
