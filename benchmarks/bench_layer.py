"""How fast is CellRNN: against a plain loop, its matrix products, ``nn.LSTM`` and JAX.

Forward and backward of one layer. How it is measured: see ``rounds.py``. Run it from the root of
the repository::

    python benchmarks/bench_layer.py

The goals come from a processor on which torch's products (MKL) use AVX2 only. Where they use
AVX-512 they, and the loop that is made of them, are up to twice as fast; so there both tables are
printed, the second with MKL held to AVX2.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
import torch
from rounds import Times, machine, measure, quartiles, verdict, without_compiler
from torch import Tensor, nn

import nastut as nt
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
try:
    import jax
except ImportError:
    jax = None

# T, B, H = I, rounds; the goals: times as fast as the loop, and at most times the products.
SIZES = (
    (32, 32, 32, 60, 4.0, 1.5),
    (35, 20, 200, 25, 2.4, 1.0),
    (35, 64, 400, 7, 2.0, 0.9),
)

HELD = "MKL_ENABLE_INSTRUCTIONS"

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


def scan(x: Tensor, w_x: Tensor, w_h: Tensor) -> Callable[[], object]:
    """Return NASCELL in JAX, compiled: a scan over time and the gradients of its sum."""
    np_ = jax.numpy
    tanh, sigmoid, relu = np_.tanh, jax.nn.sigmoid, jax.nn.relu

    def step(state, parts, w_h):  # type: ignore[no-untyped-def]
        h, c = state
        x0, x1, x2, x3, x4, x5, x6, x7 = np_.split(parts, 8, axis=-1)
        h0, h1, h2, h3, h4, h5, h6, h7 = np_.split(h @ w_h.T, 8, axis=-1)
        left = tanh(sigmoid(x0 + h0) * relu(x1 + h1))
        gate = tanh(sigmoid(x2 + h2) + relu(x3 * h3))
        c = tanh(left + c) * gate
        right = tanh(tanh(x4 + h4) * sigmoid(x5 + h5))
        h = tanh(c * tanh(right + sigmoid(tanh(x6 + h6) + sigmoid(x7 + h7))))
        return (h, c), h

    def total(x, w_x, w_h):  # type: ignore[no-untyped-def]
        zeros = np_.zeros((x.shape[1], w_h.shape[1]))
        _, outputs = jax.lax.scan(lambda s, p: step(s, p, w_h), (zeros, zeros), x @ w_x.T)
        return outputs.sum()

    run = jax.jit(jax.value_and_grad(total, (0, 1, 2)))
    given = [np_.asarray(value.detach().numpy()) for value in (x, w_x, w_h)]
    return lambda: jax.block_until_ready(run(*given))


def contestants(
    cell: nt.Cell, loop: Callable[..., Tensor], steps: int, batch: int, size: int
) -> dict[str, Callable[[], object]]:
    """Return a layer of `cell`, with and without the kernel, the loop, and the products."""
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

    return {
        "loop": lambda: learn(loop(x, h, c, *weights)),
        "layer": lambda: learn(layer(x)[0]),
        "lean": lean,
        "products": lambda: products(x.detach(), h, *(w.detach() for w in weights), grad),
    }


def others(steps: int, batch: int, size: int) -> dict[str, Callable[[], object]]:
    """Return nn.LSTM, its own bare products, and NASCELL in JAX if that is installed."""
    lstm = nn.LSTM(size, size, bias=False)
    x = torch.randn(steps, batch, size, requires_grad=True)
    h, grad = torch.zeros(batch, size), torch.randn(steps, batch, 4 * size)
    weights = [weight.detach() for weight in (lstm.weight_ih_l0, lstm.weight_hh_l0)]

    def learn() -> None:
        x.grad = None
        lstm.zero_grad()
        lstm(x)[0].sum().backward()

    found: dict[str, Callable[[], object]] = {
        "lstm": learn,
        "lstm's products": lambda: products(x.detach(), h, *weights, grad),
    }
    if jax is not None:
        layer = nt.CellRNN(nt.zoo.NASCELL, size, size)
        found["jax"] = scan(x, layer.weight_ih_l0, layer.weight_hh_l0)
    return found


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


def print_nascell(times: Times, size: tuple[int, int, int], goals: tuple[float, float]) -> None:
    """Print the medians and the ratios of one size."""
    medians = ", ".join(f"{name} {1000 * np.median(found):.1f}" for name, found in times.items())
    print(f"T {size[0]}, B {size[1]}, H {size[2]}: {medians} ms")
    rows = {
        "loop / layer": verdict(times["loop"] / times["layer"], at_least=goals[0]),
        "layer / products": verdict(times["layer"] / times["products"], at_most=goals[1]),
        "lstm / lstm's products": quartiles(times["lstm"] / times["lstm's products"]),
        "loop / lean": verdict(times["loop"] / times["lean"], at_least=1.0),
    }
    if "jax" in times:
        rows["jax / layer"] = quartiles(times["jax"] / times["layer"])
    for name, row in rows.items():
        print(f"    {name:22}  {row}")


def nascell() -> None:
    """Print the table of NASCELL."""
    torch.set_num_threads(1)
    for steps, batch, size, rounds, *goals in SIZES:
        sizes = (steps, batch, size)
        run = contestants(nt.zoo.NASCELL, nascell_loop, *sizes) | others(*sizes)
        print_nascell(measure(run, rounds), sizes, tuple(goals))


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    print(machine())
    print(f"first call, with an empty cache: {first_call():.1f} s more than the second (<= 15)")

    print("\nNASCELL, one thread; median (quartiles); lean: the layer without a compiler")
    nascell()
    if torch.backends.mkl.is_available() and torch.backends.cpu.get_cpu_capability() == "AVX512":
        print("\nThe same with MKL held to AVX2", flush=True)
        subprocess.run([sys.executable, __file__], env=os.environ | {HELD: "AVX2"}, check=True)

    print("\nTwo threads: how many times as fast as one (time on the clock)")
    for steps, batch, size, rounds, *_ in SIZES:
        run = contestants(nt.zoo.NASCELL, nascell_loop, steps, batch, size)

        def with_threads(threads: int, layer: Callable[[], object] = run["layer"]) -> None:
            torch.set_num_threads(threads)
            layer()

        both = {str(n): lambda n=n, f=with_threads: f(n) for n in (1, 2)}
        times = measure(both, rounds, time.perf_counter)
        print(f"T {steps}, B {batch}, H {size}: {quartiles(times['1'] / times['2'])}")
    torch.set_num_threads(1)

    print("\nRandom cells: loop / layer and loop / lean; the loop calls evaluate")
    rng = np.random.default_rng(0)
    for base in (2, 4, 8, 8, 8):
        cell = random_cell(rng, base)
        for *sizes, rounds in ((32, 32, 32, 15), (35, 20, 200, 5)):
            times = measure(contestants(cell, cell_loop(cell), *sizes), rounds)
            pairs = [quartiles(times["loop"] / times[name]) for name in ("layer", "lean")]
            print(f"H {sizes[-1]:3}: {pairs[0]}, {pairs[1]}  {cell}")


if __name__ == "__main__":
    nascell() if HELD in os.environ else main()
