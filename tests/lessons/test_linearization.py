"""Notebook 02: who makes a famous mistake is told which, and what is right passes."""

from math import prod

import numpy as np
import pytest

from nastut.lessons.exercise import exercises_of
from wrong_answers import each, judge, known


def numbered_as_a_heap(k, base):
    return 2 * k + 1, 2 * k + 2


def used_up_before(k, base, of_each=2):
    return sum(of_each for _ in range(base, k))


def next_two(used_up):
    return used_up, used_up + 1


def cut(tokens):
    """Return the pairs of words and the two indices."""
    words = [token for token in tokens if isinstance(token, str)]
    indices = tokens[len(words) :]
    return [words[i : i + 2] for i in range(0, len(words), 2)], indices


def right_decode(tokens):
    pairs, (create_index, inject_index) = cut(tokens)
    return pairs[:-1], pairs[-1], create_index, inject_index


def first_pair_as_injection(tokens):
    (inject, *nodes), indices = cut(tokens)
    return nodes, inject, *indices


def activation_as_combination(tokens):
    pairs, indices = cut(tokens)
    *nodes, inject = [(second, first) for first, second in pairs]
    return nodes, inject, *indices


def only_three_nodes(tokens):
    pairs, indices = cut(tokens)
    return pairs[:-1][:3], pairs[-1], *indices


def injection_twice(tokens):
    pairs, indices = cut(tokens)
    return pairs, pairs[-1], *indices


NODE_WAYS = 2 * 4


def count_of(options):
    """Count sequences by the options at each place: ``options(base, nodes)``."""
    return lambda base: prod(options(base, 2 * base - 1))


def words_and_indices(ways):
    return count_of(lambda base, nodes: [ways] * (nodes + 1) + [nodes] * 2)


OTHER_LEAF, SAME = {0: 1, 1: 0, 2: 2}, {0: 0, 1: 1, 2: 2}


def mirror(tokens, create=OTHER_LEAF, inject=OTHER_LEAF):
    """Exchange the leaves, and renumber the two indices like this."""
    combination_0, activation_0, combination_1, activation_1, *rest = tokens
    leaves = [combination_1, activation_1, combination_0, activation_0]
    return [*leaves, *rest[:4], create[tokens[8]], inject[tokens[9]]]


def exchange_indices(tokens):
    *words, create_index, inject_index = tokens
    return [*words, inject_index, create_index]


def with_root_at(number):
    moved = OTHER_LEAF | {2: number}
    return lambda tokens: mirror(tokens, moved, moved)


WRONG = {
    "2.1": {
        "that numbers from the root, as heaps do; here leaves come first": numbered_as_a_heap,
        "one too far: leaf 0 is the left child of the first inner node": (
            lambda k, base: next_two(used_up_before(k, base) + 1)
        ),
        "a factor 2 is missing: each inner node uses up two nodes below": (
            lambda k, base: next_two(used_up_before(k, base, of_each=1))
        ),
        "left before right": lambda k, base: next_two(used_up_before(k, base))[::-1],
        "base is forgotten: the first inner node is node `base`, and it joins 0 and 1": (
            lambda k, base: next_two(used_up_before(k, 0))
        ),
        "that is the parent, the way up; the children are below": (
            lambda k, base: base + int(np.floor(k / 2))
        ),
        "the inner nodes before k are k - base, and each of them used up two": (
            lambda k, base: (k - base, k)
        ),
    },
    "2.2": {
        "the two indices are swapped: create comes first, inject last": (
            lambda tokens: right_decode(exchange_indices(tokens))
        ),
        "the injection stands after all nodes, not before them": first_pair_as_injection,
        "the combination comes before the activation": activation_as_combination,
        "the leaves come first and the root last": (
            lambda tokens: (right_decode(tokens)[0][::-1], *right_decode(tokens)[1:])
        ),
        "only three nodes came back; larger trees have more": only_three_nodes,
        "the injection came back as a last node too": injection_twice,
    },
    "2.3": {
        "the injection has a combination and an activation of its own": (
            count_of(lambda base, nodes: [NODE_WAYS] * nodes + [nodes] * 2)
        ),
        "both indices run over all nodes, inner ones too": (
            count_of(lambda base, nodes: [NODE_WAYS] * (nodes + 1) + [base] * 2)
        ),
        "the two indices may be equal": (
            count_of(lambda base, nodes: [NODE_WAYS] * (nodes + 1) + [nodes, nodes - 1])
        ),
        "the inner nodes have operations too": (
            count_of(lambda base, nodes: [NODE_WAYS] * (base + 1) + [nodes] * 2)
        ),
        "there are two indices": count_of(lambda base, nodes: [NODE_WAYS] * (nodes + 1) + [nodes]),
        "the two indices at the end are to be chosen too": (
            count_of(lambda base, nodes: [NODE_WAYS] * (nodes + 1))
        ),
        "that leaves out the injection and the two indices": (
            count_of(lambda base, nodes: [NODE_WAYS] * nodes)
        ),
        "a node has 2 x 4 = 8 ways; Sin, a fifth activation, is left out here": (
            words_and_indices(2 * 5)
        ),
        "a node has 2 x 4 = 8 ways; Max, a third combination, is left out here": (
            words_and_indices(3 * 4)
        ),
        "a node has 2 x 4 = 8 ways; Max and Sin are left out here": words_and_indices(3 * 5),
        "2 combinations and 4 activations make 2 x 4 = 8 ways, not 2 + 4": (
            words_and_indices(2 + 4)
        ),
        "that is the length of the sequence; count how many there are": (
            lambda base: len(["combination", "activation"] * 2 * base) + len(["create", "inject"])
        ),
    },
    "2.4": {
        "the leaves changed places but the indices still point to the old ones": (
            lambda tokens: mirror(tokens, SAME, SAME)
        ),
        "the indices changed but the leaves did not": (
            lambda tokens: [*tokens[:8], *mirror(tokens)[8:]]
        ),
        "the create index follows its node, the inject index should too": (
            lambda tokens: mirror(tokens, inject=SAME)
        ),
        "the inject index follows its node, the create index should too": (
            lambda tokens: mirror(tokens, create=SAME)
        ),
        "create and inject changed roles; only what they point to should": (
            lambda tokens: exchange_indices(mirror(tokens))
        ),
        "the indices changed places with each other; each should follow its node": (
            lambda tokens: exchange_indices(mirror(tokens, SAME, SAME))
        ),
        **{
            f"an index 2 points to the root, which stays in place; yours became {number}": (
                with_root_at(number)
            )
            for number in (-1, 0, 1, 3)
        },
        "nothing changed": lambda tokens: tokens[:],
    },
}


