"""A checkpoint: all that a computation needs to go on as if nothing had happened.

The file begins with a line that has a hash of all that follows: one flipped bit in a weight would
go unnoticed otherwise, and change what is found.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from time import monotonic
from typing import Any

import torch

from nastut.files import remove_leftovers, require_file, require_form, write_atomically

START = b"nastut checkpoint 1 sha256 "
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
        self._next = monotonic()

    def read(self) -> dict[str, Any] | None:
        """Return the state, or None if there is no file yet.

        Raises
        ------
        FileNotFoundError
            If there is no folder for it.
        OSError
            If it is no file, or cannot be read.
        ValueError
            If the file is damaged, or belongs to something else. It is left as it is.
        """
        if not self.path.parent.is_dir():
            raise FileNotFoundError(
                f"the checkpoint {self.path} cannot be made: there is no folder {self.path.parent}"
            )
        if not self.path.exists():
            remove_leftovers(self.path)
            return None
        require_file(self.path)
        first, _, packed = self.path.read_bytes().partition(b"\n")
        if not first.startswith(START):
            raise self.refusal("is no checkpoint")
        if first.removeprefix(START) != _sha256(packed):
            raise self.refusal("is damaged: its content is not what its hash says")
        try:
            content = torch.load(io.BytesIO(packed), weights_only=True)
            require_form(content, {"belongs_to": dict, "state": dict}, "its content")
        except Exception as error:  # What torch raises depends on what somebody made.
            raise self.refusal(f"holds no state ({type(error).__name__}: {error})") from error
        found, state = content["belongs_to"], content["state"]
        names = [*self.belongs_to, *(name for name in found if name not in self.belongs_to)]
        for name in names:
            if found.get(name) != self.belongs_to.get(name):
                raise ValueError(
                    f"{self.path} was made with {name} {found.get(name)!r}, "
                    f"not {self.belongs_to.get(name)!r}; go on with that, or give another path"
                )
        remove_leftovers(self.path)
        return dict(state)

    def refusal(self, fault: str) -> ValueError:
        """Return what to raise when the file cannot be gone on from."""
        return ValueError(f"{self.path} {fault}; it is left as it is: move it away to begin anew")

    def write(self, state: dict[str, Any]) -> None:
        """Write a state in place of the one before."""
        begun = monotonic()
        buffer = io.BytesIO()
        torch.save({"belongs_to": self.belongs_to, "state": state}, buffer)
        packed = buffer.getvalue()
        write_atomically(self.path, START + _sha256(packed) + b"\n" + packed)
        ended = monotonic()
        self._next = ended + PATIENCE * (ended - begun)

    @property
    def due(self) -> bool:
        """Whether it is time to write again: often, but not most of the time."""
        return monotonic() >= self._next


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
