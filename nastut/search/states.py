"""What a strategy's state must be like: whatever a file holds is looked at before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any

import torch

from nastut.files import Form, require_form

MOMENTS: dict[str, Form] = {
    "step": torch.Tensor,
    "exp_avg": torch.Tensor,
    "exp_avg_sq": torch.Tensor,
}
"""What Adam remembers of a parameter."""


def require_rewarded(
    entries: Any, choices: Sequence[int], most: int, name: str
) -> list[tuple[float, list[int]]]:
    """Return pairs of a reward and a sequence as a new list; raise a ValueError if they are none.

    Parameters
    ----------
    entries
        What a file holds.
    choices
        Number of tokens at each place.
    most
        How many pairs there may be.
    name
        What the message calls them.
    """
    require_form(entries, [(float, [int])], name)
    if len(entries) > most:
        raise ValueError(f"{name} has {len(entries)} entries; it may have {most}")
    require_sequences([list(sequence) for _, sequence in entries], choices, name)
    if any(isnan(reward) for reward, _ in entries):
        raise ValueError(f"{name} has a reward that is no number")
    return [(reward, list(sequence)) for reward, sequence in entries]


def require_sequences(sequences: Any, choices: Sequence[int], name: str) -> None:
    """Raise a ValueError unless these are lists, each with a token of every place."""
    require_form(sequences, [[int]], name)
    for sequence in sequences:
        fits = len(sequence) == len(choices)
        if not fits or not all(0 <= k < n for k, n in zip(sequence, choices, strict=True)):
            raise ValueError(f"{name} has {sequence}, which is no sequence of these choices")


def require_of_optimizer(found: Any, optimizer: torch.optim.Adam) -> None:
    """Raise a ValueError unless a state fits the optimizer: torch looks at little of it."""
    require_form(found, {"state": dict, "param_groups": [dict]}, "optimizer")
    if found["param_groups"] != optimizer.state_dict()["param_groups"]:
        raise ValueError("optimizer has other settings than this search")
    shapes = [parameter.shape for parameter in optimizer.param_groups[0]["params"]]
    if found["state"] and list(found["state"]) != list(range(len(shapes))):
        raise ValueError("optimizer has not one state for each parameter")
    for number, moments in found["state"].items():
        require_form(moments, MOMENTS, f"optimizer[{number}]")
        if [moments[name].shape for name in MOMENTS] != [torch.Size(), *2 * [shapes[number]]]:
            raise ValueError(f"optimizer[{number}] has tensors of other shapes than the weights")
