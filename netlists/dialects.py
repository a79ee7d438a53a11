"""Decks for other simulators: LTspice, and Spectre in its SPICE mode.

Elements are those of the deck for ngspice, line by line. Analyses differ, by these sources:

- LTspice: `.tran`, `.options`, `.save` and `.meas`, analogdevicesinc.github.io/ltspice-reference, "LTspice Simulation
  Commands Reference". `plotwinsize=0` switches the compression of waveforms off, and `numdgt` above 6 keeps doubles.
- Spectre: `.measure` as in "Spectre FX Circuit Simulator User Guide" 23.1, below `simulator lang=spice`, as in examples
  of Hdl21. `reltol` and `temp` are those of "Spectre Circuit Simulator Reference" 23.1, Immediate Set Options.
  Without a save statement it saves all node voltages (same page).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from netlists.analyses import Transient
from netlists.circuit import Circuit
from netlists.deck import input_sources, spice_circuit, temperature_line
from netlists.record import ParameterError
from netlists.sources import StepTrain

Dialect = Literal["ltspice", "spectre-compatible"]
PORTABLE = {"R": 4, "C": 4, "E": 6, "G": 6}
"""Fields of elements with the same meaning in all dialects: resistor, capacitor, linear controlled sources."""
OTHERS = {
    "B": "a behavioural source",
    "A": "an XSPICE model",
    "S": "a switch",
    "D": "a diode",
    "M": "a transistor",
    "Q": "a transistor",
    "J": "a transistor",
}


def dialect_deck(
    circuit: Circuit, drive: StepTrain, analysis: Transient, dialect: Dialect, head: Sequence[str] = ()
) -> str:
    """Return a deck with a transient and the final value of each output and right-hand side, `final_k_output`.

    Args:
        circuit: Circuit to simulate.
        drive: Inputs of the circuit.
        analysis: Transient analysis; the outputs replace its saved vectors.
        dialect: Language of the deck.
        head: Comments below the title.

    Raises:
        ParameterError: If the circuit has an element that the dialect does not have, or has with another meaning.
    """
    temperature = temperature_line(circuit)
    body = [line for line in str(spice_circuit(circuit)).splitlines()[1:] if line and line != temperature]
    elements = [*body, *input_sources(circuit, drive).splitlines()]
    for line in elements:
        _check(line, dialect)
    language = ["simulator lang=spice"] if dialect == "spectre-compatible" else []
    comments = [f"* {line}" for line in (circuit.title, *head)]
    options = [*([temperature] if temperature else []), *_options(circuit, analysis, dialect)]
    step, stop = analysis.max_step, analysis.stop_time
    analyses = [f".tran {step!r} {stop!r} 0 {step!r}{' uic' * analysis.discharged}", *_finals(circuit, drive, dialect)]
    lines = [comments[0], *language, *comments[1:], *elements, *options, *analyses]
    return "\n".join([*lines, ".end"]) + "\n"


def _check(line: str, dialect: Dialect) -> None:
    """Refuse a line that the dialect does not have."""
    fields = line.split()
    name, letter = fields[0], line[0].upper()
    portable = len(fields) == PORTABLE.get(letter) or letter == "X"
    source = letter == "V" and (fields[3] == "DC" or fields[3].startswith("PWL("))
    if portable or source or name.lower() in (".subckt", ".ends"):
        return
    mend = f"has no way to write {name}, {OTHERS.get(letter, 'a line of ngspice')}, as ngspice has it; take ngspice"
    raise ParameterError("format", dialect, f"{mend}, or single-pole op-amps, linear cells and a circuit without such")


def _options(circuit: Circuit, analysis: Transient, dialect: Dialect) -> list[str]:
    """Return `.options` and, where it is needed, `.save`."""
    if dialect == "spectre-compatible":
        return [f".options reltol={analysis.reltol!r}"]
    saved = " ".join(f"V({node})" for node in circuit.nodes(circuit.outputs))
    tolerances = f"reltol={analysis.reltol!r} vntol=1e-8 abstol=1e-13"
    return [f".options {tolerances} method=trap numdgt=15 plotwinsize=0", f".save {saved}"]


def _finals(circuit: Circuit, drive: StepTrain, dialect: Dialect) -> list[str]:
    """Return one measurement for each right-hand side and output, just before the slot ends."""
    word = ".meas TRAN" if dialect == "ltspice" else ".measure tran"
    return [
        f"{word} final_{slot + 1}_{node} FIND V({node}) AT={drive.slot_end(slot) * (1 - 1e-6)!r}"
        for slot in range(drive.levels.shape[1])
        for node in circuit.nodes(circuit.outputs)
    ]
