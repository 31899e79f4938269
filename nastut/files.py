"""Files: where the recorded ones are, and writing so that nothing is ever half written."""

from __future__ import annotations

import secrets
from pathlib import Path

_PACKAGE = Path(__file__).parent
_FOLDERS = (_PACKAGE.parent / "data", _PACKAGE / "data")
"""Where ``data/`` is: beside the package in a checkout, inside it in an installed wheel."""


def recorded(name: str) -> Path:
    """Return the path of a file of ``data/``.

    Raises
    ------
    FileNotFoundError
        If it is in none of the folders where it could be.
    """
    for folder in _FOLDERS:
        if (folder / name).is_file():
            return folder / name
    looked = " nor in ".join(map(str, _FOLDERS))
    raise FileNotFoundError(f"{name} is not recorded: neither in {looked}")


def write_atomically(target: Path, data: bytes) -> None:
    """Write a file so that a reader finds the old content or the new, never a part of either.

    Raises
    ------
    OSError
        If the folder is missing or cannot be written to.
    """
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target} cannot be written: there is no folder {target.parent}")
    # Opened as any new file, so that its permissions are those the user's umask gives.
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
