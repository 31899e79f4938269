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
# - say what an entropy bonus does to what is learned.
#
# *Needs:* notebook 02; perplexity from notebook 05; gradients and expectations.
#
# *Takes:* 60 minutes of reading, 30 minutes of exercises.

# %%
import inspect

import matplotlib.pyplot as plt
import numpy as np
import sympy as sp
import torch

import nastut as nt
from nastut.learning.grammar import EMBEDDED_REBER
from nastut.lessons import controller as lesson
from nastut.search import Learner, Reinforce, expected_reward, flat_gradient

rng = nt.setup(seed=0)
_ = torch.set_num_threads(1)

# %% [markdown]
# ## A prediction
#
# A network writes cells, each earns a reward from 0 to 1, and the network learns to write what was
# rewarded. Then somebody adds 1 to every reward: now the worst cell earns 1 and the best 2.
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
# Such a rule is a **policy**. Ours is the paper's: two LSTM layers of 35 units, weights drawn from
# $U(-0.08, 0.08)$ at first. By hand it is one loop:

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
# probability of a token. The token that was drawn has a frame, and an arrow leads from it to the
# next place. Nothing has been learned yet: the boxes of a column are about equally high.

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
# The logarithm of a product is a sum of logarithms. `zip` walks along both lists.
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 6.1
def solution_6_1(distributions, chosen):
    pairs = zip(distributions, chosen, strict=True)
    return sum(np.log(probabilities[token]) for probabilities, token in pairs)


nt.check("6.1", solution_6_1)

# %% [markdown]
# In the article's previous part a controller wrote networks for images: for each layer height, width
# and number of filters, four options each (paper, section 4.1). Only the list of choices differs:

# %%
images = nt.Controller([4, 4, 4] * 5)  # five layers
print(images.sample(1, rng).tolist())
assert len(images.choices) == 15

# %% [markdown]
# ## 2 · What a cell is worth
#
# Build a network with the cell, a **child**, train it, and measure its perplexity on text that it was
# not trained on. Our text is random sentences of a small grammar, the *embedded Reber grammar*:

# %%
for _ in range(3):
    print("".join(EMBEDDED_REBER.sentence(rng)))
print(f"best possible perplexity: {EMBEDDED_REBER.perplexity():.4f}")

# %% [markdown]
# Most letters leave two choices for the next one. But the last letter but one is the second letter
# again, T or P, however long the sentence. A child has to remember it. The best possible perplexity
# is known here, so the **reward** is
#
# $$ R = \left( \frac{\text{best possible perplexity}}{\text{perplexity of the child}} \right)^2 $$
#
# so 1 is perfect, and 0 is for a child whose training blew up.
#
# Our children are tiny, and base 2 is so small that *every* cell could be trained, once and for
# all. The results are in a table, and a reward is now a look-up. Here we need only the 144
# sequences whose activations are all Tanh:

# %%
table = nt.load_table()
print(f"a child has {table.results().parameters[0]} parameters")
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
# For base 2 the sum has 36,864 terms, and each costs a training. But $\nabla \log P = \nabla P / P$,
# so $\nabla P = P\, \nabla \log P$, and the gradient is an expectation again. An expectation can be
# estimated from a **batch** of $m$ samples $a^{(1)}, \ldots, a^{(m)}$ with rewards $R_1, \ldots, R_m$:
#
# $$ \nabla J = \sum_a P(a) R(a)\, \nabla \log P(a) = \mathbb{E}[R\, \nabla \log P]
# \;\approx\; \frac1m \sum_{i=1}^m R_i\, \nabla \log P(a^{(i)}) $$
#
# This is **REINFORCE** (Williams 1992). $R$ is not differentiated, so it may come from anywhere.
# And $\nabla \log P$ is a sum over the places: of the gradients of $\log \text{softmax}$. At a place
# with scores $s_j$ and probabilities $p_j$, they are $\partial \log p_k / \partial s_j = [j = k] - p_j$,
# where $[j = k]$ is 1 if $j = k$, else 0. Let sympy check it for three tokens. In the matrix below,
# row $k$ is the drawn token and column $j$ the score:

