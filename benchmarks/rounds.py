"""Times of contestants that run in turn, and the ratios between them.

Other work on a machine disturbs all of a round alike: so ratios are taken within each round, and
what is printed are their median and quartiles. Times are CPU times of the process unless more than
one thread works.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from nastut.layers import kernel

Times = dict[str, np.ndarray]
"""For each contestant, its seconds in each round."""


def machine() -> str:
    """Return the processor, the instruction set that torch and the kernel use, and the kernel."""
    name, info = platform.processor() or platform.machine(), Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = lines[0].partition(": ")[2] if lines else name
    used = torch.backends.cpu.get_cpu_capability()
    library = "MKL" if torch.backends.mkl.is_available() else "no MKL"
    return f"{name}, {used}; torch {torch.__version__} with {library}; {kernel.load().status}"


def without_compiler() -> Callable[..., object]:
    """Return the context in which there is no kernel."""
    return patch.object(kernel, "load", lambda: kernel.Kernel(None, "switched off"))


def measure(
    contestants: dict[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.process_time,
) -> Times:
    """Run all in turn, once to warm up and then round after round."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds + 1):
        for name, run in contestants.items():
            start = clock()
            run()
            times[name].append(clock() - start)
    return {name: np.array(found[1:]) for name, found in times.items()}


def quartiles(ratios: np.ndarray) -> str:
    """Return the median of ratios, and the quartiles."""
    low, median, high = np.quantile(ratios, [0.25, 0.5, 0.75])
    return f"{median:.2f} ({low:.2f}-{high:.2f})"


def verdict(ratios: np.ndarray, at_least: float | None = None, at_most: float | None = None) -> str:
    """Return the same, and whether the median meets a goal."""
    said = quartiles(ratios)
    if at_least is not None:
        said += f" >= {at_least}: {'met' if np.median(ratios) >= at_least else 'missed'}"
    if at_most is not None:
        said += f" <= {at_most}: {'met' if np.median(ratios) <= at_most else 'missed'}"
    return said
