"""The log-probabilities of a policy: those of what was chosen, their entropy, their gradient."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


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
    return torch.stack([-(place.exp() * place).sum(1).mean() for place in logs])


def flat_gradient(number: Tensor, policy: nn.Module) -> Tensor:
    """Return the gradient of a number by all weights of a policy, as one vector.

    Parameters
    ----------
    number
        Of shape (), computed from the policy.
    policy
        A controller, or any other module.

    Returns
    -------
    Tensor of shape (number of weights,)
        Zero where a weight has no part in the number.
    """
    parts = torch.autograd.grad(number, [*policy.parameters()], materialize_grads=True)
    return torch.cat([part.flatten() for part in parts])
