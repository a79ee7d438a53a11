"""Currents and powers of responses at the points of their panels, from the voltages of all nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amc_circuits.engines.exact.nonlinear.laws import supply_power
from amc_circuits.engines.exact.nonlinear.panels import Panels
from amc_circuits.engines.exact.nonlinear.system import System, times
from amc_circuits.linear.equations import Network, networks
from amc_circuits.results.observation import ideal_drivers
from netlists import Array, MacroOpAmp
from netlists.opamps.subcircuit import has_energy
from netlists.parts import Part
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Powers:
    """Powers at the points of panels.

    Attributes:
        dissipated: In passive parts, by account without that of the op-amps, shape (points, K) each, W.
        delivered: By supplies and sources, shape (points, K), W; None where a supply current is not known.
    """

    dissipated: dict[str, FloatArray]
    delivered: FloatArray | None

    __repr__ = short_repr


class Account:
    """Everything that powers need and that does not depend on the responses."""

    def __init__(self, system: System) -> None:
        self.system, self.circuit = system, system.circuit
        self._drivers = ideal_drivers(self.circuit)
        own = self.circuit.accounts[:-1]
        self._passive = [(part, network) for part, network in self._parts() if getattr(part, "account", "") in own]
        self._drawing = [
            (part, network) for part, network in self._parts() if any(group in self._drivers for group in network[0])
        ]
        wanted = [group for _, network in self._passive + self._drawing for group in network[0]]
        self.groups = list(dict.fromkeys([*wanted, *self._drivers]))

    def _parts(self) -> list[tuple[Part, Network]]:
        return [(self.circuit.part(name), network) for name, network in networks(self.circuit)]

    def of(self, panels: Panels, voltage: dict[str, FloatArray], currents: FloatArray) -> Powers:
        """Compute powers at the first points of panels.

        Args:
            panels: Responses.
            voltage: Voltages of `groups` at these points, shape (nodes, points, K), V.
            currents: Currents of the outputs of the op-amps at these points, shape (m, points, K), A.
        """
        dissipated = {account: np.zeros(currents.shape[1:]) for account in self.circuit.accounts[:-1]}
        for part, (groups, laplacian, _) in self._passive:
            ends = np.concatenate([voltage[group] for group in groups])
            if isinstance(part, Array):
                power = np.einsum("rtk,rtk->tk", ends, times(laplacian, ends))
            else:
                # Over the voltages across the conductors, so that nothing cancels.
                size = len(laplacian) // len(groups)
                across = ends if len(groups) == 1 else ends[:size] - ends[size:]
                power = np.einsum("r,rtk,rtk->tk", np.diag(laplacian)[:size], across, across)
            dissipated[getattr(part, "account", "")] += power
        return Powers(dissipated, self._delivered(panels, voltage, currents))

    def _delivered(self, panels: Panels, voltage: dict[str, FloatArray], currents: FloatArray) -> FloatArray | None:
        records = [part.record for part in self.circuit.parts if hasattr(part, "record")]
        if not all(isinstance(record, MacroOpAmp) and has_energy(record) for record in records):
            return None
        found = self._supplied(currents)
        for _, (groups, laplacian, charge) in self._drawing:
            ends = np.concatenate([voltage[group] for group in groups])
            first = 0
            for group in groups:
                here = slice(first, first + self.circuit.groups[group])
                first = here.stop
                if group in self._drivers:
                    flow = times(laplacian[here], ends)
                    if charge[here].any():
                        flow += times(charge[here], panels.slopes(ends))
                    found += np.einsum("rtk,rtk->tk", voltage[group], flow)
        return found

    def _supplied(self, currents: FloatArray) -> FloatArray:
        """Power from the rails of all op-amps, class AB, shape (points, K), W."""
        found, first = np.zeros(currents.shape[1:]), 0
        for part, record, _ in self.system.macros:
            own = currents[first : first + self.circuit.groups[part.output]]
            first += len(own)
            found += supply_power(record, own).sum(axis=0)
        return found
