"""A table of a small space with made-up numbers: the nearer to one cell, the better."""

import numpy as np

from nastut.cells.space import Space
from nastut.studies.table import Table

SPACE = Space(2, ("Add", "Multiply"), ("Tanh", "ReLU"))
SETTINGS = {
    "space": {"base": 2, "combinations": SPACE.combinations, "activations": SPACE.activations},
    "tasks": {"nearness": {"best": 1.0, "seeds": [0], "at": [1]}},
}


def made_up_table():
    rng = np.random.default_rng(0)
    cells = sorted({cell.canonical() for cell in SPACE}, key=SPACE.encode)
    target = cells[123].sequence
    rows = []
    for cell in cells:
        far = sum(a != b for a, b in zip(cell.sequence, target, strict=True))
        perplexity = f"{1 + far + rng.random() / 2:.5f}"
        rows.append([str(cell), str(int(cell.has_memory)), "9", perplexity, perplexity, ""])
    return Table(SETTINGS, list(zip(*rows, strict=True)), "made up")
