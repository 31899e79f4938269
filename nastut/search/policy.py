"""The log-probabilities of a policy: those of what was chosen, and their entropy."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def of_chosen(logs: Sequence[Tensor], choices: Tensor) -> Tensor:
    """Pick the log-probabilities of the chosen tokens among those of all.

    Parameters
    ----------
    logs
        For each place, log-probabilities of shape (count, n_t): what a controller returns.
    choices
        Integers of shape (count, places).

    Returns
    -------
    Tensor of shape (count, places)
    """
    pairs = zip(logs, choices.unbind(1), strict=True)
    return torch.stack([place.gather(1, chosen[:, None])[:, 0] for place, chosen in pairs], 1)


def entropies(logs: Sequence[Tensor]) -> Tensor:
    """Return the entropy at each place, in nats: 0 for a sure choice, log n_t for an even one.

    Parameters
    ----------
    logs
        For each place, log-probabilities of shape (count, n_t): what a controller returns.

    Returns
    -------
    Tensor of shape (places,)
        Means over the sequences.
    """
    return torch.stack([-(place.exp() * place).sum(-1).mean() for place in logs])
