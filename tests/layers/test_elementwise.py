"""Programs of a step, run by both libraries of arrays on arrays over time."""

import math
import warnings

import pytest
import torch

import nastut as nt
from nastut.layers import elementwise
from nastut.layers.elementwise import bind, step_programs, summed_programs
from nastut.layers.program import Program, Symbol, recording_system

STEPS, BATCH, SIZE = 4, 3, 2
CELLS = [
    nt.zoo.EXAMPLE,
    nt.zoo.NASCELL,
    nt.Cell.parse("Max Sin Add Sigmoid Multiply Sin Add ReLU 0 2"),
    nt.Cell.parse("Multiply Tanh Add Identity 0 0"),
]


@pytest.fixture(params=["NumPy", "torch"])
def engine(request, monkeypatch):
    if request.param == "torch":
        monkeypatch.setattr(elementwise, "_NUMPY_TYPES", ())
    return request.param


def arrays(*parts, seed=0):
    """Return an array of shape (T, B, p * H) for each number of parts p."""
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(STEPS, BATCH, p * SIZE, dtype=torch.float64, generator=generator) for p in parts
    ]


@pytest.mark.parametrize("cell", CELLS, ids=str)
@pytest.mark.parametrize("programs", [step_programs, summed_programs])
def test_a_step_and_the_way_back_are_those_of_evaluate(cell, programs, engine):
    base = cell.base
    x, h, c, grad_h, grad_c = given = arrays(base, base, 1, 1, 1)
    inputs = [value.requires_grad_() for value in given[:3]]
    outputs = nt.evaluate(cell, x.chunk(base, -1), h.chunk(base, -1), c)
    grads = torch.autograd.grad(
        outputs, inputs, (grad_h, grad_c), allow_unused=True, materialize_grads=True
    )
    if programs is step_programs:
        forward, backward = programs(cell)
        expected = list(grads)
    else:
        summed, forward, backward = programs(cell)
        assert summed == tuple(node.combination == "Add" for node in cell.nodes[:base])
        others = [not is_sum for is_sum in summed]
        both = zip(x.chunk(base, -1), h.chunk(base, -1), summed, strict=True)
        x = torch.cat([a + b if is_sum else a for a, b, is_sum in both], -1)
        h = h.unflatten(-1, (base, SIZE))[:, :, others].flatten(-2)
        by_others = grads[0].unflatten(-1, (base, SIZE))[:, :, others].flatten(-2)
        expected = [grads[1], by_others, grads[2]]
    for program, read, wanted in (
        (forward, [x, h, c], outputs),
        (backward, [x, h, c, grad_h, grad_c], expected),
    ):
        assert program.loaded == tuple(value.shape[-1] // SIZE for value in read)
        found = [torch.full_like(value, math.nan) for value in wanted]
        run = bind(program, read, found)
        for t in reversed(range(STEPS)):
            run(t)
        torch.testing.assert_close(found, list(wanted), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("programs", [step_programs, summed_programs])
def test_a_cell_is_recorded_once(programs):
    cell = nt.Cell.parse(str(nt.zoo.EXAMPLE))
    assert programs(cell) is programs(nt.zoo.EXAMPLE)


def test_other_steps_and_the_inputs_are_left_alone(engine):
    a, b = Symbol(), Symbol()
    program = Program.between([[a], [b]], [[a * 2 + b], [b]])
    given = arrays(1, 1)
    found = [torch.full_like(value, 7.0) for value in given]
    before = [value.clone() for value in given]
    bind(program, given, found)(2)
    assert torch.equal(found[0][2], 2 * given[0][2] + given[1][2])
    assert torch.equal(found[1][2], given[1][2])
    for value in found:
        assert (value[[0, 1, 3]] == 7).all()
    assert all(torch.equal(now, then) for now, then in zip(given, before, strict=True))


def test_one_member_of_many_may_be_bound(engine):
    """Its arrays are contiguous at each step only."""
    a, b = Symbol(), Symbol()
    every = torch.arange(STEPS * 5 * BATCH * 2 * SIZE, dtype=torch.float64)
    every = every.view(STEPS, 5, BATCH, 2 * SIZE)
    found = torch.zeros(STEPS, 5, BATCH, SIZE, dtype=torch.float64)
    run = bind(Program.between([[a, b]], [[a - b]]), [every[:, 3]], [found[:, 3]])
    for t in range(STEPS):
        run(t)
    assert (found[:, 3] == -SIZE).all()
    assert (found[:, [0, 1, 2, 4]] == 0).all()


def test_one_symbol_is_enough(engine):
    """One register is loaded, the others are constants and what is computed."""
    a, xp = Symbol(), recording_system()
    program = Program.between([[a]], [[xp.tanh(a * 2) * xp.sin(a) + 0.5]])
    (given,), found = arrays(1), [torch.empty(STEPS, BATCH, SIZE, dtype=torch.float64)]
    run = bind(program, [given], found)
    for t in range(STEPS):
        run(t)
    torch.testing.assert_close(found[0], (2 * given).tanh() * given.sin() + 0.5)


EDGES = [0.0, -0.0, 1e-30, -1e-30, 0.5, -0.5, 40.0, -40.0, 1e5, -1e5, math.inf, -math.inf, math.nan]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "sin", "cos", "relu"])
def test_functions_are_those_of_torch_and_silent(engine, dtype, name):
    a = Symbol()
    program = Program.between([[a]], [[getattr(recording_system(), name)(a)]])
    given = torch.tensor(EDGES, dtype=dtype).view(1, -1, 1)
    found = torch.empty_like(given)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bind(program, [given], [found])(0)
    torch.testing.assert_close(
        found, getattr(torch, name)(given), rtol=3e-7, atol=1e-37, equal_nan=True
    )


