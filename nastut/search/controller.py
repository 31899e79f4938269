"""The controller: a recurrent network that writes sequences, one token after the other.

The functions at the end take its log-probabilities: those of the chosen tokens, their entropy, and
gradients with respect to its weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import prod

import numpy as np
import torch
from torch import Tensor, nn

from nastut.cells.cell import Cell
from nastut.cells.sequence import describe, is_whole_number, require_whole_number
from nastut.cells.space import Space, require_generator
from nastut.layers.arguments import State
from nastut.layers.layer import CellRNN
from nastut.learning.training import seeded

WEIGHTS = 0.08
"""Weights are drawn from U(-0.08, 0.08) at first (Zoph & Le 2017, section 4.2)."""

ENUMERABLE = 100_000
"""The most sequences that :func:`expected_reward` goes through."""


class Controller(nn.Module):
    """A policy over sequences of choices: P(a) is the product over t of P(a_t | a_1 ... a_{t-1}).

    Two recurrent layers of 35 units read the tokens written so far. At each place, a decoder
    turns what they give into one score for each token allowed there, and a softmax turns the
    scores into probabilities. The token drawn from them is the next input. Source: Zoph & Le
    (2017), sections 3.1 and 4.2.

    They do not say what the first input is; here it is a vector that is learned as the
    embeddings are. Each place has its own decoder and its own embedding, since token 1 of one
    place has nothing to do with token 1 of the next. All numbers are of double precision, so
    that rounding does not make two machines draw different sequences.

    Parameters
    ----------
    space
        A space of cells, or the number of tokens at each place as a list: any list of choices
        will do. The filters, kernels and strides of a network for images are another one.
    cell
        The cell of the recurrent layers; None stands for :class:`torch.nn.LSTM`.
    hidden_size, num_layers
        Units of a layer, and number of layers.
    seed
        Seed of the first weights.

    Attributes
    ----------
    choices : list of int
        Number of tokens at each place.
    start : Parameter of shape (hidden_size,)
        The input before anything is written.
    embeddings : one of shape (n_t, hidden_size) for each place t but the last
        What the recurrent layers read when a token was chosen.
    core : nn.LSTM or CellRNN
    decoders : one linear layer from hidden_size to n_t for each place t

    Raises
    ------
    TypeError, ValueError
        If the choices are no list of positive whole numbers, or another argument does not fit.

    Examples
    --------
    >>> import nastut as nt, numpy as np
    >>> space = nt.Space()
    >>> controller = nt.Controller(space)
    >>> choices = controller.sample(3, np.random.default_rng(0))
    >>> choices.shape, controller.log_probabilities(choices).shape
    (torch.Size([3, 10]), torch.Size([3, 10]))
    >>> len(space.decode(choices[0].tolist()).nodes)
    3
    """

    def __init__(
        self,
        space: Space | Sequence[int],
        cell: Cell | None = None,
        hidden_size: int = 35,
        num_layers: int = 2,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.choices = _numbers_of_choices(space)
        require_whole_number("hidden_size", hidden_size)
        require_whole_number("num_layers", num_layers)
        require_whole_number("seed", seed, least=0)
        with seeded(seed):
            self.start = nn.Parameter(torch.empty(hidden_size))
            self.embeddings = nn.ModuleList(nn.Embedding(n, hidden_size) for n in self.choices[:-1])
            self.core: nn.Module
            if cell is None:
                self.core = nn.LSTM(hidden_size, hidden_size, num_layers)
            else:
                self.core = CellRNN(cell, hidden_size, hidden_size, num_layers)
            self.decoders = nn.ModuleList(nn.Linear(hidden_size, n) for n in self.choices)
            self.double()
            for parameter in self.parameters():
                nn.init.uniform_(parameter, -WEIGHTS, WEIGHTS)

    def forward(self, choices: Tensor) -> list[Tensor]:
        """Return log P(a_t | a_1 ... a_{t-1}) of every token a_t at each place t.

        The tokens come from `choices` (teacher forcing), so one run over all places is enough.

        Parameters
        ----------
        choices
            Integers of shape (count, places), or only the first places of each sequence.

        Returns
        -------
        list of Tensor of shape (count, n_t)
            For each place of `choices` and, if there is one, the place after them.

        Raises
        ------
        TypeError, ValueError
            If the choices are no tensor of integers, or one of them is out of range.
        """
        self._check(choices)
        inputs = [self.start.expand(len(choices), -1)]
        for embedding, chosen in zip(self.embeddings, choices.unbind(1), strict=False):
            inputs.append(embedding(chosen))
        outputs, _ = self.core(torch.stack(inputs))
        return [
            decoder(output).log_softmax(1)
            for decoder, output in zip(self.decoders, outputs, strict=False)
        ]

    def log_probabilities(self, choices: Tensor) -> Tensor:
        """Return log P(a_t | a_1 ... a_{t-1}) of the tokens of some sequences.

        Summed over the places, it is the logarithm of the probability of a sequence.

        Parameters
        ----------
        choices
            Integers of shape (count, places).

        Returns
        -------
        Tensor of shape (count, places)
        """
        return of_chosen(self(choices), choices)

    @torch.no_grad()
    def sample(self, count: int, rng: np.random.Generator) -> Tensor:
        """Draw sequences: at each place a token, which is then the next input.

        Parameters
        ----------
        count
            How many sequences.
        rng
            The generator that decides, such as ``np.random.default_rng(0)``.

        Returns
        -------
        Tensor of shape (count, places)
            Integers: the number of the token chosen at each place.
        """
        require_whole_number("count", count)
        require_generator(rng)
        written: list[Tensor] = []
        state: State | None = None
        for decoder in self.decoders:
            scores, state = self.step(decoder, self.next_input(count, written), state)
            written.append(self.choose(scores.softmax(1), rng))
        return torch.stack(written, 1)

    def step(self, decoder: nn.Module, inputs: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Return the scores of the tokens at one place, and the new state (h, c)."""
        output, state = self.core(inputs[None], state)
        return decoder(output[0]), state

    def next_input(self, count: int, written: list[Tensor]) -> Tensor:
        """Return what the recurrent layers read after the tokens written so far.

        That is the embedding of the last token; of shape (count, hidden_size).
        """
        if not written:
            return self.start.expand(count, -1)
        embedded: Tensor = self.embeddings[len(written) - 1](written[-1])
        return embedded

    def choose(self, probabilities: Tensor, rng: np.random.Generator) -> Tensor:
        """Draw one token for each row of probabilities, of shape (count, n_t)."""
        # The token whose piece of the line from 0 to 1 a random point falls on.
        points = torch.from_numpy(rng.random((len(probabilities), 1)))
        ends = probabilities.cumsum(1)[:, :-1]  # The last piece ends at 1, whatever the rounding.
        return (points >= ends).sum(1)

    @torch.no_grad()
    def distribution(self, written: Sequence[int] = ()) -> Tensor:
        """Return the probabilities of the tokens at the place after those written.

        Parameters
        ----------
        written
            The choices at the first places.

        Returns
        -------
        Tensor of shape (n_t,)
        """
        if len(written) >= len(self.choices):
            raise ValueError(
                f"{len(written)} choices are written; the sequence has {len(self.choices)} places, "
                "so none is left"
            )
        choices = torch.tensor([list(written)]) if written else torch.zeros(1, 0, dtype=torch.long)
        logs: Tensor = self(choices)[-1]
        return logs.exp().squeeze(0)

    def _check(self, choices: Tensor) -> None:
        if not isinstance(choices, Tensor) or choices.dtype != torch.long:
            raise TypeError(
                f"choices are {describe(choices)} where a tensor of integers (torch.long) belongs"
            )
        if choices.dim() != 2 or choices.shape[1] > len(self.choices):
            raise ValueError(
                f"choices have shape {tuple(choices.shape)}; it must be (count, places), "
                f"with up to {len(self.choices)} places"
            )
        limits = torch.tensor(self.choices[: choices.shape[1]], dtype=torch.long)
        wrong = ((choices < 0) | (choices >= limits)).nonzero()
        if len(wrong):
            row, place = wrong[0].tolist()
            raise ValueError(
                f"choice {place + 1} is {choices[row, place].item()}; "
                f"it must be a whole number from 0 to {self.choices[place] - 1}"
            )


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
    """Return the gradient of a number with respect to all weights of a policy, as one vector.

    Parameters
    ----------
    number
        Of shape (), computed from the policy.
    policy
        A controller, or any other module.

    Returns
    -------
    Tensor of shape (number of weights,)
        Zero where the number does not depend on a weight.
    """
    parts = torch.autograd.grad(number, [*policy.parameters()], materialize_grads=True)
    return torch.cat([part.flatten() for part in parts])


