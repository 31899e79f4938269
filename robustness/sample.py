"""Changes of one thing in the package, and a sample of them.

A sample is drawn by a seed: first a place in the code, then one of the changes that cosmic-ray
knows for it.
"""

from __future__ import annotations

import ast
import random
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from cosmic_ray.ast import Visitor, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).parent.parent

Place: TypeAlias = tuple[tuple[int, int], tuple[int, int]]
"""Where something begins in a file, and where it ends: lines and columns."""


class Mutant(NamedTuple):
    """One change of one file."""

    path: Path
    operator: str
    occurrence: int

    def source(self) -> str:
        """Return the file as it is."""
        return (ROOT / self.path).read_text()

    def code(self) -> str:
        """Return the changed file."""
        changed = mutate_code(self.source(), get_operator(self.operator)(), self.occurrence)
        return str(changed or self.source())

    def __str__(self) -> str:
        """Return file, function, and the first line that differs, before and after."""
        before, after = (
            [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
            for lines in (self.source().splitlines(), self.code().splitlines())
        )
        pairs = zip(before, after, strict=False)
        (number, old), (_, new) = next(p for p in pairs if p[0][1] != p[1][1])
        return f"{'.'.join([str(self.path), *around(self.source(), number)])}: {old} -> {new}"


def around(source: str, number: int) -> list[str]:
    """Return the names of the classes and functions in which a line is, the outermost first."""
    named = ast.FunctionDef | ast.ClassDef
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, named)]
    return [n.name for n in nodes if n.lineno <= number <= (n.end_lineno or number)]


class _Nodes(Visitor):
    """Collect the nodes of a tree in the order in which cosmic-ray goes through them."""

    def __init__(self) -> None:
        self.found = list[Any]()

    def visit(self, node: Any) -> Any:
        self.found.append(node)
        return node


def mutants(path: Path) -> dict[Place, list[Mutant]]:
    """Return the mutants of each place in a file."""
    nodes = _Nodes()
    nodes.walk(get_ast((ROOT / path).read_text()))
    places = dict[Place, list[Mutant]]()
    for name in operator_names():
        if "Variable" in name:  # these want to be told which
            continue
        operator = get_operator(name)()
        found = (place for node in nodes.found for place in operator.mutation_positions(node))
        for occurrence, place in enumerate(found):
            places.setdefault(place, []).append(Mutant(path, name, occurrence))
    return dict(sorted(places.items()))


def meaning(source: str) -> str:
    """Return what a file does, without the types of its arguments, variables and results."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    return ast.dump(tree)


def is_another(mutant: Mutant) -> bool:
    """Tell whether a mutant is a program, and another one than the original."""
    try:
        return meaning(mutant.code()) != meaning(mutant.source())
    except SyntaxError:
        return False


def drawn(files: list[Path], seed: int) -> list[Mutant]:
    """Return one mutant of every place in some files, in a random order.

    Seed and line decide where a place comes: when the code changes, the other lines stay in order.
    """
    order = list[tuple[float, Mutant]]()
    for path in files:
        lines, before = (ROOT / path).read_text().splitlines(), Counter[str]()
        for ((number, start), (_, end)), found in mutants(path).items():
            place = f"{path} {start} {end} {lines[number - 1]}"
            rng = random.Random(f"{seed} {before[place]} {place}")
            before[place] += 1
            order.append((rng.random(), rng.choice(found)))
    return [mutant for _, mutant in sorted(order)]
