"""Training on one thread, as it is recorded."""

import pytest

from threads import torch_threads


@pytest.fixture(autouse=True)
def one_thread():
    with torch_threads(1):
        yield
