"""Open-loop MVM circuit, `y = A x` with transimpedance amplifiers.

Reference: Sun, Huang, TCAS-II 2021, doi 10.1109/TCSII.2021.3068764.
"""

from __future__ import annotations

from functools import cached_property

from PySpice.Spice.Netlist import Circuit as SpiceCircuit

from netlists.circuit import Circuit
from netlists.circuits.array_design import ArrayDesign
from netlists.circuits.balance import ground_lines
from netlists.deck import spice_circuit
from netlists.driving import Source
from netlists.errors import check_type
from netlists.parts import Conductors, OpAmps, Part
from netlists.record import Positive
from netlists.sources import Drive


class MvmDesign(ArrayDesign):
    """Open-loop MVM circuit with transimpedance amplifiers, `out = -(G+ - G-) v / G_f`.

    Separate sources drive the negative array with -v, unless there are compensating cells. Reference: Sun, Huang,
    TCAS-II 2021, doi 10.1109/TCSII.2021.3068764.

    Attributes:
        feedback_conductance: Feedback conductance G_f of every transimpedance amplifier, siemens.
    """

    feedback_conductance: Positive

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (N, M): N outputs, M inputs."""
        rows, columns = self.conductance_positive.shape
        return int(rows), int(columns)

    @cached_property
    def circuit(self) -> Circuit:
        """Circuit of the record; kept together with its computed results."""
        return mvm(self)


def mvm(p: MvmDesign) -> Circuit:
    """Return the MVM circuit of a record.

    Source `c_j` drives bit line j of the positive array, and a separate source `d_j = -c_j` that of the negative one.
    Op-amp i holds word line `v_i` at virtual ground through `feedback_conductance` from `out_i`. With compensating
    cells one source drives both arrays, see `_compensated`.
    """
    check_type("p", p, MvmDesign)
    if p.compensated:
        return _compensated(p)
    rows, columns = p.shape
    groups, sources = {"v": rows, "c": columns, "out": rows}, [Source("c")]
    parts: list[Part] = [p._array("p", "v", "c", p.conductance_positive)]
    if p.conductance_negative is not None:
        groups["d"] = columns
        sources.append(Source("d", -1.0))
        parts.append(p._array("n", "v", "d", p.conductance_negative))
    parts += [
        Conductors("f", "out", "v", p.feedback_conductance),
        OpAmps("amp", "v", "out", p.opamp, offset=p.amplifier_offset, label="amplifier"),
    ]
    title = f"MVM {rows} x {columns} {p.sha256[:12]}"
    return Circuit(title, groups, tuple(parts), tuple(sources), "out", temperature=p.temperature)


def _compensated(p: MvmDesign) -> Circuit:
    """Return the circuit with both arrays at the inputs of the same op-amps, driven by the same sources `c`.

    The positive array and the feedback are at the inverting inputs `v`, the negative array is at the non-inverting
    inputs `p`. Compensating cells to ground, `b`, make the sums at both inputs equal, so that
    `out = -(G+ - G-) v / G_f` as in the other topology, with the pole `-w_T (G_f/S_i + 1/A0)`.
    """
    (rows, columns), width = p.shape, p.balance[0].shape[1]
    parts = (*p._compensated("out"), Conductors("f", "out", "v", p.feedback_conductance))
    groups, title = (
        {"v": rows, "p": rows, "c": columns, "out": rows, "b": width},
        f"MVM {rows} x {columns} {p.sha256[:12]}",
    )
    sources = (Source("c"), ground_lines(width, columns))
    return Circuit(title, groups, parts, sources, "out", temperature=p.temperature)


def mvm_circuit(design: MvmDesign, drive: Drive | None = None) -> SpiceCircuit:
    """Return the MVM circuit of a record as a PySpice circuit that accepts further elements.

    Args:
        design: Record of the circuit.
        drive: Drive of its input sources; None leaves `c1..cM` (and `d1..dM`) open for your own sources.
    """
    check_type("design", design, MvmDesign)
    return spice_circuit(design.circuit, drive)
