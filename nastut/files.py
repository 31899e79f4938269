"""Files: where the recorded ones are, what is in them, and writing that is never half done."""

from __future__ import annotations

import os
import reprlib
import secrets
import zlib
from pathlib import Path
from types import UnionType
from typing import TypeAlias

_PACKAGE = Path(__file__).parent
_FOLDERS = (_PACKAGE.parent / "data", _PACKAGE / "data")
"""Where ``data/`` is: beside the package in a checkout, inside it in an installed wheel."""


Form: TypeAlias = "type | UnionType | list[Form] | tuple[Form, ...] | dict[str, Form]"
"""What plain data should look like: see :func:`require_form`."""


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


def require_form(value: object, form: Form, name: str) -> None:
    """Raise a ValueError that says where, unless plain data have the form that they should.

    Parameters
    ----------
    value
        Made of dicts, lists, tuples, text and numbers.
    form
        Written like the data. A type: any value of it; True is no number, and ``float`` takes
        whole numbers, too. ``[form]``: a list of any length. ``(form, form)``: a list or tuple of
        two. ``{"name": form}``: a dict with just these names.
    name
        What the message calls the value.
    """
    if isinstance(form, dict):
        require_form(value, dict, name)
        assert isinstance(value, dict)
        for key in [*form, *value]:
            if key not in value or key not in form:
                fault = "lacks" if key in form else "has"
                raise ValueError(
                    f"{name} {fault} {reprlib.repr(key)}; it must have {', '.join(form)}"
                )
            require_form(value[key], form[key], f"{name}[{reprlib.repr(key)}]")
    elif isinstance(form, list | tuple):
        require_form(value, list if isinstance(form, list) else list | tuple, name)
        assert isinstance(value, list | tuple)
        forms = form * len(value) if isinstance(form, list) else form
        if len(value) != len(forms):
            raise ValueError(f"{name} has {len(value)} entries; it must have {len(forms)}")
        for number, (entry, its_form) in enumerate(zip(value, forms, strict=True)):
            require_form(entry, its_form, f"{name}[{number}]")
    else:
        fits = isinstance(value, int | float if form is float else form)
        if not fits or (isinstance(value, bool) and form is not bool):
            wanted = getattr(form, "__name__", form)
            raise ValueError(f"{name} is of type {type(value).__name__} where {wanted} belongs")


def write_atomically(target: Path, data: bytes) -> None:
    """Write a file so that a reader finds the old content or the new, never a part of either.

    What a link points to is written, and the link stays. Into a pipe or a device, where there
    is no old content, the data go as they are.

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
    # Opened as any new file, so that its permissions are those the user's umask gives.
    temporary = target.with_name(f"{_prefix(target)}{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # Or a name without content could outlive a power cut.
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_leftovers(target: Path) -> None:
    """Delete what a kill in the middle of writing a file left beside it.

    For whoever goes on with a computation: nobody else writes the file meanwhile.
    """
    target = target.resolve()
    for leftover in target.parent.glob(f"{_prefix(target)}*"):
        leftover.unlink(missing_ok=True)


def _prefix(target: Path) -> str:
    """Return how temporary files begin: short, as the target's name may be as long as it gets."""
    return f".nastut-{zlib.crc32(os.fsencode(target.name)):08x}-"
