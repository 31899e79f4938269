"""Finalists: equal sizes, counted honestly, and redundant matrices that stay zero."""

import json

import numpy as np
import pytest
import torch

import nastut as nt
from nastut.learning.tasks import Task
from nastut.learning.training import Record
from nastut.studies import finalists
from nastut.studies.comparison import PARAMETERS
from nastut.studies.finalists import (
    BASELINES,
    build,
    hidden_size_of,
    parameters,
    python_source,
    redundant_leaves,
    train_finalist,
)

SUM = nt.Cell.parse("Add Identity Add Identity Add Tanh Add Tanh 0 2")


@pytest.mark.parametrize(
    ("cell", "leaves"),
    [
        (nt.zoo.LSTM, [3, 5, 6, 7]),  # f is a sum of two leaves, o of four
        (nt.zoo.NASCELL, []),
        (nt.zoo.EXAMPLE, []),
        (nt.Cell.parse("Add Identity Add Identity Add Tanh Add Tanh 2 2"), [1]),
        (SUM, []),  # leaf 0 is looked at: it becomes c_t
        (nt.Cell.parse("Add Identity Multiply Identity Add Tanh Add Tanh 2 2"), []),
        (nt.Cell.parse("Add Identity Add Identity Multiply Tanh Add Tanh 2 2"), []),
        (nt.Cell.parse("Add Identity Add Identity Add Tanh Add Tanh 2 1"), []),
    ],
    ids=["LSTM", "NASCell", "example", "sum", "created", "product leaf", "product", "injected"],
)
def test_redundant_leaves(cell, leaves):
    assert redundant_leaves(cell) == leaves


def test_without_its_redundant_leaves_a_cell_computes_as_much():
    """What two leaves sum to, one can give: the outputs of both layers agree."""
    cell = nt.zoo.LSTM
    whole, lean = (nt.CellRNN(cell, 3, 4).double() for _ in range(2))
    pairs = {2: (2, 3), 4: (4, 5, 6, 7)}
    with torch.no_grad():
        for name in ("weight_ih_l0", "weight_hh_l0"):
            full = getattr(whole, name).view(8, 4, -1)
            part = full.clone()
            for kept, summed in pairs.items():
                part[list(summed)] = 0.0
                part[kept] = full[list(summed)].sum(0)
            getattr(lean, name).copy_(part.flatten(0, 1))
    x = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0)).double()
    torch.testing.assert_close(lean(x)[0], whole(x)[0])


@pytest.mark.parametrize("name", [*BASELINES, str(nt.zoo.NASCELL), str(nt.zoo.LSTM)])
def test_all_have_the_same_number_of_parameters(name):
    size = hidden_size_of(name, 60)
    assert parameters(name, 60, size) == pytest.approx(PARAMETERS, rel=0.02)
    off = {h: abs(parameters(name, 60, h) - PARAMETERS) for h in (size - 1, size, size + 1)}
    assert min(off, key=off.get) == size


def test_the_lstm_as_a_sequence_counts_as_torchs_own():
    assert parameters(str(nt.zoo.LSTM), 60, 50) == parameters("LSTM", 60, 50)
    assert parameters(str(nt.zoo.NASCELL), 60, 50) > parameters("LSTM", 60, 50)


def test_redundant_matrices_stay_zero_in_training():
    model = build(str(nt.zoo.LSTM), 7, 5)
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    rng = np.random.default_rng(0)
    for _ in range(3):
        loss, _state = model.loss(rng.integers(0, 7, (4, 2)), rng.integers(0, 7, (4, 2)), None)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    weight = model.core.weight_hh_l0.view(8, 5, 5)
    assert (weight[[3, 5, 6, 7]] == 0).all()
    assert (weight[[0, 1, 2, 4]] != 0).all()


def test_the_forget_gate_is_open():
    layer = finalists.OpenLSTM(3, 4)
    total = layer.bias_ih_l0 + layer.bias_hh_l0
    assert (total[4:8] == 1).all()
    assert (layer.bias_ih_l0[4:8] == 1).all()  # it learns on from there, as any bias does
    assert not (total == 1)[:4].any()


def test_the_second_text():
    task = python_source()
    lengths = [len(stream) for stream in (task.train, task.validation, task.test)]
    assert 300_000 < sum(lengths) <= finalists.SOURCE_CHARACTERS
    total = sum(lengths)
    assert lengths[:2] == [total * 8 // 10, total * 9 // 10 - total * 8 // 10]
    assert max(task.train) < len(task.symbols) < 100


@pytest.mark.parametrize("name", [*BASELINES, str(nt.zoo.EXAMPLE)])
def test_a_finalist_is_trained(name, monkeypatch, two_threads, capsys):
    rng = np.random.default_rng(0)
    tiny = Task("tiny", tuple("abcd"), *(rng.integers(0, 4, n) for n in (400, 200, 200)))
    monkeypatch.setitem(finalists.TEXTS, "manual", lambda: tiny)
    monkeypatch.setattr(finalists, "RECIPE", finalists.replace(finalists.RECIPE, epochs=1, batch=4))
    monkeypatch.setattr(finalists, "hidden_size_of", lambda name, symbols: 6)
    record = train_finalist(name, "manual", 0.01, 3)
    assert record == train_finalist(name, "manual", 0.01, 3)
    assert (record["cell"], record["seed"], record["learning_rate"]) == (name, 3, 0.01)
    assert 1 < record["test"] < 10
    assert record["parameters"] == parameters(name, 4, 6)
    assert torch.get_num_threads() == 1
    assert "%" not in capsys.readouterr().err  # no progress bar
    lost = Record(3, 9, (1,), (2.0,), np.inf, diverged=2)
    monkeypatch.setattr(finalists, "fit", lambda *given, **named: lost)
    diverged = train_finalist(name, "manual", 1e30, 3)
    assert diverged["test"] is None
    assert json.loads(json.dumps(diverged, allow_nan=False)) == diverged
