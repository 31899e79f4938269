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
# *Takes:* 65 minutes of reading, 25 minutes of exercises.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

import nastut as nt
from nastut.lessons import networks_that_design_networks as lesson
from nastut.lessons import plots
from nastut.search import PriorityQueue, loop
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
# controller, and there is a best one. In our table of rewards it is

# %%
table = nt.load_table()
best = table.best(1)[0]
print(f"the best of {len(table):,} classes: {best}, reward {table.reward(best):.4f}")
assert max(table.rewards()) == table.reward(best) < 1

# %% [markdown]
# No infinitely better network, then: a finite space has a ceiling, and no reward passes 1. What
# *can* change from core to core is how many **evaluations** a search needs, and how far it gets. As
# in notebook 07, a search *arrives* when it proposes one of the best per mille of the table (18
# cells), and we note the rank of the best cell at its end.
#
# All searches here are by nastut's priority queue at its usual settings (rate 0.03, batch 5, the best 3,
# redraw), not the tuned ones of notebook 07, with a bonus of 0.5 for a nat of entropy. Cores have 35 units. But a found core differs from LSTM in more than being found: it has
# two leaves' worth of matrices instead of four, and **no biases**, where LSTM has eight a unit. So a
# *small* LSTM of 25 units comes along, which has as many parameters as a core of base 2:

# %%
for name, core, units in (
    ("LSTM", None, 35),
    ("small LSTM", None, 25),
    ("base 2", best, 35),
):
    controller = nt.Controller(table.space, core, units)
    count = sum(parameter.numel() for parameter in controller.parameters())
    print(f"{name:10s} {units} units, {count:,} parameters")
assert abs(count - 11_880) < 40

# %%
usual = PriorityQueue(controller, rng)
(adam,) = usual.optimizer.param_groups
assert (adam["lr"], usual.batch, usual.best, usual.redraw) == (0.03, 5, 3, True)
assert usual.entropy == 0.5

# %% [markdown]
# ## 2 · Two generations
#
# Generation 0 has LSTM as its core. The best cell that it finds is handed to generation 1, of which
# you make the first 50 evaluations here.


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
# This cell now sits in both layers of the controller, where LSTM was. One run says nothing. The same was
# done for 20 seeds and six generations, with eleven other lines of controllers, and recorded
# (`python data/generations.py`). You have just computed the beginning of its first run. (Only 50
# evaluations of generation 1: processors round differently, and in a found core that grows.)

# %%
recorded = nt.load_study("generations")
settings, runs = recorded["settings"], recorded["runs"]
first_run = runs["seed 1000"]["found"]
DEAD = nt.Cell.parse(settings["lines"]["dead"]["first"])
assert settings["table"] == table.digest
assert first_run[1]["core"] == str(found)

# %%
for result, record in zip(results, first_run, strict=False):
    curve = result.curve()
    improved = np.flatnonzero(np.diff(curve, prepend=-1) > 0)
    yours = [[int(i) + 1, table.rank(result.cells[i])] for i in improved]
    theirs = [entry for entry in record["improvements"] if entry[0] <= len(curve)]
    assert yours == theirs
    print(f"{len(curve)} evaluations, {len(yours)} improvements: as recorded")

# %%
assert len(runs) == len(settings["seeds"]) == 20
for name, line in settings["lines"].items():
    assert all(len(run[name]) == 6 for run in runs.values())
    next_core = {"found": "what was found", "random": "drawn at random", "same": "the same again"}
    print(f"{name:21s} {line['units']} units; the next core is {next_core[line['next_core']]}")

# %% [markdown]
# *Found* is the article's loop with a new seed for each generation, *same seed* with one seed for
# all. The others are **controls**: they say what would have happened anyway. *Random* has cores of
# base 2 that nobody found, *LSTM* and *small LSTM* never change, and *dead* we meet in section 6. The
# usual rate may suit one core better than another, so *found* and *LSTM* have lines at other rates, too.

# %% [markdown]
# ## 3 · One seed: a map
#
# First the line that keeps its seed. Then nothing is left to chance: the same core always finds the
# same cell. So the search is a **map** $F$ that sends each core to the cell that it finds, and the
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
# *When* it is entered, the theorem does not say. Below, each row is a run, each column a generation, and each number the rank of the found cell; the darker, the worse. A frame says: found by
# a controller with this very cell as its core. On the left, that is a fixed point.

