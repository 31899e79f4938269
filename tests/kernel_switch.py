"""The compiled kernel for a test, or none."""

import pytest

from nastut.layers import kernel


def require_kernel():
    """Skip the test where the kernel is not available."""
    if kernel.load().library is None:
        pytest.skip(kernel.load().status)


def switch_off_kernel(monkeypatch):
    """Let the layers do without the kernel until the test ends."""
    without = kernel.Kernel(None, "switched off by a test")
    monkeypatch.setattr(kernel, "load", lambda: without)