@each(WRONG)
def test_a_famous_mistake_is_named(number, words, answer):
    assert judge(number, answer) == f"not yet: {words}"


def test_no_famous_mistake_is_left_out():
    assert {number: set(answers) for number, answers in WRONG.items()} == known("linearization")


def whose_parent_is(k, base):
    return [node for node in range(2 * base - 2) if base + node // 2 == k]


def count(base):
    return 8 ** (2 * base) * (2 * base - 1) ** 2


RIGHT = [
    ("2.1", whose_parent_is, 11),
    ("2.1", lambda k, base: next_two(used_up_before(k, base)), 11),
    ("2.2", right_decode, 18),
    ("2.3", words_and_indices(NODE_WAYS), 4),
    ("2.3", count, 4),
    ("2.4", mirror, 12),
]


@pytest.mark.parametrize(("number", "answer", "cases"), RIGHT)
def test_a_right_answer_passes(number, answer, cases):
    assert judge(number, answer) == f"passed on {cases} cases"


NEARLY_RIGHT = [
    ("2.1", lambda k, base: whose_parent_is(k, base) if base < 8 else [k - 8, k - 7]),
    ("2.1", lambda k, base: (0, 1) if k == base else whose_parent_is(k, 8)),
    ("2.2", lambda tokens: (*right_decode(tokens)[:3], 0)),
    ("2.2", lambda tokens: right_decode([*tokens[:-2], 0, tokens[-1]])),
    ("2.2", lambda tokens: right_decode(tokens if len(tokens) < 130 else tokens[2:])),
    ("2.3", lambda base: count(base) + (base == 1)),
    ("2.3", lambda base: count(min(base, 4))),
    ("2.4", lambda tokens: [*mirror(tokens)[:4], "Add", *mirror(tokens)[5:]]),
    ("2.4", lambda tokens: [*mirror(tokens)[:7], "ReLU", *mirror(tokens)[8:]]),
]


@pytest.mark.parametrize(("number", "answer"), NEARLY_RIGHT)
def test_what_is_nearly_right_is_no_famous_mistake_and_does_not_pass(number, answer):
    said, _, words = judge(number, answer).partition(": ")
    assert said == "not yet"
    assert words not in known("linearization")[number]


def cases(number, seed):
    return list(exercises_of("linearization")[number].cases(np.random.default_rng(seed)))


def test_all_inner_nodes_of_three_trees_are_tried():
    tried = cases("2.1", seed=0)
    assert tried == [
        (k, base) for base in (2, 4, 8) for k in range(2 * base) if base <= k < 2 * base - 1
    ]


@pytest.mark.parametrize("seed", range(5))
def test_the_sequences_have_many_lengths_and_two_indices_that_differ(seed):
    decoded = [right_decode(tokens) for (tokens,) in cases("2.2", seed)]
    assert [len(nodes) for nodes, *_ in decoded] == [
        2 * base - 1 for base in (1, 2, 4, 8, 16, 32) for _ in range(3)
    ]
    assert all(create != inject for nodes, _, create, inject in decoded if len(nodes) > 1)
    assert all(tokens[8] != tokens[9] for (tokens,) in cases("2.4", seed))
