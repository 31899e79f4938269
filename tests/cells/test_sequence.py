"""The table of places, and what is said of a sequence that does not fit it."""

import re
import reprlib
import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import strategies
from nastut.cells.cell import Cell, Node
from nastut.cells.sequence import (
    SequenceError,
    check_sequence,
    describe,
    is_base,
    is_whole_number,
    number_of_nodes,
    places,
    require_whole_number,
    sequence_length,
    split_text,
)
from nastut.zoo.named import EXAMPLE, LSTM
from strategies import ACTIVATIONS, BAD_TOKENS, BASES, COMBINATIONS


def refusal(tokens):
    """Return the SequenceError that `tokens` meet."""
    with pytest.raises(SequenceError) as caught:
        check_sequence(tokens)
    return caught.value


def outcome(read, value):
    """Return what `read` makes of `value`, and None; or None, and the SequenceError."""
    try:
        return read(value), None
    except SequenceError as error:
        return None, error


def replaced(tokens, place, token):
    """Return `tokens` with another token at `place`, counted from 1."""
    return [*tokens[: place - 1], token, *tokens[place:]]


# The table of places


@pytest.mark.parametrize(("base", "nodes", "tokens"), [(1, 1, 6), (2, 3, 10), (8, 15, 34)])
def test_sizes(base, nodes, tokens):
    assert number_of_nodes(base) == nodes
    assert sequence_length(base) == tokens == len(places(base))


@pytest.mark.parametrize("number", [1, 2, 4, 8, 1024, np.int64(4)])
def test_powers_of_two_are_bases(number):
    assert is_base(number)


@pytest.mark.parametrize("number", [0, -2, 3, 6, 12, 1023, 1025, 2048, 2.0, True, "2", None])
def test_nothing_else_is_a_base(number):
    assert not is_base(number)


@pytest.mark.parametrize(
    ("value", "answer"),
    [(0, True), (-3, True), (np.uint8(3), True), (True, False), (np.True_, False), (1.0, False)],
)
def test_whole_numbers(value, answer):
    assert is_whole_number(value) is answer


@pytest.mark.parametrize("least", [0, 1, 3])
def test_a_size_is_a_whole_number_and_large_enough(least):
    require_whole_number("width", np.int64(least), least)
    with pytest.raises(ValueError, match=f"^width is {least - 1}; it must be at least {least}$"):
        require_whole_number("width", least - 1, least)
    for value in (True, 5.0, "5", None):
        with pytest.raises(TypeError, match=f"^width is {value!r} where a whole number belongs$"):
            require_whole_number("width", value, least)


def test_a_size_is_at_least_1_unless_told_otherwise():
    require_whole_number("width", 1)
    with pytest.raises(ValueError, match="it must be at least 1"):
        require_whole_number("width", 0)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Add", "'Add'"),
        (3, "3"),
        (np.int64(3), repr(np.int64(3))),
        (None, "None"),
        (True, "the bool True"),
        (1.0, "the float 1.0"),
        (["Add"], "the list ['Add']"),
        (10**5000, "<too long to print>"),
        ([10**5000], "the list <too long to print>"),
    ],
    ids=lambda value: reprlib.repr(value)[:20] if isinstance(value, str) else "",
)
def test_a_value_is_described_with_its_type_unless_it_is_a_word_or_a_whole_number(value, said):
    assert describe(value) == said


def test_places_are_made_once():
    assert places(1024) is places(1024)


def test_places_of_base_2_in_words():
    assert [place.meaning for place in places(2)] == [
        "the combination of node 0",
        "the activation of node 0",
        "the combination of node 1",
        "the activation of node 1",
        "the combination of node 2",
        "the activation of node 2",
        "the combination of the injection",
        "the activation of the injection",
        "the create index (the node whose value becomes c_t)",
        "the inject index (the node where c_{t-1} enters)",
    ]


@pytest.mark.parametrize("base", BASES)
def test_choices_at_each_place(base):
    *words, create, inject = [list(place.allowed) for place in places(base)]
    assert words == [COMBINATIONS, ACTIVATIONS] * (2 * base)
    assert create == inject == list(range(2 * base - 1))


# What is accepted


@given(strategies.sequences())
def test_a_valid_sequence_passes_unchanged(tokens):
    assert check_sequence(tokens) == tokens
    assert check_sequence(tuple(tokens)) == tokens


def test_the_input_is_not_the_output():
    tokens = EXAMPLE.sequence
    assert check_sequence(tokens) is not tokens


@pytest.mark.parametrize("kind", [int, np.int8, np.int64, np.uint16])
def test_whole_numbers_of_any_kind_become_int(kind):
    tokens = replaced(EXAMPLE.sequence, 9, kind(2))
    assert type(check_sequence(tokens)[8]) is int


