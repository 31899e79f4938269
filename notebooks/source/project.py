# %% [markdown]
# # A project · Ten tokens of your own
#
# - *You have* a table in which every cell of ten tokens was trained, and some idea of what makes one good.
# - *You will build* a cell, a prediction, an experiment, and an operation that the paper did not have.
# - *It opens the way to* research: the answers are in no notebook.
#
# *Needs:* notebooks 00 to 05. *Takes:* three weeks, one stage a week, alone or in pairs.
#
# Work in a copy of this notebook. Each stage ends with what you hand in. The cells below carry out the whole
# project on one example, so that you see what is meant; put your own cell in its place.

# %%
import json
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

import nastut as nt
from nastut.learning import children, training
from nastut.lessons.plots import BLUE, ORANGE

rng = nt.setup(seed=0)
table = nt.load_table()

# %% [markdown]
# ## Stage 1 · A cell and a prediction
#
# Write ten tokens. *Before* you look anything up, say what the cell computes, whether it can remember, where
# its values are bounded, and at which rank you expect it among the 18,688 different cells on the grammar of
# notebook 06. Say why, in two sentences. A wrong prediction with a reason is worth more than a right one
# without.

# %%
my_cell = nt.Cell.parse("Add Sigmoid  Add Tanh  Multiply Identity  Add Identity  1 0")
my_rank = 9_000  # my prediction

print(nt.formulas(my_cell))
print("memory path:", nt.formulas(my_cell).memory_path)
nt.draw(my_cell)

# %% [markdown]
# **Hand in:** the tokens, the picture, the formula of $h_t$ written out by hand, the predicted rank, the two
# sentences.
#
# ## Stage 2 · An experiment
#
# First see that you can do again what the table did: the same streams, the same recipe, the same seeds.

# %% tags=["nbval-ignore-output"]
how = table.settings["tasks"]["embedded_reber"]
task = nt.tasks.embedded_reber(np.random.default_rng(how["stream_seed"]), **how["arguments"])
recipe = training.Recipe(**how["recipe"])


def perplexities(cells, recipe=recipe, seeds=how["seeds"]):
    """Validation perplexities of shape (cells, seeds); infinite where training diverged."""
    ends = [
        [record.validation[-1] if record.diverged is None else np.inf for record in records]
        for records in (
            children.train(cells, task, recipe, how["hidden_size"], seed, progress=False)
            for seed in seeds
        )
    ]
    return np.transpose(ends)


mine = perplexities([my_cell])[0]
recorded = table.validation()[table.row(my_cell), :, -1]
print("recorded:", recorded, " trained again:", mine.round(3))
print(f"rank {table.rank(my_cell):,} of {len(table):,}; predicted {my_rank:,}")
assert np.median(abs(np.log(mine / recorded))) < 0.01

# %% [markdown]
# Now ask one question that the table alone does not answer, and change *one* thing. For example: does the
# order of two cells hold when they train four times as long? On the other grammar, `delayed_recall`? With
# another learning rate for each? Here: all cells that differ from mine in one activation, and each with twice
# and half the learning rate.

# %%
words = my_cell.sequence
neighbours = [my_cell]
for place in (1, 3, 5):
    for word in table.space.activations:
        changed = [*words[:place], word, *words[place + 1 :]]
        if changed != words:
            neighbours.append(nt.Cell.from_sequence(changed))

rates = [recipe.learning_rate * factor for factor in (0.5, 1, 2)]
by_rate = np.array(
    [perplexities(neighbours, replace(recipe, learning_rate=rate)) for rate in rates]
)
best = np.median(by_rate, axis=2).min(axis=0)

fig, axis = plt.subplots(figsize=(7.5, 3.4))
for row, values in enumerate(by_rate[1]):
    if np.isinf(values).any():
        axis.text(
            best[np.isfinite(best)].max(), row, "diverged at the usual rate", va="center", size=8
        )
    else:
        axis.plot(values, [row] * len(values), "o", color=BLUE, alpha=0.5)
axis.plot(best, range(len(best)), "|", color=ORANGE, markersize=14, markeredgewidth=2)
names = [str(cell).removesuffix(" Add Identity 1 0") for cell in neighbours]
axis.set_yticks(range(len(names)), [f"mine: {names[0]}", *names[1:]], size=8)
axis.set(xlabel="validation perplexity", ylim=(len(names) - 0.5, -0.5))
plt.show()
assert best[1] < best[0]

# %% [markdown]
# A dot is a seed at the usual rate, the stroke the median at the best of three rates. With Identity in the
# first place my cell would be better. Or was that luck? Three seeds are few, and whoever takes the best of
# ten cells takes their luck, too.
#
# **Hand in:** your question; what you changed and what you kept; a figure with every seed in it; one
# sentence that answers the question, and one that says how sure you are. What would have to come out
# for the opposite answer?
#
# ## Stage 3 · An operation of your own
#
# The paper has two combinations and four activations. An operation is one row in
# `nastut/cells/operations.py` and one colour in `nastut/pictures/style.py`. Sine is there already, outside the
# space that is searched. Here it takes the place of each activation of my cell:

# %% tags=["nbval-ignore-output"]
with_sine = [
    nt.Cell.from_sequence([*words[:place], "Sin", *words[place + 1 :]]) for place in (1, 3, 5)
]
for cell, values in zip(with_sine, perplexities(with_sine), strict=True):
    shown = values.round(3)
    print(f"{cell!s:60s} median {np.median(values):.2f} (mine: {np.median(mine):.2f})", shown)

# %% [markdown]
# Add one that you have a reason for: a smooth ReLU, a clipped identity, the difference as a combination, the
# geometric mean … Everything else follows by itself: formulas, gradients, pictures, training. Check that
# it does:
#
# - `nt.formulas(cell)` shows it, and `nt.linearize` reads it back;
# - NumPy, torch and sympy give the same value (`nt.evaluate` takes numbers of each kind);
# - `make test` still passes.
#
# Then judge it as in stage 2: the same seeds, each contestant at the best of its own rates, all numbers shown.
#
# **Hand in:** the two changed lines, the reason for the operation, the comparison, the verdict. *It does not
# help* is a result, if the experiment could have shown that it does.
#
# ## The report
#
# Two pages. Copy this:
#
#     # Title: the answer in one line
#     ## The cell          tokens, picture, formula, predicted and true rank, what the difference taught me
#     ## The question      one sentence; what was changed, what was kept
#     ## The experiment    one figure with every seed; the answer; how sure I am
#     ## The operation     its row, its reason, the comparison
#     ## What I would do next, and what would change my mind
#
# ## The form
#
# Beside the report, hand in this file. It says what a program can check; the rest is read.

# %% tags=["nbval-ignore-output"]
form = {
    "cell": str(my_cell),
    "predicted_rank": my_rank,
    "rank": table.rank(my_cell),
    "perplexity": round(float(np.median(mine)), 3),
    "seeds": how["seeds"],
    "operation": "Sin",
}
print(json.dumps(form, indent=1))
