# %% [markdown]
# # 03 · Cell injection
#
# - *You have* graphs as sequences, and sequences as graphs.
# - *You will build* a precise idea of the last four tokens: how and where the memory enters, and
#   where it leaves.
# - *It opens the way to* LSTM, which owes everything to these tokens.

# %% [markdown]
# **By the end you can**
#
# - say in which order things happen inside a node,
# - derive how $c_t$ depends on $c_{t-1}$ with sympy,
# - tell from two indices whether a cell has a memory path,
# - show by training what a memory path is good for, and predict when it fails.
#
# *Needs:* notebooks 01 and 02; the chain rule. Some torch helps in section 5.
#
# *Takes:* 50 minutes of reading, 65 minutes of exercises.

# %%
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import sympy as sp
import torch

import nastut as nt
from nastut.lessons.cell_injection import NO_PATH, PATH, draw_film
from nastut.lessons.plots import GREEN, RED

rng = nt.setup(seed=0)
_ = torch.set_num_threads(1)

# %% [markdown]
# ## A prediction
#
# There are nine ways to choose the two indices of a base-2 cell: create at node 0, 1 or 2, inject
# at node 0, 1 or 2. **In how many of the nine does $c_t$ depend on $c_{t-1}$ at all?**

# %% [markdown]
# ## 1 · Inside a node
#
# Up to four things happen at a node, always in this order:
#
# 1. **combine** the two values from below,
# 2. **create**, if this is the create node: what is there *now* is $c_t$,
# 3. **activate**,
# 4. **inject**, if this is the inject node: join what is there with $c_{t-1}$ by the injection's own
#    combination, then apply the injection's own activation.
#
# What is there after step 4 is the **value** of the node. The node above sees that and nothing else.
# `nt.trace` returns all steps:

# %%
for step in nt.trace(nt.zoo.EXAMPLE, x_parts=[1.0, 3.0], h_parts=[-1.0, 2.0], c=0.5):
    print(step)

# %% [markdown]
# Two details of this order are easy to get wrong. *Create before activate:* after a sigmoid $c_t$ would
# lie between 0 and 1; before it, there is no such bound. *Create before inject:* if both are at the
# same node, $c_t$ is made first, and $c_{t-1}$ arrives too late to be part of it.
#
# > **Exercise 3.1** ★★ · 10 minutes
# >
# > A tree of base 1 is a single node: leaf, root, create node and inject node at once. Its
# > sequence is `Add Tanh Multiply Sigmoid 0 0`. Write what it does with `left` and `right`, which it
# > combines, and with `c`, which is $c_{t-1}$. All three are NumPy arrays, and sigmoid is
# > `1 / (1 + np.exp(-u))`. Return `(h_t, c_t)`.


# %%
def lone_node(left, right, c):
    # your lines
    return ...  # h_t, c_t


nt.check("3.1", lone_node)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Five short lines, in the order of the list above. The second is only `c_new = ...`.
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 3.1
def solution_3_1(left, right, c):
    value = left + right
    c_new = value
    value = np.tanh(value)
    value = 1 / (1 + np.exp(-(value * c)))
    return value, c_new


nt.check("3.1", solution_3_1)

# %% [markdown]
# > **Exercise 3.2** ★★★ · 20 minutes
# >
# > Now the whole walk: `run(tokens, x_parts, h_parts, c)` does one time step of the cell that the
# > tokens describe, of *any* base, and returns `(h_t, c_t)`. Leaf $k$ combines `x_parts[k]` and
# > `h_parts[k]`.


# %%
def run(tokens, x_parts, h_parts, c):
    # your lines
    return ...  # h_t, c_t


nt.check("3.2", run)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Cut off the indices and pair the words, as in exercise 2.2. The last pair is the injection. A dict
# maps words to functions: `{"Add": np.add, "Multiply": np.multiply}`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Go through the nodes by their numbers, and append each value to a list. An inner node joins two of
# that list, $2(k - b)$ and the next (exercise 2.1). Is the node the create node, or the inject node?
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 3.2
def solution_3_2(tokens, x_parts, h_parts, c):
    *words, create, inject = tokens
    *nodes, injection = zip(words[::2], words[1::2], strict=True)
    join = {"Add": np.add, "Multiply": np.multiply}
    bend = {"Identity": lambda u: u, "Tanh": np.tanh, "ReLU": lambda u: np.maximum(u, 0)}
    bend["Sigmoid"] = lambda u: 1 / (1 + np.exp(-u))
    values, base = [], len(x_parts)
    for k, (combination, activation) in enumerate(nodes):
        below = 2 * (k - base)
        left, right = (x_parts[k], h_parts[k]) if k < base else values[below : below + 2]
        value = join[combination](left, right)
        if k == create:
            c_new = value
        value = bend[activation](value)
        if k == inject:
            value = bend[injection[1]](join[injection[0]](value, c))
        values.append(value)
    return values[-1], c_new


