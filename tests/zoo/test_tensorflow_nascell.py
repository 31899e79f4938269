"""NASCELL against the cell it stands for: TensorFlow Addons' NASCell, in values and gradients.

The reference was recorded from the real thing by ``tests/reference/make_tensorflow_nascell.py``.
"""

import json
from dataclasses import replace

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

# Ports in circulation add at leaf 3, and give this m where TensorFlow publishes PUBLISHED.
ADDITIVE_M = (0.618672, 0.630180, 0.630712)


def with_leaf_3(combination):
    nodes = list(nt.zoo.NASCELL.nodes)
    nodes[3] = nt.Node(combination, nodes[3].activation)
    return replace(nt.zoo.NASCELL, nodes=tuple(nodes))


def tensors(values):
    return {name: torch.tensor(value, dtype=DTYPE) for name, value in values.items()}


def step(cell, given, x, c, m, bias_goes_to="m"):
    """One step with TensorFlow's matrices: (c, m) before to (c, m) after."""
    products = {"x": x @ given["kernel"], "m": m @ given["recurrent_kernel"]}
    if "bias" in given:
        products[bias_goes_to] = products[bias_goes_to] + given["bias"]
    x_parts, m_parts = (product.chunk(cell.base, dim=-1) for product in products.values())
    m, c = nt.evaluate(cell, x_parts, m_parts, c)
    return c, m @ given["projection_weights"] if "projection_weights" in given else m


def unroll(cell, given, **options):
    """All steps of a case: c and m after each."""
    c, m = given["c"], given["m"]
    all_c, all_m = [], []
    for x in given["inputs"]:
        c, m = step(cell, given, x, c, m, **options)
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


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
class TestRandomWeights:
    def test_outputs_and_states_agree_at_every_step(self, case):
        c, m = unroll(nt.zoo.NASCELL, tensors(case["given"]))
        assert_equal_up_to_rounding(m, case["outputs"])
        assert_equal_up_to_rounding(m, case["states"]["m"])
        assert_equal_up_to_rounding(c, case["states"]["c"])

    def test_gradients_agree(self, case):
        given = {n: value.requires_grad_() for n, value in tensors(case["given"]).items()}
        weights = tensors(case["loss_weights"])
        c, m = unroll(nt.zoo.NASCELL, given)
        loss = (
            (m * weights["outputs"]).sum()
            + (c[-1] * weights["c"]).sum()
            + (m[-1] * weights["m"]).sum()
        )
        loss.backward()
        assert_equal_up_to_rounding(loss.detach(), case["loss"])
        assert set(case["gradients"]) == set(given)
        for name, expected in case["gradients"].items():
            assert_equal_up_to_rounding(given[name].grad, expected)

    def test_every_single_changed_token_is_told_apart(self, case):
        given, tokens = tensors(case["given"]), nt.zoo.NASCELL.sequence
        for number, place in enumerate(places(base=8)):
            for token in place.allowed:
                if token != tokens[number]:
                    changed = [*tokens[:number], token, *tokens[number + 1 :]]
                    c, m = unroll(nt.Cell.from_sequence(changed), given)
                    off_m = distance(m, case["outputs"]).max()
                    off_c = distance(c, case["states"]["c"]).max()
                    assert max(off_m, off_c) > 1e-3, (number + 1, token)


@pytest.mark.parametrize("name", ["bias", "bias and projection"])
def test_bias_belongs_to_the_hidden_part(name):
    case = CASES[name]
    _, m = unroll(nt.zoo.NASCELL, tensors(case["given"]), bias_goes_to="x")
    assert distance(m, case["outputs"]).max() > 1e-2


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("state", ["c", "m"])
class TestPublishedValues:
    def test_tensorflow_gave_them_when_the_reference_was_recorded(self, name, state):
        recorded = REFERENCE["golden"][name][state]
        assert distance(recorded, column(PUBLISHED[name][state])).max() < SIX_DIGITS

    def test_nascell_gives_them(self, name, state):
        ours = golden_step(nt.zoo.NASCELL, projection=name == "projection")[state]
        assert distance(ours, column(PUBLISHED[name][state])).max() < SIX_DIGITS
        assert_equal_up_to_rounding(ours, REFERENCE["golden"][name][state])


def test_additive_port_gives_its_known_values_and_is_told_apart():
    m = golden_step(with_leaf_3("Add"), projection=False)["m"]
    assert distance(m, column(ADDITIVE_M)).max() < SIX_DIGITS
    # The first row tells most and the last row least; even there nobody can take it for rounding.
    first, second, third = distance(m, column(PUBLISHED["plain"]["m"]))
    assert first > second > third > 1000 * SIX_DIGITS


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
