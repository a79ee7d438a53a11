"""What the subcommands of `amc` do."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from amc_circuits import report
from amc_circuits.cases import Case, make_case
from amc_circuits.engines import EngineNotFoundError, SimulationError, find_ngspice
from amc_circuits.options import ALL, PROBLEM, Circuit, Option, flag, parse_options
from amc_circuits.run_folder import check_output_file, claim_folder, replacing, writing
from amc_circuits.solution import Solution, UnusableSolutionError
from netlists import ParameterError
from netlists.standalone import standalone_deck

USABLE, SIMULATOR_FAILED, BAD_INPUT, NO_RESULT = 0, 1, 2, 3
OPTION_NAMES = {option.name for option in ALL} | {"jobs", "format", "plot", "save", "out", "output"}
_JOBS = Option("jobs", "integer", "", 1, minimum=1)


def exit_code(error: Exception) -> int | None:
    """The documented exit code of an error; None for one that nobody foresaw."""
    if isinstance(error, SimulationError):
        return SIMULATOR_FAILED
    if isinstance(error, (ParameterError, EngineNotFoundError, OSError, MemoryError, sqlite3.Error)):
        return BAD_INPUT
    if isinstance(error, UnusableSolutionError):
        return NO_RESULT
    return None


def message(error: Exception) -> str:
    """An error as one line, with the parameter as it is typed."""
    text = str(error) or type(error).__name__
    if isinstance(error, ParameterError) and error.parameter in OPTION_NAMES:
        text = f"{flag(error.parameter)}: got {error.value}; {_as_typed(error.mend)}"
    return " ".join(text.split())


def _as_typed(text: str) -> str:
    """The same text with `g_max` as `--g-max`."""
    names = "|".join(name for name in OPTION_NAMES if "_" in name)
    return re.sub(rf"\b({names})\b", lambda found: flag(found[0]), text)


def _choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    return str(Option(name, "text", "", choices=allowed).parse(value))


def _finish(code: int) -> None:
    if code != USABLE:
        raise typer.Exit(code)


@contextmanager
def _waiting(what: str) -> Iterator[None]:
    """A bar that runs to and fro while there is a terminal to see it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    columns = (SpinnerColumn(), TextColumn(what), BarColumn(bar_width=20), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        progress.add_task(what, total=None)
        yield


@contextmanager
def _one_line_warnings() -> Iterator[None]:
    """Prints warnings as one line each; after an error, which says enough, none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for text in dict.fromkeys(str(warning.message) for warning in caught):
        print(f"amc: warning: {_as_typed(' '.join(text.split()))}", file=sys.stderr)


def _case(circuit: Circuit, options: dict[str, Any], files: tuple[Path | None, Path | None], jobs: int) -> Case:
    for option in PROBLEM:
        if any(files) and option.name != "seed" and options.get(option.name) is not None:
            raise ParameterError(option.name, options[option.name], "goes with a drawn matrix, not with files")
    return make_case(circuit, parse_options(circuit, options), files, jobs, None)


def solve(
    circuit: Circuit,
    options: dict[str, Any],
    files: tuple[Path | None, Path | None],
    jobs: str,
    form: str,
    plot_file: Path | None,
    save_file: Path | None,
) -> None:
    """`amc inv` and `amc mvm`."""
    _choice("format", form, ("table", "json"))
    if plot_file is not None:
        check_output_file("plot", plot_file, (".png", ".svg", ".pdf"))
    if save_file is not None:
        check_output_file("save", save_file, (".npz",))
    with _one_line_warnings(), _waiting(f"{circuit.upper()} in ngspice"):
        case = _case(circuit, options, files, _JOBS.parse(jobs))
        solution = case.run()
        _write_files(case, solution, plot_file, save_file)
    if form == "json":
        print(json.dumps(report.record(case, solution), indent=2, allow_nan=False))
    else:
        _print_table(report.table(case, solution))
    if not solution.usable:
        print(f"amc: {solution.status.name}: {solution.message}", file=sys.stderr)
        _finish(NO_RESULT)


def _write_files(case: Case, solution: Solution, plot_file: Path | None, save_file: Path | None) -> None:
    record = report.full_record(case, solution)
    if save_file is not None:
        from amc_circuits.saved import save_solution

        with writing("save", save_file):
            save_solution(solution, record, save_file)
    if plot_file is not None and any(solution.responses):
        from amc_circuits.plotting import plot_responses
        from amc_circuits.saved import title

        with writing("plot", plot_file):
            plot_responses([response for response in solution.responses if response], plot_file, title(record))


def _print_table(grid: Table) -> None:
    """Prints a table, as wide as it is where there is no terminal to fold it for."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=max(80, console.measure(grid, options=console.options.update(width=10_000)).maximum))
    with console.capture() as text:
        console.print(grid)
    # By print, because Rich has its own way to end where nobody reads any more.
    print(text.get(), end="")


def write_deck(circuit: Circuit, options: dict[str, Any], files: tuple[Path | None, Path | None], output: Path) -> None:
    """`amc netlist inv` and `amc netlist mvm`."""
    check_output_file("output", output)
    with _one_line_warnings():
        case = _case(circuit, options, files, 1)
        columns = case.vector if case.vector.ndim == 2 else case.vector[:, None]
        job = case.circuit.job(columns)
        deck = standalone_deck(job.design, job.drive, job.analysis, case.circuit.settings.tolerance, klu=True)
    with writing("output", output), replacing(output) as partial:
        partial.write_text(deck, encoding="ascii")
    print(f"wrote {output}; run it with: ngspice -b {output}")


def sweep(spec: Path, out: Path, jobs: str) -> None:
    """`amc sweep`."""
    from amc_circuits.sweep import read_sweep, run_sweep

    plan, processes = read_sweep(spec), _JOBS.parse(jobs)
    find_ngspice()
    claim_folder(out, "sweep")
    console = Console(stderr=True)
    columns = (
        TextColumn("sweep"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        bad = 0

        def advance(row: Any, total: int) -> None:
            nonlocal bad
            bad += not row.usable
            progress.update(task, total=total, advance=1, description=f"{bad} not usable" if bad else "")

        rows = run_sweep(plan, out, processes, advance)
    unusable = sum(not row.usable for row in rows)
    print(f"{len(rows)} points, {len(rows) - unusable} usable, {unusable} not; show them with: amc table {out}")
    _finish(NO_RESULT if unusable else USABLE)


def table(folder: Path, form: str) -> None:
    """`amc table`."""
    from amc_circuits.plotting import varied_options
    from amc_circuits.store import Store

    _choice("format", form, ("table", "csv", "json"))
    with Store(folder) as store:
        rows = store.rows()
    flat = [_flat(row) for row in rows]
    if form == "json":
        print(json.dumps(flat, indent=2))
    elif form == "csv":
        names = list(dict.fromkeys(name for row in flat for name in row))
        writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(flat)
    else:
        _print_table(_rows_table(flat, varied_options(rows) if rows else []))


def _flat(row: Any) -> dict[str, Any]:
    """A row as one level of names; provenance and attempts stay in the database."""
    found = {"number": row.number, **row.parameters, "status": row.status}
    for name, value in row.figures.items():
        if isinstance(value, dict) and name == "energy_j":
            found |= {f"energy_{part}_j": joules for part, joules in value.items()}
        elif not isinstance(value, (dict, list)) and name not in found:
            found[name] = value
    return found | {"error": row.error, "row_wall_time_s": row.wall_time_s}


def _rows_table(flat: list[dict[str, Any]], varied: list[str]) -> Table:
    from amc_circuits.quantities import format_quantity

    figures = (
        ("settling_time_s", "settling time", "s"),
        ("predicted_settling_time_s", "predicted", "s"),
        ("energy_total_j", "energy", "J"),
        ("relative_error", "relative error", ""),
        ("bits", "bits", ""),
    )
    grid = Table(title=f"{len(flat)} points", title_justify="left")
    for heading in (*varied, "status", *(heading for _, heading, _ in figures), "error"):
        grid.add_column(heading, overflow="fold")
    for row in flat:
        own = [_option_text(name, row.get(name)) for name in varied]
        grid.add_row(*own, row["status"], *(format_quantity(row.get(n), u) for n, _, u in figures), row["error"])
    return grid


def _option_text(name: str, value: Any) -> str:
    from amc_circuits.quantities import format_quantity

    units = {option.name: option.unit for option in ALL}
    return format_quantity(value, units.get(name, "")) if isinstance(value, float) else str(value)


def plot(source: Path, output: Path) -> None:
    """`amc plot`."""
    check_output_file("output", output, (".png", ".svg", ".pdf"))
    if not source.exists():
        raise ParameterError("FILE.npz|DIR", str(source), "does not exist")
    from amc_circuits.plotting import plot_responses, plot_sweep

    if source.is_dir():
        from amc_circuits.store import Store

        with Store(source) as store, writing("output", output):
            plot_sweep(store.rows(), output)
    else:
        from amc_circuits.saved import load_responses

        responses, title = load_responses(source)
        with writing("output", output):
            plot_responses(responses, output, title)
    print(f"wrote {output}")


def doctor() -> None:
    """`amc doctor`."""
    from amc_circuits.doctor import checks

    lacking = False
    for check in checks():
        mark = "ok  " if check.ok else ("LACK" if check.required else "note")
        print(f"{mark} {check.name}: {check.detail}" + (f"; {check.mend}" if check.mend and not check.ok else ""))
        lacking |= check.required and not check.ok
    _finish(BAD_INPUT if lacking else USABLE)
