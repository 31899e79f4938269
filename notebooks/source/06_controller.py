# %% [markdown]
# # 06 · The controller
#
# - *You have* cells as sequences, and doubts whether a network writes better ones than people do.
# - *You will build* that network, and the rule by which it learns from rewards alone.
# - *It opens the way to* a contest: the network against chance, and against evolution.

# %% [markdown]
# **By the end you can**
#
# - write a cell with one softmax for each token, and give its probability,
# - derive REINFORCE, and check its noisy gradient against the exact one,
# - say what a baseline may contain, and what it is good for,
# - say what a bonus for entropy does to what is learned.
#
# *Needs:* notebook 02; of 05 what perplexity is; gradients and expectations.
#
# *Takes:* 60 minutes of reading, 30 minutes of exercises.

# %%
import inspect

import matplotlib.pyplot as plt
import numpy as np
import sympy as sp
import torch

import nastut as nt
from nastut.lessons import controller as lesson
from nastut.search import Learner, Reinforce, expected_reward, flat_gradient

rng = nt.setup(seed=0)
_ = torch.set_num_threads(1)

# %% [markdown]
# ## A prediction
#
# A network writes cells, each cell earns a reward from 0 to 1, and the network learns to write what
# was rewarded. Then somebody adds 1 to every reward: now the worst cell earns 1 and the best 2.
# **Does the network still learn to write the same cells? Does it learn as quickly?**
#
# ## 1 · Ten places, ten softmaxes
#
# To write a cell is to make ten choices. At each place only some tokens make sense:

# %%
space = nt.Space(base=2)
print(space.choices, "tokens at the ten places")
assert np.prod(space.choices) == space.size == 36_864

# %% [markdown]
# A **controller** is a recurrent network that makes the choices in their order. At each place a
# linear layer turns the network's output into one score for each token, and a softmax turns the
# scores into probabilities. One token is *drawn*, and it is the next input. So every choice can
# depend on all choices before it. The probability of a whole sequence $a = (a_1, \ldots, a_{10})$
# is the product
#
# $$ P(a) = \prod_{t=1}^{10} P(a_t \mid a_1, \ldots, a_{t-1}) $$
#
# Such a rule, from what is written to probabilities, is a **policy**. Ours is the paper's: two LSTM
# layers of 35 units, all weights drawn from $U(-0.08, 0.08)$ at first. By hand it is one loop:

# %%
controller = nt.Controller(space)


def write(controller, rng):
    inputs, state = controller.start, None  # before anything is written: a learned vector
    written, log_probability = [], 0.0
    for place, decoder in enumerate(controller.decoders):
        output, state = controller.core(inputs[None, None], state)  # (1 step, 1 sequence, 35)
        probabilities = decoder(output[0, 0]).softmax(-1).detach().numpy()  # (number of tokens,)
        token = rng.choice(len(probabilities), p=probabilities)
        written.append(int(token))
        log_probability += np.log(probabilities[token])
        if place < 9:
            inputs = controller.embeddings[place].weight[token]
    return written, log_probability


# %% [markdown]
# `nt.Controller` does the same for many sequences at once. It gives ours the same probability:

# %%
written, log_probability = write(controller, rng)
by_nastut = controller.log_probabilities(torch.tensor([written])).sum().item()
assert np.isclose(log_probability, by_nastut, rtol=0, atol=1e-12)
space.decode(written)

# %% [markdown]
# The picture shows how it was written. Each column is a place, and the height of a box is the
# probability of a token. Framed is the drawn token; its arrow leads to the next place. Nothing is
# learned yet: in each column all boxes are about equally high.

# %%
lesson.draw_policy(controller, space, written)
plt.show()

even = -np.log(space.size)
print(f"log P = {log_probability:.2f}; if all sequences were equally likely: {even:.2f}")
assert abs(log_probability - even) < 1

# %% [markdown]
# > **Exercise 6.1** ★ · 5 minutes
# >
# > `distributions` is a list with the probabilities at each place (one NumPy array a place),
# > `chosen` the list of the chosen numbers. Return $\log P(a)$, by the natural logarithm.


# %%
def log_probability_of(distributions, chosen):
    return ...


nt.check("6.1", log_probability_of)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The logarithm of a product is the sum of the logarithms. `zip` walks along both lists.
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 6.1
def solution_6_1(distributions, chosen):
    pairs = zip(distributions, chosen, strict=True)
    return sum(np.log(probabilities[token]) for probabilities, token in pairs)


nt.check("6.1", solution_6_1)

# %% [markdown]
# The article's previous part wrote networks for images: for each layer height, width and number of
# filters, four options each (paper, section 4.1). Only the list of choices differs:

# %%
images = nt.Controller([4, 4, 4] * 5)  # five layers
print(images.sample(1, rng).tolist())
assert len(images.choices) == 15

