"""Grammars: what they generate, and how well it can be predicted, each by a second route."""

import re

import numpy as np
import pytest

from nastut.learning.grammar import EMBEDDED_REBER, Grammar, recall
from nastut.learning.tasks import delayed_recall, embedded_reber

# The same language as a regular expression, worked out by hand from the graph: after T comes
# state 3, after P comes state 2, each with its ways to the end.
STATE_2 = "T*V(PXT*V)*(V|PS)"
STATE_3 = "(XT*VP)*(S|XT*VV)"
INNER = f"B(TS*X{STATE_3}|P{STATE_2})E"
SENTENCE = re.compile(f"BT{INNER}TE|BP{INNER}PE")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_it_is_seven_bits_a_sentence_of_twelve():
    assert EMBEDDED_REBER.perplexity() == pytest.approx(2 ** (7 / 12), rel=1e-12)


def test_a_stream_is_sentence_after_sentence(rng):
    text = "".join(EMBEDDED_REBER.symbols[i] for i in EMBEDDED_REBER.stream(rng, 5_000))
    end = 0
    for match in SENTENCE.finditer(text):
        assert match.start() == end
        end = match.end()
    assert 0 <= 5_000 - end < 100


@pytest.mark.parametrize(("delay", "keys", "distractors"), [(8, 4, 2), (1, 3, 1), (16, 2, 5)])
def test_recall_is_a_key_its_delay_and_the_key(rng, delay, keys, distractors):
    grammar = recall(delay, keys, distractors)
    names = grammar.symbols
    sentences = [grammar.sentence(rng) for _ in range(300)]
    for first, *between, last in sentences:
        assert first == last
        assert first in names[:keys]
        assert len(between) == delay
        assert set(between) <= set(names[keys:])
    assert {sentence[0] for sentence in sentences} == set(names[:keys])
    # A sentence of delay + 2 symbols has one choice among the keys.
    known = keys * distractors**delay
    assert grammar.perplexity() == pytest.approx(known ** (1 / (delay + 2)), rel=1e-10)


@pytest.mark.parametrize("name", ["delay", "keys", "distractors"])
def test_a_recall_of_nothing_is_refused(name):
    assert recall(**{name: 1}).perplexity() >= 1
    with pytest.raises(ValueError, match=f"{name} is 0; it must be at least 1"):
        recall(**{name: 0})


@pytest.mark.parametrize("make", [embedded_reber, delayed_recall])
def test_tasks_from_grammars(make):
    lengths = {"train": 500, "validation": 100, "test": 50}
    task, again, other = (make(np.random.default_rng(seed), **lengths) for seed in (0, 0, 1))
    assert [len(s) for s in (task.train, task.validation, task.test)] == [500, 100, 50]
    assert set(np.unique(task.train)) <= set(range(len(task.symbols)))
    assert not np.array_equal(task.train[:50], task.test)
    assert 1 < task.best < len(task.symbols)
    assert task.digest == again.digest
    assert task.digest != other.digest


def test_a_seed_is_no_generator():
    with pytest.raises(TypeError, match=r"rng is 3; it must be a generator: np\.random"):
        embedded_reber(3)


def test_a_sentence_may_be_one_symbol(rng):
    coin = Grammar(("heads", "tails"), {"start": {"heads": "start", "tails": "start"}})
    assert {tuple(coin.sentence(rng)) for _ in range(50)} == {("heads",), ("tails",)}
    assert coin.perplexity() == pytest.approx(2)
