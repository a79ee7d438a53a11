"""Given options without effect, as far as this depends on the matrix, the vectors or the parts.

These options are reported beside the result. `Option.acts_with` refuses an option whose effect depends on other options
alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from amc_circuits.cases.option import flag
from amc_circuits.cases.options import COMMON, parameter_options
from amc_circuits.engines import EXACT
from amc_circuits.solvers.programmed import ProgrammedArray
from amc_circuits.solvers.solver import Solver
from netlists import GROUND, NOMINAL_TEMPERATURE, OpAmps, Record, SubcircuitOpAmp


def idle_options(circuit: Solver, options: Mapping[str, Any], count: int, jobs: int = 1) -> tuple[str, ...]:
    """Describe in one sentence every option that differs from its default and has no effect here.

    Args:
        circuit: Programmed circuit that the options gave.
        options: Options as `parse_options` returns them.
        count: Number of right-hand sides.
        jobs: Number of simulations at the same time.
    """
    own, given = _own(circuit.Parameters), {**options, "jobs": jobs}
    return tuple(
        f"{flag(name)} has no effect here: {why}" for name, why in idle_reasons(circuit, options, count)
        if given[name] != own.get(name)
    )  # fmt: skip


@cache
def _own(parameters: type[Record]) -> dict[str, Any]:
    """Defaults of all options of a circuit with these parameters."""
    return {option.name: option.own for option in (*COMMON, *parameter_options(parameters))} | {"jobs": 1}


def idle_reasons(circuit: ProgrammedArray, options: Mapping[str, Any], count: int) -> Iterator[tuple[str, str]]:
    """Yield the names of options that cannot have an effect in a circuit, given or not, each with the reason.

    Args:
        circuit: Programmed circuit.
        options: Options as `parse_options` returns them; of these the files and `noise` are read.
        count: Number of right-hand sides.
    """
    drawn = circuit.hardware.drawn
    yield from circuit.idle_parameters()
    if all(part.noninverting == GROUND or part.inverting == GROUND for part in circuit.circuit.of(OpAmps)):
        yield "input_coupling", "one input of every op-amp is at ground"
    if count == 1:
        yield "start", "there is one right-hand side"
    if circuit.engine == EXACT or count == 1:
        yield "jobs", "only several right-hand sides in ngspice are simulated at the same time"
    if not drawn:
        yield "trial", "nothing in the circuit is drawn"
    if not drawn and options["matrix"] is not None and options["rhs"] is not None:
        yield "seed", "nothing is drawn"
    if not (_feels_temperature(circuit) or options["noise"]):
        yield "temperature", "no part of this circuit feels it"


def _feels_temperature(circuit: ProgrammedArray) -> bool:
    hardware = circuit.hardware
    cells = hardware.conductances is None and hardware.device.activation_energy > 0
    wires = hardware.wire_resistance > 0 and hardware.wire_temperature_coefficient > 0
    opamps = hardware.opamp_temperature_law != "none" or isinstance(hardware.opamp, SubcircuitOpAmp)
    return hardware.temperature == NOMINAL_TEMPERATURE or cells or wires or opamps
