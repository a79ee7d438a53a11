"""Metrics of op-amps as linear functions of states and inputs, so that no other voltages are sampled.

A row holds, side by side, the factors of the states, of the inputs, of 1 and of the slopes of the inputs: a sum of rows
is a sum of matrices.
"""

from __future__ import annotations

import numpy as np

from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import networks
from amc_circuits.linear.probes import Probe
from amc_circuits.results.observation import ideal_drivers
from netlists import GROUND, Circuit, MacroOpAmp, OpAmps
from netlists.opamps.subcircuit import has_energy
from netlists.record import FloatArray


class Observed:
    """Probes of a circuit; op-amps stand in the order of `Circuit.amplifiers`.

    Attributes:
        places: Rows in `every` of each metric: `stage`, output of each op-amp without its load, V; `slewing`, rate that
            its gain stage is driven at, V/s, if there are macro op-amps; `common_mode`, as `common_modes` returns it,
            V, if an op-amp has a range; `current` of every output, A; `drawn`, currents of sources and buffers, A, if
            all supply currents are known.
        every: All of them.
        power: The last two.
        drivers: Voltages of sources and buffers, V; None where a supply current is not known.
    """

    def __init__(self, circuit: Circuit, linear: LinearCircuit) -> None:
        self._circuit, self._linear, self._parts = circuit, linear, circuit.of(OpAmps)
        macro = [isinstance(part.record, MacroOpAmp) for part in self._parts]
        stages, currents = self._stages_and_currents()
        rows = {"stage": stages}
        if any(macro):
            rows["slewing"] = [self._slewing(part) for part in self._parts]
        if any(part.record.equivalent.common_mode_range is not None for part in self._parts):
            rows["common_mode"] = [self._mean(part, 0.5, 0.5) for part in self._parts]
        rows["current"] = currents
        self.drivers: Probe | None = None
        if all(macro) and all(has_energy(part.record) for part in self._parts):
            groups = ideal_drivers(circuit)
            rows["drawn"] = [self._drawn(group) for group in groups]
            self.drivers = self._probe([self._voltage(group) for group in groups])
        cuts = np.cumsum([0, *(sum(len(part) for part in parts) for parts in rows.values())]).tolist()
        self.places = {name: slice(*cuts[k : k + 2]) for k, name in enumerate(rows)}
        self.every = self._probe([part for parts in rows.values() for part in parts])
        self.power = self.every.rows(slice(self.places["current"].start, None))

    def of(self, *names: str) -> Probe:
        """Return the probe of metrics, one after the other."""
        if len(names) == len(self.places):
            return self.every
        return self.every.rows(np.concatenate([np.arange(len(self.every.rest))[self.places[name]] for name in names]))

    def _probe(self, rows: list[FloatArray]) -> Probe:
        """Return the probe of some rows."""
        modes, (states, inputs) = self._linear.modes, self._linear.drive.shape
        read, feed, rest, rising = np.split(
            np.vstack(rows), [states, states + inputs, states + inputs + 1], axis=1
        )  # fmt: skip
        return Probe(modes.seen_by(read), feed, rest[:, 0], modes.real, rising if rising.any() else None)

    def _voltage(self, group: str) -> FloatArray:
        """Return the rows of the voltages of a group of nodes or stages."""
        linear, (states, inputs) = self._linear, self._linear.drive.shape
        if group in linear.held:
            feed = linear.held[group]
            return np.hstack([np.zeros((len(feed), states)), feed, np.zeros((len(feed), 1 + inputs))])
        rows = linear.nodes[group]
        feed, rest = linear.feed[rows], linear.rest[rows, None]
        return np.hstack([linear.read[rows], feed, rest, np.zeros_like(feed)])

    def _rate(self, voltage: FloatArray) -> FloatArray:
        """Return the rows of the rates of change of voltages."""
        linear, (states, inputs) = self._linear, self._linear.drive.shape
        read, feed = voltage[:, :states], voltage[:, states : states + inputs]
        return np.hstack([read @ linear.state, read @ linear.drive, np.zeros((len(read), 1)), feed])

    def _drawn(self, to: str) -> FloatArray:
        """Return the rows of the currents that passive parts draw from a group."""
        found = np.zeros_like(self._voltage(to))
        for _, (groups, laplacian, charge) in networks(self._circuit, at=to):
            cuts = np.cumsum([0, *(self._circuit.groups[group] for group in groups)]).tolist()
            here = slice(*cuts[groups.index(to) :][:2])
            voltage = np.vstack([self._voltage(group) for group in groups])
            found += laplacian[:, here].T @ voltage
            if charge[:, here].any():
                found += charge[:, here].T @ self._rate(voltage)
        return found

    def _stages_and_currents(self) -> tuple[list[FloatArray], list[FloatArray]]:
        stages, currents = [], []
        for part, stage in zip(self._parts, self._linear.stages, strict=True):
            pins = self._voltage(part.output)
            if isinstance(part.record, MacroOpAmp):
                stages.append(self._voltage(stage))
                currents.append((stages[-1] - pins) / part.record.output_resistance)
            else:
                stages.append(pins)
                currents.append(self._drawn(part.output))
        return stages, currents

    def _mean(self, part: OpAmps, plus: float, minus: float) -> FloatArray:
        """Return the rows of a weighted sum of both inputs of a row of op-amps."""
        found = np.zeros_like(self._voltage(part.output))
        for weight, group in ((plus, part.noninverting), (minus, part.inverting)):
            if group != GROUND:
                found += weight * self._voltage(group)
        return found

    def _slewing(self, part: OpAmps) -> FloatArray:
        record = part.record
        found = self._mean(part, *record.equivalent.input_weights)
        if not isinstance(record, MacroOpAmp):
            return 0.0 * found
        own = 0.0 if part.offset is None else record.input_weights[0] * part.offset
        found[:, self._linear.state.shape[0] + self._linear.drive.shape[1]] += record.input_offset + own
        return record.unity_gain_frequency * found
