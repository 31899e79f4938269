"""How fast is CellRNN: against a plain loop of the same cell, and against its matrix products.

Forward and backward of one layer, one thread. All that is compared runs in turn, round after
round, and what is printed are medians over the rounds: of the time that each takes (CPU
time of the process, which other work on the machine disturbs least), and of the ratios
within a round. Run it from the root of the repository::

    python benchmarks/bench_layer.py
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor

import nastut as nt
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS
from nastut.layers import kernel

# T, B, H = I, rounds; the goals: times as fast as the loop, and at most times the products.
SIZES = (
    (32, 32, 32, 60, 4.0, 1.5),
    (35, 20, 200, 25, 2.4, 1.0),
    (35, 64, 400, 7, 2.0, 0.9),
)

FIRST_CALL = """
import time, torch, nastut as nt
layer, input = nt.CellRNN(nt.zoo.NASCELL, 32, 32), torch.ones(32, 32, 32)
times = []
for _ in range(2):
    start = time.perf_counter()
    layer(input)[0].sum().backward()
    times.append(time.perf_counter() - start)
print(times[0] - times[1])
"""


def nascell_loop(x: Tensor, h: Tensor, c: Tensor, w_x: Tensor, w_h: Tensor) -> Tensor:
    """NASCELL as one writes it by hand."""
    outputs = []
    for x_t in x:
        x0, x1, x2, x3, x4, x5, x6, x7 = (x_t @ w_x.T).chunk(8, dim=-1)
        h0, h1, h2, h3, h4, h5, h6, h7 = (h @ w_h.T).chunk(8, dim=-1)
        left = torch.tanh(torch.sigmoid(x0 + h0) * torch.relu(x1 + h1))
        gate = torch.tanh(torch.sigmoid(x2 + h2) + torch.relu(x3 * h3))
        c = torch.tanh(left + c) * gate
        right = torch.tanh(torch.tanh(x4 + h4) * torch.sigmoid(x5 + h5))
        out = torch.sigmoid(torch.tanh(x6 + h6) + torch.sigmoid(x7 + h7))
        h = torch.tanh(c * torch.tanh(right + out))
        outputs.append(h)
    return torch.stack(outputs)


def cell_loop(cell: nt.Cell) -> Callable[..., Tensor]:
    """Return the same for any cell, with `evaluate` at every step."""

    def loop(x: Tensor, h: Tensor, c: Tensor, w_x: Tensor, w_h: Tensor) -> Tensor:
        outputs = []
        for x_t in x:
            x_parts, h_parts = (x_t @ w_x.T).chunk(cell.base, -1), (h @ w_h.T).chunk(cell.base, -1)
            h, c = nt.evaluate(cell, x_parts, h_parts, c)
            outputs.append(h)
        return torch.stack(outputs)

    return loop


def products(x: Tensor, h: Tensor, w_x: Tensor, w_h: Tensor, grad: Tensor) -> None:
    """Only the matrix products that forward and backward cannot do without."""
    flat, hidden = x.flatten(0, 1), torch.empty_like(grad)
    torch.mm(flat, w_x.T)
    for hidden_t in hidden:
        torch.mm(h, w_h.T, out=hidden_t)
    for grad_t in grad:
        torch.mm(grad_t, w_h)
    flat_grad = grad.flatten(0, 1)
    torch.mm(flat_grad.T, flat)  # for w_h: as large as for w_x
    torch.mm(flat_grad.T, flat)
    torch.mm(flat_grad, w_x)


def without_compiler() -> Callable[..., object]:
    """Return the context in which there is no kernel."""
    return patch.object(kernel, "load", lambda: kernel.Kernel(None, "switched off"))


def measure(contestants: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return the times of each contestant, in milliseconds, round by round."""
    for run in contestants.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            start = time.process_time()
            run()
            times[name].append(1000 * (time.process_time() - start))
    return times


def ratio(times: dict[str, list[float]], above: str, below: str) -> float:
    """Return the median, over the rounds, of how many times one takes as long as another."""
    return statistics.median(a / b for a, b in zip(times[above], times[below], strict=True))


