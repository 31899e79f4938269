"""What every notebook does first: how numbers look, and where randomness comes from."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import nastut as nt


@pytest.fixture(autouse=True)
def _restore_how_things_look():
    with plt.rc_context(), np.printoptions():
        yield


def test_generator_is_that_of_the_seed():
    wanted = np.random.default_rng(7).normal(size=5)
    np.testing.assert_array_equal(nt.setup(seed=7).normal(size=5), wanted)


def test_nothing_global_is_seeded():
    def state():
        return np.random.get_state()[1].tolist()  # noqa: NPY002

    before = state()
    nt.setup(seed=0)
    assert state() == before


def test_four_decimals_are_shown():
    nt.setup(seed=0)
    assert str(np.array([1 / 3, 1e-9, 20_000])) == "[    0.3333     0.     20000.    ]"


def test_plots_have_a_grid():
    nt.setup(seed=0)
    assert plt.rcParams["axes.grid"] is True


@pytest.mark.parametrize("seed", [None, "0", 0.5, True])
def test_seed_must_be_a_whole_number(seed):
    with pytest.raises(TypeError, match=rf"seed is {seed!r}; give a whole number"):
        nt.setup(seed)


def test_negative_seed_is_refused():
    with pytest.raises(ValueError, match="non-negative"):
        nt.setup(-1)
