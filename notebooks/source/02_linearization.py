# %% [markdown]
# # 02 · Linearization
#
# - *You have* read a cell from its graph and written it as code.
# - *You will build* the way from the graph to a sequence of tokens, and the way back.
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
# *Takes:* 35 minutes of reading, 30 minutes of exercises.

# %%
from collections import Counter

import numpy as np

import nastut as nt

rng = nt.setup(seed=0)

# %% [markdown]
# ## A prediction
#
# The two leaves of a small tree change places, and the two indices at the end are renumbered to
# follow them. The new list of tokens looks different, but the cell computes the same. **What share
# of the 36,864 sequences of ten tokens is superfluous for this reason: a tenth, a half, nearly
# all?**

# %% [markdown]
# ## 1 · A tree with numbers
#
# A graph has no beginning. To write it down as a list we need an order. The paper's trick is to fix
# the *shape* in advance: the cell is a **complete binary tree**. Every node above the leaves, an
# **inner node**, joins exactly two nodes below, and all leaves lie at the same depth. So the number
# of leaves, the base, is a power of two. Then only the operations are left to be named, node by
# node.
#
# The nodes are numbered layer by layer: the leaves first, from left to right, then the layer
# above, and the root last. What to see in the picture: with $b$ leaves there are $2b - 1$ nodes,
# so the root has the number $2b - 2$.

# %%
nt.draw_tree(base=2)

# %%
nt.draw_tree(base=8)

# %%
assert nt.draw_tree(base=8).dot.source.count("shape=circle") == 2 * 8 - 1

# %% [markdown]
# Who is below whom? In the second picture node 8 joins 0 and 1, node 9 joins 2 and 3, and so on
# without a gap: node 12 joins 8 and 9. Each inner node uses up the next two nodes. Upwards this
# reads: *the parent of node $k$ is*
#
# $$ \text{parent}(k) = b + \lfloor k/2 \rfloor $$

