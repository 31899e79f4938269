# %% [markdown]
# # 09 · Beyond a laptop
#
# - *You have* searches, and a table that answers them in no time.
# - *You will build* the search without a table: many workers, cheap rewards, the paper's own space.
# - *It opens the way to* searches of your own.

# %% [markdown]
# **By the end you can**
#
# - say what one evaluation costs, and make it cheaper in three ways,
# - run one search on processes, and on a cluster that you start and stop yourself,
# - read the record of an honest search, from its reward to its verdict,
# - say what four hundred workers gain, and what they cost.
#
# *Needs:* notebooks 05, 06 and 07.
#
# *Takes:* 60 minutes of reading, 26 minutes of exercises.

# %%
import logging

import matplotlib.pyplot as plt
import numpy as np
import sympy
import torch
from distributed import LocalCluster
from scipy import stats

import nastut as nt
from nastut.learning import children
from nastut.lessons import beyond_a_laptop as lesson
from nastut.lessons.plots import TITLES
from nastut.studies import inference, verdict

rng = nt.setup(seed=0)
_ = torch.set_num_threads(1)

# %% [markdown]
# ## A prediction
#
# In the paper four hundred CPUs tried 15,000 cells of eight leaves, and the best one, NASCell, was said to
# beat LSTM on text. Notebook 05 trained both alike, and LSTM won. **Does a search on a laptop, in the same
# space, find a cell that beats LSTM? Does it matter how one searches?**
#
# ## 1 · The cost of one evaluation
#
# Every search so far asked a table. Without one, the answer to each question is a training. The table's own
# children are small, and a hundred of them were timed, alone on one thread:

# %%
recorded = nt.load_study("parallel")
seconds = np.array(recorded["runs"]["seconds of a child"]["seconds"])
low, middle, high = np.quantile(seconds, (0.05, 0.5, 0.95))
print(f"seconds of one child: {middle:.1f} (90 % within {low:.1f} to {high:.1f})")

space = nt.Space(8)
years = space.size * middle / (3_600 * 24 * 365)
print(f"all {space.size:.1e} sequences of base 8, at that price: {years:.0e} years")
assert years > 1e8

# %% [markdown]
# So a search has to live with a few thousand evaluations, and each should be cheap. There are three ways:
# *side by side* (several children in one computation), *more workers* (several computations at once), and
# *halving* (give up early on those that will not win).
#
# ## 2 · Side by side
#
# A small network spends most of its time on calls, not on numbers. So sixteen children of one base can be
# trained as one network with one more axis. Nothing that one computes reaches another, so each must end
# where it would have ended alone:

# %%
task = nt.learning.tasks.embedded_reber(rng, train=2_000, validation=500, test=500)
cells = [space.sample(rng) for _ in range(16)]
alone, together = (
    children.train(cells, task, hidden_size=8, at_once=n, progress=False) for n in (1, 16)
)
pairs = [(a.test, b.test) for a, b in zip(alone, together, strict=True) if a.diverged is None]
assert len(pairs) > 10
assert np.allclose(*np.transpose(pairs), rtol=1e-3)
print("the same perplexities, alone and together")

# %% [markdown]
# `make bench` measures what it gains: on the machine where these pages were made, 64 children of base 8 take
# a twelfth of the time that they take in a plain loop, one after the other.
#
# ## 3 · Two processes
#
# A reward that trains is an object of its own. Here: 32 steps on the grammar of notebook 06, sixteen
# children side by side.

# %%
reward = nt.search.Trained.on("reber", steps=32, learning_rate=0.02)


def search(workers, source):
    return nt.search.random(space, reward, 64, 0, source, workers=workers, progress=False, batch=16)


here = search(1, None)
processes = search(2, nt.search.processes)
print(f"{len(here.cells)} evaluations, {here.failed} failed")

# %% [markdown]
# A worker gets sixteen cells, trains them, and sends sixteen rewards back. While it does, the other gets the
# next sixteen: **nobody waits for the slowest**. So what is learned first depends on who was quick, and two
# runs of a search with two workers may differ. What was *measured* may not:

