"""A study: many runs of one kind, recorded in one file. An interrupted study goes on from it.

The script that makes a record lies beside it in ``data/``; ``data/searches.py`` is a short one.
"""

from __future__ import annotations

import json
import platform
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tqdm import tqdm

from nastut.files import recorded, require_file, write_atomically

REMEDY = "restore it, or move it away and make it anew"

Results = Mapping[str, Any]
"""What the runs returned, by their names."""

Runs = Mapping[str, tuple[Any, ...]]
"""The arguments of runs, by their names."""


@dataclass(frozen=True)
class Study:
    """What is run, and what it depends on.

    Attributes
    ----------
    name
        Of the script, ``data/NAME.py``, and of the record, ``data/NAME.json``.
    settings
        All that the results depend on, as JSON has it.
    runs
        The runs of the first phase.
    run
        What is called with the arguments of each: a function of a module, so that another process
        finds it. It returns something that JSON can hold.
    then
        The later phases. Each is called with all results so far, once they are complete, and
        returns the runs that follow from them: again and again, until it returns no new ones.
    """

    name: str
    settings: Mapping[str, Any]
    runs: Runs
    run: Callable[..., Any]
    then: Sequence[Callable[[Results], Runs]] = ()

    def main(self) -> Path:
        """Conduct the study in processes, as the command line says; return the record's path."""
        from nastut.search import processes

        parser = ArgumentParser(
            description=f"Make the record '{self.name}'. An interrupted run goes on from its file."
        )
        beside = Path(sys.argv[0]).with_name(f"{self.name}.json")
        parser.add_argument("file", nargs="?", type=Path, default=beside, help=f"default: {beside}")
        parser.add_argument("--workers", type=int, help="default: one for each processor")
        options = parser.parse_args()
        try:
            with processes(options.workers) as executor:
                self.conduct(options.file, executor)
        except KeyboardInterrupt:
            sys.exit("interrupted; the same command goes on")
        return Path(options.file)

    def conduct(self, path: Path, executor: Executor) -> dict[str, Any]:
        """Make all runs that `path` lacks, write each down when it ends, and return all results.

        The finished file is the same wherever the study was interrupted.

        Raises
        ------
        ValueError
            If `path` was made with other settings, or is damaged.
        """
        settings = {
            "command": f"python data/{self.name}.py",
            "python": platform.python_version(),
            "torch": version("torch").partition("+")[0],
            **json.loads(json.dumps(self.settings)),
        }
        results: dict[str, Any] = {}
        if path.exists():
            content = _read(path)
            _require_same(path, content["settings"], settings)
            results = content["runs"]
        runs: dict[str, tuple[Any, ...]] = {}
        for phase in (lambda results: self.runs, *self.then):
            while not phase(results).keys() <= runs.keys():
                runs |= phase(results)
                missing = [name for name in runs if name not in results]
                futures = {executor.submit(self.run, *runs[name]): name for name in missing}
                bar = tqdm(as_completed(futures), total=len(futures), desc=self.name, unit="run")
                failures: list[BaseException] = []
                for future in bar:
                    if error := future.exception():
                        failures.append(error)
                        continue
                    results[futures[future]] = future.result()
                    results = {name: results[name] for name in [*runs, *results] if name in results}
                    content = {"settings": settings, "runs": results}
                    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())
                if failures:  # Only now: the other runs lose nothing.
                    raise failures[0]
        return results


def load_study(name: str) -> dict[str, Any]:
    """Return a recorded study: its ``settings``, and the results of its ``runs`` by name.

    Raises
    ------
    FileNotFoundError
        If there is none of that name.
    ValueError
        If the file is damaged.
    """
    return _read(recorded(f"{name}.json"))


def _read(path: Path) -> dict[str, Any]:
    require_file(path)
    try:
        content = json.loads(path.read_bytes())
        return {"settings": content["settings"], "runs": content["runs"]}
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged or holds no study: {error!r}; {REMEDY}") from None


def _require_same(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    different = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if different:
        raise ValueError(
            f"{path} was made with other settings ({', '.join(different)}); restore them, or move "
            "it away and make it anew"
        )
