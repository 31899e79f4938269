# %% [markdown]
# # 08 · Networks that design networks
#
# - *You have* a controller that writes cells, and a table that knows what each cell is worth.
# - *You will build* the experiment that the article only asks for: the cell that was found becomes
#   the controller's own, and again. And the controls, without which it would say nothing.
# - *It opens the way to* spaces that no table holds.

# %% [markdown]
# **By the end you can**
#
# - say what in this loop can converge, and what cannot,
# - tell a fixed point and a cycle of a map from a distribution that has settled,
# - choose the controls that an experiment needs, and count runs that never arrive,
# - test whether a difference over seeds is more than chance, and say what the test cannot show.
#
# *Needs:* notebooks 03, 06 and 07.
#
# *Takes:* 55 minutes of reading, 35 minutes of exercises.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

import nastut as nt
from nastut.search import PriorityQueue, runner
from nastut.studies import generations

rng = nt.setup(seed=0)
DEAD = nt.Cell.parse(generations.DEAD)
_ = torch.set_num_threads(1)

# %% [markdown]
# ## A prediction
#
# The controller is a recurrent network, so it has a cell of its own. We call it the **core**. In
# the paper the core is LSTM. The article proposes to replace it by the cell that was found, to
# search again with that controller, and so on. *"My guess is that it would converge, but who knows,
# maybe you get an infinitely better network."*
#
# **After five such generations: does the found cell stay the same? Is it found faster? Is it
# better?** Answer each of the three before you read on.

# %% [markdown]
# ## 1 · What can converge
#
# One answer needs no experiment. What a cell is worth, its reward, comes from *its own* training.
# The controller only decides in which order cells are tried. So the best cell is the same for every
# controller, and there is a best one. The table has it:

# %%
table = nt.load_table()
best = table.best(1)[0]
print(f"the best of {len(table):,} classes: {best}, reward {table.reward(best):.4f}")
assert max(table.rewards()) == table.reward(best) < 1

# %% [markdown]
# No infinitely better network, then: a finite space has a ceiling, and no reward passes 1. What
# *can* change from core to core is how many **evaluations** a search needs, and how far it gets. So
# we measure the number of cells proposed until one of the best per mille (18 cells) appears, and
# the rank of the best cell at the end.
#
# All searches here are by priority-queue training, a method of notebook 07 that did well: after
# each batch the controller learns the best cells so far. Cores have 35 units. But LSTM has four
# leaves' worth of matrices, where a cell of base 2 has two. So a *small* LSTM of 25 units comes along:

# %%
for name, core, units in (
    ("LSTM", None, generations.UNITS),
    ("small LSTM", None, generations.SMALL),
    ("base 2", best, generations.UNITS),
):
    controller = nt.Controller(table.space, core, units)
    count = sum(parameter.numel() for parameter in controller.parameters())
    print(f"{name:10s} {units} units, {count:,} parameters")
assert abs(count - 11_880) < 40

# %% [markdown]
# ## 2 · Two generations
#
# Generation 0 has LSTM as its core. The best cell that it finds is handed to generation 1, of which
# you make the first 100 evaluations here.


# %%
def search(core, seed, evaluations):
    return nt.search.priority_queue(
        table.space, table.reward, evaluations, seed=seed, cell=core, progress=False
    )


results = [search(None, seed=1_000, evaluations=1_000)]
found = results[0].best.canonical()
results.append(search(found, seed=2_000, evaluations=100))

print(f"LSTM found rank {table.rank(found)}: {found}")

# %% [markdown]
# This cell now sits in the controller, in both of its layers, where LSTM was.

# %%
found

# %% [markdown]
# One run says nothing. The same was done for 20 seeds and six generations, with eleven other lines of
# controllers beside it, and recorded (`python -m nastut study generations`). You have just computed the
# beginning of its first run. We compare all **improvements**: at which evaluation a better cell came,
# and which rank it had. (Why only 100 evaluations of generation 1? Processors round differently in the
# sixteenth digit, and in a found core such a difference grows, until another token is drawn. Section 3
# comes back to this.)

# %%
recorded = nt.load_study("generations")
settings, runs = recorded["settings"], list(recorded["runs"].values())
assert settings["table"] == table.digest
assert runs[0]["found"][1]["core"] == str(found)

