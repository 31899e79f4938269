import copy
import io
import warnings

import pytest
import torch
from torch import nn

import nastut as nt


def test_large_and_small_values_are_as_exact_as_torch(engine):
    # One leaf that lets the input through to the activation, at 60 magnitudes of both signs.
    values = torch.logspace(-12, 4, 60, dtype=torch.float64)
    values = torch.cat([values, -values, torch.tensor([0.0, torch.inf, -torch.inf, torch.nan])])
    for dtype, digits in ((torch.float64, 1e-14), (torch.float32, 1e-6)):
        for activation, function in {
            "Tanh": torch.tanh,
            "Sigmoid": torch.sigmoid,
            "ReLU": torch.relu,
            "Sin": torch.sin,
        }.items():
            layer = nt.CellRNN(
                nt.Cell.parse(f"Add {activation} Add Identity 0 0"), 1, 1, dtype=dtype
            )
            nn.init.ones_(layer.weight_ih_l0)
            output, _ = layer(values.to(dtype).view(1, -1, 1))
            expected = function(values.to(dtype)).view(1, -1, 1)
            torch.testing.assert_close(
                output, expected, rtol=digits, atol=1e-37, equal_nan=True, msg=activation
            )


def test_parameters_have_the_documented_names_shapes_and_range():
    layer = nt.CellRNN(nt.zoo.LSTM, 3, 16, num_layers=2, bias=True, proj_size=5)
    assert {name: tuple(p.shape) for name, p in layer.named_parameters()} == {
        "weight_ih_l0": (128, 3),
        "weight_hh_l0": (128, 5),
        "bias_hh_l0": (128,),
        "weight_hr_l0": (5, 16),
        "weight_ih_l1": (128, 5),
        "weight_hh_l1": (128, 5),
        "bias_hh_l1": (128,),
        "weight_hr_l1": (5, 16),
    }
    plain = nt.CellRNN(nt.zoo.EXAMPLE, 3, 16)
    assert list(plain.state_dict()) == ["weight_ih_l0", "weight_hh_l0"]
    assert 0.2 < max(p.max() for p in layer.parameters()) <= 0.25
    assert -0.25 <= min(p.min() for p in layer.parameters()) < -0.2


@pytest.mark.parametrize("wrap", [lambda layer: layer, nn.Sequential, torch.compile])
def test_weights_of_another_cell_are_refused_unless_asked_for(wrap):
    """Also from a file; and the layer keeps its own until then."""
    cell, other = nt.zoo.LSTM, nt.zoo.NASCELL
    source, target = wrap(nt.CellRNN(cell, 3, 4)), wrap(nt.CellRNN(other, 3, 4))
    file, before = io.BytesIO(), copy.deepcopy(target.state_dict())
    torch.save(source.state_dict(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    with pytest.raises(RuntimeError, match=f"the cell {cell}, this layer's is {other}; make"):
        target.load_state_dict(state)
    torch.testing.assert_close(target.state_dict(), before)
    target.load_state_dict(dict(state))
    torch.testing.assert_close(dict(target.state_dict()), dict(state))
    wrap(nt.CellRNN(cell, 3, 4)).load_state_dict(state)


def test_dropout_acts_between_layers_and_in_training_only():
    torch.manual_seed(0)
    layer = nt.CellRNN(nt.zoo.NASCELL, 3, 8, num_layers=2, dropout=0.5)
    input = torch.randn(4, 2, 3)
    h_n = [layer(input)[1][0] for _ in range(2)]
    assert torch.equal(h_n[0][0], h_n[1][0])
    assert not torch.equal(h_n[0][1], h_n[1][1])
    without = nt.CellRNN(nt.zoo.NASCELL, 3, 8, num_layers=2)
    without.load_state_dict(layer.state_dict())
    torch.testing.assert_close(layer.eval()(input), without(input))


def test_repr_makes_the_layer_again():
    layer = nt.CellRNN(nt.zoo.EXAMPLE, 3, 4, 2, True, False, 0.5, True, 2)
    assert repr(layer) == (
        "CellRNN(Cell.parse('Add Tanh Multiply ReLU Multiply Sigmoid Add ReLU 1 0'), 3, 4, "
        "num_layers=2, bias=True, dropout=0.5, bidirectional=True, proj_size=2)"
    )
    assert repr(eval(repr(layer), {"CellRNN": nt.CellRNN, "Cell": nt.Cell})) == repr(layer)
    assert repr(nt.CellRNN(nt.zoo.EXAMPLE, 3, 4)) == f"CellRNN({nt.zoo.EXAMPLE!r}, 3, 4)"


@pytest.mark.parametrize("dropout", [0, 0.5, 1])
def test_dropout_is_a_number_and_warned_of_where_it_does_nothing(dropout):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer = nt.CellRNN(nt.zoo.EXAMPLE, 3, 4, num_layers=2, dropout=dropout)
        assert nt.CellRNN(nt.zoo.EXAMPLE, 3, 4).dropout == 0
    assert type(layer.dropout) is float
    assert layer.dropout == dropout
    if dropout:
        with pytest.warns(UserWarning, match="does nothing.*num_layers is 1") as said:
            nt.CellRNN(nt.zoo.EXAMPLE, 3, 4, dropout=dropout)
        assert said[0].filename == __file__  # where the layer was asked for


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"cell": ["Add", "Tanh"]}, TypeError, "Cell.from_sequence"),
        ({"input_size": 0}, ValueError, "input_size is 0"),
        ({"input_size": 3.0}, TypeError, "input_size is 3.0"),
        ({"hidden_size": -1}, ValueError, "hidden_size is -1"),
        ({"num_layers": 0}, ValueError, "num_layers is 0"),
        ({"num_layers": True}, TypeError, "num_layers is True"),
        ({"proj_size": -1}, ValueError, "proj_size is -1"),
        ({"proj_size": 4}, ValueError, "smaller than hidden_size"),
        ({"bias": 1}, TypeError, "bias is 1"),
        ({"batch_first": None}, TypeError, "batch_first is None"),
        ({"bidirectional": 1}, TypeError, "bidirectional is 1"),
        ({"dropout": 1.5}, ValueError, "dropout is 1.5"),
        ({"dropout": -0.1}, ValueError, "dropout is -0.1"),
        ({"dropout": float("nan")}, ValueError, "dropout is nan"),
        ({"dropout": "a"}, ValueError, "dropout is 'a'"),
        ({"dropout": True}, ValueError, "dropout is True"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message):
    fitting = {"cell": nt.zoo.EXAMPLE, "input_size": 3, "hidden_size": 4}
    with pytest.raises(error, match=message):
        nt.CellRNN(**fitting | arguments)
