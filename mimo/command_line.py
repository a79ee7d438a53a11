"""What the commands of this package share: options of a study in, a report out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from amc_circuits import (
    Option,
    ParameterError,
    Record,
    check_output_file,
    one_line_warnings,
    parse_table,
    plain,
    print_table,
    print_written,
    record_options,
    with_options,
    writing,
)
from mimo.report import Report

PICTURES = (".png", ".svg", ".pdf")
NO_RESULT = 3
FORMATS = ("table", "json")
Study = Callable[[dict[str, Any], dict[str, Any]], Report]
"""Function of the settings of a study and of the options of its circuits, both by name."""


def study_command(name: str, text: str, settings: type[Record], parts: tuple[Option, ...], study: Study) -> Any:
    """Build the command of a study.

    Args:
        name: Name of the command.
        text: Its help.
        settings: Record of the settings; their options come first.
        parts: Options of the circuits.
        study: Function that computes.
    """
    own = record_options(settings)

    @with_options((*own, *parts))
    def command(
        *,
        format: Annotated[str, typer.Option(metavar="NAME", help="Format: table or json.")] = "table",
        plot: Annotated[
            Path | None, typer.Option(metavar="FILE.png", help="Picture of the result.", show_default=False)
        ] = None,
        **options: Any,
    ) -> None:
        if format not in FORMATS:
            raise ParameterError("format", repr(format), f"must be one of {', '.join(FORMATS)}")
        if plot is not None:
            check_output_file("plot", plot, PICTURES)
        named = {option.name for option in own}
        parsed = parse_table(f"amc mimo {name}", own, {key: options[key] for key in named})
        given = {key: value for key, value in options.items() if key not in named and value not in (None, False)}
        with one_line_warnings():
            report = study(parsed, given)
            if plot is not None:
                with writing("plot", plot):
                    report.draw(plot)
        _print(report, format, plot)

    command.__name__ = name
    command.__doc__ = text
    return command


def _print(report: Report, form: str, plot: Path | None) -> None:
    if form == "json":
        print(json.dumps(plain(report.record), indent=2, allow_nan=False))
    else:
        for table in report.tables:
            print_table(table)
    print_written(form, plot)
    for warning in report.warnings:
        print(f"amc: warning: {warning}", file=sys.stderr)
    if not report.usable:
        raise typer.Exit(NO_RESULT)
