"""Deck that runs in `ngspice -b` alone and prints its settling times (ngspice 39 and later)."""

from __future__ import annotations

from collections.abc import Sequence

from netlists.analyses import Transient, analysis_lines
from netlists.circuit import Circuit
from netlists.deck import input_sources, spice_circuit
from netlists.sources import StepTrain


def standalone_deck(
    circuit: Circuit,
    drive: StepTrain,
    analysis: Transient,
    tolerance: float,
    klu: bool = False,
    head: Sequence[str] = (),
) -> str:
    """Return a complete deck with a `.control` block of measurements.

    The block prints `settling_time_k = ...` for every right-hand side k: the time from the step to the last crossing of
    the band `tolerance * max_j |v_j(final)|` around the final values, by ngspice's own interpolation. (`.meas` cannot
    use an earlier result as its level, so the block inserts the level.)

    Args:
        circuit: Circuit to simulate.
        drive: Inputs of the circuit.
        analysis: Transient analysis; the outputs replace its saved vectors.
        tolerance: Relative tolerance.
        klu: True selects KLU (ngspice 42 and later; older versions ignore it).
        head: Comments below the title.
    """
    outputs = circuit.nodes(circuit.outputs)
    saved = analysis.replace(saved=tuple(f"v({name})" for name in outputs))
    title, _, body = str(spice_circuit(circuit)).rstrip().partition("\n")
    top = [title, *(f"* {line}" for line in head)]
    control = [".control", "run"]
    for k in range(drive.levels.shape[1]):
        control += _measure_slot(drive, k, outputs, tolerance)
    parts = [*top, body, input_sources(circuit, drive), analysis_lines(saved, klu), *control, "quit", ".endc", ".end"]
    return "\n".join(parts) + "\n"


def _measure_slot(drive: StepTrain, slot: int, outputs: list[str], tolerance: float) -> list[str]:
    """Return Nutmeg lines: largest distance of any output from its final value, and its last crossing of the band."""
    start, end, number = slot * drive.period, drive.slot_end(slot), slot + 1
    lines = ["let distance = 0 * time", "let scale = 0"]
    for name in outputs:
        lines += [
            f"meas tran final find v({name}) at={end * (1 - 1e-6)!r}",
            "let one = abs(final)",
            "let scale = (scale + one + abs(scale - one)) / 2",
            f"let one = abs(v({name}) - final)",
            "let distance = (distance + one + abs(distance - one)) / 2",
        ]
    return [
        *lines,
        f"let band = {tolerance!r} * scale",
        f"meas tran crossed when distance=$&band cross=last from={start!r} to={end * (1 - 1e-6)!r}",
        f"let settling_time_{number} = crossed - {drive.step_time(slot)!r}",
        f"print settling_time_{number}",
    ]
