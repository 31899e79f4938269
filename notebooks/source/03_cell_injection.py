# %% [markdown]
# # 03 · Cell injection
#
# - *You have* the way from a graph to a sequence and back.
# - *You will build* a precise idea of the last four tokens: how the memory enters, where it enters, and
#   where it leaves.
# - *It opens the way to* LSTM, which owes everything to the right choice of these tokens.

# %% [markdown]
# **By the end you can**
#
# - say in which order things happen inside a node, and find the famous mistakes,
# - derive how $c_t$ depends on $c_{t-1}$ with sympy,
# - tell from two indices whether a cell can remember,
# - show by training what a memory path is good for, and when it hardly matters.
#
# *Needs:* notebooks 01 and 02; the chain rule.
#
# *Takes:* 45 minutes of reading, 40 minutes of exercises.

# %%
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import sympy as sp
import torch

import nastut as nt

rng = nt.setup(seed=0)
_ = torch.set_num_threads(1)

# %% [markdown]
# ## A prediction
#
# There are nine ways to choose the two indices of a base-2 cell: create at node 0, 1 or 2, inject at node
# 0, 1 or 2. **In how many of the nine does $c_t$ depend on $c_{t-1}$ at all?** (If it does not, the
# memory is overwritten at every step.)

# %% [markdown]
# ## 1 · Inside a node
#
# Up to four things happen at a node, always in this order:
#
# 1. **combine** the two values from below,
# 2. **create**, if this is the create node: the value *now* is $c_t$,
# 3. **activate**,
# 4. **inject**, if this is the inject node: join the value with $c_{t-1}$ by the injection's own combination,
#    then apply the injection's own activation.
#
# Whoever is above sees the value after step 4. `nt.trace` does what `nt.evaluate` does and returns all
# steps. What to see: `create` stands before `activate`, and `inject` after it.

# %%
for step in nt.trace(nt.zoo.EXAMPLE, x_parts=[1.0, 3.0], h_parts=[-1.0, 2.0], c=0.5):
    print(step)

h, c = nt.evaluate(nt.zoo.EXAMPLE, x_parts=[1.0, 3.0], h_parts=[-1.0, 2.0], c=0.5)
assert c == 6
assert np.isclose(h, 1 / (1 + np.exp(-3)))

# %% [markdown]
# You computed these numbers by hand in notebook 01. Two details of this order are worth a second look,
# because both have been got wrong in published code.
#
# *Before the activation.* If $c_t$ were taken after a sigmoid, it would lie between 0 and 1, and after a ReLU it
# could never fall below 0. Taken before, it is free.
#
# *Before the injection.* The create node and the inject node may be the same. Then $c_t$ is made first, and
# $c_{t-1}$ arrives too late to be part of it.
#
# > **Exercise 3.1** ★★ · 10 minutes
# >
# > A tree of base 1 is a single node: leaf, root, create node and inject node at once. Its sequence is
# > `Add Tanh Multiply Sigmoid 0 0`. Write what it does with the two values `left` and `right` that it
# > combines, and with `c`, which is $c_{t-1}$. Return `(h_t, c_t)`.


# %%
def lone_node(left, right, c):
    # your lines
    return ...  # h_t, c_t


nt.check("3.1", lone_node)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Four lines, in the order of the list above. The second line is only `c_new = ...`.
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
# ## 2 · One token more or less
#
# Take two cells that differ in a single token, the create index:

# %%
words = "Add Tanh  Add Sigmoid  Multiply Tanh  Add Identity"
keeper = nt.Cell.parse(f"{words}  2 0")
forgetter = nt.Cell.parse(f"{words}  1 0")
keeper

# %%
forgetter


# %%
def numbers_of(cell):
    graph = nt.graph(cell)
    return len(graph.vertices), len(graph.edges), len(graph.memory_edges())


print(numbers_of(keeper), numbers_of(forgetter))
assert numbers_of(keeper) == (13, 14, 4)
assert numbers_of(forgetter) == (13, 14, 0)

# %% [markdown]
# What to see: in the first picture an unbroken way leads from $c_{t-1}$ to $c_t$. It is drawn thick. We call it the
# **memory path**. In the second picture there is none. $c_{t-1}$ goes into $h_t$ and ends there, and $c_t$ comes
# from the right-hand leaf alone. The formulas say the same:

# %%
nt.formulas(keeper)

# %%
nt.formulas(forgetter)

