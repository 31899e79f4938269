"""Writing files so that nothing is ever half written."""

from __future__ import annotations

import secrets
from pathlib import Path


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
