# %% [markdown]
# # 07 · The contest
#
# - *You have* a controller that writes cells, and a rule by which it learns from rewards.
# - *You will build* evolution and a second learning rule, a fair contest between them and chance, and
#   the tests that show whether a controller is broken.
# - *It opens the way to* a controller whose own cell was found by a controller.

# %% [markdown]
# **By the end you can**
#
# - write regularized evolution and priority-queue training in a dozen lines each,
# - compare searches over many seeds, with runs among them that never arrive,
# - say what a method gains from, and what the best cells have in common,
# - find the bug in a controller that seems to learn.
#
# *Needs:* the classes of equal cells from notebook 02; notebooks 03 and 06.
#
# *Takes:* 60 minutes of reading, 33 minutes of exercises.

# %%
import inspect
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import torch

import nastut as nt
from nastut.lessons import contest, plots
from nastut.search import PriorityQueue, Reinforce, expected_reward, flat_gradient
from nastut.studies import inference

rng = nt.setup(seed=0)
space = nt.Space(base=2)
_ = torch.set_num_threads(1)

# %% [markdown]
# ## A prediction
#
# We look for a cell among the best per mille. Three ways: draw blindly; change one token of a good
# cell at a time; train a network to write what was rewarded.
# **Which needs the fewest trials? Does the network need fewer than chance?**
#
# ## 1 · A table of all answers
#
# Base 2 is so small that we could train *every* cell, from three seeds, on the grammar of notebook 06.
# So a trial is a look-up, and we know what a search should find:

# %%
table = nt.load_table()
rewards, good = table.rewards(), len(table) // 1000
print(f"{len(table):,} classes of equal cells; the best per mille are {good}")

example = table.rank(nt.zoo.EXAMPLE)
contest.draw_table(
    rewards, {"best of this table": 1, "best per mille": good, "the article's example": example}
)
plt.show()

# %% tags=["guard"] jupyter={"source_hidden": true}
assert example > len(table) / 2
assert np.mean(rewards < 0.1) > 1 / 3

# %% [markdown]
# Cells by rank; the best are close together. At the right end, which the
# logarithmic axis makes thin, more than a third earn less than 0.1. The article's example is in the
# worse half.
#
# ## 2 · Two searches, by hand
#
# **Evolution** keeps some cells alive. Of a few drawn from them the best is copied, one token of the
# copy is changed, and the oldest cell dies (Real et al. 2019). A parent dies even if it is the best:
# only its children can keep what it had.


# %%
def evolution(rng, population, sample):
    alive = []
    while True:
        if len(alive) < population:
            child = [int(rng.integers(n)) for n in space.choices]
        else:
            few = [alive[member] for member in rng.integers(population, size=sample)]
            child = list(max(few, key=lambda pair: pair[0])[1])
            place = rng.integers(len(child))
            step = 1 + int(rng.integers(space.choices[place] - 1))
            child[place] = (child[place] + step) % space.choices[place]
        yield child
        alive = [*alive, (table.reward(space.decode(child)), child)][-population:]


# %% [markdown]
# **Priority-queue training** keeps REINFORCE's controller and changes the rule. It keeps a queue of
# the best sequences so far, and makes *their* $\log P$ grow, whatever the others earned (Abolafia et
# al. 2018). No baseline, no rewards in the gradient.
#
# > **Exercise 7.1** ★★ · 8 minutes
# >
# > Write `next_queue(queue, proposed, earned, size)`. `queue` is a list of pairs (reward, choices), best
# > first. `proposed` are the choices of a new batch, `earned` their rewards. Return the `size` best
# > *different* sequences of both, as such pairs. Of equal rewards the older comes first.


# %%
def next_queue(queue, proposed, earned, size):
    return ...  # a list of pairs


nt.check("7.1", next_queue)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Which sequences are in the queue already? The batch may repeat itself, too.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `sorted` keeps the order of equals. Sort by `key=lambda pair: -pair[0]`.
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 7.1
def solution_7_1(queue, proposed, earned, size):
    queue = list(queue)
    for reward, choices in zip(earned, proposed, strict=True):
        if choices not in [known for _, known in queue]:
            queue.append((reward, choices))
    return sorted(queue, key=lambda pair: -pair[0])[:size]


nt.check("7.1", solution_7_1)