# %%
found = dict(zip(here.cells, here.rewards, strict=True))
assert found == dict(zip(processes.cells, processes.rewards, strict=True))
print("every cell has the same reward, whoever trained it")

# %% [markdown]
# If a worker dies, its children are handed to another one. If a child raises an error, hangs or diverges, it
# has *failed*: it is counted, and it is never the best.
#
# ## 4 · A cluster
#
# Processes end at the edge of one machine. Beyond it we take Dask, a library that moves work between
# machines. A *scheduler* knows the *workers*; they may come and go. All of it runs on a laptop, too:

# %%
cluster = LocalCluster(2, threads_per_worker=1, dashboard_address=None, silence_logs=logging.ERROR)

# %% [markdown]
# The search gets the scheduler's address instead of processes. Nothing else changes, and so neither do the
# rewards:

# %%
on_cluster = search(2, nt.search.Cluster(cluster.scheduler_address))
assert found == dict(zip(on_cluster.cells, on_cluster.rewards, strict=True))
print("the same on the cluster")

# %%
cluster.close()

# %% [markdown]
# In a terminal the same is
#
#     dask scheduler --host 127.0.0.1 --port 8786
#     dask worker tcp://127.0.0.1:8786 --nthreads 1
#     python -m nastut search --scheduler tcp://127.0.0.1:8786 --out search.json
#
# and `docs/cluster.md` says how to do it on many machines.
#
# ## 5 · Cheap first, dear later
#
# The third way. **Successive halving** trains all children for a short time and lets only the best share go on
# (much as Li et al. 2020 do it: nobody waits; a child is compared with all that came before). It is a bet that
# the early order is the final one. To see whether it is, 160 random cells of base 8 were trained on the
# characters of Python's manual to the end, and measured eight times on the way
# (`python data/halving.py`):

# %%
curves = verdict.halving_curves(nt.load_study("halving")["runs"])
sound = np.isfinite(curves[:, -1])
first, last = curves[sound][:, 0], curves[sound][:, -1]
print(
    f"{len(curves)} cells, {np.mean(~sound):.0%} diverged; perplexity of the best {last.min():.2f}"
)
print("rank correlation of an eighth of the training with all of it: ", end="")
print(f"{stats.spearmanr(first, last).statistic:.2f}")
good = last <= np.quantile(last, 0.25)
print(f"among the best quarter: {stats.spearmanr(first[good], last[good]).statistic:.2f}")

# %% [markdown]
# Now play the rule on these curves, in 500 orders. What does it cost, and whom does it keep?

# %%
print("after   share   cost   the best is kept   of the best five")
rules = [((1, 2, 4), 1 / 2), ((1, 4), 1 / 4), ((2,), 1 / 4), ((1,), 1 / 4), ((1,), 1 / 8)]
for rule in (nt.search.Halving(8, rungs, share) for rungs, share in rules):
    played = verdict.play(curves, rule)
    rungs = ", ".join(f"{rung}/{rule.parts}" for rung in rule.rungs)
    print(f"{rungs:15s} {rule.share:5.0%} {played.cost:6.0%} ", end="")
    print(f"{played.best:10.0%} {played.best_five:15.0%}")
    assert played.best > 0.9 > 0.6 > played.cost

# %% [markdown]
# At 24 to 44 % of the cost (44 % for the rule used below) the best after 1,024 steps is hardly ever lost. But these
# cells are random, and random cells differ a lot. Cells that a search proposes are alike. Among the best quarter here the
# early order is less sure, as the second correlation says; how sure it is in a search was not measured.
#
# > **Exercise 9.1** ★★ · 8 minutes
# >
# > Write the rule for one rung. `goes_on(perplexities, share)` returns a list of True and False, one for each
# > child. The best go on: as many as `share` of all, rounded down, but at least one. A child that diverged
# > has perplexity `inf` and never goes on.


# %%
def goes_on(perplexities, share):
    return ...  # a list of True and False


