# %% [markdown]
# # 08 · Networks that design networks
#
# - *You have* a controller that writes cells, and a table that knows what each cell is worth.
# - *You will build* the experiment that the article only asks for: the found cell becomes the
#   controller's own, and again. And its controls.
# - *It opens the way to* spaces that no table holds.

# %% [markdown]
# **By the end you can**
#
# - say what in this loop can converge, and what cannot,
# - tell a fixed point and a cycle of a map from a distribution that has settled,
# - choose the controls that an experiment needs, and give each side its own best setting,
# - say what a null result leaves possible.
#
# *Needs:* notebooks 03, 06 and 07.
#
# *Takes:* 60 minutes of reading, 25 minutes of exercises.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

import nastut as nt
from nastut.lessons import networks_that_design_networks as lesson
from nastut.lessons import plots
from nastut.studies import inference, lineages

rng = nt.setup(seed=0)
_ = torch.set_num_threads(1)

# %% [markdown]
# ## A prediction
#
# The controller is a recurrent network, so it has a cell of its own. We call it the **core**. In
# the paper the core is LSTM. The article proposes to replace it by the cell that was found, to
# search again with that controller, and so on. *"My guess is that it would converge, but who knows,
# maybe you get an infinitely better network."*
#
# **After five such generations: does the found cell stay the same? Is it found faster? Is it better?**
#
# ## 1 · What can converge
#
# One answer needs no experiment. What a cell is worth, its reward, comes from *its own* training.
# The controller only decides in which order cells are tried. So the best cell is the same for every
# controller. In our table it is

# %%
table = nt.load_table()
best = table.best(1)[0]
print(f"the best of {len(table):,} classes: {best}, reward {table.reward(best):.4f}")
assert max(table.rewards()) == table.reward(best) < 1

# %% [markdown]
# No infinitely better network, then: a finite space has a ceiling. What *can* change is how many
# evaluations a search needs, and how far it gets. As in notebook 07, a search
# *arrives* when it proposes one of the best per mille (18 cells); at its end, we note the rank of the
# best cell.
#
# ## 2 · Two generations
#
# Generation 0 has LSTM as its core. The best cell that it finds becomes the core of generation 1, of
# which you make the first 50 evaluations here. All searches are by the priority queue at nastut's
# usual settings.


# %%
def search(core, seed, evaluations):
    return nt.search.priority_queue(
        table.space, table.reward, evaluations, seed=seed, cell=core, progress=False
    )


results = [search(None, seed=1_000, evaluations=1_000)]
found = results[0].best.canonical()
results.append(search(found, seed=2_000, evaluations=50))
print(f"LSTM found rank {table.rank(found)}: {found}")

# %% [markdown]
# Here is one step of the controller of generation 1. In the frame, where LSTM was, is the cell that it
# found. Dashed arrows lead to the next place of the sequence:

# %%
lesson.draw_controller(found)

# %% [markdown]
# One run says nothing. The same was done for 20 seeds and six generations. You have just computed the
# beginning of the first run. (Only 50 evaluations of generation 1: processors round
# differently, and in a found core that grows.)

# %%
recorded = nt.load_study("generations")
settings, runs = recorded["settings"], recorded["runs"]
for result, record in zip(results, runs["seed 1000"]["found"], strict=False):
    curve = result.curve()
    improved = np.flatnonzero(np.diff(curve, prepend=-1) > 0)
    yours = [[int(i) + 1, table.rank(result.cells[i])] for i in improved]
    assert yours == [entry for entry in record["improvements"] if entry[0] <= len(curve)]
    print(f"{len(curve)} evaluations, {len(yours)} improvements: as recorded")

# %% tags=["guard"] jupyter={"source_hidden": true}
assert runs["seed 1000"]["found"][1]["core"] == str(found)
assert len(runs) == len(settings["seeds"]) == 20

# %% [markdown]
# ## 3 · One seed: a map
#
# Suppose that every generation has the same seed. Then nothing is left to chance: the same core
# always finds the same cell. So the search is a **map** $F$ that sends each core to the cell that it finds, and the
# article's loop is LSTM, $F(\text{LSTM})$, $F(F(\text{LSTM}))$, and so on. There are only 18,688 classes
# of cells, so some cell must come a second time, and from there on everything repeats. **With one
# seed the loop must end in a cycle**, whatever the search is like. A cycle of length 1 is a **fixed
# point**: a cell that, as a core, finds itself.
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
# *When* it is entered, this does not say. Below, each row is a run, each column a generation,
# and each number the rank of the found cell; the redder, the worse. A frame says: found by a controller
# with this very cell as its core. On the left, that is a fixed point.

