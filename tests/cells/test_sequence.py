"""The table of places, and what is said of a sequence that does not fit it."""

import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import strategies
from nastut.cells.cell import Cell
from nastut.cells.sequence import (
    SequenceError,
    check_sequence,
    describe,
    is_base,
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


def test_bases_are_the_powers_of_two_up_to_1024():
    assert [number for number in range(3_000) if is_base(number)] == [2**k for k in range(11)]
    assert is_base(np.int64(4))
    assert not any(map(is_base, (-2, 2.0, True, "2", None)))


@pytest.mark.parametrize("least", [0, 1, 3])
def test_a_size_is_a_whole_number_and_large_enough(least):
    require_whole_number("width", np.int64(least), least)
    with pytest.raises(ValueError, match=f"^width is {least - 1}; it must be at least {least}$"):
        require_whole_number("width", least - 1, least)
    for value in (5.0, True, np.True_, "5"):
        with pytest.raises(TypeError, match=r"^width is .* where a whole number belongs$"):
            require_whole_number("width", value, least)


def test_a_value_is_described_with_its_type_unless_it_is_a_word_or_a_whole_number():
    said = {"Add": "'Add'", 3: "3", None: "None", 1.5: "the float 1.5", b"x": "the bytes b'x'"}
    assert {value: describe(value) for value in said} == said
    assert len(describe("Add" * 1_000)) < 50


@pytest.mark.parametrize("base", BASES)
def test_choices_at_each_place(base):
    *words, create, inject = [list(place.allowed) for place in places(base)]
    assert words == [COMBINATIONS, ACTIVATIONS] * (2 * base)
    assert create == inject == list(range(2 * base - 1))
    assert sequence_length(base) == 4 * base + 2 == len(places(base))


# Whatever comes: accepted as it is, or a SequenceError that names the first wrong place


@given(strategies.sequences())
@settings(max_examples=50)
def test_a_valid_sequence_passes_unchanged_as_a_new_list(tokens):
    assert check_sequence(tokens) == check_sequence(tuple(tokens)) == tokens
    assert check_sequence(tokens) is not tokens


def test_words_and_numbers_of_any_kind_become_plain():
    tokens = replaced(EXAMPLE.sequence, 1, np.str_("Add"))
    for kind in (int, np.int8, np.uint16):
        checked = check_sequence(replaced(tokens, 9, kind(2)))
        assert (type(checked[0]), type(checked[8])) == (str, int)


@given(st.lists(strategies.anything, max_size=40))
@example(["Add", "Tanh"] * 2 + [0, 0])
@settings(max_examples=50)
def test_any_list_passes_unchanged_or_is_refused_at_a_place(tokens):
    checked, error = outcome(check_sequence, tokens)
    if error is None:
        assert checked == tokens
    else:
        assert 1 <= error.place <= len(tokens) + 1


@given(strategies.sequences(), st.data())
@settings(max_examples=150)
def test_any_token_anywhere_passes_unchanged_or_is_named_with_what_belongs_there(tokens, data):
    place = data.draw(st.integers(1, len(tokens)), label="place")
    meaning = places((len(tokens) - 2) // 4)[place - 1]
    tokens = replaced(tokens, place, data.draw(strategies.anything, label="token"))
    checked, error = outcome(check_sequence, tokens)
    if error is None:
        assert checked == tokens
        assert type(tokens[place - 1]) in (str, int)
    else:
        assert error.place == place
        assert str(error).startswith(f"token {place} is ")
        assert f"this place is {meaning}" in str(error)


@given(strategies.sequences(), st.data())
@settings(max_examples=50)
def test_of_several_wrong_tokens_the_first_is_named(tokens, data):
    numbers = st.sets(st.integers(1, len(tokens)), min_size=1)
    wrong = sorted(data.draw(numbers, label="wrong places"))
    for place in wrong:
        tokens = replaced(tokens, place, data.draw(st.sampled_from(BAD_TOKENS), label="token"))
    assert refusal(tokens).place == wrong[0]


@pytest.mark.parametrize("cell", [EXAMPLE, LSTM], ids=["base 2", "base 8"])
def test_a_token_of_the_other_kind_is_named_at_every_place(cell):
    """Also where as many words stand before a number as a smaller tree has."""
    for place, token in enumerate(cell.sequence, 1):
        for wrong in ("Add" if token in ACTIVATIONS else "Tanh", 0):
            if not (wrong == 0 and place > len(cell.sequence) - 2):
                assert refusal(replaced(cell.sequence, place, wrong)).place == place


@pytest.mark.parametrize("tokens", [None, b"Add", {"Add": "Tanh"}, EXAMPLE])
def test_what_is_no_list_is_refused(tokens):
    error = refusal(tokens)
    assert error.place is None
    assert "a list of tokens belongs" in str(error)


def test_text_and_lists_are_sent_to_where_they_are_read():
    assert "text is read by Cell.parse" in str(refusal(str(EXAMPLE)))
    with pytest.raises(SequenceError, match=r"read by Cell\.from_sequence"):
        split_text(EXAMPLE.sequence)


# Hints


@pytest.mark.parametrize(
    ("place", "token", "hint"),
    [
        (1, "MULTIPLY", "did you mean 'Multiply'?"),
        (2, "Tahn", "the nearest is 'Tanh'"),
        (2, "mult", "Multiply is a combination: was a token left out or added before it?"),
        (3, "Tanh", "Tanh is an activation: was a token left out or added before it?"),
        (9, 3, "the nearest is 2"),
        (9, -1, "the nearest is 0"),
        (9, "1.9", "the nearest is 2, without quotes"),
        (9, 0.5, "create index (c_t is what this node has joined), a whole number from 0 to 2"),
        (1, "x", "one of Add, Multiply (rarely Max); the nearest is"),
        (2, "sig", "one of Identity, Tanh, Sigmoid, ReLU (rarely Sin); the nearest is 'Sigmoid'"),
        (2, "sinus", "the nearest is 'Sin'"),
        (9, float("inf"), "the nearest is 2"),
        (1, ("Add", "Tanh"), "a sequence is a flat list of words and whole numbers"),
    ],
)
def test_the_nearest_valid_token_is_named(place, token, hint):
    assert hint in str(refusal(replaced(EXAMPLE.sequence, place, token)))


# Too few and too many tokens


@given(strategies.sequences([2, 4, 8]), st.data())
def test_a_cut_sequence_lacks_the_token_after_its_last(tokens, data):
    """At the latest: cut early, it is nearer to a smaller tree."""
    left = data.draw(st.integers(0, len(tokens) - 1), label="tokens left")
    error = refusal(tokens[:left])
    assert 1 <= error.place <= left + 1
    if left > (len(tokens) + len(tokens) // 2 + 1) // 2:
        assert error.place == left + 1
        assert f"token {left + 1} of {len(tokens)} is missing; this place is " in str(error)
        assert f"{left} were given" in str(error)


@pytest.mark.parametrize("extra", [[0], ["Add"], [None], ["Add", "Tanh", "Add"]], ids=str)
def test_tokens_after_the_last_are_one_too_many(extra):
    error = refusal(LSTM.sequence + extra)
    assert error.place == 35
    assert f"token 35, {extra[0]!r}, is one too many" in str(error)
    assert "a base-8 sequence ends with token 34" in str(error)


@pytest.mark.parametrize(
    ("words", "place"),
    # As many words as a tree has lack their indices; others belong to the nearest length.
    [(8, 9), (4096, 4097), (7, 7), (10, 9), (26, 19)],
)
def test_words_alone_are_measured_by_the_nearest_tree(words, place):
    assert refusal((["Add", "Tanh"] * words)[:words]).place == place


@pytest.mark.parametrize("place", range(1, 8))
def test_a_word_left_out_or_written_twice_is_noticed_at_its_place(place):
    tokens = EXAMPLE.sequence
    assert refusal(tokens[: place - 1] + tokens[place:]).place == place
    assert refusal(tokens[:place] + tokens[place - 1 :]).place == place + 1


# Reading text


@pytest.mark.parametrize(
    "text",
    [
        "['Add', \"Tanh\", ('Multiply'), 1, 0]",
        "add TANH mUlTiPlY 1 0",
        "Add Tanh elem_mult 1 0",
        "\n Add\tTanh ·\n\n Multiply | 1 ; 0 \n",
    ],
)
def test_brackets_quotes_commas_and_case_do_not_matter(text):
    assert split_text(text) == ["Add", "Tanh", "Multiply", 1, 0]
    unknown = ["Concat", "1.5", "1e3", "--", "9" * 10, "1_0"]  # they are named as they stand
    assert split_text(" ".join(unknown)) == unknown


@given(
    st.lists(st.sampled_from([*COMBINATIONS, *ACTIVATIONS, "elemmult", "0", "-1", ",", "["])).map(
        " ".join
    )
    | st.text(max_size=200)
)
@settings(max_examples=150)
def test_any_text_gives_a_sequence_error_or_the_cell_it_shows(text):
    cell, error = outcome(Cell.parse, text)
    if error is None:
        shown = re.sub(r"elemmult", "Multiply", re.sub(r"[\[,]", " ", text))
        assert shown.split() == str(cell).split()
    else:
        assert error.place >= 1


def test_the_largest_base_is_a_cell():
    cell = Cell.from_sequence(["Add", "Tanh"] * 2 * 1024 + [5, 2046])
    assert cell.base == 1024
    assert Cell.parse(str(cell)) == cell
    with pytest.raises(SequenceError, match="token 4099"):
        Cell.from_sequence(["Add", "Tanh"] * 4096 + [5, 2046])