# %% [markdown]
# ## 2 · What a cell is worth
#
# Build a network with the cell, a **child**, train it, and measure its perplexity on text that it was
# not trained on. We know the best perplexity that any network can reach on our texts, random
# sentences of a small grammar. The **reward** is
#
# $$ R = \left( \frac{\text{best possible perplexity}}{\text{perplexity of the child}} \right)^2 $$
#
# so 1 is perfect, and 0 is for a child whose training blew up. (The paper's reward,
# $80 / \text{perplexity}^2$, is the same up to a constant.)
#
# The paper spent 400 CPUs on training children. Base 2 is so small that *every* cell could be
# trained, once and for all. The results are recorded in a table, so a reward is now a look-up.
# Notebook 07 is about this table. Here we need only the 144 sequences whose activations are all Tanh:

# %%
table = nt.load_table()
tiny = nt.Space(base=2, activations=("Tanh",))
sequences = torch.tensor([tiny.encode(cell) for cell in tiny])  # (144, 10)
R = torch.tensor([table.reward(cell) for cell in tiny]).double()  # (144,)
print(f"{len(R)} sequences; rewards from {R.min():.2f} to {R.max():.2f}, mean {R.mean():.2f}")
assert len(R) == tiny.size == 144

# %% [markdown]
# ## 3 · REINFORCE
#
# Let $\theta$ be the controller's weights. We want the mean reward of what it writes to grow:
#
# $$ J(\theta) = \mathbb{E}[R] = \sum_a P_\theta(a)\, R(a) $$
#
# For base 2 the sum has 36,864 terms, and each costs a training. But $\nabla P = P\, \nabla \log P$
# (because $\nabla \log P = \nabla P / P$) makes its gradient an expectation again, and an expectation can be estimated from $m$ samples
# $a^{(1)}, \ldots, a^{(m)}$ with rewards $R_1, \ldots, R_m$, a **batch**:
#
# $$ \nabla J = \sum_a P(a) R(a)\, \nabla \log P(a) = \mathbb{E}[R\, \nabla \log P]
# \;\approx\; \frac1m \sum_{i=1}^m R_i\, \nabla \log P(a^{(i)}) $$
#
# This is **REINFORCE** (Williams 1992). $R$ is not differentiated, so it may come from anywhere.
# And $\nabla \log P$ is the sum over the places of the gradient of $\log \text{softmax}$. For one
# place with three tokens, scores $s_1, s_2, s_3$ and probabilities $p_1, p_2, p_3$, sympy
# differentiates it. In the matrix below row $k$ is the drawn token, and column $j$ the score:

# %%
s = sp.symbols("s_1:4", real=True)
p = [sp.exp(score) / sum(map(sp.exp, s)) for score in s]
slopes = sp.Matrix(3, 3, lambda k, j: sp.simplify(sp.diff(sp.log(p[k]), s[j])))
assert sp.simplify(slopes - sp.Matrix(3, 3, lambda k, j: int(j == k) - p[j])) == sp.zeros(3, 3)
on_average = sp.Matrix([p]) * slopes  # the mean over k, weighted by p_k
assert sp.simplify(on_average) == sp.zeros(1, 3)
slopes

# %% [markdown]
# The first assert says it shorter: $\partial \log p_k / \partial s_j = [j = k] - p_j$, where
# $[j = k]$ is 1 if $j = k$, else 0. The score of the drawn token goes up, all others go down. How
# far, the reward decides. The second assert says: weighted by how often each token is drawn, these
# steps cancel. If every token earned the same, nothing would be learned on average.
#
# **The baseline.** No reward is negative, so nothing drawn is discouraged; the bad is only
# encouraged less than the good. Better to encourage what is better than usual: subtract a number
# $b$, the **baseline**, from each reward. Since the steps cancel, it does not bend the gradient, as
# long as it does not depend on what was drawn:
#
# $$ \mathbb{E}[b\, \nabla \log P] = b \sum_a P\, \nabla \log P = b\, \nabla \sum_a P = b\, \nabla 1 = 0 $$
#
# > **Exercise 6.2** ★★ · 15 minutes
# >
# > One place, one softmax. `scores` has shape (tokens,), `chosen` and `rewards` have shape (m,), and
# > `b` is a number. Return REINFORCE's estimate of the gradient by `scores`, without torch.


# %%
def reinforce_gradient(scores, chosen, rewards, b):
    return ...  # of shape (tokens,)


nt.check("6.2", reinforce_gradient)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# First the softmax: `p = np.exp(scores) / np.exp(scores).sum()`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `np.eye(len(scores))[chosen]` has a row for each sample, with a 1 at the chosen token.
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 6.2
def solution_6_2(scores, chosen, rewards, b):
    p = np.exp(scores) / np.exp(scores).sum()
    return ((rewards - b)[:, None] * (np.eye(len(scores))[chosen] - p)).mean(0)


