"""Every exercise: what is right passes, and each mistake is told by its own name."""

import itertools
import math
import re
from dataclasses import replace
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pytest
import sympy as sp
import torch

import nastut as nt
import oracle
from build import convert, sources
from nastut.lessons.exercise import LESSONS, exercises_of
from nastut.lessons.nascell import PORT, golden_test
from nastut.lessons.start_here import exchange_leaves

EXERCISES = {n: e for lesson in LESSONS.values() for n, e in exercises_of(lesson).items()}
FUNCTIONS = [number for number, exercise in EXERCISES.items() if exercise.cases]
exercises = pytest.mark.parametrize("number", EXERCISES)


def answer_by(number, route):
    """Return what a learner hands in who goes this route: the function, or its value."""
    return route if number in FUNCTIONS else route()


def mistakes(number):
    """Return the famous mistakes: words -> the function that gives the wrong answers."""
    exercise = EXERCISES[number]
    cases = exercise.cases(np.random.default_rng(0)) if exercise.cases else [()]
    return {
        words: lambda *case, words=words: exercise.mistakes(*case)[words]
        for words in exercise.mistakes(*next(iter(cases)))
    }


def judge(number, answer):
    """Return what a learner is told, without "not yet"."""
    return str(EXERCISES[number].judge(answer)).removeprefix("not yet: ")


def passes(number, answer):
    return EXERCISES[number].judge(answer).passed


# What the words of an exercise promise


@exercises
def test_the_truth_passes(number):
    assert passes(number, answer_by(number, EXERCISES[number].truth))


class Names(dict):
    """The names of a notebook: a cell is run when something first needs what it defines."""

    def __init__(self, cells):
        self.cells = cells

    def __missing__(self, name):
        binds = re.compile(rf"^(def {name}\b|[\w, ]*\b{name}\b[\w, ]* =)", re.MULTILINE)
        for cell in self.cells:
            if binds.search(cell.source):
                exec(cell.source, self)
                return self[name]
        raise KeyError(name)


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.stem)
def test_the_solutions_of_the_notebook_pass(source, capsys):
    _, first, *cells = (cell for cell in convert(source).cells if cell.cell_type == "code")
    names = Names(cells)
    with plt.rc_context(), np.printoptions():
        exec(first.source, names)
    for cell in cells:
        if "solution" in cell.metadata.get("tags", ()):
            exec(cell.source, names)
    told = dict(re.findall(r"^Exercise (\d+\.\d): (\w+)", capsys.readouterr().out, re.MULTILINE))
    assert told == dict.fromkeys(exercises_of(LESSONS[str(int(source.stem[:2]))]), "passed")


@exercises
def test_every_mistake_is_told_by_its_own_name(number):
    """So no two mistakes of an exercise give the same answers on its cases."""
    wrong = mistakes(number)
    assert len(wrong) >= 3
    told = {words: judge(number, answer_by(number, route)) for words, route in wrong.items()}
    assert told == {words: words for words in wrong}


@pytest.mark.parametrize("number", FUNCTIONS)
def test_other_cases_would_tell_the_mistakes_apart_too(number):
    exercise = EXERCISES[number]
    other = replace(exercise, cases=lambda rng: exercise.cases(np.random.default_rng(1)))
    assert other.judge(exercise.truth).passed
    assert [words for words, wrong in mistakes(number).items() if other.judge(wrong).passed] == []


def unfinished(*arguments):
    raise NotImplementedError


@exercises
def test_an_untouched_stub_is_not_attempted(number, capsys):
    stubs = [..., lambda *arguments: ..., unfinished] if number in FUNCTIONS else [...]
    for stub in stubs:
        nt.check(number, stub)
        assert capsys.readouterr().out == f"Exercise {number}: not attempted\n"


@exercises
def test_none_is_named(number):
    told = judge(number, answer_by(number, lambda *arguments: None))
    assert told.startswith(("this is None; print only", "the function returns None; print only"))


def test_verdicts_do_not_depend_on_what_an_answer_changed_for_all():
    def careless(scores, chosen, rewards, b):
        np.seterr(all="raise")
        torch.set_grad_enabled(False)
        return scores

    with np.errstate():
        try:
            assert "it gives" in judge("6.2", careless)
            assert passes("6.2", EXERCISES["6.2"].truth)
        finally:
            torch.set_grad_enabled(True)


# Right in another form, or by another route than the truth and the notebook's solution


