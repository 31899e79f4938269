"""NASCELL against the cell it stands for: TensorFlow Addons' NASCell, in values and gradients.

The reference was recorded from the real thing by ``data/tensorflow_nascell.py``.
"""

import json

import pytest
import torch

import nastut as nt
from nastut.cells.sequence import places
from nastut.files import recorded

REFERENCE = json.loads(recorded("tensorflow_nascell.json").read_text("utf-8"))
DTYPE = getattr(torch, REFERENCE["dtype"])
CASES = REFERENCE["cases"]

# Largest difference measured: one eps of double precision. The factor leaves room for another
# processor's tanh and exp, and for sums in another order; one wrong token is off by 1e-3 or more.
ROUNDING = 100 * torch.finfo(DTYPE).eps

# Printed in TensorFlow Addons' own test, rnn/tests/nas_cell_test.py: all units of a row are equal.
PUBLISHED = {
    "plain": {
        "m": (0.576751, 0.618936, 0.627393),
        "c": (0.7157977, 0.7804162, 0.7945764),
    },
    "projection": {
        "m": (1.697418, 1.840037, 1.873985),
        "c": (0.69855207, 0.77073824, 0.78973997),
    },
}
# Six decimals leave half a unit open; the numbers were printed in single precision.
SIX_DIGITS = 0.5e-6 + torch.finfo(torch.float32).eps


def tensors(values):
    return {name: torch.tensor(value, dtype=DTYPE) for name, value in values.items()}


def step(cell, given, x, c, m):
    """One step with TensorFlow's matrices: (c, m) before to (c, m) after."""
    m_products = m @ given["recurrent_kernel"] + given.get("bias", 0)
    x_parts, m_parts = (
        product.chunk(cell.base, dim=-1) for product in (x @ given["kernel"], m_products)
    )
    m, c = nt.evaluate(cell, x_parts, m_parts, c)
    return c, m @ given["projection_weights"] if "projection_weights" in given else m


def unroll(cell, given):
    """All steps of a case: c and m after each."""
    c, m = given["c"], given["m"]
    all_c, all_m = [], []
    for x in given["inputs"]:
        c, m = step(cell, given, x, c, m)
        all_c.append(c)
        all_m.append(m)
    return torch.stack(all_c), torch.stack(all_m)


def golden_step(cell, projection):
    """The step of TensorFlow's published test: weights 0.5, states 0.1, inputs 1, 2 and 3."""
    size = REFERENCE["sizes"]
    outputs = size["P"] if projection else size["U"]
    shapes = {"kernel": (size["I"], 8 * size["U"]), "recurrent_kernel": (outputs, 8 * size["U"])}
    if projection:
        shapes["projection_weights"] = (size["U"], size["P"])
    given = {name: torch.full(shape, 0.5, dtype=DTYPE) for name, shape in shapes.items()}
    rows = torch.tensor([[1.0], [2.0], [3.0]], dtype=DTYPE).expand(3, size["I"])
    states = (torch.full((3, n), 0.1, dtype=DTYPE) for n in (size["U"], outputs))
    return dict(zip("cm", step(cell, given, rows, *states), strict=True))


def assert_equal_up_to_rounding(actual, expected):
    expected = torch.as_tensor(expected, dtype=DTYPE)
    torch.testing.assert_close(actual, expected, rtol=ROUNDING, atol=ROUNDING)


def distance(actual, expected):
    """The largest difference in each row of units."""
    difference = torch.as_tensor(actual, dtype=DTYPE) - torch.as_tensor(expected, dtype=DTYPE)
    return difference.abs().amax(dim=-1)


def column(values):
    """One number for each row, to stand beside all units of that row."""
    return torch.tensor(values, dtype=DTYPE)[:, None]


@pytest.mark.parametrize("case", ["plain", "bias and projection"])
def test_every_single_changed_token_is_told_apart(case):
    case, tokens = CASES[case], nt.zoo.NASCELL.sequence
    given = tensors(case["given"])
    for number, place in enumerate(places(base=8)):
        for token in place.allowed:
            if token != tokens[number]:
                changed = [*tokens[:number], token, *tokens[number + 1 :]]
                c, m = unroll(nt.Cell.from_sequence(changed), given)
                off_m = distance(m, case["outputs"]).max()
                off_c = distance(c, case["states"]["c"]).max()
                assert max(off_m, off_c) > 1e-3, (number + 1, token)


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("state", ["c", "m"])
def test_nascell_gives_the_published_values(name, state):
    ours = golden_step(nt.zoo.NASCELL, projection=name == "projection")[state]
    assert distance(ours, column(PUBLISHED[name][state])).max() < SIX_DIGITS
    assert_equal_up_to_rounding(ours, REFERENCE["golden"][name][state])


@pytest.mark.parametrize("case", CASES)
def test_the_layer_gives_tensorflows_outputs_states_and_gradients(case):
    """The same through ``from_tensorflow_nascell`` and the layer, whose gradients are its own."""
    recorded = CASES[case]
    given = tensors(recorded["given"])
    layer = nt.zoo.from_tensorflow_nascell(
        given["kernel"],
        given["recurrent_kernel"],
        given.get("bias"),
        given.get("projection_weights"),
    )
    x, m, c = (given[name].clone().requires_grad_() for name in ("inputs", "m", "c"))
    output, (m_last, c_last) = layer(x, (m[None], c[None]))

    expected = tensors({"m": recorded["outputs"], "c": recorded["states"]["c"][-1]})
    assert torch.allclose(output, expected["m"], rtol=0, atol=ROUNDING)
    assert torch.allclose(m_last[0], expected["m"][-1], rtol=0, atol=ROUNDING)
    assert torch.allclose(c_last[0], expected["c"], rtol=0, atol=ROUNDING)

    weights = tensors(recorded["loss_weights"])
    loss = (output * weights["outputs"]).sum()
    loss = loss + (c_last[0] * weights["c"]).sum() + (m_last[0] * weights["m"]).sum()
    theirs = tensors(recorded["gradients"])
    places = {"kernel": "weight_ih_l0", "recurrent_kernel": "weight_hh_l0"}
    places |= {"bias": "bias_hh_l0", "projection_weights": "weight_hr_l0"}
    ours = {"inputs": x, "m": m, "c": c}
    ours |= {name: getattr(layer, place) for name, place in places.items() if name in given}
    assert ours.keys() == theirs.keys()
    gradients = torch.autograd.grad(loss, list(ours.values()))
    for name, gradient in zip(ours, gradients, strict=True):
        transposed = gradient.t() if name in places else gradient
        assert torch.allclose(transposed, theirs[name], rtol=0, atol=ROUNDING), name
