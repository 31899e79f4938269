# %% [markdown]
# # 00 · Start here
#
# - *You have* a laptop with Python, and perhaps the memory of a lecture on LSTM.
# - *You will build* nothing yet: you meet a task at which a plain network fails, and ten tokens that
#   do it.
# - *It opens the way to* a network that writes networks.

# %% [markdown]
# **By the end you can**
#
# - say what a plain recurrent network cannot keep in mind,
# - say what the ten tokens of a recurrent cell stand for,
# - turn them into a picture, into formulas and into numbers,
# - read the error when a token does not fit.
#
# *Needs:* Python, vectors and matrices, and a rough idea of a neural network.
#
# *Takes:* 25 minutes of reading, 5 minutes of exercises.

# %%
import matplotlib.pyplot as plt
import numpy as np

import nastut as nt

rng = nt.setup(seed=0)

# %% [markdown]
# ## 1 · Remember one number
#
# Somebody tells you a number. Then there are a hundred seconds of silence. *What was the number?*
# For you that is easy. A **recurrent network** reads one thing at a time and keeps a note of what
# it has read, the **hidden state** $h$. The plain one of the textbooks rewrites its note in every
# step:
#
# $$ h_t = \tanh(w\, x_t + u\, h_{t-1}) $$
#
# Here $x_t$ is what it reads at time $t$, and training may choose $w$ and $u$. It hears 0.2, or 0.5,
# or 0.8, and then nothing. In every step a little noise gets into the note.


# %%
def blurred(note):
    return note + 0.005 * rng.normal(size=np.shape(note))


def plain(number, w, u):
    h, notes = 0.0 * w * u, []
    for x in [number] + [0.0] * 100:
        h = blurred(np.tanh(w * x + u * h))
        notes.append(h)
    return np.array(notes)


# %% [markdown]
# The other candidate is a line of ten *tokens*, with weights set by hand: 1, 0, 100 and 100. The
# next sections say what the tokens mean.

# %%
keeper = nt.Cell.parse("Add Tanh  Add Sigmoid  Multiply Tanh  Add Identity  2 0")


def kept(number, runs=1):
    h, c, notes = np.zeros(runs), np.zeros(runs), []
    for x in [np.full(runs, number)] + [np.zeros(runs)] * 100:
        h, c = nt.evaluate(keeper, x_parts=[1 * x, 100 * x], h_parts=[0 * h, 100 * h], c=c)
        c = blurred(c)
        notes.append(c)
    return np.array(notes)


# %%
settings = {
    "plain, w = 1, u = 0.9": (1, 0.9),
    "plain, w = 1, u = 1.1": (1, 1.1),
    "plain, w = 0.02, u = 1": (0.02, 1),
}
fig, axes = plt.subplots(1, 4, figsize=(9, 2.6), sharey=True, layout="constrained")
for number in (0.2, 0.5, 0.8):
    four = *(plain(number, *weights) for weights in settings.values()), kept(number)
    for axis, title, notes in zip(axes, (*settings, "ten tokens"), four, strict=True):
        axis.plot(notes, label=f"{number}")
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("seconds of silence")
axes[0].set_ylabel("the note")
axes[0].legend(title="it heard")
plt.show()

# %% [markdown]
# Three numbers go in, and three different lines should come out. In the first picture all three fade
# to zero. In the second they end at the *same* value. A small $w$ makes small notes, which tanh hardly
# bends; but they drown in the noise. On the right the lines stay apart. Are there better weights? Try
# 2,501 pairs, thirty runs each: how far apart are the last notes for 0.2 and 0.8, in standard
# deviations?

# %%
w = np.geomspace(0.0001, 10, 41)[:, None, None]
u = np.linspace(-3, 3, 61)[:, None] * np.ones(30)


def apart(low, high):
    return abs(high.mean(-1) - low.mean(-1)) / np.sqrt((low.var(-1) + high.var(-1)) / 2)


of_plain = apart(plain(0.2, w, u)[-1], plain(0.8, w, u)[-1])
of_keeper = apart(kept(0.2, runs=30)[-1], kept(0.8, runs=30)[-1])
print(f"{of_plain.size:,} plain ones, at best {of_plain.max():.1f}; ten tokens {of_keeper:.1f}")
assert of_plain.max() < 3
assert of_keeper > 6

