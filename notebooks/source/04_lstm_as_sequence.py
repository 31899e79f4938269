# %% [markdown]
# # 04 · LSTM as a sequence
#
# - *You have* the tokens, their order, and the memory path.
# - *You will build* the sequence of the most famous cell of all from its textbook formulas, prove
#   it right, and test it against the implementation that everybody uses.
# - *It opens the way to* any cell that you find in a paper: does it fit into a tree, and if not,
#   why?

# %% [markdown]
# **By the end you can**
#
# - turn textbook formulas into a tree, by hand and with `nt.linearize`,
# - prove that two cells are equal, and test it in numbers and in gradients,
# - say how many leaves LSTM needs, and why,
# - say which GRU fits into a tree, and what it costs.
#
# *Needs:* notebooks 02 and 03. You need not know LSTM. A look at `torch.nn.LSTM` helps in section
# 4.
#
# *Takes:* 45 minutes of reading, 25 minutes of exercises.

# %%
from textwrap import fill

import sympy as sp
import torch

import nastut as nt
from nastut.lessons.lstm_as_sequence import draw_textbook

rng = nt.setup(seed=0)

# %% [markdown]
# ## 1 · The textbook
#
# LSTM, as textbooks write it (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al.
# 2000):
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
# Three gates say how much: how much of the candidate is let in, how much of the memory is kept,
# how much of it is shown. (The candidate is often counted as a fourth gate, because it is made in
# the same way.)
#
# As a graph it is the usual drawing of LSTM, turned by a quarter. Each box at the bottom names its
# two matrices. The thick line is the memory path: the old memory is multiplied by the forget gate,
# then the gated candidate is added.

# %%
draw_textbook()

# %% tags=["guard"] jupyter={"source_hidden": true}
folded = nt.graph(nt.zoo.LSTM, fold=True)
activations = sorted(v.label for v in folded.vertices.values() if v.kind == "activation")
assert activations == ["Sigmoid", "Sigmoid", "Sigmoid", "Tanh", "Tanh"]
assert "W_1" not in draw_textbook().dot.source

# %% [markdown]
# ## A prediction
#
# Each of $i$, $f$, $o$ and $g$ is made of a matrix times $x_t$ and a matrix times $h_{t-1}$,
# exactly what a leaf combines. **How many leaves does the tree of LSTM need?** Write your number
# down.

# %% [markdown]
# ## 2 · Building the tree
#
# First the formulas, for sympy: `nt.gate("f")` is the sum inside a gate, $W_f x_t + U_f h_{t-1}$,
# `nt.sigmoid` is a sigmoid, and `nt.c_next` is the symbol $c_t$.

# %%
i, f, o = (nt.sigmoid(nt.gate(name)) for name in "ifo")
g = sp.tanh(nt.gate("g"))
c_textbook = f * nt.c_prev + i * g
h_textbook = o * sp.tanh(nt.c_next)

# %% [markdown]
# To **linearize** is to find the tree. Start at the end, $h_t$, which is the root, and ask at each
# step: *which operation was the last one?*
#
# - $h_t = o \odot \tanh(c_t)$: the last operation is a product. So the root is `Multiply
#   Identity`, and below it stand $\tanh(c_t)$ and $o$.
# - $\tanh(c_t)$: a node with activation Tanh whose *combination* gives $c_t = f \odot c_{t-1} + i
#   \odot g$. That is an Add, so the node is `Add Tanh`. And it is the **create node**, because what
#   it has before the activation is $c_t$. One node serves for both $c_t$ and $\tanh(c_t)$.
# - Below it stand $i \odot g$, a `Multiply Identity` of two leaves, and $f \odot c_{t-1}$. The
#   latter is the gate $f$, joined with the memory by Multiply. So the **inject node** is the node
#   of $f$, and the injection is `Multiply Identity`.
#
# What is left is a matter of levels. In a complete tree all leaves lie at the same depth:

# %%
nt.draw_tree(base=8)

# %% tags=["guard"] jupyter={"source_hidden": true}
depth = {0: 3, 9: 2, 13: 1}  # node: levels below the root
for node, levels in depth.items():
    for _ in range(levels):
        node = 8 + node // 2
    assert node == 14  # the root

# %% [markdown]
# | part | levels below the root | node | what that is |
# |---|---|---|---|
# | $g$, $i$ | 3 | 0, 1 | leaves, joined in node 8 |
# | $f$ | 2 | 9 | joins leaves 2 and 3 |
# | $o$ | 1 | 13 | joins everything above leaves 4, 5, 6 and 7 |
#
# A node further up joins *all* the leaves below it, whether it needs them or not. Two tricks help.
# A **pass-through** is a node `Add Identity`: it passes its sum on unchanged. And an
# **empty** leaf is a pass-through whose two matrices are zero: it passes zeros on. Leaf 2 passes on
# $W_f x_t + U_f h_{t-1}$, and leaf 3 is empty. Node 9 adds the two and applies the sigmoid: that is
# the gate $f$. In the same way leaf 4 passes on the sum for $o$, and 5, 6 and 7 are empty.
#
# `nt.linearize` takes the same steps from the formulas to the tree. It returns the tokens and says
# what each leaf holds:


# %%
def say(found):
    leaves = [line for line in str(found).splitlines() if line.startswith("leaf")]
    print(fill(str(found.cell), 76), *leaves, sep="\n")


found = nt.linearize(h_textbook, c_textbook)
say(found)
assert found.cell.base == 8

# %% [markdown]
# So the answer to the prediction is: **eight leaves for four gates**.

# %%
nt.draw_sequence(found.cell)

# %%
found.cell

# %% tags=["guard"] jupyter={"source_hidden": true}
assert found.cell == nt.zoo.LSTM
assert sum(leaf is None for leaf in found.leaves) == 4  # empty leaves

# %% [markdown]
# Would four leaves not do after all? Try. The root must be $o \odot \tanh(c_t)$. Two of the four
# leaves lie below $o$, which needs only one. That leaves two for $g$, $i$ and $f$, which are
# treated in three different ways. **They do not fit.** Without the output gate, four leaves are
# enough:

# %%
without_o = nt.linearize(sp.tanh(nt.c_next), c_textbook)
say(without_o)
assert without_o.cell.base == 4

# %% [markdown]
# > **Exercise 4.1** ★ · 5 minutes
# >
# > Eight leaves have sixteen matrices. In LSTM, eight of them are not needed: they are zero.
# > The LSTM of 1997 had no forget gate: $c_t = c_{t-1} + i \odot g$, and the rest as above. It
# > needs eight leaves too. How many of *its* sixteen matrices are not needed?

# %%
answer_4_1 = ...

nt.check("4.1", answer_4_1)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Which gates are left? Or run `print(nt.linearize(...))` with the formula changed.
#
# </details>

# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 4.1
# g, i and o are left, three leaves; the other five leaves hold zeros, ten matrices.
print(nt.linearize(h_textbook, nt.c_prev + i * g))
nt.check("4.1", 10)

# %% [markdown]
# LSTM's spare matrices are **redundant**. If they are not zero, nothing is gained: inside the gate
# $f$ we have $W_5 x_t + W_7 x_t = (W_5 + W_7)\, x_t$, and a sum of matrices is a matrix. So the
# drawing of section 1 may show leaves 2 and 3 as one box (`nt.draw` does so with `fold=True`). The
# cell of 1997 is different. It has no gate above leaves 2 and 3, and what they hold is added to the
# memory itself. If not zero, it is another cell:

# %%
of_1997 = nt.linearize(h_textbook, nt.c_prev + i * g).cell
added = (
    nt.formulas(of_1997).c
    - nt.c_prev
    - nt.sigmoid(sum(nt.leaf_symbols(1))) * sp.tanh(sum(nt.leaf_symbols(0)))
)
assert sp.expand(added) == sum(nt.leaf_symbols(2)) + sum(nt.leaf_symbols(3))
sp.expand(added)