for result, record in zip(results, runs[0]["found"], strict=False):
    curve = result.curve()
    improved = np.flatnonzero(np.diff(curve, prepend=-1) > 0)
    yours = [[int(i) + 1, table.rank(result.cells[i])] for i in improved]
    theirs = [entry for entry in record["improvements"] if entry[0] <= len(curve)]
    assert yours == theirs
    print(f"{len(curve)} evaluations, {len(yours)} improvements: as recorded")

# %%
assert len(runs) == len(settings["seeds"]) == 20
for name, line in settings["lines"].items():
    assert all(len(run[name]) == 6 for run in runs)
    next_core = {"found": "what was found", "random": "drawn at random", "same": "the same again"}
    print(f"{name:21s} {line['units']} units; the next core is {next_core[line['next_core']]}")

# %% [markdown]
# *Same seed* and *found* are the article's loop, with one seed for all generations and with new
# ones. The others are **controls**: they say what would have happened anyway. *Random* has cores
# that nobody found, *LSTM* and *small LSTM* never change, and *dead* we meet in section 6. Other
# learning rates are there because the usual one was chosen for LSTM, and might favour it.

# %% [markdown]
# ## 3 · One seed: a map
#
# First the line that keeps its seed. Then nothing is left to chance: the same core always finds the
# same cell. So the search is a **map**: it sends each cell to the cell that it finds,
#
# $$ F : \{\text{cells}\} \to \{\text{cells}\}, \qquad \text{core} \mapsto \text{what a controller
# with this core finds}, $$
#
# and the article's loop is LSTM, $F(\text{LSTM})$, $F(F(\text{LSTM}))$, and so on. There are only
# 18,688 classes of cells. So some cell must come a second time, and from there on everything
# repeats. **With one seed the loop must end in a cycle**, whatever the search is like. A cycle of
# length 1 is a **fixed point**: a cell that, as a core, finds itself.
#
# > **Exercise 8.1** ★★ · 10 minutes
# >
# > A map is given as a dictionary, such as `{"A": "B", "B": "C", "C": "B"}`: A leads to B, and so
# > on. Write `cycle(leads_to, start)`. It returns a pair: the number of steps *before* the cycle is
# > entered, and the length of the cycle. Here, from A: `(1, 2)`.


# %%
def cycle(leads_to, start):
    return ...  # steps before the cycle, length of the cycle


nt.check("8.1", cycle)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Keep a list of what you visited, in order. When do you stop?
#
# </details>
# <details><summary>Hint 2</summary>
#
# When the next letter is in the list already. Where it stands there is the first number.
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 8.1
def solution_8_1(leads_to, start):
    visited = [start]
    while (following := leads_to[visited[-1]]) not in visited:
        visited.append(following)
    before = visited.index(following)
    return before, len(visited) - before


nt.check("8.1", solution_8_1)

# %% [markdown]
# The theorem does not say *when* the cycle is entered. Here is what happened. Each row is a run,
# each column a generation, and each number the rank of the found cell. A frame says: found by a
# controller with this very cell as its core. On the left, that is a fixed point.


# %%
def ranks(line):
    """Return the rank of what was found, of shape (seeds, generations)."""
    return np.array([[g["improvements"][-1][1] for g in run[line]] for run in runs])


def found_itself(line):
    return np.array([[g["core"] == g["best"] for g in run[line]] for run in runs])


def show_ranks(axis, line, title):
    axis.imshow(np.log(ranks(line)), cmap="Blues", vmin=-1, vmax=6, aspect="auto")
    fixed, frame = found_itself(line), {"boxstyle": "square", "fc": "none"}
    for (row, column), rank in np.ndenumerate(ranks(line)):
        bbox = frame if fixed[row, column] else None
        axis.text(column, row, rank, ha="center", va="center", fontsize=7, bbox=bbox)
    axis.set(title=title, xlabel="generation", xticks=range(6), yticks=range(20))
    axis.tick_params(axis="y", labelsize=7)
    axis.grid(visible=False)


fig, axes = plt.subplots(1, 2, figsize=(8, 5))
show_ranks(axes[0], "same seed", "one seed for all generations")
show_ranks(axes[1], "found", "a new seed for each generation")
axes[0].set_ylabel("runs")
plt.show()


# %%
def cycle_length(history):
    """Return how many generations ago the last cell was found before; 0 if it is new."""
    *before, last = [generation["best"] for generation in history]
    return before[::-1].index(last) + 1 if last in before else 0


lengths = np.array([cycle_length(run["same seed"]) for run in runs])
for length, count in zip(*np.unique(lengths, return_counts=True), strict=True):
    print(
        f"{count:2d} runs: "
        + (f"in a cycle of length {length}" if length else "not yet in a cycle")
    )
