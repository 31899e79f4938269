"""The compiled library: made once from the C++ beside this file, and kept in a cache folder.

Its name is a hash of what it was made from. So a cache may be shared by machines and outlive an
upgrade. Only its owner may write to it, whatever the umask, because what is in it will be run.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import torch

_FOLDER = Path(__file__).parent
_TORCH_FOLDER = Path(torch.__file__).parent

# By what torch finds in this processor; elsewhere the vector classes are plain loops.
_VECTOR_FLAGS = {
    "AVX512": "-DCPU_CAPABILITY_AVX512 -mavx512f -mavx512dq -mavx512vl -mavx512bw -mfma",
    "AVX2": "-DCPU_CAPABILITY_AVX2 -mavx2 -mfma -mf16c",
}


def find_compiler() -> list[str] | None:
    """Return the command of a C++ compiler: what CXX says, else a usual name; None without one."""
    chosen = shlex.split(os.environ.get("CXX", ""))
    for command in [chosen] if chosen else [["c++"], ["g++"], ["clang++"]]:
        if shutil.which(command[0]):
            return command
    return None


def compiled(compiler: Sequence[str]) -> Path:
    """Return the path of the library, after making it if the cache does not hold it.

    The cache is ``$XDG_CACHE_HOME/nastut``, or ``~/.cache/nastut``.

    Raises
    ------
    OSError
        If the cache cannot be used, or others may write to it.
    subprocess.SubprocessError
        If the compiler fails.
    """
    sources = sorted([*_FOLDER.glob("*.h"), *_FOLDER.glob("*.cpp")])
    command = [*compiler, *_flags(), str(_FOLDER / "kernel.cpp")]
    texts = [source.read_text("utf-8") for source in sources]
    origin = "\n".join([*texts, *command, torch.__version__, platform.platform()])
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nastut"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_own(folder)
    path = folder / f"kernel-{hashlib.sha256(origin.encode()).hexdigest()[:32]}.so"
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process compiles, the others wait for it
        if not path.exists():
            _compile(command, path)
    finally:
        os.close(lock)
    _require_own(path)
    return path


def _compile(command: list[str], path: Path) -> None:
    """Compile beside `path`, and give the library its name once it is whole and on the disk."""
    unfinished = path.with_name("unfinished.so")  # one name: what a kill leaves is overwritten
    unfinished.unlink(missing_ok=True)
    subprocess.run(
        [*command, "-o", str(unfinished), *_libraries()],
        check=True,
        capture_output=True,
        text=True,
        timeout=600,  # a busy machine needs its time
    )
    unfinished.chmod(0o700)
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(path)


def _require_own(path: Path) -> None:
    """Raise OSError if somebody else may have written what would be run."""
    status = path.stat()
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & 0o022:
        raise PermissionError(
            f"{path} can be written by others, and what they write would be run; it must belong "
            f"to you alone: chmod go-w {shlex.quote(str(path))}, or set XDG_CACHE_HOME"
        )


def _flags() -> list[str]:
    vectors = _VECTOR_FLAGS.get(torch.backends.cpu.get_cpu_capability(), "")
    include = f"-I{_TORCH_FOLDER / 'include'}"
    return ["-O3", "-std=c++20", "-fPIC", "-shared", "-pthread", *vectors.split(), include]


def _libraries() -> list[str]:
    folder = _TORCH_FOLDER / "lib"
    return [f"-L{folder}", f"-Wl,-rpath,{folder}", "-ltorch_cpu"]
