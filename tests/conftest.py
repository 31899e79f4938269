from hypothesis import HealthCheck, settings

# The same examples in every run, and no example fails for being slow on a busy machine.
settings.register_profile(
    "nastut", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("nastut")


def pytest_collection_modifyitems(items):
    """Start with the notebooks, which take longest, so that two workers end together."""
    items.sort(key=lambda item: item.path.name != "test_wheel.py")