# %%
s = sp.symbols("s_1:4", real=True)
p = [sp.exp(score) / sum(map(sp.exp, s)) for score in s]
slopes = sp.Matrix(3, 3, lambda k, j: sp.simplify(sp.diff(sp.log(p[k]), s[j])))
assert sp.simplify(slopes - sp.Matrix(3, 3, lambda k, j: int(j == k) - p[j])) == sp.zeros(3, 3)
on_average = sp.Matrix([p]) * slopes  # the mean over k, weighted by p_k
assert sp.simplify(on_average) == sp.zeros(1, 3)
slopes

# %% [markdown]
# The score of the drawn token goes up, all others go down; how far, the reward decides. Weighted by
# how often each token is drawn, these steps cancel.
#
# **The baseline.** No reward is negative, so whatever is drawn is encouraged, the bad only less than
# the good. Better to encourage what is better than usual: subtract a number $b$, the **baseline**,
# from each reward. Since the steps cancel, the gradient stays as it is, as long as $b$ does not
# depend on what was drawn:
#
# $$ \mathbb{E}[b\, \nabla \log P] = b \sum_a P\, \nabla \log P = b\, \nabla \sum_a P = b\, \nabla 1 = 0 $$
#
# > **Exercise 6.2** ★★ · 15 minutes
# >
# > One place, one softmax. `scores` has shape (tokens,), `chosen` and `rewards` have shape (m,), and
# > `b` is a number. Return REINFORCE's estimate of the gradient with respect to
# > `scores`: the mean over the samples. Do it without torch.


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
# `np.eye(len(scores))[chosen]` has a row for each sample, with a 1 at the chosen token. `(rewards - b)[:, None]`
# is a column, with a factor for each row.
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
# its **exact gradient**, one long vector over all weights:

# %%
policy = nt.Controller(tiny, seed=1)
P = policy.log_probabilities(sequences).sum(1).exp()  # (144,)
J = P @ R
exact = flat_gradient(J, policy)  # (number of weights,)
reward_of = dict(zip(map(tuple, sequences.tolist()), R.tolist(), strict=True))
assert torch.isclose(J, expected_reward(policy, reward_of.__getitem__), rtol=0, atol=1e-12)

# %% [markdown]
# REINFORCE needs $\nabla \log P(a)$ of single sequences. We compute all 144. Their mean, weighted by
# $P$ and by $R - b$, is what REINFORCE gives on average. With a baseline or without, it is exact:

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
# over the weights:


# %%
def variance(rewards):
    return ((P * rewards**2) @ (steps**2).sum(1) - (exact**2).sum()).item()


print(f"with 1 added to each reward: {variance(R + 1) / variance(R):.1f} times the variance")
print(f"with a baseline, the mean reward: {variance(R - mean_reward) / variance(R):.2f} times")
assert variance(R + 1) > 5 * variance(R)
assert variance(R - mean_reward) < 0.7 * variance(R)

# %% [markdown]
# Adding 1 is a baseline of −1. The same cells should be learned, but the variance is several times
# as large.
#
# Now draw $m$ sequences, as a search does. How far is the estimate from the exact gradient? The lines
# are $\sqrt{\text{variance} / m}$, without any sampling. The dots are sampled, and fall on the lines.

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
# On the dotted line the error is as long as the gradient itself. With ten samples, the paper's
# number, it is 1 to 1.5 times as long. REINFORCE is right on average, and very noisy.
#
# ## 5 · A baseline that moves
#
# A search does not know its mean reward. The paper's baseline is a moving average of the rewards
# *before* the current batch.
#
# > **Exercise 6.3** ★★ · 10 minutes
# >
# > `means` are the mean rewards of the batches, in their order. Return the baseline that each batch
# > is compared with. For the first it is 0, because nothing is known yet. For the second it is the
# > first batch's mean. After that the average moves: `decay` times the old one, plus (1 − `decay`)
# > times the newest mean.


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
# Why *before*? Suppose the baseline were the batch's own mean $\bar R$. It contains $R_i$. But
#
# $$ R_i - \bar R = \left(1 - \tfrac1m\right) (R_i - \text{mean of the } m - 1 \text{ others}) $$
#
# and the mean of the others does not depend on sequence $i$: it is a proper baseline. So the batch's
# own mean only shortens the gradient, to $1 - 1/m$ of its length. For two samples we can go through
# all $144^2$ batches:

