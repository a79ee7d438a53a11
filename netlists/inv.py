"""Generator of the closed-loop INV circuit, `x = A^-1 b` in one step."""

from __future__ import annotations

from PySpice.Spice.Netlist import Circuit

from netlists import nodes, opamp, sources
from netlists.assembly import assemble
from netlists.crossbar import crossbar
from netlists.parameters import InvDesign
from netlists.sources import Drive


def inv_circuit(design: InvDesign, drive: Drive | None = None) -> Circuit:
    """The INV circuit of a design, as a PySpice circuit that can still be added to.

    Sum node `v_i` is the inverting input of op-amp i, whose output `c_i` drives bit line i of the positive array; an
    analog inverter makes `d_i = -c_i` for the negative array; input `in_i` reaches the sum node through
    `1/input_conductance`. The cells stand in the circuit's raw text. Public node names: `netlists/nodes.py`.

    Args:
        design: What the circuit is.
        drive: Its input sources; None leaves `in1..inN` open for sources of your own.

    Reference: Sun et al., PNAS 2019, doi 10.1073/pnas.1815682116.
    """
    driven = [] if drive is None else [inv_sources(design, drive)]
    title = f"INV {design.size} x {design.size} {design.sha256[:12]}"
    return assemble(title, design, [*inv_elements(design), *driven])


def inv_sources(design: InvDesign, drive: Drive) -> str:
    """The input sources alone, one a row."""
    return sources.input_lines(drive, nodes.inputs(design.size))


def inv_elements(design: InvDesign) -> list[str]:
    """Everything but sources, rails and the op-amp's subcircuit."""
    size, amplifier = design.size, design.opamp
    sums, columns = nodes.sums(size), nodes.columns(size)
    ohms = 1 / design.input_conductance
    parts = [f"Rin{i} {a} {b} {ohms!r}" for i, (a, b) in enumerate(zip(nodes.inputs(size), sums, strict=True), 1)]
    parts += [crossbar(design, k) for k, _ in enumerate(design.arrays)]
    parts += opamp.instances(nodes.amplifiers(size), sums, columns, amplifier, design.amplifier_offset)
    return parts + (_inverters(design) if design.signed else [])


def _inverters(design: InvDesign) -> list[str]:
    size, ohms = design.size, design.inverter_resistance
    columns, middles, inverted = nodes.columns(size), nodes.inverter_sums(size), nodes.inverted_columns(size)
    lines = []
    for j, (column, middle, output) in enumerate(zip(columns, middles, inverted, strict=True), 1):
        lines += [f"Rinva{j} {column} {middle} {ohms!r}", f"Rinvb{j} {output} {middle} {ohms!r}"]
    return lines + opamp.instances(nodes.inverters(size), middles, inverted, design.opamp, design.inverter_offset)
