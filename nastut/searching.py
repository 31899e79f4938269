"""The commands ``python -m nastut search`` and ``python -m nastut report``."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nastut.files import write_atomically

if TYPE_CHECKING:
    from nastut.search.checkpoint import SearchResult

METHODS = ("priority_queue", "evolution", "random", "reinforce")
SHOWN = 5
"""How many of the best cells are printed."""


def add_commands(commands: Any) -> None:
    """Add both commands to those of the command line."""
    search = commands.add_parser(
        "search", help="search for the best cell, on any number of workers"
    )
    search.set_defaults(run=run_search)
    option = search.add_argument
    option("--method", choices=METHODS, default=METHODS[0])
    option("--base", type=int, default=8, help="leaves of a cell: a power of two (8)")
    option("--task", choices=("text", "reber", "recall"), default="text")
    option(
        "--files",
        nargs=3,
        metavar=("TRAIN", "VALID", "TEST"),
        default=(),
        help="words, one sentence a line; Python's manual if left out",
    )
    option("--evaluations", type=int, default=1_000, metavar="N", help="cells to try (1000)")
    option("--seed", type=int, default=0)
    option("--batch", type=int, default=16, help="children side by side in a worker (16)")
    option("--steps", type=int, default=256, help="training steps of a child (256)")
    option("--hidden", type=int, default=24, help="size of a child's h_t (24)")
    option("--rate", type=float, default=0.01, help="learning rate of a child (0.01)")
    option(
        "--halving",
        action="store_true",
        help="after 1/8, 1/4, 1/2 of the steps the better half goes on",
    )
    where = search.add_mutually_exclusive_group()
    where.add_argument("--workers", type=int, default=1, metavar="K", help="processes here (1)")
    where.add_argument("--scheduler", metavar="ADDRESS", help="of Dask, as tcp://127.0.0.1:8786")
    option("--limit", type=float, default=600.0, help="seconds that a child may take (600)")
    option(
        "--out",
        type=Path,
        default=Path("search.json"),
        metavar="FILE",
        help="the search, written while it runs, and to go on from (search.json); a picture of the "
        "best cell is written beside it",
    )
    report = commands.add_parser("report", help="draw the curves of searches, ended or running")
    report.set_defaults(run=run_report)
    report.add_argument("files", nargs="+", type=Path, metavar="FILE")
    report.add_argument("--out", type=Path, help="the picture, .svg or .png; FILE.svg if left out")


def run_search(options: argparse.Namespace) -> None:
    """Search, or go on searching, and print the best cells."""
    from nastut import search
    from nastut.cells.space import Space

    out, picture = options.out, options.out.with_suffix(".svg")
    if out == picture:
        raise ValueError(f"{out} will be the picture of the best cell; let --out end in .json")
    reward = search.Trained.on(
        options.task,
        options.files,
        options.steps,
        options.hidden,
        options.rate,
        halving=search.Halving() if options.halving else None,
    )
    source: Any = partial(search.processes, options.workers)
    workers: int | Callable[[], int] = options.workers
    if options.scheduler is not None:
        source = search.Cluster(options.scheduler)
        workers = source.size
    result = getattr(search, options.method)(
        Space(options.base),
        reward,
        options.evaluations,
        options.seed,
        source,
        out,
        workers=workers,
        limit=options.limit,
        batch=options.batch,
    )
    _print_best(result, reward.best, out, picture)


def _print_best(result: SearchResult, best: float, out: Path, picture: Path) -> None:
    from nastut.pictures.drawing import draw
    from nastut.pictures.picture import DrawingError
    from nastut.symbolic.formulas import formulas

    print(result)
    kinds = Counter(failure.error.partition(" at step")[0] for failure in result.failures)
    for why, count in kinds.items():
        print(f"{count} failed: {why}")
    for cell, reward in result.top(SHOWN):
        print(f"reward {reward:.4f}, perplexity {best / reward**0.5:.3f}: {cell}")
    print(f"\n{formulas(result.best)}\n")
    print(f"the search is in {out}")
    try:
        print(f"picture of the best cell written to {draw(result.best).save(picture)}")
    except DrawingError as error:  # The search was not in vain.
        print(f"no picture of the best cell: {error}")


def run_report(options: argparse.Namespace) -> None:
    """Draw the curves of some searches, and print what each found."""
    from nastut.search.checkpoint import SearchResult

    results = {str(path): SearchResult.load(path) for path in options.files}
    for path, result in results.items():
        print(f"{path}: {result}")
    out = options.out or options.files[0].with_suffix(".curves.svg")
    _draw_curves(results, out)
    print(f"curves written to {out}")


def _draw_curves(results: Mapping[str, SearchResult], path: Path) -> None:
    """Write a picture of what the best so far are worth over evaluations; the suffix says how."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.5), layout="constrained")
    row = figure.subplots(1, 3, sharey=True)
    for axes, best in zip(row, (1, 5, 15), strict=True):
        for dashes, (name, result) in zip(cycle(("-", "--", "-.", ":")), results.items()):
            axes.plot(result.curve(best), dashes, label=name)
        axes.set(title=f"the best {best}", xlabel="evaluations")
    row[0].set_ylabel("mean reward")
    row[0].legend(fontsize="small")
    drawn = BytesIO()
    try:
        figure.savefig(drawn, format=path.suffix[1:])
    except ValueError as error:
        raise ValueError(f"{path} ends in {path.suffix!r}: {error}") from None
    write_atomically(path, drawn.getvalue())
