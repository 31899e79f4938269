"""A folder where the parts of a long computation wait until all are there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nastut.files import Form, read_json, write_json

SETTINGS = "settings.json"
REMEDY = "delete it and build again"


class Parts:
    """The parts of one computation: each a JSON file, marked with the settings it was made by.

    Parameters
    ----------
    folder
        Where the files are; made when the first is written.
    settings
        All that the parts depend on, as JSON has it.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder, self.settings = folder, settings
        self._mark = hashlib.sha256(json.dumps(settings).encode()).hexdigest()

    def open(self) -> None:
        """Make the folder, or see that the parts in it are of these settings.

        Raises
        ------
        ValueError
            If they are not.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / SETTINGS
        if not path.exists():
            write_json(path, self.settings)
        require_same(self.folder, read_json(path, dict, REMEDY), self.settings)

    def write(self, name: str, content: list[dict[str, Any]]) -> None:
        """Write one part; a kill leaves all of it or nothing."""
        marked = {"settings": self._mark, "content": content}
        write_json(self.folder / f"{name}.part.json", marked)

    def read(self, name: str, form: Form) -> list[dict[str, Any]] | None:
        """Return what was written under that name, and has that form; None if nothing was.

        Raises
        ------
        ValueError
            If the file is damaged, of another form, or was made by other settings.
        """
        path = self.folder / f"{name}.part.json"
        if not path.exists():
            return None
        marked = read_json(path, {"settings": str, "content": form}, REMEDY)
        if marked["settings"] != self._mark:
            raise ValueError(f"{path} was made with other settings; {REMEDY}")
        return list(marked["content"])

    def remove(self) -> None:
        """Delete the parts, if they are of these settings; and the folder, if that empties it."""
        path = self.folder / SETTINGS
        if not path.exists() or read_json(path, dict, REMEDY) != self.settings:
            return
        # A kill in the middle of writing leaves a hidden file.
        for part in [*self.folder.glob("*.part.json"), *self.folder.glob(".nastut-*"), path]:
            part.unlink()
        with suppress(OSError):  # something else is in it
            self.folder.rmdir()


def require_same(path: Path, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Raise a ValueError that names the settings in which `found` and `wanted` differ, if any."""
    before, now = _flat(found), _flat(wanted)
    different = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    if different:
        raise ValueError(
            f"{path} was made with other {', '.join(different)}; move it away, or restore its "
            "settings"
        )


def _flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as one level: ``{"a": {"b": 1}}`` becomes ``{"a.b": 1}``."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return flat
