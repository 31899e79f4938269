"""How many times as fast are 64 different children in one batch as one child in a plain loop.

Training steps of children of base 2 and of base 8. How it is measured: see ``rounds.py``. Run it
from the root of the repository::

    python benchmarks/bench_population.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from rounds import machine, measure, quartiles, verdict, without_compiler
from torch import Tensor, nn

import nastut as nt
from nastut.learning.children import CHILD, Population
from nastut.learning.tasks import embedded_reber, windows
from nastut.learning.training import clip, optimizer_and_rate

STEPS = BATCH = 32
HIDDEN, MEMBERS, ALONE = 16, 64, 8
GOALS = {2: 15, 8: 8}
ROUNDS = {2: 15, 8: 7}


class Loop(nn.Module):
    """One child as one writes it by hand: `evaluate` at every step, autograd for the rest."""

    def __init__(self, cell: nt.Cell, symbols: int) -> None:
        super().__init__()
        self.cell = cell
        self.input = nn.Embedding(symbols, cell.base * HIDDEN)
        self.hidden = nn.Linear(HIDDEN, cell.base * HIDDEN, bias=False)
        self.decoder = nn.Linear(HIDDEN, symbols)

    def loss(self, symbols: Tensor, following: Tensor) -> Tensor:
        """Return the mean loss of a window."""
        h = c = torch.zeros(BATCH, HIDDEN)
        outputs = []
        for x in self.input(symbols):
            x_parts, h_parts = (part.chunk(self.cell.base, -1) for part in (x, self.hidden(h)))
            h, c = nt.evaluate(self.cell, x_parts, h_parts, c)
            outputs.append(h)
        scores = self.decoder(torch.stack(outputs))
        return nn.functional.cross_entropy(scores.flatten(0, 1), following.flatten())


def contestants(base: int) -> dict[str, Callable[[], None]]:
    """Return training steps of some children alone, and of many in one batch."""
    rng = np.random.default_rng(0)
    cells = [nt.Space(base).sample(rng) for _ in range(MEMBERS)]
    task = embedded_reber(rng, train=BATCH * (STEPS + 1), validation=100, test=100)
    symbols, following = next(windows(task.train, BATCH, STEPS))
    pair = torch.as_tensor(symbols), torch.as_tensor(following)

    population = Population(cells, len(task.symbols), HIDDEN, seed=0)
    optimizer, _ = optimizer_and_rate(population, CHILD, 1)

    def together() -> None:
        optimizer.zero_grad()
        population.loss(symbols, following, None)[0].sum().backward()
        clip(population, CHILD.clip)
        optimizer.step()

    def lean() -> None:
        with without_compiler():
            together()

    loops = [Loop(cell, len(task.symbols)) for cell in cells[:ALONE]]
    optimizers = [optimizer_and_rate(loop, CHILD, 1)[0] for loop in loops]

    def alone() -> None:
        for loop, own in zip(loops, optimizers, strict=True):
            own.zero_grad()
            loop.loss(*pair).backward()
            nn.utils.clip_grad_norm_(loop.parameters(), CHILD.clip)
            own.step()

    return {"loop": alone, "batch": together, "lean": lean}


def main() -> None:
    """Print the times and the ratios."""
    print(machine())
    print(f"T = B = {STEPS}, H = {HIDDEN}, {MEMBERS} children; median (quartiles)")
    for base, goal in GOALS.items():
        torch.set_num_threads(1)
        run = contestants(base)
        times = measure(run, ROUNDS[base])
        child = {
            name: found / (ALONE if name == "loop" else MEMBERS) for name, found in times.items()
        }
        said = ", ".join(f"{name} {1000 * np.median(found):.2f}" for name, found in child.items())
        print(f"base {base}, one thread: {said} ms for a step of one child")
        print(f"    loop / batch  {verdict(child['loop'] / child['batch'], at_least=goal)}")
        print(f"    loop / lean   {quartiles(child['loop'] / child['lean'])}, without a compiler")

        def with_threads(threads: int, batch: Callable[[], None] = run["batch"]) -> None:
            torch.set_num_threads(threads)
            batch()

        both = {str(n): lambda n=n, f=with_threads: f(n) for n in (1, 2)}
        times = measure(both, ROUNDS[base], time.perf_counter)
        print(f"    two threads   {quartiles(times['1'] / times['2'])} times as fast as one")


if __name__ == "__main__":
    main()
