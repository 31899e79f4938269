"""Files: where the recorded ones are, what is in them, and writing that is never half done."""

from __future__ import annotations

import hashlib
import json
import os
import reprlib
import zlib
from pathlib import Path
from types import UnionType
from typing import Any, TypeAlias

HASH = "sha256"
"""The entry of a JSON file with the hash of all others."""

_PACKAGE = Path(__file__).parent
_FOLDERS = (_PACKAGE.parent / "data", _PACKAGE / "data")
"""Where ``data/`` is: beside the package in a checkout, inside it in an installed wheel."""


LARGEST = 64 << 20
"""Bytes that a file may have, unpacked, to be read whole; the recorded ones have a tenth."""

Form: TypeAlias = "type | UnionType | list[Form] | tuple[Form, ...] | dict[Any, Form]"
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
        two. ``{"name": form}``: a dict with just these names; with ``...: form``, any others, too.
    name
        What the message calls the value.
    """
    if isinstance(form, dict):
        require_form(value, dict, name)
        assert isinstance(value, dict)
        named = [key for key in form if key is not ...]
        for key in [*named, *value]:
            its_form = form.get(key, form.get(...))
            if key not in value or its_form is None:
                fault = "lacks" if key in named else "has"
                said = f"{name} {fault} {reprlib.repr(key)}; it must have {', '.join(named)}"
                raise ValueError(said)
            require_form(value[key], its_form, f"{name}[{reprlib.repr(key)}]")
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
        if not fits or (isinstance(value, bool) and form not in (bool, object)):
            wanted = getattr(form, "__name__", form)
            raise ValueError(f"{name} is of type {type(value).__name__} where {wanted} belongs")


def read_json(path: Path, form: Form, remedy: str) -> Any:
    """Return what a JSON file holds; the one place that reads one.

    If it holds a hash, as those do that :func:`write_json` made, it is looked at and taken out.

    Parameters
    ----------
    path
        The file.
    form
        What it should look like.
    remedy
        What to do if it does not; the end of the message.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If it is too large, no JSON, of another form, or not what its hash says.
    """
    try:
        content = parse_json(read_limited(path))
        found = content.pop(HASH, None) if isinstance(content, dict) else None
        require_form(content, form, "it")
        if found not in (None, _hash(content)):
            raise ValueError("its content is not what its hash says")
    except ValueError as error:
        raise ValueError(f"{path} is damaged or holds something else: {error}; {remedy}") from None
    return content


def parse_json(text: str | bytes) -> Any:
    """Return what JSON text holds; whatever is wrong with it, a ValueError is raised."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def write_json(path: Path, content: dict[str, Any], indent: int | None = None) -> None:
    """Write a dict as JSON, whole or not at all, with a hash of it as the last entry."""
    text = json.dumps({**content, HASH: _hash(content)}, indent=indent)
    write_atomically(path, (text + "\n").encode())


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def require_file(path: Path) -> None:
    """Raise an OSError if a path is that of a folder, a pipe or a device."""
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "no file"
        raise OSError(f"{path} is {kind}; give the path of a file")


def read_limited(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    OSError
        If there is no such file, it is a folder or a pipe, or it cannot be read.
    ValueError
        If it is larger than any file of ours.
    """
    require_file(path)
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"it has more than the {LARGEST >> 20} MiB that are read")
    return content


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
    temporary = target.with_name(_prefix(target))  # One name: the next writing replaces it.
    try:
        with temporary.open("wb") as file:
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