nt.check("3.2", solution_3_2)

# %% [markdown]
# That is all of `nt.evaluate`.
#
# ## 2 · One token more or less
#
# Two cells differ in a single token, the create index. In their pictures, look for an unbroken line
# from $c_{t-1}$ to $c_t$.

# %%
words = "Add Tanh  Add Sigmoid  Multiply Tanh  Add Identity"  # you met it in notebook 00
keeper = nt.Cell.parse(f"{words}  2 0")
forgetter = nt.Cell.parse(f"{words}  1 0")

# %%
nt.draw_side_by_side(
    keeper, forgetter, titles=["keeper: create index 2", "forgetter: create index 1"]
)

# %% tags=["guard"] jupyter={"source_hidden": true}
assert len(nt.graph(keeper).memory_edges()) == 4
assert len(nt.graph(forgetter).memory_edges()) == 0

# %% [markdown]
# The first cell has such a line, drawn thick: the **memory path**. The second has none: $c_{t-1}$
# goes into $h_t$ and ends there, and $c_t$ comes from the right-hand leaf alone.

# %%
nt.formulas(keeper)

# %%
nt.formulas(forgetter)

# %% [markdown]
# There are seven other pairs of indices. **Write a guess for each of them now**: a path, or none?
# Then try some at places 9 and 10 of the playground. Its line *memory path* gives the answer.

# %%
nt.playground(keeper)

# %% [markdown]
# ## 3 · The derivative of the memory path
#
# If $c_{t-1}$ changes a little, how much does $c_t$ change within one step, with $x_t$ and $h_{t-1}$
# held fixed? That is a derivative, one number for each element, because nothing mixes the elements on
# the way. First the cell without a path, then the one with it:

# %%
sp.diff(nt.formulas(forgetter).c, nt.c_prev)

# %%
slope = sp.diff(nt.formulas(keeper).c, nt.c_prev)
assert sp.diff(nt.formulas(forgetter).c, nt.c_prev) == 0
slope

# %% [markdown]
# For the keeper it is a sigmoid (sympy writes $1/(1 + e^{-u})$):
#
# $$ \frac{\partial c_t}{\partial c_{t-1}} = \text{sigmoid}(W_3 x_t + W_4 h_{t-1}), $$
#
# a number between 0 and 1 that the cell computes itself. Such a factor is called a **gate**.
#
# **Watch it.** A key goes in at the first step, then come eleven other symbols. We run the cell with
# the key and without it. The difference between the two memories is what is left of the key. `gates`
# says how far the gate is open in each step.

# %%
others = rng.normal(size=12)


def key_left(cell, gates):
    c, left = np.zeros(2), []  # element 0 is the run with the key, element 1 the run without it
    for t, gate in enumerate(gates):
        symbol = np.array([3.0, 0.0]) if t == 0 else np.full(2, others[t])
        opening = np.log(gate / (1 - gate))  # its sigmoid is the gate
        _, c = nt.evaluate(cell, [symbol, np.full(2, opening)], np.zeros((2, 2)), c)
        left.append(c[0] - c[1])
    return np.array(left)


wide, half = np.full(12, 0.99), np.full(12, 0.5)
shut = np.where(np.arange(12) == 6, 0.01, 0.99)  # open, but shut in step 7
films = {
    "keeper, gate open": (keeper, wide),
    "keeper, gate half open": (keeper, half),
    "keeper, gate shut in step 7": (keeper, shut),
    "forgetter, gate open": (forgetter, wide),
}

# %%
left = {title: key_left(*film) for title, film in films.items()}
draw_film(left, {title: gates for title, (_, gates) in films.items()})
plt.show()
for title, (cell, gates) in films.items():
    arrives = np.tanh(3) if cell is keeper else 0
    assert np.allclose(left[title], arrives * np.cumprod(gates))

