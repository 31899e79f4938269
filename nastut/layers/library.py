"""The compiled library: made once from the C++ beside this file, and kept in a cache folder.

Its name says what it was made from and what it contains, both as hashes. So a cache may be
shared by machines and outlive an upgrade, and a library that was damaged is made anew: loading
one that is cut short would end the process.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

_FOLDER = Path(__file__).parent
_TORCH_FOLDER = Path(torch.__file__).parent

# By what torch finds in this processor; elsewhere the vector classes are plain loops.
_VECTOR_FLAGS = {
    "AVX512": "-DCPU_CAPABILITY_AVX512 -mavx512f -mavx512dq -mavx512vl -mavx512bw -mfma",
    "AVX2": "-DCPU_CAPABILITY_AVX2 -mavx2 -mfma -mf16c",
}


def compiled() -> Path:
    """Return the path of the library, after making it if the cache holds no whole one.

    The cache is ``$XDG_CACHE_HOME/nastut``, or ``~/.cache/nastut``.

    Raises
    ------
    OSError
        If there is no compiler, or the cache cannot be used or is not the user's own.
    subprocess.SubprocessError
        If the compiler fails.
    """
    sources = sorted([*_FOLDER.glob("*.h"), *_FOLDER.glob("*.cpp")])
    command = [*_compiler(), *_flags(), str(_FOLDER / "kernel.cpp")]
    texts = [source.read_text("utf-8") for source in sources]
    made_from = (*texts, *command, torch.__version__, platform.platform())
    stem = "kernel-" + _hash("\n".join(made_from).encode())
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nastut"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_own(folder)
    found = _whole(folder, stem)
    if found is None:
        with _alone_in(folder):
            # Another process may have made it meanwhile.
            found = _whole(folder, stem) or _make(command, folder, stem)
    _require_own(found)
    return found


def _whole(folder: Path, stem: str) -> Path | None:
    """Return the library of this name whose content is as its name says; None: there is none."""
    for path in sorted(folder.glob(f"{stem}-*.so")):
        if path.stem == f"{stem}-{_hash(path.read_bytes())}":
            return path
    return None


def _make(command: list[str], folder: Path, stem: str) -> Path:
    """Compile, in a folder of its own, and give the library its name once it is on the disk."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=_MAKING) as scratch:
        made = Path(scratch) / "kernel.so"
        subprocess.run(
            [*command, "-o", str(made), *_libraries()],
            env=os.environ | {"TMPDIR": scratch},
            check=True,
            capture_output=True,
            text=True,
            timeout=600,  # a busy machine needs its time
        )
        with made.open("rb+") as file:
            content = file.read()
            os.fsync(file.fileno())
        for damaged in folder.glob(f"{stem}-*.so"):
            damaged.unlink()
        # In one go: no process ever sees half a library, and one in use stays as it is.
        return made.replace(folder / f"{stem}-{_hash(content)}.so")


_MAKING = "making-"


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let one process at a time compile, and remove what one that was killed has left."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in folder.glob(f"{_MAKING}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(lock)


def _require_own(path: Path) -> None:
    """Raise OSError if somebody else may have written what would be run."""
    status = path.stat()
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & 0o022:
        raise PermissionError(
            f"{path} can be written by others, and what they write would be run; it must belong "
            f"to you alone: chmod go-w {shlex.quote(str(path))}, or set XDG_CACHE_HOME"
        )


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _compiler() -> list[str]:
    """Return the command of a C++ compiler: what the variable CXX says, else the usual names.

    Raises
    ------
    OSError
        If there is none.
    """
    chosen = shlex.split(os.environ.get("CXX", ""))
    for command in [chosen] if chosen else [["c++"], ["g++"], ["clang++"]]:
        if shutil.which(command[0]):
            return command
    raise OSError(f"no C++ compiler {chosen[0] if chosen else 'c++, g++ or clang++'} on the PATH")


def _flags() -> list[str]:
    vectors = _VECTOR_FLAGS.get(torch.backends.cpu.get_cpu_capability(), "")
    include = f"-I{_TORCH_FOLDER / 'include'}"
    return ["-O3", "-std=c++20", "-fPIC", "-shared", "-pthread", *vectors.split(), include]


def _libraries() -> list[str]:
    folder = _TORCH_FOLDER / "lib"
    return [f"-L{folder}", f"-Wl,-rpath,{folder}", "-ltorch_cpu"]
