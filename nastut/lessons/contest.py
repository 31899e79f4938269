"""Exercises of notebook 07, the contest; its pictures and tables; and its broken controllers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, inf
from statistics import mean, median
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from nastut.cells.cell import Cell
from nastut.layers.arguments import State
from nastut.lessons.exercise import Exercise
from nastut.lessons.plots import BLUE, GREEN, ORANGE, RED, TITLES, Interval, draw_upright
from nastut.pictures.style import INK, PAPER, QUIET
from nastut.search.controller import Controller, of_chosen
from nastut.search.learners import Reinforce
from nastut.search.loop import Choices
from nastut.studies import inference
from nastut.studies.table import Table
from nastut.studies.verdict import EVALUATIONS, PAIRS

LOOK: dict[str, dict[str, Any]] = {
    "random": {"linestyle": ":", "color": QUIET},
    "evolution, tuned": {"linestyle": "-.", "color": GREEN},
    "REINFORCE": {"linestyle": "--", "color": ORANGE},
    "REINFORCE, tuned": {"linestyle": (0, (5, 1, 1, 1, 1, 1)), "color": RED},
    "priority queue, tuned": {"linestyle": "-", "color": BLUE},
}
"""How the line of each search looks."""
RATES = {0.003: ("o", ORANGE), 0.01: ("s", BLUE), 0.03: ("^", RED)}
"""How the points of each learning rate look."""


def draw_table(rewards: Any, marks: Mapping[str, int]) -> Figure:
    """Draw the rewards of a table over their rank, and mark some ranks by name."""
    figure, axis = plt.subplots()
    ordered = np.sort(rewards)[::-1]
    axis.plot(np.arange(1, len(ordered) + 1), ordered, color=BLUE)
    for name, rank in marks.items():
        far_right = rank > len(ordered) / 4
        axis.plot(rank, ordered[rank - 1], "o", color=RED)
        offset, side = ((-6, -3), "right") if far_right else ((0, 6), "left")
        point = (rank, ordered[rank - 1])
        axis.annotate(name, point, offset, textcoords="offset points", ha=side)
    axis.set(xlabel="rank", ylabel="reward", xscale="log", ylim=(0, 1.1))
    return figure


def draw_sweep(
    sweeps: Mapping[str, Mapping[float, Sequence[Interval]]],
    bonuses: Sequence[float],
    chance: Interval,
) -> Figure:
    """Draw what every setting that was tried needs, with its interval.

    Parameters
    ----------
    sweeps
        Method -> learning rate -> for each bonus the mean evaluations and their interval.
    bonuses
        On the horizontal axis, one after the other.
    chance
        What drawing blindly needs: a grey band.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
    for axis, (method, of_rates) in zip(axes, sweeps.items(), strict=True):
        for shift, (rate, intervals) in zip((-0.12, 0, 0.12), of_rates.items(), strict=True):
            at = np.arange(len(bonuses)) + shift
            draw_upright(axis, at, intervals, *RATES[rate], f"rate {rate:g}")
        axis.axhline(chance[0], color=INK, linestyle=":")
        axis.axhspan(*chance[1:], color=QUIET, alpha=0.3, zorder=0)
        axis.set_xticks(range(len(bonuses)), [f"{bonus:g}" for bonus in bonuses])
        axis.set(title=TITLES[method], xlabel="bonus for a nat of entropy", ylim=(0, 1_550))
    axes[0].set_ylabel("mean evaluations")
    axes[1].legend(fontsize=8, title="dotted: chance", title_fontsize=8)
    return figure