# %%
lines = {"one seed for all generations": "same seed", "a new seed for each generation": "found"}
ranks, itself = (
    {title: lineages.measured(runs, line, key) for title, line in lines.items()}
    for key in ("rank", "itself")
)
lesson.draw_ranks(ranks, itself)
plt.show()


# %%
def cycle_length(history):
    """Return how many generations ago the last cell came before: then it is a cycle; 0 if new."""
    *before, last = [generation["best"] for generation in history]
    return before[::-1].index(last) + 1 if last in before else 0


lengths = [cycle_length(run["same seed"]) for run in runs.values()]
for length in sorted(set(lengths)):
    where = f"in a cycle of length {length}" if length else "not yet in a cycle"
    print(f"{lengths.count(length):2d} runs: {where}")
assert lengths.count(0) < 10

# %% [markdown]
# Most runs on the left go round already: at a fixed point, or between two cells (1, 6, 1, 6). This *is*
# convergence, but of the kind that any map on a finite set must show. It says nothing about better, and it
# belongs to the seed, not to the cell: on the right, with new seeds, hardly anything stays.

# %% [markdown]
# ## 4 · What would have happened anyway
#
# A found core differs from LSTM in more than being found. It has the matrices of two leaves, not of
# four, and no biases. So other *lines* of controllers were run beside it, the **controls**:
#
# | line | its cores |
# |---|---|
# | *found* | the article's loop, with a new seed for each generation |
# | *same seed* | the article's loop, with one seed for all generations |
# | *random* | LSTM, then a cell of base 2 drawn anew for each generation, which nobody found |
# | *LSTM* | always LSTM |
# | *small LSTM* | always LSTM, with 25 units instead of 35: as many parameters as base 2 with 35 |
# | *dead* | always a cell that reads nothing |
#
# The usual learning rate may suit one core better than another. So *found* and *LSTM* were also run at
# a quarter of it, half and twice.
#
# Both leaves of the *dead* core multiply by $W h_{t-1}$, and $h_0 = 0$. So $a_0 =
# a_1 = 0$, and $h_1 = 0$, and so on, whatever $x_t$ is:

# %%
DEAD = nt.Cell.parse("Multiply Tanh Multiply Tanh Multiply Tanh Add Identity 2 0")
assert runs["seed 1000"]["dead"][0]["core"] == str(DEAD)
nt.formulas(DEAD)

# %% [markdown]
# Such a core is **dead**: its controller cannot see what it has written. It is ten independent loaded
# dice, while an LSTM's probabilities depend on what was written before:

# %%
for core in (DEAD, None):
    controller = nt.Controller(table.space, core)
    one, other = controller.distribution([0, 0, 0]), controller.distribution([1, 3, 1])
    print(f"{core or 'LSTM'}: {'the same' if torch.equal(one, other) else 'different'}")
    assert torch.equal(one, other) == (core is DEAD)

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
# `nt.evaluate` returns `(h, c)`. Use it with random arrays for `x_parts`. As long as $h_{t-1} = 0$, what are the
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

# %%
few = np.random.default_rng(7).choice(len(table), 1_000, replace=False)
dead = np.array([lesson.is_dead(table.cells[row]) for row in few])
print(f"{dead.mean():.0%} of a thousand cells are dead; the best of them has reward ", end="")
print(f"{table.rewards()[few][dead].max():.2f}")
assert 0.2 < dead.mean() < 0.4

# %% [markdown]
# ## 5 · New seeds: does it settle?
#
# The article probably means a new seed for each generation. Then the found cell is *drawn*, with
# probabilities that may depend on the core: a **Markov chain**. It need not stop at any cell. What can
# settle is the *distribution* of the found cell. So stack the 20 runs by the rank of what they found:

# %%
shown = ("found", "found, half rate", "random", "LSTM")
ranks = {line: lineages.measured(runs, line, "rank") for line in shown}
lesson.draw_distributions(ranks)
plt.show()

firsts = {line: (of_line == 1).sum(0) for line, of_line in ranks.items()}
for line, counts in firsts.items():
    print(f"{line:18s} runs of 20 that found rank 1:", *counts)
assert firsts["found"][1:].sum() < firsts["found, half rate"][1:].sum()