def by_autograd(scores, chosen, rewards, b):
    leaf = torch.tensor(scores, requires_grad=True)
    logs = leaf.log_softmax(-1)[torch.tensor(chosen)]
    (logs * (torch.tensor(rewards) - b)).mean().backward()
    return leaf.grad


def by_the_learner(means, decay):
    """Let REINFORCE itself say which baseline it used."""
    controller = nt.Controller([2], hidden_size=2)
    learner = nt.search.Reinforce(controller, np.random.default_rng(0), 1, decay=decay)
    return [learner.learn([[0]], [float(mean)])["baseline"] for mean in means]


def by_the_rules_of_the_sequence(tokens, x_parts, h_parts, c):
    elements = zip(x_parts.T.tolist(), h_parts.T.tolist(), c, strict=True)
    return np.transpose([oracle.step(tokens, *parts) for parts in elements])


WX, WH = zip(nt.leaf_symbols(0), nt.leaf_symbols(1), strict=True)
C = nt.c_prev
MEMORY = EXERCISES["1.2"].truth()
SHOWN = nt.zoo.EXAMPLE.sequence
MIRRORED = exchange_leaves(nt.zoo.EXAMPLE).sequence
STRIPPED = ["Add", "Tanh", "Add", "Sigmoid", "Add", "Tanh", "Multiply", "Identity", 2, 1]

RIGHT = {
    "0.1": [4.0, np.array(4), torch.tensor(4), sp.Integer(4)],
    "0.2": [["Multiply", *SHOWN[1:]], tuple(MIRRORED), nt.Cell.from_sequence(MIRRORED)],
    "1.2": [MEMORY.rewrite(form) for form in (sp.exp, sp.tanh, sp.Abs)],
    "3.2": [by_the_rules_of_the_sequence],
    "3.3": [sp.sympify("a_0 / cosh(a_1 + c) ** 2").subs("c", C)],
    "4.2": [STRIPPED, nt.Cell.from_sequence(STRIPPED)],
    "4.3": [["A", "B"], ("b", "a"), "AB", np.array(["A", "B"])],
    "5.1": ["NASCELL", ["NASCELL"], {nt.zoo.NASCELL}],
    "5.2": [[7, "Add"], (7.0, "add"), np.array([7, "Add"], dtype=object)],
    "5.3": [
        lambda a, b: [name.replace("tuning_", "") for name in EXERCISES["5.3"].truth(a, b)],
    ],
    "6.2": [by_autograd],
    "6.3": [by_the_learner],
    "7.3": [[("C", "Likeliest Token"), ("A", "h and C swapped"), ("B", "never fed back")]],
}


@pytest.mark.parametrize(("number", "answer"), [(n, a) for n in RIGHT for a in RIGHT[n]])
def test_what_is_right_passes_by_another_route_and_in_another_form(number, answer):
    assert passes(number, answer), judge(number, answer)


def test_any_token_of_the_example_may_be_changed():
    for place, allowed in enumerate(nt.Space().tokens):
        for token in set(allowed) - {SHOWN[place]}:
            assert passes("0.2", [*SHOWN[:place], token, *SHOWN[place + 1 :]])


def test_notebook_05_says_what_its_cells_compute():
    """By the rules of the sequence, read once more."""

    def by_the_rules(tokens):
        h = [6 * 0.1 * 0.5] * 8
        return [oracle.step(tokens, [4 * x * 0.5] * 8, h, 0.1)[0] for x in (1, 2, 3)]

    port = [*nt.zoo.NASCELL.sequence[:6], "Add", *nt.zoo.NASCELL.sequence[7:]]
    assert by_the_rules(port) == pytest.approx(PORT, abs=1e-6)
    for cell in (nt.zoo.LSTM, nt.zoo.NASCELL, nt.zoo.MAXCELL):
        assert golden_test(cell) == pytest.approx(by_the_rules(cell.sequence))
    c_t = {n: str(nt.formulas(getattr(nt.zoo, n))) for n in ("EXAMPLE", "LSTM", "NASCELL")}
    assert "c_t = W_3 x_t ⊙ W_4 h_{t-1}" in c_t["EXAMPLE"]
    assert "c_t = a_8 + a_9'" in c_t["LSTM"]
    assert "a_8' = tanh(a_8 + c_{t-1})" in c_t["NASCELL"]


# Right in common cases only


