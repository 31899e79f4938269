"""What people do with a torch.nn.LSTM, done to it and to the layer that computes the same.

The projection is the one weight that both have in common, number for number.

Each case gives something to compare: values of tensors, or plain facts.
"""

import copy
import io
import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn
from torch.autograd import forward_ad
from torch.nn.utils import parametrize, prune
from torch.utils.checkpoint import checkpoint

import nastut as nt
from lstm_pair import lstm_and_layer, tensors, weighted_sum

CASES = []


def case(function):
    CASES.append(function)
    return function


@pytest.fixture
def input():
    return torch.randn(5, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("function", CASES, ids=lambda function: function.__name__)
def test_it_ends_as_it_does_with_lstm(function, input):
    lstm, layer = lstm_and_layer(num_layers=2, bidirectional=True, proj_size=2)
    assert_same(function(layer, input.clone()), function(lstm, input.clone()))


def assert_same(found, expected):
    if isinstance(expected, tuple | list):
        assert len(found) == len(expected)
        for pair in zip(found, expected, strict=True):
            assert_same(*pair)
    elif isinstance(expected, torch.Tensor):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    else:
        assert found == expected


def gradient(layer, input):
    """Results, and the gradient of all of them with respect to the input."""
    input = input.clone().requires_grad_()
    found = tensors(layer(input))
    return [*found, torch.autograd.grad(weighted_sum(found), input)[0]]


class Negated(nn.Module):
    def forward(self, weight):
        return -weight


class Twice(nt.CellRNN):
    def forward(self, input, hx=None):
        return super().forward(2 * input, hx)


# Copies and files


@case
def deep_copy(layer, input):
    copied = copy.deepcopy(layer)
    nn.init.zeros_(layer.weight_ih_l0)
    return copied(input)


@case
def shallow_copy(layer, input):
    copied = copy.copy(layer)
    return copied(input), copied.weight_hh_l0 is layer.weight_hh_l0


@case
def pickled(layer, input):
    return pickle.loads(pickle.dumps(layer))(input)


@case
def whole_layer_loaded_with_weights_only(layer, input):
    file = io.BytesIO()
    torch.save(nn.Sequential(layer), file)
    file.seek(0)
    with torch.serialization.safe_globals([type(layer), nn.Sequential]):
        return torch.load(file, weights_only=True)(input)


@case
def not_loaded_with_weights_only_if_not_named(layer, input):
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match=f"{type(layer).__name__}"):
        torch.load(file, weights_only=True)


@case
def state_with_a_key_missing(layer, input):
    state = layer.state_dict()
    del state["weight_hh_l1_reverse"]
    return layer.load_state_dict(state, strict=False).missing_keys


# Types, devices, memory


@case
def to_half(layer, input):
    return [value.dtype for value in gradient(layer.half(), input.half())]


@case
def on_meta(layer, input):
    return [(value.shape, value.device) for value in tensors(layer.to("meta")(input.to("meta")))]


@case
def strided_input_and_states(layer, input):
    h = torch.ones(4, 1, 2, dtype=torch.float64).expand(4, 2, 2)
    c = torch.ones(4, 1, 4, dtype=torch.float64).expand(4, 2, 4)
    return layer(input.mT.contiguous().mT, (h, c)), layer(input[:, :1].expand(5, 2, 3))


@case
def layout_of_the_results(layer, input):
    return [value.is_contiguous() for value in tensors(layer(input))]


# Parameters


@case
def frozen(layer, input):
    found = gradient(layer.requires_grad_(False), input)
    return found, layer(input)[0].requires_grad


@case
def all_weights(layer, input):
    layer.flatten_parameters()
    named = {id(value): name for name, value in layer.named_parameters()}
    names = [[named[id(value)] for value in place] for place in layer.all_weights]
    return [[name for name in place if not name.startswith("bias_ih")] for place in names]


@case
def attributes(layer, input):
    names = "input_size hidden_size num_layers bias batch_first dropout bidirectional proj_size"
    return [getattr(layer, name) for name in names.split()], isinstance(layer.mode, str)


@case
def replaced_parameter(layer, input):
    layer.weight_hh_l0 = nn.Parameter(torch.zeros_like(layer.weight_hh_l0))
    return layer(input)


@case
def tied_parameters(layer, input):
    layer.weight_hh_l1 = layer.weight_hh_l0
    return gradient(layer, input)


@case
def parametrized(layer, input):
    parametrize.register_parametrization(layer, "weight_hr_l0", Negated())
    found = gradient(layer, input)
    with parametrize.cached():
        found += gradient(layer, input)
    parametrize.remove_parametrizations(layer, "weight_hr_l0")
    return [*found, *gradient(layer, input), type(layer) in (nn.LSTM, nt.CellRNN)]


@case
def deep_copy_of_a_parametrized_layer(layer, input):
    parametrize.register_parametrization(layer, "weight_hr_l0", Negated())
    return copy.deepcopy(layer)(input)


@case
def pruned(layer, input):
    prune.custom_from_mask(layer, "weight_hr_l0", torch.arange(8).view(2, 4) > 2)
    found = gradient(layer, input)
    prune.remove(layer, "weight_hr_l0")
    return [*found, *gradient(layer, input), isinstance(layer.weight_hr_l0, nn.Parameter)]


