"""Implementation of `amc step-cost`: read the network, simulate arrays under a progress bar, print and draw."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from amc_circuits import check_name, check_output_file, one_line_warnings, print_table, print_written, writing
from optimizer.file_or_preset import file_or_preset
from optimizer.step_cost.arrays import simulate
from optimizer.step_cost.result import StepCost, step_cost
from optimizer.step_cost.specification import StepCostSpec, preset, read_spec
from optimizer.step_cost.tables import notes, tables

FORMATS = ("table", "json")
PICTURES = (".png", ".svg", ".pdf")


def run(spec_file: Path | None, preset_name: str | None, form: str, picture: Path | None) -> None:
    """Run `amc step-cost`.

    Args:
        spec_file: TOML file of a `StepCostSpec`.
        preset_name: Name of a preset; exactly one of the two is required.
        form: Format of what is printed, `table` or `json`.
        picture: File of the picture; None for none.

    Raises:
        ParameterError: An option or the specification cannot be used; nothing was written.
        SolveError: A simulated array has no usable result.
        SimulationError: The simulator failed.
    """
    check_name("format", form, FORMATS)
    if picture is not None:
        check_output_file("plot", picture, PICTURES)
    spec = file_or_preset(spec_file, preset_name, "NET.toml", read_spec, preset)
    with one_line_warnings(), _progress(spec) as observe:
        result = step_cost(spec, simulate(spec.arrays, spec.circuit, observe))
    if picture is not None:
        from optimizer.step_cost.picture import plot_tornado  # here, for it needs Matplotlib

        with writing("plot", picture):
            plot_tornado(result, picture)
    _print(result, form, picture)


def _print(result: StepCost, form: str, picture: Path | None) -> None:
    if form == "json":
        print(json.dumps(result.record, indent=2, allow_nan=False))
    else:
        for table in tables(result):
            print_table(table)
        for note in notes(result):
            print(note)
    print_written(form, picture)


@contextmanager
def _progress(spec: StepCostSpec) -> Iterator[Callable[[int], None]]:
    """Show the simulated arrays if there is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("simulating arrays"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=len(spec.arrays.sizes) * spec.arrays.seeds)
        yield lambda size: bar.advance(task)
