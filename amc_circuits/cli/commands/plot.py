"""`amc plot`: pictures of saved waveforms and of sweeps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from amc_circuits.cases.option import Option
from amc_circuits.cli.commands.case import PICTURES
from amc_circuits.cli.commands.sweeps.table import Where
from amc_circuits.cli.messages import one_line_warnings, print_written
from amc_circuits.cli.parameters import with_options
from amc_circuits.files.run_folder import check_output_file, writing
from amc_circuits.results.stored.measured_points import load_points
from amc_circuits.results.stored.saved import Saved, load_saved
from netlists import ParameterError

PICTURE = (
    Option("error", "flag", "Error against read-out time", False),
    Option("array", "flag", "Voltage and current of every cell", False),
    Option("budget", "flag", "Error of each cause, saved with --budget", False),
)
RHS = Option("rhs", "integer", "Right-hand side, from 1 [default: slowest]", minimum=1)
OVERLAY = Option("overlay", "text", "Measured points over the outputs: time in s, outputs in V", unit="FILE.csv")
ROW = Option("row", "integer", "Outputs of this row of a sweep, run with --waveforms")
OF_SWEEP = (
    Option("x", "text", "Sweep: column across [default: first numeric option that varies]", unit="COLUMN"),
    Option("y", "text", "Sweep: column up [default: settling_time; of trainings epochs_to_target]", unit="COLUMN"),
    Option("hue", "text", "Sweep: a curve for each value, or none [default: next that varies]", unit="COLUMN"),
    Option("log", "text", "Sweep: logarithmic axes", unit="x|y|xy|none"),
)

Pareto = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--pareto", metavar="COLUMN COLUMN", help="Sweep: Pareto front of two metrics, both small.", show_default=False
    ),
]


@with_options((*PICTURE, RHS, OVERLAY, *OF_SWEEP, ROW))
def plot(
    source: Annotated[Path, typer.Argument(metavar="FILE.npz|DIR", help="Saved waveforms, or folder of a sweep.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.png", help="Picture: png, svg or pdf.")],
    where: Where = None,
    pareto: Pareto = None,
    **options: Any,
) -> None:
    """Draw saved waveforms, a sweep, or the waveforms of a row of it."""
    with one_line_warnings():
        _plot(source, output, options | {"where": tuple(where or ()), "pareto": pareto})


def _plot(source: Path, output: Path, options: dict[str, Any]) -> None:
    check_output_file("output", output, PICTURES)
    number = None if options["rhs"] is None else RHS.parse(options["rhs"])
    requested = [option.name for option in PICTURE if options[option.name]]
    if len(requested) > 1:
        raise ParameterError(requested[0], f"--{requested[1]}, too", "these are two pictures; give one of them")
    if not source.exists():
        raise ParameterError(
            "FILE.npz|DIR", str(source), "does not exist; name a file of --save, or a folder of amc sweep"
        )
    given = {
        name: options[name]
        for name in (*(option.name for option in OF_SWEEP), "where", "pareto", "row")
        if options[name]
    }
    if not source.is_dir():
        _refuse(given, "goes with the folder of a sweep")
        overlay = None if options["overlay"] is None else Path(options["overlay"])
        _plot_saved(source, output, requested[0] if requested else "outputs", number, overlay)
    elif requested or number is not None or options["overlay"] is not None:
        mend = (
            "goes with a file made by amc inv --save or amc mvm --save; --row N draws the outputs of a row of a sweep"
        )
        first = requested[0] if requested else "overlay" if number is None else "rhs"
        raise ParameterError(first, f"the folder {source}", mend)
    else:
        _plot_sweep(source, output, given)
    print_written("table", output)


def _refuse(given: dict[str, Any], mend: str) -> None:
    """Refuse the first of the given options, which have no effect here."""
    for name, value in given.items():
        raise ParameterError(name, ",".join(value) if isinstance(value, tuple) else value, mend)


def _plot_sweep(folder: Path, output: Path, given: dict[str, Any]) -> None:
    from amc_circuits.sweep.rows.picture import Drawing, plot_row, plot_sweep
    from amc_circuits.sweep.store import Store

    number, pareto = given.pop("row", None), given.pop("pareto", None)
    if number is not None:
        _refuse(
            given | ({"pareto": pareto} if pareto else {}), "says nothing about one row; leave it out, or drop --row"
        )
    if pareto is not None:
        _refuse({name: given[name] for name in ("x", "y", "hue") if name in given}, "says nothing beside --pareto")
    with Store(folder) as store, writing("output", output):
        if pareto is not None:
            from amc_circuits.sweep.rows.pareto import plot_front

            plot_front(store, output, pareto, **given)
        elif number is None:
            plot_sweep(store, output, Drawing(**given))
        else:
            plot_row(store, ROW.parse(number), output)


def _plot_saved(source: Path, output: Path, what: str, number: int | None, overlay: Path | None) -> None:
    saved = load_saved(source)
    if overlay is not None and what != "outputs":
        raise ParameterError("overlay", str(overlay), f"goes with the outputs; leave out --{what}")
    if what == "budget":
        _plot_saved_budget(saved, output, number)
        return
    response, title = saved.chosen(number)
    with writing("output", output):
        if what == "array":
            from amc_circuits.pictures.array import plot_array

            plot_array(saved.load_of(response), output, title)
        elif what == "error":
            from amc_circuits.pictures.readout import plot_readout

            saved.check_target(response)
            plot_readout(response, output, title)
        else:
            from amc_circuits.pictures.responses import plot_responses

            points = None if overlay is None else load_points(overlay, response, saved.number_of(response))
            plot_responses([response], output, title, measured=points)


def _plot_saved_budget(saved: Saved, output: Path, number: int | None) -> None:
    from amc_circuits.pictures.budget import plot_budget

    if number is not None:
        raise ParameterError("rhs", number, "says nothing about a budget, which shows the mean and the range of all")
    if saved.budget is None:
        raise ParameterError("FILE", str(saved.path), "holds no budget; save it anew with amc inv --budget --save")
    with writing("output", output):
        plot_budget(saved.budget, output, saved.title)
