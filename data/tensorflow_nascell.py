"""Record what TensorFlow Addons' NASCell computes: the reference that nastut is tested against.

TensorFlow Addons needs NumPy 1, so it gets an environment of its own::

    python3.11 -m venv ../tfenv
    ../tfenv/bin/pip install tensorflow-cpu==2.15.1 tensorflow-addons==0.23.0
    ../tfenv/bin/python data/tensorflow_nascell.py

It writes ``data/tensorflow_nascell.json``; a second run writes the same bytes.
Another kind of processor may change the last digit or two.

The file holds

- ``cases``: several time steps with random weights. ``given`` is everything that goes in,
  ``outputs`` and ``states`` are what comes out after each step, ``gradients`` are those of
  ``loss`` by everything in ``given``, where
  loss = sum(outputs * output weights) + sum(last c * c weights) + sum(last m * m weights)
  and these weights are in ``loss_weights``;
- ``golden``: one step with constants, as in the test that TensorFlow Addons publishes
  (``tensorflow_addons/rnn/tests/nas_cell_test.py``): every weight is 0.5, c = m = 0.1,
  and the three rows of the input are all 1, all 2 and all 3.

Shapes, with T steps, batch B, I inputs, U units, and M = P with projection, else U:
inputs (T, B, I), c (B, U), m (B, M), kernel (I, 8 U), recurrent_kernel (M, 8 U), bias (8 U),
projection_weights (U, P); outputs (T, B, M), states c (T, B, U) and m (T, B, M).
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_addons.rnn import NASCell

TARGET = Path(__file__).with_suffix(".json")
DTYPE = "float64"
T, B, I, U, P = 5, 3, 4, 6, 5  # noqa: E741
CASES = {
    # name: (seed, bias, projection)
    "plain": (0, False, False),
    "bias": (1, True, False),
    "projection": (2, False, True),
    "bias and projection": (3, True, True),
}
WEIGHTS = ("kernel", "recurrent_kernel", "bias", "projection_weights")

Arrays = dict[str, np.ndarray]


def shapes_of_given(bias: bool, projection: bool) -> dict[str, tuple[int, ...]]:
    """Return the shape of everything that goes into a case, under TensorFlow's names."""
    outputs = P if projection else U
    return {
        "inputs": (T, B, I),
        "c": (B, U),
        "m": (B, outputs),
        "kernel": (I, 8 * U),
        "recurrent_kernel": (outputs, 8 * U),
        **({"bias": (8 * U,)} if bias else {}),
        **({"projection_weights": (U, P)} if projection else {}),
    }


def draw(rng: np.random.Generator, shapes: Mapping[str, tuple[int, ...]]) -> Arrays:
    """Return random arrays, small enough that no activation saturates.

    Three decimals keep the file short and lose nothing: both sides read the same numbers.
    """
    return {
        name: np.round(0.5 * rng.standard_normal(shape), 3).astype(DTYPE)
        for name, shape in shapes.items()
    }


def make_cell(given: Arrays) -> NASCell:
    """Return TensorFlow Addons' cell with the weights that are among `given`."""
    projection = P if "projection_weights" in given else None
    cell = NASCell(units=U, projection=projection, use_bias="bias" in given, dtype=DTYPE)
    cell.build((None, I))
    weights = [name for name in WEIGHTS if name in given]
    if len(cell.weights) != len(weights):
        raise RuntimeError(f"NASCell has {[w.name for w in cell.weights]}, not just {weights}")
    for name in weights:
        getattr(cell, name).assign(given[name])
    return cell


def record_case(seed: int, bias: bool, projection: bool) -> dict[str, Any]:
    """Return what goes in, what comes out after each step, and the gradients."""
    rng = np.random.default_rng(seed)
    shapes = shapes_of_given(bias, projection)
    given = draw(rng, shapes)
    loss_weights = draw(rng, {"outputs": (T, *shapes["m"]), "c": shapes["c"], "m": shapes["m"]})

    inputs, c, m = (tf.Variable(given[name]) for name in ("inputs", "c", "m"))
    cell = make_cell(given)

    with tf.GradientTape() as tape:
        outputs, states = [], [(c, m)]
        for x in tf.unstack(inputs):
            output, state = cell(x, list(states[-1]))
            outputs.append(output)
            states.append(state)
        last_c, last_m = states[-1]
        loss = (
            tf.reduce_sum(tf.stack(outputs) * loss_weights["outputs"])
            + tf.reduce_sum(last_c * loss_weights["c"])
            + tf.reduce_sum(last_m * loss_weights["m"])
        )
    weights = {name: getattr(cell, name) for name in WEIGHTS if name in given}
    sources = {"inputs": inputs, "c": c, "m": m, **weights}
    return {
        "seed": seed,
        "given": given,
        "outputs": outputs,
        "states": {"c": [s[0] for s in states[1:]], "m": [s[1] for s in states[1:]]},
        "loss_weights": loss_weights,
        "loss": loss,
        "gradients": tape.gradient(loss, sources),
    }


def record_golden(projection: bool) -> dict[str, Any]:
    """Return (c, m) of the test that TensorFlow Addons publishes."""
    shapes = shapes_of_given(bias=False, projection=projection)
    cell = make_cell({n: np.full(shapes[n], 0.5, DTYPE) for n in WEIGHTS if n in shapes})
    rows = np.repeat(np.array([[1.0], [2.0], [3.0]], DTYPE), I, axis=1)
    _, (c, m) = cell(rows, [np.full(shapes[name], 0.1, DTYPE) for name in ("c", "m")])
    return {"c": c, "m": m}


def as_numbers(value: Any) -> Any:
    """Return `value` with every array and tensor as nested lists of numbers."""
    if isinstance(value, dict):
        return {key: as_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_numbers(item) for item in value]
    if isinstance(value, tf.Tensor | tf.Variable | np.ndarray):
        array = np.asarray(value)
        if array.dtype != DTYPE:
            raise RuntimeError(f"an array of {array.dtype} came back where {DTYPE} was asked for")
        return array.tolist()
    return value


def write(data: dict[str, Any], target: Path) -> None:
    """Write JSON with one row of numbers a line; all of the file or nothing of it."""
    text = json.dumps(as_numbers(data), indent=1, allow_nan=False)
    text = re.sub(r"\[[^][{}]*\]", lambda row: " ".join(row.group().split()), text)
    unfinished = target.with_suffix(".tmp")
    unfinished.write_text(text + "\n", encoding="utf-8", newline="\n")
    os.replace(unfinished, target)


def main() -> None:
    """Record everything."""
    tf.config.experimental.enable_op_determinism()
    write(
        {
            "about": "what tensorflow_addons.rnn.NASCell computes; see the script for the layout",
            "made_by": f"data/{Path(__file__).name}",
            "versions": {
                "python": platform.python_version(),
                **{n: version(n) for n in ("tensorflow-cpu", "tensorflow-addons", "numpy")},
            },
            "dtype": DTYPE,
            "sizes": {"T": T, "B": B, "I": I, "U": U, "P": P},
            "cases": {name: record_case(*settings) for name, settings in CASES.items()},
            "golden": {
                "plain": record_golden(projection=False),
                "projection": record_golden(projection=True),
            },
        },
        TARGET,
    )


if __name__ == "__main__":
    main()
