"""Implementation of `amc train`: read the specification, train under a progress bar, write and print the outcome."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from amc_circuits import (
    LOCK,
    ParameterError,
    check_folder,
    check_own_files,
    claim_folder,
    flag,
    format_quantity,
    one_line_warnings,
    owning,
)
from optimizer.file_or_preset import file_or_preset
from optimizer.linear_solver import check_circuit
from optimizer.result import TrainingResult
from optimizer.run_folder import (
    FILES,
    SUMMARY,
    RunFolder,
    check_same,
    earlier_state,
    keep_engine,
    refuse_earlier,
    remove_earlier,
    remove_partial,
)
from optimizer.specification import TrainingSpec, override, preset, read_spec
from optimizer.training import Moment, Training

USABLE, NO_RESULT = 0, 3
LONGEST_REASON = 160
"""Most characters of a reason in the table; the full text goes to stderr and into the summary."""
SPEED_PERIOD = 600.0
"""Time over which the speed is averaged for the time left, s: steps with inversions take much longer than others."""


@dataclass(frozen=True)
class Earlier:
    """Treatment of an earlier training in the folder; without any, it is refused.

    Attributes:
        resume: True to continue it.
        replace: True to remove it and to start anew.
    """

    resume: bool = False
    replace: bool = False


def run(
    out: Path,
    spec_file: Path | None,
    preset_name: str | None,
    changes: Mapping[str, Any],
    earlier: Earlier = Earlier(),
) -> int:
    """Run `amc train`.

    Args:
        out: Folder for the results.
        spec_file: TOML file of a `TrainingSpec`.
        preset_name: Name of a preset; exactly one of the two is required, unless a training is continued.
        changes: Options by name; None for one that was not given.
        earlier: Treatment of an earlier training in the folder.

    Returns:
        Exit code: 0 if the target was reached, else 3.

    Raises:
        ParameterError: An option, the specification or a data file cannot be used, or the folder holds a training;
            nothing was written.
        UnusableSolutionError: An inversion has no usable result, and `on_failure` is `stop`.
        SimulationError: The simulator failed, and `on_failure` is `stop`.
    """
    state = _checked(out, earlier)
    spec = override(_chosen(spec_file, preset_name, state, out if earlier.resume else None), **changes)
    if state:
        check_same(out, state, spec := keep_engine(state, spec))
    check_circuit(spec.solver, spec.circuit)
    training = Training(spec)
    if state:
        training.restore(state)
    claim_folder(out, "train")
    with owning(out):
        _clear(out, earlier)
        result, written = _trained(RunFolder(out, training))
    Console().print(result_table(result))
    print("".join(f"wrote {path}\n" for path in written), end="")
    return _verdict(result)


def _checked(out: Path, earlier: Earlier) -> dict[str, Any]:
    """Check the folder, and read the state of a training that is to be continued; empty for a new one."""
    if earlier.resume and earlier.replace:
        raise ParameterError("resume", "true", "has no meaning beside replace = True; give one of them")
    check_folder(out, "train")
    check_own_files(out, (*FILES, LOCK))
    if earlier.resume:
        return earlier_state(out)
    if not earlier.replace:
        refuse_earlier(out)
    return {}


def _clear(out: Path, earlier: Earlier) -> None:
    """Remove an earlier training, or refuse one that another process left since the first check."""
    if earlier.replace:
        remove_earlier(out)
    elif not earlier.resume:
        refuse_earlier(out)
    remove_partial(out)


def _trained(files: RunFolder) -> tuple[TrainingResult, list[Path]]:
    """Train, and write the files as it goes; a finished training stays as it is."""
    training = files.training
    if training.step and (files.folder / SUMMARY).exists():
        return training.run(), []
    files.keep()
    try:
        with one_line_warnings(), progress_bar(training) as observe:
            result = training.run(observe, files.keep)
    except KeyboardInterrupt:
        _say(f"{files.folder} keeps this training; {flag('resume')} continues it")
        raise
    return result, files.finish()


def _verdict(result: TrainingResult) -> int:
    """Print warnings and a missed target on stderr, and return the exit code."""
    ledger, code = result.ledger, USABLE
    if ledger.failures and not ledger.inversions:
        first = ledger.failures[0].reason
        _say(f"all {ledger.tried} inversions failed, so no circuit took part in this training; the first: {first}")
        code = NO_RESULT
    elif ledger.failures:
        failed = f"{len(ledger.failures)} of {ledger.tried} inversions failed, the inverses before them were kept"
        _say(f"warning: {failed}; the first: {ledger.failures[0].reason}")
    if result.epochs_to_target is None:
        best = f"best {result.spec.score_name} {result.spec.score_text(result.best_score)}"
        reason = f"{result.fault}, {best}" if result.fault else best
        _say(f"target {result.spec.score_text(result.spec.target)} not reached: {reason}")
        code = NO_RESULT
    elif result.fault:
        _say(f"warning: {result.fault}, after the target was reached")
    return code


def _say(text: str) -> None:
    print(f"amc: {text}", file=sys.stderr)


def result_table(result: TrainingResult) -> Table:
    """Return the outcome as a table for the terminal."""
    ledger, reached = result.ledger, result.epochs_to_target
    table = Table(title=f"{result.spec.title}, {result.spec.optimizer.name}", title_justify="left", show_header=False)
    table.add_row(
        f"epochs to {result.spec.score_text(result.spec.target, 1)}",
        "not reached" if reached is None else f"{reached:.2f}",
    )
    table.add_row(f"best {result.spec.score_name}", result.spec.score_text(result.best_score))
    _add_end(table, result)
    table.add_row("normalisation", result.data["normalisation"])
    if ledger.inversions:
        table.add_row("inversions", f"{len(ledger.inversions)}, all by {result.spec.solver}{ledger.engines}")
    if ledger.blocks:
        cut = ", ".join(f"{name} in {count}" for name, count in ledger.blocks.items())
        table.add_row("factors in blocks", f"{cut}; entries between blocks are ignored")
    if ledger.failures:
        why = textwrap.shorten(ledger.failures[0].reason, LONGEST_REASON, placeholder=" ...")
        table.add_row("failed inversions", f"{len(ledger.failures)} of {ledger.tried}: {why}")
    if ledger.inversions:
        table.add_row("right-hand sides", str(ledger.right_hand_sides))
    if ledger.cycles:
        table.add_row("cycles", f"{ledger.cycles}, {ledger.cycles / ledger.right_hand_sides:.2g} a right-hand side")
        table.add_row("programming", f"{ledger.layouts} layouts, {ledger.cells} cells")
        table.add_row("conversions", str(ledger.conversions))
    if ledger.extrapolated:
        table.add_row("times extrapolated", ledger.extrapolated)
    if ledger.slowest is not None:
        table.add_row("mean settling time", format_quantity(ledger.mean_settling_time, "s"))
        table.add_row("energy of the inversions", format_quantity(ledger.joules, "J"))
        table.add_row("error, median", f"{100 * (ledger.median_error or 0):.2g} %")
        table.add_row("error, largest", f"{100 * (ledger.largest_error or 0):.2g} %")
    if ledger.largest_lifting_cost > 0:
        table.add_row("lifted to G_min, at most", format_quantity(ledger.largest_lifting_cost, "%"))
    if ledger.cross_checked:
        difference = format_quantity(ledger.largest_difference, "%")
        table.add_row("checked by ngspice", f"{ledger.cross_checked}, within {difference} of full scale")
    table.add_row("time", f"{result.wall_time:.0f} s")
    return table


def _add_end(table: Table, result: TrainingResult) -> None:
    """Add a fault of the last weights, and the scores of the weights themselves below those of their average."""
    if result.fault:
        table.add_row("at the end", result.fault)
    if result.best_raw_score is not None:
        raw = result.raw_epochs_to_target
        table.add_row("epochs without the average", "not reached" if raw is None else f"{raw:.2f}")
        table.add_row("best without the average", result.spec.score_text(result.best_raw_score))


def _chosen(
    spec_file: Path | None, preset_name: str | None, state: Mapping[str, Any], resumed: Path | None
) -> TrainingSpec:
    """Return the given specification, or that of the training that is continued."""
    if spec_file is None and preset_name is None:
        if state:
            return TrainingSpec(**state["spec"])
        if resumed is not None:
            raise ParameterError(
                "out", str(resumed), "holds no training to continue; name its folder, or give SPEC.toml"
            )
    return file_or_preset(spec_file, preset_name, "SPEC.toml", read_spec, preset)


@contextmanager
def progress_bar(training: Training) -> Iterator[Callable[[Moment], None]]:
    """Show steps and the time left if there is a terminal."""
    console = Console(stderr=True)
    columns = (
        *(TextColumn("training"), BarColumn(), TextColumn("step"), MofNCompleteColumn(), TimeElapsedColumn()),
        *(TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.description}")),
    )
    with Progress(
        *columns,
        console=console,
        transient=True,
        disable=not console.is_terminal,
        speed_estimate_period=SPEED_PERIOD,
    ) as bar:
        task = bar.add_task("", total=training.steps, completed=training.step)

        def observe(moment: Moment) -> None:
            score = "" if moment.accuracy is None else f"accuracy {moment.accuracy:.1%}  "
            score += "" if moment.loss is None else f"test loss {moment.loss:.3g} nats  "
            failed = f"{moment.failed} inversions failed  " if moment.failed else ""
            bar.update(task, completed=moment.step, description=score + failed + moment.doing)

        yield observe