@case
def functional_call(layer, input):
    halves = {name: value.detach() / 2 for name, value in layer.named_parameters()}
    before = layer(input)[0]
    found = torch.func.functional_call(layer, halves, (input,))
    return found, torch.equal(layer(input)[0], before)


@case
def replica_of_data_parallel(layer, input):
    replica = layer._replicate_for_data_parallel()
    for name, value in layer.named_parameters():
        setattr(replica, name, value * 1)  # a plain attribute, as torch's replicate leaves it
    found = gradient(replica, input)
    weighted_sum(tensors(replica(input))).backward()
    return found, list(replica.parameters()), layer.weight_ih_l1.grad is not None


# Gradients


@case
def checkpointed(layer, input):
    input.requires_grad_()
    for reentrant in (False, True):
        checkpoint(layer, input, use_reentrant=reentrant)[0].square().sum().backward()
    return input.grad


@case
def saved_elsewhere(layer, input):
    with torch.autograd.graph.save_on_cpu(), torch.autograd.detect_anomaly():
        return gradient(layer, input)


@case
def results_changed_in_place(layer, input):
    input.requires_grad_()
    output, (h, c) = layer(input)
    h.mul_(2)
    c.add_(1)
    return torch.autograd.grad(weighted_sum([output, h, c]), input)


@case
def weight_changed_before_backward(layer, input):
    output = layer(input)[0]
    with torch.no_grad():
        layer.weight_hh_l0.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


@case
def inference(layer, input):
    with torch.inference_mode():
        output = layer(input)[0]
    return output.is_inference(), output.clone()


@case
def transformed_by_torch_func(layer, input):
    def loss(x):
        return weighted_sum(tensors(layer(x)))

    return (
        torch.func.grad(loss)(input),
        torch.func.jacrev(loss)(input),
        torch.func.vjp(loss, input)[0],
    )


@case
def carried_forward(layer, input):
    def output(x):
        return layer(x)[0]

    with forward_ad.dual_level():
        dual = forward_ad.unpack_dual(output(forward_ad.make_dual(input, input + 1))).tangent
    return dual, torch.func.jvp(output, (input,), (input,)), torch.func.jacfwd(output)(input)


@case
def jacobian_and_hessian(layer, input):
    def loss(x):
        return weighted_sum(tensors(layer(x)))

    return [
        torch.autograd.functional.jacobian(lambda x: layer(x)[0], input, vectorize=True),
        torch.autograd.functional.hessian(loss, input),
    ]


@case
def batched_gradients(layer, input):
    input.requires_grad_()
    output = layer(input)[0]
    grads = torch.stack([torch.ones_like(output), output.detach()])
    return torch.autograd.grad(output, input, grads, is_grads_batched=True)


@case
def gradcheck_of_all_kinds(layer, input):
    return torch.autograd.gradcheck(
        lambda x: tensors(layer(x)),
        input[:2].clone().requires_grad_(),
        check_batched_grad=True,
        check_forward_ad=True,
    )


# Around it


@case
def in_threads(layer, input):
    with ThreadPoolExecutor(4) as executor:
        return list(executor.map(layer, [input] * 4))


@case
def compiled(layer, input):
    return torch.compile(layer, backend="eager")(input)


@case
def by_keyword_and_with_a_list_of_states(layer, input):
    states = [torch.ones(4, 2, size, dtype=torch.float64) for size in (2, 4)]
    return layer(input=input, hx=None), layer(input, hx=states)


def test_in_a_spawned_process():
    _, layer = lstm_and_layer()
    layer.requires_grad_(False)
    input = torch.ones(2, 1, 3, dtype=torch.float64)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply(layer, (input,))
    assert torch.equal(found[0], layer(input)[0])


def test_what_lstm_cannot_do():
    """vmap over a call and over its gradient, and forward mode in float32."""
    layer = nt.CellRNN(nt.zoo.NASCELL, 3, 4, bidirectional=True)
    inputs = torch.randn(6, 5, 2, 3)

    def loss(parameters, input):
        return torch.func.functional_call(layer, parameters, (input,))[0].square().sum()

    parameters = dict(layer.named_parameters())
    found = torch.func.vmap(torch.func.grad(loss), (None, 0))(parameters, inputs)
    for k, input in enumerate(inputs):
        expected = torch.autograd.grad(loss(parameters, input), list(parameters.values()))
        torch.testing.assert_close([grad[k] for grad in found.values()], list(expected))
    together = torch.func.vmap(lambda input: layer(input)[0])(inputs)
    torch.testing.assert_close(together[3], layer(inputs[3])[0])
    torch.func.jvp(lambda x: layer(x)[0], (inputs[0],), (inputs[0],))


def test_skip_init_and_subclasses_and_the_default_type():
    layer = nn.utils.skip_init(nt.CellRNN, nt.zoo.EXAMPLE, 3, 4, bidirectional=True)
    assert layer(torch.zeros(5, 2, 3))[0].shape == (5, 2, 8)
    twice = Twice(nt.zoo.EXAMPLE, 3, 4)
    input = torch.ones(5, 2, 3)
    assert torch.equal(twice(input)[0], nt.CellRNN.forward(twice, 2 * input)[0])
    with torch.device("meta"):
        assert nt.CellRNN(nt.zoo.EXAMPLE, 3, 4).weight_hh_l0.device.type == "meta"
