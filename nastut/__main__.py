"""The command line: ``python -m nastut`` with one of doctor, show, search, report."""

from __future__ import annotations

import argparse
import os
import sys

from nastut.cells.cell import Cell
from nastut.searching import add_commands


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status.

    0 well, 1 something is missing, 2 bad input, 130 interrupted by the keyboard, 141 nobody reads
    what is printed any more.
    """
    parser = argparse.ArgumentParser(prog="python -m nastut", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("doctor", help="check that everything the notebooks need is here")
    show = commands.add_parser("show", help="print the formulas of a cell, and draw it")
    show.add_argument("sequence", nargs="+", help='the tokens, as in "Add Tanh ... 1 0"')
    show.add_argument("--out", metavar="FILE", help="write the picture to FILE, .svg or .png")
    add_commands(commands)
    options = parser.parse_args(arguments)
    status = 0
    try:
        if options.command == "doctor":
            from nastut.environment import doctor

            status = 0 if doctor() else 1
        elif options.command == "show":
            _show(Cell.parse(" ".join(options.sequence)), options.out)
        else:
            options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        return 141
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        print(f"{parser.prog} {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{parser.prog} {options.command}: interrupted", file=sys.stderr)
        return 130
    return status


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


def _run() -> int:
    """Run the command of this process, whatever its streams are, and return its exit status."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed, as by 2>&-; no file may get its number
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
    try:
        return main()
    except BrokenPipeError:  # nobody reads complaints
        return 141
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:  # or Python would try once more, complain, and end with 120
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    sys.exit(_run())