# %% slideshow={"slide_type": "skip"} jupyter={"source_hidden": true}
FOUND = ["found", *(f"found, {rate}" for rate in lineages.RATES)]
themselves = lineages.found_themselves(runs, FOUND, np.random.default_rng(0))
for line, counted in themselves.items():
    print(f"{line:21s} found themselves {counted.value:2.0f} of 100, ", end="")
    print(f"by chance {counted.low:.0f} to {counted.high:.0f}; p = {counted.corrected:.2f}")
assert min(counted.corrected for counted in themselves.values()) > 0.05

# %% [markdown]
# The more dark blue, the better. Leftmost: with LSTM (generation 0) 17 of 20 runs find the best cell. That
# is a lucky column: the LSTM line goes on with 13 to 17. With found cores it is eight, nine, nine, four,
# five. **After one step it is lower; whether it then settles, 20 runs cannot tell.** At half the learning
# rate (second panel) that step down is hardly there.
#
# <details><summary>How sure is this?</summary>
#
# A column of twenty runs is uncertain by four or five runs. A sharper question: does a core find *itself* more
# often, or less, than other cores find it? For *by chance* the cores of a generation are dealt out to
# its runs anew, ten thousand times. The counts lie where chance puts them, or next to it; $p$ is
# corrected for the four rates, as in notebook 07.
#
# </details>
#
# ## 6 · Faster?


# %%
def median_of(values):
    return inference.median(values), *inference.bootstrap(inference.median, values, rng=rng)


of_generations = {
    line: [median_of(lineages.measured(runs, line, "reached")[:, n]) for n in range(1, 6)]
    for line in ("found", "random")
}
of_all = {line: lineages.middle(runs, line, "reached", rng) for line in ("LSTM", "dead")}
arrived = {line: lineages.measured(runs, line, "reached")[:, 1:].ravel() for line in lesson.LOOK}
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
lesson.draw_generations(left, of_generations, of_all)
plots.draw_arrivals(right, arrived, lesson.LOOK, settings["evaluations"])
plt.show()

for line, (middle, low, high) in of_all.items():
    print(f"{line}: half within {middle:.0f} evaluations (95 %: {low:.0f} to {high:.0f})")
assert of_all["LSTM"][2] < of_all["dead"][1]  # the intervals do not touch

# %% [markdown]
# Left: medians of 20 runs with 95 % intervals; a line whose core never changes is one number. Right: all
# later generations; where a curve ends below 1, the rest never arrived. **No speed-up is seen**: from
# generation 1 to 5 *found* does not fall. And a core that reads nothing still finds the best; it only
# needs longer.
#
# ## 7 · Better? A duel
#
# Compare two lines in **duels**: each later generation of one against the other's same generation, seed by
# seed. In *first*, who arrives first wins; in *rank*, who has the better cell at the end; equal is half a
# win. *At own best rates*, each side has the learning rate that suits it best, chosen on half of
# the seeds and judged on the other half.

# %%
PAIRS = [("found", other) for other in ("LSTM", "small LSTM", "random")]
PAIRS += [(f"found, {rate}", f"LSTM, {rate}") for rate in lineages.RATES]
PAIRS += [("dead", "LSTM"), ("dead", "found")]
OWN = "found against LSTM, at own best rates"
fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.4), sharey=True, layout="constrained")
judged = {}
for axis, key, title in zip(axes, ("reached", "rank"), ("first", "rank"), strict=True):
    shares = {OWN: lineages.won_at_own_rates(runs, "found", "LSTM", key)}
    shares |= {f"{a} against {b}": lineages.won(runs, a, b, key) for a, b in PAIRS}
    answers = lineages.judge(shares, rng)
    judged |= {(title, pair): answer for pair, answer in answers.items()}
    rows = {pair: (a.value, a.low, a.high) for pair, a in answers.items()}
    plots.draw_intervals(axis, rows, middle=0.5)
    axis.set(title=title, xlabel="share of duels won", xlim=(0, 1))
plt.show()

# %% slideshow={"slide_type": "skip"} jupyter={"source_hidden": true}
corrected = dict(zip(judged, inference.holm([answer.p for answer in judged.values()]), strict=True))
for (title, pair), p in corrected.items():
    if p < 0.05 or pair == OWN:
        duel = judged[title, pair]
        interval = f"{duel.low:.0%} to {duel.high:.0%}"
        print(f"{title:5s} {pair:45s} {duel.value:.0%} ({interval}), p = {p:.3f}")
for other in ("LSTM", "small LSTM", "random"):
    assert corrected["rank", f"found against {other}"] < 0.05
    assert corrected["first", f"found against {other}"] > 0.05
