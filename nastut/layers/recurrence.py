"""A layer over time: all h_t, and the last c_t, from all x_t.

Two engines compute the same. Plain autograd is the reference, step by step: :func:`unrolled`. The
compiled kernel is a single operation of autograd and about ten times as fast; wherever it can,
:func:`recur` takes it. Both run many layers side by side, the members. A single layer is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import Parameter

from nastut.cells.cell import Cell
from nastut.cells.evaluate import Stage, apply, evaluate, walk
from nastut.cells.number_systems import torch_system
from nastut.layers import kernel
from nastut.layers.arguments import without_autocast
from nastut.layers.program import Symbol


class Weights(NamedTuple):
    """The weights of M layers, the members.

    Attributes
    ----------
    input
        Shape (M, base * H, I): from x_t to `base` parts; leaf i owns rows i H ... (i + 1) H.
    hidden
        Shape (M, base * H, P): from h_{t-1} to `base` parts, as `input`.
    bias
        Shape (M, base * H): added to the hidden product; or None.
    projection
        Shape (M, P, H): from the cell's h_t to the layer's; or None, and then P = H.
    """

    input: Tensor
    hidden: Tensor
    bias: Tensor | None
    projection: Tensor | None


def recur(
    cells: Sequence[Cell], x: Tensor, h: Tensor, c: Tensor, weights: Weights
) -> tuple[Tensor, Tensor]:
    """Return the outputs of all steps and the last memory, of M layers that see the same x.

    Parameters
    ----------
    cells
        The cell that runs at every step, of each of the M members; all of one base.
    x
        Shape (T, B, I): the inputs of all steps, T at least 1.
    h, c
        Shapes (M, B, P) and (M, B, H): h_0 and c_0.
    weights
        The weights of all members.

    Returns
    -------
    tuple
        h_1 ... h_T of shape (M, T, B, P), and c_T of shape (M, B, H).
    """
    if _kernel_runs_on(x, h, c, *weights):
        return _Recurrence.apply(tuple(cells), x, h, c, *weights)  # type: ignore[no-untyped-call,no-any-return]
    return unrolled(cells, x, h, c, weights)


def unrolled(
    cells: Sequence[Cell], x: Tensor, h: Tensor, c: Tensor, weights: Weights
) -> tuple[Tensor, Tensor]:
    """Return what :func:`recur` returns, step by step and under autograd."""
    step = _step_of_one(cells[0]) if len(cells) == 1 else _step_of_many(tuple(cells))
    bias = None if weights.bias is None else weights.bias.unsqueeze(1)
    input, hidden = weights.input.transpose(1, 2), weights.hidden.transpose(1, 2)
    outputs = []
    for x_parts in (x.unsqueeze(1) @ input).unbind():
        h_parts = h @ hidden if bias is None else h @ hidden + bias
        h, c = step(x_parts, h_parts, c)
        if weights.projection is not None:
            h = h @ weights.projection.transpose(1, 2)
        outputs.append(h)
    return torch.stack(outputs, 1), c


Step = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""From x_parts and h_parts, both of shape (M, B, base * H), and c_{t-1} to h_t and c_t."""


