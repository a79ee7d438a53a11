"""Work of `amc plot`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from amc_circuits.cases.option import Option
from amc_circuits.cases.options import RHS
from amc_circuits.cli.commands.case import PICTURES
from amc_circuits.files.run_folder import check_output_file, writing
from amc_circuits.results.saved import Saved, load_saved
from netlists import ParameterError

ROW = Option("row", "integer", "Row of a sweep, by its number")


def plot(source: Path, output: Path, what: dict[str, bool], rhs: str | None, of_sweep: dict[str, Any]) -> None:
    """Run `amc plot`.

    Args:
        source: File written by --save, or folder of a sweep.
        output: File for the picture.
        what: Whether `error`, `array` or `budget` was requested; if none, the outputs over time are drawn.
        rhs: Number of the right-hand side, from 1; None takes the slowest.
        of_sweep: Options for a sweep: the fields of `Drawing` in `sweep.rows.picture`, or `row`; None if not given.
    """
    check_output_file("output", output, PICTURES)
    number = None if rhs is None else RHS.parse(rhs)
    asked = [name for name, given in what.items() if given]
    if len(asked) > 1:
        raise ParameterError(asked[0], f"--{asked[1]}, too", "these are two pictures; give one of them")
    if not source.exists():
        raise ParameterError("FILE.npz|DIR", str(source), "does not exist")
    given = {name: value for name, value in of_sweep.items() if value}
    if not source.is_dir():
        _refuse(given, "goes with the folder of a sweep")
        _plot_saved(source, output, asked[0] if asked else "outputs", number)
    elif asked or rhs is not None:
        mend = (
            "goes with a file made by amc inv --save or amc mvm --save; --row N draws the outputs of a row of a sweep"
        )
        raise ParameterError(asked[0] if asked else "rhs", f"the folder {source}", mend)
    else:
        _plot_sweep(source, output, given)
    print(f"wrote {output}")


def _refuse(given: dict[str, Any], mend: str) -> None:
    """Refuse the first of the given options, which have no effect here."""
    for name, value in given.items():
        raise ParameterError(name, ",".join(value) if isinstance(value, tuple) else value, mend)


def _plot_sweep(folder: Path, output: Path, given: dict[str, Any]) -> None:
    from amc_circuits.sweep.rows.picture import Drawing, plot_row, plot_sweep
    from amc_circuits.sweep.store import Store

    number = given.pop("row", None)
    if number is not None:
        _refuse(given, "says nothing about one row; leave it out, or drop --row")
    with Store(folder) as store, writing("output", output):
        if number is None:
            plot_sweep(store, output, Drawing(**given))
        else:
            plot_row(store, ROW.parse(number), output)


def _plot_saved(source: Path, output: Path, what: str, number: int | None) -> None:
    saved = load_saved(source)
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

            plot_responses([response], output, title)


def _plot_saved_budget(saved: Saved, output: Path, number: int | None) -> None:
    from amc_circuits.pictures.budget import plot_budget

    if number is not None:
        raise ParameterError("rhs", number, "says nothing about a budget, which shows the mean and the range of all")
    if saved.budget is None:
        raise ParameterError("FILE", str(saved.path), "holds no budget; save it anew with amc inv --budget --save")
    with writing("output", output):
        plot_budget(saved.budget, output, saved.title)
