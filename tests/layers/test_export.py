"""Tracers, exporters and compilers: what comes out computes what the layer computes."""

import io
import warnings

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter
from torch.export import Dim
from torch.nn.utils.rnn import pack_sequence

from lstm_pair import lstm_and_layer, needs_newer_torch, tensors

OPTIONS = [
    {},
    {"bidirectional": True, "num_layers": 2, "proj_size": 2},
    {"batch_first": True},
]


@pytest.fixture(params=OPTIONS, ids=str)
def both(request):
    lstm, layer = lstm_and_layer(**request.param, dtype=torch.float32)
    return lstm.eval(), layer.eval()


def arguments(layer, batch, steps=3):
    """Return an input and its states."""
    order = (batch, steps) if layer.batch_first else (steps, batch)
    count = layer.num_layers * (1 + layer.bidirectional)
    sizes = (layer.proj_size or 4, 4)
    return torch.randn(*order, 3), tuple(torch.randn(count, batch, size) for size in sizes)


def batch_axis(layer):
    return 0 if layer.batch_first else 1


def assert_same(found, expected):
    for ours, theirs in zip(tensors(found), tensors(expected), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


@pytest.mark.parametrize("with_states", [True, False])
def test_traced_saved_and_loaded_it_takes_any_batch(both, with_states):
    lstm, layer = both
    count = 2 if with_states else 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer says, as of an LSTM, that shapes are compared
        traced = torch.jit.trace(layer, arguments(layer, 2)[:count])
    file = io.BytesIO()
    torch.jit.save(traced, file)
    file.seek(0)
    loaded = torch.jit.load(file)
    for batch in (2, 5):
        values = arguments(layer, batch)[:count]
        assert_same(loaded(*values), lstm(*values))
    with pytest.raises(RuntimeError, match="Expected 3 elements"):
        loaded(*arguments(layer, 2, steps=4)[:count])


@pytest.mark.parametrize("strict", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_exported_it_takes_any_batch(both, strict):
    lstm, layer = both
    batch, axis = Dim("batch"), batch_axis(layer)
    shapes = {"input": {axis: batch}, "hx": ({1: batch}, {1: batch})}
    values = arguments(layer, 2)
    exported = torch.export.export(layer, values, dynamic_shapes=shapes, strict=strict)
    for size in (2, 5):
        values = arguments(layer, size)
        assert_same(exported.module()(*values), lstm(*values))


@needs_newer_torch
def test_strictly_exported_it_computes_the_same():
    lstm, layer = lstm_and_layer(dtype=torch.float32)
    values = arguments(layer, 2, steps=1)
    assert_same(torch.export.export(layer, values, strict=True).module()(*values), lstm(*values))


@pytest.mark.parametrize("dynamo", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("options", [OPTIONS[0], OPTIONS[1]], ids=str)
def test_onnx_runtime_computes_the_same(options, dynamo, tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    lstm, layer = lstm_and_layer(**options, dtype=torch.float32)
    layer.eval()
    axis, path = batch_axis(layer), tmp_path / "layer.onnx"
    dynamic = (
        {"dynamic_shapes": {"input": {axis: Dim("batch")}}}
        if dynamo
        else {"dynamic_axes": {"input": {axis: "batch"}}}
    )
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            layer,
            arguments(layer, 2)[:1],
            path,
            input_names=["input"],
            dynamo=dynamo,
            **dynamic,
        )
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for batch in (2, 5):
        input, _ = arguments(layer, batch)
        output, *last = map(torch.from_numpy, session.run(None, {"input": input.numpy()}))
        assert_same((output, last), lstm(input))


class Model(nn.Module):
    def __init__(self, core):
        super().__init__()
        self.before, self.core, self.after = nn.Linear(3, 3), core, nn.Linear(8, 2)

    def forward(self, x):
        return self.after(self.core(self.before(x))[0])


@needs_newer_torch
def test_the_compiler_leaves_it_as_it_is():
    _, core = lstm_and_layer(bidirectional=True, dtype=torch.float32)
    model = Model(core)
    counter = CompileCounter()
    compiled = torch.compile(model, backend=counter)
    for steps in (40, 50):
        input = torch.randn(steps, 2, 3)
        torch.testing.assert_close(compiled(input), model(input))
    assert counter.op_count < 20
    packed = pack_sequence([torch.randn(5, 3), torch.randn(2, 3)])
    compiled_core = torch.compile(core, backend="eager")
    torch.testing.assert_close(compiled_core(packed)[0].data, core(packed)[0].data)
    with pytest.raises(RuntimeError):  # as for the LSTM: there is a place where it stops
        torch.compile(model, backend="eager", fullgraph=True)(torch.randn(5, 2, 3))
