"""How the sequences of a batch lie in memory: side by side, or packed.

A layer sees both alike: ``x`` is the data, time first; ``batch`` the shape of their number; and
``run`` takes the data through one direction of one layer.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from nastut.layers.arguments import require_dense

RunSteps = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""(x, h_0, c_0) -> (h_1 ... h_T, c_T): :func:`nastut.layers.recurrence.recur` of one layer."""


class Padded:
    """Sequences of equal length, or one without a batch.

    Attributes
    ----------
    x
        Shape (T, B, features).
    batch
        (B,); or () without a batch.

    Raises
    ------
    ValueError
        If the input has not 2 or 3 dimensions.
    RuntimeError
        If there is no time step.
    """

    def __init__(self, input: Tensor, batch_first: bool) -> None:
        require_dense("input", input)
        shape = tuple(input.shape)
        if len(shape) not in (2, 3):
            order = "(B, T, I)" if batch_first else "(T, B, I)"
            raise ValueError(f"input has shape {shape}; it must be {order}, or (T, I) unbatched")
        self._batch_first = batch_first and len(shape) == 3
        if len(shape) == 2:
            self.x = input.unsqueeze(1)
        else:
            self.x = input.transpose(0, 1) if batch_first else input
        self.batch = tuple(self.x.shape[1:2]) if len(shape) == 3 else ()
        if self.x.shape[0] == 0:
            raise RuntimeError(f"input has shape {shape}, so no time step; at least 1 is needed")

    def order(self, state: Tensor) -> Tensor:
        """Return a state of the caller in the order of `x`, with a batch."""
        return state if self.batch else state.unsqueeze(1)

    def run(
        self, over: RunSteps, backward: bool, x: Tensor, h: Tensor, c: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the outputs of one layer in one direction of time, and its last h and c."""
        if not backward:
            outputs, c = over(x, h, c)
            return outputs, outputs[-1], c
        outputs, c = over(x.flip(0), h, c)
        return outputs.flip(0), outputs[-1], c

    def output(self, x: Tensor) -> Tensor:
        """Return outputs in the form of the input."""
        if not self.batch:
            return x.squeeze(1)
        return x.transpose(0, 1) if self._batch_first else x

    def restore(self, state: Tensor) -> Tensor:
        """Return a state in the order of the caller: the inverse of :meth:`order`."""
        return state if self.batch else state.squeeze(1)


class Packed:
    """Sequences of any lengths, as :class:`torch.nn.utils.rnn.PackedSequence` holds them.

    At each step the first sequences, so many as are long enough, take part. Steps with equally
    many are one block, and a block is run as a whole.

    Attributes
    ----------
    x
        Shape (sum of the lengths, features): step after step.
    batch
        (B,).

    Raises
    ------
    RuntimeError
        If the packed sequence contradicts itself, or the tracer runs.
    """

    def __init__(self, input: PackedSequence) -> None:
        require_dense("the data of the packed input", input.data)
        if torch._C._is_tracing():
            raise RuntimeError(
                "packed input cannot be traced: the recorded graph would keep the lengths of these "
                "sequences and be wrong for others; trace the layer with padded input"
            )
        self._input = input
        self.x = input.data
        sizes: list[int] = input.batch_sizes.tolist()
        if self.x.dim() != 2:
            raise RuntimeError(
                f"the data of the packed input has shape {tuple(self.x.shape)}; "
                "it must be (sum of the lengths, I)"
            )
        if not sizes or sizes[-1] < 0 or sizes != sorted(sizes, reverse=True):
            raise RuntimeError(
                f"the batch sizes of the packed input are {sizes}; they must not grow from step "
                "to step, and there must be one: make it by pack_padded_sequence or pack_sequence"
            )
        if sum(sizes) != len(self.x):
            raise RuntimeError(
                f"the batch sizes of the packed input are {sizes}, so {sum(sizes)} rows, "
                f"but its data has {len(self.x)}"
            )
        self.batch = (sizes[0],)
        self._blocks = [(len(list(steps)), size) for size, steps in groupby(sizes)]

    def order(self, state: Tensor) -> Tensor:
        """Return a state of the caller in the order of `x`: from the longest to the shortest."""
        return _permuted(state, self._input.sorted_indices)

    def run(
        self, over: RunSteps, backward: bool, x: Tensor, h: Tensor, c: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the outputs of one layer in one direction of time, and its last h and c."""
        rows = [steps * size for steps, size in self._blocks]
        blocks = [
            part.view(steps, size, x.shape[-1])
            for part, (steps, size) in zip(torch.split(x, rows), self._blocks, strict=True)
        ]
        if backward:
            return self._run_backward(over, blocks, h, c)
        outputs, ended = [], []
        for block in blocks:
            size = block.shape[1]
            ended.append((h[size:], c[size:]))
            output, c = over(block, h[:size], c[:size])
            h = output[-1]
            outputs.append(output.flatten(0, 1))
        h_n, c_n = zip((h, c), *reversed(ended), strict=True)
        return torch.cat(outputs), torch.cat(h_n), torch.cat(c_n)

    def _run_backward(
        self, over: RunSteps, blocks: list[Tensor], h_0: Tensor, c_0: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        outputs, h, c = [], h_0[:0], c_0[:0]
        for block in reversed(blocks):  # a sequence begins at its own last step
            new = slice(len(h), block.shape[1])
            h, c = torch.cat([h, h_0[new]]), torch.cat([c, c_0[new]])
            output, c = over(block.flip(0), h, c)
            h = output[-1]
            outputs.append(output.flip(0).flatten(0, 1))
        return torch.cat(outputs[::-1]), h, c

    def output(self, x: Tensor) -> PackedSequence:
        """Return outputs in the form of the input."""
        return PackedSequence(
            x, self._input.batch_sizes, self._input.sorted_indices, self._input.unsorted_indices
        )

    def restore(self, state: Tensor) -> Tensor:
        """Return a state in the order of the caller: the inverse of :meth:`order`."""
        return _permuted(state, self._input.unsorted_indices)


def _permuted(state: Tensor, places: Tensor | None) -> Tensor:
    return state if places is None else state.index_select(1, places)
