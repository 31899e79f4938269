# %% [markdown]
# # 02 · Linearization
#
# - *You have* read a cell from its graph and written it as code.
# - *You will build* the translation from a graph to a sequence of tokens, and back.
# - *It opens the way to* everything a network can do with sequences: write them, compare them,
#   search among them.

# %% [markdown]
# **By the end you can**
#
# - number the nodes of a tree and find children and parents by arithmetic,
# - encode a cell as tokens and decode tokens into a cell,
# - count how many cells there are, and how many of them really differ.
#
# *Needs:* notebook 01; a little counting (products, squares).
#
# *Takes:* 35 minutes of reading, 50 minutes of exercises.

# %%
from collections import Counter

import numpy as np

import nastut as nt

rng = nt.setup(seed=0)

# %% [markdown]
# ## A prediction
#
# The two leaves of a small tree change places, and the two indices at the end are renumbered to
# follow them. The new list of tokens looks different, but the cell computes the same. **For how many
# of the 36,864 sequences of ten tokens could you keep one copy and drop the other: a tenth, a half,
# nearly all?**

# %% [markdown]
# ## 1 · A tree with numbers
#
# A graph has no beginning. To write it down as a list we need an order. The paper's trick is to fix
# the *shape* in advance: the cell is a **complete binary tree**. Every node above the leaves, an
# **inner node**, joins exactly two nodes below, and all leaves lie at the same depth. So the number
# of leaves, the base, is a power of two.
#
# The nodes are numbered layer by layer: the leaves first, from left to right, then the layer
# above, and the root last. What to see in the picture: with $b$ leaves there are $2b - 1$ nodes,
# so the root has the number $2b - 2$.

# %%
nt.draw_tree(base=2)

# %%
nt.draw_tree(base=8)

# %% tags=["guard"] jupyter={"source_hidden": true}
assert nt.draw_tree(base=8).dot.source.count("shape=circle") == 2 * 8 - 1

# %% [markdown]
# Who is below whom? In the second picture node 8 joins 0 and 1, node 9 joins 2 and 3, and so on
# without a gap: node 12 joins 8 and 9. Each inner node uses up the next two nodes. Upwards this
# reads: *the parent of node $k$ is*
#
# $$ \text{parent}(k) = b + \lfloor k/2 \rfloor $$
#
# where $\lfloor k/2 \rfloor$ is half of $k$, rounded down: `k // 2` in Python.

