"""Models of equal size."""

import pytest
import torch

import nastut as nt
from nastut.cells.redundancy import redundant_leaves
from nastut.learning.models import BASELINES, EMBEDDING, build, hidden_size_for, parameters

NAMES = [*BASELINES, str(nt.zoo.NASCELL), str(nt.zoo.LSTM)]


@pytest.mark.parametrize("name", NAMES)
def test_models_are_as_near_to_the_budget_as_whole_sizes_allow(name):
    size = hidden_size_for(20_000, name, 30)
    distances = [abs(parameters(name, 30, near) - 20_000) for near in (size - 1, size, size + 1)]
    assert distances[1] == min(distances)


def test_lstm_as_a_cell_counts_as_lstm_does():
    assert parameters(str(nt.zoo.LSTM), 30, 17) == parameters("LSTM", 30, 17)


def test_matrices_of_redundant_leaves_are_zero_and_stay_so():
    model = build(str(nt.zoo.LSTM), 30, 5)
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    for _ in range(3):
        scores, _ = model(torch.randint(30, (4, 2)))
        scores.square().sum().backward()
        optimizer.step()
    for weight in (model.core.weight_ih_l0, model.core.weight_hh_l0):
        leaves = weight.detach().view(8, 5, -1)
        assert [not leaf.any() for leaf in leaves] == [
            leaf in redundant_leaves(nt.zoo.LSTM) for leaf in range(8)
        ]


def test_the_open_forget_gate_has_a_bias_of_1_in_all():
    layer = BASELINES["LSTM, forget gate open"](EMBEDDING, 3)
    assert (layer.bias_ih_l0 + layer.bias_hh_l0)[3:6].tolist() == [1.0, 1.0, 1.0]


def test_a_gru_has_the_states_of_an_lstm():
    scores, (h, c) = build("GRU", 30, 3)(torch.zeros(4, 2, dtype=torch.long))
    assert scores.shape == (4, 2, 30)
    assert (h.shape, c.numel()) == ((1, 2, 3), 0)