@pytest.mark.parametrize("word", [np.str_("Add"), strategies.UnprintableWord("Add")], ids=type)
def test_words_of_any_kind_become_str(word):
    tokens = check_sequence(replaced(EXAMPLE.sequence, 1, word))
    assert tokens == EXAMPLE.sequence
    assert type(tokens[0]) is str


# One wrong token


@pytest.mark.parametrize("place", range(1, 11))
@pytest.mark.parametrize("name", BAD_TOKENS)
def test_a_wrong_token_is_named_with_its_place_and_what_belongs_there(name, place):
    error = refusal(replaced(EXAMPLE.sequence, place, BAD_TOKENS[name]))
    assert error.place == place
    assert str(error).startswith(f"token {place} is ")
    assert f"this place is {places(2)[place - 1]}" in str(error)


@pytest.mark.parametrize("cell", [EXAMPLE, LSTM], ids=["base 2", "base 8"])
def test_a_word_of_the_other_kind_is_named_at_every_place(cell):
    for place, (token, meaning) in enumerate(zip(cell.sequence, places(cell.base), strict=True), 1):
        wrong = "Add" if token in ACTIVATIONS else "Tanh"
        error = refusal(replaced(cell.sequence, place, wrong))
        assert error.place == place
        assert str(meaning) in str(error)


@pytest.mark.parametrize("cell", [EXAMPLE, LSTM], ids=["base 2", "base 8"])
def test_a_number_where_a_word_belongs_is_named_at_every_place(cell):
    # Also where as many words stand before it as a smaller tree has.
    for place in range(1, len(cell.sequence) - 1):
        error = refusal(replaced(cell.sequence, place, 0))
        assert error.place == place
        assert f"token {place} is 0; this place is {places(cell.base)[place - 1]}" in str(error)


@given(strategies.sequences(), st.data())
def test_of_several_wrong_tokens_the_first_is_named(tokens, data):
    some = st.sets(st.integers(1, len(tokens)), min_size=1)
    wrong = sorted(data.draw(some, label="wrong places"))
    for place in wrong:
        token = data.draw(st.sampled_from(list(BAD_TOKENS.values())), label="token")
        # 10**6 is an index of no tree that is drawn here.
        tokens = replaced(tokens, place, token)
    assert refusal(tokens).place == wrong[0]


@pytest.mark.parametrize(
    ("place", "token", "said"),
    [
        (1, "add", "did you mean 'Add'?"),
        (1, "MULTIPLY", "did you mean 'Multiply'?"),
        (1, "ElemMult", "did you mean 'Multiply'?"),
        (1, "mult", "did you mean 'Multiply'?"),
        (1, b"Add", "did you mean 'Add'?"),
        (1, "Ad", "the nearest is 'Add'"),
        (1, "Multipy", "the nearest is 'Multiply'"),
        (2, "relu", "did you mean 'ReLU'?"),
        (2, "Tahn", "the nearest is 'Tanh'"),
        (2, "Sigmiod", "the nearest is 'Sigmoid'"),
        (2, "identiti", "the nearest is 'Identity'"),
        (9, 3, "the nearest is 2"),
        (9, -1, "the nearest is 0"),
        (9, 1.0, "the nearest is 1"),
        (9, 1.9, "the nearest is 2"),
        (9, "1", "the nearest is 1"),
        (9, True, "the nearest is 1"),
        (10, 10**5000, "the nearest is 2"),
        (10, -(10**5000), "the nearest is 0"),
        (10, "9" * 5000, "the nearest is 2"),
        (10, float("inf"), "the nearest is 2"),
    ],
    ids=lambda value: reprlib.repr(value) if isinstance(value, str) else type(value).__name__,
)
def test_the_nearest_valid_token_is_named(place, token, said):
    assert said in str(refusal(replaced(EXAMPLE.sequence, place, token)))


def test_an_activation_where_a_combination_belongs_is_recognised():
    message = str(refusal(replaced(EXAMPLE.sequence, 3, "Tanh")))
    assert "Tanh is an activation: was a token left out or added before it?" in message
    message = str(refusal(replaced(EXAMPLE.sequence, 2, "mult")))
    assert "Multiply is a combination: was a token left out or added before it?" in message


def test_pairs_in_a_list_are_told_to_be_flat():
    words = EXAMPLE.sequence[:8]
    pairs = [list(pair) for pair in zip(words[::2], words[1::2], strict=True)]
    error = refusal([*pairs, 1, 0])
    assert error.place == 1
    assert "a sequence is a flat list of words and whole numbers" in str(error)


# Too few and too many tokens


@pytest.mark.parametrize("cell", [EXAMPLE, LSTM], ids=["base 2", "base 8"])
@pytest.mark.parametrize("left", [1, 2])
def test_missing_indices_are_named(cell, left):
    tokens = cell.sequence[:-left]
    error = refusal(tokens)
    assert error.place == len(tokens) + 1
    assert f"token {len(tokens) + 1} of {len(cell.sequence)} is missing" in str(error)
    assert str(places(cell.base)[len(tokens)]) in str(error)
    assert f"{len(tokens)} were given" in str(error)


