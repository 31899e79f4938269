"""How the sequences of a batch lie in memory, and how layers run over them.

Padded or packed, they are blocks, each of shape (steps, sequences, features). A padded batch is one
block. In a packed one, which holds its sequences from the longest to the shortest, a block is the
steps in which equally many take part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the name it has everywhere)
from torch.nn.utils.rnn import PackedSequence

RunSteps = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""(x, h_0, c_0) -> (h_1 ... h_T, c_T): :func:`nastut.layers.recurrence.recur` of one layer."""


class Padded:
    """Sequences of equal length, or one without a batch.

    Attributes
    ----------
    blocks
        One, of shape (T, B, features).
    batch
        (B,); or () without a batch.

    Raises
    ------
    TypeError
        If the input is no tensor.
    ValueError
        If it has not 2 or 3 dimensions.
    RuntimeError
        If there is no time step.
    """

    def __init__(self, input: Tensor, batch_first: bool) -> None:
        if not isinstance(input, Tensor):
            raise TypeError(f"input is a {type(input).__name__} where a tensor belongs")
        shape = tuple(input.shape)
        if len(shape) not in (2, 3):
            order = "(B, T, I)" if batch_first else "(T, B, I)"
            raise ValueError(f"input has shape {shape}; it must be {order}, or (T, I) unbatched")
        self._batch_first = batch_first and len(shape) == 3
        x = input.unsqueeze(1) if len(shape) == 2 else input
        x = x.transpose(0, 1) if self._batch_first else x
        if x.shape[0] == 0:
            raise RuntimeError(f"input has shape {shape}, so no time step; at least 1 is needed")
        self.blocks = [x]
        self.batch = tuple(x.shape[1:2]) if len(shape) == 3 else ()

    def order(self, state: Tensor) -> Tensor:
        """Return a state of the caller in the order of the blocks, with a batch."""
        return state if self.batch else state.unsqueeze(1)

    def restore(self, state: Tensor) -> Tensor:
        """Return a state in the order of the caller: the inverse of :meth:`order`."""
        return state if self.batch else state.squeeze(1)

    def output(self, blocks: Sequence[Tensor]) -> Tensor:
        """Return outputs in the form of the input."""
        (x,) = blocks
        if not self.batch:
            return x.squeeze(1)
        return x.transpose(0, 1) if self._batch_first else x


class Packed:
    """Sequences of any lengths, as :class:`torch.nn.utils.rnn.PackedSequence` holds them.

    Attributes
    ----------
    blocks
        In the order of the steps, each with fewer sequences than the one before.
    batch
        (B,).

    Raises
    ------
    RuntimeError
        If the tracer runs, or the packed sequence contradicts itself.
    """

    def __init__(self, input: PackedSequence) -> None:
        if torch._C._is_tracing():
            raise RuntimeError(
                "packed input cannot be traced: the recorded graph would keep the lengths of these "
                "sequences and be wrong for others; trace the layer with padded input"
            )
        self._input = input
        sizes: list[int] = input.batch_sizes.tolist()
        shape = tuple(input.data.shape)
        falling = bool(sizes) and sizes[-1] >= 0 and sizes == sorted(sizes, reverse=True)
        if not falling or shape[:-1] != (sum(sizes),):
            raise RuntimeError(
                f"the packed input contradicts itself: data of shape {shape}, batch sizes {sizes}; "
                "make it by pack_padded_sequence or pack_sequence"
            )
        self.batch = (sizes[0],)
        counts = [(len(list(steps)), size) for size, steps in groupby(sizes)]
        parts = torch.split(input.data, [steps * size for steps, size in counts])
        self.blocks = [
            part.view(*count, shape[-1]) for part, count in zip(parts, counts, strict=True)
        ]

    def order(self, state: Tensor) -> Tensor:
        """Return a state of the caller in the order of the blocks, the longest sequence first."""
        return _permuted(state, self._input.sorted_indices)

    def restore(self, state: Tensor) -> Tensor:
        """Return a state in the order of the caller: the inverse of :meth:`order`."""
        return _permuted(state, self._input.unsorted_indices)

    def output(self, blocks: Sequence[Tensor]) -> PackedSequence:
        """Return outputs in the form of the input."""
        data = torch.cat([block.flatten(0, 1) for block in blocks])
        return PackedSequence(data, *self._input[1:])


def _permuted(state: Tensor, places: Tensor | None) -> Tensor:
    return state if places is None else state.index_select(1, places)


def run_layers(
    layers: Sequence[Sequence[RunSteps]],
    blocks: list[Tensor],
    h_0: Tensor,
    c_0: Tensor,
    dropout: float,
) -> tuple[list[Tensor], Tensor, Tensor]:
    """Return the last layer's outputs, and the last h and c of all layers and directions.

    Parameters
    ----------
    layers
        What runs each layer forward in time and, if there are two, what runs it backward. The
        output of a layer, both directions side by side, is the input of the next.
    blocks
        The input.
    h_0, c_0
        The first states, layer after layer and in each direction after direction.
    dropout
        Probability with which an output that another layer reads becomes 0.
    """
    h_n: list[Tensor] = []
    c_n: list[Tensor] = []
    for k, directions in enumerate(layers):
        if k > 0 and dropout > 0:
            blocks = [F.dropout(block, dropout) for block in blocks]
        outputs = []
        for run, over in zip((run_forward, run_backward), directions, strict=False):
            output, h, c = run(over, blocks, h_0[len(h_n)], c_0[len(c_n)])
            outputs.append(output)
            h_n.append(h)
            c_n.append(c)
        blocks = outputs[0]
        if len(outputs) > 1:
            blocks = [torch.cat(both, -1) for both in zip(*outputs, strict=True)]
    return blocks, torch.stack(h_n), torch.stack(c_n)


def run_forward(
    over: RunSteps, blocks: Sequence[Tensor], h: Tensor, c: Tensor
) -> tuple[list[Tensor], Tensor, Tensor]:
    """Return the outputs of one layer forward in time, and its last h and c."""
    outputs: list[Tensor] = []
    ended: list[tuple[Tensor, Tensor]] = []
    for block in blocks:
        if outputs:  # from the second block on, some sequences have ended
            size = block.shape[1]
            ended.insert(0, (h[size:], c[size:]))
            h, c = h[:size], c[:size]
        output, c = over(block, h, c)
        h = output[-1]
        outputs.append(output)
    h_n, c_n = zip((h, c), *ended, strict=True)
    return outputs, torch.cat(h_n), torch.cat(c_n)


def run_backward(
    over: RunSteps, blocks: Sequence[Tensor], h_0: Tensor, c_0: Tensor
) -> tuple[list[Tensor], Tensor, Tensor]:
    """Return the outputs of one layer backward in time, and its last h and c."""
    outputs: list[Tensor] = []
    h, c = h_0[:0], c_0[:0]
    for block in reversed(blocks):  # a sequence begins at its own last step
        new = slice(len(h), block.shape[1])
        h, c = torch.cat([h, h_0[new]]), torch.cat([c, c_0[new]])
        output, c = over(block.flip(0), h, c)
        h = output[-1]
        outputs.insert(0, output.flip(0))
    return outputs, h, c
