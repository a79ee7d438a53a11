"""Deck that runs in `ngspice -b` alone and prints its settling times (ngspice 39 and later)."""

from __future__ import annotations

from collections.abc import Sequence

from netlists.analyses import Transient, analysis_lines
from netlists.circuit import Circuit
from netlists.deck import input_sources, spice_circuit
from netlists.sources import StepTrain

NEVER = -1
"""Value of a measured instant before its measurement, s: ngspice keeps it if the measurement fails."""


def standalone_deck(
    circuit: Circuit,
    drive: StepTrain,
    analysis: Transient,
    tolerance: float,
    klu: bool = False,
    head: Sequence[str] = (),
    level: float | None = None,
    watched: str = "",
) -> str:
    """Return a complete deck with a `.control` block of measurements.

    It prints `settling_time_k`: from the step to the last crossing of the band `tolerance * max_j |v_j(final)|`. With a
    level it prints `first_pass_k`: from the step until a voltage of the watched group passes the level. Without a
    crossing, and for a right-hand side of zeros, there is no time.

    Args:
        circuit: Circuit to simulate.
        drive: Inputs of the circuit.
        analysis: Transient; outputs and watched nodes replace its saved vectors.
        tolerance: Relative tolerance.
        klu: True selects KLU (ngspice 42 and later; older versions ignore it).
        head: Comments below the title.
        level: Magnitude of the level of a first pass, V; None measures settling times.
        watched: Group whose voltages are compared with the level; empty for the outputs.
    """
    outputs = circuit.nodes(circuit.outputs)
    nodes = circuit.nodes(watched) if watched else outputs
    saved = analysis.replace(saved=tuple(f"v({name})" for name in dict.fromkeys([*outputs, *nodes])))
    title, _, body = str(spice_circuit(circuit)).rstrip().partition("\n")
    control = [".control", "run"]
    for k, driven in enumerate(drive.levels.T):
        if level is not None:
            control += _measure_pass(drive, k, nodes, level)
        elif driven.any():
            control += _measure_settling(drive, k, outputs, tolerance)
        else:
            control.append(f'echo "right-hand side {k + 1} is zero, so that nothing settles"')
    top = [title, *(f"* {line}" for line in head), body, input_sources(circuit, drive), analysis_lines(saved, klu)]
    return "\n".join([*top, *control, "quit", ".endc", ".end\n"])


def _measure_settling(drive: StepTrain, slot: int, outputs: list[str], tolerance: float) -> list[str]:
    """Return Nutmeg lines: largest distance of any output from its final value, and its last crossing of the band."""
    lines = ["let distance = 0 * time", "let scale = 0"]
    for name in outputs:
        lines += [
            f"meas tran final find v({name}) at={_end(drive, slot)!r}",
            "let one = abs(final)",
            "let scale = (scale + one + abs(scale - one)) / 2",
            f"let one = abs(v({name}) - final)",
            "let distance = (distance + one + abs(distance - one)) / 2",
        ]
    lines.append(f"let band = {tolerance!r} * scale")
    return lines + _crossing(drive, slot, "distance=$&band cross=last", "settling_time")


def _measure_pass(drive: StepTrain, slot: int, nodes: list[str], level: float) -> list[str]:
    """Return Nutmeg lines: largest magnitude of any watched voltage, and its first crossing of the level."""
    lines = ["let largest = 0 * time"]
    for name in nodes:
        lines += [f"let one = abs(v({name}))", "let largest = (largest + one + abs(largest - one)) / 2"]
    return lines + _crossing(drive, slot, f"largest={level!r} rise=1", "first_pass")


def _crossing(drive: StepTrain, slot: int, condition: str, metric: str) -> list[str]:
    """Return Nutmeg lines that print the time from the step to a crossing, 0 or more, if there is a crossing."""
    name = f"{metric}_{slot + 1}"
    return [
        f"let crossed = {NEVER}",
        f"meas tran crossed when {condition} from={drive.slot_begin(slot)!r} to={_end(drive, slot)!r}",
        "if crossed >= 0",
        f"let after = crossed - {drive.step_time(slot)!r}",
        f"let {name} = (after + abs(after)) / 2",
        f"print {name}",
        "else",
        f'echo "{name}: nothing crosses the {"level" if metric == "first_pass" else "band"}"',
        "end",
    ]


def _end(drive: StepTrain, slot: int) -> float:
    """Last instant of a slot that ngspice can measure, s."""
    return drive.slot_end(slot) * (1 - 1e-6)
