# %% [markdown]
# # nastut on one page
#
# A recurrent cell, (x<sub>t</sub>, h<sub>t−1</sub>, c<sub>t−1</sub>) → (h<sub>t</sub>,
# c<sub>t</sub>), is a small tree. The tree is a list of tokens.

# %% tags=["hide"] jupyter={"source_hidden": true}
import nastut as nt
from nastut.cells.cell import ancestors, children
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS

rng = nt.setup(seed=0)
cell = nt.zoo.EXAMPLE
space = nt.Space(base=2)

# %% tags=["wide", "hide"] jupyter={"source_hidden": true}
nt.draw_sequence(cell)

# %% [markdown]
# ## The tokens
#
# Two for each node, *combination* and *activation*, from the leaves to the root; two for the
# injection; then the *create index* and the *inject index*. Above: the article's example.

# %% tags=["hide", "beside"] jupyter={"source_hidden": true}
assert len(cell.sequence) == 10
nt.draw(cell)

# %% tags=["hide"] jupyter={"source_hidden": true}
usual = space.combinations + space.activations
print("join  ", *space.combinations)
print("bend  ", *space.activations)
print("rarely", *(name for name in (*COMBINATIONS, *ACTIVATIONS) if name not in usual))

# %% tags=["hide"] jupyter={"source_hidden": true}
print(nt.formulas(cell))
assert cell.create_index == 1
assert cell.inject_index == 0

# %% [markdown]
# ## In a node
#
# 1. *Combine.* A leaf i combines W<sub>2i+1</sub> x<sub>t</sub> with
#    W<sub>2i+2</sub> h<sub>t−1</sub>; an inner node its two children. No biases.
# 2. At the create index, this is **c<sub>t</sub>**: before the activation.
# 3. *Activate.*
# 4. At the inject index, combine with **c<sub>t−1</sub>** and activate, as the fourth block says.
#
# The root's final value is **h<sub>t</sub>**.

# %% [markdown]
# ## Memory
#
# c<sub>t</sub> depends on c<sub>t−1</sub> in one step only if the **create node stands above the
# inject node**, and is not it. So of the pairs of indices:

# %% tags=["hide"] jupyter={"source_hidden": true}
pairs = []
for b in (2, 4, 8):
    n = 2 * b - 1
    above = sum(len(ancestors(k, b)) for k in range(n))
    pairs.append(f"base {b}: {above:2} of {n * n:3}")
print("; ".join(pairs))
named = ("EXAMPLE", "LSTM", "NASCELL")
print("; ".join(f"{name}: {'yes' if getattr(nt.zoo, name).has_memory else 'no'}" for name in named))
assert cell.create_index not in ancestors(cell.inject_index, cell.base)

# %% [markdown] tags=["kept"]
# ## Counts
#
# b leaves (the *base*), 2b&nbsp;−&nbsp;1 nodes, 4b&nbsp;+&nbsp;2 tokens, 2b matrices. Swapping the two
# subtrees of a node changes the list, not the cell, so fewer *differ*.

# %% tags=["hide"] jupyter={"source_hidden": true}
print(f"base tokens {'sequences':>22} {'differ':>19}")
for b in (2, 4, 8):
    s = nt.Space(base=b)
    print(f"{b:4} {len(s.choices):6} {s.size:22,} {s.classes:19,}")
    assert len(s.choices) == 4 * b + 2

# %% [markdown]
# ## A network that writes cells
#
# *Policy:* P(a) = ∏<sub>t</sub> P(a<sub>t</sub> | a<sub>1</sub> … a<sub>t−1</sub>), one softmax for each token.
# *Reward:* R = (best / perplexity)². *Goal:* J = Σ<sub>a</sub> P(a) R(a).
#
# *REINFORCE:* **∇J ≈ <sup>1</sup>/<sub>m</sub> Σ<sub>k</sub> (R<sub>k</sub> − b) ∇ log P(a<sup>(k)</sup>)** (batch of m)
#
# - *Baseline* b: the moving average of *earlier* rewards. It changes the noise, not the mean.
# - *Bonus* β: add β ∇H, with the entropy H = −Σ<sub>a</sub> P log P, to the gradient; never to the
#   reward that picks a winner.

# %% [markdown]
# ## Searches
#
# *Random:* draw evenly. *Evolution:* copy the best of a few that live, change a token; the oldest dies.
# *Priority queue:* raise log P of the k best so far. A search *arrives* at its first cell of the best per
# mille; a run that never does is *censored*, not left out.

# %% [markdown]
# ## The loop, and beyond a laptop
#
# The found cell becomes the controller's core, and so on. One seed: a map on finitely many cells, so it
# ends in a cycle. New seeds: a Markov chain. Always beside it: random cores, and LSTM.
# *Halving:* train all a little, go on with the best. *More workers:* proposals that have not heard of the
# latest rewards.

# %% [markdown] tags=["wide"]
# ## Parent and children
#
# Leaves are 0 … b&nbsp;−&nbsp;1, the root is 2b&nbsp;−&nbsp;2. Node k&nbsp;≥&nbsp;b joins 2(k&nbsp;−&nbsp;b) and
# 2(k&nbsp;−&nbsp;b)&nbsp;+&nbsp;1; the parent of k is b&nbsp;+&nbsp;⌊k/2⌋.

# %% tags=["wide", "hide", "tree"] jupyter={"source_hidden": true}
for b in (2, 4, 8, 16):
    for k in range(b, 2 * b - 1):
        assert children(k, b) == (2 * (k - b), 2 * (k - b) + 1)
        assert all(ancestors(child, b)[0] == b + child // 2 == k for child in children(k, b))
nt.draw_tree(base=8)

# %% [markdown] tags=["wide"]
# ## The API in ten lines

# %% tags=["wide"]
cell = nt.Cell.parse("Add Tanh Multiply ReLU Multiply Sigmoid Add ReLU 1 0")  # also from_sequence
picture, proof = nt.draw(cell), nt.formulas(cell)  # also draw_tree, draw_sequence, draw_steps
h, c = nt.evaluate(cell, x_parts=[0.5, 2.0], h_parts=[0.5, 0.25], c=-0.25)  # nt.trace: the steps
f, g = nt.sigmoid(nt.gate("f")), nt.gate("g")  # the letters of a textbook ...
written = nt.linearize(nt.c_next, f * nt.c_prev + g).cell  # ... and the cell that they make
layer = nt.CellRNN(nt.zoo.NASCELL, input_size=10, hidden_size=20)  # the interface of nn.LSTM
child = nt.train(cell, nt.tasks.embedded_reber(rng, 2_000), progress=False)[0]  # .test: perplexity
table = nt.load_table()  # every cell of base 2, trained
found = nt.search.evolution(space, table.reward, evaluations=500, seed=0, progress=False).best
policy = nt.Controller(space)  # writes cells; nt.search.reinforce trains it

# %% tags=["wide", "hide"] jupyter={"source_hidden": true}
print(f"h = {h:.3f}, c = {c}; {written.base} leaves; {len(table):,} cells;", end=" ")
print(f"evolution found {found}, number {table.rank(found)}")
assert (h > 0.5, c) == (True, 0.5)
assert table.rank(found) <= len(table) / 100