def expected_reward(controller: Controller, reward: Callable[[tuple[int, ...]], float]) -> Tensor:
    """Return the exact mean reward of a controller's sequences, by going through all of them.

    Autograd goes through it, so its gradient is what REINFORCE estimates from samples.

    Parameters
    ----------
    controller
        A controller with at most 100,000 sequences; with more, a ValueError is raised.
    reward
        The reward of a sequence of choices.

    Returns
    -------
    Tensor of shape ()
    """
    if prod(controller.choices) > ENUMERABLE:
        raise ValueError(
            f"there are {prod(controller.choices):,} sequences; "
            f"up to {ENUMERABLE:,} can be gone through: take a smaller space"
        )
    sequences = list(product(*map(range, controller.choices)))
    rewards = torch.tensor([reward(choices) for choices in sequences], dtype=torch.float64)
    log_probabilities = controller.log_probabilities(torch.tensor(sequences)).sum(1)
    return (log_probabilities.exp() * rewards).sum()


def _numbers_of_choices(space: Space | Sequence[int]) -> list[int]:
    choices = space.choices if isinstance(space, Space) else space
    if not isinstance(choices, list | tuple) or not choices:
        raise TypeError(
            f"space is {describe(choices)} where a Space or a list of numbers of tokens belongs"
        )
    for number, n in enumerate(choices, 1):
        if not is_whole_number(n) or n < 1:
            raise ValueError(
                f"place {number} has {describe(n)} tokens; it must be a whole number from 1 on"
            )
    return [int(n) for n in choices]
