"""What the tests of several studies need."""

import pytest
import torch


@pytest.fixture
def two_threads():
    """Let torch compute on two threads, as a reader may, and on as many as before at the end."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)
