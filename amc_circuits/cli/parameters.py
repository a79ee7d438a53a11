"""Parameters of commands in the form of Typer: arguments, files, and options of the tables."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from amc_circuits.cases.option import Option, by_own_names, synonyms
from amc_circuits.cases.options import JOBS
from amc_circuits.cli.lazy import WHOLE_HELP
from amc_circuits.values.quantities import format_quantity

Matrix = Annotated[
    Path | None,
    typer.Argument(metavar="A", help="File of the matrix; without it, one is drawn: --size N.", show_default=False),
]


def vector_argument(name: str | None) -> Any:
    """Build the argument that names a file of right-hand sides; None if the circuit has none."""
    if name is None:
        return None
    text = "File of the right-hand side, or several as columns; without it, one is drawn."
    return Annotated[Path | None, typer.Argument(metavar=name, help=text, show_default=False)]


RightHandSide = vector_argument("b")
Jobs = Annotated[str, typer.Option(metavar="INTEGER", help=JOBS.help, rich_help_panel="Engine")]
OUTPUT = "Output"
Format = Annotated[str, typer.Option(metavar="NAME", help="Format: table or json.", rich_help_panel=OUTPUT)]


def output(*names: str, metavar: str, text: str) -> Any:
    """Build the option that names an output file."""
    return Annotated[
        Path | None, typer.Option(*names, metavar=metavar, help=text, show_default=False, rich_help_panel=OUTPUT)
    ]


PlotFile = output("--plot", metavar="FILE.png", text="Picture of the outputs over time.")
HistoryFile = output("--plot", metavar="FILE.png", text="Picture of the bits over cycles and over time.")
PassFile = output(
    "--plot-pass", metavar="FILE.png", text="Picture of one pass of the circuit; of blocks with every step."
)
RunFolder = output(
    "--out", metavar="FOLDER", text="Folder with a file for every part that is done; a run goes on in it."
)
SizePlotFile = output("--plot", metavar="FILE.png", text="Picture of the metric over the parameter.")
SchedulePlotFile = output("--plot", metavar="FILE.png", text="Picture of the phases: their circuits and waveforms.")
PolesFile = output("--plot", metavar="FILE.png", text="Picture of the poles.")
SaveFile = output("--save", metavar="FILE.npz", text="Waveforms and metrics (.npz), or waveforms (.csv, .raw).")
ArraysFile = output("--save", metavar="FILE.npz", text="All derivatives, an array for each field of a part.")
VectorFile = output("-o", "--output", metavar="FILE", text="The answer: .npy, .npz, .csv, .tsv, .txt, .mtx, .mat.")
DrawingFile = Annotated[
    Path, typer.Option("-o", "--output", metavar="FILE.png", help="Picture: png, svg or pdf.", show_default=False)
]
DeckFile = Annotated[
    Path,
    typer.Option(
        "-o", "--output", metavar="FILE.cir", help="The deck; - writes to standard output.", show_default=False
    ),
]
DeckFormat = Annotated[
    str, typer.Option("--format", metavar="NAME", help="Dialect: ngspice, ltspice or spectre-compatible.")
]


def default_text(option: Option) -> str:
    """Default of an option in engineering notation; empty without one."""
    default = option.default
    if default is None or default is False:
        return "preset's" if option.of_preset else ""
    return format_quantity(default, option.unit, FULL_DIGITS) if isinstance(default, float) else str(default)


def _help(option: Option) -> str:
    default = default_text(option)
    return f"{option.help} [default: {default}]" if default else option.help


FULL_DIGITS = 6
"""Digits of a default value."""


def _parameter(option: Option, *, hidden: bool = False) -> inspect.Parameter:
    """Build the parameter of a function for an option."""
    kind: Any = bool if option.kind == "flag" else str
    unit = {"quantity": option.unit or "NUMBER", "integer": "INTEGER", "text": option.unit or "NAME"}.get(option.kind)
    declared = typer.Option(
        option.flag,
        help=_help(option),
        metavar=unit,
        show_default=False,
        hidden=hidden,
        rich_help_panel=option.panel or None,
    )
    annotation = Annotated[kind | None, declared] if kind is str else Annotated[bool, declared]
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=None if kind is str else False, annotation=annotation
    )


def _print_whole_help(context: typer.Context, wanted: bool) -> None:
    if wanted:
        context.meta[WHOLE_HELP] = True
        print(context.get_help())
        raise typer.Exit


HELP_ALL = inspect.Parameter(
    "help_all",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[bool, typer.Option("--help-all", callback=_print_whole_help, is_eager=True, hidden=True)],
)


def with_options(options: tuple[Option, ...], **arguments: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a function these options in the place of its `**options`, and replace annotations of named arguments.

    A named argument whose annotation is None is left out.

    Synonyms can be typed, too; the function gets all options by their own names.
    """
    names = synonyms(options)
    older = [replace(option, name=option.synonym) for option in options if option.synonym in names]
    typed = [_parameter(option) for option in options] + [_parameter(one, hidden=True) for one in older]
    absent = {option.name: False if option.kind == "flag" else None for option in options}
    more = [HELP_ALL] if any(option.panel for option in options) else []

    def decorated(function: Callable[..., None]) -> Callable[..., None]:
        own = [
            entry.replace(annotation=arguments.get(entry.name, entry.annotation))
            for entry in inspect.signature(function, eval_str=True).parameters.values()
            if entry.kind is not inspect.Parameter.VAR_KEYWORD and arguments.get(entry.name, entry) is not None
        ]

        @wraps(function)
        def command(*named: Any, help_all: bool = False, **values: Any) -> None:
            function(*named, **(absent | by_own_names(values, names)))

        parameters = own + typed + more
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {entry.name: entry.annotation for entry in parameters}
        return command

    return decorated
