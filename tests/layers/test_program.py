from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch

import nastut as nt
from nastut.cells.number_systems import numpy_system
from nastut.layers import elementwise
from nastut.layers.program import Program, Symbol, recording_system


def run(program, values):
    """Run a program on plain numbers."""
    xp = numpy_system()
    functions = {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: a * b,
    }
    registers = [*values, *program.constants]
    registers += [None] * (program.n_registers - len(registers))
    for operation, operands, result in program.instructions:
        function = functions.get(operation) or getattr(xp, operation)
        registers[result] = function(*(registers[k] for k in operands))
    return [registers[k] for k in program.results]


@pytest.mark.parametrize("name", ["EXAMPLE", "LSTM", "NASCELL", "MAXCELL"])
def test_the_recorded_step_is_the_step(name):
    cell = getattr(nt.zoo, name)
    values = np.random.default_rng(0).normal(size=2 * cell.base + 1)
    forward, _ = elementwise.step_programs(cell)
    expected = nt.evaluate(cell, values[: cell.base], values[cell.base : -1], values[-1])
    assert run(forward, values) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("name", ["EXAMPLE", "LSTM", "NASCELL", "MAXCELL"])
def test_where_leaves_add_the_step_is_given_sums(name):
    cell = getattr(nt.zoo, name)
    x, h = np.random.default_rng(0).normal(size=(2, cell.base))
    c, *grads = (0.3, -1.2, 0.7)
    summed, forward, backward = elementwise.summed_programs(cell)
    assert summed == tuple(node.combination == "Add" for node in cell.nodes[: cell.base])
    parts = np.where(summed, x + h, x)
    others = [value for value, is_sum in zip(h, summed, strict=True) if not is_sum]
    given = [*parts, *others, c]
    assert run(forward, given) == pytest.approx(nt.evaluate(cell, x, h, c), rel=1e-14)
    plain = run(elementwise.step_programs(cell).backward, [*x, *h, c, *grads])
    by_x, by_h, by_c = plain[: cell.base], plain[cell.base : -1], plain[-1]
    by_others = [value for value, is_sum in zip(by_x, summed, strict=True) if not is_sum]
    assert run(backward, [*given, *grads]) == pytest.approx([*by_h, *by_others, by_c])


def test_every_operation_is_recorded():
    a, b, xp = Symbol(), Symbol(), recording_system()
    wanted = [
        a + b, 2 + a, a - b, 1 - a, a * b, 3 * a, xp.tanh(a), xp.sigmoid(a), xp.relu(a),
        xp.sin(a), xp.cos(a), xp.maximum(a, b), xp.step(a, 0.5),
    ]  # fmt: skip
    program = Program.between([[a, b]], [wanted])
    x, y = 0.3, -0.7
    assert run(program, [x, y]) == pytest.approx([
        x + y, 2 + x, x - y, 1 - x, x * y, 3 * x, np.tanh(x), 1 / (1 + np.exp(-x)), x,
        np.sin(x), np.cos(x), x, 1.0,
    ])  # fmt: skip


def test_symbols_and_programs_stay_as_they_are():
    a = Symbol()
    for recorded, name in ((a, "number"), (Program.between([[a]], [[a]]), "results")):
        with pytest.raises(FrozenInstanceError):
            setattr(recorded, name, 1)


def test_what_nobody_needs_is_not_computed():
    a = Symbol()
    needed = a * a
    recording_system().tanh(needed)
    program = Program.between([[a]], [[needed]])
    assert [instruction.operation for instruction in program.instructions] == ["multiply"]


def test_an_input_may_be_an_output():
    a, b = Symbol(), Symbol()
    program = Program.between([[a], [b]], [[b, a], [a]])
    assert (program.loaded, program.stored, program.instructions) == ((1, 1), (2, 1), ())
    assert run(program, [1.0, 2.0]) == [2.0, 1.0, 1.0]


def test_registers_are_used_again_but_never_too_early():
    a = Symbol()
    chain = [a]
    for _ in range(10):
        chain.append(chain[-1] + a)
    program = Program.between([[a]], [[chain[-1], chain[5]]])
    assert program.n_registers < 6
    assert run(program, [1.0]) == [11.0, 6.0]


@pytest.mark.parametrize("types", [(), (torch.float32,)], ids=["torch", "NumPy"])
def test_one_array_may_be_input_and_output(monkeypatch, types):
    monkeypatch.setattr(elementwise, "_NUMPY_TYPES", types)
    a = Symbol()
    values = torch.full((1, 2, 3), 3.0)
    elementwise.bind(Program.between([[a]], [[a * a]]), [values], [values])(0)
    assert values.unique().tolist() == [9.0]
