"""What every notebook does first."""

from __future__ import annotations

import numpy as np

from nastut.cells.sequence import is_whole_number


def setup(seed: int) -> np.random.Generator:
    """Set how numbers and plots look, and return the notebook's source of randomness.

    Four decimals are shown, so that the last bits of a processor do not matter.

    Raises
    ------
    TypeError
        If `seed` is not a whole number: the notebook could not be repeated.
    """
    if not is_whole_number(seed):
        raise TypeError(f"seed is {seed!r}; give a whole number, so that the run can be repeated")
    import matplotlib.pyplot as plt

    np.set_printoptions(precision=4, suppress=True)
    plt.rcParams.update(
        {"figure.figsize": (7, 3.2), "figure.dpi": 110, "axes.grid": True, "grid.alpha": 0.3}
    )
    return np.random.default_rng(seed)