# %%
half = P[:, None] * P * (R[:, None] - R) / 2  # P of a batch, times the first one's R - mean
on_average = half.sum(1) @ steps  # the second one's share of the mean is the same
assert torch.allclose(on_average, exact / 2, rtol=0, atol=1e-12)
print(f"m = 2: the right direction, {on_average.norm() / exact.norm():.2f} of the length")

# %% [markdown]
# ## 6 · It learns
#
# nastut's REINFORCE is what you have derived. The first function gives the sum whose gradient is the
# estimate, the second takes a step uphill with Adam. New in it is `entropy`; for now its weight is 0.

# %%
print(inspect.getsource(Reinforce.objective), inspect.getsource(Learner.learn), sep="\n")

# %% [markdown]
# On the 144 sequences we can watch what no search sees, the exact $J$. Here is the experiment of the
# prediction: rewards as they are and with 1 added, with the moving baseline and with none, six seeds
# each, ten samples a batch.


# %%
class NoBaseline(Reinforce):
    def move_baseline(self, rewards):
        pass  # it stays at 0


def practise(method, seed, added=0, bonus=0.0, updates=24):
    controller = nt.Controller(tiny, seed=seed)
    learner = method(controller, np.random.default_rng(seed), learning_rate=0.01, entropy=bonus)
    history = []
    for _ in range(updates):
        proposed = learner.propose()
        earned = [reward_of[tuple(choices)] + added for choices in proposed]
        entropy = sum(learner.learn(proposed, earned)["entropy"])
        with torch.no_grad():
            J = controller.log_probabilities(sequences).sum(1).exp() @ R
        history.append((J.item(), entropy))
    return controller, np.transpose(history)  # what was learned; J and entropy, by update


# %%
methods = {"moving baseline": Reinforce, "no baseline": NoBaseline}
learned = {
    (name, added): np.array([practise(method, seed, added)[1][0] for seed in range(6)])
    for name, method in methods.items()
    for added in (0, 1)
}
lesson.draw_prediction(learned, best=R.max().item())
plt.show()

after_10, after_20 = ({s: J[:, n - 1].mean() for s, J in learned.items()} for n in (10, 20))
for (name, added), J in after_20.items():
    before = after_10[name, added]
    print(f"{name}, rewards + {added}: J after 10 updates {before:.2f}, after 20 {J:.2f}")

# %% tags=["guard"] jupyter={"source_hidden": true}
assert after_20["no baseline", 1] < 0.7 < 0.75 < min(J for s, J in after_20.items() if s[1] == 0)
assert after_20["moving baseline", 1] > 0.75
assert after_10["moving baseline", 1] < after_10["moving baseline", 0] - 0.05
assert all(1.2 * mean_reward < J[:, -1].mean() for J in learned.values())

# %% [markdown]
# Lines are means, bands reach from the lowest run to the highest, and the black line is the best
# sequence. All four climb. **Adding 1 does not change where learning goes, but without a baseline
# it slows it down**, from 0.80 after 20 updates to 0.62. With the moving baseline it hardly matters
# by then. Before, it lags: the first batch is compared with 0.
#
# ## 7 · Sure too soon
#
# Look again at how a sequence is written, after 80 updates:

# %%
runs = {b: [practise(Reinforce, seed, 0, b, 80) for seed in range(3)] for b in (0, 0.05)}
chosen = {}
for bonus, ((controller, _), *_) in runs.items():
    P_now = controller.log_probabilities(sequences).sum(1).exp()
    chosen[bonus] = sequences[P_now.argmax()].tolist()
lesson.draw_policy(runs[0][0][0], tiny, chosen[0])
plt.show()