def draw_lift(shares: Mapping[str, tuple[float, float]]) -> Figure:
    """Draw how common properties are: open circles among all cells, filled among the best."""
    figure, axis = plt.subplots(figsize=(7, 3.8), layout="constrained")
    for row, (among_all, among_best) in enumerate(shares.values()):
        axis.plot((among_all, among_best), (row, row), color=QUIET)
        (open_one,) = axis.plot(among_all, row, "o", color=INK, fillstyle="none")
        (filled,) = axis.plot(among_best, row, "o", color=BLUE)
    axis.set_yticks(range(len(shares)), shares, size=8)
    axis.set(xlabel="share of cells", xlim=(-0.02, 1), ylim=(len(shares) - 0.5, -0.5))
    axis.legend((open_one, filled), ("all cells", "the best per cent"), fontsize=8)
    return figure


def draw_curves(curves: Mapping[str, Any], right: Any) -> Figure:
    """Draw the learning curve of each broken controller, and beside it that of the right one."""
    figure, axes = plt.subplots(2, 4, figsize=(9, 3.6), sharex=True, sharey=True)
    figure.set_layout_engine("constrained")
    for axis, (name, curve) in zip(axes.flat, curves.items(), strict=True):
        axis.plot(right, "--", color=QUIET)
        axis.plot(curve, color=RED)
        axis.set_title(name, size=9)
    figure.supxlabel("update", size=9)
    figure.supylabel("mean reward of a batch", size=9)
    return figure


def properties(table: Table) -> dict[str, np.ndarray]:
    """Return which classes of a base-2 table have a property, by the property's name."""
    nodes = [cell.nodes for cell in table.cells]
    multiplies = np.array([[node.combination == "Multiply" for node in cell] for cell in nodes])
    ends = np.array([(cell.create_index, cell.inject_index) for cell in table.cells])
    create, inject = ends.T
    return {
        "root without activation": np.array([cell[2].activation == "Identity" for cell in nodes]),
        "root adds": ~multiplies[:, 2],
        "a leaf multiplies (W x with W h)": multiplies[:, :2].any(1),
        "one leaf multiplies, one adds": multiplies[:, 0] != multiplies[:, 1],
        "a gate": np.array([_has_gate(cell) for cell in table.cells]),
        "inject at a leaf, create at the root (memory path)": table.has_memory,
        "inject and create at the same leaf": (create == inject) & (create < 2),
        "inject at one leaf, create at the other (the example)": create + inject == 1,
        "inject at the root, create at a leaf": (create < 2) & (inject == 2),
        "inject and create at the root": (create == 2) & (inject == 2),
    }


def _has_gate(cell: Cell) -> bool:
    """Tell whether something is multiplied by a sigmoid."""
    seen = [node.activation for node in cell.nodes]
    gates_c = cell.inject.combination == "Multiply" and seen[cell.inject_index] == "Sigmoid"
    seen[cell.inject_index] = cell.inject.activation  # what the root sees
    return gates_c or (cell.nodes[2].combination == "Multiply" and "Sigmoid" in seen[:2])


ABLATION = {
    "REINFORCE, with redraw": "REINFORCE, redraw and bonus",
    "REINFORCE, tuned": "REINFORCE, bonus",
    "REINFORCE, with redraw, no bonus": "REINFORCE, redraw",
    "REINFORCE, no bonus": "REINFORCE, neither",
    "priority queue, tuned": "priority queue, redraw and bonus",
    "priority queue, no redraw": "priority queue, bonus",
    "priority queue, no bonus": "priority queue, redraw",
    "priority queue, no redraw, no bonus": "priority queue, neither",
}
"""Lines of the study ``tuning`` -> which helpers they have."""


def tried(results: Mapping[str, Any]) -> dict[tuple[str, float, float], np.ndarray]:
    """Return when each tried controller arrived: by method, learning rate and bonus."""
    return {
        (result["method"], result["given"]["learning_rate"], result["given"]["entropy"]): (
            inference.arrivals(result["reached"]["1 per mille"])
        )
        for result in results.values()
        if result["line"] is None and "entropy" in result["given"]
    }


