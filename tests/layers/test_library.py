"""What is in the cache is whole and the user's own, or it is not run."""

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
def compiler(tmp_path, monkeypatch):
    """A compiler whose answer is known, and an empty cache."""
    answer = tmp_path / "answer"
    answer.write_bytes(CONTENT)
    monkeypatch.setenv(
        "CXX", fake_compiler(tmp_path, f'cp {answer} "$out"; echo x >> {tmp_path}/ran\n')
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def times_run(compiler):
    return len((compiler / "ran").read_text().split())


def test_the_library_is_made_once(compiler):
    first, second = library.compiled(), library.compiled()
    assert first == second
    assert first.read_bytes() == CONTENT
    assert list((compiler / "cache" / "nastut").iterdir()) == [first]
    assert times_run(compiler) == 1
    assert re.fullmatch("kernel-[0-9a-f]{32}-[0-9a-f]{32}.so", first.name)
    assert first.stat().st_mode & 0o022 == first.parent.stat().st_mode & 0o077 == 0


def test_other_sources_make_another_library(compiler, monkeypatch, tmp_path):
    first = library.compiled()
    for source in [*library._FOLDER.glob("*.h"), library._FOLDER / "kernel.cpp"]:
        (tmp_path / source.name).write_bytes(source.read_bytes())
    monkeypatch.setattr(library, "_FOLDER", tmp_path)
    second = library.compiled()
    with (tmp_path / "product.h").open("a") as file:
        file.write("// changed\n")
    assert len({first, second, library.compiled()}) == 3


@pytest.mark.parametrize(
    "damage",
    [
        *(lambda content, n=n: content[:n] for n in range(0, len(CONTENT), 5)),
        lambda content: content + b"!",
        *(lambda content, i=i: content[:i] + b"#" + content[i + 1 :] for i in range(0, 25, 6)),
        lambda content: b"another build",
    ],
)
def test_a_damaged_library_is_made_again(compiler, damage):
    path = library.compiled()
    path.write_bytes(damage(CONTENT))
    assert library.compiled() == path
    assert path.read_bytes() == CONTENT
    assert times_run(compiler) == 2


def test_what_a_killed_process_left_is_removed(compiler):
    folder = compiler / "cache" / "nastut"
    folder.mkdir(mode=0o700, parents=True)
    (folder / "making-abc").mkdir()
    (folder / "making-abc" / "kernel.so").write_text("half")
    assert list(folder.iterdir()) != [library.compiled()]
    assert list(folder.iterdir()) == [library.compiled()]


def test_a_compilation_that_is_killed_leaves_nothing_that_counts(compiler):
    fake_compiler(compiler, 'echo half > "$out"; kill -9 $PPID; sleep 5\n')
    ran = subprocess.run([sys.executable, "-c", "from nastut.layers import kernel; kernel.load()"])
    assert ran.returncode == -9
    folder = compiler / "cache" / "nastut"
    assert [path.suffix for path in folder.iterdir()] == [""]  # the place where it was made
    fake_compiler(compiler, f'cp {compiler}/answer "$out"\n')
    assert list(folder.iterdir()) != [library.compiled()]
    assert list(folder.iterdir()) == [library.compiled()]


def test_a_compiler_that_fails_leaves_nothing(compiler):
    fake_compiler(compiler, 'echo half > "$out"; echo "it is broken" >&2; exit 1\n')
    with pytest.raises(subprocess.CalledProcessError) as failed:
        library.compiled()
    assert failed.value.stderr == "it is broken\n"
    assert not list((compiler / "cache" / "nastut").iterdir())


@pytest.mark.parametrize("which", ["folder", "library"])
@pytest.mark.parametrize("mode", [0o720, 0o702])
def test_what_others_may_write_is_refused(compiler, which, mode):
    path = library.compiled()
    path = path if which == "library" else path.parent
    path.chmod(mode)
    with pytest.raises(PermissionError, match=f"{path} can be written by others.*chmod go-w"):
        library.compiled()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("which", ["folder", "library"])
def test_what_belongs_to_somebody_else_is_refused(compiler, which):
    path = library.compiled()
    path = path if which == "library" else path.parent
    os.chown(path, 12345, 12345)
    with pytest.raises(PermissionError, match="must belong to you alone"):
        library.compiled()


@pytest.mark.parametrize("which", ["folder", "library"])
@pytest.mark.parametrize("mode", [0o755, 0o744, 0o711])
def test_what_others_may_read_is_run(compiler, which, mode):
    path = library.compiled()
    (path if which == "library" else path.parent).chmod(mode)
    assert library.compiled() == path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root owns what root has made")
def test_what_root_has_made_is_run(compiler, monkeypatch):
    path = library.compiled()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert library.compiled() == path


def test_one_at_a_time_compiles_and_the_others_take_what_was_made(compiler):
    answer = f'sleep 0.2; cp {compiler}/answer "$out"; echo x >> {compiler}/ran\n'
    fake_compiler(compiler, answer)
    with ThreadPoolExecutor(4) as executor:
        made = list(executor.map(lambda _: library.compiled(), range(4)))
    assert len(set(made)) == 1
    assert times_run(compiler) == 1


def test_a_compiler_may_have_options(compiler, monkeypatch):
    plain = library.compiled()
    monkeypatch.setenv("CXX", f"{os.environ['CXX']} --quick")
    other = library.compiled()
    assert other != plain
    assert other.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("chosen", "names"), [(None, r"c\+\+, g\+\+ or clang\+\+"), ("my-own -O0", "my-own")]
)
def test_without_a_compiler_it_is_said_which_were_looked_for(compiler, monkeypatch, chosen, names):
    monkeypatch.delenv("CXX")
    if chosen:
        monkeypatch.setenv("CXX", chosen)
    monkeypatch.setenv("PATH", str(compiler))
    with pytest.raises(OSError, match=rf"no C\+\+ compiler {names} on the PATH"):
        library.compiled()


@pytest.mark.parametrize("name", ["c++", "g++", "clang++"])
def test_the_usual_compilers_are_found(compiler, monkeypatch, name):
    (compiler / "bin").mkdir()
    (compiler / "bin" / name).symlink_to(os.environ["CXX"])
    monkeypatch.delenv("CXX")
    monkeypatch.setenv("PATH", f"{compiler / 'bin'}{os.pathsep}/nowhere")
    script = (compiler / "compiler").read_text().replace("cp ", "/bin/cp ")
    (compiler / "compiler").write_text(script)
    assert library.compiled().read_bytes() == CONTENT


@pytest.mark.parametrize("cache", [None, ""])
def test_without_a_cache_folder_it_is_that_of_the_home(compiler, monkeypatch, cache):
    monkeypatch.delenv("XDG_CACHE_HOME")
    if cache is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", cache)
    monkeypatch.setenv("HOME", str(compiler / "home"))
    assert library.compiled().parent == compiler / "home" / ".cache" / "nastut"