# %% [markdown]
# ## 3 · The derivative of the memory path
#
# *Depends on* is a word. The exact version is a derivative: if $c_{t-1}$ changes a little, how much does $c_t$ change
# within one step, with $x_t$ and $h_{t-1}$ held fixed? sympy knows:

# %%
sp.diff(nt.formulas(forgetter).c, nt.c_prev)

# %%
slope = sp.diff(nt.formulas(keeper).c, nt.c_prev)
assert sp.diff(nt.formulas(forgetter).c, nt.c_prev) == 0
slope

# %% [markdown]
# Zero for the one. For the other it is
#
# $$ \frac{\partial c_t}{\partial c_{t-1}} = \text{sigmoid}(W_3 x_t + W_4 h_{t-1}), $$
#
# a number between 0 and 1 that the cell computes itself, from what it reads. Near 1 it keeps
# the memory, near 0 it drops it. People who invent cells call this a **gate**. (sympy writes a sigmoid as
# $1/(1 + e^{-u})$.) Here is the check that it is this sigmoid, and that a step taken by torch has the same
# derivative:

# %%
x_1, h_1 = nt.leaf_symbols(1)
assert slope == 1 / (1 + sp.exp(-x_1 - h_1))

x_parts, h_parts = torch.randn(2, 2, generator=torch.Generator().manual_seed(0)).double()
memory = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
_, c_new = nt.evaluate(keeper, x_parts, h_parts, memory)
(by_torch,) = torch.autograd.grad(c_new, memory)
assert torch.isclose(by_torch, torch.sigmoid(x_parts[1] + h_parts[1]))

# %% [markdown]
# Over many steps the chain rule multiplies these numbers:
#
# $$ \frac{\partial c_T}{\partial c_0} \;=\; \prod_{t=1}^{T} \frac{\partial c_t}{\partial c_{t-1}}
# \qquad\text{(along the memory path alone, all } h_t \text{ held fixed)} $$
#
# If each factor is 0.5, then after 20 steps a millionth is left. If each is 0.99, four fifths are. A cell that
# can hold its factor near 1 can remember. LSTM is famous for nothing else:

# %%
assert nt.zoo.LSTM.has_memory
nt.formulas(nt.zoo.LSTM).memory_path

# %%
print(f"{0.5**20:.7f}  {0.99**20:.2f}")
assert 0.5**20 < 1e-6
assert 0.8 < 0.99**20 < 0.82

# %% [markdown]
# Once more a sigmoid: it is LSTM's forget gate, made by two leaves together. (Notebook 04 explains why two.) And the
# article's own cell? Its memory path is zero. What looks like a memory is a delay of one step.

# %%
assert nt.formulas(nt.zoo.EXAMPLE).memory_path == 0
assert nt.formulas(nt.zoo.NASCELL).memory_path != 0

# %% [markdown]
# > **Exercise 3.2** ★★ · 10 minutes
# >
# > In some cell $c_t = a_0 \odot a_1'$ with $a_1' = \tanh(a_1 + c_{t-1})$, where $a_0$ and $a_1$ do not depend on the
# > memory. Derive $\partial c_t / \partial c_{t-1}$ on paper, and write it in the letters below. (NASCell's memory path has this
# > form. Can such a path hold its factor near 1?)

# %%
a_0, a_1 = sp.symbols("a_{0} a_{1}", real=True)
answer_3_2 = ...

nt.check("3.2", answer_3_2)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $\tanh' = 1 - \tanh^2$. In sympy: `sp.tanh(u)`, and `nt.c_prev` for $c_{t-1}$.
#
# </details>

# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 3.2. Near 1 only while a_0 is near 1 and a_1 + c_{t-1} near 0: it forgets large values.
solution_3_2 = a_0 * (1 - sp.tanh(a_1 + nt.c_prev) ** 2)
nt.check("3.2", solution_3_2)

# %% [markdown]
# ## 4 · Which cells can remember?
#
# Back to the prediction. We let sympy differentiate all nine:

# %%
for create, inject in product(range(3), repeat=2):
    cell = nt.Cell.parse(f"{words}  {create} {inject}")
    path = nt.formulas(cell).memory_path
    print(f"create {create}, inject {inject}: {'memory' if path != 0 else '-'}")
    assert cell.has_memory == (path != 0)