# %% [markdown]
# The bars are what is left of the key, the grey line is the gate. Open, the gate keeps the key.
# Half open, it halves the key in every step, the first one too. Shut for a single step, it deletes the
# key for good. In the forgetter's memory the key never arrives. So after $t$ steps the *product* of the
# gates is left. The chain rule says the same:
#
# $$ \frac{\partial c_T}{\partial c_0} \;=\; \prod_{t=1}^{T} \frac{\partial c_t}{\partial c_{t-1}}
# \qquad\text{(along the memory path alone, all } h_t \text{ held fixed)} $$
#
# How fast does such a product fall?

# %%
t = np.arange(41)
fig, axis = plt.subplots(figsize=(6, 2.8))
for gate, look in ((0.99, "-"), (0.88, "-."), (0.5, "--")):
    axis.plot(t, gate**t, look, label=f"${gate}^t$")
axis.set(xlabel="time steps $t$", ylabel="what is left", ylim=(0, 1.02))
axis.legend()
plt.show()

print(f"after 20 steps: {0.99**20:.2f}, {0.88**20:.2f}, {0.5**20:.7f}")
assert 0.5**20 < 1e-6 < 0.8 < 0.99**20

# %% [markdown]
# A cell that can hold its factor near 1 can keep something for long. This is what LSTM was invented
# for: its factor is a gate too, called the forget gate (notebook 04).

# %% tags=["guard"] jupyter={"source_hidden": true}
assert nt.zoo.LSTM.has_memory

# %% [markdown]
# > **Exercise 3.3** ★★ · 10 minutes
# >
# > In some cell $c_t = a_0 \odot a_1'$ with $a_1' = \tanh(a_1 + c_{t-1})$; neither $a_0$ nor $a_1$
# > depends on the memory. Derive $\partial c_t / \partial c_{t-1}$ on paper, and write it in `a_0`,
# > `a_1` and `nt.c_prev`, without $a_1'$.

# %%
a_0, a_1 = sp.symbols("a_{0} a_{1}", real=True)
answer_3_3 = ...

nt.check("3.3", answer_3_3)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $\tanh' = 1 - \tanh^2$. In sympy: `sp.tanh(u)`, and `nt.c_prev` for $c_{t-1}$.
#
# </details>

# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 3.3
solution_3_3 = a_0 * (1 - sp.tanh(a_1 + nt.c_prev) ** 2)
nt.check("3.3", solution_3_3)

# %% [markdown]
# NASCell's memory path has this form, with $a_9$ for $a_0$ and $a_8$ for $a_1$ (notebook 05).

# %% tags=["guard"] jupyter={"source_hidden": true}
steps = nt.formulas(nt.zoo.NASCELL).steps
a_8, a_9 = (step.lhs for step in steps if step.lhs.name in ("a_8", "a_9"))
path = a_9 * (1 - sp.tanh(a_8 + nt.c_prev) ** 2)
for step in reversed(steps):
    path = path.subs(step.lhs, step.rhs)
assert path == nt.formulas(nt.zoo.NASCELL).memory_path

# %% [markdown]
# ## 4 · Which cells have a memory path?
#
# Back to the prediction:

# %%
for create, inject in product(range(3), repeat=2):
    cell = nt.Cell.parse(f"{words}  {create} {inject}")
    path = nt.formulas(cell).memory_path
    print(f"create {create}, inject {inject}: {'memory' if path != 0 else '-'}")
    assert cell.has_memory == (path != 0)

# %% [markdown]
# **Two of nine**: create at the root, inject at a leaf. Values only move upwards. What is injected at
# a node is seen by the nodes above it, its **ancestors**, and by no others. So there is a memory path
# exactly if the create node is an ancestor of the inject node. The same node will not do, because of
# the order in section 1.
#
# For base 8 there are $15^2 = 225$ pairs. The leaves have nothing below them, so their rows in the
# picture are empty.

# %%
linear = "Add Identity " * 16
paths = np.array(
    [[nt.Cell.parse(f"{linear} {k} {i}").has_memory for i in range(15)] for k in range(15)]
)

fig, axis = plt.subplots(figsize=(4.2, 4.2))
axis.imshow(paths, cmap="Blues", vmin=0, vmax=1.4)
axis.set(xlabel="inject index", ylabel="create index", xticks=range(15), yticks=range(15))
axis.grid(visible=False)
axis.hlines(np.arange(15) - 0.5, -0.5, 14.5, color="0.85", linewidth=0.6)
axis.vlines(np.arange(15) - 0.5, -0.5, 14.5, color="0.85", linewidth=0.6)
for name, place, inject in (("LSTM", (11, 10), 9), ("NASCell", (9, 8.5), 8)):
    axis.annotate(name, (inject, 12), place, arrowprops={"arrowstyle": "->"}, size=9)