# %% [markdown]
# > **Exercise 4.2** ★★ · 10 minutes
# >
# > Now strip it down: $f$ and $g$ as above, $c_t = f \odot c_{t-1} + g$ and $h_t = \tanh(c_t)$. It
# > fits into base 2. Build the tree on paper and write its ten tokens as a list.

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
# ## 3 · The proof: symbols
#
# Let sympy prove that the 34 tokens are the textbook's LSTM, for *all* matrices, the redundant ones
# included. These are their formulas:

# %%
nt.formulas(nt.zoo.LSTM)

# %% [markdown]
# In $a_9$ and in $a_{10}$, $a_{11}$, $a_{13}$ the sums of several leaves meet. Name each sum after the
# gate that it ends up in, and put the sums into the textbook's formulas:

# %%
leaf = [sum(nt.leaf_symbols(k)) for k in range(8)]
sums = {"g": leaf[0], "i": leaf[1], "f": leaf[2] + leaf[3], "o": sum(leaf[4:])}
tree = nt.formulas(nt.zoo.LSTM)

c_sums = nt.sigmoid(sums["f"]) * nt.c_prev + nt.sigmoid(sums["i"]) * sp.tanh(sums["g"])
assert sp.simplify(tree.c - c_sums) == 0
assert sp.simplify(tree.h - nt.sigmoid(sums["o"]) * sp.tanh(c_sums)) == 0

# %% [markdown]
# The difference is zero. So *whatever* the sixteen matrices are, this cell is an LSTM, one in whose
# gates several matrices add up.
#
# And the memory path of notebook 03? It is the forget gate itself:

# %%
assert sp.diff(c_textbook, nt.c_prev) == f
assert tree.memory_path == nt.sigmoid(sums["f"])
sp.diff(c_textbook, nt.c_prev)

# %% [markdown]
# ## 4 · First test: numbers
#
# A proof in symbols can still be about the wrong thing: perhaps *everybody else* means something
# different by LSTM. So we compare with the implementation that everybody uses. `nt.CellRNN` makes
# a layer from any cell, with the interface of `torch.nn.LSTM`, and `nt.zoo.from_torch_lstm` copies
# the weights over, gate by gate, into the right leaves.

# %%
generator = torch.Generator().manual_seed(0)
theirs = torch.nn.LSTM(input_size=3, hidden_size=5, num_layers=2, dtype=torch.float64)
for parameter in theirs.parameters():
    torch.nn.init.uniform_(parameter, -1, 1, generator=generator)
ours = nt.zoo.from_torch_lstm(theirs)

x = torch.randn(7, 4, 3, generator=generator, dtype=torch.float64, requires_grad=True)
output_theirs, (h_theirs, c_theirs) = theirs(x)
output_ours, (h_ours, c_ours) = ours(x)

for a, b in ((output_theirs, output_ours), (h_theirs, h_ours), (c_theirs, c_ours)):
    assert torch.allclose(a, b, rtol=0, atol=1e-12)
print(tuple(output_ours.shape), "outputs and states differ by less than 1e-12")

# %% [markdown]
# ## 5 · Second test: gradients
#
# Equal functions have equal gradients. But a program that computes the right values can still hand
# wrong gradients to the optimizer, if it cuts something off or counts it twice. So we compare
# those too, with respect to the input and to every weight that the two have in common:

# %%
by_theirs = torch.autograd.grad(output_theirs.square().sum(), [x, *theirs.parameters()])
by_ours = torch.autograd.grad(output_ours.square().sum(), [x, *ours.parameters()])
assert torch.allclose(by_theirs[0], by_ours[0], rtol=0, atol=1e-10)