# %% [markdown]
# **No $w$ and $u$ will do.** A plain network squeezes its note through the same tanh in every step.
# The ten tokens describe something else: a second note $c$, multiplied in each step by a factor that
# the cell computes itself. Here it stays near 1. One caveat: this is one element, and a plain network
# with many of them can be set to last longer.
#
# So which tokens make a good network? People found some; LSTM is the famous one. This series
# is about letting a network write them.
#
# **Is everything here?** The doctor prints one line for each thing that the notebooks need. If a
# line says FAIL, it also says what to do.

# %% tags=["nbval-ignore-output"]
healthy = nt.doctor()

# %% tags=["guard"] jupyter={"source_hidden": true}
assert healthy, "read the lines with FAIL above; each ends with its remedy"

# %% [markdown]
# ## 2 · Ten tokens
#
# Now with vectors in place of numbers. Between two elements of a sequence a recurrent network has
# two of them: the hidden state $h$, which is also its output, and the **cell state** $c$, its
# memory. What happens in one time step is called the **cell**:
#
# $$ (x_t,\; h_{t-1},\; c_{t-1}) \;\longmapsto\; (h_t,\; c_t) $$
#
# Here $x_t \in \mathbb{R}^I$ is the element being read, and $h_t, c_t \in \mathbb{R}^H$ are the
# states after it. LSTM is a cell. And so is this:

# %%
cell = nt.Cell.from_sequence(
    ["Add", "Tanh", "Multiply", "ReLU", "Multiply", "Sigmoid", "Add", "ReLU", 1, 0]
)
print(cell)

# %% [markdown]
# Ten **tokens**. They are the example in a paper by Zoph and Le (2017), who let a network write
# such lists. A tutorial article explains it, and this series grew out of that article.
#
# In the picture they stand in five blocks of two. The small grey numbers count the **places** of the
# sequence.

# %%
nt.draw_sequence(cell)

# %% tags=["guard"] jupyter={"source_hidden": true}
assert len(cell.sequence) == 10

# %% [markdown]
# There are three kinds of tokens.
#
# - A **combination** joins two vectors into one, element by element: *Add* or *Multiply*. In
#   formulas we write $+$ and $\odot$.
# - An **activation** bends one vector, element by element: *Identity* (leave it alone), *Tanh*,
#   *Sigmoid* or *ReLU* (cut off what is below zero).
# - An **index** is the number of a node.
#
# Now the blocks. The first three describe three **nodes**, numbered 0, 1 and 2 ("tree index"). Each
# node has a combination and an activation: *first join, then bend*. What comes out in the end is the
# **value** of the node.
#
# - Nodes 0 and 1 are the **leaves**. Each joins a matrix times $x_t$ with another matrix times
#   $h_{t-1}$.
# - Node 2 is the **root**. It joins the values of the two leaves. Its own value is $h_t$.
# - The fourth block, *cell inject*, says how the old memory $c_{t-1}$ is brought in, when a node has
#   joined and bent: once more join, then bend.
# - The last block says where. Place 9 is the **create index**, here 1: $c_t$ is what node 1 has
#   joined, *before* it is bent. Place 10 is the **inject index**, here 0: $c_{t-1}$ enters at node 0,
#   so the root sees what comes out after that.
#
# Three nodes are the smallest interesting **tree**. Its shape never changes, so it need not be
# written down. The number of leaves is called the **base**; here it is 2. (There are two more rare
# tokens, *Max* and *Sin*, from one experiment of the paper. We leave them out.)
#
# ## A prediction
#
# **How many different lists of this kind are there: a hundred, ten thousand, a million?** Write
# your guess down. The answer comes in section 4.

# %% [markdown]
# ## 3 · One cell, four views
#
# **The picture.** Read it from the bottom, where $x_t$, $h_{t-1}$ and $c_{t-1}$ come in, to the
# top, where $h_t$ and $c_t$ go out. Boxes with corners are combinations, rounded boxes are
# activations. A cell shows its picture when it is the last line of a notebook cell.

# %%
cell