nt.check("6.2", solution_6_2)

# %% [markdown]
# ## 4 · Is it true?
#
# With 144 sequences nothing needs sampling. Their probabilities and rewards give $J$, and autograd
# its **exact gradient**, one long vector over all the controller's weights (`flat_gradient` joins
# autograd's pieces). `expected_reward` does the same sum:

# %%
policy = nt.Controller(tiny, seed=1)
P = policy.log_probabilities(sequences).sum(1).exp()  # (144,)
J = P @ R
exact = flat_gradient(J, policy)  # (number of weights,)
reward_of = dict(zip(map(tuple, sequences.tolist()), R.tolist(), strict=True))
assert torch.isclose(J, expected_reward(policy, reward_of.__getitem__), rtol=0, atol=1e-12)

# %% [markdown]
# REINFORCE needs $\nabla \log P(a)$ of single sequences. We compute all 144 of them. Their mean,
# weighted by $P$ and by $R - b$, is what REINFORCE gives on average. It is the exact gradient,
# without a baseline and with one:

# %%
steps = torch.stack(
    [flat_gradient(policy.log_probabilities(a[None]).sum(), policy) for a in sequences]
)
P, mean_reward = P.detach(), J.item()
for b in (0.0, mean_reward):
    assert torch.allclose((P * (R - b)) @ steps, exact, rtol=0, atol=1e-12)
print("the mean of the estimate is the exact gradient, of length", round(exact.norm().item(), 2))

# %% [markdown]
# What differs is how far a single sample is from it: the **variance** of $R\, \nabla \log P$, summed
# over the weights. Here is the answer to the prediction:


# %%
def variance(rewards):
    return ((P * rewards**2) @ (steps**2).sum(1) - (exact**2).sum()).item()


print(f"with 1 added to each reward: {variance(R + 1) / variance(R):.1f} times the variance")
print(f"with a baseline, the mean reward: {variance(R - mean_reward) / variance(R):.2f} times")
assert variance(R + 1) > 5 * variance(R)
assert variance(R - mean_reward) < 0.7 * variance(R)

# %% [markdown]
# Adding 1 is a baseline of −1. It leaves the gradient as it is, so the same cells are learned. But
# the variance is several times as large, so learning can be expected to be slower. With a baseline that
# follows the rewards only the first batch, which is compared with 0, would notice the 1.
#
# Now draw $m$ sequences, as a search does, and measure how far the estimate is from the exact
# gradient. The lines, $\sqrt{\text{variance} / m}$, need no sampling; the dots do, and fall on them.

# %%
drawn = policy.sample(30_000, rng)
counts = np.array([10, 30, 100, 300, 1000])
lines, dots = {}, {}
for name, rewards in (("without baseline", R), ("with baseline", R - mean_reward)):
    lines[name] = np.sqrt(variance(rewards) / counts) / exact.norm().item()
    dots[name] = lesson.sampled_errors(sequences, P, rewards, steps, drawn, counts)
    assert np.allclose(dots[name], lines[name], rtol=0.2)
    assert lines[name][0] > 0.8

lesson.draw_errors(counts, lines, dots)
plt.show()

# %% [markdown]
# The dotted line is at 1: there the error is as long as the gradient itself. With ten samples, the
# paper's number, the error is 1 to 1.5 times the gradient. REINFORCE is right on average, and very
# noisy.
#
# ## 5 · A baseline that moves
#
# A search does not know its mean reward, and this changes as it learns. The paper's baseline is a
# moving average of the rewards *before* the current batch.
#
# > **Exercise 6.3** ★★ · 10 minutes
# >
# > `means` are the mean rewards of the batches, one after the other. Return the baseline that each
# > batch is compared with: 0 for the first, because nothing is known yet; the first batch's mean for
# > the second; after that the average moves: `decay` times the old one, plus (1 − `decay`) times the
# > newest mean.


# %%
def baselines(means, decay):
    return ...  # an array as long as means


nt.check("6.3", baselines)

# %% [markdown]
# <details><summary>Hint</summary>
#
# In each round: first note the average, then move it.
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 6.3
def solution_6_3(means, decay):
    used, average = [0.0], means[0]
    for mean in means[1:]:
        used.append(average)
        average = decay * average + (1 - decay) * mean
    return np.array(used)


nt.check("6.3", solution_6_3)

# %% [markdown]
# ## 6 · It learns
#
# nastut's REINFORCE is what you have derived: the first function below gives the sum whose gradient
# is the estimate, the second takes a step uphill with Adam. One thing is new in the second,
# `entropy`. The **entropy** of a softmax,
#
# $$ H = -\sum_k p_k \log p_k , $$
#
# is 0 if one token is sure, and largest, $\log n$, if all $n$ tokens are equally likely. It is
# measured in *nats* ($\log$ is natural). A policy's entropy is the sum over the places. Times a
# number, the **bonus**, it is added to what shall grow: a reason to stay undecided. (The paper
# states no bonus.)