# %%
lines = {"one seed for all generations": "same seed", "a new seed for each generation": "found"}
ranks, itself = (
    {title: lineages.measured(runs, line, key) for title, line in lines.items()}
    for key in ("rank", "itself")
)
lesson.draw_ranks(ranks, itself)
plt.show()

# %%
at_best = (ranks["one seed for all generations"] == 1).sum(0)
print("one seed: runs that find the best cell, by generation:", *at_best)
assert at_best[0] > max(at_best[1:])
assert min(np.diff(at_best)[1:]) < 0 < max(np.diff(at_best)[1:])  # to and fro


# %%
def cycle_length(history):
    """Return how many generations ago the last cell came before: then it is a cycle; 0 if new."""
    *before, last = [generation["best"] for generation in history]
    return before[::-1].index(last) + 1 if last in before else 0


# %%
lengths = np.array([cycle_length(run["same seed"]) for run in runs.values()])
for length, count in zip(*np.unique(lengths, return_counts=True), strict=True):
    where = f"in a cycle of length {length}" if length else "not yet in a cycle"
    print(f"{count:2d} runs: {where}")
assert np.mean(lengths > 0) > 0.5
assert {1, 2} <= set(lengths)

# %% [markdown]
# Most runs go round already: at a fixed point, or between two cells (1, 6, 1, 6). This *is*
# convergence, of the kind that any map on a finite set must show. It says nothing about better: in
# generation 0, with LSTM, 17 of 20 runs found the best cell of the table, in generations 1 to 5 only 4,
# 12, 6, 13 and 4. Many go to and fro between the best cell and a worse one.
#
# And it is fragile. We take each recorded fixed point, change the first weights of its controller by
# a millionth of their size, and search again:


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
    result = loop.run(learner, table.space, table.reward, evaluations, progress=False)
    return result.best.canonical()


# %%
fixed = np.flatnonzero(lengths == 1)
of_runs = list(runs.values())
cores = [nt.Cell.parse(of_runs[row]["same seed"][-1]["core"]) for row in fixed]
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
# The article probably means a new seed for each generation. Now the found cell is *drawn*, with
# probabilities that may depend on the core: a **Markov chain**. It need not stop at any cell. What can
# settle is the *distribution* of the found cell. If the core made no difference, it would settle after
# one step.
#
# So ask: is a cell found more often, or less, by a controller that has this very cell as its core?
# We count how often that happened. Then the cores of each generation are dealt out to the 20 runs anew,
# and we count again, ten thousand times. If the core does not matter, the true count looks like these.
# $p$ is two-sided; *corrected*, by Holm's rule as in notebook 07, for the four rates asked about.

# %%
FOUND = ["found", *(f"found, {rate}" for rate in lineages.RATES)]
themselves = lineages.found_themselves(runs, FOUND, rng)
print(f"{'':21s}  found themselves  95 % by chance     p  corrected")
for line, counted in themselves.items():
    chance = f"{counted.low:.0f} to {counted.high:.0f}"
    print(
        f"{line:21s}  {counted.value:9.0f} of 100  {chance:>14s}  "
        f"{counted.p:.2f}  {counted.corrected:9.2f}"
    )
assert min(counted.corrected for counted in themselves.values()) > 0.05

# %% [markdown]
# Cores were not seen to find themselves more or less often than by chance. (At half the rate the count
# lies just *below* what chance gives; among four questions that is no surprise.) A core might matter in other ways:
#
# ## 5 · Faster? Better?
#
# We compare medians, with runs that never arrived counted as the slowest (exercise 7.1). A line whose
# core never changes has no generations to speak of: it is one number.


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

assert all(low < 350 for low, *_ in of_all.values())
assert of_all["LSTM"][2] < of_all["dead"][1]  # the intervals do not touch

# %% [markdown]
# Left: medians with 95 % intervals, 20 runs each; neither *found* nor *random* falls steadily. Right: all
# later generations; where a line ends below 1, the rest never arrived. In numbers:

# %%
rows = [f"{'':21s}  half within (95 %)  never   rank  entropy  dependence"]
for line in settings["lines"]:
    middle, low, high = lineages.middle(runs, line, "reached", rng)
    never = np.isinf(lineages.measured(runs, line, "reached")[:, 1:]).sum()
    at_end = [lineages.middle(runs, line, key, rng)[0] for key in ("rank", "entropy", "dependence")]
    rows.append(f"{line:21s}  {middle:4.0f} ({low:3.0f} to {high:3.0f})  {never:5d}  ")
    rows[-1] += "{:5.0f}  {:7.1f}  {:10.2f}".format(*at_end)
    assert middle < 300
print("\n".join(rows))

# %%
at_end = {
    (line, key): lineages.middle(runs, line, key, rng)
    for line in ("found", "LSTM")
    for key in ("entropy", "dependence")
}
for (line, key), (middle, low, high) in at_end.items():
    print(f"{line:5s} {key:10s} {middle:.1f} ({low:.1f} to {high:.1f})")
assert at_end["found", "entropy"][2] < at_end["LSTM", "entropy"][1]
assert at_end["found", "dependence"][1] > at_end["LSTM", "dependence"][2]

more_lost = {}  # for each rate one number a seed; 0.5 says: equally many never arrive
for rate in ("usual rate", *lineages.RATES):
    pair = [name if rate == "usual rate" else f"{name}, {rate}" for name in ("found", "LSTM")]
    a, b = (np.isinf(lineages.measured(runs, line, "reached")[:, 1:]).mean(1) for line in pair)
    more_lost[rate] = 0.5 + (a - b) / 2
lost = lineages.judge(more_lost, rng)
print("never, found against LSTM: corrected p")
for rate, of in lost.items():
    print(f"    {rate:14s}", f"{of.corrected:.3f}" if of.corrected >= 0.001 else "< 0.001")
assert max(lost["usual rate"].corrected, lost["twice the rate"].corrected) < 0.05

# %% [markdown]
# The last three are medians at the end of the searches: the rank of the best cell, and the policy's
# entropy and **dependence**, in nats. Dependence is what knowing the tokens before takes away from the
# entropy of the next ones (their mutual information, over the queue): 0 for ten independent dice.
#
# To judge differences, we let the lines fight **duels**, each later generation of one line against
# the other's same generation, seed by seed. In *first*, who arrives first wins; in *rank*, who has
# the better cell at the end; equal is half a win. A share of 0.5 means no difference. *At own best
# rates*, each side has the learning rate that suits it best, chosen on every other seed and judged on
# the seeds between. Intervals are 95 %, by drawing seeds again; $p$ is two-sided and corrected for all
# eighteen questions.

# %%
PAIRS = [("found", other) for other in ("LSTM", "small LSTM", "random")]
PAIRS += [(f"found, {rate}", f"LSTM, {rate}") for rate in lineages.RATES]
PAIRS += [("dead", "LSTM"), ("dead", "found")]
OWN = "found against LSTM, at own best rates"
shares = {}
for key in ("reached", "rank"):
    shares[key, OWN] = lineages.won_at_own_rates(runs, "found", "LSTM", key)
    shares |= {(key, f"{a} against {b}"): lineages.won(runs, a, b, key) for a, b in PAIRS}
judged = lineages.judge(shares, rng)

names = list(runs)
for line in ("found", "LSTM"):
    halves = [{name: runs[name] for name in names[start::2]} for start in (1, 0)]
    print("chosen:", "; ".join(lineages.best_rate(half, line) for half in halves))

# %%
fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.4), sharey=True, layout="constrained")
for axis, key, title in zip(axes, ("reached", "rank"), ("first", "rank"), strict=True):
    ours = {pair: of for (of_key, pair), of in judged.items() if of_key == key}
    rows = {pair: (of.value, of.low, of.high) for pair, of in ours.items()}
    notes = [
        f"p {of.corrected:.2f}" if of.corrected >= 0.01 else "p < 0.01" for of in ours.values()
    ]
    plots.draw_intervals(axis, rows, notes, middle=0.5)
    axis.set(title=title, xlabel="share of duels won", xlim=(0, 1))