plt.show()

print(paths.sum(), "of", paths.size, "index pairs have a memory path")
assert paths.sum() == 8 * 3 + 4 * 2 + 2 * 1

# %% [markdown]
# The sum in the last line counts them in another way: each node contributes as many pairs as it has
# ancestors, a leaf three, a node of the next layer two, and so on.
#
# > **Exercise 3.4** ★★★ · 15 minutes
# >
# > Write the rule as a function, with the arithmetic of notebook 02: `has_path(create, inject, base)`
# > returns True or False. If you climb, stop at the root.


# %%
def has_path(create, inject, base):
    return ...  # True or False


nt.check("3.4", has_path)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Climb from the inject node, from parent to parent. Do you meet the create node on the way?
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 3.4
def solution_3_4(create, inject, base):
    node = inject
    while node < 2 * base - 2:
        node = base + node // 2
        if node == create:
            return True
    return False


nt.check("3.4", solution_3_4)

# %% [markdown]
# ## 5 · Does it matter? An experiment
#
# We test **recall**: the network reads one of four *keys*, then some random *distractors*, then a
# question mark. Then it must name the key.
#
# A network can carry something along in *two* ways: in $c_t$, and in the loop of $h_t$ through the
# matrices $W_2$ and $W_4$. In some of the runs these **hidden matrices are switched off** (multiplied
# by 0). Then nothing but $c_t$ lasts longer than a step.
#
# First the data: 64 sequences side by side. Each symbol is **one-hot**: a vector of zeros with a single
# 1 at the number of the symbol.

# %%
KEYS, BATCH = 4, 64
SYMBOLS = 2 * KEYS + 1  # keys, distractors, the question mark


def recall_batch(delay, generator, distractors=KEYS):
    key = torch.randint(KEYS, (1, BATCH), generator=generator)
    noise = torch.randint(distractors, (delay, BATCH), generator=generator) + KEYS
    question = torch.full((1, BATCH), SYMBOLS - 1)
    symbols = torch.cat([key, noise, question])
    return torch.nn.functional.one_hot(symbols, SYMBOLS).float(), key[0]


x, key = recall_batch(6, torch.Generator().manual_seed(0))
print(x.shape, "(time steps, batch, symbols)")
assert torch.equal(x[0, :, :KEYS].argmax(1), key)
assert x[1:, :, :KEYS].sum() == 0  # the key is shown once, at the start

# %% [markdown]
# Then the training loop, two hundred steps. **Adam** improves the weights: it follows the gradient,
# but divides each weight's gradient by its usual size. Five networks are trained side by side. `W`
# holds $W_1, W_3$ and has the shape (networks, leaves, hidden, symbols); `U` holds $W_2, W_4$, and
# `out` reads the answer from the last $h_t$.


# %%
def accuracy(cell, delay=6, hidden_on=False, shift=0.0, distractors=KEYS, scale=1.0):
    generator = torch.Generator().manual_seed(1)
    networks, hidden = 5, 8
    shapes = (2, hidden, SYMBOLS), (2, hidden, hidden), (KEYS, hidden)
    W, U, out = [torch.rand(networks, *shape, generator=generator) - 0.5 for shape in shapes]
    W[:, 1] += shift  # shift, distractors and scale are for section 6
    optimizer = torch.optim.Adam([w.requires_grad_() for w in (W, U, out)], lr=0.02)
    history = []
    for _ in range(200):
        x, key = recall_batch(delay, generator, distractors)
        h = c = torch.zeros(networks, hidden, BATCH)
        for x_t in x:
            x_parts = (W @ x_t.T).unbind(1)  # one part for each leaf: (networks, hidden, batch)
            h_parts = (U @ h[:, None] * hidden_on).unbind(1)
            h, c = nt.evaluate(cell, x_parts, h_parts, c)
        scores = out @ h  # (networks, keys, batch)
        keys = key.expand(networks, BATCH)
        loss = torch.nn.functional.cross_entropy(scores, keys, reduction="sum") / BATCH
        optimizer.zero_grad()
        (scale * loss).backward()
        optimizer.step()
        history.append((scores.argmax(1) == keys).float().mean(1))
    return torch.stack(history).numpy()  # (training steps, networks)


