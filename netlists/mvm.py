"""Generator of the open-loop MVM circuit, `y = A x` with transimpedance amplifiers."""

from __future__ import annotations

from PySpice.Spice.Netlist import Circuit

from netlists import nodes, opamp, sources
from netlists.assembly import assemble
from netlists.crossbar import crossbar
from netlists.parameters import MvmDesign
from netlists.sources import Drive


def mvm_circuit(design: MvmDesign, drive: Drive | None = None) -> Circuit:
    """The MVM circuit of a design, as a PySpice circuit that can still be added to.

    Bit line j of the positive array is driven by `c_j`, of the negative one by `d_j = -c_j` from a source of its own;
    op-amp i holds word line `v_i` at virtual ground through `feedback_conductance` from `out_i`. Public node names:
    `netlists/nodes.py`.

    Args:
        design: What the circuit is.
        drive: Its input sources; None leaves `c1..cM` (and `d1..dM`) open for sources of your own.

    Reference: Sun, Huang, TCAS-II 2021, doi 10.1109/TCSII.2021.3068764.
    """
    rows, columns = design.shape
    driven = [] if drive is None else [mvm_sources(design, drive)]
    return assemble(f"MVM {rows} x {columns} {design.sha256[:12]}", design, [*mvm_elements(design), *driven])


def mvm_sources(design: MvmDesign, drive: Drive) -> str:
    """The input sources alone: one a column and, with a negative array, one of the opposite sign."""
    names = [nodes.drivers(k, design.shape[1]) for k, _ in enumerate(design.arrays)]
    return "\n".join(
        sources.input_lines(drive, terminals, sign) for terminals, sign in zip(names, (1.0, -1.0), strict=False)
    )


def mvm_elements(design: MvmDesign) -> list[str]:
    """Everything but sources, rails and the op-amp's subcircuit."""
    rows, _ = design.shape
    sums = nodes.sums(rows)
    ohms = 1 / design.feedback_conductance
    outputs = nodes.outputs(rows)
    parts = [crossbar(design, k) for k, _ in enumerate(design.arrays)]
    parts += [f"Rf{i} {b} {a} {ohms!r}" for i, (a, b) in enumerate(zip(sums, outputs, strict=True), 1)]
    return parts + opamp.instances(nodes.amplifiers(rows), sums, outputs, design.opamp, design.amplifier_offset)
