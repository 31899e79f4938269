"""Public names: they load when they are first used, and say so if what they need is not installed.

Drawing, formulas, counting and the exercises of notebooks 00 to 03 do without torch, so it is an
extra. Every ``__init__.py`` gets its names from here: this is the one place that knows the remedy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lazy_loader

WITHOUT_TORCH = "run pip install 'nastut[torch]'; on Linux see the README on the size of torch"
"""The remedy."""


def attach(
    package: str, file: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package, as its stub lists them.

    A name that needs torch where there is none raises :class:`ModuleNotFoundError` with the remedy.
    """
    load, directory, names = lazy_loader.attach_stub(package, file)

    def getattribute(name: str) -> Any:
        try:
            return load(name)
        except ModuleNotFoundError as error:
            if error.name != "torch":
                raise
            raise ModuleNotFoundError(
                f"{package}.{name} needs torch, which is not installed: {WITHOUT_TORCH}",
                name="torch",
            ) from None

    return getattribute, directory, names
