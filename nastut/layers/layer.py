"""Cell -> a torch layer with the interface of :class:`torch.nn.LSTM`."""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name it has everywhere)

from nastut.cells.cell import Cell, require_cell
from nastut.cells.sequence import require_whole_number
from nastut.layers import kernel
from nastut.layers.recurrence import Weights, recur

State = tuple[Tensor, Tensor]
"""(h, c): the output state and the memory of all layers."""


class CellRNN(nn.Module):
    """One or more layers of a cell, run over a sequence.

    Called as :class:`torch.nn.LSTM` is: shapes, ``batch_first``, unbatched input and the order
    (h, c) of the state are the same. Leaf ``i`` combines rows ``i H ... (i + 1) H`` of
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
    proj_size
        P: if positive, each layer multiplies h_t by a matrix to get P features.
    device, dtype
        Where and of which type the parameters are made.

    Attributes
    ----------
    weight_ih_l{k} : (base * H, I), or (base * H, H or P) for k > 0
    weight_hh_l{k} : (base * H, H or P)
    bias_hh_l{k} : (base * H,), if `bias`
    weight_hr_l{k} : (P, H), if `proj_size`
        Drawn from U(-1 / sqrt(H), 1 / sqrt(H)) at first.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or lies outside its range.

    Examples
    --------
    >>> import nastut as nt, torch
    >>> layer = nt.CellRNN(nt.zoo.EXAMPLE, input_size=3, hidden_size=4)
    >>> output, (h_n, c_n) = layer(torch.zeros(5, 2, 3))
    >>> output.shape, h_n.shape, c_n.shape
    (torch.Size([5, 2, 4]), torch.Size([1, 2, 4]), torch.Size([1, 2, 4]))
    """

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = False,
        batch_first: bool = False,
        dropout: float = 0.0,
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
        for name, flag in (("bias", bias), ("batch_first", batch_first)):
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
        self.proj_size = proj_size

        rows, fed_back = cell.base * hidden_size, proj_size or hidden_size
        for k in range(num_layers):
            shapes: dict[str, tuple[int, ...]] = {
                f"weight_ih_l{k}": (rows, fed_back if k else input_size),
                f"weight_hh_l{k}": (rows, fed_back),
            }
            if bias:
                shapes[f"bias_hh_l{k}"] = (rows,)
            if proj_size:
                shapes[f"weight_hr_l{k}"] = (proj_size, hidden_size)
            for name, shape in shapes.items():
                parameter = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
                self.register_parameter(name, parameter)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew from U(-1 / sqrt(H), 1 / sqrt(H))."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    @property
    def fused(self) -> bool:
        """Whether the next call runs on the compiled kernel.

        If not, ``nastut.layers.kernel.load().status`` tells why; results are the same, only slower.
        """
        return kernel.load().runs_on(next(self.parameters()))

    def forward(self, input: Tensor, hx: State | None = None) -> tuple[Tensor, State]:
        """Run the layers over a sequence.

        Parameters
        ----------
        input
            Shape (T, B, I), or (B, T, I) with `batch_first`; or (T, I), without a batch.
        hx
            (h_0, c_0), of shapes (num_layers, B, H or P) and (num_layers, B, H), without B if the
            input has none; zeros if not given.

        Returns
        -------
        output : Tensor
            h_t of the last layer for all t: shaped as the input, with H or P features.
        (h_n, c_n) : tuple of Tensor
            The last states of all layers, shaped as `hx`.

        Raises
        ------
        TypeError
            If the input or a state is no tensor.
        ValueError
            If the input has not 2 or 3 dimensions, or another type than the parameters.
        RuntimeError
            If a size or a device does not fit.
        """
        self._check_input(input)
        batched = input.dim() == 3
        if not batched:
            x = input.unsqueeze(1)
        elif self.batch_first:
            x = input.transpose(0, 1)
        else:
            x = input
        h_0, c_0 = self._initial_states(x, hx, batched)

        h_n, c_n = [], []
        for k in range(self.num_layers):
            if k > 0:
                x = F.dropout(x, self.dropout, self.training)
            weights = Weights(
                getattr(self, f"weight_ih_l{k}"),
                getattr(self, f"weight_hh_l{k}"),
                getattr(self, f"bias_hh_l{k}", None),
                getattr(self, f"weight_hr_l{k}", None),
            )
            x, c = recur(self.cell, x, h_0[k], c_0[k], weights)
            h_n.append(x[-1])
            c_n.append(c)
        states = torch.stack(h_n), torch.stack(c_n)
        if not batched:
            return x.squeeze(1), (states[0].squeeze(1), states[1].squeeze(1))
        return (x.transpose(0, 1) if self.batch_first else x), states

    def _check_input(self, input: Tensor) -> None:
        if not isinstance(input, Tensor):
            raise TypeError(f"input is a {type(input).__name__} where a tensor belongs")
        shape, weight = tuple(input.shape), next(self.parameters())
        order = "(B, T, I)" if self.batch_first else "(T, B, I)"
        if len(shape) not in (2, 3):
            raise ValueError(f"input has shape {shape}; it must be {order}, or (T, I) unbatched")
        if input.dtype != weight.dtype:
            raise ValueError(
                f"input is of type {input.dtype} but the parameters are of type {weight.dtype}; "
                f"convert it by input.to({weight.dtype}), or the layer by layer.to({input.dtype})"
            )
        if input.device != weight.device:
            raise RuntimeError(
                f"input is on {input.device} but the parameters are on {weight.device}; "
                f"move it by input.to({str(weight.device)!r})"
            )
        if shape[-1] != self.input_size:
            raise RuntimeError(
                f"input has shape {shape}, so {shape[-1]} features; input_size is {self.input_size}"
            )
        if shape[1 if self.batch_first and len(shape) == 3 else 0] == 0:
            raise RuntimeError(f"input has shape {shape}, so no time step; at least 1 is needed")

    def _initial_states(self, x: Tensor, hx: State | None, batched: bool) -> State:
        """Return (h_0, c_0), each with a batch, for the input `x` of shape (T, B, I)."""
        batch = (x.shape[1],) if batched else ()
        wanted = {
            "h_0": (self.num_layers, *batch, self.proj_size or self.hidden_size),
            "c_0": (self.num_layers, *batch, self.hidden_size),
        }
        if hx is None:
            states = [x.new_zeros(shape) for shape in wanted.values()]
        elif not isinstance(hx, tuple | list) or len(hx) != 2:
            raise TypeError(f"hx is a {type(hx).__name__} where the pair (h_0, c_0) belongs")
        else:
            states = list(hx)
        for (name, shape), state in zip(wanted.items(), states, strict=True):
            if not isinstance(state, Tensor):
                raise TypeError(f"{name} is a {type(state).__name__} where a tensor belongs")
            if tuple(state.shape) != shape:
                raise RuntimeError(
                    f"{name} has shape {tuple(state.shape)}; for this input it must be {shape}"
                )
            if state.dtype != x.dtype or state.device != x.device:
                raise RuntimeError(
                    f"{name} is of type {state.dtype} on {state.device}, "
                    f"the input of type {x.dtype} on {x.device}; they must agree"
                )
        h_0, c_0 = states if batched else (state.unsqueeze(1) for state in states)
        return h_0, c_0

    def extra_repr(self) -> str:
        """Return the arguments that make this layer."""
        defaults = {
            "num_layers": 1,
            "bias": False,
            "batch_first": False,
            "dropout": 0.0,
            "proj_size": 0,
        }
        given = [
            f"{name}={getattr(self, name)}"
            for name, value in defaults.items()
            if getattr(self, name) != value
        ]
        return ", ".join([repr(self.cell), str(self.input_size), str(self.hidden_size), *given])


def _probability(dropout: object) -> float:
    if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0 <= dropout <= 1:
        raise ValueError(f"dropout is {dropout!r}; it must be a number from 0 to 1")
    return float(dropout)
