"""Does `amc size` find the values that algebra gives?

Method: circuits of one cell or of a diagonal matrix, of which the metric is a closed form of the parameter. Each
question goes through the functions of the command (engine `auto`, accuracy 0.1 %). Prints question, answer, algebra and
their difference. The circuit of one cell has A = 1, b = 1 and G_in = G_max, so that its noise gain is 2.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from amc_circuits.studies.sizing.free_options import free_option, span_of
from amc_circuits.studies.sizing.from_options import each_parsed, sizing_of, with_defaults
from amc_circuits.studies.sizing.size import target_of
from amc_circuits.studies.sizing.sized import Sized
from amc_circuits.values.quantities import format_quantity
from benchmarks.machine import machine_line
from netlists import SinglePoleOpAmp, preset
from netlists.record import FloatArray

ACCURACY = 1e-3
ONE = ([[1.0]], [1.0])
SINGLE = preset("single-pole")
assert isinstance(SINGLE, SinglePoleOpAmp)
GBWP, GAIN = SINGLE.gbwp, SINGLE.open_loop_gain
G_MAX, FULL_SCALE = 100e-6, 0.1
"""Largest conductance of a cell, S, and input voltage, V, without options."""
STIFF = {"opamp": "cmos-100meg", "open_loop_gain": 1e10, "output_resistance": 1e-3, "slew_rate": 1e12}
"""Macro op-amp without the limits that the closed forms leave out."""
RESTED = {"tolerance": 1e-6}
"""Setting with which a slot lasts until the rest of the transient is small."""
IDEAL = {**RESTED, "open_loop_gain": 1e10}
SECOND = {**STIFF, "input_capacitance": 0.0, "open_loop_gain": 1e9, "output_current_limit": 100.0}


@dataclass(frozen=True)
class Question:
    """A question with its answer by algebra.

    Attributes:
        name: Short name of the closed form.
        free: Free parameter.
        target: Target.
        algebra: Value of the parameter at the crossing.
        options: Options of the circuit.
        problem: Matrix and right-hand side.
        circuit: Name of the circuit.
        between: Range of the search; None takes the usual one.
    """

    name: str
    free: str
    target: str
    algebra: float
    options: dict[str, Any] = field(default_factory=dict)
    problem: tuple[Any, Any] = ONE
    circuit: str = "inv"
    between: str | None = None

    def answer(self, folder: Path) -> Sized:
        """Find the value as the command does; matrix and right-hand side become files in this folder."""
        paths = {"matrix": str(folder / "A.npy"), "rhs": str(folder / "b.npy")}
        for path, values in zip(paths.values(), self.problem, strict=True):
            np.save(path, np.array(values, dtype=np.float64))
        limit = target_of(self.target)
        given = with_defaults({"opamp": "single-pole"} | self.options | paths, limit)
        option = free_option(self.circuit, self.free)
        span = span_of(option, each_parsed(self.circuit, given), self.between)
        sizing = sizing_of(self.circuit, given, (self.free,), limit)()
        return sizing.sized(option.name, option.unit, sizing.search(span, ACCURACY))


def pole(noise_gain: float, gbwp: float = GBWP) -> float:
    """Pole of an op-amp in feedback, 1/s."""
    return 2 * math.pi * gbwp * (1 / GAIN + 1 / noise_gain)


def needed_gbwp(seconds: float, noise_gain: float, tolerance: float = 0.01) -> float:
    """GBWP with which an exponential settles in a time, Hz."""
    return math.log(1 / tolerance) / seconds / pole(noise_gain, 1.0)


def rounded_error(values: FloatArray, step: float, origin: float = 0.0) -> float:
    """Relative error, 2-norm, of values that are rounded to levels."""
    return float(np.linalg.norm(origin + np.rint((values - origin) / step) * step - values) / np.linalg.norm(values))


def least(error: Callable[[int], float], largest: float, numbers: range) -> int:
    """Return the least number of which the error is below a limit."""
    return next(number for number in numbers if error(number) < largest)


def of_one_cell() -> Iterator[Question]:
    """Yield questions about one cell and an op-amp with one pole."""
    yield Question("exponential, noise gain 2", "gbwp", "settling_time<50n", needed_gbwp(50e-9, 2))
    yield Question("exponential, noise gain 2", "tolerance", "settling_time<10n", math.exp(-10e-9 * pole(2)))
    for name, circuit, target, share in (
        ("error of finite gain, 1/(1 + A0/2)", "inv", "relative_error<0.1%", 1e-3),
        ("the same in bits", "inv", "bits>12", 2.0**-12),
        ("the same as a residual", "inv", "residual<0.01", 0.01),
        ("the same in MVM", "mvm", "relative_error<0.5%", 5e-3),
    ):
        yield Question(
            name, "open_loop_gain", target, 2 * (1 / share - 1), RESTED, circuit=circuit, between="10,1M"
        )  # fmt: skip
    ideal = IDEAL
    yield Question("two segments in series, 2 r G", "wire_resistance", "relative_error<1%", 0.01 / (2 * G_MAX), ideal)
    yield Question(
        "the same in MVM, 2 r G/(1 + 2 r G)", "wire_resistance", "relative_error<1%", 0.01 / 0.99 / (2 * G_MAX), ideal,
        circuit="mvm",
    )  # fmt: skip
    yield Question("current of the cell, G V", "input_voltage", "peak_output_current<5u", 5e-6 / G_MAX, ideal)
    yield Question("the same", "g_max", "peak_output_current<5u", 5e-6 / FULL_SCALE, ideal, between="10u,1m")
    drifting = {**ideal, "drift_exponent": 0.05}
    yield Question("drift, t^nu - 1", "drift_time", "relative_error<20%", 1.2**20, drifting, between="2,1M")


def of_macro_opamps() -> Iterator[Question]:
    """Yield questions about offsets and a second pole."""
    yield Question(
        "offset e, 2 e/V", "input_offset", "relative_error<5%", 0.05 * FULL_SCALE / 2, STIFF, between="1u,50m"
    )
    offset = {**STIFF, "input_offset": 1e-3}
    yield Question("the same", "input_voltage", "relative_error<5%", 2e-3 / 0.05, offset, between="10m,0.5")
    damping = math.log(20) / math.hypot(math.pi, math.log(20))
    yield Question(
        "two poles, overshoot exp(-pi z/sqrt(1 - z^2))", "second_pole", "overshoot<5%", 4 * damping**2 * GBWP / 2,
        SECOND, between="20M,1G",
    )  # fmt: skip


def of_diagonals() -> Iterator[Question]:
    """Yield questions about diagonal matrices, converters and levels."""
    entry = 0.1
    loose = {"g_min": 1e-13}
    diagonal = ([[1.0, 0.0], [0.0, entry]], [1.0, entry])
    slow = needed_gbwp(200e-9, (1 + entry) / entry)
    yield Question("slower pole of a diagonal, noise gain 11", "gbwp", "settling_time<200n", slow, loose, diagonal)
    ideal = IDEAL
    adc = {**ideal, "adc_range": 0.3}
    ending = np.array([FULL_SCALE])
    bits = least(lambda k: rounded_error(ending, 0.3 / (2 ** (k - 1) - 1)), 0.002, range(2, 13))
    yield Question("LSB of the ADC", "adc_bits", "relative_error<0.2%", bits, adc)
    unit, inputs = np.eye(2).tolist(), np.array([1.0, 0.3])
    bits = least(lambda k: rounded_error(inputs, 1 / (2 ** (k - 1) - 1)), 0.01, range(2, 13))
    yield Question("LSB of the DAC", "dac_bits", "relative_error<1%", bits, loose | ideal, (unit, inputs.tolist()))
    yield _of_levels(ideal)


def _of_levels(options: dict[str, Any]) -> Question:
    """Question about levels of two diagonal cells, as an MVM with one column: `y_i = G_i/G_max`."""
    cells = np.array([1.0, 0.437])

    def error(count: int) -> float:
        lowest = 1e-6 / G_MAX
        return rounded_error(cells, (1 - lowest) / (count - 1), lowest)

    column = ([[value] for value in cells.tolist()], [1.0])
    levels = least(error, 0.05, range(2, 17))
    return Question("levels of the cells", "levels", "relative_error<5%", levels, options, column, "mvm", "2,16")


def questions() -> list[Question]:
    """All questions."""
    return [*of_one_cell(), *of_macro_opamps(), *of_diagonals()]


def main() -> None:
    """Print every question, its answer by search and by ngspice, and algebra."""
    grid = Table(title="amc size against algebra", title_justify="left", box=box.MARKDOWN)
    for heading in ("question", "closed form", "answer", "algebra", "difference", "circuits"):
        grid.add_column(heading, justify="left" if heading in ("question", "closed form") else "right", no_wrap=True)
    with tempfile.TemporaryDirectory() as folder:
        for one in questions():
            found = one.answer(Path(folder))
            value = math.nan if found.value is None else found.value
            grid.add_row(
                f"{one.circuit}: {one.free} for {one.target}", one.name, found.text(value), found.text(one.algebra),
                format_quantity(abs(value / one.algebra - 1), "%"), str(len(found.found.samples)),
            )  # fmt: skip
    Console(width=200).print(grid)
    print(machine_line())


if __name__ == "__main__":
    main()