ALMOST = {
    "1.1": [lambda truth, x, h, c: truth(x, h, np.full(len(c), c[0]))],
    "1.3": [
        lambda truth, b, i, h: truth(b, h, i),
        lambda truth, b, i, h: truth(min(b, 4), i, h),
    ],
    "2.1": [lambda truth, k, b: truth(k, b) if b < 8 else (k - 8, k - 7)],
    "2.2": [
        lambda truth, tokens: (*truth(tokens)[:3], 0),
        lambda truth, tokens: truth([*tokens[:-1], tokens[-1] % 32]),
    ],
    "2.3": [lambda truth, b: truth(max(b, 2)), lambda truth, b: truth(min(b, 4))],
    "2.5": [lambda truth, base: truth(min(base, 4))],
    "2.4": [
        lambda truth, tokens: truth([*tokens[:4], "Add", *tokens[5:]]),
        lambda truth, tokens: truth([*tokens[:7], "ReLU", *tokens[8:]]),
    ],
    "3.1": [lambda truth, left, right, c: truth(left, right, np.full(len(c), c[0]))],
    "3.2": [
        lambda truth, tokens, *values: truth([*tokens[:-2], tokens[-2] % 2, tokens[-1]], *values),
        lambda truth, tokens, *values: truth([*tokens[:-1], min(tokens[-2:])], *values),
    ],
    "3.5": [lambda truth, delay, share: truth(delay, max(share, 0.5))],
    "5.3": [lambda truth, a, b: truth(a, b) if a["parameters"] <= b["parameters"] else set()],
    "7.1": [
        lambda truth, queue, *batch: truth(queue, *batch) if queue else [],
        lambda truth, queue, proposed, earned, size: truth(queue, proposed, earned, min(size, 2)),
    ],
    "3.4": [
        lambda truth, c, i, b: truth(c, i, b) and b < 8,
        lambda truth, c, i, b: truth(c, i, b) or b == 1,
        lambda truth, c, i, b: truth(c, i, b) and c < 14,
        lambda truth, c, i, b: truth(c, i, b) and i < 13,
    ],
    "6.1": [
        lambda truth, d, a: truth(d[:1], a[:1]),
        lambda truth, d, a: truth(d, [0] * len(a)),
    ],
    "6.2": [lambda truth, s, a, r, b: truth(s, a[:1], r[:1], b)],
    "6.3": [
        lambda truth, means, decay: truth(means, decay) if len(means) > 1 else [],
        lambda truth, means, decay: truth(means[:1].repeat(len(means)), decay),
        lambda truth, means, decay: truth(means, 0.95),
    ],
    "7.2": [
        lambda truth, reached: truth(reached) or math.inf,
        lambda truth, reached: None if None in reached else truth(reached),
        lambda truth, reached: truth([*reached, None]),
        lambda truth, reached: truth(sorted({*reached} - {None})),
    ],
    "8.1": [
        lambda truth, m, s: (min(5, truth(m, s)[0]), truth(m, s)[1]),
        lambda truth, m, s: (truth(m, s)[0], min(3, truth(m, s)[1])),
        lambda truth, m, s: (truth(m, s)[0] or 1, truth(m, s)[1]),
        lambda truth, m, s: truth(m, "A"),
    ],
    "8.2": [lambda truth, cell: "Sigmoid" not in cell.sequence],
    "9.1": [lambda truth, p, share: truth(p, min(share, 0.5))],
    "9.2": [lambda truth, rewards, best: truth(rewards, min(best, 5))],
    "9.3": [lambda truth, seconds, workers: truth(seconds, min(workers, 4))],
}


@pytest.mark.parametrize(("number", "wrong"), [(n, w) for n in ALMOST for w in ALMOST[n]])
def test_what_is_right_in_common_cases_only_does_not_pass(number, wrong):
    answer = partial(wrong, EXERCISES[number].truth)
    told = EXERCISES[number].judge(answer).words
    assert told.startswith("not yet: ")
    assert "raises" not in told


# Slips that are no famous mistake are told, too, what to look at


