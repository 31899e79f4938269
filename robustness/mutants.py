"""Would the tests notice? Change one thing in the package at a time, and run the tests near it.

``make mutants`` prints the mutants that survived, and the share that was killed. What was found is
kept in ``build/mutants``, so a run that was stopped goes on; without that folder it begins anew.
One run at a time. ``sample.py`` draws the mutants, ``trial.py`` runs the tests.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

from sample import ROOT, drawn, is_another
from trial import PRELOADED, Copy, Findings, digest, tests_of

EQUIVALENT = Path(__file__).with_name("equivalent.txt")
"""Mutants that do what the original does, looked at by hand, each with the reason."""


def equivalent() -> set[str]:
    """Return the mutants listed by hand; the lines that begin with a space give the reasons."""
    return {line for line in EQUIVALENT.read_text().splitlines() if line[:1] not in ("", " ", "#")}


def main() -> int:
    """Print the score; 0 if it is what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="of the package; all if left out")
    parser.add_argument("--sample", type=int, default=150, help="mutants that are tried")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=7_200, help="begin no other after that")
    parser.add_argument(
        "--patience", type=float, default=60, help="begin no other tests after so many seconds"
    )
    parser.add_argument("--least", type=float, default=97, help="percent that must be killed")
    options = parser.parse_args()
    begun, listed, killers = time.monotonic(), equivalent(), list[str]()
    findings = Findings(ROOT / "build" / "mutants" / "found.jsonl")
    every_test = digest(*sorted(p.relative_to(ROOT) for p in ROOT.glob("tests/**/*.py")))
    for name in PRELOADED:
        importlib.import_module(name)
    every = sorted(p.relative_to(ROOT) for p in ROOT.glob("nastut/**/*.py"))
    files = [path for path in options.files or every if tests_of(path)]
    copy = Copy(ROOT / "build" / "mutants", findings)
    for mutant in drawn(files, options.seed):
        if len(killers) == options.sample or time.monotonic() - begun > options.seconds:
            break
        if not is_another(mutant) or str(mutant) in listed:
            continue
        key = f"{mutant} {digest(mutant.path)}"
        killer = findings.found.get(key, "")
        # What was killed stays so; what survived is asked again once there are other tests.
        tried = f"{key} {every_test} {options.patience}"
        if not killer and tried not in findings.found:
            killer = copy.killer(mutant, options.patience)
            findings.add(key if killer else tried, killer)
        killers.append(killer)
        if not killer:
            print(f"survived {mutant}", flush=True)
    killed = sum(map(bool, killers))
    score = 100 * killed / max(len(killers), 1)
    print(f"{killed} of {len(killers)} mutants killed: {score:.1f} % (seed {options.seed})")
    return 0 if score >= options.least else 1


if __name__ == "__main__":
    sys.exit(main())
