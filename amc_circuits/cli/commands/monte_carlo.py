"""Work of `amc inv --monte-carlo N` and `amc mvm --monte-carlo N`."""

from __future__ import annotations

import json
import math
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from amc_circuits.cases.circuits import circuit_row
from amc_circuits.cases.effects import idle_options
from amc_circuits.cases.origin import Origin
from amc_circuits.cases.record import shape_text, size_of
from amc_circuits.cli.commands.case import warn_of_lifting
from amc_circuits.cli.commands.waiting import counting
from amc_circuits.cli.messages import NO_RESULT, finish, one_line_warnings, print_written
from amc_circuits.engines import AutoEngine, ExactEngine, NgspiceEngine, find_ngspice
from amc_circuits.engines.contract import About
from amc_circuits.files.run_folder import replacing, writing
from amc_circuits.results.tables import print_table
from amc_circuits.results.trials import FIGURES, UNITS, Limit, Trial, no_limits, read_limits
from amc_circuits.studies.monte_carlo import MonteCarlo, check_limits, study_of
from amc_circuits.studies.statistics import Spread, Yield, by_engine, spreads, statuses, yields
from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import format_quantity
from netlists.version import package_version


@dataclass(frozen=True)
class Outcome:
    """Result of a Monte Carlo study.

    Attributes:
        study: Study that was run.
        options: Parsed options of the study.
        typed: Options as typed.
        jobs: Number of processes.
        trials: All trials of the study.
        limits: Limits for the yield.
        wall_time: Wall time of the study, s.
    """

    study: MonteCarlo
    options: dict[str, Any]
    typed: dict[str, Any]
    jobs: int
    trials: list[Trial]
    limits: tuple[Limit, ...]
    wall_time: float

    @property
    def spreads(self) -> dict[str, Spread]:
        """Spread of every metric."""
        return spreads(self.trials)

    @property
    def yields(self) -> list[Yield]:
        """Yield for every limit."""
        return yields(self.trials, self.limits)

    @property
    def check(self) -> dict[str, Any]:
        """Right-hand sides that each engine solved and that ngspice checked, the largest difference, and ngspice."""
        checked = [trial for trial in self.trials if trial.cross_checked]
        simulated = any(trial.deck_sha256 for trial in self.trials)
        about = self.study.circuit(self.study.first).simulator.about if simulated else About("")
        return {
            "by_engine": by_engine(self.trials),
            "cross_checked": sum(trial.cross_checked for trial in checked),
            "largest_difference": max((trial.largest_difference for trial in checked), default=None),
            "ngspice_version": about.version,
            "klu": about.klu,
        }

    @property
    def origin(self) -> Origin:
        """Origin of the trials."""
        return Origin.of_arguments(self.options, self.study.problem, self.study.arguments, self.jobs)

    @property
    def title(self) -> str:
        """Title of table and picture."""
        shape = shape_text(self.study.problem.matrix)
        return f"{self.study.kind.upper()} {shape}: {len(self.trials)} trials of seed {self.options['seed']}"


def monte_carlo(
    kind: str,
    given: tuple[dict[str, Any], dict[str, Any]],
    jobs: int,
    form: str,
    plot_file: Path | None,
    save_file: Path | None,
) -> None:
    """Run the trials, print and write their statistics; options as `parse_options` returns them, and as typed."""
    options, typed = given
    limits = read_limits(options["spec"])
    began = time.perf_counter()
    with one_line_warnings():
        study = study_of(kind, options)
        check_limits(study, limits)
        _warn(study, options)
        if options["engine"] != "exact":
            find_ngspice()
        with counting("trials", study.count) as advance:
            trials = study.run(jobs, advance)
        outcome = Outcome(study, options, typed, jobs, trials, limits, time.perf_counter() - began)
        written = _write_files(outcome, plot_file, save_file)
    if form == "json":
        print(json.dumps(record(outcome), indent=2, allow_nan=False))
    else:
        print_table(_table(outcome))
        print_table(_yields_table(outcome))
    print_written(form, *written)
    for note in no_limits(limits, trials):
        print(f"amc: note: --spec: {note}", file=sys.stderr)
    if not any(trial.usable for trial in trials):
        print(f"amc: {trials[0].status}: no trial is usable; {trials[0].error}", file=sys.stderr)
        finish(NO_RESULT)


def _warn(study: MonteCarlo, options: dict[str, Any]) -> None:
    """Issue the warnings about a study before the first trial."""
    circuit, vector = study.circuit(study.first), study.problem.vector
    warn_of_lifting(circuit.mapping)
    if not circuit.hardware.drawn:
        mend = "give --device, --programming-error, --offset-spread or another spread"
        warnings.warn(f"nothing is drawn, all trials are the same; {mend}", stacklevel=2)
        return
    for idle in idle_options(circuit, options, 1 if vector.ndim == 1 else vector.shape[1]):
        warnings.warn(idle, stacklevel=2)