def test_nothing_at_all_lacks_its_first_token():
    error = refusal([])
    assert error.place == 1
    assert str(places(1)[0]) in str(error)


@given(strategies.sequences([2, 4, 8]), st.data())
def test_a_sequence_cut_in_its_last_quarter_lacks_its_next_token(tokens, data):
    # Cut earlier it is nearer to a smaller tree.
    wanted = len(tokens)
    middle = (wanted + wanted // 2 + 1) // 2
    left = data.draw(st.integers(middle + 1, wanted - 1), label="tokens left")
    error = refusal(tokens[:left])
    assert error.place == left + 1
    assert f"token {left + 1} of {wanted} is missing" in str(error)


@given(strategies.sequences([2, 4, 8]), st.data())
def test_a_cut_sequence_is_refused_at_the_latest_where_it_ends(tokens, data):
    left = data.draw(st.integers(0, len(tokens) - 1), label="tokens left")
    assert 1 <= refusal(tokens[:left]).place <= left + 1


@pytest.mark.parametrize("cell", [EXAMPLE, LSTM], ids=["base 2", "base 8"])
@pytest.mark.parametrize("extra", [[0], ["Add"], [None], [0, 1, 2], ["Add", "Tanh", "Add"]])
def test_tokens_after_the_last_are_one_too_many(cell, extra):
    wanted = len(cell.sequence)
    error = refusal(cell.sequence + extra)
    assert error.place == wanted + 1
    assert f"token {wanted + 1}, {extra[0]!r}, is one too many" in str(error)
    last = f"a base-{cell.base} sequence ends with token {wanted}, {places(cell.base)[-1]};"
    assert last in str(error)
    assert f"{wanted + len(extra)} were given" in str(error)


@pytest.mark.parametrize(
    ("words", "place"),
    [
        # As many words as a tree has: what is missing are the indices.
        (4, 5),
        (8, 9),
        (16, 17),
        (4096, 4097),
        # The nearest length, the shorter of two that are as near.
        (7, 7),
        (10, 9),  # where an index belongs
        (12, 11),
        (14, 11),
        (15, 16),
        (26, 19),
        (27, 28),
        (4000, 4001),
    ],
)
def test_words_alone_are_measured_by_the_nearest_tree(words, place):
    error = refusal((["Add", "Tanh"] * words)[:words])
    assert error.place == place


def test_in_a_sequence_of_another_length_the_words_are_checked_and_nothing_is_an_index():
    words = EXAMPLE.sequence[:8]
    assert refusal([*words, 99]).place == 10
    assert refusal([*words[:7], "Softmax", 0]).place == 8


def test_one_token_more_than_any_cell_has_is_refused():
    with pytest.raises(SequenceError, match="has more than 4098 tokens"):
        check_sequence(["Add"] * 4099)
    with pytest.raises(SequenceError, match="has more than 2047 nodes"):
        Cell([EXAMPLE.inject] * 2048, EXAMPLE.inject, 0, 0)


def test_a_number_where_a_word_belongs_has_no_nearest_word():
    assert str(refusal([0, *EXAMPLE.sequence[1:]])) == f"token 1 is 0; this place is {places(2)[0]}"


@pytest.mark.parametrize("place", range(1, 8))
def test_a_word_left_out_is_missed_at_its_place(place):
    tokens = EXAMPLE.sequence
    del tokens[place - 1]
    error = refusal(tokens)
    assert error.place == place
    assert str(places(2)[place - 1]) in str(error)


@pytest.mark.parametrize("place", range(2, 9))
def test_a_word_written_twice_is_noticed_at_its_second_place(place):
    tokens = EXAMPLE.sequence
    tokens.insert(place - 1, tokens[place - 2])
    assert refusal(tokens).place == place


def test_a_thousand_tokens():
    error = refusal(["Add", "Tanh"] * 500)
    assert error.place == 1001
    assert "1000 were given" in str(error)


# Not a list of tokens at all


@pytest.mark.parametrize(
    "tokens",
    [
        None,
        5,
        1.5,
        True,
        b"Add Tanh",
        bytearray(b"Add"),
        {"Add": "Tanh"},
        {"Add", "Tanh"},
        iter(EXAMPLE.sequence),
        np.array(["Add", "Tanh"]),
        EXAMPLE,
        strategies.Unprintable(),
        len,
    ],
    ids=lambda tokens: type(tokens).__name__,
)
def test_what_is_no_list_is_refused(tokens):
    error = refusal(tokens)
    assert error.place is None
    assert "a list of tokens belongs" in str(error)


def test_text_where_a_list_belongs_is_sent_to_parse():
    assert "text is read by Cell.parse" in str(refusal(str(EXAMPLE)))


def test_a_list_where_text_belongs_is_sent_to_from_sequence():
    with pytest.raises(SequenceError, match=r"read by Cell\.from_sequence"):
        split_text(EXAMPLE.sequence)


# Whatever comes: a cell that says what was given, or a SequenceError


@given(st.lists(strategies.anything, max_size=40))
@example(["Add", "Tanh"] * 2 + [0, 0])
@settings(max_examples=400)
def test_any_list_gives_a_sequence_error_or_passes_unchanged(tokens):
    checked, error = outcome(check_sequence, tokens)
    if error is None:
        assert checked == tokens
    else:
        assert 1 <= error.place <= len(tokens) + 1


@given(strategies.sequences(), st.data())
@settings(max_examples=400)
def test_any_token_anywhere_gives_a_sequence_error_at_its_place_or_passes_unchanged(tokens, data):
    place = data.draw(st.integers(1, len(tokens)), label="place")
    tokens = replaced(tokens, place, data.draw(strategies.anything, label="token"))
    checked, error = outcome(check_sequence, tokens)
    if error is None:
        assert checked == tokens
        assert type(tokens[place - 1]) in (str, int)
    else:
        assert error.place == place
        assert f"token {place} is " in str(error)


@given(st.one_of(strategies.anything, st.dictionaries(st.text(), st.integers())))
def test_anything_but_a_list_gives_a_sequence_error(value):
    error = refusal(value)
    assert str(error)


texts = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from([*COMBINATIONS, *ACTIVATIONS, "elemmult", "0", "-1", "9" * 5000, ",", "["])
    ).map(" ".join),
)


