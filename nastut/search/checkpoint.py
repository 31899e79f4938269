"""A checkpoint: all that a computation needs to go on as if nothing had happened."""

from __future__ import annotations

import io
from pathlib import Path
from time import monotonic
from typing import Any

import torch

from nastut.files import write_atomically

PATIENCE = 10
"""Writing may take one part in this many of the time."""


class Checkpoint:
    """A file with a state, and with what the state belongs to.

    It is plain data and tensors; reading it runs no code of the file's.

    Parameters
    ----------
    path
        The file, in a folder that is there.
    belongs_to
        Names and plain values. A file that was made with others is refused.
    """

    def __init__(self, path: str | Path, belongs_to: dict[str, Any]) -> None:
        self.path, self.belongs_to = Path(path), belongs_to
        self._took, self._written = 0.0, -float("inf")

    def read(self) -> dict[str, Any] | None:
        """Return the state, or None if there is no file yet.

        Raises
        ------
        FileNotFoundError
            If there is no folder for it.
        ValueError
            If the file is damaged, or belongs to something else. It is left as it is.
        """
        if not self.path.parent.is_dir():
            raise FileNotFoundError(
                f"the checkpoint {self.path} cannot be made: there is no folder {self.path.parent}"
            )
        if not self.path.exists():
            return None
        try:
            content = torch.load(self.path, weights_only=True)
            found, state = dict(content["belongs_to"]), dict(content["state"])
        except Exception as error:  # What torch raises depends on where the damage is.
            raise ValueError(
                f"{self.path} is damaged, or no checkpoint ({type(error).__name__}); "
                "move it away to begin anew"
            ) from error
        names = [*self.belongs_to, *(name for name in found if name not in self.belongs_to)]
        for name in names:
            if found.get(name) != self.belongs_to.get(name):
                raise ValueError(
                    f"{self.path} was made with {name} {found.get(name)!r}, "
                    f"not {self.belongs_to.get(name)!r}; go on with that, or give another path"
                )
        return state

    def write(self, state: dict[str, Any]) -> None:
        """Write a state in place of the one before."""
        begun = monotonic()
        buffer = io.BytesIO()
        torch.save({"belongs_to": self.belongs_to, "state": state}, buffer)
        write_atomically(self.path, buffer.getvalue())
        self._written = monotonic()
        self._took = self._written - begun

    @property
    def due(self) -> bool:
        """Whether it is time to write again: often, but not most of the time."""
        return monotonic() - self._written >= PATIENCE * self._took
