"""Programs: no more is computed than is needed, in few registers."""

import torch

from nastut.layers.program import Program, Symbol, recording_system


def run(program, values):
    """Run a program on numbers."""
    registers = [torch.as_tensor(value, dtype=torch.float64) for value in values]
    registers += [torch.tensor(number, dtype=torch.float64) for number in program.constants]
    registers += [None] * (program.n_registers - len(registers))
    for operation, operands, result in program.instructions:
        registers[result] = getattr(torch, operation)(*(registers[k] for k in operands))
    return [registers[k].item() for k in program.results]


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