assert np.mean(lengths > 0) > 0.5
assert {1, 2} <= set(lengths)
assert np.median(ranks("same seed")[:, 0]) < np.median(ranks("same seed")[:, 1:])

# %% [markdown]
# After five generations most runs go round already. Some sit at a fixed point. Others alternate
# between two cells: 1, 6, 1, 6. This *is* convergence, of the kind that any map on a finite set
# must show. It says nothing about better. LSTM, in generation 0, mostly found the best cell of all;
# what came later is rather worse.
#
# And it is fragile. Whether a cell is fixed depends on the seed. We take each recorded fixed point,
# change the first weights of its controller by a millionth of their size, and search again:


# %%
def nudged(core, seed, by):
    """Return the best cell found if the first weights are changed by that part of their size."""
    controller = nt.Controller(table.space, core, seed=seed)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weights in controller.parameters():
            noise = torch.randn(weights.shape, generator=generator, dtype=weights.dtype)
            weights *= 1 + by * noise
    learner = PriorityQueue(controller, np.random.default_rng(seed))
    evaluations = settings["evaluations"]
    result = runner.run(learner, table.space, table.reward, evaluations, progress=False)
    return result.best.canonical()


# %%
fixed = np.flatnonzero(lengths == 1)
cores = [nt.Cell.parse(runs[row]["same seed"][-1]["core"]) for row in fixed]
seeds = [settings["seeds"][row] for row in fixed]
after = [nudged(core, seed, by=1e-6) for core, seed in zip(cores, seeds, strict=True)]
moved = sum(a != b for a, b in zip(cores, after, strict=True))
print(f"{len(fixed)} fixed points;", "some of them moved" if moved else "none of them moved")
assert moved > 0

# %% [markdown]
# That is enough to move some of them. Which ones depends on the processor, since rounding is such a
# change, too. A fixed point says something of a seed, not of a cell.
#
# ## 4 · New seeds: what settles
#
# The article probably means a new seed for each generation. Now the found
# cell is *drawn*, with probabilities that may depend on the core. Such a loop is called a **Markov
# chain**. It need not stop at any cell. What can settle is the *distribution* of the found cell. If
# the core made no difference at all, it would settle after one step. Then every generation would find
# each cell with the same probability, whatever was found before.
#
# So ask: is a cell found more often by a controller that has this very cell as its core? We count
# how often that happened. Then we shuffle: the cores of a generation are dealt out to the 20 runs anew,
# and we count again, ten thousand times. If the core does not matter, the true count looks like these.

# %%
cores = np.array([[g["core"] for g in run["found"][1:]] for run in runs])
finds = np.array([[g["best"] for g in run["found"][1:]] for run in runs])
counted = (cores == finds).sum()

shuffled = [(rng.permuted(cores, axis=0) == finds).sum() for _ in range(10_000)]
p = (1 + np.sum(shuffled >= counted)) / (1 + len(shuffled))
low, high = np.quantile(shuffled, (0.025, 0.975))
print(f"found itself: {counted} of {cores.size}; 95 % of the shuffles: {low:.0f} to {high:.0f}")
print(f"p = {p:.2f}")
assert low <= counted <= high

# %% [markdown]
# A core finds itself about as often as it would find another core of its generation. The repeats are
# there because few cells are at the top, and every search goes to the top. This test looks at one
# thing only, at finding *itself*. A core might matter in other ways:
#
# ## 5 · Faster? Better?
#
# Some runs never reach the best per mille within 1,000 evaluations: their numbers are censored. As in
# notebook 07, we ask when half of *all* runs had arrived.


# %%
def needed(line):
    """Return evaluations until the best per mille, of shape (seeds, generations)."""
    return np.array([[g["reached"] or np.inf for g in run[line]] for run in runs])


def proposed(line):
    """Return how many different cells were proposed, of shape (seeds, generations)."""
    return np.array([[g["distinct"] for g in run[line]] for run in runs])


def at_end(line, key):
    """Return the median of an entropy or a dependence of the policies at the end, in nats."""
    values = [g[key] for run in runs for g in run[line][1:]]
    return np.median([value for value in values if value is not None])  # None: lost to infinities


def half(numbers):
    return np.quantile(numbers, 0.5, method="inverted_cdf")