nt.check("9.1", goes_on)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# How many may go on? Sort the perplexities: which is the worst of those that may?
#
# </details>
# <details><summary>Hint 2</summary>
#
# `kept = max(1, int(share * len(perplexities)))`. Mind `inf`: it is not below anything but itself.
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 9.1
def solution_9_1(perplexities, share):
    kept = max(1, int(share * len(perplexities)))
    worst = sorted(perplexities)[kept - 1]
    return [p <= worst and p < float("inf") for p in perplexities]


nt.check("9.1", solution_9_1)

# %% [markdown]
# ## 6 · The experiment
#
# Now the whole of it, in the paper's own space (`python data/beyond.py`):
#
# 1. Each method that has settings gets four to choose from, judged on a grammar, on seeds of their own. (2,560
#    evaluations that random search, without settings, does not need.)
# 2. Each method searches text from three seeds: children of 24 units, 512 steps, and after 128 of them only
#    the best quarter goes on.
# 3. The five best cells of each method, torch's own layers and NASCell are trained at full size: 100,000
#    parameters, redundant matrices not counted, five passes, five learning rates on one tuning
#    seed, then five fresh seeds.
# 4. The three best in validation go to a *second text*, Python's own source code, with no tuning there.

# %%
record = nt.load_study("beyond")
settings, runs = record["settings"], record["runs"]
searches = [run for run in runs.values() if run["phase"] == "search"]
print(f"{len(searches)} searches of {settings['searches']['evaluations']:,} evaluations")
given = {run["method"]: run["given"] for run in searches}  # as the trials chose
for method in verdict.METHODS:
    print(f"{TITLES[method]:15s} {given[method] or 'has no settings'}")

# %% [markdown]
# First the searches. As in the paper's figure 6, we ask by how much the mean reward of a method's best 1, 5
# or 15 cells is above random search's. Lines are means of three seeds, bands reach from the lowest to
# the highest:

# %%
lifts = {
    best: {method: verdict.lift(runs, method, best) for method in verdict.METHODS}
    for best in (1, 5, 15)
}
lesson.draw_lift(lifts, settings["searches"]["every"])
plt.show()

print(lesson.above_random(lifts))
for of_methods in lifts.values():
    assert all(
        of_methods[method][:, -1].min() > 0.15 for method in of_methods if method != "random"
    )

# %% [markdown]
# All three that learn are far above random search, in each of their seeds: in the *reward*, which is all that a search
# sees, chance is no rival, as in the paper. Which of the three is best, three seeds cannot say: their bands overlap. In
# perplexity, after 512 steps: random search's best cell reaches 6.0, the best of all 5.4.
#
# What did they find? Look at the leaves and at the two indices of the five best of each method:

# %%
chosen = {
    method: [nt.Cell.parse(name) for name in names]
    for method, names in verdict.finalists(runs).items()
}
for method, of_method in chosen.items():
    leaves = [node.combination == "Multiply" for cell in of_method for node in cell.nodes[:8]]
    inner = [node.combination == "Add" for cell in of_method for node in cell.nodes[8:]]
    memory = sum(cell.has_memory for cell in of_method)
    print(f"{TITLES[method]:14s}  {np.mean(leaves):.0%} of the leaves multiply, ", end="")
    print(f"{np.mean(inner):.0%} of the inner nodes add, {memory} of 5 have a memory path")
assert not any(cell.has_memory for of_method in chosen.values() for cell in of_method)

# %% [markdown]
# Those that learned agree: leaves that multiply, $W x_t \odot U h_{t-1}$, and nodes that add. **Not one of the twenty has
# a memory path.** That is less striking than it looks: among random cells one in seven has one, and the cells of a method are
# relatives, evolution's five even from one seed. Perhaps a short training asks for no memory; it was not tested.
#
# > **Exercise 9.2** ★★ · 10 minutes
# >
# > Write such a curve. `mean_of_best(rewards, best)` gets the rewards of a search in their order, and returns
# > for each evaluation the mean of the `best` highest rewards so far; None where there are not so many yet.