def spent(reached: np.ndarray, rng: np.random.Generator) -> Interval:
    """Return the mean evaluations of runs that stop at the budget, and their 95 % interval."""
    mean = partial(inference.restricted_mean, budget=EVALUATIONS)
    return float(mean(reached)), *inference.bootstrap(mean, reached, rng=rng)


def arrival_table(reached: Mapping[str, np.ndarray], rng: np.random.Generator) -> str:
    """Return, in a row each, the median of a method, its interval, and who never arrived."""
    rows = [f"{'':22s}  half within (95 %)    never arrived"]
    for name, values in reached.items():
        low, high = inference.bootstrap(inference.median, values, rng=rng)
        half, never = inference.median(values), f"{np.isinf(values).sum()} of {len(values)}"
        rows.append(f"{name:22s}  {half:4.0f} ({low:3.0f} to {high:4.0f})   {never:>12s}")
    return "\n".join(rows)


def how_sure(reached: Mapping[str, np.ndarray], first: int, last: int) -> str:
    """Return what the rank test says of some of the planned questions, a row each.

    Parameters
    ----------
    reached
        Line -> when each of its runs arrived.
    first, last
        Which of :data:`PAIRS`. The p-values are corrected for all of them.
    """
    rows = []
    for (a, b), result in [*inference.compared(reached, PAIRS).items()][first:last]:
        p = "p < 0.001" if result.corrected < 0.001 else f"p = {result.corrected:.3f}"
        rows.append(f"{a:35s} before {b:32s} {result.value:4.0%}  {p}")
    return "\n".join(rows)


def draw_doors(learned: Mapping[str, Any], sure: float, most: float) -> Figure:
    """Draw two doors, one that always pays the same and one that pays by chance; and who opens it.

    Parameters
    ----------
    learned
        Method -> the probability of the second door, of shape (seeds, updates).
    sure, most
        What the first door pays; the second pays anything from 0 to this, all equally likely.
    """
    figure, (doors, curves) = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
    doors.bar(0, sure, 0.5, color=ORANGE)
    doors.bar(1, most, 0.5, color=QUIET, alpha=0.4)
    doors.bar(1, most - sure, 0.5, sure, color=BLUE)
    doors.hlines(most / 2, 0.75, 1.25, color=INK)
    words = (
        (0, sure / 2, f"always {sure:g}"),
        (1, most / 2 + 0.05, f"on average {most / 2:g}"),
        (1, (sure + most) / 2, f"{1 - sure / most:.0%} of the time"),
    )
    for x, y, text in words:
        colour = PAPER if y > sure else INK
        doors.annotate(text, (x, y), ha="center", va="center", size=8, color=colour)
    doors.set_xticks((0, 1), ("door 0", "door 1"))
    doors.set(ylabel="what it pays", xlim=(-0.5, 1.5), ylim=(0, 1.05))
    doors.grid(visible=False)
    for (name, runs), colour in zip(learned.items(), (ORANGE, BLUE), strict=True):
        for number, run in enumerate(runs):
            curves.plot(run, color=colour, label=name if number == 0 else None)
    curves.set(xlabel="update", ylabel="probability of door 1", ylim=(-0.03, 1.03))
    curves.legend(fontsize=8, loc="center right")
    return figure


Queue = list[tuple[float, Choices]]
"""Rewards and choices, best first."""


def next_queue(
    queue: Queue, proposed: Sequence[Choices], earned: Sequence[float], size: int
) -> Queue:
    """Return the best different sequences of a queue and a batch; of equal ones the older.

    Parameters
    ----------
    queue
        Rewards and choices, best first.
    proposed, earned
        The choices of a batch and their rewards.
    size
        How many stay.
    """
    queue = list(queue)
    for reward, choices in zip(earned, proposed, strict=True):
        if choices not in [known for _, known in queue]:
            queue.append((reward, choices))
    return sorted(queue, key=lambda pair: -pair[0])[:size]


