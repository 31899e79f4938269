# %% [markdown]
# # 04 · LSTM as a sequence
#
# - *You have* the tokens, their order, and the memory path.
# - *You will build* the sequence of the most famous cell of all from its textbook formulas, and prove
#   three times that it is right.
# - *It opens the way to* any cell that you find in a paper: does it fit into a tree, and if not, why?

# %% [markdown]
# **By the end you can**
#
# - turn textbook formulas into a tree, by hand and with `nt.linearize`,
# - prove an equality in symbols, in numbers and in gradients,
# - say why four gates need eight leaves,
# - explain why GRU has no such sequence.
#
# *Needs:* notebooks 02 and 03. You need not know LSTM. A look at `torch.nn.LSTM` helps in section 4.
#
# *Takes:* 40 minutes of reading, 30 minutes of exercises.

# %%
import sympy as sp
import torch

import nastut as nt

rng = nt.setup(seed=0)

# %% [markdown]
# ## A prediction
#
# LSTM has four gates. Each is made of a matrix times $x_t$ and a matrix times $h_{t-1}$, which is just what a leaf
# holds. **How many leaves does the tree of LSTM need?**

# %% [markdown]
# ## 1 · The textbook
#
# LSTM, as textbooks write it (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000):
#
# $$ \begin{aligned}
# i &= \text{sigmoid}(W_i x_t + U_i h_{t-1}) & \text{input gate} \\
# f &= \text{sigmoid}(W_f x_t + U_f h_{t-1}) & \text{forget gate} \\
# o &= \text{sigmoid}(W_o x_t + U_o h_{t-1}) & \text{output gate} \\
# g &= \tanh(W_g x_t + U_g h_{t-1}) & \text{candidate} \\
# c_t &= f \odot c_{t-1} + i \odot g \\
# h_t &= o \odot \tanh(c_t)
# \end{aligned} $$
#
# Three gates say how much: how much of the candidate is let in, how much of the memory is kept, how much of it is
# shown. (The candidate is often counted as a fourth gate, because it is made in the same way.)
#
# In sympy: `nt.gate("f")` is $W_f x_t + U_f h_{t-1}$, `nt.sigmoid` is a sigmoid, and `nt.c_next` is the letter $c_t$.

# %%
i, f, o = (nt.sigmoid(nt.gate(name)) for name in "ifo")
g = sp.tanh(nt.gate("g"))
c_textbook = f * nt.c_prev + i * g
h_textbook = o * sp.tanh(nt.c_next)

# %% [markdown]
# As a graph, without anything superfluous, this is what you find drawn on the web, if you tilt your head. The thick
# line is the memory path: through the forget gate, and past the candidate.

# %%
nt.draw(nt.zoo.LSTM, fold=True)

# %%
folded = nt.graph(nt.zoo.LSTM, fold=True)
activations = sorted(v.label for v in folded.vertices.values() if v.kind == "activation")
print(activations)
assert activations == ["Sigmoid", "Sigmoid", "Sigmoid", "Tanh", "Tanh"]

# %% [markdown]
# ## 2 · Planting the tree
#
# To **linearize** is to find the tree. Start at the end, $h_t$, which is the root, and ask at each step: *which operation
# was the last one?*
#
# - $h_t = o \odot \tanh(c_t)$: the last operation is a product. So the root is `Multiply Identity`, and below it stand $\tanh(c_t)$
#   and $o$.
# - $\tanh(c_t)$: a node with activation Tanh whose *combination* gives $c_t = f \odot c_{t-1} + i \odot g$. That is an Add, so the
#   node is `Add Tanh`. And it is the **create node**, because its value before the activation is $c_t$. LSTM fits into a tree only because
#   of this rule.
# - Below it stand $i \odot g$, a `Multiply Identity` of two leaves, and $f \odot c_{t-1}$. The latter is the gate $f$, joined with the memory
#   by Multiply. So the **inject node** is the node of $f$, and the injection is `Multiply Identity`.
#
# What is left is a matter of levels. In a complete tree all leaves lie at the same depth. Count how far down each part is:

# %%
found = nt.linearize(h_textbook, c_textbook)
print(found)

# %%
nt.draw_tree(found.cell.base)

