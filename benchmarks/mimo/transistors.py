"""Rows of precoders by transistors in ngspice: 16 users and 128 antennas beside the fit, wires, low power."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from amc_circuits import InvCircuit, Solution
from benchmarks.kept import Kept
from benchmarks.mimo.rows import IDEAL, Row
from mimo import Parts, PrecodeSettings
from mimo.precoding.study import Link, circuit_of, exact_precoders, link_of
from mimo.radio.real_form import RealArray, real_vector
from netlists import preset

CHANNELS = 5


@dataclass(frozen=True)
class Design:
    """A precoder.

    Attributes:
        name: Name in the rows.
        precoder: Name of the circuit.
        limit: Settling time that it must keep, ns.
        given: Options of the circuit, by name.
        users: Number of users.
        antennas: Number of antennas.
    """

    name: str
    precoder: str
    limit: float
    given: dict[str, object] = field(default_factory=dict)
    users: int = 16
    antennas: int = 128

    @property
    def settings(self) -> PrecodeSettings:
        """Settings of the study."""
        size = {"antennas": self.antennas, "users": self.users}
        return PrecodeSettings(**size, precoder=self.precoder, realizations=CHANNELS, transients=1)

    @property
    def link(self) -> Link:
        """Channels and symbols."""
        return link_of(self.settings)

    def solve(self, place: int, engine: str) -> Solution:
        """Transient of a channel with its first vector of symbols: ngspice has the transistors, exact their fit."""
        circuit = circuit_of(self.settings, self.link, Parts(IDEAL | self.given), place, engine)
        return circuit.solve(self.symbols(place))

    def symbols(self, place: int) -> RealArray:
        """First vector of symbols of a channel, shape (2K,)."""
        return real_vector(self.link.qam.symbols(self.link.drawn[:, place]))[:, 0]


STRONG = {"opamp": "cmos-0.9g-transistor"}
SMALL = {"opamp": "cmos-0.9g-low-power-transistor", "g_min": "0.5u", "g_max": "35u"}
GINV = Design("GINV", "ginv", 10, STRONG | {"topology": "compensated"})
CASCADE = Design("cascade", "cascade", 13, STRONG | {"inverter_resistance": "1k"})
LOW_POWER = (
    Design("GINV, low power, 35 uS", "ginv", 10, SMALL | {"topology": "compensated"}),
    Design("cascade, low power, 35 uS", "cascade", 13, SMALL | {"inverter_resistance": "3k"}),
)


def measured(design: Design, place: int) -> dict[str, Any]:
    """Settling times, ns, energies, nJ, and errors of a channel, by transistors and by their fit; and the status."""
    both = design.solve(place, "ngspice"), design.solve(place, "exact")
    return {
        "times": [1e9 * float(one.settling_time) for one in both],
        "energies": [1e9 * float(one.energy.total) for one in both],
        "errors": [_error(design, place, one) for one in both],
        "status": both[0].status.name,
    }


def settled(design: Design, place: int, kept: Kept) -> Iterator[Row]:
    """Rows of one channel: the limit, the error, and the fit; the error that wires make is that of the fit."""
    name = f"{design.name}, channel {place}"
    found = kept.result(name, lambda: measured(design, place))
    (time, time_of_fit), (error, fitted), energies = (found[part] for part in ("times", "errors", "energies"))
    yield Row(f"{name}: settled, ns, below {design.limit:g}", time, design.limit / 2, design.limit / 2, True)
    if "wire_resistance" in design.given:
        yield Row(f"{name}: error without its gain, against its fit", error, fitted, 0.05)
    else:
        yield Row(f"{name}: error without its gain, below 1 %", error, 0.005, 0.005, True)
    yield Row(f"{name}: ns, against its fit", time, time_of_fit, 0.05)
    print(f"      {name}: {energies[0]:.2f} nJ, its fit {energies[1]:.2f} nJ, {found['status']}")


def _error(design: Design, place: int, found: Solution) -> float:
    """Relative error of the sent vector, but for a common gain, which does not matter to receivers."""
    wanted = exact_precoders(design.settings, design.link)[place] @ design.symbols(place)
    value = np.asarray(found.value)
    gain = value @ wanted / (wanted @ wanted)
    return float(np.linalg.norm(value / gain - wanted) / np.linalg.norm(wanted))


def transistors(kept: Kept) -> Iterator[Row]:
    """16 users, 128 antennas by transistors, five channels: GINV below 10 ns, cascade below 13 ns, as the fit says."""
    for design in (GINV, CASCADE):
        for place in range(CHANNELS):
            yield from settled(design, place, kept)
    for design in LOW_POWER:
        yield from settled(design, 0, kept)


def wired(kept: Kept) -> Iterator[Row]:
    """The same by transistors with wires of 0.35 ohm, one channel: as the fit says."""
    for design in (GINV, CASCADE):
        given = design.given | {"wire_resistance": "0.35"}
        yield from settled(Design(f"{design.name}, 0.35 ohm", design.precoder, design.limit, given), 0, kept)


def inverse_times(engine: str) -> list[float]:
    """Settling times of INV of a Gram matrix for two vectors, ns: by transistors in ngspice, by their fit in exact."""
    channel, opamp = GINV.link.channels[0], preset("cmos-0.9g-transistor")
    given = opamp if engine == "ngspice" else opamp.equivalent
    circuit = InvCircuit.program(channel @ channel.T, opamp=given, inverter_resistance=1e3, engine=engine)
    b = np.stack([GINV.symbols(0), GINV.symbols(1)], axis=1)
    return [1e9 * float(one) for one in np.asarray(circuit.solve(b).settling_time)]


def inverse() -> Iterator[Row]:
    """INV of the Gram matrix of 16 users by transistors, two vectors: as the fit says."""
    for place, (real, fit) in enumerate(zip(inverse_times("ngspice"), inverse_times("exact"), strict=True)):
        yield Row(f"INV of 32 rows, vector {place}: ns, against its fit", real, fit, 0.02)