# %% [markdown]
# **Two of nine**: create at the root, inject at a leaf. The reason is in the tree. Values only move upwards. What is
# injected at a node is seen by the nodes above it, its **ancestors**, and by nobody else. So $c_t$ depends on
# $c_{t-1}$ only if the create node is an ancestor of the inject node. It must not be the same node, because of the order in
# section 1.
#
# The rule is necessary, and it does not ask which operations stand on the way. (Whether the path carries much is
# another question: a ReLU on the way may be shut.) For base 8 there are $15^2 = 225$ pairs. What to see: rows are
# create nodes, and only inner nodes have anything below them; the root, in the last row, has all other nodes.

# %%
linear = "Add Identity " * 16
remembers = np.array(
    [[nt.Cell.parse(f"{linear} {k} {i}").has_memory for i in range(15)] for k in range(15)]
)

fig, axis = plt.subplots(figsize=(4.2, 4.2))
axis.imshow(remembers, cmap="Blues", vmin=0, vmax=1.4)
axis.set(xlabel="inject index", ylabel="create index", xticks=range(15), yticks=range(15))
axis.grid(visible=False)
plt.show()

print(remembers.sum(), "of", remembers.size, "index pairs can remember")
assert remembers.sum() == 34
assert remembers[14].sum() == 14

# %% [markdown]
# 34 of 225, less than one in six. A network that writes cells at random will mostly write cells without a
# memory path. Count it in another way: each node contributes as many pairs as it has ancestors. A leaf has three, a
# node of the next layer two, and so on: $8 \cdot 3 + 4 \cdot 2 + 2 \cdot 1 = 34$.
#
# > **Exercise 3.3** ★★★ · 15 minutes
# >
# > Write the rule as a function of the three numbers alone, with the arithmetic of notebook 02:
# > `can_remember(create, inject, base)`.

# %%
assert 8 * 3 + 4 * 2 + 2 * 1 == 34


def can_remember(create, inject, base):
    return ...  # True or False


nt.check("3.3", can_remember)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The parent of node $k$ is $b + \lfloor k / 2 \rfloor$, as long as $k$ is not the root.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Climb from the inject node to the root. Do you meet the create node on the way?
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 3.3
def solution_3_3(create, inject, base):
    node = inject
    while node < 2 * base - 2:
        node = base + node // 2
        if node == create:
            return True
    return False


nt.check("3.3", solution_3_3)

# %% [markdown]
# ## 5 · Does it matter? An experiment
#
# The two cells of section 2 differ in one token. Can one of them do something that the other cannot? We test **recall**:
# the network reads one of four *keys*, then six random *distractors*, then a question mark. Then it must name the
# key. Chance is one in four.
#
# There is a difficulty. A network has *two* ways to carry something along: $c_t$, and the loop of $h_t$ through the
# matrices $W_2, W_4, \ldots$ To see what $c_t$ does, we close the other way: in one half of the runs these **hidden matrices are
# switched off** (multiplied by 0). Then nothing but $c_t$ lasts longer than a step.
#
# First the data. A batch holds $B$ sequences of $T = 8$ symbols, one-hot.

# %%
KEYS, DELAY, BATCH = 4, 6, 64
SYMBOLS = 2 * KEYS + 1  # keys, distractors, the question mark


def recall_batch(generator):
    key = torch.randint(KEYS, (1, BATCH), generator=generator)
    noise = torch.randint(KEYS, (DELAY, BATCH), generator=generator) + KEYS
    question = torch.full((1, BATCH), SYMBOLS - 1)
    symbols = torch.cat([key, noise, question])
    return torch.nn.functional.one_hot(symbols, SYMBOLS).float(), key[0]


x, key = recall_batch(torch.Generator().manual_seed(0))
print(x.shape, "(T, B, symbols)")
assert torch.equal(x[0, :, :KEYS].argmax(1), key)
assert x[1:, :, :KEYS].sum() == 0  # the key is shown once, at the start

# %% [markdown]
# Then the training loop. `nt.evaluate` takes tensors of any shape, so five networks with different random weights are
# trained side by side: the first axis of each matrix tells them apart. $H = 8$ hidden elements, 200 steps of Adam.