class NeverFedBack(Controller):
    """What is written is not what is read next."""

    def next_input(self, count: int, written: list[Tensor]) -> Tensor:
        return self.start.expand(count, -1)


class TakesTheLikeliest(Controller):
    """The likeliest token is taken; nothing is sampled."""

    def choose(self, probabilities: Tensor, rng: np.random.Generator) -> Tensor:
        return probabilities.argmax(-1)


class SwapsItsStates(Controller):
    """The two states of the recurrent layers are mixed up: (c, h) goes in for (h, c)."""

    def step(self, decoder: nn.Module, inputs: Tensor, state: State | None) -> tuple[Tensor, State]:
        scores, (h, c) = super().step(decoder, inputs, state)
        return scores, (c, h)


class CreditsAnother(Reinforce):
    """Each reward goes to another sequence of the batch."""

    def objective(self, choices: Tensor, rewards: Tensor) -> tuple[list[Tensor], Tensor]:
        return super().objective(choices.flip(0), rewards)


class DropsItsBaseline(Reinforce):
    """The baseline is computed, and then not used."""

    def objective(self, choices: Tensor, rewards: Tensor) -> tuple[list[Tensor], Tensor]:
        logs = self.controller(choices)
        return logs, (of_chosen(logs, choices).sum(1) * rewards).mean()


class CountsItself(Reinforce):
    """The baseline contains the rewards that it is subtracted from."""

    def objective(self, choices: Tensor, rewards: Tensor) -> tuple[list[Tensor], Tensor]:
        self.average = 0.5 * self.baseline() + 0.5 * float(rewards.mean())
        return super().objective(choices, rewards)


class PaysForSurprise(Reinforce):
    """A bonus for unlikely sequences is added to the rewards, in the very list of the record."""

    def learn(self, proposed: list[Choices], rewards: list[float]) -> dict[str, Any]:
        with torch.no_grad():
            surprise = -self.controller.log_probabilities(torch.tensor(proposed)).sum(1)
        rewards[:] = [r + 0.1 * s for r, s in zip(rewards, surprise.tolist(), strict=True)]
        return super().learn(proposed, rewards)


@dataclass(frozen=True)
class Setup:
    """A controller and what trains it, whole or broken."""

    controller: type[Controller] = Controller
    learner: type[Reinforce] = Reinforce
    learning_rate: float = 0.02

    def build(self, choices: list[int], seed: int = 0, spread: float = 1.0) -> Reinforce:
        """Return a learner; `spread` multiplies the first weights of its controller."""
        controller = self.controller(choices, hidden_size=16, num_layers=1, seed=seed)
        with torch.no_grad():
            for parameter in controller.parameters():
                parameter.mul_(spread)
        rate = self.learning_rate
        return self.learner(controller, np.random.default_rng(seed), learning_rate=rate)


RIGHT = Setup()

BROKEN = {
    "never fed back": Setup(controller=NeverFedBack),
    "likeliest token": Setup(controller=TakesTheLikeliest),
    "h and c swapped": Setup(controller=SwapsItsStates),
    "another's credit": Setup(learner=CreditsAnother),
    "baseline dropped": Setup(learner=DropsItsBaseline),
    "baseline of itself": Setup(learner=CountsItself),
    "paid for surprise": Setup(learner=PaysForSurprise),
    "collapse": Setup(learning_rate=0.5),
}
"""The gallery: what is wrong -> the setup in which it is."""


def practise(
    learner: Reinforce, reward_of: Mapping[tuple[int, ...], float], updates: int = 40
) -> tuple[list[float], list[set[tuple[int, ...]]]]:
    """Let a learner learn; return the mean reward of each batch, and its different sequences."""
    curve, record = [], []
    for _ in range(updates):
        proposed = learner.propose()
        earned = [reward_of[tuple(choices)] for choices in proposed]
        curve.append(float(np.mean(earned)))
        learner.learn(proposed, earned)
        record.append({tuple(choices) for choices in proposed})
    return curve, record