plt.show()

# %%
in_own = judged["reached", OWN], judged["rank", OWN]
for key, of in zip(("first", "rank"), in_own, strict=True):
    interval = f"{of.value:.1%} ({of.low:.0%} to {of.high:.0%})"
    print(f"{key}, at own best rates: {interval}; uncorrected p {of.p:.2f}")
assert in_own[0].low < 0.5 < in_own[0].high
assert all(of.corrected > 0.05 for of in in_own)
for other in ("LSTM", "small LSTM", "random"):
    assert judged["reached", f"found against {other}"].corrected > 0.05
    assert judged["rank", f"found against {other}"].corrected < 0.05
for rate in lineages.RATES:
    of = judged["rank", f"found, {rate} against LSTM, {rate}"]
    print(f"rank, {rate}: {of.value:.1%} ({of.low:.0%} to {of.high:.0%})")
    assert (of.corrected < 0.05) == (rate == "twice the rate")
    assert judged["reached", f"found, {rate} against LSTM, {rate}"].corrected > 0.05
of = judged["rank", "dead against LSTM"]
print(f"rank, dead against LSTM: {of.value:.0%} ({of.low:.0%} to {of.high:.0%})")

# %%
faster = inference.duels(*lineages.measured(runs, "found", "reached").T[[5, 1]])
low, high = inference.bootstrap(lambda again: again.mean(-1), faster, rng=rng)
print(
    f"generation 5 before generation 1: in {faster.mean():.0%} of the seeds; {low:.0%} to {high:.0%}"
)
assert low < 0.5 < high

# %% [markdown]
# **No speed-up is seen.** In *first*, no $p$ of a found line is below 0.05; at own best rates found
# cores win 46.5 %. (For LSTM the rule chose a quarter of the usual rate both times, for found cores a
# quarter and a half.) But 20 seeds cannot exclude that they win, or lose, about three duels of five, nor
# that generation 5 is first in a quarter, or in two thirds, of the seeds. And at the usual rate ten of a
# hundred found searches never arrive, at twice the rate 35; of LSTM's none and one (asked after seeing
# the table; $p$ corrected for the four rates). At half the rate it is two, at a quarter none.
#
# **And better? At the usual rate, found cores end at worse cells**, worse than LSTM, than a small LSTM,
# and than cores drawn at random; at twice the rate, too. At half of it they win 43.5 %, at a quarter 44 %,
# and a difference is not established; nor at own best rates, with 42 % (uncorrected, $p$ is 0.04; among
# eighteen questions that is no finding). A hint how: their policies end with 0.6 nats of entropy (0.5 to
# 0.8) against LSTM's 5.8, and a dependence of 1.9 (1.7 to 2.5) against 0.7 (0.4 to 0.7), as if they knew
# the queue by heart. That this makes the cells worse is not tested.
#
# ## 6 · A core that reads nothing
#
# The line `dead` has a strange core. Both of its leaves multiply by $W\,h_{t-1}$, and $h_0 = 0$. So
# $a_0 = a_1 = 0$, and $h_1 = 0$, and so on for ever, whatever $x_t$ is:

# %%
nt.formulas(DEAD)

# %% [markdown]
# A bias would wake such a cell, but cores of base 2 have none. So this controller cannot see what it has
# written: it is ten independent dice, each loaded by itself. An LSTM's probabilities do depend on it:

# %%
for core in (DEAD, None):
    controller = nt.Controller(table.space, core)
    one, other = controller.distribution([0, 0, 0]), controller.distribution([1, 3, 1])
    print(f"{core or 'LSTM'}: {'the same' if torch.equal(one, other) else 'different'}")
    assert torch.equal(one, other) == (core is DEAD)

# %% [markdown]
# So all dead cores are one controller. Another one searches in the same way:

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
# How many cells are dead? Of a random thousand of the table:

# %%
some = np.random.default_rng(7).choice(len(table), 1_000, replace=False)
dead = np.array([lesson.is_dead(table.cells[row]) for row in some])
print(f"{dead.mean():.0%} dead; their best reward {table.rewards()[some][dead].max():.4f}")
assert 0.2 < dead.mean() < 0.4