def compare(
    cell: nt.Cell, loop: Callable[..., Tensor], steps: int, batch: int, size: int, rounds: int
) -> dict[str, list[float]]:
    """Measure a layer of `cell`, with and without the kernel, the loop and the products."""
    torch.manual_seed(0)
    layer = nt.CellRNN(cell, size, size)
    x = torch.randn(steps, batch, size, requires_grad=True)
    h = c = torch.zeros(batch, size)
    weights = layer.weight_ih_l0, layer.weight_hh_l0
    grad = torch.randn(steps, batch, cell.base * size)
    torch.testing.assert_close(layer(x)[0], loop(x, h, c, *weights), rtol=1e-4, atol=1e-4)

    def learn(output: Tensor) -> None:
        x.grad = layer.weight_ih_l0.grad = layer.weight_hh_l0.grad = None
        output.sum().backward()

    def lean() -> None:
        with without_compiler():
            learn(layer(x)[0])

    return measure(
        {
            "loop": lambda: learn(loop(x, h, c, *weights)),
            "layer": lambda: learn(layer(x)[0]),
            "lean": lean,
            "products": lambda: products(x.detach(), h, *(w.detach() for w in weights), grad),
        },
        rounds,
    )


def first_call() -> float:
    """Return the seconds that the first call takes longer, in a new process with an empty cache."""
    with tempfile.TemporaryDirectory() as empty:
        ran = subprocess.run(
            [sys.executable, "-c", FIRST_CALL],
            env=os.environ | {"XDG_CACHE_HOME": empty},
            capture_output=True,
            text=True,
            check=True,
        )
    return float(ran.stdout)


def random_cell(rng: np.random.Generator, base: int) -> nt.Cell:
    """Return a cell with any combinations and activations."""
    words = [
        str(rng.choice(list(rows))) for _ in range(2 * base) for rows in (COMBINATIONS, ACTIVATIONS)
    ]
    return nt.Cell.from_sequence([*words, *map(int, rng.integers(0, 2 * base - 1, 2))])


def verdict(value: float, goal: float | None, at_least: bool) -> str:
    """Return a ratio, and whether it meets its goal."""
    if goal is None:
        return f"{value:.2f}"
    met = value >= goal if at_least else value <= goal
    return f"{value:.2f} ({'≥' if at_least else '≤'} {goal}: {'met' if met else 'missed'})"


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} thread, {platform.machine()}")
    print(f"kernel: {kernel.load().status}")
    print(f"first call, with an empty cache: {first_call():.1f} s more than the second (≤ 15)")

    print("\nNASCELL: medians in ms, then ratios; lean: the layer without a compiler")
    line = "{:>12} | {:>6} {:>6} {:>6} {:>8} | {:19} {:19} {:9} {}"
    names = ("loop", "layer", "lean", "products")
    pairs = ("loop/layer", "layer/products", "loop/lean", "lean/products")
    print(line.format("T   B   H", *names, *pairs))
    for steps, batch, size, rounds, faster, times_products in SIZES:
        times = compare(nt.zoo.NASCELL, nascell_loop, steps, batch, size, rounds)
        medians = (f"{statistics.median(times[name]):.1f}" for name in names)
        ratios = (
            verdict(ratio(times, "loop", "layer"), faster, at_least=True),
            verdict(ratio(times, "layer", "products"), times_products, at_least=False),
            verdict(ratio(times, "loop", "lean"), 1.0, at_least=True),
            verdict(ratio(times, "lean", "products"), None, at_least=False),
        )
        print(line.format(f"{steps} {batch:3d} {size:3d}", *medians, *ratios))

    print("\nRandom cells: loop/layer and loop/lean; the loop calls evaluate")
    print("base | T = B = H = 32 | T 35, B 20, H 200 | cell")
    rng = np.random.default_rng(0)
    for base in (2, 4, 8, 8, 8):
        cell = random_cell(rng, base)
        columns = []
        for steps, batch, size, rounds in ((32, 32, 32, 15), (35, 20, 200, 5)):
            times = compare(cell, cell_loop(cell), steps, batch, size, rounds)
            columns += [ratio(times, "loop", "layer"), ratio(times, "loop", "lean")]
        print("{:4} | {:6.2f} {:7.2f} | {:8.2f} {:8.2f} | {}".format(base, *columns, cell))


if __name__ == "__main__":
    main()
