"""How many times as fast are 64 different children in one batch as one child in a plain loop.

Training steps of children of base 2, one thread. What is compared runs in turn, round after
round, and what is printed are medians over the rounds: of the time of a child's step (CPU time
of the process), and of the ratio within a round. Run it from the root of the repository::

    python benchmarks/bench_population.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn

import nastut as nt
from nastut.layers import kernel
from nastut.learning.children import CHILD, clip
from nastut.learning.population import Population
from nastut.learning.tasks import embedded_reber, windows
from nastut.learning.training import optimizer_and_rate

STEPS = BATCH = 32
HIDDEN, MEMBERS, ROUNDS = 16, 64, 15
AT_LEAST, GOAL = 5, 10


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


def main() -> None:
    """Print the times and the ratios."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    cells = [nt.Space().sample(rng) for _ in range(MEMBERS)]
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
        with patch.object(kernel, "load", lambda: kernel.Kernel(None, "switched off")):
            together()

    loops = [Loop(cell, len(task.symbols)) for cell in cells[:8]]
    optimizers = [optimizer_and_rate(loop, CHILD, 1)[0] for loop in loops]

    def alone() -> None:
        for loop, own in zip(loops, optimizers, strict=True):
            own.zero_grad()
            loop.loss(*pair).backward()
            nn.utils.clip_grad_norm_(loop.parameters(), CHILD.clip)
            own.step()

    contestants: dict[str, tuple[Callable[[], None], int]] = {
        "loop": (alone, len(loops)),
        "batch": (together, MEMBERS),
        "lean": (lean, MEMBERS),
    }
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS + 1):
        for name, (run, children) in contestants.items():
            start = time.process_time()
            run()
            times[name].append(1000 * (time.process_time() - start) / children)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} thread; {kernel.load().status}")
    print(f"T = B = {STEPS}, H = {HIDDEN}, {MEMBERS} children; ms for a step of one child")
    medians = {name: statistics.median(found[1:]) for name, found in times.items()}
    for name, median in medians.items():
        print(f"  {name:5} {median:6.2f}")
    for name in ("batch", "lean"):
        pairs = zip(times["loop"][1:], times[name][1:], strict=True)
        found = statistics.median(a / b for a, b in pairs)
        verdict = f" (≥ {AT_LEAST}: {'met' if found >= AT_LEAST else 'missed'}; goal {GOAL})"
        print(f"loop/{name}: {found:.1f}{verdict if name == 'batch' else ', without a compiler'}")


if __name__ == "__main__":
    main()
