# %% [markdown]
# # 01 · Graphs
#
# - *You have* seen ten tokens turn into a picture, formulas and numbers.
# - *You will build* the article's cell yourself, three times: as a picture that you read, as ten
#   lines of NumPy, and as formulas that sympy proves.
# - *It opens the way to* writing the graph as a sequence (02) and to the memory (03).

# %% [markdown]
# **By the end you can**
#
# - read a recurrent cell from its graph, and write it as code,
# - compute one time step by hand and check it,
# - write the cell's formulas in sympy and prove a property of the cell,
# - count what training has to learn.
#
# *Needs:* notebook 00; matrix times vector; what tanh looks like. Sympy, which computes with
# letters instead of numbers, is introduced on the way.
#
# *Takes:* 35 minutes of reading, 25 minutes of exercises.

# %%
import graphviz
import matplotlib.pyplot as plt
import numpy as np
import sympy as sp
import torch

import nastut as nt

rng = nt.setup(seed=0)

# %% [markdown]
# ## A prediction
#
# The article's cell ends in a sigmoid, and just before it two values that passed through ReLU are
# multiplied. **Can an element of $h_t$ ever be 0.3?** Decide before you read section 5.

# %% [markdown]
# ## 1 · From a formula to a graph
#
# The plain recurrent network of the textbooks has one line:
#
# $$ h_t = \tanh(W_1 x_t + W_2 h_{t-1}), \qquad W_1 \in \mathbb{R}^{H \times I},\;
# W_2 \in \mathbb{R}^{H \times H} $$
#
# Read it as a list of things that happen. Two vectors are multiplied by their matrices. The
# products are added. The sum passes through tanh. In a **graph**, the states, the sum and the tanh
# become **vertices**. An **edge** is an arrow that says which value goes where. A matrix that
# multiplies a value on its way is written beside the edge. Five lines of Graphviz draw it, from the
# bottom to the top:

# %%
dot = graphviz.Digraph(graph_attr={"rankdir": "BT"})
dot.edge("x_t", "+", label=" W_1")
dot.edge("h_{t-1}", "+", label=" W_2")
dot.edge("+", "tanh")
dot.edge("tanh", "h_t")
nt.Picture(dot, "the plain recurrent network: W_1 x_t plus W_2 h_{t-1}, then tanh, is h_t")

# %% [markdown]
# The same in NumPy. A **time step** takes $x_t$ and $h_{t-1}$ and gives $h_t$; a loop over the
# sequence feeds each result into the next step.

# %%
W_1, W_2 = rng.normal(size=(3, 2)), rng.normal(size=(3, 3))  # I = 2, H = 3


def plain_step(x, h):
    return np.tanh(W_1 @ x + W_2 @ h)


h = np.zeros(3)
for x in np.eye(2):
    h = plain_step(x, h)

assert np.allclose(h, np.tanh(W_1[:, 1] + W_2 @ np.tanh(W_1[:, 0])))

# %% [markdown]
# The last line checks the loop against the formula, written out for two steps. The two inputs are
# $(1, 0)$ and $(0, 1)$, so $W_1 x_t$ is the first column of $W_1$, and then the second. We will do
# this all the time: *compute a thing twice, by two routes, and compare*.
#
# ## 2 · The article's cell as a graph
#
# Now a richer cell. It has a second state, $c_t$, that is passed on from step to step but is not
# an output. Here is its graph (`nt.zoo` holds the cells that have a name). Follow each arrow from the
# bottom up, before you read on.

# %%
nt.draw(nt.zoo.EXAMPLE)

# %%
graph = nt.graph(nt.zoo.EXAMPLE)
print(len(graph.vertices), "vertices,", len(graph.edges), "edges")
assert len(graph.vertices) == 5 + 8  # five states, eight operations

# %% [markdown]
# In the picture:
#
# - Three states come in at the bottom: $x_t$, $h_{t-1}$ and $c_{t-1}$. Two go out at the top.
# - The two boxes that $x_t$ and $h_{t-1}$ lead to belong to the leaves. Each names two matrices
#   instead of labels on its grey edges: the first multiplies $x_t$, the second $h_{t-1}$. There
#   are no other matrices.
# - *Multiply* works element by element, $(u \odot v)_i = u_i v_i$, and so does everything above it.
# - Below the name of an activation stands the name of its result, $a_0$, $a_1$ ... Below a
#   combination further up stands the number of its node.
# - $c_{t-1}$ joins $a_0$ half-way up. What comes out is a new value, $a_0'$.
# - $c_t$ leaves from the *Multiply* of leaf 1, **before** the ReLU. It is easy to overlook.
#
# The article says that states are nodes and that edges say how they are merged. In our pictures the
# operations are vertices as well. It is the same graph, with more room for the operations.
#
# ## 3 · The same cell by hand
#
# The products with the matrices are computed first: `x_parts[i]` is what leaf $i$ gets from $x_t$, and
# `h_parts[i]` what it gets from $h_{t-1}$. Then from the picture to code, bottom up, one or two lines
# for each node:


# %%
def relu(a):
    return np.maximum(a, 0)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def step(x_parts, h_parts, c):
    a_0 = np.tanh(x_parts[0] + h_parts[0])
    a_0 = relu(a_0 + c)  # the memory enters
    c_new = x_parts[1] * h_parts[1]  # the memory leaves, before the activation
    a_1 = relu(c_new)
    a_2 = sigmoid(a_0 * a_1)
    return a_2, c_new


# %% [markdown]
# A tiny case to check on paper: vectors of one element, $W_1 x_t = 1$, $W_2 h_{t-1} = -1$,
# $W_3 x_t = 3$, $W_4 h_{t-1} = 2$ and $c_{t-1} = 0.5$. Then $a_0 = \tanh(0) = 0$, after the memory
# $a_0' = 0.5$, $c_t = 6$, $a_1 = 6$, and $h_t = \text{sigmoid}(0.5 \cdot 6) = \text{sigmoid}(3)$.

# %%
h, c = step(x_parts=[1.0, 3.0], h_parts=[-1.0, 2.0], c=0.5)
print(f"h_t = {h:.4f}   c_t = {c:.4f}")
assert np.isclose(h, sigmoid(3))

# %% [markdown]
# Now the second route: `nt.evaluate`, which does not use our function, but walks over the tree that
# the ten tokens describe. On random vectors of five elements both must give the same:

# %%
x_parts, h_parts, c = rng.normal(size=(2, 5)), rng.normal(size=(2, 5)), rng.normal(size=5)
by_hand = step(x_parts, h_parts, c)
by_tree = nt.evaluate(nt.zoo.EXAMPLE, x_parts, h_parts, c)

assert np.allclose(by_hand, by_tree, atol=1e-15)

# %% [markdown]
# From here on we use `nt.evaluate`. In notebook 03 you write it yourself.
#
# > **Exercise 1.1** ★★ · 15 minutes
# >
# > The next picture is another cell. Write its time step as a function, as above: it takes
# > `x_parts`, `h_parts` and `c`, and returns `(h_new, c_new)`. (The thick line shows that the old
# > memory reaches the new one. In the article's cell it does not.)

# %%
from nastut.lessons.graphs import PICTURE

nt.draw(PICTURE)

# %% tags=["guard"] jupyter={"source_hidden": true}
assert nt.graph(PICTURE).memory_edges()


# %%
def picture_step(x_parts, h_parts, c):
    # your lines
    return ...  # h_new, c_new


nt.check("1.1", picture_step)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Leaf 0 takes two operations: `x_parts[0] * h_parts[0]`, and the sigmoid of that.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The arrow to $c_t$ starts at a box with corners. Which value is that: before or after the topmost
# Tanh?
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 1.1
def solution_1_1(x_parts, h_parts, c):
    a_0 = sigmoid(x_parts[0] * h_parts[0])
    a_1 = np.tanh(x_parts[1] + h_parts[1])
    a_1 = relu(a_1 * c)
    c_new = a_0 + a_1
    return np.tanh(c_new), c_new


nt.check("1.1", solution_1_1)

# %% [markdown]
# ## 4 · The same cell in letters
#
# A formula holds for *all* numbers at once, so it can be proven. Every operation here
# works element by element. Therefore one symbol may stand for one element of a vector, whichever
# it is: we write $W_1 x_t$ as a single letter. `nt.leaf_symbols(i)` gives the two letters of leaf
# $i$, and `nt.c_prev` is the letter $c_{t-1}$.

# %%
Wx_0, Wh_0 = nt.leaf_symbols(0)
Wx_1, Wh_1 = nt.leaf_symbols(1)
sp.tanh(Wx_0 + Wh_0) + nt.c_prev

# %% [markdown]
# Now read the graph again, with symbols in place of numbers. The article sums the cell up in five
# lines. Its arrow means that a letter gets a new value; we give the new value a letter of its own.
#
# | line | the article | here |
# |---|---|---|
# | 1 | $a_0 = \tanh(W_1 \cdot x_t + W_2 \cdot h_{t-1})$ | `a_0` |
# | 2 | $a_1 = \text{ReLU}(W_3 \cdot x_t \odot W_4 \cdot h_{t-1})$ | `a_1` |
# | 3 | $a_0 \leftarrow \text{ReLU}(a_0 + c_{t-1})$ | `a_0_injected`, that is $a_0'$ |
# | 4 | $a_2 = \text{sigmoid}(a_0 \odot a_1)$, and $h_t \leftarrow a_2$ | `h_article` |
# | 5 | $c_t \leftarrow W_3 \cdot x_t \odot W_4 \cdot h_{t-1}$ | `c_article` |