# %%
def mean_of_best(rewards, best):
    return ...  # one number, or None, for each evaluation


nt.check("9.2", mean_of_best)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `sorted(rewards[:n])[-best:]` are the highest among the first `n`. When are there too few of them?
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 9.2
def solution_9_2(rewards, best):
    means = []
    for n in range(1, len(rewards) + 1):
        highest = sorted(rewards[:n])[-best:]
        means.append(sum(highest) / best if len(highest) == best else None)
    return means


nt.check("9.2", solution_9_2)

# %% [markdown]
# Now the finals. Each dot is a cell, its line reaches over the five seeds; an open circle leaves out a seed that
# diverged. The dotted line is the best of torch's own layers:

# %%
test = verdict.perplexities(runs, "manual")
baseline = verdict.best_baseline(runs)
print(f"the best of torch's layers, in validation: {baseline}, test {test[baseline].mean():.2f}")
groups = {"torch": {name: test[name] for name in verdict.BASELINES}}
groups |= {"NASCell": {"NASCell": test[str(nt.zoo.NASCELL)]}}
finals = verdict.finals(runs)
groups |= {TITLES[method]: models for method, models in finals.items()}
lesson.draw_finals(groups, test[baseline].mean())
plt.show()

every = np.array([values for models in finals.values() for values in models.values()])
print(f"{np.isinf(every).sum()} of {every.size} trainings of finalists diverged")
assert every.mean(axis=1).min() > 0.95 * test[baseline].mean()
assert every[np.isfinite(every)].max() < test[str(nt.zoo.NASCELL)].min()

# %%
for name in (*verdict.BASELINES, str(nt.zoo.NASCELL)):
    label = "NASCell" if name == str(nt.zoo.NASCELL) else name
    print(f"{label:24s} {test[name].mean():.2f} ({test[name].min():.2f} to {test[name].max():.2f})")
means = {method: np.mean([*models.values()], axis=1) for method, models in finals.items()}
for method, of_cells in means.items():
    middle, best = np.median(of_cells), of_cells.min()
    print(f"{TITLES[method]:24s} {middle:.2f} is the median of five cells, {best:.2f} the best")

# %%
validation = verdict.perplexities(runs, "manual", "validation")
finalists = verdict.classes(runs)
for stream, measured in (("validation", validation), ("test", test)):
    ahead = sum(measured[name].mean() < measured[baseline].mean() for name in finalists)
    print(f"{stream}: {ahead} of {len(finalists)} finalists are ahead of {baseline}")

# %% [markdown]
# In five passes all are far ahead of NASCell (whose best rate was the largest tried). One training diverged. It counts as
# infinite, and so a cell is out whose other four seeds were the best of all; that is our rule. In validation most are
# ahead of LSTM, on the test stream almost none is. One possible reason: the reward was measured on a part of the
# validation stream. And at full size chance *is* a rival: random search's best is level with the others' bests, though its
# median is behind (five cells a method, with relatives among them, establish nothing).
#
# Of twenty cells, the best flatters itself. So we look only at the three that were best in *validation*. No stream of the
# second text chose a cell or a rate, so both of its streams count. In brackets: 95 % intervals; $p$ is exact,
# and corrected for the three cells of a stream:

# %%
three = verdict.first_three(runs)
second = verdict.perplexities(runs, "source")
streams = {
    "the manual, test": test,
    "second text, test": second,
    "second text, validation": verdict.perplexities(runs, "source", "validation"),
}
for title, measured in streams.items():
    print(f"{title}: perplexity beside {baseline}'s {measured[baseline].mean():.2f}")
    pairs = [(name, baseline) for name in three]
    compared = inference.compared(measured, pairs, method="exact")
    for number, ((name, _), judged) in enumerate(compared.items(), 1):
        ratio = verdict.ratio(measured[name], measured[baseline], rng)
        won = f"ahead in {25 * judged.value:.0f} of 25 pairs"
        print(f"  cell {number}: {lesson.percent(ratio)}, {won}, p = {judged.corrected:.2f}")