assert corrected["rank", "found, half rate against LSTM, half rate"] > 0.05
assert min(corrected["first", OWN], corrected["rank", OWN]) > 0.05

# %% [markdown]
# A point left of the line: the first of the pair loses more often. Bars are 95 % intervals, each for itself; the
# $p$ printed here are corrected for all eighteen questions. **At the usual rate found cores end at
# worse cells** (*rank*) than LSTM, than a small LSTM, and than cores drawn at random. With each side at
# its own best rate it is 42 % (36 to 48), and no difference is established.
#
# So the rate explains most of it. How, the policies at the end of the searches show: their entropy, and their
# **dependence**, what knowing the tokens before takes away from the entropy of the next ones, in nats. It
# is 0 for ten independent dice.

# %%
print("learning rate    core   never  entropy  dependence")
entropy = {}
for rate in ("quarter rate", "half rate", "usual rate", "twice the rate"):
    for core in ("found", "LSTM"):
        line = core if rate == "usual rate" else f"{core}, {rate}"
        never = np.isinf(lineages.measured(runs, line, "reached")[:, 1:]).sum()
        entropy[line], *_ = lineages.middle(runs, line, "entropy", rng)
        dependence, *_ = lineages.middle(runs, line, "dependence", rng)
        print(f"{rate:15s}  {core:5s}  {never:5d}  {entropy[line]:7.1f}  {dependence:10.1f}")
assert entropy["found"] < 1 < 5 < min(entropy["LSTM"], entropy["found, half rate"])

# %% [markdown]
# *Never* counts the searches of a hundred that do not arrive; the others are medians. LSTM stays
# undecided at every rate. **Found cores collapse at the usual rate**: they end with 0.6 nats against
# LSTM's 5.8, and one search in ten never arrives. At half the rate
# they stay as undecided as LSTM.
#
# ## 8 · Does a better cell design faster?
#
# The random line has a hundred cores of every quality.

# %%
drawn = [search for run in runs.values() for search in run["random"][1:]]
cores = [nt.Cell.parse(search["core"]) for search in drawn]
worth = np.array([table.reward(core) for core in cores])
first = np.array([search["reached"] for search in drawn])
lesson.draw_worth(worth, first, np.array([lesson.is_dead(core) for core in cores]))
plt.show()

agree = np.sign(np.subtract.outer(worth, worth)) * np.sign(np.subtract.outer(first, first))
share = np.sum(agree < 0) / np.sum(agree != 0)
print(f"of all pairs of cores, the better cell was the faster designer in {share:.0%}")
assert 0.42 < share < 0.55

# %% [markdown]
# If better cells designed faster, the points (cores) would fall to the right. They do
# not: in half of the pairs the better cell is the faster.
#
# ## 9 · The verdict
#
# The article guessed that the loop would converge. **With one seed it must, to a cycle that depends on
# the seed. With new seeds the first step leads down, and nothing builds up**: later generations are not
# faster, and *better* has a ceiling that LSTM mostly reaches. Whether they settle, twenty runs cannot tell.
# Where found cores are worse, the learning rate explains most of it.
#
# Not seen is not the same as not there: at own best rates the intervals leave room for found cores that
# lose three duels of five. And the space is tiny: even dice arrive. Where sequences are long and choices
# hang together, a core has more to do.
#
# ## What you can do now
#
# - You said what in the loop can converge, and proved that with one seed it must end in a cycle.
# - You told a fixed point from a distribution that has settled.
# - You chose controls, and one of them (each side at its own best rate) changed the verdict.
# - You said which differences a null result leaves possible.
#
# **Three questions**
#
# <details><summary>1. A friend runs the loop once. After generation 3 the cell no longer changes. "It converges!" What do you ask?</summary>
#
# Was the seed the same each time? Then it had to end in a cycle. And what do other seeds give?
#
# </details>
#
# <details><summary>2. Why is the random line needed, when there is LSTM to compare with?</summary>
#
# Found cores may differ from LSTM because they are of base 2, without biases. Random cores share that.
#
# </details>
#
# <details><summary>3. Somebody reports p = 0.3 and concludes that the core makes no difference. What is wrong?</summary>
#
# No evidence of a difference is not evidence of none. The interval says which differences remain
# possible.
#
# </details>
#
# **Next:** `09_beyond_a_laptop.ipynb`, where the space is too large for a table.
#
# **References.** Jose, *Neural Architecture Search (Part 2)* (the question). B. Zoph and Q. V. Le,
# *Neural Architecture Search with Reinforcement Learning*, ICLR 2017, arXiv 1611.01578 (the
# controller).