def walk(tokens, x_parts, h_parts, c, factor=2, early=False, bent=True):
    """Do a time step as a learner writes it, with a slip."""
    *words, create, inject = tokens
    *nodes, (way, last) = zip(words[::2], words[1::2], strict=True)
    join = {"Add": np.add, "Multiply": np.multiply}
    bend = {"Identity": np.array, "Tanh": np.tanh, "ReLU": lambda u: np.maximum(u, 0)}
    bend["Sigmoid"] = lambda u: 1 / (1 + np.exp(-u))
    values, base = [], len(x_parts)
    for k, (combination, activation) in enumerate(nodes):
        below = factor * (k - base)
        pair = (x_parts[k], h_parts[k]) if k < base else values[below : below + 2]
        value = join[combination](*pair)
        if k == create:
            c_new = value
        if not early:
            value = bend[activation](value)
        if k == inject:
            value = bend[last if bent else "Identity"](join[way](value, c))
        if early:
            value = bend[activation](value)
        values.append(value)
    return values[-1], c_new


def judged(a, b, **slips):
    """Judge two records by the rules of exercise 5.3, some entries by another rule."""
    names = EXERCISES["5.3"].truth(a, b) - {*slips}
    return names | {name for name, unfair in slips.items() if unfair(a, b)}