# %%
assert found.cell.base == 8
assert (found.cell.create_index, found.cell.inject_index) == (12, 9)

# %% [markdown]
# Compare the list with the tree. $i$ and $g$ lie three levels below the root, so they are leaves: 0 and 1, joined in node 8. But $f$ lies only two levels
# down, at node 9, and $o$ one level down, at node 13. A node up there joins *all* the leaves below it, whether it needs them or not.
#
# The way out is a **pass-through** leaf, `Add Identity`: it hands on a sum and does nothing. Node 9 adds leaves 2 and 3. If leaf 2
# holds the gate $f$ and leaf 3 holds zeros, then the sum is the gate. In the same way the gate $o$ sits in leaf 4, and 5, 6 and 7 hold
# zeros.
#
# So the answer to the prediction is: **eight leaves for four gates**. Here is the whole sequence, and the whole graph.

# %%
nt.draw_sequence(found.cell)

# %%
found.cell

# %%
assert found.cell == nt.zoo.LSTM
assert sum(leaf is None for leaf in found.leaves) == 4

# %% [markdown]
# Would four leaves not do after all? Try. The root must be $o \odot \tanh(c_t)$. In a tree with four leaves, two of them lie below
# $\tanh(c_t)$ and the other two below $o$. The two below $o$ are used up, one of them for nothing. The other two would have to hold
# $g$, $i$ and $f$, three gates that are all treated differently. **They do not fit.** Without the output gate they do:

# %%
without_o = nt.linearize(sp.tanh(nt.c_next), c_textbook)
print(without_o)
assert without_o.cell.base == 4

# %% [markdown]
# > **Exercise 4.1** ★ · 5 minutes
# >
# > Eight leaves have sixteen matrices. How many of LSTM's sixteen are **redundant**: they could be zero without any loss?

# %%
answer_4_1 = ...

nt.check("4.1", answer_4_1)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The printed list above says what each leaf holds.
#
# </details>

# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 4.1: four leaves hold zeros, and each has two matrices.
nt.check("4.1", 8)

# %% [markdown]
# If the redundant matrices are *not* zero, nothing is gained either: $W_5 x_t + W_7 x_t = (W_5 + W_7)\, x_t$. A sum of matrices is a
# matrix. That is why `fold=True` may draw the leaves 2 and 3 as one.
#
# > **Exercise 4.2** ★★ · 10 minutes
# >
# > Take away still more: $f$ and $g$ as above, $c_t = f \odot c_{t-1} + g$ and $h_t = \tanh(c_t)$. Two gates, and it fits into base 2. Plant the
# > tree on paper and write its ten tokens as a list.

# %%
answer_4_2 = ...

nt.check("4.2", answer_4_2)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# $h_t = \tanh(c_t)$ is the root. What does the root combine, and how?
#
# </details>
# <details><summary>Hint 2</summary>
#
# The leaves are $f$ and $g$, in either order. The memory enters at the leaf of $f$.
#
# </details>

# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 4.2
solution_4_2 = ["Add", "Sigmoid", "Add", "Tanh", "Add", "Tanh", "Multiply", "Identity", 2, 0]
nt.check("4.2", solution_4_2)

# %% [markdown]
# ## 3 · First proof: symbols
#
# "Go through the graph step by step to check that the formulas are the same", says the article. Let sympy do it. We let the *tree* run, with
# each leaf holding its letters and the pass-through leaves zeros, and look at what comes out:

# %%
letters = {symbol: symbol for symbol in (h_textbook + c_textbook).free_symbols}
h_tree, c_tree = found.evaluate(letters)

assert sp.simplify(c_tree - c_textbook) == 0
assert sp.simplify(h_tree - h_textbook.subs(nt.c_next, c_textbook)) == 0
print("the tree computes the textbook's h_t and c_t")

# %% [markdown]
# And without the help of zeros, all sixteen matrices at work? These are the formulas of the 34 tokens:

# %%
nt.formulas(nt.zoo.LSTM)

# %% [markdown]
# Lines $a_9$ and $a_{13}$ show the sums. We call each sum by the name of its gate, and compare once more:

# %%
leaf = [sum(nt.leaf_symbols(k)) for k in range(8)]
sums = {"g": leaf[0], "i": leaf[1], "f": leaf[2] + leaf[3], "o": sum(leaf[4:])}
tree = nt.formulas(nt.zoo.LSTM)