# %%
def plot(axis, history, label, look):
    smooth = np.stack([part.mean(0) for part in np.split(history, 20)])  # means of ten steps
    axis.plot(np.arange(10, 201, 10), np.median(smooth, axis=1), label=label, **look)
    band = np.arange(10, 201, 10), smooth.min(1), smooth.max(1)
    axis.fill_between(*band, alpha=0.25, color=look["color"])


fig, axes = plt.subplots(1, 2, sharey=True)
final = {}
for axis, hidden_on in zip(axes, (False, True), strict=True):
    for name, cell, look in (("path", keeper, PATH), ("no path", forgetter, NO_PATH)):
        history = accuracy(cell, hidden_on=hidden_on)
        final[name, hidden_on] = np.median(history[-50:].mean(0))
        plot(axis, history, name, look)
    axis.axhline(1 / KEYS, color="grey", linestyle=":")
    axis.set(xlabel="training step", title=f"hidden matrices {'on' if hidden_on else 'off'}")
axes[0].set_ylabel("share of keys recalled")
axes[0].legend()
plt.show()

assert final["path", False] > 0.95
assert final["no path", False] < 0.35
assert min(final["path", True], final["no path", True]) > 0.9

# %% [markdown]
# The line is the median of five networks, the band reaches from the worst to the best. The dotted
# line is guessing. On the left the cell with a memory path recalls the key, and the other one guesses.
# **One token makes the difference between everything and nothing here.**
#
# On the right both cells learn to recall: the loop through $h_t$ is a second memory.
#
# ## 6 · What the formula predicts
#
# The delay was 6. **What if it is 12?** A gate starts near $\text{sigmoid}(0) = \tfrac12$, because
# the weights start near 0. The key's own step makes $c_1$. Then come twelve distractors and the
# question mark: thirteen more gates, so $0.5^{13}$, a ten-thousandth of $c_1$, is left. Add 2 to the
# weights $W_3$ before training, and every one-hot symbol adds 2 inside the gate. It starts near
# $\text{sigmoid}(2) = 0.88$, and a fifth is left. Here is one element of $c_t$ *before* training, with
# the same twelve distractors after each of the four keys:


# %%
def memories(symbols, shift):
    W = torch.rand(2, 8, SYMBOLS, generator=torch.Generator().manual_seed(1)) - 0.5
    W[1] += shift
    c, states = torch.zeros(8, symbols.shape[1]), []
    off = [torch.zeros_like(c)] * 2
    for x_t in torch.nn.functional.one_hot(symbols, SYMBOLS).float():
        _, c = nt.evaluate(keeper, (W @ x_t.T).unbind(0), off, c)
        states.append(c)
    return torch.stack(states).numpy()  # (time steps, hidden, sequences)


noise = torch.randint(KEYS, (12, BATCH), generator=torch.Generator().manual_seed(0)) + KEYS
question = torch.full((1, BATCH), SYMBOLS - 1)
one_key = torch.cat([torch.zeros_like(question), noise, question])
one_noise = torch.cat([torch.arange(KEYS)[None], noise[:, :1].expand(12, KEYS), question[:, :KEYS]])

# %%
fig, axes = plt.subplots(1, 2, sharex=True, sharey=True, layout="constrained")
by_key, by_noise = {}, {}
for axis, shift, title in zip(axes, (0.0, 2.0), ("half open", "at 0.88"), strict=True):
    axis.plot(np.arange(1, 15), memories(one_noise, shift)[:, 1], marker=".")
    axis.set(xlabel="time step", xticks=range(1, 15, 2), title=f"gate {title}, four keys")
    by_key[shift] = memories(one_noise, shift)[-1].std(axis=1).mean()
    by_noise[shift] = memories(one_key, shift)[-1].std(axis=1).mean()
axes[0].set_ylabel("one element of $c_t$")
plt.show()

for shift in by_key:
    print(f"shift {shift}: over keys {by_key[shift]:.5f}, over distractors {by_noise[shift]:.2f}")
assert by_noise[0.0] > 1000 * by_key[0.0]
assert by_noise[2.0] < 20 * by_key[2.0]

# %% [markdown]
# The numbers are standard deviations of the last $c_t$. On the left the four lines soon become
# one: the key moves $c$ thousands of times less than the distractors do. On the right, eleven times
# less, the lines can still be told apart.
#
# Which hinders training, the faint trace or the noise? Multiply the loss, and so the gradient, by
# 10,000. Or take the noise away: the same distractor each time. Or open the gate.