# %% tags=["guard"] jupyter={"source_hidden": true}
assert set(nt.graph(cell).vertices) >= {"x_t", "h_{t-1}", "c_{t-1}", "h_t", "c_t"}
assert not cell.has_memory
assert keeper.has_memory

# %% [markdown]
# Each box at the bottom says which matrices it owns: $W_1$ multiplies $x_t$, and $W_2$ multiplies
# $h_{t-1}$. These matrices are what training changes. All the rest is fixed by the tokens.
#
# Follow $c_{t-1}$ upwards: it reaches $h_t$, but no arrow leads on to $c_t$. **So the example does
# not remember as the cell of section 1 does.** What it puts into $c$ is used once, one step later,
# and is then gone. It explains the notation; nobody claims that it is good.
#
# **The formulas.** The same cell once more, one line for each step. At node 0 there is $a_0$ first,
# and $a_0'$ after the memory has been added to it.

# %%
nt.formulas(cell)

# %% [markdown]
# **The numbers.** To keep it small, let every vector have one element, and let the products with
# the four matrices be given: $W_1 x_t = 0.5$, $W_2 h_{t-1} = 0.5$,
# $W_3 x_t = 2$, $W_4 h_{t-1} = 0.25$, and $c_{t-1} = -0.25$.

# %%
h, c = nt.evaluate(cell, x_parts=[0.5, 2.0], h_parts=[0.5, 0.25], c=-0.25)
print(f"h_t = {h:.4f}   c_t = {c:.4f}")

# %% [markdown]
# Check it by hand, with the formulas above. $c_t$ is easy: $2 \cdot 0.25 = 0.5$. For $h_t$ you need
# a calculator, or Python:

# %%
a_0 = np.tanh(0.5 + 0.5)
a_0_injected = max(0, a_0 - 0.25)
a_1 = max(0, 2.0 * 0.25)
by_hand = 1 / (1 + np.exp(-a_0_injected * a_1))

print(f"h_t = {by_hand:.4f} by hand")
assert np.isclose(h, by_hand)

# %% [markdown]
# **The playground** shows all four views, and lets you change every token. Choose another
# activation at place 2: which formulas change, and which do not? Choose 2 at place 9: now a thick
# line leads from $c_{t-1}$ to $c_t$. Then drag the slider to 0, and let the numbers come in one by
# one. (Notebooks 03 and 02 explain the *memory path* and the *class*.)

# %%
nt.playground(cell)

# %% [markdown]
# ## 4 · Why a list of tokens?
#
# Because a list can be *written*, one token after the other. At each place there is a small choice:

# %%
space = nt.Space(base=2)
print(space.choices)
print(f"{space.size:,} sequences")

# %% [markdown]
# Two combinations, four activations, two combinations, ... and three possible values for each
# index. The product of these numbers answers the prediction: **36,864**. Draw one at random:

# %%
stranger = space.sample(rng)
print(stranger)
stranger

# %% tags=["guard"] jupyter={"source_hidden": true}
assert stranger in space

# %% [markdown]
# Nobody designed this cell. Is it any good? In so small a space you can find out for *every* cell,
# by training each of them. In the paper's space, of trees with eight leaves, you cannot:

# %%
print(f"{nt.Space(base=8).size:,} sequences of 34 tokens")

# %% [markdown]
# So instead of trying all of them, Zoph and Le trained a **controller**: a recurrent network whose
# output is a sequence of tokens, and which is rewarded when the cell that it wrote learns well. A
# recurrent network designs recurrent networks. The article sees the irony and asks: *what if the
# cell that it finds becomes the controller's own cell, and so on?* Notebook 08 tries it.
#
# ## 5 · When a token does not fit
#
# A sequence that describes no cell is refused, and the error says which place is wrong, what
# belongs there, and what you may have meant.

# %%
try:
    nt.Cell.from_sequence(
        ["Add", "Tanh", "Multiply", "Relu", "Multiply", "Sigmoid", "Add", "ReLU", 1, 0]
    )
except nt.SequenceError as error:
    print(error)

# %% [markdown]
# `Cell.parse` reads text and is more forgiving: it does not mind brackets, commas and capitals.

