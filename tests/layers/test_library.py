"""The cache of the compiled library: made once, the user's own, and never half of one."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from nastut.layers import library

CONTENT = b"this stands for a library"


def fake_compiler(folder, script):
    """A compiler that does what a shell script says; "$out" is what it is to write."""
    path = folder / "compiler"
    path.write_text(
        '#!/bin/sh\nfor word; do test "$last" = -o && out="$word"; last="$word"; done\n' + script
    )
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A compiler whose answer is known, and an empty cache."""
    (tmp_path / "answer").write_bytes(CONTENT)
    script = f'cp {tmp_path}/answer "$out"; echo x >> {tmp_path}/ran\n'
    monkeypatch.setenv("CXX", fake_compiler(tmp_path, script))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "nastut"


def compiled():
    return library.compiled(library.find_compiler())


def times_run(cache):
    return len((cache.parent.parent / "ran").read_text().split())


def test_the_library_is_made_once_and_taken_by_all_who_wait_for_it(cache):
    folder = cache.parent.parent
    fake_compiler(folder, f'sleep 0.2; cp {folder}/answer "$out"; echo x >> {folder}/ran\n')
    with ThreadPoolExecutor(4) as executor:
        paths = set(executor.map(lambda _: compiled(), range(4)))
    assert list(cache.iterdir()) == [*paths]
    assert times_run(cache) == 1
    assert compiled().read_bytes() == CONTENT
    assert re.fullmatch("kernel-[0-9a-f]{32}.so", compiled().name)


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077])
def test_whatever_the_umask_only_the_user_can_write_and_the_library_is_trusted(cache, umask):
    before = os.umask(umask)
    try:
        path = compiled()
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == path.parent.stat().st_mode & 0o777 == 0o700
    assert compiled() == path


def test_other_sources_or_options_make_another_library(cache, monkeypatch, tmp_path):
    first = compiled()
    for source in [*library._FOLDER.glob("*.h"), library._FOLDER / "kernel.cpp"]:
        (tmp_path / source.name).write_bytes(source.read_bytes())
    monkeypatch.setattr(library, "_FOLDER", tmp_path)
    second = compiled()
    with (tmp_path / "product.h").open("a") as file:
        file.write("// changed\n")
    third = compiled()
    monkeypatch.setenv("CXX", f"{os.environ['CXX']} --quick")
    assert len({first, second, third, compiled()}) == 4


def test_a_compilation_that_is_killed_leaves_nothing_that_counts(cache):
    folder = cache.parent.parent
    fake_compiler(folder, 'echo half > "$out"; kill -9 $PPID; sleep 5\n')
    ran = subprocess.run([sys.executable, "-c", "from nastut.layers import kernel; kernel.load()"])
    assert ran.returncode == -9
    fake_compiler(folder, f'cp {folder}/answer "$out"\n')
    assert compiled().read_bytes() == CONTENT
    assert list(cache.iterdir()) == [compiled()]


@pytest.mark.parametrize("which", ["folder", "library"])
@pytest.mark.parametrize("mode", [0o720, 0o702])
def test_what_others_may_write_is_refused(cache, which, mode):
    path = compiled() if which == "library" else compiled().parent
    path.chmod(mode)
    with pytest.raises(PermissionError, match=f"{path} can be written by others.*chmod go-w"):
        compiled()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("which", ["folder", "library"])
def test_what_belongs_to_somebody_else_is_refused_and_what_is_root_s_is_not(
    cache, which, monkeypatch
):
    path = compiled() if which == "library" else compiled().parent
    with monkeypatch.context() as another_user:
        another_user.setattr(os, "geteuid", lambda: 12345)
        compiled()
    os.chown(path, 12345, 12345)
    with pytest.raises(PermissionError, match="must belong to you alone"):
        compiled()


def test_a_compiler_is_what_cxx_says_or_has_a_usual_name(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "")
    assert library.find_compiler() is None
    for name in ("clang++", "g++", "c++", "own"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        if name != "own":
            assert library.find_compiler() == [name]
    monkeypatch.setenv("CXX", "own -O0")
    assert library.find_compiler() == ["own", "-O0"]
    monkeypatch.setenv("CXX", "another")
    assert library.find_compiler() is None


def test_without_a_cache_folder_it_is_that_of_the_home(cache, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert compiled().parent == tmp_path / "home" / ".cache" / "nastut"
