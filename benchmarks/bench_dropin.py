"""What it costs to put a CellRNN where an nn.LSTM was: ratios of CPU time, one thread.

Both run in turn, round after round; printed are medians over the rounds of the time of the
LSTM and of the ratios within a round. ``zoo.LSTM`` computes what the LSTM computes, from 8 leaves
instead of 4 gates. Run it from the root of the repository::

    python benchmarks/bench_dropin.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import gradgradcheck
from torch.nn.utils.rnn import pack_padded_sequence

import nastut as nt

STEPS, BATCH, WIDTH, ROUNDS = 20, 8, 16, 15


def gradients(layer: nn.Module, input: Any) -> None:
    """Call a layer, and go back once."""
    output, _ = layer(input)
    (output if isinstance(output, Tensor) else output.data).square().sum().backward()


def double_backward(layer: nn.Module, input: Tensor) -> None:
    """Differentiate the squared gradient with respect to every weight."""
    parameters = list(layer.parameters())
    loss = layer(input)[0].square().sum()
    grads = torch.autograd.grad(loss, parameters, create_graph=True)
    torch.autograd.grad(sum(grad.square().sum() for grad in grads), parameters)


def checked(layer: nn.Module, input: Tensor) -> None:
    """Check the second derivatives by the input, as tests of torch do."""
    small = input[:3, :2].clone().requires_grad_()
    gradgradcheck(lambda x: layer(x)[0], small)


def packed(input: Tensor) -> Any:
    """Return the sequences of a batch, cut to different lengths."""
    lengths = torch.linspace(1, len(input), input.shape[1]).round().long()
    return pack_padded_sequence(input, lengths, enforce_sorted=False)


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    cases: list[tuple[str, dict[str, Any], Callable[..., None], Callable[[Tensor], Any]]] = [
        ("forward and backward", {}, gradients, lambda x: x),
        ("both directions", {"bidirectional": True}, gradients, lambda x: x),
        ("packed, all lengths", {}, gradients, packed),
        ("double backward", {}, double_backward, lambda x: x),
        ("gradgradcheck, T 3, B 2", {}, checked, lambda x: x),
    ]
    print(f"T {STEPS}, B {BATCH}, H {WIDTH}, float64, {torch.__version__}")
    print(f"{'':26}{'nn.LSTM':>10}  zoo.LSTM   NASCELL   EXAMPLE")
    for name, options, action, form in cases:
        lstm = nn.LSTM(WIDTH, WIDTH, dtype=torch.float64, **options)
        layers = [lstm, nt.zoo.from_torch_lstm(lstm)]
        for cell in (nt.zoo.NASCELL, nt.zoo.EXAMPLE):
            layers.append(nt.CellRNN(cell, WIDTH, WIDTH, dtype=torch.float64, **options))
        input = form(torch.randn(STEPS, BATCH, WIDTH, dtype=torch.float64))
        times: list[list[float]] = []
        for _ in range(ROUNDS + 1):
            times.append([])
            for layer in layers:
                start = time.process_time()
                action(layer, input)
                times[-1].append(time.process_time() - start)
        rounds = times[1:]  # the first one compiles
        ratios = [
            statistics.median(row[k] / row[0] for row in rounds) for k in range(1, len(layers))
        ]
        base = statistics.median(row[0] for row in rounds)
        print(f"{name:26}{1000 * base:8.2f}ms" + "".join(f"{ratio:10.1f}" for ratio in ratios))


if __name__ == "__main__":
    main()
