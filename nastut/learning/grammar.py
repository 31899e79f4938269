"""Random sentences from a graph, and how well anybody can predict them.

A grammar is a graph whose edges carry symbols. A sentence is a walk from the first state back
to it, and at each state all edges are equally likely. So the best possible perplexity needs
no training: it follows from the graph.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

State = Hashable


@dataclass(frozen=True)
class Grammar:
    """A graph of states and symbols.

    Attributes
    ----------
    symbols
        The symbols, in the order of their numbers.
    edges
        For each state, the state that each possible symbol leads to. The first state listed
        is where every sentence starts and ends.
    """

    symbols: tuple[str, ...]
    edges: Mapping[State, Mapping[str, State]]

    @property
    def start(self) -> State:
        """The state where every sentence starts and ends."""
        return next(iter(self.edges))

    def sentence(self, rng: np.random.Generator) -> list[str]:
        """Return the symbols of one random sentence."""
        sentence = []
        for symbol, state in self._walk(iter(rng.random, None)):
            sentence.append(symbol)
            if state == self.start:
                break
        return sentence

    def stream(self, rng: np.random.Generator, length: int) -> np.ndarray:
        """Return the numbers of `length` symbols: sentence after sentence, the last one cut."""
        number = {symbol: i for i, symbol in enumerate(self.symbols)}
        walk = self._walk(rng.random(length).tolist())
        return np.fromiter((number[symbol] for symbol, _ in walk), np.int64, length)

    def perplexity(self) -> float:
        """Return the best possible perplexity per symbol of an endless stream, exactly.

        Notes
        -----
        exp of the entropy of the next symbol given the state, the states weighted by how often
        they are visited.
        """
        edges = [
            (share, len(self.edges[state]))
            for state, share in self._visits().items()
            for _ in self.edges[state]
        ]
        return math.exp(-sum(share / n * math.log(1 / n) for share, n in edges))

    def _walk(self, draws: Iterable[float]) -> Iterator[tuple[str, State]]:
        """Yield a symbol and the state it leads to for each number drawn from [0, 1)."""
        choices = {state: list(edges.items()) for state, edges in self.edges.items()}
        state = self.start
        for draw in draws:
            possible = choices[state]
            symbol, state = possible[int(draw * len(possible))]
            yield symbol, state

    def _visits(self) -> dict[State, float]:
        """Return the share of steps that an endless walk spends in each state."""
        place = {state: i for i, state in enumerate(self.edges)}
        step = np.zeros((len(place), len(place)))
        for state, choices in self.edges.items():
            for following in choices.values():
                step[place[state], place[following]] += 1 / len(choices)
        # visits = visits @ step, and they sum to 1: one equation more than there are unknowns
        equations = np.vstack([step.T - np.eye(len(place)), np.ones(len(place))])
        right_side = np.zeros(len(place) + 1)
        right_side[-1] = 1
        visits = np.linalg.lstsq(equations, right_side, rcond=None)[0]
        return dict(zip(self.edges, visits.tolist(), strict=True))


def _embedded_reber() -> Grammar:
    inner: dict[State, dict[str, State]] = {
        "B": {"B": 0},
        0: {"T": 1, "P": 2},
        1: {"S": 1, "X": 3},
        2: {"T": 2, "V": 4},
        3: {"X": 2, "S": "E"},
        4: {"P": 3, "V": "E"},
    }
    edges: dict[State, dict[str, State]] = {
        "start": {"B": "outer"},
        "outer": {letter: (letter, "B") for letter in "TP"},
        "end": {"E": "start"},
    }
    for letter in "TP":
        for state, choices in inner.items():
            edges[letter, state] = {symbol: (letter, to) for symbol, to in choices.items()}
        edges[letter, "E"] = {"E": (letter, "again")}
        edges[letter, "again"] = {letter: "end"}
    return Grammar(tuple("BTPSXVE"), edges)


EMBEDDED_REBER = _embedded_reber()
"""The embedded Reber grammar: B, T or P, an inner sentence, the same T or P, E.

The outer letter comes back after the whole inner sentence. States inside are pairs of it and
the inner state. Source: Hochreiter & Schmidhuber (1997), section 5.1.
"""


def recall(delay: int = 8, keys: int = 4, distractors: int = 2) -> Grammar:
    """Return the grammar of: a key, `delay` random distractors, the same key again.

    Parameters
    ----------
    delay
        Number of distractors between a key and its return.
    keys, distractors
        Numbers of different keys and distractors.

    Raises
    ------
    ValueError
        If one of them is less than 1.
    """
    for name, value in (("delay", delay), ("keys", keys), ("distractors", distractors)):
        if value < 1:
            raise ValueError(f"{name} is {value}; it must be at least 1")
    key_names = [f"key {i}" for i in range(keys)]
    other_names = [f"distractor {i}" for i in range(distractors)]
    edges: dict[State, dict[str, State]] = {"start": {key: (key, 0) for key in key_names}}
    for key in key_names:
        for i in range(delay):
            edges[key, i] = dict.fromkeys(other_names, (key, i + 1))
        edges[key, delay] = {key: "start"}
    return Grammar((*key_names, *other_names), edges)