grad_theirs = dict(zip(dict(theirs.named_parameters()), by_theirs[1:], strict=True))
grad_ours = dict(zip(dict(ours.named_parameters()), by_ours[1:], strict=True))
for name, gradient in grad_ours.items():
    leaves = gradient.unflatten(0, (8, 5))  # eight leaves of five rows
    gates = leaves[[1, 2, 0, 4]].flatten(0, 1)  # nn.LSTM keeps i, f, g, o in this order
    assert torch.allclose(grad_theirs[name], gates, rtol=0, atol=1e-10)
print(len(grad_ours), "gradients agree")

# %% [markdown]
# One difference remains. The redundant matrices have gradients too, the same as the matrices that
# they are added to:

# %%
leaves = grad_ours["weight_ih_l0"].unflatten(0, (8, 5))
assert torch.allclose(leaves[2], leaves[3])
assert all(torch.allclose(leaves[4], leaves[k]) for k in (5, 6, 7))

# %% [markdown]
# So if this layer were *trained*, its zeros would not stay zeros. It would remain an LSTM. But
# under plain gradient descent each step would move the sum inside the forget gate twice as far,
# and that inside the output gate four times as far, as in `nn.LSTM`.
#
# ## 6 · What does not fit
#
# GRU, the other famous cell, has a reset gate $r$, an update gate $z$, and no memory apart from
# $h$ (Cho et al. 2014):
#
# $$ n = \tanh\big(W_n x_t + U_n (r \odot h_{t-1})\big), \qquad h_t = (1 - z) \odot n + z \odot h_{t-1} $$
#
# In `nt.gate`, the second argument is what $U_n$ multiplies. `nt.linearize` wants $h_t$ and $c_t$;
# GRU has one state, so we hand it over twice.

# %%
r, z = (nt.sigmoid(nt.gate(name)) for name in "rz")
n = sp.tanh(nt.gate("n", r * nt.h_prev))
h_gru = (1 - z) * n + z * nt.h_prev

try:
    nt.linearize(h_gru, h_gru)
except nt.NotRepresentable as refusal:
    print(refusal)

# %% [markdown]
# Five reasons, and each names its part of the formula. But are they about the cell, or about the
# way we wrote it down?
#
# - *$h_{t-1}$ without a matrix*, and *no $c_{t-1}$*: if $c_t = h_t$, then the $h_{t-1}$ in $z
#   \odot h_{t-1}$ may be called $c_{t-1}$, and it enters as LSTM's memory does.
# - *A constant, 1*: $1 - \text{sigmoid}(u) = \text{sigmoid}(-u)$. That is a leaf with negated
#   matrices.
# - *$z$ at two places*: let another leaf, $y$, play the part of $1 - z$. Its matrices would have
#   to be tied to those of $z$.
# - *A product with a matrix inside the tree*: $U_n$ multiplies something that the cell has
#   computed itself. Matrices stand at the leaves, and leaves read only $x_t$ and $h_{t-1}$. **No
#   rewriting helps here.** GRU as published is no such tree.
#
# `torch.nn.GRU` multiplies by $r$ *after* the matrix, $r \odot U_n h_{t-1}$. Then only the
# rewriting is left to do:

# %%
y = nt.sigmoid(nt.gate("y"))  # it plays 1 - z
Uh_n, Wx_n = nt.gate("n").args  # the two terms of the sum, apart
h_torch = y * sp.tanh(Wx_n + r * Uh_n) + z * nt.c_prev

relaxed = nt.linearize(h_torch, h_torch)
print(str(relaxed)[str(relaxed).index("leaf 0") :])
assert relaxed.cell.base == 16

# %% [markdown]
# Tie the matrices of $y$ to those of $z$, with the opposite sign, and compare with torch:

# %%
gru = torch.nn.GRU(3, 5, bias=False, dtype=torch.float64)
W_r, W_z, W_n = gru.weight_ih_l0.detach().chunk(3)
U_r, U_z, U_n = gru.weight_hh_l0.detach().chunk(3)