# %%
print(inspect.getsource(Reinforce.objective), inspect.getsource(Learner.learn), sep="\n")

# %% [markdown]
# On the 144 sequences we can watch what no search sees, the exact $J$. Ten samples a batch, three
# seeds, without a bonus and with 0.05 for a nat. The black line is the best sequence's reward on the
# left, and on the right the entropy if all 144 are equally likely:


# %%
def practise(bonus, seed):
    controller = nt.Controller(tiny, seed=seed)
    learner = Reinforce(controller, np.random.default_rng(seed), learning_rate=0.01, entropy=bonus)
    history = []
    for _ in range(80):
        proposed = learner.propose()
        update = learner.learn(proposed, [reward_of[tuple(choices)] for choices in proposed])
        with torch.no_grad():
            J = expected_reward(controller, reward_of.__getitem__).item()
        history.append((J, sum(update["entropy"])))
    return np.transpose(history)  # the mean reward, and the entropy, after each update


# %%
curves = {bonus: np.array([practise(bonus, seed) for seed in range(3)]) for bonus in (0.0, 0.05)}
lesson.draw_learning(curves, best=R.max().item(), even=np.log(len(R)))
plt.show()

mean_at_end, entropy_at_end = (
    {bonus: history[:, which, -10:].mean(1) for bonus, history in curves.items()}
    for which in (0, 1)
)
for bonus, history in curves.items():
    print(f"bonus {bonus:4g}: J at first {history[:, 0, 0].mean():.2f}, ", end="")
    print(f"after 20 updates {history[:, 0, 19].mean():.2f}, ", end="")
    print(f"at the end {mean_at_end[bonus].mean():.2f}; entropy {entropy_at_end[bonus].mean():.1f}")
    growth = history[:, 0, 19] / history[:, 0, 0]
    assert 1.6 < growth.min() < growth.max() < 2
print("e^H of each run with the bonus:", *np.exp(entropy_at_end[0.05]).round().astype(int))
assert mean_at_end[0.05].mean() < mean_at_end[0.0].mean()
assert all(15 < sequences < 50 for sequences in np.exp(entropy_at_end[0.05]))
assert all(mean_at_end[bonus].min() > 0.8 > 1.5 * mean_reward for bonus in curves)
assert mean_at_end[0.0].max() < R.max() - 0.01
assert entropy_at_end[0.0].max() < 1.5 < 2.5 < entropy_at_end[0.05].min()

# %% [markdown]
# Left: within 20 updates, 200 samples, the mean reward nearly doubles. Right: without a bonus the policy is
# soon nearly *sure*, and it then proposes little new. Each of the three runs has settled on good
# sequences that are not the best. With the bonus the policy stays undecided, as between some twenty to
# forty equally likely sequences ($e^H$), and goes on trying. It pays for that: its mean reward at the
# end is a little lower.
#
# So the bonus decides how long a search searches. How much of it is good for finding the *best*
# cell? That is a question for a contest.
#
# ## What you can do now
#
# - You wrote a cell with ten softmaxes, and computed its probability.
# - You derived REINFORCE, and checked it against the exact gradient.
# - You said what a baseline may contain, and saw how much noise it takes away.
# - You saw a policy become sure too soon, and a bonus for entropy keep it undecided.
#
# **Three questions**
#
# <details><summary>1. Why may the reward come from anywhere, even from a table?</summary>
#
# Only $\log P$ is differentiated. The reward is a number that the gradient is multiplied with.
#
# </details>
#
# <details><summary>2. Why must the baseline not contain the reward of the very sequence it is subtracted from?</summary>
#
# Then it depends on what was drawn, and $b$ cannot be taken out of the expectation. With one
# sample a batch and $b = R_1$, every step would be zero.
#
# </details>
#
# <details><summary>3. A colleague estimates the gradient from ten samples and finds that it points the wrong way. Is the formula wrong?</summary>
#
# It need not be. With ten samples the error is as long as the gradient. Average over many batches, or
# enumerate a small space.
#
# </details>
#
# **Next:** `07_contest.ipynb`, where the controller meets chance and evolution on a table of all
# answers.
#
# **References.** B. Zoph and Q. V. Le, *Neural Architecture Search with Reinforcement Learning*, ICLR
# 2017, arXiv 1611.01578, sections 3.2 and 4.2. R. J. Williams, *Simple Statistical
# Gradient-Following Algorithms for Connectionist Reinforcement Learning*, Machine Learning 8, 1992.