# %% tags=["nbval-ignore-output"]
controls = {
    "half open": ({}, PATH),
    "half open, loss times 10,000": ({"scale": 1e4}, NO_PATH),
    "half open, one distractor": ({"distractors": 1}, {"color": RED, "linestyle": ":"}),
    "starts at 0.88": ({"shift": 2.0}, {"color": GREEN, "linestyle": "-."}),
}
fig, axis = plt.subplots()
for label, (options, look) in controls.items():
    history = accuracy(keeper, delay=12, **options)
    plot(axis, history, label, look)
    final[label] = history[-50:].mean(0)
    print(f"{label:29s}", *(f"{share:.2f}" for share in final[label]))
axis.set(xlabel="training step", ylabel="share of keys recalled", title="delay 12, matrices off")
axis.legend(loc=(0.6, 0.52), fontsize=8)
plt.show()

guessing, louder, quieter, opened = (final[label] for label in controls)
assert max(guessing.max(), louder.max()) < 0.35
assert (quieter > 0.35).sum() >= 2
assert opened.min() > 0.95

# %% [markdown]
# One row is a condition, one column a network, and the number is its share of keys at the end. Ten
# thousand times the gradient changes nothing (the two lines lie on top of each other): **Adam
# divides the size out again.** With one distractor, three networks begin to learn. **The noise
# slows the learning down.** (With 600 steps two networks of the first row leave guessing, too.) And the formula was right about the cure: with the open gate all five
# recall everything. LSTM's users *set the forget gate's bias to a positive number*.
#
# > **Exercise 3.5** ★★ · 10 minutes
# >
# > How far must a gate be open? Write `opening(delay, share)`: what to add to the weights $W_3$, which
# > are near 0, so that `share` of $c_1$ is left after `delay` distractors and the question mark.


# %%
def opening(delay, share):
    return ...  # a number


nt.check("3.5", opening)

# %% [markdown]
# <details><summary>Hint</summary>
#
# How many gates is that? All are equal, so gate$^{\,n}$ = share. Which number has that gate as its
# sigmoid?
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 3.5
def solution_3_5(delay, share):
    gate = share ** (1 / (delay + 1))
    return np.log(gate / (1 - gate))


nt.check("3.5", solution_3_5)

# %% [markdown]
# This is one task and one pair of cells. And a path can be there and stay empty. With the injection
# `Multiply Identity`, a memory that starts at zero stays at zero:

# %%
empty = nt.Cell.parse("Add Tanh  Add Sigmoid  Multiply Tanh  Multiply Identity  2 0")
h = c = np.zeros(8)
for _ in range(100):
    h, c = nt.evaluate(empty, rng.normal(size=(2, 8)), rng.normal(size=(2, 8)), c)

print(empty.has_memory, c.any())
assert empty.has_memory
assert not c.any()

# %% [markdown]
# ## What you can do now
#
# - You put the events inside a node in order.
# - You derived how $c_t$ depends on $c_{t-1}$, and met a gate.
# - You told from two indices whether a cell has a memory path: 2 of 9, 34 of 225.
# - You saw what a path is good for, and a formula that says when it fails.
#
# **Three questions**
#
# <details><summary>1. A cell of base 8 has create index 8 and inject index 1. Does it have a memory path? And with create index 9?</summary>
#
# Yes: node 8 joins nodes 0 and 1, so it is an ancestor of 1. Node 9 joins 2 and 3: no.
#
# </details>
#
# <details><summary>2. Why is the derivative taken within one step, with h held fixed?</summary>
#
# Over several steps $c_{t-1}$ also changes the next $h$, and so everything. The memory path is the
# direct route.
#
# </details>
#
# <details><summary>3. The create node is the root and so is the inject node. What is c_t?</summary>
#
# The root's combination, before the injection. It does not contain $c_{t-1}$: no memory path.
#
# </details>
#
# **Next:** `04_lstm_as_sequence.ipynb`, where LSTM's textbook formulas become 34 tokens.
#
# **References.** B. Zoph and Q. V. Le, *Neural Architecture Search with Reinforcement Learning*,
# ICLR 2017, arXiv 1611.01578, section 3.4 (cell inject, cell indices). S. Hochreiter and J.
# Schmidhuber, *Long Short-Term Memory*, Neural Computation 9, 1997 (why the factor should stay
# near 1). F. A. Gers, J. Schmidhuber and F. Cummins, *Learning to Forget*, Neural Computation 12,
# 2000 (the forget gate). R. Jozefowicz, W. Zaremba and I. Sutskever, *An Empirical Exploration of
# Recurrent Network Architectures*, ICML 2015 (its bias).