# %%
base = 8
print([base + k // 2 for k in range(2 * base - 2)])
assert all(base + k // 2 == base + (k + 1) // 2 for k in range(0, 2 * base - 2, 2))  # siblings

# %% [markdown]
# > **Exercise 2.1** ★ · 5 minutes
# >
# > And downwards? Write `children(k, base)`, which returns the two nodes that an inner node $k$
# > joins, left before right.


# %%
def children(k, base):
    return ...  # left, right


nt.check("2.1", children)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The first inner node has the number $b$. How many nodes do the inner nodes before node $k$ use up?
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 2.1
# The inner nodes before k are b, ..., k - 1, and each of them used up two nodes.
def solution_2_1(k, base):
    used_up = 2 * len(range(base, k))
    return used_up, used_up + 1


nt.check("2.1", solution_2_1)

# %% [markdown]
# ## 2 · Encoding: from the tree to a list
#
# With the shape fixed, this is the whole cell: for each node its combination and its activation,
# in the order of the numbers; then how the memory is joined, again a combination and an activation
# (**cell inject**); then two node numbers (**cell indices**). The first is the **create index**,
# the node where $c_t$ is made. The second is the **inject index**, the node that $c_{t-1}$ enters.
#
# Here is the article's cell as a tree, in plain Python:

# %%
nodes = [("Add", "Tanh"), ("Multiply", "ReLU"), ("Multiply", "Sigmoid")]
inject = ("Add", "ReLU")
create_index, inject_index = 1, 0


def encode(nodes, inject, create_index, inject_index):
    words = [word for node in [*nodes, inject] for word in node]
    return [*words, create_index, inject_index]


tokens = encode(nodes, inject, create_index, inject_index)
print(tokens)
assert tokens == nt.zoo.EXAMPLE.sequence

# %% [markdown]
# A tree of base $b$ takes
#
# $$ 2\,(2b - 1) + 2 + 2 = 4b + 2 $$
#
# tokens: two for each node, two for the injection, two indices.

# %%
for base in (1, 2, 4, 8):
    print(f"base {base}: {2 * base - 1:2d} nodes, {4 * base + 2:2d} tokens")
    assert len(nt.Space(base).choices) == 4 * base + 2

# %% [markdown]
# ## 3 · Decoding: from the list to the graph
#
# The list is cut into five blocks, and each of them adds something to the graph. In each picture
# the parts with a thick border are new or newly placed, and empty boxes are still to come. Where
# the memory enters and leaves is said only by the last block. So until then the injection stands
# apart, and nothing leads to $c_t$.

# %%
steps = nt.draw_steps(nt.zoo.EXAMPLE)
steps[:3]

# %%
steps[3:]

# %% tags=["guard"] jupyter={"source_hidden": true}
assert len(steps) == 5

# %% [markdown]
# Block by block:
#
# 1. *Tree index 0*, `Add Tanh`: $a_0 = \tanh(W_1 x_t + W_2 h_{t-1})$.
# 2. *Tree index 1*, `Multiply ReLU`: $a_1 = \text{ReLU}(W_3 x_t \odot W_4 h_{t-1})$.
# 3. *Tree index 2*, `Multiply Sigmoid`: this is the root, so its value is
#    $h_t = \text{sigmoid}(a_0 \odot a_1)$.
# 4. *Cell inject*, `Add ReLU`: somewhere, a value is added to $c_{t-1}$ and passed through ReLU.
# 5. *Cell indices*, `1 0`: $c_t$ is made at node **1**, before the activation. $c_{t-1}$ enters at
#    node **0**. So $a_0' = \text{ReLU}(a_0 + c_{t-1})$ takes the place of $a_0$ in block 3.
#
# The last two tokens are easily confused. *Create first, inject second.*
#
# > **Exercise 2.2** ★★ · 10 minutes
# >
# > Write `decode(tokens)`, the inverse of `encode` above. It returns
# > `(nodes, inject, create_index, inject_index)`, for a sequence of any base.


# %%
def decode(tokens):
    return ...  # nodes, inject, create_index, inject_index


nt.check("2.2", decode)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Cut off the last two tokens first. What is left is a list of words of even length.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `zip(words[::2], words[1::2])` makes pairs. The last of them is the injection.
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 2.2
def solution_2_2(tokens):
    *words, create_index, inject_index = tokens
    *nodes, inject = zip(words[::2], words[1::2], strict=True)
    return nodes, inject, create_index, inject_index


nt.check("2.2", solution_2_2)

# %% [markdown]
# `nt.Cell.from_sequence` is the same with a good deal of care. It checks each token and says what
# is wrong.

# %%
for wrong in (tokens[:-1], [*tokens[:-1], 3]):
    try:
        nt.Cell.from_sequence(wrong)
    except nt.SequenceError as error:
        print(error, end="\n\n")

# %% [markdown]
# ## 4 · There and back, 36,864 times
#
# Is anything lost on the way? For base 2 we need not sample: we can try **all** sequences, from
# tokens to a cell, back to tokens, on to text, and back to a cell.

# %%
space = nt.Space(base=2)
survived = 0
for cell in space:
    sequence = cell.sequence
    assert nt.Cell.from_sequence(sequence) == cell
    assert nt.Cell.parse(str(cell)).sequence == sequence
    survived += 1

print(f"{survived:,} sequences survived the round trip")
assert survived == space.size

# %% [markdown]
# A sequence can also be a list of small integers: at each place, the *number* of the token among
# those that may stand there. A network will emit these.

# %%
choices = space.encode(nt.zoo.EXAMPLE)
print("options at each place:", space.choices)
print("the article's choice: ", choices)
assert space.decode(choices) == nt.zoo.EXAMPLE

# %% [markdown]
# ## 5 · Counting
#
# The printed options multiply: $2 \cdot 4 \cdot 2 \cdot 4 \cdots 3 \cdot 3 = 36{,}864$.
#
# > **Exercise 2.3** ★ · 5 minutes
# >
# > How many sequences are there for a base $b$ that is a power of two? Write `count(base)`. Each
# > index may be any node, and the two may be equal. (The paper says "approximately
# > $6 \times 10^{16}$" for base 8.)


# %%
def count(base):
    return ...  # a number


nt.check("2.3", count)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# How many blocks of two words are there, and how many ways to fill each of them?
#
# </details>
# <details><summary>Hint 2</summary>
#
# For base 2: $8^4$ ways to choose the words, and $3 \cdot 3$ ways to choose the indices.
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 2.3
def solution_2_3(base):
    return 8 ** (2 * base) * (2 * base - 1) ** 2


nt.check("2.3", solution_2_3)

# %%
big = nt.Space(base=8)
seconds_a_year = 60 * 60 * 24 * 365
print(f"{big.size:,} sequences of base 8")
print(f"one a second takes {big.size / seconds_a_year / 1e9:.1f} billion years")

# %% [markdown]
# One of these 34-token sequences became famous as the **NASCell**. Here are its blocks. Look at the
# last one: *is the node where $c_t$ is made above the node that $c_{t-1}$ enters?* Use the second
# tree of section 1.

# %%
nt.draw_sequence(nt.zoo.NASCELL)

# %% tags=["guard"] jupyter={"source_hidden": true}
assert nt.zoo.NASCELL in big

# %% [markdown]
# It is: node 12 joins nodes 8 and 9, so the old memory can reach the new one. In the article's cell
# neither of the two nodes, 1 and 0, is above the other.
#
# ## 6 · Different lists, same cell
#
# *Add* and *Multiply* do not mind the order: $u + v = v + u$. So the two subtrees of an inner node
# may change places, and the function stays the same, once the matrices have changed places too.
# Look at two lists:

# %%
one = nt.Cell.parse("Add Tanh  Multiply ReLU  Multiply Sigmoid  Add ReLU  1 0")
other = nt.Cell.parse("Multiply ReLU  Add Tanh  Multiply Sigmoid  Add ReLU  0 1")
x_parts, h_parts, c = rng.normal(size=(2, 5)), rng.normal(size=(2, 5)), rng.normal(size=5)

result = nt.evaluate(one, x_parts, h_parts, c)
mirrored = nt.evaluate(other, x_parts[::-1], h_parts[::-1], c)
print("same list:", one == other, "  same result:", np.array_equal(result, mirrored))

# %% [markdown]
# `[::-1]` gives each leaf the matrices that it had before, and training finds its matrices anyway.
#
# > **Exercise 2.4** ★★ · 10 minutes
# >
# > Write `mirror(tokens)` for base 2: the sequence of the same cell after its two leaves have
# > changed places. Each index must follow the node that it points to.


# %%
def mirror(tokens):
    return ...  # a list of ten tokens


nt.check("2.4", mirror)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The first four tokens are the leaves. The root and the injection stay.
#
# </details>
# <details><summary>Hint 2</summary>
#
# An index that was 0 must become 1 and the other way round. What about an index that was 2?
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 2.4
def solution_2_4(tokens):
    leaf_0, leaf_1, rest, indices = tokens[:2], tokens[2:4], tokens[4:8], tokens[8:]
    return [*leaf_1, *leaf_0, *rest, *({0: 1, 1: 0, 2: 2}[k] for k in indices)]


nt.check("2.4", solution_2_4)

# %% [markdown]
# All sequences that are the same cell up to such swaps form a **class**. `cell.canonical()` picks
# one member of the class, always the same one. So two cells are in one class exactly if their
# canonical cells are equal.

# %%
assert one.canonical() == other.canonical()

classes = Counter(cell.canonical() for cell in space)
print(f"{len(classes):,} classes among {space.size:,} sequences")

# %% [markdown]
# A little more than half. Why not exactly half? A class has two members, unless the mirror image
# *is* the cell itself. Then both leaves are alike (8 ways), the root and the injection are
# anything ($8 \cdot 8$), and both indices point to the root, the only node that stays in place:
# $8^3 = 512$ sequences stand alone.

# %%
alone = sum(members == 1 for members in classes.values())
print(alone, "classes have one member, all others have two")
assert set(classes.values()) == {1, 2}
assert alone == 8**3

# %% [markdown]
# So the answer to the prediction is: **about half**. In larger trees you can swap at every inner
# node, at seven of them in base 8. So at best one sequence in $2^7 = 128$ remains, and somewhat more
# because of the trees that are their own mirror image somewhere.
#
# **How many exactly?** Nobody can list the classes of base 8. But you can count them from the leaves
# up. Forget the indices first. A leaf has $2 \cdot 4 = 8$ forms. Above two subtrees of $n$ forms each
# stands a node. Their order does not matter, so there are as many pairs as in a game where everybody
# shakes hands with everybody, and with themselves, $n(n+1)/2$: here 36. And the node has 8 forms of its
# own.
#
# Now the indices. Think of two **stickers**, *create* and *inject*, each on some node. A subtree has
# $n$ forms without a sticker, $m$ with exactly one given sticker, say *create* (as many with *inject*),
# and $t$ with both. A leaf has only one place for a sticker, so $n = m = t = 8$. When two subtrees are
# joined, the stickers can be in four kinds of places:
#
# | the two stickers | pairs below the node | base 2 |
# |---|---|---|
# | both on the node itself | $n(n+1)/2$ | 36 |
# | one on the node, the other below | $m\,n + m\,n$ | 128 |
# | both below, in the same subtree | $t\,n$ | 64 |
# | one in each subtree | $m \cdot m$ | 64 |
#
# Row 2 has two cases: *create* or *inject* is on the node. Row 4 has one: the subtree with *create*
# joins that with *inject*. Only row 1 halves, since elsewhere the stickers tell the two subtrees apart.
# The sum, times 8 for the node, times 8 for the injection:

# %%
by_stickers = 8 * 8 * (36 + 128 + 64 + 64)
print(f"{by_stickers:,}")
assert by_stickers == len(classes)

# %% [markdown]
# Do this layer by layer, three times instead of once, with $n$, $m$ and $t$ of the layer below, and
# you have base 8.
#
# > **Exercise 2.5** ★★★ · 20 minutes
# >
# > Write `classes_of(base)`: the number of classes, counted from the leaves up. For base 2 it must give
# > 18,688.


# %%
def classes_of(base):
    return ...  # a number


nt.check("2.5", classes_of)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# At the leaves $n = m = t = 8$. As long as a layer has more than one node, go up. The new $t$ is the sum
# of the table, times 8. Now make such a table without stickers, for the new $n$: it has one row.
#
# </details>
# <details><summary>Hint 2</summary>
#
# And a table with one sticker, for the new $m$: it is on the node itself, or below. Compute all three
# from the old numbers, then replace them. At the end comes the injection.
#
# </details>


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 2.5
def solution_2_5(base):
    n = m = t = 8
    while base > 1:
        pairs = n * (n + 1) // 2
        n, m, t = 8 * pairs, 8 * (pairs + m * n), 8 * (pairs + 2 * m * n + t * n + m * m)
        base //= 2
    return 8 * t


nt.check("2.5", solution_2_5)

# %% [markdown]
# `nt.Space.classes` does just that:

# %%
print(f"{big.classes:,} classes of base 8, one in {big.size / big.classes:.1f} sequences")
assert space.classes == len(classes)

# %% [markdown]
# One caveat: a swap is not the only way for two cells to be the same function. These three are in
# three classes. But all they do is add, and it does not matter where $c_{t-1}$ is added:

# %%
adders = [nt.Cell.parse(f"{'Add Identity ' * 4} 0 {inject}") for inject in range(3)]
results = [nt.evaluate(cell, x_parts, h_parts, c) for cell in adders]

assert len({cell.canonical() for cell in adders}) == 3
assert np.allclose(results[0], results[1], atol=1e-14)
assert np.allclose(results[0], results[2], atol=1e-14)

# %% [markdown]
# So 18,688 is an upper bound for the number of different functions.
#
# ## What you can do now
#
# - You numbered the nodes of a tree and found children and parents by arithmetic.
# - You encoded a cell and decoded a sequence, and tried all 36,864 of base 2.
# - You counted sequences and classes, and explained the 512 that stand alone.
#
# **Three questions**
#
# <details><summary>1. Why does the sequence not say which node is connected to which?</summary>
#
# The tree is always complete, so the connections follow from the node's number and the base.
#
# </details>
#
# <details><summary>2. How long is the sequence of base 16, and what is the number of its root?</summary>
#
# $4 \cdot 16 + 2 = 66$ tokens; the root is node $2 \cdot 16 - 2 = 30$.
#
# </details>
#
# <details><summary>3. A network writes a sequence from left to right. At which place does it learn
# which node the memory enters?</summary>
#
# At the very last one: that is the inject index. When it chooses the operation of the injection, it
# does not know yet where it will be used.
#
# </details>
#
# **Next:** `03_cell_injection.ipynb`, about the last four tokens.
#
# **References.** B. Zoph and Q. V. Le, *Neural Architecture Search with Reinforcement Learning*, ICLR 2017, arXiv 1611.01578: section 3.4 and figure 5 (the sequence), section 4.2 (the size of
# the space), figure 8 (NASCell).
