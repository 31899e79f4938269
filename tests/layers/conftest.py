import pytest

from kernel_switch import require_kernel, switch_off_kernel


@pytest.fixture(params=["kernel", "autograd"])
def engine(request, monkeypatch):
    """Run a test on both engines."""
    if request.param == "kernel":
        require_kernel()
    else:
        switch_off_kernel(monkeypatch)
    return request.param
