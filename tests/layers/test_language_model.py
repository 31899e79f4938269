"""A word language model as programs have it: trained, saved, loaded, and asked to write.

The program is the same for nn.LSTM and for a CellRNN, but for two lines: the one that makes the
core, and the one that names its class to ``torch.load``.
"""

import math
from itertools import pairwise

import pytest
import torch
from torch import nn

import nastut as nt

WORDS = ["the", "a", "cat", "dog", "bird", "sees", "hears", "follows", "and", "<eos>"]
WIDTH, LAYERS, BATCH, STEPS = 16, 2, 8, 10

CORES = {
    "LSTM": (lambda: nn.LSTM(WIDTH, WIDTH, LAYERS, dropout=0.1), nn.LSTM),
    "CellRNN": (
        lambda: nt.CellRNN(nt.zoo.NASCELL, WIDTH, WIDTH, LAYERS, dropout=0.1),
        nt.CellRNN,
    ),
}


class LanguageModel(nn.Module):
    def __init__(self, core):
        super().__init__()
        self.embedding = nn.Embedding(len(WORDS), WIDTH)
        self.dropout = nn.Dropout(0.1)
        self.core = core
        self.decoder = nn.Linear(WIDTH, len(WORDS))
        self.decoder.weight = self.embedding.weight

    def forward(self, words, states):
        output, states = self.core(self.dropout(self.embedding(words)), states)
        return self.decoder(self.dropout(output)), states

    def states(self, batch):
        like = next(self.parameters())
        return tuple(like.new_zeros(LAYERS, batch, WIDTH) for _ in range(2))


def text(length):
    """Sentences: a noun, a verb, a noun, and perhaps more of them; as numbers."""
    generator = torch.Generator().manual_seed(0)

    def pick(*among):
        return among[torch.randint(len(among), (1,), generator=generator)]

    words = []
    while len(words) < length:
        for verb in (pick("sees", "hears", "follows"), None):
            words += [pick("the", "a"), pick("cat", "dog", "bird")]
            words += [verb] if verb else []
        words.append(pick("<eos>", "and"))
    return torch.tensor([WORDS.index(word) for word in words[:length]])


def mean_loss(model, columns, optimizer=None):
    model.train(optimizer is not None)
    states, losses = model.states(BATCH), []
    for start in range(0, len(columns) - 1, STEPS):
        words, targets = columns[start : start + STEPS], columns[start + 1 : start + 1 + STEPS]
        states = tuple(state.detach() for state in states)
        logits, states = model(words[: len(targets)], states)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        if optimizer:
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.25)
            optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def write(model, length, seed=0):
    model.eval()
    generator = torch.Generator().manual_seed(seed)
    word, states, written = torch.zeros(1, 1, dtype=torch.long), model.states(1), []
    with torch.no_grad():
        for _ in range(length):
            logits, states = model(word, states)
            chances = logits.flatten().softmax(0)
            word = torch.multinomial(chances, 1, generator=generator).view(1, 1)
            written.append(WORDS[int(word)])
    return written


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", CORES)
def test_it_learns_and_is_the_same_after_loading(name, tmp_path):
    make, core_class = CORES[name]
    torch.manual_seed(0)
    model = LanguageModel(make())
    columns = text(BATCH * 121).view(BATCH, -1).T.contiguous()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    before = mean_loss(model, columns)
    for _ in range(8):
        mean_loss(model, columns, optimizer)
    after = mean_loss(model, columns)
    assert before > math.log(len(WORDS)) - 0.2
    assert after < before - 1

    torch.save(model, tmp_path / "model.pt")
    known = [LanguageModel, nn.Embedding, nn.Dropout, nn.Linear, core_class]
    with torch.serialization.safe_globals(known):
        loaded = torch.load(tmp_path / "model.pt")
    loaded.core.flatten_parameters()
    assert loaded.decoder.weight is loaded.embedding.weight
    assert mean_loss(loaded, columns) == after
    written = write(loaded, 60)
    assert written == write(model, 60)
    nouns = {"cat", "dog", "bird"}
    follows_article = [b in nouns for a, b in pairwise(written) if a in ("the", "a")]
    assert sum(follows_article) > 0.8 * len(follows_article) > 0