def test_functions_of_two(engine):
    a, b, xp = Symbol(), Symbol(), recording_system()
    results = [a + b, a - b, a * b, xp.maximum(a, b), xp.step(a - b, 0.5)]
    one, other = (torch.tensor(v).view(1, 3, 1) for v in ([1.0, 2.0, 2.0], [2.0, 2.0, 1.0]))
    found = [torch.empty(1, 3, 5)]
    bind(Program.between([[a], [b]], [results]), [one, other], found)(0)
    assert found[0][0].T.tolist() == [
        [3, 4, 3], [-1, 0, 1], [2, 4, 2], [2, 2, 2], [0, 0.5, 1],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("dtype", "device", "expected"),
    [
        (torch.float32, "cpu", "NumPy"),
        (torch.float64, "cpu", "NumPy"),
        (torch.bfloat16, "cpu", "torch"),
        (torch.float16, "cpu", "torch"),
        (torch.float32, "meta", "torch"),
    ],
    ids=str,
)
def test_numpy_runs_what_it_can(monkeypatch, dtype, device, expected):
    ran = []
    for library, functions in (("NumPy", elementwise._NUMPY), ("torch", elementwise._TORCH)):
        monkeypatch.setitem(functions, "tanh", lambda a, out, library=library: ran.append(library))
    a = Symbol()
    value = torch.ones(1, 1, 1, dtype=dtype, device=device)
    bind(Program.between([[a]], [[recording_system().tanh(a)]]), [value], [value.clone()])(0)
    assert ran == [expected]


def test_arrays_must_be_those_of_the_program(engine):
    program = step_programs(nt.zoo.EXAMPLE).forward
    given, found = arrays(2, 2, 1), arrays(1, 1)
    with pytest.raises(ValueError, match="zip"):
        bind(program, given[:2], found)
    with pytest.raises(ValueError, match="zip"):
        bind(program, given, found[:1])
    with pytest.raises(ValueError, match="zip"):
        bind(program, given, [*found, found[0].clone()])