# %%
COMPARED = {"found": "o-", "random": "s--", "LSTM": "^:", "dead": "x-."}
COLOURS = ("#0072b2", "#e69f00", "#b3400e", "#555555")
at = np.arange(settings["evaluations"] + 1)
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for (line, style), colour in zip(COMPARED.items(), COLOURS, strict=True):
    left.plot(range(6), [half(n) for n in needed(line).T], style, color=colour, label=line)
    arrived = [(needed(line)[:, 1:] <= n).mean() for n in at]
    right.plot(at, arrived, style[1:], color=colour, label=line)
left.set(xlabel="generation", ylabel="evaluations until half arrived", ylim=0)
right.set(xlabel="evaluations", ylabel="share of generations 1 to 5", ylim=(0, 1.02))
right.legend()
plt.show()

# %%
print(" " * 21, "half within   never   rank   different cells   entropy")
for line in settings["lines"]:
    later = needed(line)[:, 1:]
    rank, cells = (np.median(measure(line)[:, 1:]) for measure in (ranks, proposed))
    print(f"{line:21s} {half(later):11.0f} {np.isinf(later).sum():7d} {rank:6.0f}", end="")
    print(f" {cells:17.0f} {at_end(line, 'entropy'):9.1f}")
assert all(half(needed(line)[:, 1:]) < 350 for line in COMPARED)

# %% [markdown]
# Right: where a line ends below 1, the rest never arrived. On the left no line falls steadily. The last
# three numbers are medians at the end of the searches.
#
# To judge differences, we let the lines fight **duels**, each later generation of one line against
# the other's same generation, seed by seed. In *first*, who arrives first wins; in *rank*, who has
# found the better cell at the end; equal is half a win. A share of 0.5 means no difference. The
# band is 95 % of what comes out when the seeds are drawn again. For $p$ we swap the two lines at
# random, seed by seed: $p$ is how often the share is then at least as far from 0.5.


# %%
def wins(one, other):
    """Return 1 where `one` is smaller, that is better, and a half where the two are equal."""
    return (one < other) + 0.5 * (one == other)


def duels(a, b, measure):
    """Return the share of duels that line `a` wins, for each seed."""
    return wins(measure(a)[:, 1:], measure(b)[:, 1:]).mean(axis=1)


def verdict(share):
    """Return the mean share, its band, and the probability of one so far from a half by chance."""
    signs = rng.choice([-1, 1], size=(10_000, len(share)))
    by_chance = np.abs((signs * (share - 0.5)).mean(1))
    p = (1 + np.sum(by_chance >= abs(share.mean() - 0.5) - 1e-12)) / (1 + len(signs))
    again = rng.choice(share, size=(10_000, len(share))).mean(1)
    return share.mean(), *np.quantile(again, (0.025, 0.975)), p


PAIRS = [("found", other) for other in ("LSTM", "small LSTM", "random")]
PAIRS += [(f"found, {rate}", f"LSTM, {rate}") for rate in generations.RATES]
PAIRS += [("dead", "LSTM"), ("dead", "found")]

# %%
judged = {}
fig, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True, layout="constrained")
for axis, (name, measure) in zip(axes, {"first": needed, "rank": ranks}.items(), strict=True):
    for row, (a, b) in enumerate(PAIRS):
        judged[name, a, b] = share, low, high, p = verdict(duels(a, b, measure))
        axis.plot((low, high), (row, row), color="#767676")
        axis.plot(share, row, "o", color="#0072b2")
        shown = f"p = {p:.3f}" if p >= 0.001 else "p < 0.001"
        axis.text(0.8, row, shown, va="center", size=8)
    axis.axvline(0.5, color="black", linewidth=1)
    axis.set(title=name, xlabel="share of duels won", xlim=(0.1, 1), ylim=(7.5, -0.5))
axes[0].set_yticks(range(len(PAIRS)), [f"{a} against {b}" for a, b in PAIRS], size=8)
plt.show()

for a, b in PAIRS[:5]:
    assert judged["first", a, b][1] < 0.5 < judged["first", a, b][2]
for other in ("LSTM", "small LSTM", "random"):
    assert judged["rank", "found", other][2] < 0.5
for rate in ("quarter rate", "half rate"):
    assert judged["rank", f"found, {rate}", f"LSTM, {rate}"][3] > 0.05
assert judged["rank", "found, twice the rate", "LSTM, twice the rate"][2] < 0.4

# %%
faster = wins(needed("found")[:, 5], needed("found")[:, 1])
print(f"generation 5 before generation 1: in {faster.mean():.0%} of the seeds")
assert verdict(faster)[3] > 0.3