# %% [markdown]
# A step of learning, with the `next_queue` of the package:


# %%
def learn_the_best(queue, proposed, controller, optimizer, bonus):
    earned = [table.reward(space.decode(choices)) for choices in proposed]
    queue = contest.next_queue(queue, proposed, earned, size=10)
    best = torch.tensor([choices for _, choices in queue])
    entropy = sum(-(p.exp() * p).sum(1).mean() for p in controller(best))
    objective = controller.log_probabilities(best).sum(1).mean() + bonus * entropy
    optimizer.zero_grad()
    (-objective).backward()
    optimizer.step()
    return queue


# %% [markdown]
# Ours also *redraws*: what it has proposed before, it draws again.


# %%
def queue_search(seed, learning_rate, bonus):
    rng, controller = np.random.default_rng(seed), nt.Controller(space, seed=seed)
    optimizer = torch.optim.Adam(controller.parameters(), learning_rate)
    queue, known = [], set()
    while True:
        drawn = list(map(tuple, controller.sample(100, rng).tolist()))
        new = [choices for choices in dict.fromkeys(drawn) if choices not in known]
        proposed = [list(choices) for choices in (new + drawn)[:10]]
        known.update(map(tuple, proposed))
        yield from proposed
        queue = learn_the_best(queue, proposed, controller, optimizer, bonus)


# %% [markdown]
# An **evaluation** is a proposed cell, new or not. A run *arrives* when it proposes one of the best per
# mille. Yours arrive exactly where nastut's did, which were run from 40 seeds and recorded:

# %%
study = nt.load_study("tuning")
results, reached = study["runs"], {}
for run in results.values():
    if run["line"] is not None:  # not one of those that were only tried in tuning
        reached.setdefault(run["line"], []).extend(run["reached"]["1 per mille"])
reached = {line: inference.arrivals(values) for line, values in reached.items()}


def arrival(proposals):
    ranks = (table.rank(space.decode(choices)) for choices in proposals)
    return next(number for number, rank in enumerate(ranks, 1) if rank <= good)


yours = arrival(evolution(np.random.default_rng(3_000), population=20, sample=5))
print("evolution, seed 3000: evaluation", yours)
assert yours == reached["evolution, tuned"][0]
yours = arrival(queue_search(3_000, learning_rate=0.01, bonus=0.2))
print("priority queue, seed 3000: evaluation", yours)
assert yours == reached["priority queue, tuned"][0]

# %% [markdown]
# ## 3 · The contest
#
# Besides evolution and the queue run *random*, where every sequence is equally likely, *REINFORCE* with
# the paper's rate (0.0005), its batch and no entropy bonus, and *REINFORCE, tuned*. Whoever tunes only one method
# will find it best. So evolution, REINFORCE and the queue each got twelve settings, tried from the same
# 20 seeds. The setting that needs the fewest evaluations on average is judged on 40 *other* seeds,
# with 1,500 evaluations a run.

# %%
fig, axis = plt.subplots(figsize=(7, 3.6))
main = {name: reached[name] for name in contest.LOOK}
plots.draw_arrivals(axis, main, contest.LOOK, study["settings"]["evaluations"])
plt.show()

# %% tags=["guard"] jupyter={"source_hidden": true}
middle = {name: inference.median(values) for name, values in main.items()}
assert 2 * max(middle["evolution, tuned"], middle["priority queue, tuned"]) < middle["random"]

# %% [markdown]
# Where a curve crosses 0.5, half of the runs have arrived.
# **Evolution and the queue need far fewer trials than chance. REINFORCE, the paper's rule, shows no
# advantage over chance here**, tuned or not.
#
# > **Exercise 7.2** ★★ · 10 minutes
# >
# > Some runs never arrive. Of those we know only that they need *more* than the budget; such numbers
# > are called **censored**. `reached` is a list: for each run the evaluation at which it arrived, or
# > None if it never did. Write `half_arrived(reached)`: the smallest number of evaluations within
# > which at least half of *all* runs had arrived. Return None if fewer than half ever did.


# %%
def half_arrived(reached):
    return ...