SET_OF_LETTERS = "a set of some of the letters A, B, C and D is expected"
SLIPS = {
    "0.2": {
        "token 10 of 10 is missing": SHOWN[:-1],
        "12 was given where a list of tokens belongs": 12,
        "Max and Sin are left out here": [SHOWN[0], "Sin", *SHOWN[2:]],
        "this is a cell, but not one of three nodes": nt.zoo.LSTM,
    },
    "1.2": {
        "use the letters Wx_0, Wh_0, Wx_1, Wh_1 and nt.c_prev; these are others: q, z": (
            sp.Symbol("z") + sp.Symbol("q")
        ),
        "give only what stands to the right of the equals sign": sp.Eq(C, 1),
        "a sympy formula is expected, this is a text; leave the quotes out": "Wx_0",
        "a sympy formula is expected, this is list": ["Wx_0"],
        "a formula in Wx_0, ": 3.5,
        "for Wx_0 = 1.5, Wh_0 = 1, Wx_1 = 0.5, Wh_1 = -1, nt.c_prev = -1 it gives 1, not 1.28": (
            sum((*WX, *WH, C))
        ),
        "a_0 and a_1 are still the article's": sp.tanh(WX[0] + WH[0]) + sp.Max(0, WX[1] * WH[1]),
        "ReLU acts after c_{t-1}": nt.sigmoid(WX[0] * WH[0])
        + C * sp.Max(0, sp.tanh(WX[1] + WH[1])),
        "the sign": (1 / (1 + sp.exp(WX[0] * WH[0])) + sp.Max(0, sp.tanh(WX[1] + WH[1]) * C)),
    },
    "1.3": {
        "each leaf has a matrix for h_{t-1} of its own": lambda b, i, h: b * h * i + h * h,
        "that is twice as many as it should be": lambda b, i, h: 2 * b * h * (i + h),
    },
    "2.2": {
        "that holds for ten tokens": lambda tokens: (
            [tokens[:2], tokens[2:4], tokens[4:6]],
            tokens[6:8],
            *tokens[8:10],
        ),
    },
    "2.3": {"that is right for base 2": lambda base: 36_864},
    "2.4": {
        "two equal indices follow their node": lambda tokens: [
            *(*tokens[2:4], *tokens[:2], *tokens[4:8]),
            *(
                tokens[8:]
                if tokens[8] == tokens[9]
                else ({0: 1, 1: 0, 2: 2}[k] for k in tokens[8:])
            ),
        ],
    },
    "3.1": {
        "c_{t-1} enters before c_t is taken": lambda left, right, c: (
            1 / (1 + np.exp(-np.tanh((left + right) * c))),
            (left + right) * c,
        ),
        "the node adds left and right": lambda left, right, c: (
            1 / (1 + np.exp(-np.tanh(left * right) * c)),
            left * right,
        ),
    },
    "3.2": {
        "c_{t-1} enters after the activation of its node": partial(walk, early=True),
        "the activation of the injection is missing": partial(walk, bent=False),
        "a factor 2 is missing": partial(walk, factor=1),
    },
    "3.4": {
        "root above leaf is all of base 2": lambda c, i, b: c == 2 * b - 2 and i < b,
    },
    "3.5": {
        "c_1 has passed the key's own gate": lambda delay, share: (
            -math.log(share ** (-1 / (delay + 2)) - 1)
        ),
        "that is minus the logarithm of the gate": lambda delay, share: (
            -math.log(share) / (delay + 1)
        ),
    },
    "3.3": {
        "use the letters a_0, a_1 and nt.c_prev; these": sp.Symbol("b") * C,
        "for a_0 = 1.5, a_1 = 1, nt.c_prev = 0.5 it gives 0.4621, ": sp.tanh(sp.Symbol("a_1") * C),
        "square the tanh": sp.Symbol("a_0") * (1 - sp.tanh(sp.Symbol("a_1") + C)) ** 2,
    },
    "4.1": {"12 that are not needed leave 4 that are, two a leaf": 12},
    "4.2": {
        "that is a cell, but another one: look again at the combination of the injection, "
        "and at the activation of the injection": ["Add", "Sigmoid", *["Add", "Tanh"] * 3, 2, 0],
        f"{nt.zoo.LSTM} is a cell, but another one": nt.zoo.LSTM,
        "token 2 of 6 is missing": ["Add"],
    },
    "4.3": {
        SET_OF_LETTERS: {"A", "B", "E"},
        f"{SET_OF_LETTERS}, such as": {"A": True, "B": True},
        "look at A again": "BD",
        "look at D again": "ABD",
    },
    "5.1": {
        "a set of names is expected, of EXAMPLE, LSTM, NASCELL, MAXCELL": {"GRU"},
        "a set of names is expected": {"NASCELL": True},
        "look at LSTM again": {nt.zoo.LSTM, nt.zoo.NASCELL, nt.zoo.MAXCELL},
    },
    "5.2": {
        "with Multiply at place 9 the test gives 0.551603 0.613099 0.625793, "
        "and the port 0.618672 0.630180 0.630712": (9, "Multiply"),
        "token 7 is 'Tanh'; this place is the combination of node 3": (7, "Tanh"),
        "a pair is expected, first the place and then the word": ("Add", 7),
        "the words stand at the places 1 to 32; 33 is none of them": (33, "Add"),
        "the words stand at the places 1 to 32; 7.9 is none of them": (7.9, "Add"),
    },
    "5.3": {
        "both may report the wrong text": partial(
            judged, reported=lambda a, b: a["reported"] != b["reported"]
        ),
        "compare the rates themselves": partial(
            judged, rates_tried=lambda a, b: len(a["rates_tried"]) != len(b["rates_tried"])
        ),
        "the number of seeds may differ": partial(
            judged, seeds=lambda a, b: len(a["seeds"]) != len(b["seeds"])
        ),
        "other tuning seeds are fair": partial(
            judged,
            tuning_seeds=lambda a, b: (
                a["tuning_seeds"] != b["tuning_seeds"]
                or bool({*a["tuning_seeds"]} & {*a["seeds"]} | {*b["tuning_seeds"]} & {*b["seeds"]})
            ),
        ),
    },
    "6.2": {
        "that has one row a sample; take the mean": lambda scores, chosen, rewards, b: (
            (rewards - b)[:, None]
            * (np.eye(len(scores))[chosen] - np.exp(scores) / np.exp(scores).sum())
        ),
    },
    "7.2": {
        "that many runs are more than half": lambda reached: sorted(
            reached, key=lambda n: n or math.inf
        )[len(reached) // 2],
    },
    "7.3": {
        "answer with a dict of A, B and C, and with these words: h and c swapped, ": {
            "A": "swapped"
        },
        "each word is used once: h and c swapped, likeliest token, never fed back": (
            dict.fromkeys("ABC", "Likeliest token")
        ),
    },
}


@pytest.mark.parametrize(
    ("number", "words", "slip"), [(n, *slip) for n in SLIPS for slip in SLIPS[n].items()]
)
def test_a_slip_is_told_what_to_look_at(number, words, slip):
    assert judge(number, slip).startswith(words)


@pytest.mark.parametrize(("number", "allowed"), [("4.3", "AB"), ("5.1", ["NASCELL"])])
def test_a_wrong_set_is_told_one_of_its_wrong_names(number, allowed):
    every_name = "ABCD" if number == "4.3" else ["EXAMPLE", "LSTM", "NASCELL", "MAXCELL"]
    for count in range(1, 5):
        for names in itertools.combinations(every_name, count):
            wrong = {*names} ^ {*allowed}
            told = judge(number, {*names})
            assert told == "passed" if not wrong else told not in ("passed", "not attempted")
            if "look at " in told and " again" in told.partition(":")[0]:
                assert told.split()[2] in wrong


def test_the_order_of_leaves_is_not_held_against_a_list_of_tokens():
    for words, wrong in mistakes("4.2").items():
        assert judge("4.2", exchange_leaves(wrong()).sequence) == words
