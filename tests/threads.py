"""On how many threads torch computes."""

from contextlib import contextmanager

import torch


@contextmanager
def torch_threads(number):
    """Let torch compute on so many threads during a block, and then on as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
