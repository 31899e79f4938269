# %% [markdown]
# # 00 · Start here
#
# - *You have* a laptop with Python, and perhaps the memory of a lecture on LSTM.
# - *You will build* nothing yet: you meet a task that a plain network cannot do, and the ten tokens
#   of a cell that can.
# - *It opens the way to* a network that writes networks.

# %% [markdown]
# **By the end you can**
#
# - say what a plain recurrent network cannot keep in mind,
# - say what the ten tokens of a recurrent cell stand for,
# - turn them into a picture, into formulas and into numbers,
# - read the error when a token does not fit,
# - work an exercise and have it checked.
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
# Here $x_t$ is what it reads at time $t$. Training may choose $w$ and $u$. We take $w = 1$ and let
# it hear 0.2, or 0.5, or 0.8, and then nothing.


# %%
def plain(number, u, silence=100):
    notes = [np.tanh(number)]
    for _ in range(silence):
        notes.append(np.tanh(u * notes[-1]))
    return np.array(notes)


# %% [markdown]
# The other candidate is a line of ten words, with weights set by hand. The next sections say what
# the words mean.

# %%
keeper = nt.Cell.parse("Add Tanh  Add Sigmoid  Multiply Tanh  Add Identity  2 0")


def kept(number, silence=100):
    c, notes = 0.0, []
    for x in [number] + [0.0] * silence:
        _, c = nt.evaluate(keeper, x_parts=[x, 8.0], h_parts=[0.0, 0.0], c=c)
        notes.append(c)
    return np.array(notes)


fig, axes = plt.subplots(1, 3, figsize=(8, 2.8), sharey=True, layout="constrained")
for number in (0.2, 0.5, 0.8):
    three = plain(number, 0.9), plain(number, 1.1), kept(number)
    for axis, notes in zip(axes, three, strict=True):
        axis.plot(notes, label=f"{number}")
for axis, title in zip(axes, ("plain, u = 0.9", "plain, u = 1.1", "ten tokens"), strict=True):
    axis.set(title=title, xlabel="seconds of silence", ylim=(0, 0.8))
axes[0].set_ylabel("the note")
axes[0].legend(title="it heard")
plt.show()

# %% [markdown]
# Three numbers go in, and three different lines should come out. On the left all three fade to
# zero. In the middle they do not fade, but all three end at the *same* value. On the right they stay
# apart. Is there a better $u$? Try three thousand of them, and measure how far apart the notes for
# 0.2 and 0.8 are at the end:

# %%
gaps = np.array([plain(0.8, u)[-1] - plain(0.2, u)[-1] for u in np.linspace(0, 3, 3001)])
first = np.tanh(0.8) - np.tanh(0.2)
of_keeper = kept(0.8)[-1] - kept(0.2)[-1]
print(f"at first {first:.2f}, plain at best {gaps.max():.2f}, ten tokens {of_keeper:.2f}")
assert gaps.max() < 0.05 * first
assert of_keeper > 0.95 * first

# %% [markdown]
# **No $u$ will do.** A plain network squeezes its note through the same tanh in every step. The ten
# words describe something else: a second note $c$, which is multiplied in each step by a factor
# that the cell computes from what it reads. Here the factor is 0.9997. One caveat: this is one
# element, and a plain network with many of them can be set to last longer.
#
# So which line of words makes a good network? People found some; LSTM is the famous one. This series
# is about letting a network write the line.
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
# states after it. LSTM is a cell. GRU is one too (it does without $c$). And so is this:

# %%
cell = nt.Cell.from_sequence(
    ["Add", "Tanh", "Multiply", "ReLU", "Multiply", "Sigmoid", "Add", "ReLU", 1, 0]
)
print(cell)

# %% [markdown]
# Ten **tokens**. They are the example in a paper by Zoph and Le (2017), who let a network write such
# lists. A tutorial article explains it (Jose, *Neural Architecture Search (Part 2)*), and this
# series grew out of that article. You need not have read either. Everything else that you will see
# of a cell is computed from its tokens.
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
# node has a combination and an activation: *first join, then bend*. What comes out, after bending,
# is the **value** of the node.
#
# - Nodes 0 and 1 are the **leaves**. Each joins a matrix times $x_t$ with another matrix times
#   $h_{t-1}$.
# - Node 2 is the **root**. It joins the values of the two leaves. Its own value is $h_t$.
# - The fourth block, *cell inject*, says how the old memory $c_{t-1}$ is brought in: again join,
#   then bend.
# - The last block says where. Place 9 is the **create index**, here 1: $c_t$ is what node 1 has
#   joined, *before* it is bent, so not the node's value. Place 10 is the **inject index**, here 0:
#   $c_{t-1}$ is joined with the value of node 0.
#
# Three nodes are the smallest interesting **tree**. Its shape never changes, so it need not be
# written down. The number of leaves is called the **base**; here it is 2. (There are two rare words
# more, *Max* and *Sin*, from one experiment of the paper. We leave them out.)
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
# The colours are those of the tokens. Each box at the bottom says which matrices it owns: $W_1$
# multiplies $x_t$, and $W_2$ multiplies $h_{t-1}$. These matrices are what training changes. All
# the rest is fixed by the tokens.
#
# Follow $c_{t-1}$ upwards: it reaches $h_t$, but no arrow leads on to $c_t$. **So the example does
# not remember as the cell of section 1 does.** What it puts into $c$ is used once, one step later,
# and is then gone. It explains the notation; nobody claims that it is good.
#
# **The formulas.** The same cell once more, one line for each step. The value of node 0
# is called $a_0$, and $a_0'$ after the memory has been added to it.

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
# So there are four views: **tokens, picture, formulas, numbers**.
#
# **The playground** shows all four, and lets you change every token. Choose another activation at
# place 2: which formulas change, and which do not? Choose 2 at place 9: now a thick line leads from
# $c_{t-1}$ to $c_t$. Then drag the slider to 0, and let the numbers come in one by one. *Undo*
# takes a change back. The keyboard works too: Tab goes on to the next control, and the arrows
# choose. (The lines about memory and class are for notebooks 03 and 02.)

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
# `Cell.parse` reads text and is more forgiving: it does not mind brackets, commas and capitals. But
# it never guesses what you meant.

# %%
same = nt.Cell.parse("[Add, Tanh, Multiply, ReLU, Multiply, sigmoid, Add, ReLU, 1, 0]")
print(same == cell)

# %% [markdown]
# ## 6 · How the exercises work
#
# Each exercise has a card like the next one, with stars for the difficulty. Below it is a cell
# with three dots where your answer goes. `nt.check` prints one line about it. If you made a mistake
# that many people make, it says which. Hints and a solution are folded below. Nothing later depends
# on your answer, so you may skip any exercise.

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
# Copy the list of section 2 and change the word at place 2 to another activation. Capitals matter.
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
# - You saw that a plain network cannot keep a number, and that ten tokens describe one that can.
# - You know what the ten tokens stand for: three nodes, an injection, two indices.
# - You saw them turned into a picture, formulas and numbers.
# - You read an error that named a place.
# - You worked an exercise and had it checked.
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
# Two more nodes join the four leaves in pairs, and a root joins those: 7 nodes, so 14 words, two
# more for the injection, and two indices: 18.
#
# </details>
#
# **Next:** `01_graphs.ipynb`, where you compute this cell with your own hands.
#
# **References.** B. Zoph and Q. V. Le, *Neural Architecture Search with Reinforcement Learning*,
# ICLR 2017, arXiv 1611.01578, section 3.4 and figure 5. The article is
# Jose, *Neural Architecture Search (Part 2)*.