# %% [markdown]
# (The frames are the likeliest sequence; the four activations were never a choice.) In each column one
# box has nearly all the probability: this policy proposes little new. To keep a policy undecided, count its **entropy** as a gain. For a
# softmax it is
#
# $$ H = -\sum_k p_k \log p_k , $$
#
# 0 if one token is sure, and largest, $\log n$, if all $n$ tokens are equally likely. It is
# measured in *nats* ($\log$ is natural). A policy's entropy is the sum over the places. Multiplied
# by a number, the **bonus**, it is added to the objective. (The paper states none.) With 0.05, and
# the same seed, there are still choices after 80 updates:

# %%
lesson.draw_policy(runs[0.05][0][0], tiny, chosen[0.05])
plt.show()

best = sequences[R.argmax()][None]
for bonus, three in runs.items():
    shares = [policy.log_probabilities(best).sum().exp().item() for policy, _ in three]
    print(f"bonus {bonus:4g}: P(best sequence) in the three runs", *(f"{P:.3f}" for P in shares))
    assert max(shares) < 1e-6 if bonus == 0 else min(shares) > 1e-3

# %% [markdown]
# Without the bonus the best sequence is as good as lost in all three runs: each is sure of another
# good one. With it, each still writes the best now and then. All six runs:

# %%
curves = {bonus: np.array([history for _, history in three]) for bonus, three in runs.items()}
lesson.draw_learning(curves, best=R.max().item(), even=np.log(len(R)))
plt.show()

J_at_end, entropy_at_end = (
    {bonus: history[:, which, -10:].mean(1) for bonus, history in curves.items()}
    for which in (0, 1)
)
for bonus in curves:
    print(f"bonus {bonus:4g}: at the end J {J_at_end[bonus].mean():.2f}, ", end="")
    print(f"entropy {entropy_at_end[bonus].mean():.1f}")
print("e^H of each run with the bonus:", *np.exp(entropy_at_end[0.05]).round().astype(int))

# %% tags=["guard"] jupyter={"source_hidden": true}
assert J_at_end[0.05].mean() < J_at_end[0].mean()
assert all(15 < n < 50 for n in np.exp(entropy_at_end[0.05]))
assert all(J.min() > 0.8 > 1.5 * mean_reward for J in J_at_end.values())
assert J_at_end[0].max() < R.max() - 0.01
assert entropy_at_end[0].max() < 1.5 < 2.5 < entropy_at_end[0.05].min()

# %% [markdown]
# The black line is the best sequence's reward on the left, and on the right the entropy if all 144
# are equally likely. With the bonus the policy stays as undecided as between some twenty to forty
# equally likely sequences ($e^H$), and pays for it with a little mean reward.
#
# So the bonus decides how long a search keeps searching.
#
# ## What you can do now
#
# - You wrote a cell with ten softmaxes, and computed its probability.
# - You derived REINFORCE, and checked it against the exact gradient.
# - You said what a baseline may contain, and saw how much noise it takes away.
# - You saw a policy become sure too soon, and an entropy bonus keep it undecided.
#
# **Three questions**
#
# <details><summary>1. Why may the reward come from anywhere, even from a table?</summary>
#
# Only $\log P$ is differentiated. The reward is a number by which the gradient is multiplied.
#
# </details>
#
# <details><summary>2. Why must the baseline not contain the reward of the very sequence it is subtracted from?</summary>
#
# Then $b$ depends on what was drawn, and cannot be taken out of the expectation. With one sample a
# batch and $b = R_1$, every step would be zero. With $m$ samples and their own mean little is lost:
# the gradient keeps its direction and $1 - 1/m$ of its length.
#
# </details>
#
# <details><summary>3. A colleague estimates the gradient from ten samples and finds that it points the wrong way. Is the formula wrong?</summary>
#
# Not necessarily. With ten samples the error is as long as the gradient. Average over many batches,
# or enumerate a small space.
#
# </details>
#
# **Next:** `07_contest.ipynb`, where the controller meets chance and evolution.
#
# **References.** B. Zoph and Q. V. Le, *Neural Architecture Search with Reinforcement Learning*, ICLR
# 2017, arXiv 1611.01578, sections 3.2 and 4.2. R. J. Williams, *Simple Statistical
# Gradient-Following Algorithms for Connectionist Reinforcement Learning*, Machine Learning 8, 1992.