# %% [markdown]
# **No speed-up is seen.** In *first*, the found cores' bands hold 0.5, but for twice the rate,
# where they lose. Nor is generation 5 faster than generation 1.
#
# **And better? At the rate chosen for LSTM, found cores end at worse cells**: worse than LSTM, than
# a small LSTM, and than cores drawn at random. Some of their searches never arrive. The numbers say
# how: they propose fewer different cells, and their policies end with less entropy. At lower rates
# little or nothing of that is left, and at twice the rate it is worse. The step seems too large for
# them; why is not tested here.
#
# The bands say what 20 seeds cannot exclude: at half the rate, that found cores win, or lose, about
# three duels of five. (A seed's five generations count as one number: they are not independent.)
# Among sixteen comparisons one $p$ below 0.05 is to be expected; those below 0.003 are not.
#
# ## 6 · A core that reads nothing
#
# The line `dead` has a strange core. Both of its leaves multiply by $W\,h_{t-1}$, and $h_0 = 0$. So
# $a_0 = a_1 = 0$, and $h_1 = 0$, and so on for ever, whatever $x_t$ is:

# %%
nt.formulas(DEAD)

# %% [markdown]
# A controller with this core cannot see what it has written. At each place it has the same
# probabilities, whatever stands before: ten independent dice, each loaded by itself. An LSTM's
# probabilities do depend on it:

# %%
for core in (DEAD, None):
    controller = nt.Controller(table.space, core)
    one, other = controller.distribution([0, 0, 0]), controller.distribution([1, 3, 1])
    print(f"{core or 'LSTM'}: {'the same' if torch.equal(one, other) else 'different'}")
    assert torch.equal(one, other) == (core is DEAD)

# %% [markdown]
# So all dead cores are one and the same controller. A second one, with other tokens, searches in
# exactly the same way:

# %%
other = nt.Cell.parse("Multiply ReLU  Multiply Sigmoid  Multiply Tanh  Add Tanh  2 1")
assert search(DEAD, seed=0, evaluations=200).cells == search(other, seed=0, evaluations=200).cells

# %% [markdown]
# > **Exercise 8.2** ★★★ · 15 minutes
# >
# > Write `is_dead(cell)`: is $h_t = 0$ at every step, whatever $x_t$ and whatever the matrices, if
# > $h_0 = c_0 = 0$? It takes a base-2 cell and returns True or False. Mind the memory: $h_1 = 0$
# > does not yet mean $h_2 = 0$. (A few steps tell: what wakes a cell of base 2 does so early.)


# %%
def is_dead(cell):
    return ...  # True or False


nt.check("8.2", is_dead)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Use `nt.evaluate` with random arrays for `x_parts`. As long as $h_{t-1} = 0$, what are the
# `h_parts`?
#
# </details>
# <details><summary>Hint 2</summary>
#
# Zeros. Start with `c = np.zeros(100)`, take a few steps, carry `c` along, and stop as soon as an
# element of `h` is not 0.
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 8.2
def solution_8_2(cell):
    c = np.zeros(100)
    for x_parts in np.random.default_rng(0).normal(size=(6, 2, 100)):
        h, c = nt.evaluate(cell, x_parts, np.zeros((2, 100)), c)
        if np.any(h):
            return False
    return True


nt.check("8.2", solution_8_2)

# %% [markdown]
# How many cells are dead? The same question, put to a random thousand of the table:

# %%
some = np.random.default_rng(7).choice(len(table), 1_000, replace=False)
dead = np.array([solution_8_2(table.cells[row]) for row in some])
print(f"{dead.mean():.0%} dead; their best reward {table.rewards()[some][dead].max():.4f}")
assert 0.2 < dead.mean() < 0.4

for line in ("LSTM", "random", "dead"):
    owed = at_end(line, "dependence")
    print(f"{line:7s} choices owe {owed:.2f} nats to those before")
assert owed < 1e-3

# %% [markdown]
# (A choice *owes* to those before what knowing them takes away of its entropy: their mutual
# information, over the queue.) As *cells* they are worthless. As *cores* they are not so bad: ten
# independent dice may need more evaluations than LSTM, but they end at cells about as good. And
# LSTM's own choices owe little to those before. So writing ten tokens asks little of a core, and a
# better one may have little to gain.
#
# ## 7 · Does a better cell design faster?