c_sums = nt.sigmoid(sums["f"]) * nt.c_prev + nt.sigmoid(sums["i"]) * sp.tanh(sums["g"])
assert sp.simplify(tree.c - c_sums) == 0
assert sp.simplify(tree.h - nt.sigmoid(sums["o"]) * sp.tanh(c_sums)) == 0

# %% [markdown]
# The memory path of notebook 03 is now one line. It is the forget gate itself:

# %%
assert sp.diff(c_textbook, nt.c_prev) == f
assert tree.memory_path == nt.sigmoid(sums["f"])
sp.diff(c_textbook, nt.c_prev)

# %% [markdown]
# ## 4 · Second proof: numbers
#
# A proof in symbols can still be about the wrong thing: perhaps *everybody else* means something different by LSTM. So we compare with the
# implementation that everybody uses. `nt.CellRNN` makes a layer from any cell, with the interface of `torch.nn.LSTM`, and
# `nt.zoo.from_torch_lstm` copies the weights over, gate by gate, into the right leaves.

# %%
generator = torch.Generator().manual_seed(0)
theirs = torch.nn.LSTM(input_size=3, hidden_size=5, num_layers=2, dtype=torch.float64)
for parameter in theirs.parameters():
    torch.nn.init.uniform_(parameter, -1, 1, generator=generator)
ours = nt.zoo.from_torch_lstm(theirs)
print(ours)

# %%
x = torch.randn(7, 4, 3, generator=generator, dtype=torch.float64, requires_grad=True)
output_theirs, (h_theirs, c_theirs) = theirs(x)
output_ours, (h_ours, c_ours) = ours(x)

for a, b in ((output_theirs, output_ours), (h_theirs, h_ours), (c_theirs, c_ours)):
    assert torch.allclose(a, b, rtol=0, atol=1e-12)
print(tuple(output_ours.shape), "outputs agree to 12 digits, and so do the states")

# %% [markdown]
# Two layers, biases, seven time steps, a batch of four. (`nn.LSTM` has *two* biases for each gate, which are only ever added; ours has one, their
# sum.)
#
# ## 5 · Third proof: gradients
#
# Two functions can agree in value and still be computed so that training goes wrong. What training sees are gradients. So we take
# some loss, here a sum of squares, and compare its gradient by the inputs, and by the weights of the first gate:

# %%
(by_theirs,) = torch.autograd.grad(output_theirs.square().sum(), x, retain_graph=True)
(by_ours,) = torch.autograd.grad(output_ours.square().sum(), x, retain_graph=True)
assert torch.allclose(by_theirs, by_ours, rtol=0, atol=1e-10)

(W_theirs,) = torch.autograd.grad(output_theirs.square().sum(), theirs.weight_ih_l0)
(W_ours,) = torch.autograd.grad(output_ours.square().sum(), ours.weight_ih_l0)
i_theirs = W_theirs[:5]  # nn.LSTM keeps its gates in the order i, f, g, o
i_ours = W_ours[5:10]  # we keep i in leaf 1
assert torch.allclose(i_theirs, i_ours, rtol=0, atol=1e-10)
print("the gradients agree as well")

# %% [markdown]
# One difference remains. The redundant matrices have gradients too. If such a layer were *trained*, its zeros would not stay zeros. It would
# still compute an LSTM, one whose gates have several matrices that add up. But each step of the optimizer would move the sum further, so it would
# not train in exactly the same way.
#
# ## 6 · What does not fit
#
# Not every cell is such a tree. GRU, the other famous one, has a reset gate $r$ and an update gate $z$:
#
# $$ n = \tanh\big(W_n x_t + U_n (r \odot h_{t-1})\big), \qquad h_t = (1 - z) \odot n + z \odot h_{t-1} $$

# %%
r, z = (nt.sigmoid(nt.gate(name)) for name in "rz")
n = sp.tanh(nt.gate("n", r * nt.h_prev))
h_gru = (1 - z) * n + z * nt.h_prev

try:
    nt.linearize(h_gru, h_gru)
except nt.NotRepresentable as refusal:
    print(refusal)
    assert len(refusal.problems) == 5

