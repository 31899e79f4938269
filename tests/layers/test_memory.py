"""Where a tensor is no plain memory, or operations are watched, the layer calls the operations."""

import io
import warnings
from unittest.mock import patch

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils.flop_counter import FlopCounterMode

import nastut as nt
from nastut.layers.memory import may_use_addresses


@pytest.fixture
def layer():
    torch.manual_seed(0)
    return nt.CellRNN(nt.zoo.NASCELL, 3, 4, bias=True, proj_size=2)


@pytest.fixture
def input():
    return torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(1))


def other(input):
    """Another input of the same shape, for what was recorded with the first."""
    return input.flip(0) + 1


def test_plain_tensors_are_plain(layer, input):
    assert may_use_addresses([input, None, *layer.parameters(), input[:, :1].mT])


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.to("meta"),
        lambda t: t.to_sparse(),
        lambda t: torch._neg_view(t),
        lambda t: t.as_subclass(type("Own", (torch.Tensor,), {})),
        lambda t: FakeTensorMode().from_tensor(t),
    ],
    ids=["meta", "sparse", "negated view", "subclass", "fake"],
)
def test_what_is_no_plain_memory(make, input):
    assert not may_use_addresses([input, make(input)])


def recorded(function, input):
    make_fx(function, pre_dispatch=True)(input)


def traced(function, input):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(function, input, check_trace=False)


def counted(function, input):
    with FlopCounterMode(display=False):
        function(input)


def carried(function, input):
    with forward_ad.dual_level():
        function(input)


def compiled(function, input):
    with patch.object(torch.compiler, "is_compiling", lambda: True):
        function(input)


@pytest.mark.parametrize(
    "watch",
    [recorded, traced, counted, carried, compiled, lambda f, x: torch.func.vmap(f)(x)],
    ids=["recorded", "traced", "counted", "carried forward", "compiled", "transformed"],
)
def test_while_operations_are_watched_no_tensor_is_plain(watch, input):
    """Not even one that was there before."""
    plain, answers = torch.ones(2), []

    def function(x):
        answers.append(may_use_addresses([plain]))
        return x + 1

    watch(function, input)
    assert answers == [False]
    assert may_use_addresses([plain])


def test_a_tensor_that_has_left_its_transformation(input):
    left = []
    torch.func.vmap(lambda x: left.append(x) or x)(input)
    assert not may_use_addresses(left)


def test_fake_tensors(layer, input):
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        output, (h, c) = layer(mode.from_tensor(input))
        output.sum().backward()
    assert (output.shape, h.shape, c.shape) == ((5, 2, 2), (1, 2, 2), (1, 2, 4))


@pytest.mark.parametrize("pre_dispatch", [False, True])
@pytest.mark.parametrize("mode", ["real", "fake", "symbolic"])
def test_make_fx_records_the_operations(layer, input, mode, pre_dispatch):
    parameters = dict(layer.named_parameters())

    def run(input, parameters):
        return torch.func.functional_call(layer, parameters, (input,))[0]

    recorded = make_fx(run, tracing_mode=mode, pre_dispatch=pre_dispatch)(input, parameters)
    torch.testing.assert_close(recorded(other(input), parameters), layer(other(input))[0])


def test_make_fx_records_the_gradient(layer, input):
    def gradient(input):
        return torch.autograd.grad(layer(input.requires_grad_())[0].sum(), input)[0]

    recorded = make_fx(gradient)(input)
    torch.testing.assert_close(recorded(other(input)), gradient(other(input)))


def test_a_gradient_that_is_recorded_alone(layer, input):
    output = layer(input.requires_grad_())[0]

    def gradient(grad):
        return torch.autograd.grad(output, input, grad, retain_graph=True)[0]

    recorded = make_fx(gradient)(torch.ones_like(output))
    grad = torch.randn(output.shape)
    torch.testing.assert_close(recorded(grad), gradient(grad))


@pytest.mark.parametrize("gradients", [False, True])
def test_jit_trace(layer, input, gradients):
    with torch.set_grad_enabled(gradients), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, and says so
        traced = torch.jit.trace(layer, input)
        file = io.BytesIO()
        torch.jit.save(traced, file)
        file.seek(0)
        loaded = torch.jit.load(file)
    torch.testing.assert_close(loaded(other(input)), layer(other(input)))


def test_the_tracer_that_onnx_uses_records_no_constants(layer, input):
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer says that a shape was compared
        graph, _ = torch.jit._get_trace_graph(layer, (input,))
    products = [node for node in graph.nodes() if node.kind() == "aten::linear"]
    assert len(products) == 1 + 2 * 5  # of the input; of the state and the projection at each step


def test_dispatch_modes_see_the_products(layer, input):
    with FlopCounterMode(display=False) as counter:
        layer(input)
    rows, a_row = 5 * 2, 2 * ((3 + 2) * 32 + 4 * 2)
    assert counter.get_total_flops() == rows * a_row


def test_functional_gradients(layer, input):
    parameters = {name: p.detach() for name, p in layer.named_parameters()}

    def loss(parameters, input):
        return torch.func.functional_call(layer, parameters, (input,))[0].square().sum()

    layer(input)[0].square().sum().backward()
    expected = {name: p.grad for name, p in layer.named_parameters()}
    torch.testing.assert_close(torch.func.grad(loss)(parameters, input), expected)
    each = torch.func.vmap(torch.func.grad(loss), (None, 0))(
        parameters, torch.stack([input, other(input)])
    )
    torch.testing.assert_close({name: both[0] for name, both in each.items()}, expected)
    jacobian = torch.func.jacrev(lambda x: layer(x)[0])(input)
    torch.testing.assert_close(torch.func.jacfwd(lambda x: layer(x)[0])(input), jacobian)


@pytest.mark.parametrize("twice", [False, True])
def test_batched_gradients(layer, input, twice):
    output = layer(input.requires_grad_())[0]
    grads = torch.randn(3, *output.shape)
    (batched,) = torch.autograd.grad(
        output, input, grads, is_grads_batched=True, retain_graph=True, create_graph=twice
    )
    for one, grad in zip(batched, grads, strict=True):
        expected = torch.autograd.grad(output, input, grad, retain_graph=True)[0]
        torch.testing.assert_close(one, expected)


def test_derivatives_that_are_carried_forward(layer, input):
    tangent = torch.randn(input.shape)
    with forward_ad.dual_level():
        output = layer(forward_ad.make_dual(input, tangent))[0]
        found = forward_ad.unpack_dual(output).tangent
    expected = torch.func.jvp(lambda x: layer(x)[0], (input,), (tangent,))[1]
    torch.testing.assert_close(found, expected)
    difference = (layer(input + 1e-3 * tangent)[0] - layer(input - 1e-3 * tangent)[0]) / 2e-3
    torch.testing.assert_close(found, difference, rtol=1e-2, atol=1e-3)


def test_a_negated_view_is_read_as_it_is(layer, input):
    view = torch._neg_view(input)
    torch.testing.assert_close(layer(view)[0], layer(-input)[0])


def test_autocast_is_left_outside(layer, input):
    expected = layer(input)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = layer(input)[0]
        output.sum().backward()
    assert output.dtype == torch.bfloat16
    assert torch.equal(output, expected.bfloat16())