@given(texts)
@settings(max_examples=400)
def test_any_text_gives_a_sequence_error_or_the_cell_it_shows(text):
    cell, error = outcome(Cell.parse, text)
    if error is None:
        shown = re.sub(r"elemmult", "Multiply", re.sub(r"[\[,]", " ", text))
        assert shown.split() == str(cell).split()
    else:
        assert error.place >= 1


# Reading text


@pytest.mark.parametrize(
    "text",
    [
        "Add Tanh Multiply 1 0",
        "[Add, Tanh, Multiply, 1, 0]",
        "['Add', 'Tanh', 'Multiply', 1, 0]",
        '("Add","Tanh","Multiply",1,0)',
        "add TANH mUlTiPlY 1 0",
        "Add Tanh ElemMult 1 0",
        "add tanh elem_mult 1 0",
        "Add Tanh Mult 1 0",
        "Add Tanh · Multiply | 1 ; 0",
        "\n Add\tTanh\n\n Multiply  1 0 \n",
    ],
)
def test_brackets_quotes_commas_and_case_do_not_matter(text):
    assert split_text(text) == ["Add", "Tanh", "Multiply", 1, 0]


@pytest.mark.parametrize("word", ["Concat", "1.5", "1e3", "0x1", "--", "9" * 10, "1_0"])
def test_unknown_words_are_kept_as_they_stand(word):
    assert split_text(word) == [word]


def test_a_wrong_word_in_a_text_is_named_as_it_was_written():
    with pytest.raises(SequenceError, match=r"token 2 is 'tan'") as caught:
        Cell.parse("Add tan Multiply ReLU Multiply Sigmoid Add ReLU 1 0")
    assert caught.value.place == 2


class Claimed(Sequence):
    """Says that it has very many entries, and counts how many it is asked for."""

    asked = 0

    def __len__(self):
        return 10**12

    def __getitem__(self, place):
        self.asked += 1
        return "Add"


def test_what_is_only_claimed_to_be_long_is_not_gone_through():
    claimed = Claimed()
    with pytest.raises(SequenceError, match=r"has more than 4098 tokens"):
        Cell.from_sequence(claimed)
    with pytest.raises(SequenceError, match=r"has more than 2047 nodes"):
        Cell(claimed, Node("Add", "Tanh"), 0, 0)
    assert claimed.asked < 100


@pytest.mark.parametrize("length", [10**6, 10**12, 10**30])
def test_a_range_is_refused_whatever_its_length(length):
    with pytest.raises(SequenceError, match=r"has more than 4098 tokens"):
        Cell.from_sequence(range(length))


def test_a_million_words_are_refused_in_bounded_memory():
    text = "Add Tanh " * 500_000
    tracemalloc.start()
    with pytest.raises(SequenceError, match="has more than 4098 tokens"):
        Cell.parse(text)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


def test_the_largest_base_is_a_cell():
    tokens = ["Add", "Tanh"] * 2 * 1024 + [5, 2046]
    cell = Cell.from_sequence(tokens)
    assert cell.base == 1024
    assert Cell.parse(str(cell)) == cell
