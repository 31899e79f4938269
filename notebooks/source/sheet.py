# %% [markdown]
# # nastut on one page
#
# A recurrent cell, (x<sub>t</sub>, h<sub>t−1</sub>, c<sub>t−1</sub>) → (h<sub>t</sub>,
# c<sub>t</sub>), is a small tree. The tree is a list of tokens.

# %% tags=["hide"]
import nastut as nt
from nastut.cells.cell import ancestors, children
from nastut.cells.operations import ACTIVATIONS, COMBINATIONS

rng = nt.setup(seed=0)
cell = nt.zoo.EXAMPLE
space = nt.Space(base=2)

# %% [markdown]
# ## The tokens
#
# Two for each node, *combination* and *activation*, from the leaves to the root; two for the
# injection; then the *create index* and the *inject index*.

# %% tags=["hide"]
print("combinations ", *space.combinations)
print("activations  ", *space.activations)
usual = space.combinations + space.activations
print("in some cells", *(name for name in (*COMBINATIONS, *ACTIVATIONS) if name not in usual))

# %% tags=["hide"]
nt.draw_sequence(cell)

# %% tags=["hide"]
assert len(cell.sequence) == 10
nt.draw(cell)

# %% tags=["hide"]
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
# ## Parent and children
#
# With b leaves (the *base*): leaves are 0 … b&nbsp;−&nbsp;1, the root is 2b&nbsp;−&nbsp;2. Node
# k&nbsp;≥&nbsp;b joins 2(k&nbsp;−&nbsp;b) and 2(k&nbsp;−&nbsp;b)&nbsp;+&nbsp;1, and the parent of k
# is b&nbsp;+&nbsp;⌊k/2⌋.

# %% tags=["hide"]
for b in (2, 4, 8, 16):
    for k in range(b, 2 * b - 1):
        assert children(k, b) == (2 * (k - b), 2 * (k - b) + 1)
        assert all(ancestors(child, b)[0] == b + child // 2 == k for child in children(k, b))
nt.draw_tree(base=8)

# %% [markdown]
# ## Counts
#
# b leaves, 2b&nbsp;−&nbsp;1 nodes, 4b&nbsp;+&nbsp;2 tokens, 2b matrices. Swapping the two subtrees
# of a node changes the list, not the cell: so fewer *differ*.

# %% tags=["hide"]
print(f"base tokens {'sequences':>22} {'differ':>19}")
for b in (2, 4, 8):
    s = nt.Space(base=b)
    print(f"{b:4} {len(s.choices):6} {s.size:22,} {s.classes:19,}")
    assert len(s.choices) == 4 * b + 2

# %% [markdown]
# ## Memory
#
# c<sub>t</sub> depends on c<sub>t−1</sub> in one step only if the **create node stands above the
# inject node**, and is not the same.

# %% tags=["hide"]
for b in (2, 4, 8):
    n = 2 * b - 1
    print(
        f"base {b}: {sum(len(ancestors(k, b)) for k in range(n)):2} of {n * n:3} pairs of indices"
    )
named = ("EXAMPLE", "LSTM", "NASCELL")
print("; ".join(f"{name}: {'yes' if getattr(nt.zoo, name).has_memory else 'no'}" for name in named))
assert cell.create_index not in ancestors(cell.inject_index, cell.base)

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

# %% tags=["wide", "hide"]
print(f"h = {h:.3f}, c = {c}; f ⊙ c_{{t-1}} + g needs {written.base} leaves;", end=" ")
print(f"{len(table):,} cells in the table, and evolution found {found}, number {table.rank(found)}")
assert (h > 0.5, c) == (True, 0.5)
assert table.rank(found) <= len(table) / 100
