"""Programs of a step: what they compute, their gradients, and how few registers they need."""

import numpy as np
import pytest
import torch

import nastut as nt
from nastut.cells.number_systems import torch_system
from nastut.layers.program import Program, Symbol, gradients, recording_system, step_programs

CELLS = [
    nt.zoo.EXAMPLE,
    nt.zoo.LSTM,
    nt.zoo.NASCELL,
    nt.zoo.MAXCELL,
    nt.Cell.parse("Max Sin Add Sigmoid Multiply Sin Add ReLU 0 2"),
    nt.Cell.parse("Multiply Tanh Add Identity 0 0"),
]
FUNCTIONS = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "step": torch.heaviside,
    "cos": torch.cos,
}


def run(program, values):
    """Run a program on numbers."""
    registers = [torch.as_tensor(value, dtype=torch.float64) for value in values]
    registers += [torch.tensor(number, dtype=torch.float64) for number in program.constants]
    registers += [None] * (program.n_registers - len(registers))
    for operation, operands, result in program.instructions:
        function = FUNCTIONS.get(operation) or getattr(torch_system(), operation)
        registers[result] = function(*(registers[k] for k in operands))
    return [registers[k].item() for k in program.results]


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_step_and_its_gradients_are_those_of_evaluate(cell):
    values = torch.from_numpy(np.random.default_rng(0).normal(size=2 * cell.base + 3))
    *inputs, grad_h, grad_c = values
    inputs = [value.clone().requires_grad_() for value in inputs]
    x, h, c = inputs[: cell.base], inputs[cell.base : -1], inputs[-1]
    outputs = nt.evaluate(cell, x, h, c)
    grads = torch.autograd.grad(outputs, inputs, (grad_h, grad_c))

    summed, forward, backward = step_programs(cell)
    assert summed == tuple(node.combination == "Add" for node in cell.nodes[: cell.base])
    others = [i for i in range(cell.base) if not summed[i]]
    parts = [x[i] + h[i] if summed[i] else x[i] for i in range(cell.base)]
    read = [*parts, *(h[i] for i in others), c]
    assert run(forward, read) == pytest.approx([value.item() for value in outputs], rel=1e-14)
    by_x, by_h, by_c = grads[: cell.base], grads[cell.base : -1], grads[-1]
    expected = [*by_h, *(by_x[i] for i in others), by_c]
    found = run(backward, [*read, grad_h, grad_c])
    assert found == pytest.approx([value.item() for value in expected], rel=1e-12)


def test_every_operation_has_the_value_and_the_slope_of_torch():
    a, b, grad, xp = Symbol(), Symbol(), Symbol(), recording_system()
    one, other = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.3, -0.7))
    for function in (
        lambda a, b, xp: a + b,
        lambda a, b, xp: 2 + a - b * 3,
        lambda a, b, xp: 1 - a * b,
        lambda a, b, xp: xp.tanh(a) * b,
        lambda a, b, xp: xp.sigmoid(a + b) * b,
        lambda a, b, xp: xp.relu(a) + xp.relu(b),
        lambda a, b, xp: xp.sin(a) * b,
        lambda a, b, xp: xp.maximum(a, b) + xp.maximum(b, a * 0),
    ):
        result, expected = function(a, b, xp), function(one, other, torch_system())
        by = torch.autograd.grad(expected, (one, other), allow_unused=True, materialize_grads=True)
        program = Program.between([a, b, grad], [result, *gradients([result], [grad], [a, b])])
        found = run(program, [one.item(), other.item(), 2.0])
        assert found == pytest.approx([expected.item(), *(2 * value.item() for value in by)])


def test_what_is_not_needed_is_not_computed():
    a = Symbol()
    needed = a * a
    recording_system().tanh(needed)
    program = Program.between([a], [needed])
    assert [instruction.operation for instruction in program.instructions] == ["multiply"]


def test_an_input_may_be_a_result():
    a, b = Symbol(), Symbol()
    program = Program.between([a, b], [b, a, a])
    assert program.instructions == ()
    assert run(program, [1.0, 2.0]) == [2.0, 1.0, 1.0]


def test_registers_are_used_again_but_never_too_early():
    a = Symbol()
    chain = [a]
    for _ in range(10):
        chain.append(chain[-1] + a)
    program = Program.between([a], [chain[-1], chain[5]])
    assert program.n_registers < 6
    assert run(program, [1.0]) == [11.0, 6.0]


def test_a_cell_is_recorded_once():
    assert step_programs(nt.Cell.parse(str(nt.zoo.EXAMPLE))) is step_programs(nt.zoo.EXAMPLE)
