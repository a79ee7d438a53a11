"""Implementation of `amc analog-train`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from amc_circuits import ParameterError, flag, format_quantity, parse_table, plain, print_table
from analog_training.command import folder
from analog_training.command.picture import title
from analog_training.training.result import LAST, AnalogResult
from analog_training.training.specification import AnalogSpec, make_spec, override, override_options, read_spec
from analog_training.training.training import AnalogTraining

NO_RESULT = 3
FORMATS = ("table", "json")


@dataclass(frozen=True)
class Earlier:
    """Treatment of an earlier training in the folder; without any, it is refused.

    Attributes:
        resume: True to continue it.
        replace: True to remove it and to start anew.
    """

    resume: bool = False
    replace: bool = False


def run(spec_file: Path | None, out: Path | None, changes: Mapping[str, Any], way: Earlier, form: str) -> None:
    """Train, print the result, and write the folder.

    Args:
        spec_file: TOML file of the settings; None for the defaults, or those of a training that is continued.
        out: Folder of the results; None for none.
        changes: Settings that override it, as a user writes them; None for one that was not given.
        way: Treatment of an earlier training in the folder.
        form: Format of what is printed.

    Raises:
        ParameterError: An option, the specification or a file cannot be used; nothing was written.
        typer.Exit: The training diverged or learned nothing, code 3.
    """
    if form not in FORMATS:
        raise ParameterError("format", repr(form), f"must be one of {', '.join(FORMATS)}")
    if out is None and (way.resume or way.replace):
        raise ParameterError("resume" if way.resume else "replace", "true", "has no effect without out; add it")
    state = {} if out is None else folder.earlier(out, way.resume, way.replace)
    spec = override(_base(spec_file, state), parse_table("amc analog-train", override_options(), changes))
    if out is not None and state:
        folder.check_same(out, state, spec)
    training = AnalogTraining(spec)
    if state:
        training.restore(state)
    if out is None:
        _print(_trained(training, None), form, [])
    else:
        with folder.claimed(out, way.replace):
            result = _trained(training, out)
            _print(result, form, folder.finish(out, result))
    if message := training.result.message:
        print(f"amc: {message}", file=sys.stderr)
        raise typer.Exit(NO_RESULT)


def _base(spec_file: Path | None, state: dict[str, Any]) -> AnalogSpec:
    if spec_file is not None:
        return read_spec(spec_file)
    return folder.spec_of_state(state) if state else make_spec({})


def _trained(training: AnalogTraining, out: Path | None) -> AnalogResult:
    """Train under a progress bar."""
    console = Console(stderr=True)
    columns = (
        TextColumn("epoch"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=training.spec.task.epochs, completed=training.epoch)

        def observe(one: AnalogTraining) -> None:
            bar.update(task, completed=one.epoch, description=f"accuracy {one.result.accuracies[-1]:.1%}")

        try:
            return training.run(observe, None if out is None else lambda: folder.keep(out, training))
        except KeyboardInterrupt:
            if out is not None and training.epoch:
                print(f"amc: {out} keeps this training; {flag('resume')} continues it", file=sys.stderr)
            raise


def _print(result: AnalogResult, form: str, written: list[Path]) -> None:
    if form == "json":
        print(json.dumps(plain(result.record()), indent=2, allow_nan=False))
    else:
        print_table(result_table(result))
    stream = sys.stderr if form == "json" else sys.stdout
    print("".join(f"wrote {path}\n" for path in written), end="", file=stream)


def result_table(result: AnalogResult) -> Table:
    """Return the outcome as a table for the terminal."""
    table = Table(title=title(result), title_justify="left", show_header=False)
    last = min(LAST, len(result.accuracies))
    table.add_row("accuracy" if last == 1 else f"accuracy, mean of the last {last} epochs", f"{result.accuracy:.2%}")
    table.add_row("best accuracy", f"{max(result.accuracies):.2%}")
    table.add_row("loss of the last epoch", f"{result.losses[-1]:.3g}")
    if result.message:
        table.add_row("status", result.status)
    totals = result.totals
    if result.spec.algorithm.algorithm != "digital":
        table.add_row("pulses of updates", f"{totals['update_pulses']:,}")
        table.add_row("pulses of transfers", f"{totals['transfer_pulses']:,}")
        table.add_row("columns read for transfers", f"{totals['reads']:,}")
    for name, text in _hardware_rows(result):
        table.add_row(name, text)
    table.add_row("time of the computer", f"{result.wall_time:.1f} s")
    return table


def _hardware_rows(result: AnalogResult) -> Iterator[tuple[str, str]]:
    """Rows about devices, converters, energy and time on the chip."""
    parts, cost = result.hardware, result.cost
    if parts.tiles:
        yield (
            "devices, reference cells beside",
            f"{parts.devices:,} in {parts.tiles} tile{'s' * (parts.tiles > 1)} a layer",
        )
        yield "DACs and ADCs", f"{parts.dacs + parts.adcs:,}, with all cells {format_quantity(1e12 * parts.area)} um2"
    yield "digital words for gradients or buffers", f"{parts.digital_words:,}"
    if cost is not None:
        for name, energy in (
            ("updates", cost.update_energy),
            ("transfers", cost.transfer_energy),
            ("products", cost.product_energy),
            ("digital arithmetic", cost.digital_energy),
        ):
            yield f"energy of {name}", format_quantity(energy, "J")
        yield "time of updates", format_quantity(cost.update_time, "s")
        yield "time of transfers", format_quantity(cost.transfer_time, "s")