def record(outcome: Outcome) -> dict[str, Any]:
    """Build the object that `--format json` prints."""
    study, trials = outcome.study, outcome.trials
    found = {
        "circuit": study.kind,
        "engine": study.arguments["engine"],
        "size": size_of(study.problem.matrix, circuit_row(study.kind).square),
        "seed": outcome.options["seed"],
        "first_trial": study.first,
        "trials": len(trials),
        "statuses": statuses(trials),
        "figures": {name: asdict(one) for name, one in outcome.spreads.items()},
        "yields": [asdict(one) for one in outcome.yields],
        **outcome.check,
        "wall_time_s": outcome.wall_time,
        "package_version": package_version(),
        **outcome.origin.record("monte-carlo", outcome.typed),
        "each": [{"trial": trial.number, "status": trial.status, **trial.figures} for trial in trials],
    }
    return {name: plain(value) for name, value in found.items()}


def _write_files(outcome: Outcome, plot_file: Path | None, save_file: Path | None) -> list[Path]:
    """Write the requested files and return them; without a usable trial there is no picture."""
    written = []
    if save_file is not None:
        with writing("save", save_file), replacing(save_file) as partial:
            text: Any = np.array(json.dumps(record(outcome), allow_nan=False))
            np.savez_compressed(partial, record=text, **outcome.origin.arrays, **columns_of(outcome.trials))
        written.append(save_file)
    if plot_file is not None and outcome.spreads:
        from amc_circuits.pictures.trials import plot_trials

        with writing("plot", plot_file):
            plot_trials(outcome.trials, outcome.limits, plot_file, outcome.title)
        written.append(plot_file)
    return written


def columns_of(trials: Sequence[Trial]) -> dict[str, Any]:
    """Convert the trials to arrays of equal length, without Python objects."""
    told = {name: np.array([trial.figures.get(name, np.nan) for trial in trials]) for name in UNITS}
    return {
        "trial": np.array([trial.number for trial in trials]),
        "status": np.array([trial.status for trial in trials]),
        **{name: values for name, values in told.items() if name in FIGURES or np.isfinite(values).any()},
    }


def _table(outcome: Outcome) -> Table:
    grid = Table(title=outcome.title, title_justify="left")
    grid.add_column("metric")
    for heading in ("mean", "std", "5 %", "median", "95 %", "largest"):
        grid.add_column(heading, justify="right")
    for name, one in outcome.spreads.items():
        values = (one.mean, one.std, one.q05, one.median, one.q95, one.largest)
        grid.add_row(name.replace("_", " "), *(_text(value, UNITS[name]) for value in values))
    ended = ", ".join(f"{count} {name}" for name, count in statuses(outcome.trials).items())
    grid.caption = f"{ended}; {_solved_text(outcome)}{outcome.wall_time:.2f} s"
    grid.caption_justify = "left"
    grid.min_width = len(grid.caption)
    return grid


def _solved_text(outcome: Outcome) -> str:
    """Describe which engines solved, how many trials each if there are two, and the check by ngspice."""
    check, auto = outcome.check, outcome.study.arguments["engine"] == AutoEngine.name
    counts = check["by_engine"]
    version = f" {check['ngspice_version']}{' with KLU' if check['klu'] else ''}"
    parts = [
        f"{name}{version * (name == NgspiceEngine.name)}{f' ({count})' * (len(counts) > 1)}"
        for name, count in counts.items()
    ]
    if check["cross_checked"]:
        difference = format_quantity(check["largest_difference"], "%")
        parts.append(f"{check['cross_checked']} checked by ngspice{version}: {difference} of full scale")
    elif auto and ExactEngine.name in counts:
        parts.append("none checked by ngspice")
    return f"{', '.join(parts)}; " if parts else ""


def _text(value: float, unit: str) -> str:
    """Format a metric for the table; a metric without a unit is a plain number."""
    return f"{value:.4g}" if unit == "" and math.isfinite(value) else format_quantity(value, unit)


def _yields_table(outcome: Outcome) -> Table:
    grid = Table(title="Yield, with its 95 % limits (Wilson)", title_justify="left")
    for heading in ("of", "yield", "from", "to", "trials"):
        grid.add_column(heading, justify="left" if heading == "of" else "right")
    for one in outcome.yields:
        shares = (format_quantity(value, "%") for value in (one.share, one.low, one.high))
        grid.add_row(one.limit, *shares, f"{one.passed} of {len(outcome.trials)}")
    return grid