# %%
base = 8
print([base + k // 2 for k in range(2 * base - 2)])
assert all(base + k // 2 == base + (k + 1) // 2 for k in range(0, 2 * base - 2, 2))  # siblings

# %% [markdown]
# No table of edges is needed: a node's number says what it belongs to.
#
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
# Ten tokens. In general a tree of base $b$ takes
#
# $$ 2\,(2b - 1) + 2 + 2 = 4b + 2 $$
#
# of them: two for each node, two for the injection, two indices.

# %%
for base in (1, 2, 4, 8):
    print(f"base {base}: {2 * base - 1:2d} nodes, {4 * base + 2:2d} tokens")
    assert len(nt.Space(base).choices) == 4 * base + 2

# %% [markdown]
# ## 3 · Decoding: from the list to the graph
#
# Now backwards, as the article does it: the list is cut into five blocks, and each of them adds
# something to the graph. In each picture the parts with a thick border are new, and empty boxes are
# still to come. Where the memory enters and leaves is said only by the last block. So until then
# the injection stands apart, and no way leads to $c_t$.

# %%
steps = nt.draw_steps(nt.zoo.EXAMPLE)
steps[:3]

# %%
steps[3:]

# %%
assert len(steps) == 5
assert len(nt.draw_steps(nt.zoo.LSTM)) == 17

# %% [markdown]
# Block by block:
#
# 1. *Tree index 0*, `Add Tanh`: $a_0 = \tanh(W_1 x_t + W_2 h_{t-1})$.
# 2. *Tree index 1*, `Multiply ReLU`: $a_1 = \text{ReLU}(W_3 x_t \odot W_4 h_{t-1})$.
# 3. *Tree index 2*, `Multiply Sigmoid`: this is the root, so its value is
#    $h_t = \text{sigmoid}(a_0 \odot a_1)$.
# 4. *Cell inject*, `Add ReLU`: somewhere, a value is added to $c_{t-1}$ and passed through ReLU.
#    Where is not known yet.
# 5. *Cell indices*, `1 0`: $c_t$ is made at node **1**, from its value before the activation.
#    $c_{t-1}$ enters at node **0**. So $a_0' = \text{ReLU}(a_0 + c_{t-1})$ takes the place of
#    $a_0$ in block 3.
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
# is wrong. Two examples: a token is missing, and an index points outside the tree.

# %%
for wrong in (tokens[:-1], [*tokens[:-1], 3]):
    try:
        nt.Cell.from_sequence(wrong)
    except nt.SequenceError as error:
        print(error, end="\n\n")
        assert error.place == 10

# %% [markdown]
# ## 4 · There and back, 36,864 times
#
# Is anything lost on the way? For base 2 we need not sample: we can try **all** sequences, from
# tokens to a cell, back to tokens, on to text, and back to a cell. This is what it means that a
# space is small.

# %%
space = nt.Space(base=2)
survived = 0
for cell in space:
    sequence = cell.sequence
    assert nt.Cell.from_sequence(sequence) == cell
    assert nt.Cell.parse(str(cell)).sequence == sequence
    survived += 1

print(f"{survived:,} sequences survived the round trip")
assert survived == space.size == 36_864

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
assert big.size == 63_331_869_759_897_600

# %% [markdown]
# That is $6.3 \times 10^{16}$, and the paper says about 6. One digit cannot decide whether the
# authors let the indices be equal; without that it would be $5.9 \times 10^{16}$. We allow it
# because nothing in the order of events forbids it (notebook 03).
#
# One of these 34-token sequences became famous as the **NASCell**. Here it is as blocks and as a
# graph. The thick line is the way of the memory from $c_{t-1}$ to $c_t$. *Which nodes does it
# pass? Compare with the last two tokens.*

# %%
nt.draw_sequence(nt.zoo.NASCELL)

# %%
nt.zoo.NASCELL

# %%
assert nt.zoo.NASCELL in big
assert len(nt.zoo.NASCELL.sequence) == 34
assert len(nt.graph(nt.zoo.NASCELL).vertices) == 5 + 2 * 15 + 2

# %% [markdown]
# It enters at node 8 and leaves at node 12, which joins 8 and 9. The article's cell has no such
# line. That is the subject of notebook 03.
#
# ## 6 · Different lists, same cell
#
# Back to the prediction. *Add* and *Multiply* do not mind the order: $u + v = v + u$. So the two
# subtrees of an inner node may change places, and the function stays the same, once the matrices
# have changed places too. Look at two lists:

# %%
one = nt.Cell.parse("Add Tanh  Multiply ReLU  Multiply Sigmoid  Add ReLU  1 0")
other = nt.Cell.parse("Multiply ReLU  Add Tanh  Multiply Sigmoid  Add ReLU  0 1")
x_parts, h_parts, c = rng.normal(size=(2, 5)), rng.normal(size=(2, 5)), rng.normal(size=5)

result = nt.evaluate(one, x_parts, h_parts, c)
mirrored = nt.evaluate(other, x_parts[::-1], h_parts[::-1], c)
print(one != other, np.array_equal(result, mirrored))
assert one != other
assert np.array_equal(result, mirrored)

# %% [markdown]
# The lists differ, and the cells compute the same. `[::-1]` hands each leaf the matrices that it
# had before. After training nobody could tell them apart, because training finds its matrices
# anyway.
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
# canonical cells are equal. We count the classes of base 2 by going through everything:

# %%
assert one.canonical() == other.canonical()

classes = Counter(cell.canonical() for cell in space)
print(f"{len(classes):,} classes among {space.size:,} sequences")
assert len(classes) == 18_688

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
assert len(classes) == (space.size + alone) // 2

# %% [markdown]
# So the answer to the prediction is: **about half** of the sequences are superfluous. In larger
# trees there are more inner nodes to swap at, seven of them in base 8, so at best one sequence in
# $2^7 = 128$ remains. It is somewhat more than that, because of the trees that are their own
# mirror image somewhere. Nobody can list the classes. But they can be counted from the leaves up,
# two subtrees at a time (`nt.Space.classes` has the recursion; the enumeration of base 2 tests
# it):

# %%
assert space.classes == len(classes)
print(f"{big.classes:,} classes of base 8, one in {big.size / big.classes:.1f} sequences")
assert 80 < big.size / big.classes < 2**7

# %% [markdown]
# Eighty-nine times fewer, and still out of reach. And a caveat: swaps are not the only way for two
# cells to be the same function. These three are in three classes. But all they do is add, and it
# does not matter where $c_{t-1}$ is added:

# %%
adders = [nt.Cell.parse(f"{'Add Identity ' * 4} 0 {inject}") for inject in range(3)]
results = [nt.evaluate(cell, x_parts, h_parts, c) for cell in adders]

assert len({cell.canonical() for cell in adders}) == 3
assert np.allclose(results[0], results[1], atol=1e-14)
assert np.allclose(results[0], results[2], atol=1e-14)

# %% [markdown]
# So 18,688 is an upper bound for the number of different functions. The classes are what is equal
# *for a reason that can be seen in the tokens, whatever the operations*.
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
# Nowhere before it has chosen it: the inject index is the very last token. When it chooses the
# operation of the injection, it does not know yet where it will be used.
#
# </details>
#
# **Next:** `03_cell_injection.ipynb`, about the last four tokens.
#
# **References.** Jose, *Neural Architecture Search (Part 2)* (the five blocks). B. Zoph and Q. V. Le, *Neural Architecture Search with Reinforcement Learning*,
# ICLR 2017, arXiv 1611.01578: section 3.4 and figure 5 (the sequence), section 4.2 (the size of
# the space), figure 8 (NASCell).