# %%
def accuracy_over_training(cell, hidden_on, networks=5, hidden=8, steps=200):
    generator = torch.Generator().manual_seed(1)
    shapes = [(networks, cell.base, hidden, SYMBOLS), (networks, cell.base, hidden, hidden)]
    shapes.append((networks, KEYS, hidden))
    W, U, out = [(torch.rand(s, generator=generator) - 0.5).requires_grad_() for s in shapes]
    optimizer = torch.optim.Adam([W, U, out], lr=0.02)
    accuracy = []
    for _ in range(steps):
        x, key = recall_batch(generator)
        h = c = torch.zeros(networks, BATCH, hidden)
        for x_t in x:
            x_parts = torch.einsum("nkhs,bs->knbh", W, x_t)
            h_parts = torch.einsum("nkhj,nbj->knbh", U, h) * hidden_on
            h, c = nt.evaluate(cell, x_parts, h_parts, c)
        scores = torch.einsum("nkh,nbh->nbk", out, h)
        loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), key.repeat(networks))
        optimizer.zero_grad()
        (loss * networks).backward()
        optimizer.step()
        accuracy.append((scores.argmax(2) == key).float().mean(1))
    return torch.stack(accuracy).numpy()  # (steps, networks)


# %%
cells = {"memory path": keeper, "no memory path": forgetter}
runs = {
    (name, hidden_on): accuracy_over_training(cell, hidden_on)
    for name, cell in cells.items()
    for hidden_on in (False, True)
}
print(len(runs), "runs of five networks")
assert len(runs) == 4

# %% [markdown]
# What to see: the line is the median of the five networks, the band reaches from the worst to the best. The dotted line is
# chance.

# %%
fig, axes = plt.subplots(1, 2, sharey=True)
for axis, hidden_on in zip(axes, (False, True), strict=True):
    for name, style in zip(cells, ("-", "--"), strict=True):
        smooth = np.stack([r.mean(0) for r in np.split(runs[name, hidden_on], 20)])
        at = np.arange(10, 201, 10)
        axis.plot(at, np.median(smooth, axis=1), style, label=name)
        axis.fill_between(at, smooth.min(1), smooth.max(1), alpha=0.25)
    axis.axhline(1 / KEYS, color="grey", linestyle=":")
    axis.set(xlabel="training step", title=f"hidden matrices {'on' if hidden_on else 'off'}")
axes[0].set_ylabel("share of keys recalled")
axes[0].legend()
plt.show()

final = {run: np.median(values[-50:].mean(0)) for run, values in runs.items()}
assert final["memory path", False] > 0.95
assert final["no memory path", False] < 0.35
assert min(final["memory path", True], final["no memory path", True]) > 0.95

# %% [markdown]
# On the left, with the hidden matrices off, the cell with a memory path recalls (nearly) every key, and the other one
# guesses. It cannot do otherwise: without a path, what it saw six steps ago is gone. One token makes
# the difference between everything and nothing.
#
# On the right, with the hidden matrices on, **both** recall. The loop through $h_t$ is a second memory, and for six steps it is good
# enough.
#
# So do not read the left half as "cells without a memory path are useless". On short sequences they
# can do just as well, as here. The path is *one* way to remember: the one that does not pass through a matrix at every
# step. And this is one task of one length, one pair of cells, and five networks each; it shows what a path
# makes possible, not how much it is worth elsewhere.
#
# ## What you can do now
#
# - You put the events inside a node in order, and met the mistakes that people make.
# - You derived how $c_t$ depends on $c_{t-1}$, and met a gate.
# - You can tell from two indices whether a cell can remember: 2 of 9, 34 of 225.
# - You showed by training what a memory path is good for, and saw when it hardly matters.
#
# **Three questions**
#
# <details><summary>1. A cell has create index 8 and inject index 1, base 8. Can it remember? And with create 9?</summary>
#
# Yes: node 8 joins nodes 0 and 1, so it is an ancestor of 1. Node 9 joins 2 and 3: no.
#
# </details>
#
# <details><summary>2. Why is the derivative taken within one step, with h held fixed?</summary>
#
# Over several steps $c_{t-1}$ also changes $h_{t-1}$, and so everything. The memory path is the direct way, the one that the
# two indices decide about.
#
# </details>
#
# <details><summary>3. The create node is the root and so is the inject node. What is c_t?</summary>
#
# The root's combination, before its activation and before the injection. It does not contain $c_{t-1}$: no memory path.
#
# </details>
#
# **Next:** LSTM as a sequence of 34 tokens, found from its textbook formulas and proven.
#
# **References.** B. Zoph and Q. V. Le, *Neural Architecture Search with Reinforcement Learning*, ICLR 2017, arXiv
# 1611.01578, section 3.4 (cell inject, cell indices). S. Hochreiter and J. Schmidhuber, *Long Short-Term Memory*, Neural
# Computation 9, 1997 (why the factor should stay near 1). F. A. Gers, J. Schmidhuber and F. Cummins, *Learning to Forget*,
# Neural Computation 12, 2000 (the forget gate).