print(f"cell 1: {three[0]}")

nascell = str(nt.zoo.NASCELL)
assert all(max(of[name].max() for name in three) < of[nascell].min() for of in streams.values())
ratios = [of[three[0]].mean() / of[baseline].mean() for of in streams.values()]
assert max(ratios[:2]) < 1 < ratios[2]

# %% [markdown]
# **No cell is shown to beat LSTM.** Cell 1, from the priority queue, is ahead of it on both test streams, by 1.6 and 1.1 %,
# neither significant. On the second text's validation stream it is behind by 2.5 %, in all 25 pairs of seeds. The other
# two are level or behind. So which part of a text is read matters more than which of these cells reads it, and
# five seeds say nothing about *that*: it would take more texts. (And with nine questions in all, five seeds a side could not
# establish a single answer: the smallest possible $p$ is 0.008.)
#
# All three are far ahead of NASCell on every stream.
#
# What would the reward have foretold? Among the finalists, does a higher reward go with a lower perplexity
# at full size?

# %%
given = np.concatenate([[*names.values()] for names in verdict.finalists(runs).values()])
came = np.concatenate([*means.values()])
foretold = stats.spearmanr(given, -came).statistic
print(f"{len(given)} finalists: rank correlation {foretold:.2f}")
assert abs(foretold) < 0.3

# %% [markdown]
# Twenty chosen cells can hardly say: the interval reaches from about -0.6 to 0.5, and without the training that diverged
# it would be +0.14. What the reward did: it told good cells from bad ones, in a space where one random cell in seven
# diverges within 1,024 steps. That it tells the good from the best is not seen.
#
# ## 7 · Four hundred CPUs
#
# What would four hundred workers do with our table? No laptop has them, but time can be *simulated*: the
# search is the real one, rewards come from the table, and each child takes as long as one of the hundred
# that were timed in section 1 (`python data/parallel.py`, ten seeds).

# %%
simulated = recorded["runs"]
needed = {
    f"{what} until half arrived": lesson.until_half_arrived(simulated, key, rng)
    for what, key in (("evaluations", "reached"), ("seconds", "reached_at"))
}
lesson.draw_workers(needed)
plt.show()

evaluations, time = needed.values()
for method in lesson.LOOK:
    for workers in (1, 400):
        middle, low, high = evaluations[method][workers]
        print(
            f"{method:15s} {workers:3d} workers: {middle:4.0f} evaluations ({low:.0f} to {high:.0f}), ",
            end="",
        )
        print(f"{time[method][workers][0]:6.1f} seconds")
assert evaluations["evolution"][400][0] > 2 * evaluations["evolution"][1][0]
assert time["evolution"][1][0] / time["evolution"][400][0] < 100

# %% [markdown]
# Left: a policy with four hundred workers is *stale*. It proposes four hundred cells before it hears of the first. Evolution
# then needs as many evaluations as random search. For REINFORCE and the queue half of the seeds arrive among those
# first four hundred cells, proposed before anything was learned; so their numbers say nothing of staleness. Right: time falls,
# by 79 times for evolution, by about 200 for the two policies, and by 330 for random search. By 400 for none: no search is
# shorter than one child.
#
# > **Exercise 9.3** ★★ · 8 minutes
# >
# > `ready(seconds, workers)` gets what each child takes, in the order in which they are handed out. Whoever is
# > free first takes the next child. Return the time at which each child is ready, in the same order.


# %%
def ready(seconds, workers):
    return ...  # a time for each child


nt.check("9.3", ready)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Keep a list `free` with the time at which each worker is free next. Who is `min(free)`?
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 9.3
def solution_9_3(seconds, workers):
    free, times = [0.0] * workers, []
    for takes in seconds:
        first = free.index(min(free))
        free[first] += takes
        times.append(free[first])
    return times


nt.check("9.3", solution_9_3)

