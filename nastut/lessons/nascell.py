"""Exercises of notebook 05."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from nastut.cells.cell import Cell
from nastut.cells.evaluate import evaluate
from nastut.cells.sequence import SequenceError, split_text
from nastut.files import recorded
from nastut.lessons.exercise import Exercise
from nastut.pictures.style import INK
from nastut.zoo.named import EXAMPLE, LSTM, MAXCELL, NASCELL

PORT = (0.618672, 0.630180, 0.630712)
"""What a port of NASCell gives in TensorFlow's test, where .576751 .618936 .627393 is right."""

NAMED = {"EXAMPLE": EXAMPLE, "LSTM": LSTM, "NASCELL": NASCELL, "MAXCELL": MAXCELL}


def golden_test(cell: Cell) -> tuple[float, ...]:
    """Return h_t for the three rows of TensorFlow's test: all weights and states are constants."""
    x = [np.array([1.0, 2.0, 3.0]) * 4 * 0.5] * cell.base
    h = [np.full(3, 6 * 0.1 * 0.5)] * cell.base
    return tuple(evaluate(cell, x, h, np.full(3, 0.1))[0])


def recorded_case(name: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return which versions made TensorFlow's recorded values, and one case of them as arrays."""
    reference = json.loads(recorded("tensorflow_nascell.json").read_text())
    return reference["versions"], _arrays(reference["cases"][name])


def _arrays(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _arrays(element) for key, element in value.items()}
    return np.array(value) if isinstance(value, list) else value


def draw_lines(axis: Axes, test: dict[str, np.ndarray]) -> None:
    """Draw the test perplexities of each line of a comparison: a point a seed, the median a bar."""
    for place, perplexities in enumerate(test.values()):
        axis.plot(perplexities, np.full(len(perplexities), place), "o", alpha=0.6, color=INK)
        axis.plot(np.median(perplexities), place, "|", markersize=18, color=INK)
    axis.set(xlabel="test perplexity (logarithmic scale; lower is better)", xscale="log")
    axis.set_yticks(range(len(test)), test)
    axis.invert_yaxis()
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter("{x:g}")


def _with_word(place: int, word: Any) -> Cell:
    """Return NASCell with another word at a place, counted from 1."""
    return Cell.from_sequence([*NASCELL.sequence[: place - 1], word, *NASCELL.sequence[place:]])


def _is_bounded(cell: Cell) -> bool:
    """Tell whether c_t stays within 1 in size, tried on large random values."""
    rng = np.random.default_rng(0)
    x, h = rng.normal(scale=10, size=(2, cell.base, 1000))
    c = rng.normal(scale=10, size=1000)
    return bool(np.abs(evaluate(cell, x, h, c)[1]).max() <= 1)


_ABOUT = {
    "EXAMPLE": "look at EXAMPLE again: its c_t is W_3 x_t times W_4 h_{t-1}, without an activation",
    "LSTM": "look at LSTM again: it adds i * g, at most 1, at every step, so its memory can grow",
    "NASCELL": "look at NASCELL again: its c_t is a product of two tanh",
    "MAXCELL": "look at MAXCELL again: it multiplies a sum with a sigmoid; the sum has no bound",
}


def _names(answer: Any) -> set[str]:
    """Return the names in an answer, for a cell its name."""
    if isinstance(answer, dict):
        raise TypeError("a dict is no set of names")
    cells = {cell: name for name, cell in NAMED.items()}
    elements = answer.split() if isinstance(answer, str) else answer
    return {cells[e] if isinstance(e, Cell) else str(e).upper() for e in elements}


def _about_names(answer: Any) -> str:
    """Say which name is there without reason, or missing."""
    try:
        names = _names(answer)
    except (TypeError, KeyError):
        names = {""}
    if not names <= set(NAMED):
        return f'a set of names is expected, of {", ".join(NAMED)}, such as {{"LSTM", "MAXCELL"}}'
    return _ABOUT[next(n for n in NAMED if (n in names) != _is_bounded(NAMED[n]))]


def _as_pair(answer: Any) -> tuple[float, str]:
    place, token = answer
    if type(place) not in (int, float) or not isinstance(token, str):
        raise TypeError("a place and a word are expected")
    return place, split_text(token)[0]  # type: ignore[return-value]


def _about_pair(answer: Any) -> str:
    """Say what the golden test gives for a cell with that word at that place."""
    try:
        place, word = _as_pair(answer)
    except (TypeError, ValueError, IndexError):
        return 'a pair is expected, first the place and then the word, such as (2, "Tanh")'
    last = len(NASCELL.sequence) - 2
    if place not in range(1, last + 1):
        return f"the words stand at the places 1 to {last}; {place} is none of them"
    try:
        values = golden_test(_with_word(int(place), word))
    except SequenceError as error:
        return str(error)
    numbers, port = (" ".join(f"{value:.6f}" for value in row) for row in (values, PORT))
    return f"with {word} at place {place} the test gives {numbers}, and the port {port}"


Record = dict[str, Any]

_RECORD: Record = {
    "hidden_size": 156,
    "parameters": 100_000,
    "rates_tried": [0.004, 0.008, 0.016],
    "tuning_seeds": [100],
    "seeds": [0, 1, 2, 3, 4],
    "reported": "test",
}


def _records(rng: np.random.Generator) -> Iterator[tuple[Record, Record]]:
    """Yield pairs of records, with one flaw, with several and with none, in either record."""
    flaws: tuple[Record, ...] = (
        {"parameters": 103_000},
        {"parameters": 97_000},
        {"rates_tried": [0.008]},
        {"rates_tried": [0.004, 0.008, 0.032]},
        {"tuning_seeds": [4]},
        {"reported": "validation"},
        {"tuning_seeds": [2], "reported": "validation"},
        {"parameters": 150_000, "rates_tried": [0.002, 0.004, 0.008, 0.016]},
    )
    fair: tuple[Record, ...] = (
        {},
        {"hidden_size": 110, "parameters": 101_500},
        {"tuning_seeds": [200]},
        {"seeds": [0, 1, 2]},
    )
    both = {"reported": "validation"}
    yield _RECORD | both, _RECORD | both
    for change in (*fair, *flaws):
        other = _RECORD | {"hidden_size": 128, "parameters": 100_200}
        yield _RECORD, other | change
        yield _RECORD | change, other


def _unfair(a: Record, b: Record, most: float = 0.02) -> set[str]:
    tuned = any({*record["tuning_seeds"]} & {*record["seeds"]} for record in (a, b))
    flaws = {
        "parameters": abs(a["parameters"] / b["parameters"] - 1) > most,
        "rates_tried": a["rates_tried"] != b["rates_tried"],
        "tuning_seeds": tuned,
        "reported": {a["reported"], b["reported"]} != {"test"},
    }
    return {name for name, unfair in flaws.items() if unfair}


def _flaws(answer: Any) -> set[str]:
    """Return the names in an answer; either name of seeds that were used twice will do."""
    names = {answer} if isinstance(answer, str) else {*answer}
    return {"tuning_seeds" if name == "seeds" else name for name in names}


EXERCISES = {
    "5.1": Exercise(
        truth=lambda: {name for name, cell in NAMED.items() if _is_bounded(cell)},
        same=lambda answer, right: _names(answer) == _names(right),
        remark=_about_names,
        mistakes=lambda: {
            "only one of them has every way to c_t closed by a tanh": set(NAMED),
            "the other way round: each of these can grow; look at the last activation before c_t": (
                set(NAMED) - {"NASCELL"}
            ),
            _ABOUT["NASCELL"]: set(),
            **{_ABOUT[name]: {"NASCELL", name} for name in ("EXAMPLE", "LSTM", "MAXCELL")},
        },
    ),
    "5.2": Exercise(
        truth=lambda: (7, "Add"),  # PORT says so, see the tests
        same=lambda answer, right: _as_pair(answer) == _as_pair(right),
        remark=_about_pair,
        mistakes=lambda: {
            "places are counted from 1": (6, "Add"),
            "that is what stands there in the right sequence; what does the port have?": (
                (7, "Multiply")
            ),
            "that leaf adds in the right sequence too": (5, "Add"),
            "3 is the number of the leaf; its two words stand at places 7 and 8": (3, "Add"),
            "that is node 8, an inner node; the port is wrong at a leaf": (17, "Add"),
        },
    ),
    "5.3": Exercise(
        cases=_records,
        truth=_unfair,
        same=lambda answer, right: _flaws(answer) == _flaws(right),
        mistakes=lambda a, b: {
            "at equal weights cells may differ in hidden size": (
                _unfair(a, b) | ({"hidden_size"} if a["hidden_size"] != b["hidden_size"] else set())
            ),
            "a seed that judges was used in tuning, too; yours does not see it": (
                _unfair(a, b) - {"tuning_seeds"}
            ),
            "the validation perplexity decides in tuning, so it must not be reported": (
                _unfair(a, b) - {"reported"}
            ),
            "both may report the wrong text; look at each record by itself": (
                _unfair(a, b) - ({"reported"} if a["reported"] == b["reported"] else set())
            ),
            "other tuning seeds are fair, as long as none of them judges": (
                _unfair(a, b)
                | ({"tuning_seeds"} if a["tuning_seeds"] != b["tuning_seeds"] else set())
            ),
            "the number of seeds may differ": (
                _unfair(a, b) | ({"seeds"} if len(a["seeds"]) != len(b["seeds"]) else set())
            ),
            "compare the rates themselves, not how many there are": (
                _unfair(a, b)
                - ({"rates_tried"} if len(a["rates_tried"]) == len(b["rates_tried"]) else set())
            ),
            "two per cent more or fewer weights are still fair": _unfair(a, b, most=0),
            "one of them may have been given more rates to choose from": (
                _unfair(a, b) - {"rates_tried"}
            ),
            "one of them may have more weights": _unfair(a, b) - {"parameters"},
            "there may be several flaws; return them all": {*sorted(_unfair(a, b))[:1]},
            "look at both records, not only at the first": _unfair(a, a)
            | (_unfair(a, b) & {"parameters", "rates_tried"}),
        },
    ),
}