# %% [markdown]
# Five reasons, and each names its part of the formula. In words:
#
# 1. $h_{t-1}$ is used as it is, without a matrix. Only leaves read it, and they multiply it by a matrix.
# 2. There is a constant, 1. Trees have no constants.
# 3. $U_n$ multiplies something that the cell has computed itself. Matrices stand at the leaves, and leaves read only $x_t$ and $h_{t-1}$.
# 4. There is no $c_{t-1}$, but in every cell the memory enters somewhere.
# 5. $z$ is used twice. In a tree, the value of a node goes to one place: the node above it.
#
# The third is the deepest: it would need a matrix *inside* the tree. (`torch.nn.GRU` multiplies by $r$ after the matrix,
# $r \odot U_n h_{t-1}$. That would fit. The other four reasons remain.)

# %%
Wx_n, Uh_n = nt.leaf_symbols(0)
n_torch = sp.tanh(Wx_n + r * Uh_n)
h_torch = (1 - z) * n_torch + z * nt.h_prev

try:
    nt.linearize(h_torch, h_torch)
except nt.NotRepresentable as refusal:
    print(len(refusal.problems), "reasons")
    assert not any("inside the tree" in reason for _, reason in refusal.problems)

# %% [markdown]
# So the space of the paper, with its $6 \times 10^{16}$ sequences, does not contain GRU. A search in it can never find GRU, however long it
# runs.
#
# > **Exercise 4.3** ★★ · 10 minutes
# >
# > Four relatives of LSTM. Which of them fit into a tree? Answer with a set of letters, such as `{"A", "D"}`.
# >
# > - **A** without output gate: $h_t = \tanh(c_t)$
# > - **B** without forget gate: $c_t = c_{t-1} + i \odot g$
# > - **C** coupled gates: $c_t = f \odot c_{t-1} + (1 - f) \odot g$
# > - **D** a forget gate that looks at the memory: $f = \text{sigmoid}(W_f x_t + U_f h_{t-1} + c_{t-1})$

# %%
answer_4_3 = ...

nt.check("4.3", answer_4_3)

# %% [markdown]
# <details><summary>Hint</summary>
#
# In each formula, count how often $f$ and $c_{t-1}$ are used.
#
# </details>

# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 4.3. B is in essence the LSTM of 1997: the memory is added to i * g, an injection by Add.
nt.check("4.3", {"A", "B"})

# %% [markdown]
# `nt.linearize` can tell you of any other formula. Try one: its messages are meant to be read.
#
# ## What you can do now
#
# - You turned textbook formulas into a tree, by hand and with `nt.linearize`.
# - You followed a proof in symbols, in numbers and in gradients.
# - You can say why four gates need eight leaves: complete trees, and pass-through leaves.
# - You know why GRU is in no such space.
#
# **Three questions**
#
# <details><summary>1. Why must c_t be read before the activation for LSTM to fit?</summary>
#
# Node 12 is `Add Tanh`. Its value after the activation is $\tanh(c_t)$, which $h_t$ needs. Its value before is $c_t$ itself. If $c_t$
# could only be read afterwards, the memory would be squashed at every step.
#
# </details>
#
# <details><summary>2. In the random cells of base 8, how likely is an LSTM?</summary>
#
# It is one class of about $7 \cdot 10^{14}$ (notebook 02), and a few of its relatives with other pass-throughs. Nobody would hit it by
# chance.
#
# </details>
#
# <details><summary>3. Does an LSTM written as 34 tokens have twice as many weights?</summary>
#
# It has sixteen matrices where eight are needed. With the redundant ones at zero and left out it is the same model. `nn.LSTM` stores only
# the eight.
#
# </details>
#
# **Next:** the sequence that a network wrote: NASCell.
#
# **References.** S. Hochreiter and J. Schmidhuber, *Long Short-Term Memory*, Neural Computation 9, 1997. F. A. Gers, J. Schmidhuber and
# F. Cummins, *Learning to Forget*, Neural Computation 12, 2000. K. Cho et al., *Learning Phrase Representations using RNN
# Encoder-Decoder*, 2014, arXiv 1406.1078 (GRU). B. Zoph and Q. V. Le, ICLR 2017, arXiv 1611.01578, figure 8 (LSTM drawn as an
# unbalanced tree).
