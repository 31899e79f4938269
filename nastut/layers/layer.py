"""Cell -> a torch layer with the interface of :class:`torch.nn.LSTM`."""

from __future__ import annotations

import math
import warnings
from inspect import Parameter, signature
from itertools import chain, product
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from nastut.cells.cell import Cell, require_cell
from nastut.cells.sequence import require_whole_number
from nastut.layers.arguments import (
    State,
    autocast_type,
    initial_states,
    require_fitting,
    without_autocast,
)
from nastut.layers.recurrence import Weights, recur
from nastut.layers.sequences import Packed, Padded, RunSteps, run_layers


class CellRNN(nn.Module):
    """One or more layers of a cell, run over a sequence.

    Called as :class:`torch.nn.LSTM` is: shapes, ``batch_first``, unbatched and packed input and the
    order (h, c) of the state are the same. Leaf ``i`` combines rows ``i H ... (i + 1) H`` of
    ``weight_ih_l{k}`` (times the layer's input) and of ``weight_hh_l{k}`` (times h_{t-1}).

    Parameters
    ----------
    cell
        The cell that every layer runs.
    input_size, hidden_size
        I and H: the numbers of features of the input, and of h_t and c_t.
    num_layers
        Number of layers; the output of one is the input of the next.
    bias
        Whether a vector is added to the hidden product. The paper's cells have none.
    batch_first
        Whether input and output have the shape (B, T, ...) in place of (T, B, ...).
    dropout
        Probability with which an output of a layer, except of the last, becomes 0 in training.
    bidirectional
        Whether each layer also runs from the last step to the first, with weights of its own;
        the outputs of both directions stand side by side. D = 2 of them then, else D = 1.
    proj_size
        P: if positive, each layer multiplies h_t by a matrix to get P features.
    device, dtype
        Where the parameters are, and of which type.

    Attributes
    ----------
    weight_ih_l{k} : (base * H, I), or (base * H, D * H or D * P) for k > 0
    weight_hh_l{k} : (base * H, H or P)
    bias_hh_l{k} : (base * H,), if `bias`
    weight_hr_l{k} : (P, H), if `proj_size`
        Drawn from U(-1 / sqrt(H), 1 / sqrt(H)) at first.
    weight_ih_l{k}_reverse, ... : shaped as these, if `bidirectional`

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or lies outside its range.

    Notes
    -----
    Unlike :class:`torch.nn.LSTM`, it has one bias, not two; ``torch.jit.script``,
    ``torch.fx.symbolic_trace`` and ``torch.ao.quantization`` do not know it; and tracers and
    exporters (``torch.jit.trace``, ``torch.export``, ``torch.onnx``) write out every step, so
    that the batch may vary afterwards, but not the length, and refuse packed input.

    As with it, ``torch.compile`` leaves the layer as it is, and ``torch.export`` fixes the length.
    Before torch 2.9 the one compiles parts of it all the same, the other needs ``strict=False``.
    Beyond it, ``torch.func.vmap`` runs over a call and over its gradient, and forward-mode
    derivatives exist for every type.

    Opacus wants a layer that returns one tensor. Its validator lets this one pass, and ``backward``
    raises; a subclass whose ``forward`` returns ``super().forward(input, hx)[0]`` trains.

    A state dict says, beside its tensors, which cell they belong to, and ``load_state_dict``
    refuses those of another. A plain copy, ``dict(state)``, no longer says it, and is taken; nor
    does a file of nothing but tensors (safetensors): keep ``str(layer.cell)`` with it.

    Examples
    --------
    >>> import nastut as nt, torch
    >>> layer = nt.CellRNN(nt.zoo.EXAMPLE, input_size=3, hidden_size=4)
    >>> output, (h_n, c_n) = layer(torch.zeros(5, 2, 3))
    >>> output.shape, h_n.shape, c_n.shape
    (torch.Size([5, 2, 4]), torch.Size([1, 2, 4]), torch.Size([1, 2, 4]))
    """

    weight_ih_l0: Tensor
    weight_hh_l0: Tensor

    mode = "CellRNN"
    """What :class:`torch.nn.LSTM` says with ``"LSTM"``: which recurrence this is."""

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = False,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        require_cell(cell)
        for name, size, least in (
            ("input_size", input_size, 1),
            ("hidden_size", hidden_size, 1),
            ("num_layers", num_layers, 1),
            ("proj_size", proj_size, 0),
        ):
            require_whole_number(name, size, least)
        if proj_size >= hidden_size:
            raise ValueError(
                f"proj_size is {proj_size}; it must be smaller than hidden_size, {hidden_size} "
                "(0: no projection)"
            )
        for name, flag in (
            ("bias", bias),
            ("batch_first", batch_first),
            ("bidirectional", bidirectional),
        ):
            if not isinstance(flag, bool):
                raise TypeError(f"{name} is {flag!r} where True or False belongs")
        dropout = _probability(dropout)
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                f"dropout={dropout} does nothing: it acts between layers, and num_layers is 1",
                stacklevel=2,
            )

        self.cell = cell
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.proj_size = proj_size

        rows, fed_back = cell.base * hidden_size, proj_size or hidden_size
        features = input_size
        for places in self._places():
            shapes: dict[str, tuple[int, ...]] = {
                "weight_ih": (rows, features),
                "weight_hh": (rows, fed_back),
            }
            if bias:
                shapes["bias_hh"] = (rows,)
            if proj_size:
                shapes["weight_hr"] = (proj_size, hidden_size)
            for place, (name, shape) in product(places, shapes.items()):
                parameter = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
                self.register_parameter(f"{name}_{place}", parameter)
            features = fed_back * len(places)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew from U(-1 / sqrt(H), 1 / sqrt(H))."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """The parameters of each layer and direction, in the order of the states."""
        return [
            [value for value in self._weights(place) if value is not None]
            for place in chain(*self._places())
        ]

    def flatten_parameters(self) -> None:
        """Do nothing: there is no other place where the parameters would be faster."""

    def forward(
        self, input: Tensor | PackedSequence, hx: State | None = None
    ) -> tuple[Tensor | PackedSequence, State]:
        """Run the layers over sequences.

        Parameters
        ----------
        input
            Shape (T, B, I), or (B, T, I) with `batch_first`; or (T, I), without a batch; or
            sequences of different lengths, packed.
        hx
            (h_0, c_0), of shapes (D num_layers, B, H or P) and (D num_layers, B, H), without B if
            the input has none; layer after layer, each forward and then backward in time; zeros
            if not given.

        Returns
        -------
        output : Tensor or PackedSequence
            h_t of the last layer for all t: shaped as the input, with D H or D P features.
        (h_n, c_n) : tuple of Tensor
            The last states of all layers, shaped as `hx`.

        Raises
        ------
        TypeError
            If the input or a state is no tensor.
        ValueError
            If the input has not 2 or 3 dimensions, or another type than the parameters.
        RuntimeError
            If a size or a device does not fit, or a packed input contradicts itself.
        """
        if torch.compiler.is_compiling() and not torch.compiler.is_exporting():
            return self._uncompiled(input, hx)  # type: ignore[no-any-return]
        return self._call(input, hx)

    # To compile the loop over time would take minutes.
    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def _uncompiled(self, *arguments: Any) -> tuple[Tensor | PackedSequence, State]:
        return self._call(*arguments)

    def _call(
        self, input: Tensor | PackedSequence, hx: State | None
    ) -> tuple[Tensor | PackedSequence, State]:
        sequences: Padded | Packed
        if isinstance(input, PackedSequence):
            sequences, data = Packed(input), input.data
        else:
            sequences, data = Padded(input, self.batch_first), input
        weight = self.weight_hh_l0
        require_fitting(data, weight, self.input_size, isinstance(sequences, Packed))
        layers = [[self._layer(place) for place in places] for places in self._places()]
        shapes = [
            (len(layers) * len(layers[0]), *sequences.batch, size)
            for size in (self.proj_size or self.hidden_size, self.hidden_size)
        ]
        h_0, c_0 = initial_states(hx, data, shapes, weight.dtype)

        result_type = autocast_type(data) or data.dtype
        with without_autocast(data):
            blocks, h_n, c_n = run_layers(
                layers,
                [block.to(weight.dtype) for block in sequences.blocks],
                sequences.order(h_0),
                sequences.order(c_0),
                self.dropout if self.training else 0.0,
            )
        states = sequences.restore(h_n.to(result_type)), sequences.restore(c_n.to(result_type))
        return sequences.output([block.to(result_type) for block in blocks]), states

    def _places(self) -> list[list[str]]:
        """Return the ends of the parameters' names, for each layer and direction."""
        ends = ("", "_reverse") if self.bidirectional else ("",)
        return [[f"l{k}{end}" for end in ends] for k in range(self.num_layers)]

    def _weights(self, place: str) -> list[Tensor | None]:
        return [
            getattr(self, f"weight_ih_{place}"),
            getattr(self, f"weight_hh_{place}"),
            getattr(self, f"bias_hh_{place}") if self.bias else None,
            getattr(self, f"weight_hr_{place}") if self.proj_size else None,
        ]

    def _layer(self, place: str) -> RunSteps:
        """Return what runs one layer in one direction: a single member of a recurrence."""
        weights = [None if w is None else w.unsqueeze(0) for w in self._weights(place)]

        def over(x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
            states = h.unsqueeze(0), c.unsqueeze(0)
            output, memory = recur((self.cell,), x, *states, Weights._make(weights))
            return output.squeeze(0), memory.squeeze(0)

        return over

    def extra_repr(self) -> str:
        """Return the arguments that make this layer."""
        options = [
            f"{name}={getattr(self, name)}"
            for name, parameter in signature(CellRNN).parameters.items()
            if parameter.default not in (Parameter.empty, None)
            and getattr(self, name) != parameter.default
        ]
        return ", ".join([repr(self.cell), str(self.input_size), str(self.hidden_size), *options])

    # In the metadata, where torch keeps a module's version: another key in the dict itself would
    # have no tensor, and break what averages, scales or writes all its values.
    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if metadata := getattr(destination, "_metadata", None):
            metadata[prefix[:-1]]["cell"] = str(self.cell)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        known = local_metadata.get("cell", str(self.cell))
        if known != str(self.cell):
            error_msgs.append(
                f"the weights {prefix}* belong to the cell {known}, this layer's is {self.cell}; "
                "make the layer with their cell; to take them all the same, load dict(state_dict)"
            )
            return
        super()._load_from_state_dict(
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )

    def __getstate__(self) -> dict[str, Any]:
        # A sequence of words: torch.load(weights_only=True) then needs to know no other class.
        return self.__dict__ | {"cell": str(self.cell)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(  # type: ignore[no-untyped-call]
            state | {"cell": Cell.parse(state["cell"])}
        )


def _probability(dropout: object) -> float:
    if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
        raise ValueError(f"dropout is {dropout!r}; it must be a number from 0 to 1")
    return float(dropout)