# %%
same = nt.Cell.parse("[Add, Tanh, Multiply, ReLU, Multiply, sigmoid, Add, ReLU, 1, 0]")
print(same == cell)

# %% [markdown]
# ## 6 · How the exercises work
#
# Each exercise has a card with stars for the difficulty. Below it is a cell with three dots where
# your answer goes. `nt.check` prints one line about it. Hints and a solution are folded below.
# Nothing later depends on your answer.

# %% [markdown]
# > **Exercise 0.1** ★ · 2 minutes
# >
# > At how many of the ten places of the example does a *combination* stand? Replace the dots by a
# > number and run the cell.

# %%
answer_0_1 = ...

nt.check("0.1", answer_0_1)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Look at the blocks in section 2. Every block but the last begins with one.
#
# </details>

# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 0.1
# One in each of the blocks "tree index 0, 1, 2" and "cell inject".
nt.check("0.1", 4)

# %% [markdown]
# > **Exercise 0.2** ★ · 3 minutes
# >
# > Write a cell of your own: a list of ten tokens that differs from the example. Use only the words
# > of section 2. When the check is happy, look at your cell with
# > `nt.Cell.from_sequence(answer_0_2)`.

# %%
answer_0_2 = ...

nt.check("0.2", answer_0_2)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Copy the list of section 2 and change place 2 to another activation. Capitals matter.
#
# </details>

# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution 0.2
# One of very many.
solution_0_2 = ["Add", "Sigmoid", "Add", "ReLU", "Multiply", "Tanh", "Add", "Identity", 2, 0]
nt.check("0.2", solution_0_2)

# %% [markdown]
# ## The map
#
# | notebook | what happens there | hours |
# |---|---|---|
# | **00 start here** | a number to remember, and the ten tokens of a cell | ½ |
# | **01 graphs** | a recurrent cell as a graph; the article's cell by hand, by sympy, by picture | 1 |
# | **02 linearization** | the graph as a sequence and back; how many there are, how many really differ | 1½ |
# | **03 cell injection** | where the memory enters and leaves, and which cells can remember | 2 |
# | **04 LSTM as a sequence** | textbook formulas become 34 tokens, with a proof; why GRU does not fit | 1½ |
# | **05 NASCell** | the cell that a network wrote: is it the real one, and is it better? | 1½ |
# | **06 the controller** | a network that writes cells, and the rule by which it learns | 1½ |
# | **07 the contest** | the controller against chance and evolution, where every answer is known | 2 |
# | **08 networks that design networks** | the found cell becomes the controller's own, again and again: does that converge? | 1½ |
# | **09 beyond a laptop** | many workers, a cluster, and the paper's own search: does it find a cell that beats LSTM? | 1½ |
# | **10 what was found** | on enough text it does: the cell read, judged, taken apart; who had it before | 1½ |
#
# Then `project.ipynb`: three weeks with ten tokens of your own.
#
# Each notebook runs on its own, on a CPU, in less than a minute.

# %% [markdown]
# ## What you can do now
#
# - You saw a plain network lose a number, and ten tokens that keep it.
# - You know what the ten tokens stand for: three nodes, an injection, two indices.
# - You saw them turned into a picture, formulas and numbers.
# - You read an error that named a place.
#
# **Three questions**
#
# <details><summary>1. Which tokens does training change?</summary>
#
# None. Training changes the matrices. The tokens say what is done with them.
#
# </details>
#
# <details><summary>2. Why does a block of the sequence hold two words?</summary>
#
# A node joins two vectors (the combination) and then bends the result (the activation).
#
# </details>
#
# <details><summary>3. How many tokens would a tree with four leaves need?</summary>
#
# Two more nodes join the four leaves in pairs, and a root joins those: 7 nodes, so 14 tokens, two
# for the injection, and two indices: 18.
#
# </details>
#
# **Next:** `01_graphs.ipynb`, where you compute this cell with your own hands.
#
# **References.** B. Zoph and Q. V. Le, *Neural Architecture Search with Reinforcement Learning*,
# ICLR 2017, arXiv 1611.01578, section 3.4 and figure 5. The article is
# *Neural Architecture Search (Part 2)*, from a blog; its author signs as Jose.