nt.check("7.2", half_arrived)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Sort, with infinity in the place of None. Which place of the sorted list is the answer? Try it for
# lists of 4 and of 5.
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 7.2
def solution_7_2(reached):
    sorted_ = sorted(np.inf if number is None else number for number in reached)
    middle = sorted_[(len(reached) + 1) // 2 - 1]
    return middle if np.isfinite(middle) else None


nt.check("7.2", solution_7_2)

# %% slideshow={"slide_type": "skip"} jupyter={"source_hidden": true}
print(contest.arrival_table(main, np.random.default_rng(0)))
print("\n", contest.how_sure(reached, 0, 7), sep="")
assert "p = 0.0" not in contest.how_sure(reached, 0, 3)

# %% [markdown]
# <details><summary>How sure is this?</summary>
#
# *The medians.* The interval says how far a median moves if forty runs are drawn again from these,
# with replacement (the *bootstrap*); *inf* is beyond the budget. *Priority queue* alone has
# nastut's usual settings.
#
# *The comparisons.* Take all pairs of runs: in which share of them does the first method arrive first?
# The test of Mann and Whitney asks how likely chance makes a share so far from one half: that is $p$.
# Fifteen such questions were planned (eight are in section 5), so each $p$ is *corrected* for their
# number, by Holm's rule: the smallest times 15, the next times 14, and so on, but never below the one
# before. Evolution and the queue against chance: clear. Between the two, and between REINFORCE and
# chance: open.
#
# </details>

# %% [markdown]
# It is one table and a small space. In the paper, with 15,000 trials in a far larger one, REINFORCE
# did beat random search; notebook 09 comes back to that.
#
# ## 4 · What the bonus does
#
# Here are all twelve settings of each controller. A point is a setting, and its
# height the mean evaluations, where a run that never arrives counts 1,500. The dotted line is chance,
# the grey band its interval:

# %%
grid = study["settings"]["grids"]["reinforce"]
bonuses, rates = grid["entropy"], grid["learning_rate"]
tried = contest.tried(results)
sweeps = {
    method: {
        rate: [contest.spent(tried[method, rate, bonus], rng) for bonus in bonuses]
        for rate in rates
    }
    for method in ("reinforce", "priority_queue")
}
contest.draw_sweep(sweeps, bonuses, chance=contest.spent(reached["random"], rng))
plt.show()

for bonus in bonuses:
    arrived = [np.isfinite(tried["reinforce", rate, bonus]).sum() for rate in rates]
    print(f"REINFORCE, bonus {bonus:4g}: of 20 runs arrived", *arrived)

# %% tags=["guard"] jupyter={"source_hidden": true}
assert all(np.isfinite(tried["reinforce", rate, 0.01]).mean() < 0.5 for rate in rates)
assert all(np.isfinite(tried["reinforce", rate, 0.1]).mean() > 0.5 for rate in rates)

# %% [markdown]
# The lower, the better; bars are 95 % intervals. **REINFORCE stands or falls by its bonus.** With 0.01
# most runs never arrive, at any of the three rates; likely they are sure too soon (notebook 06). With 0.1
# or more most arrive. Whoever tries 0.01 alone calls REINFORCE worse than
# chance, and judges a setting, not the method. The queue's means are all below chance; only one
# bar (rate 0.03, bonus 0.01) reaches the band.
#
# ## 5 · What the queue gains from
#
# The queue differs from REINFORCE in what it learns from, and in its redraw. So give the redraw to
# REINFORCE, take it from the queue, and take the bonus from both: an **ablation**.

# %%
fig, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
lines = contest.ABLATION
needs = {label: contest.spent(reached[line], rng) for line, label in lines.items()}
never = [f"{np.isinf(reached[line]).sum()} of {len(reached[line])} never" for line in lines]
plots.draw_intervals(axis, needs, never, middle=contest.spent(reached["random"], rng)[0])
axis.set(xlabel="mean evaluations (vertical line: chance)", xlim=(0, 1_500))
plt.show()

in_tuning = min(mean for of_rate in sweeps["reinforce"].values() for mean, *_ in of_rate)
on_fresh, *_ = needs["REINFORCE, bonus"]
print(f"REINFORCE, bonus: {in_tuning:.0f} while it was chosen, {on_fresh:.0f} on fresh seeds")

# %% slideshow={"slide_type": "skip"} jupyter={"source_hidden": true}
print(contest.how_sure(reached, 7, 15))
means = [mean for mean, *_ in needs.values()]
assert max(means[4:]) < min(means[:4])
assert 1.5 * in_tuning < on_fresh

# %% [markdown]
# Further left is better. **It is what the queue learns from**: with the same helpers it is ahead of
# REINFORCE, each time. REINFORCE needs the bonus. Whether the queue does, is open: without it a few more
# runs never arrive. (The table's first four rows compare the two; all is at rate 0.01, which tuning chose
# for both.)
#
# And REINFORCE's best setting looked far better while it was *chosen*. The lowest of twelve means is
# partly luck; fresh seeds take that away.
#
# ## 6 · The mean and the best
#
# Why? REINFORCE does what it was told: it makes the *mean* reward grow. To write only the best cell
# would give the highest mean, too, but a gradient sees only the next step. Take two doors. Door 0
# always pays 0.8. Behind door 1 are 1,001 boxes with 0, 0.001, …, 1. Both rules get the same rate,
# batch, bonus and redraw.


# %%
def watch_the_doors(method, seed, **settings):
    both = {"batch": 10, "learning_rate": 0.02, "entropy": 0.02, "redraw": True}
    controller = nt.Controller([2, 1_001], seed=seed)
    learner = method(controller, np.random.default_rng(seed), **both, **settings)
    opened = []
    for _ in range(60):
        proposed = learner.propose()
        learner.learn(proposed, [0.8 if door == 0 else box / 1_000 for door, box in proposed])
        opened.append(controller.distribution()[1].item())
    return opened


learned = {
    "REINFORCE": np.array([watch_the_doors(Reinforce, seed) for seed in range(5)]),
    "priority queue": np.array([watch_the_doors(PriorityQueue, s, best=10) for s in range(5)]),
}
contest.draw_doors(learned, sure=0.8, most=1.0)
plt.show()

# %% tags=["guard"] jupyter={"source_hidden": true}
assert learned["REINFORCE"][:, -1].max() < 0.5 < learned["priority queue"][:, -1].min()

# %% [markdown]
# Left: door 1 pays less on average (black line), but a fifth of its boxes (blue) beat door 0. Right,
# five runs each: REINFORCE climbs the mean, to door 0 and away from the best. The queue has seen a
# box above 0.8, and goes where that was.
#
# ## 7 · What do the best cells look like?
#
# The three best of this table:

# %%
nt.draw_side_by_side(*table.best(3), titles=["rank 1", "rank 2", "rank 3"], fold=True)

# %% [markdown]
# Each adds two leaves, at least one of which multiplies, $W x_t \odot U h_{t-1}$. And in each, $c_t$
# is leaf 0 before its activation, and multiplies leaf 1 one step *later*. Is that typical? A filled circle right of
# an open one: commoner among the best per cent than among all. (*A gate*: something
# is multiplied by a sigmoid.)

# %%
properties = contest.properties(table)
best_per_cent = table.ranks() <= len(table) // 100
shares = {name: (has.mean(), has[best_per_cent].mean()) for name, has in properties.items()}
contest.draw_lift(shares)
plt.show()

lift = {name: among_best / among_all for name, (among_all, among_best) in shares.items()}
assert lift["root without activation"] > 3
assert max(lift["a gate"], lift["inject at a leaf, create at the root (memory path)"]) < 0.7

# %% [markdown]
# **Gates and memory paths, all that LSTM is proud of, are rarer among the best.** A likely reason:
# sentences of a dozen letters are short, and $h_{t-1}$ with its matrices carries the one letter that
# has to be remembered.
#
# Who picks the best of 18,688 by three noisy seeds picks luck, too. So the best two per cent (384)
# were trained again, from five fresh seeds. And the table has a second task, recall over a delay:

# %%
fresh, perfect = {}, table.settings["tasks"]["embedded_reber"]["best"]
for children in nt.load_study("retrained")["runs"].values():
    for child in children:
        earned = (perfect / (child["validation"] or np.inf)) ** 2
        fresh.setdefault(child["cell"], []).append(earned)
again = np.array([np.mean(fresh[str(cell)]) for cell in table.best(len(fresh))])
kept = np.sum(np.argsort(-again)[:good] < good)
print(f"of the table's best {good}, {kept} are among the best {good} again")
tenth = len(table) // 10
both = (table.ranks() <= tenth) & (table.ranks("delayed_recall") <= tenth)
print(f"of its best tenth, {both.sum() / tenth:.0%} are in the best tenth of recall (chance: 10 %)")

# %% tags=["guard"] jupyter={"source_hidden": true}
first = [table.best(len(fresh))[row] for row in np.argsort(-again)[:38]]
assert np.mean([cell.nodes[2].activation == "Identity" for cell in first]) > 0.8
assert np.mean([cell.has_memory for cell in first]) < 0.5 * table.has_memory.mean()

# %% [markdown]
# **Much of the order at the very top is luck**; that a cell is good is not. Among the best again,
# roots are plain and memory paths rare, and half of the best tenth are good at recall, too.
# The contest is not touched: a search sees the table's rewards.
#
# ## 8 · A gallery of broken controllers
#
# A search that needs more trials than it should may have a bug. Each of these changes one method;
# the eighth, *collapse*, changes only the learning rate, to 0.5. The first three sit in sampling, which asks at
# each place for its `next_input`, goes a `step`, and lets `choose` draw. Learning scores finished
# sequences and uses none of these methods.

# %%
for bug in contest.BROKEN.values():
    for part in (bug.controller, bug.learner):
        if part.__module__.endswith("contest"):
            print(inspect.getsource(part))

# %%
tiny = nt.Space(base=2, activations=("Tanh",))
reward_of = {tuple(tiny.encode(cell)): table.reward(cell) for cell in tiny}
setups = {"right": contest.RIGHT, **contest.BROKEN}
practised = {
    name: [contest.practise(setup.build(tiny.choices, seed), reward_of) for seed in range(3)]
    for name, setup in setups.items()
}
curves = {name: np.mean([curve for curve, _ in runs], axis=0) for name, runs in practised.items()}
right = curves.pop("right")
contest.draw_curves(curves, right)
plt.show()

# %% tags=["guard"] jupyter={"source_hidden": true}
healthy = [name for name, curve in curves.items() if curve[-10:].mean() > right[-10:].mean() - 0.05]
assert len(healthy) > len(curves) / 2

# %% [markdown]
# All learn on notebook 06's 144 sequences; dashed: the right one. **More than half
# look healthy.** Networks learn around many bugs, so a curve is not a test. A test asks for a property of
# the right one, on a case so small that everything can be computed:

# %%
pairs = torch.tensor(list(product(range(2), range(3))))  # all sequences of choices [2, 3]
worth = torch.tensor([0.9, 0.1, 0.8, 0.7, 0.6, 1.0], dtype=torch.float64)
worth_of = dict(zip(map(tuple, pairs.tolist()), worth.tolist(), strict=True))


def samples_fit(learner):
    """What it samples is as frequent as it says, up to five standard errors."""
    says = learner.controller.log_probabilities(pairs).sum(1).exp().detach()
    drawn = learner.controller.sample(4_000, np.random.default_rng(0))
    found = torch.stack([(drawn == a).all(1).double().mean() for a in pairs])
    return bool(((found - says).abs() < 5 * (says * (1 - says) / 4_000).sqrt()).all())


# %%
def gradients(learner):
    """Return the mean of the estimate over all batches of two, and the exact gradient."""
    says = learner.controller.log_probabilities(pairs).sum(1).exp().detach()
    total = 0.0
    for batch in map(list, product(range(6), repeat=2)):
        learner.average = 0.5
        objective = learner.objective(pairs[batch], worth[batch])[1]
        total += says[batch].prod() * flat_gradient(objective, learner.controller)
    J = expected_reward(learner.controller, worth_of.__getitem__)
    return total, flat_gradient(J, learner.controller)


def gradient_is_exact(learner):
    return torch.allclose(*gradients(learner), rtol=0, atol=1e-12)


# %%
def baseline_is_used(learner):
    """Rewards that equal the baseline teach nothing."""
    learner.average = 0.7
    objective = learner.objective(pairs[:2], torch.tensor([0.7, 0.7], dtype=torch.float64))[1]
    return bool(flat_gradient(objective, learner.controller).abs().max() < 1e-12)


def record_stays_true(learner):
    """Learning does not change the rewards that it is given."""
    earned = [0.2, 0.4]
    learner.learn([[0, 1], [1, 2]], earned)
    return earned == [0.2, 0.4]


# %%
tests = (samples_fit, gradient_is_exact, baseline_is_used, record_stays_true)
columns, caught = [*(test.__name__ for test in tests), "stays_curious"], {}
print(" " * 18, *columns)
for name, setup in setups.items():
    # A spread of 40 makes the first weights large: even policies hide what they depend on.
    passed = [test(setup.build([2, 3], seed=2, spread=40)) for test in tests]
    # Curious: the last five batches of each run hold more than one sequence.
    passed.append(all(len(set.union(*record[-5:])) > 1 for _, record in practised[name]))
    caught[name] = passed.count(False)
    marks = [("ok" if ok else "FAIL").ljust(len(c)) for ok, c in zip(passed, columns, strict=True)]
    print(f"{name:18s}", *marks)
assert caught["right"] == 0
assert all(caught[name] for name in contest.BROKEN)

# %%
step, exact = gradients(contest.BROKEN["baseline of itself"].build([2, 3], seed=2, spread=40))
cosine = torch.cosine_similarity(step, exact, dim=0)
print(f"baseline of itself: cosine {cosine:.4f}, length {step.norm() / exact.norm():.2f}")

# %% [markdown]
# All are caught. One is a flaw rather than a bug: *baseline of itself* fails, but its step
# has the right direction and three quarters of the length. Half of its baseline is the batch's own
# mean, and for $m = 2$ that costs $\frac12 \cdot \frac12$ (notebook 06, section 5). Adam divides it out.
#
# > **Exercise 7.3** ★★ · 15 minutes
# >
# > A, B and C are controllers of choices `[2, 3]`. One is
# > *never fed back*, one takes the *likeliest token*, one has *h and c swapped*. Which is which? Find
# > out by sampling: `contest.mystery("A", 4_000, rng)` are 4,000 sequences of A. Answer with a
# > dict, such as `{"A": "likeliest token", "B": ..., "C": ...}`.

# %%
answer_7_3 = ...

nt.check("7.3", answer_7_3)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Does one of them always write the same?
#
# </details>
# <details><summary>Hint 2</summary>
#
# How often does each second token follow a first token of 0, and of 1? Where the first is not read,
# the two shares are equal, apart from chance: with some 1,000 samples of one, up to about 0.05.
#
# </details>

# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 7.3
answer = {}
for name in "ABC":
    first, second = np.transpose(contest.mystery(name, 4_000, np.random.default_rng(0)))
    after = [np.bincount(second[first == k], minlength=3) / max(1, sum(first == k)) for k in (0, 1)]
    if len(set(zip(first, second, strict=True))) == 1:
        answer[name] = "likeliest token"
    elif np.allclose(*after, atol=0.1):
        answer[name] = "never fed back"
    else:
        answer[name] = "h and c swapped"
nt.check("7.3", answer)

# %% [markdown]
# ## What you can do now
#
# - You wrote evolution and priority-queue training, and they arrived where the recorded ones did.
# - You compared searches over many seeds, with runs among them that never arrived.
# - You found what the queue gains from, and saw that gates and memory paths are rarer among the best cells.
# - You found bugs that no curve shows.
#
# **Three questions**
#
# <details><summary>1. Of two searches one has the lower median, but more runs that never arrive. Which is better?</summary>
#
# That depends on how many runs you can afford. With one, the share that never arrives matters most.
#
# </details>
#
# <details><summary>2. A search reports that its mean reward tripled. What do you ask?</summary>
#
# What its best cell is, against random search with as many evaluations, over how many seeds.
#
# </details>
#
# <details><summary>3. A new method is tuned with care and beats REINFORCE with the settings of its paper. What is missing?</summary>
#
# The same effort for REINFORCE: as many settings, on the same seeds. And other seeds for the verdict.
#
# </details>
#
# **Next:** `08_networks_that_design_networks.ipynb`, where what was found becomes the controller's
# own cell.
#
# **References.** B. Zoph and Q. V. Le, *Neural Architecture Search with Reinforcement Learning*, ICLR
# 2017, arXiv 1611.01578, section 4.2 and figure 6. E. Real et al., *Regularized Evolution for Image
# Classifier Architecture Search*, AAAI 2019, arXiv 1802.01548. D. A. Abolafia et al., *Neural Program
# Synthesis with Priority Queue Training*, 2018, arXiv 1801.03526.