# %% [markdown]
# As *cells* they are worthless. As *cores*: in section 5 the dead line always arrives, and no difference
# in the final rank is established (47 % of duels, 40 to 53). But it is slower: its median is 260 against
# 147, and the intervals do not touch. So, **under this bonus**, a core that reads nothing still finds the
# best, only later.
#
# ## 7 · Does a better cell design faster?

# %%
drawn = [search for run in runs.values() for search in run["random"][1:]]
cores = [nt.Cell.parse(search["core"]) for search in drawn]
worth = np.array([table.reward(core) for core in cores])
first = np.array([search["reached"] for search in drawn])
dead = np.array([lesson.is_dead(core) for core in cores])
lesson.draw_worth(worth, first, dead)
plt.show()

assert len(drawn) == 100


# %%
def better_first(worth, first):
    """Of all pairs that differ in both, the share in which the better core arrived first."""
    agree = np.sign(np.subtract.outer(worth, worth)) * np.sign(np.subtract.outer(first, first))
    return np.sum(agree < 0) / np.sum(agree != 0)


for label, some in (("all", dead | True), ("not dead", ~dead)):
    share = better_first(worth[some], first[some])
    by_chance = [better_first(worth[some], rng.permutation(first[some])) for _ in range(1_000)]
    low, high = np.quantile(by_chance, (0.025, 0.975))
    print(f"{label}: {some.sum()} cores, the better one first in {share:.0%} of pairs; ", end="")
    print(f"95 % of what chance gives: {low:.0%} to {high:.0%}")
    assert low < share < high

again = rng.integers(len(worth), size=(1_000, len(worth)))  # the cores, drawn again
low, high = np.quantile([better_first(worth[row], first[row]) for row in again], (0.025, 0.975))
print(f"95 % interval of the share among all: {low:.0%} to {high:.0%}")

# %%
of_found = [
    table.reward(nt.Cell.parse(g["core"])) for run in runs.values() for g in run["found"][1:]
]
print(
    f"found cores that are better cells than every one of these: {np.mean(of_found > worth.max()):.0%}"
)
assert min(of_found) > worth.max()

# %% [markdown]
# Among the hundred cores of the random line, the better cell was the faster designer in 49 % of the
# pairs (42 to 55). Found cores are all better cells than these, and, by section 5, not seen to be faster.
# So nothing is seen here that the loop could hand on; random cores as good as found ones were not among
# the hundred.
#
# ## 8 · The verdict
#
# The article guessed that the loop would converge. **With one seed it must, to a cycle that depends
# on the seed. With new seeds nothing was seen to build up**: cores were not seen to find themselves more
# or less often than by chance, nor generation 5 to be faster, and *better* has a ceiling that LSTM mostly
# reaches. What is seen is the learning rate: at the usual rate found cores end at worse cells, and one
# search in ten never arrives; with each side at its own best rate, no difference is established.
#
# The space is tiny, and most searches arrive within a few hundred evaluations. Rewards come from a toy grammar, and
# "best" is the best of this table. Cores are of base 2 and without biases, and only the priority queue
# was tried, with one bonus. Where sequences are long and choices hang together, a core has more to do.
#
# ## What you can do now
#
# - You said what in the loop can converge, and proved that with one seed it must end in a cycle.
# - You told a fixed point from a distribution that has settled.
# - You chose controls, and one of them (each side at its own best rate) changed the verdict.
# - You said of each null result which differences it leaves possible.
#
# **Three questions**
#
# <details><summary>1. A friend runs the loop once. After generation 3 the cell no longer changes. "It converges!" What do you ask?</summary>
#
# Whether the seed was the same each time: then it had to end in a cycle. And what other seeds give.
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
# **Next:** what changes when the space is too large for a table.
#
# **References.** Jose, *Neural Architecture Search (Part 2)* (the question). B. Zoph and Q. V. Le,
# *Neural Architecture Search with Reinforcement Learning*, ICLR 2017, arXiv 1611.01578 (the
# controller). D. A. Abolafia et al., *Neural Program Synthesis with Priority Queue Training*, 2018,
# arXiv 1801.03526.