def _step_of_one(cell: Cell) -> Step:
    def step(x_parts: Tensor, h_parts: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        # Chunks: a recorded graph would keep a size of the batch.
        return evaluate(cell, x_parts.chunk(cell.base, -1), h_parts.chunk(cell.base, -1), c)

    return step


@lru_cache(maxsize=64)
def _step_of_many(cells: tuple[Cell, ...]) -> Step:
    """Return a step of calls that many members share.

    Small networks spend their time on calls. So what can happen at the same time and by the same
    operation, in whichever member and node, is stacked and computed by one call.
    """
    n_leaves = sum(cell.base for cell in cells)
    inputs = [Symbol() for _ in range(2 * n_leaves + len(cells))]
    depth = dict.fromkeys(inputs, 0)
    groups: dict[tuple[int, str], list[Symbol]] = {}
    ends: dict[str, list[Symbol]] = {"output": [], "create": []}

    def visit(node: int, stage: Stage, operation: str, *operands: Symbol) -> Symbol:
        if stage in ends:
            ends[stage] += operands
            return operands[0]
        symbol = Symbol(operation, operands)
        depth[symbol] = 1 + max(depth[operand] for operand in operands)
        groups.setdefault((depth[symbol], operation), []).append(symbol)
        return symbol

    for m, cell in enumerate(cells):
        leaves = slice(m * cell.base, (m + 1) * cell.base)
        walk(cell, inputs[leaves], inputs[n_leaves:][leaves], inputs[2 * n_leaves + m], visit)
    ordered = [groups[key] for key in sorted(groups)]
    place = {symbol: i for i, symbol in enumerate(chain(inputs, *ordered))}

    def places(symbols: Iterable[Symbol]) -> list[int]:
        return [place[symbol] for symbol in symbols]

    calls = [
        (group[0].operation, [*map(places, zip(*(s.operands for s in group), strict=True))])
        for group in ordered
    ]
    h_places, c_places = places(ends["output"]), places(ends["create"])

    def step(x_parts: Tensor, h_parts: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        values = [*_leaves(x_parts, cells[0].base), *_leaves(h_parts, cells[0].base), *c.unbind()]

        def stacked(chosen: Sequence[int]) -> Tensor:
            return torch.stack([values[i] for i in chosen])

        for operation, operands in calls:
            values += apply(torch_system(), operation, *map(stacked, operands)).unbind()
        return stacked(h_places), stacked(c_places)

    return step


def _leaves(parts: Tensor, base: int) -> tuple[Tensor, ...]:
    """Return the part of every leaf of every member, each of shape (B, H)."""
    return torch.unflatten(parts, -1, (base, -1)).transpose(1, 2).flatten(0, 1).unbind()


def _kernel_runs_on(*tensors: Tensor | None) -> bool:
    """Tell whether the kernel may compute from these, x first, through their addresses.

    It computes behind torch's back. A graph that is being recorded does not see it, a
    transformation does not reach it, and where a tensor is no plain memory its address is wrong.
    Then the operations themselves must be called.
    """
    present = [tensor for tensor in tensors if tensor is not None]
    return (
        not _operations_are_watched()
        and all(map(_is_plain, present))
        and present[0].numel() > 0
        and kernel.load().runs_on(present[0])
    )


def _operations_are_watched() -> bool:
    """Tell whether somebody records or transforms the operations of this moment.

    A compiler or exporter (``torch.compile``, ``torch.export``), the tracer (``torch.jit.trace``,
    ``torch.onnx``), a dispatch mode (FakeTensorMode, make_fx, a counter of operations),
    a transformation (``torch.func``), or forward-mode derivatives.
    """
    return (
        torch.compiler.is_compiling()
        or torch._C._is_tracing()
        or torch._C._len_torch_dispatch_stack() > 0
        or torch._ops._len_torch_dispatch_stack_pre_dispatch() > 0  # type: ignore[no-untyped-call]
        or torch._C._are_functorch_transforms_active()
        or forward_ad._current_level >= 0
    )


def _is_plain(tensor: Tensor) -> bool:
    return (
        type(tensor) in (Tensor, Parameter)
        and tensor.layout == torch.strided
        and tensor.device.type == "cpu"
        and not tensor.is_neg()  # a view that stands for the negated values
        and not torch._C._functorch.is_functorch_wrapped_tensor(tensor)
        and not torch._C._functorch.is_legacy_batchedtensor(tensor)
    )


class _Recurrence(torch.autograd.Function):
    """All steps of some members as one operation of autograd, by the kernel."""

    @staticmethod
    def forward(
        ctx: Any,
        cells: tuple[Cell, ...],
        x: Tensor,
        h_0: Tensor,
        c_0: Tensor,
        *weights: Any,
    ) -> tuple[Tensor, Tensor]:
        keep = any(ctx.needs_input_grad)
        h, c, *values = kernel.load().forward(cells, x, h_0, c_0, Weights(*weights), keep)
        if keep:
            ctx.cells = cells
            ctx.save_for_backward(x, h_0, c_0, *weights, *values)
        # Copies: the caller may change them in place, and what was saved must stay.
        return h.clone(memory_format=torch.contiguous_format), c.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors  # read once: a checkpoint computes them again
        inputs, values = saved[:7], saved[7:]
        # With gradients enabled, the caller will differentiate the gradients.
        if torch.is_grad_enabled() or not _kernel_runs_on(*inputs, *grads):
            return None, *_differentiable(ctx.cells, inputs, grads)
        x, _, _, *weights = inputs
        needed = (ctx.needs_input_grad[1], *ctx.needs_input_grad[4:])
        return None, *kernel.load().backward(ctx.cells, x, Weights(*weights), values, grads, needed)


def _differentiable(
    cells: tuple[Cell, ...], inputs: Sequence[Any], grads: Sequence[Tensor]
) -> tuple[Tensor | None, ...]:
    """Return the gradients with respect to `inputs`, from operations that autograd can see."""
    twice = torch.is_grad_enabled()
    with torch.enable_grad(), without_autocast(inputs[0]):
        # Views, so that an input that was computed from another does not count for it.
        own: list[Any] = [None if value is None else value.view_as(value) for value in inputs]
        x, h, c, *weights = own
        outputs = unrolled(cells, x, h, c, Weights(*weights))
        needed = {k: v for k, v in enumerate(own) if v is not None and v.requires_grad}
        found = torch.autograd.grad(outputs, list(needed.values()), grads, create_graph=twice)
    by_place = dict(zip(needed, found, strict=True))
    return tuple(by_place.get(k) for k in range(len(inputs)))
