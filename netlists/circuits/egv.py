"""EGV circuit, `A x = lambda x` in one step: its growing mode is an eigenvector (Sun et al., PNAS 2019).

Reference: doi 10.1073/pnas.1815682116.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from netlists.circuit import Circuit
from netlists.circuits.array_design import ArrayDesign
from netlists.circuits.balance import balance_arrays, ground_lines
from netlists.circuits.inv import INVERTER_RESISTANCE, INVERTERS, InverterResistance
from netlists.driving import Kick, Source
from netlists.errors import check_type
from netlists.parts import Conductors, OpAmps, Part
from netlists.record import FloatArray, ParameterError, Vector, about

KickVoltage = Annotated[
    float, about("Height of the pulse that starts the circuit; 0 leaves the start to the offsets", "V", ge=0, le=10)
]
KickDuration = Annotated[float, Field(gt=0, le=1)]
KICK_VOLTAGE = 0.2
"""Height of the pulse unless another one is given, V: its start exceeds the noise of usual circuits."""


class EgvDesign(ArrayDesign):
    """EGV circuit, `(G+ - G-) c = G_lambda c` at ideal sum nodes.

    Attributes:
        feedback_conductance: Feedback conductance G_lambda of each row, siemens.
        kick_conductance: Conductance from each source of the pulse to its sum node, siemens.
        smallest: True for the smallest eigenvalue, which is below G_lambda; False for the largest, which is above.
        kick: Height of the pulse at row 1, V. It falls linearly to the last row, so that no symmetry of A hides an
            eigenvector from it.
        kick_duration: Duration of the pulse, s.
        inverter_resistance: Resistance of the two equal resistors of each analog inverter, ohm; unused without
            inverters.
        inverter_offset: Offsets of the inverters' op-amps, like `amplifier_offset`; unused without inverters.
    """

    _compensates_pairs = False

    feedback_conductance: Annotated[float, Field(gt=0, le=1e3)]
    kick_conductance: Annotated[float, Field(gt=0, le=1e3)]
    smallest: bool = False
    kick: KickVoltage = KICK_VOLTAGE
    kick_duration: KickDuration
    inverter_resistance: InverterResistance = INVERTER_RESISTANCE
    inverter_offset: Vector | None = None

    @model_validator(mode="after")
    def _square(self) -> Self:
        rows, columns = self.conductance_positive.shape
        if rows != columns:
            raise ParameterError("conductance_positive", f"shape ({rows}, {columns})", "EGV needs a square array")
        self._check_length("inverter_offset", self.inverter_offset, columns)
        return self

    @property
    def size(self) -> int:
        """Number of rows, N."""
        return int(self.conductance_positive.shape[0])

    @property
    def kick_shape(self) -> FloatArray:
        """Height of the pulse at each row in units of that at row 1, shape (N,)."""
        return np.linspace(1.0, 0.0, self.size, endpoint=False)

    @cached_property
    def circuit(self) -> Circuit:
        """Circuit of the record; kept together with its computed results."""
        return egv(self)


def egv(p: EgvDesign) -> Circuit:
    """Return the EGV circuit of a record.

    Sum node `v_i` is the inverting input of op-amp i with output `u_i`; an analog inverter gives `c_i = -u_i`, and
    `w_i` is its sum node. For the largest eigenvalue, c drives the positive array, u the negative one and the feedback.
    For the smallest one, u and c are exchanged. A pulse at `in_i` and the offsets start the circuit, which is
    discharged before. With compensating cells there are no inverters, see `_compensated`.
    """
    check_type("p", p, EgvDesign)
    if p.compensated:
        return _compensated(p)
    n = p.size
    with_a, against = ("u", "c") if p.smallest else ("c", "u")
    parts: list[Part] = [
        Conductors("in", "in", "v", p.kick_conductance, account="inputs"),
        p._array("p", "v", with_a, p.conductance_positive),
        *(() if p.conductance_negative is None else (p._array("n", "v", against, p.conductance_negative),)),
        Conductors("f", against, "v", p.feedback_conductance),
        OpAmps("amp", "v", "u", p.opamp, offset=p.amplifier_offset, label="amplifier"),
        *(Conductors(name, group, "w", 1 / p.inverter_resistance) for name, group in zip(INVERTERS, "uc", strict=True)),
        OpAmps("inv", "w", "c", p.opamp, offset=p.inverter_offset, label="inverter"),
    ]
    groups, title = dict.fromkeys(("in", "v", "u", "w", "c"), n), f"EGV {n} x {n} {p.sha256[:12]}"
    return Circuit(title, groups, tuple(parts), (_pulse(p),), "c", temperature=p.temperature)


def _compensated(p: EgvDesign) -> Circuit:
    """Return the circuit with both arrays and the feedback at the inputs of the same op-amps, driven by `c`.

    For the largest eigenvalue the positive array is at the non-inverting inputs `p`, the negative one and the feedback
    at the inverting inputs `v`; for the smallest one they are exchanged. Compensating cells to ground, `b`, make the
    sums S at both inputs equal: `dc_i/dt = +-(w_T/S_i) ((G+ - G- - G_lambda) c)_i - (w_T/A0) c_i`.
    """
    n, columns = p.size, p.balance[0].shape[1]
    with_a, against = ("v", "p") if p.smallest else ("p", "v")
    parts: list[Part] = [
        Conductors("in", "in", "v", p.kick_conductance, account="inputs"),
        p._array("p", with_a, "c", p.conductance_positive),
        *(() if p.conductance_negative is None else (p._array("n", against, "c", p.conductance_negative),)),
        Conductors("f", "c", against, p.feedback_conductance),
        *balance_arrays("b", ("v", "p"), p.balance, p.interconnect, p.nonlinearity_voltage),
        OpAmps("amp", "v", "c", p.opamp, "p", p.amplifier_offset, label="amplifier"),
    ]
    groups, title = dict.fromkeys(("in", "v", "p", "c"), n) | {"b": columns}, f"EGV {n} x {n} {p.sha256[:12]}"
    sources = (_pulse(p), ground_lines(columns, 1))
    return Circuit(title, groups, tuple(parts), sources, "c", temperature=p.temperature)


def _pulse(p: EgvDesign) -> Source:
    """Return the sources of the pulse, which have no other input."""
    kick = Kick(p.kick * p.kick_shape, p.kick_duration, discharged=True)
    return Source("in", np.zeros((p.size, 1)), kick)
