"""A study: many runs of one kind, recorded in a file that goes on where it was broken off."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tqdm import tqdm

from nastut.files import Form, read_json, recorded, remove_leftovers, write_json
from nastut.studies.parts import require_same
from nastut.studies.processes import finished

FORM: Form = {"settings": dict, "runs": dict}
REMEDY = "restore it, or move it away and make it anew"


@dataclass(frozen=True)
class Study:
    """What is run, and what it depends on.

    Attributes
    ----------
    name
        Name of the file, and of the study on the command line.
    settings
        All that the results depend on, as JSON has it.
    runs
        The arguments of each run, by its name.
    run
        What is called with them: a function of a module, so that another process finds it. Its
        result must be something that JSON can hold.
    then
        What else is run, by what came of `runs`: their results by name in, more runs out. It is
        asked again when those are there, until it asks for nothing new.
    kept
        Whether `run` is long and can go on: it also gets ``checkpoint``, the path of a file of
        its own beside that of the study, which is removed when the run is done.
    """

    name: str
    settings: dict[str, Any]
    runs: Mapping[str, tuple[Any, ...]]
    run: Callable[..., Any]
    then: Callable[[Mapping[str, Any]], Mapping[str, tuple[Any, ...]]] = lambda results: {}
    kept: bool = False

    def conduct(self, path: Path, executor: Executor) -> dict[str, Any]:
        """Make all runs, or those that `path` lacks, and return their results by name.

        Each is written down when it ends. The file is the same wherever it was broken off.

        Raises
        ------
        ValueError
            If `path` was made by other settings, or is damaged.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path)
        wanted = {
            "command": f"python -m nastut study {self.name}",
            "python": platform.python_version(),
            "torch": version("torch").partition("+")[0],
            **json.loads(json.dumps(self.settings)),
        }
        results: dict[str, Any] = {}
        if path.exists():
            content = read_json(path, FORM, REMEDY)
            require_same(path, content["settings"], wanted)
            results = content["runs"]
        every = dict(self.runs)
        while True:
            results = self._complete(path, wanted, results, every, executor)
            more = {**every, **self.then(results)}
            if more.keys() == every.keys():
                break
            every = more
        foreign = [name for name in results if name not in every]
        if foreign:
            raise ValueError(f"{path} has {foreign[0]!r}, which is no run of this study; {REMEDY}")
        return results

    def _complete(
        self,
        path: Path,
        settings: dict[str, Any],
        results: dict[str, Any],
        runs: Mapping[str, tuple[Any, ...]],
        executor: Executor,
    ) -> dict[str, Any]:
        """Make those of `runs` that have no result yet; return all results, in their order."""
        missing = {name: given for name, given in runs.items() if name not in results}
        files = {name: self._checkpoint(path, name) for name in missing}
        futures = {
            executor.submit(self.run, *given, **files[name]): name
            for name, given in missing.items()
        }
        bar = tqdm(finished(futures), total=len(futures), desc=self.name, unit="run")
        for name, result in bar:
            results[name] = result
            results = {name: results[name] for name in runs if name in results} | results
            write_json(path, {"settings": settings, "runs": results}, indent=1)
            for file in files[name].values():
                file.unlink(missing_ok=True)
        return results

    def _checkpoint(self, path: Path, name: str) -> dict[str, Path]:
        """Return what a run that can go on gets besides its arguments."""
        mark = hashlib.sha256(name.encode()).hexdigest()
        return {"checkpoint": path.with_name(f"{path.name}.{mark}.ckpt")} if self.kept else {}


def load_study(name: str, folder: Path | None = None) -> dict[str, Any]:
    """Return a recorded study: its ``settings``, and the results of its ``runs`` by name.

    It is looked for in `folder`; in ``data/``, if that is left out.

    Raises
    ------
    FileNotFoundError
        If there is none of that name.
    ValueError
        If the file is damaged or holds something else.
    """
    path = recorded(f"{name}.json") if folder is None else folder / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(
            f"{path} does not exist; 'python -m nastut study {name}' makes it, if there is "
            "such a study"
        )
    content: dict[str, Any] = read_json(path, FORM, REMEDY)
    return content
