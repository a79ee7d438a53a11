"""Parameters of commands in the form of Typer: arguments, files, and options of the tables."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from amc_circuits.cases.option import Option, by_own_names, synonyms

Matrix = Annotated[
    Path | None,
    typer.Argument(metavar="A", help="File of the matrix; without it, one is drawn: --size N.", show_default=False),
]


def vector_argument(name: str) -> Any:
    """Build the argument that names a file of right-hand sides."""
    text = "File of the right-hand side, or several as columns; without it, one is drawn."
    return Annotated[Path | None, typer.Argument(metavar=name, help=text, show_default=False)]


RightHandSide = vector_argument("b")
Jobs = Annotated[str, typer.Option(metavar="INTEGER", help="Simulations at the same time.")]
Format = Annotated[str, typer.Option(metavar="NAME", help="table or json.")]
PlotFile = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE.png", help="Picture of the outputs over time.", show_default=False),
]
PolesFile = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE.png", help="Picture of the poles.", show_default=False)
]
SaveFile = Annotated[
    Path | None, typer.Option("--save", metavar="FILE.npz", help="Waveforms and figures.", show_default=False)
]
VectorFile = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="The answer: .npy, .npz, .csv, .tsv, .txt, .mtx, .mat.",
        show_default=False,
    ),
]
DeckFile = Annotated[Path, typer.Option("-o", "--output", metavar="deck.cir", help="The deck.", show_default=False)]


def _parameter(option: Option, *, hidden: bool = False) -> inspect.Parameter:
    text = (
        option.help
        if option.default is None or option.default is False
        else f"{option.help} [default: {option.default}]"
    )
    kind: Any = bool if option.kind == "flag" else str
    unit = {"quantity": option.unit or "NUMBER", "integer": "INTEGER", "text": option.unit or "NAME"}.get(option.kind)
    declared = typer.Option(option.flag, help=text, metavar=unit, show_default=False, hidden=hidden)
    annotation = Annotated[kind | None, declared] if kind is str else Annotated[bool, declared]
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=None if kind is str else False, annotation=annotation
    )


def with_options(options: tuple[Option, ...], function: Callable[..., None], **arguments: Any) -> Callable[..., None]:
    """Give a function these options in the place of its `**options`, and replace annotations of named arguments.

    Synonyms can be typed, too; the function gets all options by their own names.
    """
    signature = inspect.signature(function, eval_str=True)
    own = [
        entry.replace(annotation=arguments.get(entry.name, entry.annotation))
        for entry in signature.parameters.values()
        if entry.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    names = synonyms(options)
    older = [replace(option, name=option.synonym) for option in options if option.synonym in names]
    parameters = own + [_parameter(option) for option in options] + [_parameter(one, hidden=True) for one in older]

    def command(**values: Any) -> None:
        function(**by_own_names(values, names))

    command.__doc__ = function.__doc__
    command.__name__ = function.__name__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {entry.name: entry.annotation for entry in parameters}
    return command