# %%
a_0 = sp.tanh(Wx_0 + Wh_0)
a_0_injected = sp.Max(0, a_0 + nt.c_prev)  # ReLU is the larger of 0 and its argument
a_1 = sp.Max(0, Wx_1 * Wh_1)
h_article = 1 / (1 + sp.exp(-a_0_injected * a_1))
c_article = Wx_1 * Wh_1

# %% [markdown]
# `nt.formulas` gets there from the tokens alone. It uses the same walk as `nt.evaluate`, except
# that symbols go in instead of numbers. Its steps, typeset:

# %%
f = nt.formulas(nt.zoo.EXAMPLE)
f

# %% [markdown]
# `f.h` and `f.c` are the same with everything inserted into everything. They are what we wrote down
# from the article, letter by letter:

# %%
assert f.h == h_article
assert f.c == c_article

# %% [markdown]
# That shows little: two people wrote down the same thing. Somebody else may write the same cell in
# another way, without exp and without Max: a sigmoid is $\tfrac12 (1 + \tanh \tfrac u2)$, and ReLU
# is $\tfrac12 (u + |u|)$. Now the formulas look different. Are they equal for *all* numbers? Trying
# some numbers cannot settle it. The difference of the two must simplify to zero, once it is written
# in terms of $|\cdot|$ and exp alone:

# %%
sum_0, product_1 = a_0 + nt.c_prev, Wx_1 * Wh_1  # the two ReLUs and u/2 make 1/8
h_other = (1 + sp.tanh((sum_0 + abs(sum_0)) * (product_1 + abs(product_1)) / 8)) / 2
assert f.h != h_other

difference = (f.h - h_other).rewrite(sp.Abs).rewrite(sp.exp)
assert sp.simplify(difference) == 0
print("equal for all numbers, however they are written")

# %% [markdown]
# > **Exercise 1.2** ★★ · 5 minutes
# >
# > Write $c_t$ of the cell in exercise 1.1 as a sympy formula, in the letters `Wx_0`, `Wh_0`,
# > `Wx_1`, `Wh_1` and `nt.c_prev`.

# %%
answer_1_2 = ...

nt.check("1.2", answer_1_2)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Sigmoid is `1 / (1 + sp.exp(-u))`, ReLU is `sp.Max(0, u)`, tanh is `sp.tanh(u)`.
#
# </details>
# <details><summary>Hint 2</summary>
#
# $c_t$ is the sum of $a_0$ and $a_1'$ of *this* cell. Write both out in the letters of the leaves:
# the names `a_0` and `a_1` still hold the article's.
#
# </details>

# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 1.2
solution_1_2 = 1 / (1 + sp.exp(-Wx_0 * Wh_0)) + sp.Max(0, sp.tanh(Wx_1 + Wh_1) * nt.c_prev)
nt.check("1.2", solution_1_2)

# %% [markdown]
# ## 5 · What the formula tells
#
# Back to the prediction. In $h_t = \text{sigmoid}(a_0' \odot a_1)$ both factors come out of a
# ReLU, so neither is negative, so their product is not, and the sigmoid of such a number is at
# least one half. **An element of $h_t$ can never be 0.3.** sympy confirms each step: the product
# is not negative, a sigmoid minus one half is half a tanh, and tanh of what is not negative is not
# negative.

# %%
product = a_0_injected * a_1
u = sp.Symbol("u", nonnegative=True)
above_half = 1 / (1 + sp.exp(-u)) - sp.Rational(1, 2)

assert product.is_nonnegative
assert sp.simplify((above_half - sp.tanh(u / 2) / 2).rewrite(sp.exp)) == 0
assert sp.tanh(u / 2).is_nonnegative
print("h_t >= 1/2, for all numbers")

# %% [markdown]
# Something else is in the formula. Before the first time step the states are zero. Then the
# product of $W_4$ with the hidden state is zero, leaf 1 multiplies by it, and so after the first
# step the memory is 0 and the hidden state is $\text{sigmoid}(0) = \tfrac12$, *whatever* was read.
# **The cell never sees its first input.** Let us run it over two sequences that differ in nothing
# but their first element.

# %%
H, I, T = 4, 3, 30
W = rng.normal(size=(2, H, I))  # W[0] is W_1, W[1] is W_3
U = rng.normal(size=(2, H, H))  # U[0] is W_2, U[1] is W_4