# %% [markdown]
# ## 8 · What came after
#
# | year | what | new in it | Penn Treebank |
# |---|---|---|---|
# | 2017 | Zoph & Le | a network writes cells | 62.4 |
# | 2017 | Melis et al. (1707.05589) | all tuned alike: the best LSTM 58.3, NASCell 59.7 | 58.3 |
# | 2018 | ENAS (1802.03268) | all children share weights; half a GPU-day | 55.8 |
# | 2019 | DARTS (1806.09055) | choices become weights, learned by gradients | 55.7 |
# | 2019 | Li & Talwalkar (1902.07638) | random search, with shared weights too, does as well | |
# | 2020 | NAS-Bench-NLP (2006.07116) | a table of 14,322 trained cells | |
# | 2024 | xLSTM (2405.04517) | exponential gates; one of its two cells gives up reading $h_{t-1}$ | |
# | 2024 | minLSTM, minGRU (2410.01201) | no gate reads $h_{t-1}$, so all steps can be trained at once | |
#
# (Perplexities as their authors report them; sizes and recipes differ, so they are no ranking.) The last rows
# give up what makes a cell recurrent in our sense: minLSTM's gates see only $x_t$, and then $c_t$ is a sum that
# can be computed for all steps at once. Is it still a tree?

# %%
f, i, g = nt.sigmoid(nt.gate("f")), nt.sigmoid(nt.gate("i")), nt.gate("g")
fits = nt.linearize(nt.c_next, f * nt.c_prev + i * g)
print(fits.cell)
assert fits.cell.base == 4

# %% [markdown]
# Without its last step it is, with four leaves and all $U = 0$. That step divides: $f$ and $i$ are scaled
# so that they sum to 1.

# %%
for name, c in {
    "minLSTM": (f * nt.c_prev + i * g) / (f + i),
    "sLSTM's gate": f * nt.c_prev + sympy.exp(nt.gate("i")) * g,
}.items():
    try:
        nt.linearize(nt.c_next, c)
    except nt.NotRepresentable as error:
        print(f"{name}: {str(error).partition(' (')[0]}")

# %% [markdown]
# A division and an exponential are not among the eight operations. What a search can find is decided by its
# space, before it starts: the paper's could have held neither.
#
# ## What you can do now
#
# - You said what an evaluation costs, and made it cheaper side by side, on more workers, and by halving.
# - You ran one search on processes and on a cluster, and every reward was the same.
# - You read the record of a search in the paper's space, and saw streams of text disagree.
# - You said what four hundred workers gain, and what stale policies cost.
#
# **Three questions**
#
# <details><summary>1. Two workers, the same seed, another history. Is that a bug?</summary>
#
# No. Which result is learned first depends on who was quick. What must agree is the reward of each cell.
#
# </details>
#
# <details><summary>2. Why a second text, if the first has a test stream?</summary>
#
# The space, the recipe and the reward were all made with the first text in view, and the finalists were chosen by it. The second was never used for any choice, and it showed that a lead on one stream is none on another.
#
# </details>
#
# <details><summary>3. Halving kept the best of 160 random cells nearly always. Why may it fail in a search?</summary>
#
# Cells that a search proposes are alike. Their early order may say less about the final one than that of random cells.
#
# </details>
#
# **The end of the chain.** What is left is yours: `python -m nastut search --help`.
#
# **References.** B. Zoph and Q. V. Le, *Neural Architecture Search with Reinforcement Learning*, ICLR 2017,
# arXiv 1611.01578, section 4.2 and figure 6. L. Li et al., *A System for Massively Parallel Hyperparameter
# Tuning*, 2020, arXiv 1810.05934. G. Melis, C. Dyer and P. Blunsom, 2017, arXiv 1707.05589. N. Klyuchnikov et
# al., 2020, arXiv 2006.07116. L. Feng et al., *Were RNNs All We Needed?*, 2024, arXiv 2410.01201. M. Beck et al.,
# *xLSTM*, 2024, arXiv 2405.04517.
