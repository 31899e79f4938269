"""Files: where the recorded ones are, and writing that is never half done."""

from __future__ import annotations

import os
import zlib
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


def require_file(path: Path) -> None:
    """Raise an OSError if a path is that of a folder, a pipe or a device."""
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "no file"
        raise OSError(f"{path} is {kind}; give the path of a file")


def write_atomically(target: Path, data: bytes) -> None:
    """Write a file so that a reader finds the old content or the new, never a part of either.

    A link stays, and what it points to is written. A pipe or a device, which has no old content,
    gets the data as they are. What a kill leaves behind is overwritten by the next write.

    Raises
    ------
    OSError
        If the folder is missing or cannot be written to.
    """
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target} cannot be written: there is no folder {target.parent}")
    target = target.resolve()
    if target.exists() and not (target.is_file() or target.is_dir()):
        target.write_bytes(data)
        return
    # The name is short, because the target's may be as long as a name can be. The file is opened
    # as any new one, so that its permissions are those that the user's umask gives.
    temporary = target.with_name(f".nastut-{zlib.crc32(os.fsencode(target.name)):08x}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # Or a name without content could outlive a power cut.
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
