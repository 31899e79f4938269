"""The command line: ``python -m nastut`` with one of doctor, show, search, report, table, study."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

from nastut.cells.cell import Cell
from nastut.searching import add_commands

STUDIES = {
    "text": "comparison",
    "tuning": "tuning",
    "searches": "contest",
    "retrained": "retrained",
    "generations": "generations",
    "transfer": "transfer",
    "parallel": "parallel",
    "halving": "halving",
    "beyond": "beyond",
}
"""Name of a study and of its file in ``data/`` -> its module and the function that returns it."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status.

    0 well, 1 something is missing, 2 bad input, 130 broken off by the keyboard.
    """
    parser = argparse.ArgumentParser(prog="python -m nastut", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("doctor", help="check that everything the notebooks need is here")
    show = commands.add_parser("show", help="print the formulas of a cell, and draw it")
    show.add_argument("sequence", nargs="+", help='the tokens, as in "Add Tanh ... 1 0"')
    show.add_argument("--out", metavar="FILE", help="write the picture to FILE, .svg or .png")
    add_commands(commands)
    table = commands.add_parser("table", help="the table of all cells of base 2")
    build = table.add_subparsers(dest="action", required=True).add_parser(
        "build", help="train every cell, for hours; goes on where it was broken off"
    )
    build.add_argument("file", nargs="?", type=Path, default=Path("data/base2.csv.xz"))
    study = commands.add_parser(
        "study", help="make a recorded result of data/ anew; goes on where it was broken off"
    )
    study.add_argument("name", nargs="?", choices=STUDIES, help="all of them if left out")
    study.add_argument("file", nargs="?", type=Path, help="data/NAME.json if left out")
    options = parser.parse_args(arguments)
    if options.command == "doctor":
        from nastut.environment import doctor

        return 0 if doctor() else 1
    # Only now: the doctor has to run where graphviz is missing.
    from nastut.pictures.picture import DrawingError

    try:
        if options.command == "show":
            _show(Cell.parse(" ".join(options.sequence)), options.out)
        elif options.command == "table":
            _build(options.file)
        elif options.command != "study":
            options.run(options)
        else:
            for name in [options.name] if options.name else STUDIES:
                _study(name, options.file or Path(f"data/{name}.json"))
    except (DrawingError, ValueError, OSError, ImportError, RuntimeError) as error:
        print(f"{parser.prog} {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{parser.prog} {options.command}: broken off", file=sys.stderr)
        return 130
    return 0


def _show(cell: Cell, out: str | None) -> None:
    from nastut.pictures.drawing import draw
    from nastut.symbolic.formulas import formulas

    written = draw(cell).save(out) if out is not None else None
    memory = "c_t depends on c_{t-1}" if cell.has_memory else "c_t does not depend on c_{t-1}"
    print(_printable(f"{cell}\nbase {cell.base}; {memory}\n\n{formulas(cell)}"))
    if written is not None:
        print(_printable(f"\npicture written to {written}"))


def _printable(text: str) -> str:
    """Return a text as the terminal can show it, in ASCII letters if it knows no others."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return text.replace("⊙", "(.)").encode("ascii", "backslashreplace").decode()
    return text


def _build(path: Path) -> None:
    from nastut.search.workers import processes
    from nastut.studies.exhaustive import build

    with processes() as executor:
        table = build(path, executor)
    print(f"{path} has {len(table):,} cells; the best is {table.best(1)[0]}")


def _study(name: str, path: Path) -> None:
    from nastut.search.workers import processes

    make = getattr(import_module(f"nastut.studies.{STUDIES[name]}"), STUDIES[name])
    with processes() as executor:
        make().conduct(path, executor)


if __name__ == "__main__":
    sys.exit(main())