def mystery(name: str, count: int, rng: np.random.Generator) -> list[Choices]:
    """Return what controller A, B or C of exercise 7.3 writes: `count` pairs.

    Each has another of three bugs. The controller itself would tell by its name which.
    """
    controller = BROKEN[_HIDDEN[name]].build([2, 3], seed=2, spread=40).controller
    return controller.sample(count, rng).tolist()


_SWAP, _FEED, _TAKE = "h and c swapped", "never fed back", "likeliest token"


def _told(*bugs: str) -> dict[str, str]:
    return dict(zip("ABC", bugs, strict=True))


_HIDDEN = _told(_SWAP, _FEED, _TAKE)


Reached = list[int | None]


def _lists(rng: np.random.Generator) -> Iterator[tuple[Reached]]:
    """Yield what runs needed, with more and more of them that never arrived."""
    for size, never in ((5, 0), (4, 1), (5, 2), (20, 3), (20, 9), (5, 3)):
        reached: Reached = [*map(int, rng.integers(20, 1_000, size - never)), *[None] * never]
        yield ([reached[place] for place in rng.permutation(size)],)
    yield ([30, None, None, None],)
    yield ([EVALUATIONS],)
    yield ([EVALUATIONS, None],)
    yield ([2_400, 2_400, 2_400, 3_000],)


def _arrived(reached: Reached) -> list[int]:
    return [number for number in reached if number is not None]


def _lower_middle(reached: Reached, never: float = inf) -> float:
    """Return what half of the runs need, if those that never arrived need so much."""
    known = sorted(never if number is None else number for number in reached)
    return known[ceil(len(known) / 2) - 1]


def _below(number: float, limit: float) -> float | None:
    return number if number < limit else None


def _queues(rng: np.random.Generator) -> Iterator[tuple[Queue, list[Choices], list[float], int]]:
    """Yield queues and batches, with repeats and with equal rewards."""
    yield [(0.9, [0, 1]), (0.5, [1, 1])], [[1, 0], [0, 1]], [0.7, 0.9], 3
    yield [], [[1, 0], [0, 0], [1, 0]], [0.2, 0.6, 0.2], 3
    yield [(0.5, [0, 2])], [[1, 2], [0, 0]], [0.5, 0.5], 2
    yield [(0.8, [0, 0]), (0.8, [1, 1])], [[0, 1], [1, 2]], [0.3, 0.1], 2
    yield [(0.4, [1, 0])], [[0, 1]], [0.6], 5
    for _ in range(3):
        batch = rng.integers((2, 3), size=(6, 2)).tolist()
        worth = [round(0.5 + (a - b) / 10, 1) for a, b in batch]
        yield next_queue([], batch[:3], worth[:3], 3), batch[3:], worth[3:], 3


def _queued(
    queue: Queue,
    proposed: list[Choices],
    earned: list[float],
    size: int,
    known: bool = True,
    within: bool = True,
    newest: bool = False,
) -> Queue:
    """Keep the best of both; without `known` or `within`, also what is there already."""
    batch: Queue = []
    for pair in zip(earned, proposed, strict=True):
        old = known and pair[1] in [choices for _, choices in queue]
        twice = within and pair[1] in [choices for _, choices in batch]
        batch += [] if old or twice else [pair]
    both = [*batch, *queue] if newest else [*queue, *batch]
    return sorted(both, key=lambda pair: -pair[0])[:size]


def _bugs(answer: Any) -> dict[Any, str]:
    return {name: str(bug).casefold() for name, bug in dict(answer).items()}


def _about_bugs(answer: Any) -> str:
    """Say what keeps an answer from giving each of A, B and C another of the three bugs."""
    words = sorted(_HIDDEN.values())
    try:
        bugs = _bugs(answer)
    except (TypeError, ValueError):
        bugs = {}
    if bugs.keys() == _HIDDEN.keys() and set(bugs.values()) <= set(words):
        return f"each word is used once: {', '.join(words)}"
    return f"answer with a dict of A, B and C, and with these words: {', '.join(words)}"