def run(xs):
    h, c, states = np.zeros(H), np.zeros(H), []
    for x in xs:  # W @ x has both products, W_1 x and W_3 x, one a row
        h, c = nt.evaluate(nt.zoo.EXAMPLE, W @ x, U @ h, c)
        states.append([h, c])
    return np.array(states)  # (T, 2, H)


xs = rng.normal(size=(T, I))
shifted = xs + 100 * (np.arange(T) == 0)[:, None]
states = run(xs)
assert np.array_equal(states, run(shifted))

# %%
fig, axes = plt.subplots(1, 2, sharex=True)
for axis, values, name in zip(axes, states.swapaxes(0, 1), ("h_t", "c_t"), strict=True):
    axis.plot(np.arange(1, T + 1), values)
    axis.set(xlabel="t", title=f"${name}$, four elements")
fig.tight_layout()
plt.show()

assert states[:, 0].min() >= 0.5
assert np.all(states[0, 0] == 0.5)
assert np.all(states[0, 1] == 0)

# %% [markdown]
# On the left no line falls below one half, and all four start there. On the right $c_t$ jumps
# about. It is made of $x_t$ and $h_{t-1}$ alone: **$c_t$ does not depend on $c_{t-1}$**. What the
# memory held is gone one step later, and whatever lasts longer has to travel through $h$. Most cells
# are like this one, and notebook 03 says why:
#
# %%
share = np.mean([cell.has_memory for cell in nt.Space(base=2)])
print(f"in {share:.0%} of the small cells c_t can depend on c_{{t-1}}")
assert share == 2 / 9

# %% [markdown]
# ## 6 · What is learned
#
# Training changes the matrices, and matrices stand at the leaves only. A leaf has one for $x_t$,
# of $H \times I$ numbers, and one for $h_{t-1}$, of $H \times H$. The boxes further up join and
# bend; they have nothing to learn. The paper's cells have no biases.

# %%
print(W.shape, "and", U.shape, "->", W.size + U.size, "numbers")
assert W.size + U.size == 2 * (H * I + H * H)

# %% [markdown]
# > **Exercise 1.3** ★ · 5 minutes
# >
# > A tree with `base` leaves reads vectors of `inputs` elements and has states of `hidden`
# > elements. How many numbers does it learn?


# %%
def parameters(base, inputs, hidden):
    return ...  # your formula


nt.check("1.3", parameters)

# %% [markdown]
# <details><summary>Hint</summary>
#
# How many numbers does *one* leaf learn?
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 1.3
def solution_1_3(base, inputs, hidden):
    return base * hidden * (inputs + hidden)


nt.check("1.3", solution_1_3)

# %% [markdown]
# The paper's best cell has eight leaves, and an LSTM has four pairs of matrices. So at the same
# $H$ the paper's cell learns twice as many numbers. Keep it in mind when two cells are compared:
# the fair question is which one does better *at equal size*.

# %%
lstm = torch.nn.LSTM(input_size=100, hidden_size=100, bias=False)
learned_by_lstm = sum(p.numel() for p in lstm.parameters())
print(f"LSTM {learned_by_lstm:,}, eight leaves {8 * 100 * (100 + 100):,}")
assert 2 * learned_by_lstm == 8 * 100 * (100 + 100)

# %% [markdown]
# ## What you can do now
#
# - You read a cell from its graph and wrote it as code.
# - You computed a time step by hand and checked it by a second route.
# - You wrote its formulas in sympy, and proved that $h_t$ never falls below one half.
# - You counted what training has to learn.
#
# **Three questions**
#
# <details><summary>1. Why is one symbol enough for a vector in the formulas?</summary>
#
# All operations work element by element, so every element obeys the same formula. The only place
# where elements mix is the product with a matrix, and that stays inside the letter $W_1 x_t$.
#
# </details>
#
# <details><summary>2. What is c_t of the article's cell if x_t is the zero vector?</summary>
#
# Zero: $W_3 x_t = 0$, and $c_t$ is its product with $W_4 h_{t-1}$.
#
# </details>
#
# <details><summary>3. Would it matter if leaf 0 and leaf 1 exchanged their tokens and matrices?</summary>
#
# Not to the function, if the indices change with them: the root joins two values, and neither Add
# nor Multiply minds the order. Notebook 02 counts how many sequences are the same cell for this
# reason.
#
# </details>
#
# **Next:** `02_linearization.ipynb`, where the graph becomes a sequence and comes back.
#
# **References.** B. Zoph and Q. V. Le, *Neural Architecture Search with Reinforcement Learning*, ICLR 2017, arXiv 1611.01578: section 3.4, figure 5 (this cell), table 2 (sizes). J. Elman,
# *Finding structure in time*, Cognitive Science 14, 1990 (the plain recurrent network).