layer = nt.CellRNN(relaxed.cell, 3, 5).double()
with torch.no_grad():
    W, U = (weight.zero_().unflatten(0, (16, 5)) for weight in layer.parameters())
    U[0], W[1], U[1], W[2] = U_n, W_r, U_r, W_n  # the leaves as printed above
    W[4], U[4], W[8], U[8] = -W_z, -U_z, W_z, U_z

assert torch.allclose(gru(x)[0], layer(x)[0], rtol=0, atol=1e-12)
print("a tree computes torch's GRU")

# %% [markdown]
# It needs **sixteen leaves**, eleven of them empty, because $U_n h_{t-1}$ lies four levels below the
# root. So in this form GRU is not among the $6 \times 10^{16}$ sequences of base 8, and a search there
# would never find it. What a search can find is decided before it starts.
#
# > **Exercise 4.3** ★★ · 10 minutes
# >
# > Four relatives of LSTM. Each differs from it in one line. Which of them fit into a tree? Answer
# > with a set of letters, such as `{"A", "D"}`.
# >
# > - **A** an open output: $h_t = o + \tanh(c_t)$
# > - **B** no forget gate: $c_t = c_{t-1} + i \odot g$
# > - **C** a candidate that is reset: $g = \tanh(W_g x_t + U_g (i \odot h_{t-1}))$
# > - **D** a forget gate that looks at the memory:
# >   $f = \text{sigmoid}(W_f x_t + U_f h_{t-1} + c_{t-1})$

# %%
answer_4_3 = ...

nt.check("4.3", answer_4_3)

# %% [markdown]
# <details><summary>Hint</summary>
#
# What does each matrix multiply? And to how many places does each value go?
#
# </details>

# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 4.3
# B is in essence the LSTM of 1997: the memory is added to i * g, an injection by Add.
nt.check("4.3", {"A", "B"})

# %% [markdown]
# Try `nt.linearize` on a formula of your own.
#
# ## What you can do now
#
# - You turned textbook formulas into a tree, by hand and with `nt.linearize`.
# - You followed a proof in symbols, and tests in numbers and in gradients.
# - You know why LSTM needs eight leaves: the tree is complete, and empty leaves fill it up.
# - You know which GRU fits into a tree, and that it takes sixteen leaves and tied matrices.
#
# **Three questions**
#
# <details><summary>1. Why must c_t be read before the activation for LSTM to fit?</summary>
#
# Into eight leaves, that is. Node 12 is `Add Tanh`: what it has joined is $c_t$, and its value is
# $\tanh(c_t)$, which $h_t$ needs. If $c_t$ could only be read after the activation, one
# node could not give both, and the tree would need one more level.
#
# </details>
#
# <details><summary>2. In the random cells of base 8, how likely is an LSTM?</summary>
#
# Its class has 8 of the $6.3 \cdot 10^{16}$ sequences: three of the inner nodes have unlike
# children that may change places. Thousands of other sequences become an LSTM when their spare
# leaves are zero. You would still never hit one by chance.
#
# </details>
#
# <details><summary>3. Does an LSTM written as 34 tokens have twice as many weights?</summary>
#
# It has sixteen matrices where eight are needed. Leave the redundant ones out, and it is the same
# model. `nn.LSTM` stores only the eight.
#
# </details>
#
# **Next:** the sequence that a network wrote: NASCell.
#
# **References.** S. Hochreiter and J. Schmidhuber, *Long Short-Term Memory*, Neural Computation
# 9, 1997. F. A. Gers, J. Schmidhuber and F. Cummins, *Learning to Forget*, Neural Computation
# 12, 2000. K. Cho et al., *Learning Phrase Representations using RNN Encoder-Decoder*, 2014, arXiv
# 1406.1078 (GRU). B. Zoph and Q. V. Le, ICLR 2017, arXiv 1611.01578, figure 8 (LSTM drawn as an
# unbalanced tree).
