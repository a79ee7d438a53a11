"""`amc stability`: poles and limits of a circuit."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from amc_circuits.cases.option import output_format
from amc_circuits.cases.options import NOT_IN_POLES, typed_options
from amc_circuits.cases.record import shape_text, size_of
from amc_circuits.cli.commands.case import PICTURES, programmed
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import NO_RESULT, as_typed, finish, one_line_warnings, print_written
from amc_circuits.cli.parameters import Format, Matrix, PolesFile, with_options
from amc_circuits.files.run_folder import check_output_file, writing
from amc_circuits.linear.margins import Limit
from amc_circuits.linear.stability import Stability, complex_text
from amc_circuits.results.status import Status
from amc_circuits.results.tables import print_table
from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import format_quantity
from netlists import ParameterError


@dataclass(frozen=True)
class _Checked:
    """Poles and limits of a circuit, with the data that describe it.

    Attributes:
        name: Name of the circuit.
        size: Size of the matrix, as in a record.
        shape: Shape of the matrix, as a text.
        seed: Seed of all random draws.
        trial: Number of the circuit among those of this seed.
        opamp: Name of the preset.
        tolerance: Relative tolerance of the predicted settling time.
        found: Poles of the circuit.
        limits: Limits of parameters, by name and unit.
        growing: True if a growing pole is wanted.
        choices: Values that the circuit chose itself, one sentence each.
        own: Value of the circuit for the parameter of each limit; None if it has no such parameter.
    """

    name: str
    size: int | list[int]
    shape: str
    seed: int
    trial: int
    opamp: str
    tolerance: float
    found: Stability
    limits: dict[tuple[str, str], Limit]
    growing: bool
    choices: tuple[str, ...]
    own: tuple[float | None, ...]

    @property
    def title(self) -> str:
        """Title of table and picture."""
        grows = "growing" if self.growing else "UNSTABLE"
        return f"{self.name.upper()} {self.shape}, {self.opamp}: {'stable' if self.found.stable else grows}"


def stability(name: str) -> Callable[..., None]:
    """Build the command that prints poles and limits of a circuit."""

    @with_options(typed_options(name, NOT_IN_POLES))
    def print_poles(matrix: Matrix = None, *, format: Format = "table", plot: PolesFile = None, **options: Any) -> None:
        poles_and_limits(name, options, matrix, format, plot)

    return print_poles


def poles_and_limits(
    name: str, options: dict[str, Any], matrix_file: Path | None, form: str, plot_file: Path | None
) -> None:
    """Print poles and limits of the circuit of this name, with options as typed."""
    output_format("table", "json").parse(form)
    if plot_file is not None:
        check_output_file("plot", plot_file, PICTURES)
    with one_line_warnings(), waiting("poles and limits"):
        checked = _check(name, options, matrix_file)
        if plot_file is not None:
            from amc_circuits.pictures.poles import plot_poles

            with writing("plot", plot_file):
                plot_poles(checked.found, plot_file, checked.title)
    if form == "json":
        print(json.dumps(_record(checked), indent=2, allow_nan=False))
    else:
        print_table(_table(checked))
    print_written(form, plot_file)
    for choice in checked.choices:
        print(f"amc: note: {as_typed(choice)}", file=sys.stderr)
    if checked.growing:
        if checked.found.stable:
            print(f"amc: NOT_GROWING: {Status.NOT_GROWING.advice}", file=sys.stderr)
            finish(NO_RESULT)
    elif not checked.found.stable:
        print(f"amc: UNSTABLE: {as_typed(checked.found.cause)}", file=sys.stderr)
        finish(NO_RESULT)


def check_acting(given: Mapping[str, object]) -> None:
    """Refuse given options that change no pole.

    Raises:
        ParameterError: An option was given; the error names it.
    """
    for name, value in given.items():
        if value not in (None, False):
            raise ParameterError(name, value, "has no effect on poles; leave it out")


def _check(name: str, options: dict[str, Any], matrix_file: Path | None) -> _Checked:
    circuit, parsed = programmed(name, options, matrix_file)
    limits = circuit.limits()
    return _Checked(
        name=name,
        size=size_of(circuit.matrix, circuit.square),
        shape=shape_text(circuit.matrix),
        seed=parsed["seed"],
        trial=parsed["trial"],
        opamp=parsed["opamp"],
        tolerance=circuit.settings.tolerance,
        found=circuit.stability,
        limits={name: limit for name, (limit, _) in limits.items()},
        growing=circuit.growing,
        choices=tuple(circuit.choices()),
        own=tuple(own for _, own in limits.values()),
    )


def _record(checked: _Checked) -> dict[str, Any]:
    """Build the object that `--format json` prints."""
    found = checked.found
    return {
        "circuit": checked.name,
        "size": checked.size,
        "seed": checked.seed,
        "trial": checked.trial,
        "stable": found.stable,
        "cause": found.cause,
        "slowest_pole_per_s": _pair(found.slowest),
        "least_damped_pole_per_s": _pair(found.least_damped),
        "slowest_pole_hz": _pair(found.slowest / math.tau),
        "least_damped_pole_hz": _pair(found.least_damped / math.tau),
        "damping_ratio": found.damping_ratio,
        "tolerance": checked.tolerance,
        "predicted_settling_time_s": plain(found.settling_time(checked.tolerance)),
        **{f"{name}_{unit.lower()}": limit.value for (name, unit), limit in checked.limits.items()},
        "notes": {name: limit.note for (name, _), limit in checked.limits.items() if limit.note},
        "poles_per_s": [_pair(pole) for pole in found.poles.tolist()],
        "poles_hz": [_pair(pole / math.tau) for pole in found.poles.tolist()],
    }


def _pair(value: complex) -> list[float]:
    return [value.real, value.imag]


def _table(checked: _Checked) -> Table:
    """Build the printed table; beside each limit is the value of the circuit."""
    found = checked.found
    settling = format_quantity(found.settling_time(checked.tolerance), "s")
    if found.stable:
        settling += f" to {format_quantity(checked.tolerance, '%')}"
    grid = Table(title=checked.title, title_justify="left")
    grid.add_column("metric")
    grid.add_column("value", justify="right")
    grid.add_column("this circuit", justify="right")
    for name, value in (
        ("poles", str(len(found.poles))),
        *((("growing poles", str(int((found.poles.real > 0).sum()))),) if checked.growing else ()),
        ("slowest pole" if found.stable else "fastest growing pole", f"{complex_text(found.slowest)} 1/s"),
        ("  over 2 pi", f"{complex_text(found.slowest / math.tau)} Hz"),
        ("least damped pole", f"{complex_text(found.least_damped)} 1/s"),
        ("  over 2 pi", f"{complex_text(found.least_damped / math.tau)} Hz"),
        ("  damping ratio", f"{found.damping_ratio:.3g}"),
        ("predicted settling time", settling),
    ):
        grid.add_row(name, value, "")
    for ((name, unit), limit), own in zip(checked.limits.items(), checked.own, strict=True):
        text = limit.note if limit.value is None else format_quantity(limit.value, unit)
        grid.add_row(name.replace("_", " ").replace("gbwp", "GBWP"), text, format_quantity(own, unit))
    return grid