EXERCISES = {
    "7.1": Exercise(
        cases=_queues,
        truth=next_queue,
        mistakes=lambda q, p, e, n: {
            "a sequence that is in the queue already must not enter again": (
                _queued(q, p, e, n, known=False)
            ),
            "a sequence may stand twice in the batch, too; it enters once": (
                _queued(q, p, e, n, within=False)
            ),
            "neither what is in the queue nor what the batch repeats may enter again": (
                _queued(q, p, e, n, known=False, within=False)
            ),
            "that keeps the worst; the best come first": (
                sorted(next_queue(q, p, e, len(q + p)), key=lambda pair: pair[0])[:n]
            ),
            "of equal rewards the older comes first; pairs are sorted by their choices, too": (
                sorted(next_queue(q, p, e, len(q + p)), reverse=True)[:n]
            ),
            "of equal rewards the older comes first, yours has the newer first": (
                _queued(q, p, e, n, newest=True)
            ),
            "a sequence that was seen before enters once; and sort by the reward alone": (
                sorted([*q, *zip(e, p, strict=True)], reverse=True)[:n]
            ),
            "the old queue is forgotten": next_queue([], p, e, n),
            "cut the queue when the batch is in it; yours is too long": (
                next_queue(q, p, e, len(q + p))
            ),
            "the batch never enters": q[:n],
            "return pairs of reward and choices": [c for _, c in next_queue(q, p, e, n)],
        },
    ),
    "7.2": Exercise(
        cases=_lists,
        truth=lambda reached: _below(_lower_middle(reached), inf),
        mistakes=lambda reached: {
            "runs that never arrived are left out; they are the slowest of all": (
                _lower_middle([*_arrived(reached)])
            ),
            "never is late, not early: it must not count as 0": _lower_middle(reached, 0),
            "never is not the budget, 1,500: nobody knows that the next one would do": (
                _lower_middle(reached, EVALUATIONS)
            ),
            "no budget is given: a run may arrive at 1,500 or later": (
                _below(_lower_middle(reached), EVALUATIONS)
            ),
            "never is not the mean of the others; a run that did not arrive is slower than all": (
                _lower_middle(reached, mean(_arrived(reached)))
            ),
            "that is halfway between the middle two, where no run had just arrived": (
                _below(median(inf if n is None else n for n in reached), inf)
            ),
            "that many runs are more than half where their number is even; half will do": (
                _below(sorted(inf if n is None else n for n in reached)[len(reached) // 2], inf)
            ),
            "return None, not infinity, if fewer than half arrived": _lower_middle(reached),
            "that is the median of those alone that arrived; the others are the slowest of all": (
                median(_arrived(reached))
            ),
            "that is a mean, and of those alone that arrived": mean(_arrived(reached)),
        },
    ),
    "7.3": Exercise(
        truth=lambda: _HIDDEN,
        same=lambda answer, right: _bugs(answer) == _bugs(right),
        remark=_about_bugs,
        mistakes=lambda: {
            "C is right; in B the second token does not depend on the first, in A it does": (
                _told(_FEED, _SWAP, _TAKE)
            ),
            "A is right; of the other two, one writes the same sequence every time": (
                _told(_SWAP, _TAKE, _FEED)
            ),
            "B is right; of the other two, one writes the same sequence every time": (
                _told(_TAKE, _FEED, _SWAP)
            ),
            "all three are elsewhere; begin with the one that always writes the same": (
                _told(_FEED, _TAKE, _SWAP)
            ),
            "all three are elsewhere; look how the second token depends on the first": (
                _told(_TAKE, _SWAP, _FEED)
            ),
        },
    ),
}