# %%
drawn = [g for run in runs for g in run["random"][1:]]
cores = [nt.Cell.parse(g["core"]) for g in drawn]
worth = np.array([table.reward(core) for core in cores])
first = np.array([g["reached"] for g in drawn])
dead = np.array([solution_8_2(core) for core in cores])

fig, axis = plt.subplots()
for chosen, marker, label in ((~dead, "o", "not dead"), (dead, "x", "dead")):
    axis.plot(worth[chosen], first[chosen], marker, label=label)
axis.set(xlabel="reward of the core as a cell", ylabel="evaluations until the best per mille")
axis.legend(loc="lower center", ncols=2, bbox_to_anchor=(0.5, 1))
plt.show()


# %%
def better_first(worth, first):
    """Of all pairs that differ in both, the share in which the better core arrived first."""
    agree = np.sign(np.subtract.outer(worth, worth)) * np.sign(np.subtract.outer(first, first))
    return np.sum(agree < 0) / np.sum(agree != 0)


for label, chosen in (("all", dead | True), ("not dead", ~dead)):
    share = better_first(worth[chosen], first[chosen])
    chance = [better_first(worth[chosen], rng.permutation(first[chosen])) for _ in range(1_000)]
    low, high = np.quantile(chance, (0.025, 0.975))
    print(f"{label}: {chosen.sum()} cores, the better one first in {share:.0%} of pairs; ", end="")
    print(f"95 % of what chance gives: {low:.0%} to {high:.0%}")
    assert low < share < high
handed_on = [table.reward(nt.Cell.parse(g["core"])) for run in runs for g in run["found"][1:]]
above = np.mean(np.array(handed_on) > worth.max())
print(f"found cores that are better than every one of these: {above:.0%}")
assert above == 1

# %% [markdown]
# Among the hundred cores of the random line, the better cell was the faster designer in about half
# of the pairs, as chance would have it. (On the left are the cells that never learn.) Found cores
# are all better than these, and, by section 5, not faster either. What a cell is worth on a grammar
# says little, here, about how well it designs. So there is little for the loop to hand on.
#
# ## 8 · The verdict
#
# The article guessed that the loop would converge. **With one seed it must, to a cycle that depends
# on the seed. With new seeds nothing was seen to build up**: cores do not find themselves more
# often, generation 5 is no faster than generation 1, and *better* has a ceiling that LSTM mostly
# reaches. What matters is the learning rate: with LSTM's, found cores search worse than at lower
# ones.
#
# What this does **not** show. The space is tiny, and most searches arrive within a few hundred
# evaluations: there is little room to be better. Rewards come from a toy grammar, cores are of base
# 2, the first weights were not varied, and only priority-queue training was tried. A small effect
# on speed would not have shown. Where sequences are long and choices hang together, a core has more
# to do, and the answer may be another one.
#
# ## What you can do now
#
# - You said what in the loop can converge, and proved that with one seed it must end in a cycle.
# - You told a fixed point from a distribution that has settled.
# - You chose controls, and one of them (other learning rates) changed the verdict.
# - You tested differences over seeds, with runs among them that never arrived.
#
# **Three questions**
#
# <details><summary>1. A friend runs the loop once. After generation 3 the cell no longer changes. "It converges!" What do you ask?</summary>
#
# Whether the seed was the same each time. If so, it had to end in a cycle, and this one has length 1.
# And what happens from other seeds.
#
# </details>
#
# <details><summary>2. Why is the random line needed, when there is LSTM to compare with?</summary>
#
# If found cores differ from LSTM, it may be because they were *found*, or because they are cells of
# base 2, without biases, with half as many matrices. Random cores share the latter.
#
# </details>
#
# <details><summary>3. Somebody reports p = 0.3 and concludes that the core makes no difference. What is wrong?</summary>
#
# No evidence of a difference is not evidence of none. The band says which differences remain
# possible.
#
# </details>
#
# **Next:** what changes when the space is too large for a table.
#
# **References.** Jose, *Neural Architecture Search (Part 2)* (the question). B. Zoph and Q. V. Le,
# *Neural Architecture Search with Reinforcement Learning*, ICLR 2017, arXiv 1611.01578 (the
# controller). D. A. Abolafia, M. Norouzi, J. Shen, R. Zhao and Q. V. Le, *Neural Program Synthesis
# with Priority Queue Training*, 2018, arXiv 1801.03526. B. Phipson and G. K. Smyth, *Permutation
# P-values Should Never Be Zero*, Statistical Applications in Genetics and Molecular Biology 9, 2010
# (why 1 is added on both sides).
