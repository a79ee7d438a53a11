"""A circuit beyond its linear range: limits of macro op-amps, and limiters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from amc_circuits.engines.contract import NotIntegrableError
from amc_circuits.engines.exact.nonlinear.powers import Account
from amc_circuits.engines.exact.nonlinear.rest import discharged, resting
from amc_circuits.engines.exact.nonlinear.rows import Rows
from amc_circuits.engines.exact.nonlinear.sampling import at_times
from amc_circuits.engines.exact.nonlinear.system import System, times
from amc_circuits.engines.exact.nonlinear.trajectory import Integrator, Place, Step
from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.linear.response import Piece
from amc_circuits.results.observation import common_mode_ranges, common_modes
from netlists import Array, Circuit, Limiter, MacroOpAmp, StepTrain
from netlists.record import FloatArray

COARSE = 16
"""Times at which the loss of a linear response is estimated before it is read."""
FEW, SURE = 6, 30.0
"""Times of a first look; and the loss, in units of what is enough, that they show for sure: between times that rise by
factors of `(stop/start)^(1/5)`, what decays is overestimated by less."""


def is_linear(circuit: Circuit) -> bool:
    """Return True if all cells are linear."""
    return all(array.nonlinearity_voltage is None for array in circuit.of(Array))


def applies(circuit: Circuit) -> bool:
    """Return True if a circuit is integrated: it is not linear, or every op-amp is a macro model with limits.

    The laws of all its parts are known (`check_known`).
    """
    return not circuit.linear or all(isinstance(record, MacroOpAmp) for record in circuit.opamps)


Stretch = tuple[float, float, FloatArray, FloatArray]
"""Times of two corners of the inputs, s, and the inputs there, shape (inputs, K), V."""

BEHIND_LIMITERS = 0.2
"""Full scale of a circuit with limiters in units of the inputs: outputs behind dead zones are smaller than others."""
LEAST_OUTPUT = 0.1
"""Least full scale in units of the inputs: outputs that come to rest near 0 V may have been larger on their way."""
LEAST_SCALE = 1e-9
"""Least full scale of a response, V: its tolerance is then a hundred times the rounding error of voltages of 1 V."""


class NonlinearCircuit:
    """A circuit with macro op-amps, with all that does not depend on its inputs worked out."""

    def __init__(self, circuit: Circuit, linear: LinearCircuit | None = None) -> None:
        """`linear`: its linear circuit, without limiters; worked out unless given."""
        self.circuit = circuit
        self._kicks = [source.kick for source in circuit.sources if source.kick is not None]
        self._further = bool(circuit.of(Limiter)) or not is_linear(circuit)
        modes = None if self._further else (linear or linear_circuit(circuit)).modes
        self.system = System(_kicked(circuit), modes, None if self._kicks or self._further else linear)
        self.account = Account(_kicked(circuit), self.system)

    @cached_property
    def at_rest(self) -> Place:
        """The circuit before its first input: at rest with all inputs at 0 V, or discharged."""
        if self.circuit.discharged:
            return discharged(self.system)
        return resting(self.system, np.zeros((self.system.inputs, 1)))

    def resting_outputs(self, levels: FloatArray) -> FloatArray:
        """Return the outputs at rest for levels (inputs, K), shape (N, K), V; a column of nan where none is found."""
        found = np.full((self.circuit.groups[self.circuit.outputs], levels.shape[1]), np.nan)
        for k in range(levels.shape[1]):
            own = levels[:, k : k + 1]
            try:
                place = resting(self.system, own)
            except NotIntegrableError:
                continue
            found[:, k] = self.outputs.at(place.state, own, place.added.pins[:, 0])[:, 0]
        return found

    @cached_property
    def opamps(self) -> int:
        """Number of op-amps."""
        return sum(self.circuit.groups[part.output] for part, _ in self.system.opamps)

    @cached_property
    def outputs(self) -> Rows:
        """Output voltages."""
        return self.system.rows(self.circuit.outputs)

    @cached_property
    def watched(self) -> tuple[dict[str, slice], Rows]:
        """Groups, other than the outputs and those that sources hold, then last stages: what else is read, by rows."""
        circuit, held = self.circuit, self.system.linear.held
        stages = [last for _, last in self.system.opamps]
        # Outputs first, as the others and the stages seldom depend on pins: neighbours that do not are one product.
        groups = [*(part.output for part, _ in self.system.opamps), *self.account.groups]
        names = [name for name in dict.fromkeys([*groups, *stages]) if name != circuit.outputs and name not in held]
        sizes = [nodes.stop - nodes.start for nodes in (self.system.linear.nodes[name] for name in names)]
        places = {name: slice(*cut) for name, cut in zip(names, pairwise(accumulate(sizes, initial=0)), strict=True)}
        return places, self.system.rows(*names)

    @cached_property
    def held(self) -> dict[str, FloatArray | None]:
        """Weights of the inputs at groups that sources hold; None where each node has an input of its own."""
        inputs = self.system.inputs
        found = {group: weights[:, :inputs] for group, weights in self.system.linear.held.items()}
        return {group: None if np.array_equal(own, np.eye(inputs)) else own for group, own in found.items()}

    def losses(self, hold: Piece, enough: float = np.inf) -> FloatArray:
        """Estimate what limits take from linear responses, from few samples, in units of full scale, shape (K,).

        What tanh takes from the rate of a stage, added up, from the drop of an output, and what a clamp adds, as in
        `linear_range.py`; a loss that is estimated too low is found when the response is read. No more is estimated
        where slewing alone takes more than `enough` of every response.
        """
        time = np.geomspace(hold.start, hold.stop, COARSE)
        state = self.system.linear_state(hold, time)
        lost, full = self._slewing(time, state, hold.inputs)
        if (lost > enough).all():
            return lost
        laws, seen, weights = self.system.laws, self.system.seen, np.gradient(time)[:, None]
        stage, drop = np.split(_voltages(seen.part(slice(laws.count, 3 * laws.count)), state, hold.inputs), 2)
        output = laws.resistance[:, 0] * np.abs(laws.output(drop)[0]).max(axis=1)
        clamp = (np.abs(laws.clamp(stage)[0]) * weights).sum(axis=1)
        lost = np.maximum(lost, np.maximum(output, clamp).max(axis=0) / full)
        return np.where(self._common_mode_passed(state, hold), np.inf, lost)

    def surely_beyond(self, drive: StepTrain, enough: float) -> bool:
        """Return True if slewing takes more than `enough` of all responses from rest, by far, in units of full scale.

        From few samples of the linear responses to steps.
        """
        ratio = drive.slot_time / drive.rise_time
        time = drive.rise_time * ratio ** (np.arange(FEW) / (FEW - 1))
        lost, _ = self._slewing(time, self.system.step_response(drive.levels, time), drive.levels)
        return bool((lost > SURE * enough).all())

    def _slewing(self, time: FloatArray, state: FloatArray, inputs: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Estimate what limited slewing takes from linear responses, in units of full scale, and that, V, shape (K,).

        Args:
            time: Times of the samples, s.
            state: Coordinates at them, shape (n, T, K).
            inputs: Constant inputs, shape (inputs, K), V.
        """
        laws = self.system.laws
        outputs = self.outputs.modal @ state[:, -1] + self.outputs.feed @ inputs + self.outputs.rest[:, None]
        full = np.maximum(np.abs(outputs).max(axis=0), np.finfo(float).tiny)
        drive = _voltages(self.system.seen.part(slice(0, laws.count)), state, inputs)
        slewing = (np.abs(laws.stage(drive)[0]) * np.gradient(time)[:, None]).sum(axis=1)
        return np.asarray(slewing.max(axis=0) / full), full

    def _common_mode_passed(self, state: FloatArray, hold: Piece) -> NDArray[np.bool_]:
        """Return whether each response exceeds the common-mode range of an op-amp, shape (K,)."""
        names = list(self.circuit.groups)
        ranges = common_mode_ranges(self.circuit)
        if np.isinf(ranges).all():
            return np.zeros(state.shape[2], dtype=np.bool_)
        rows = self.system.rows(*names)
        voltages = _voltages(rows, state, hold.inputs)
        cuts = np.cumsum([self.circuit.groups[name] for name in names])[:-1]
        seen = common_modes(
            self.circuit, dict(zip(names, np.split(voltages.transpose(1, 2, 0), cuts, axis=2), strict=True))
        )
        assert seen is not None
        return np.asarray((np.abs(seen) > ranges).any(axis=(0, 2)))

    def stretches(
        self, time: FloatArray, values: FloatArray, beginnings: Sequence[float], edge: float
    ) -> list[Stretch]:
        """Return the pieces between the corners of all inputs; start-up pulses are further inputs.

        Args:
            time: Times of the corners, shape (C,), s.
            values: Inputs of the circuit there, shape (C, inputs, K), V.
            beginnings: Starts of right-hand sides, s.
            edge: Duration of an edge of a pulse, s.
        """
        if self._kicks:
            shape = [(0.0, edge, kick.duration, kick.duration + edge) for kick in self._kicks]
            at = [np.concatenate([begin + np.array(one) for begin in beginnings]) for one in shape]
            every = np.unique(np.concatenate([time, *(one[one < time[-1]] for one in at)]))
            flat = values.reshape(len(time), -1)
            whole = np.stack([np.interp(every, time, column) for column in flat.T], axis=1)
            pulses = [np.interp(every, one, np.tile([0.0, 1, 1, 0], len(beginnings))) for one in at]
            each = np.repeat(np.stack(pulses, axis=1)[:, :, None], values.shape[2], axis=2)
            time, values = every, np.concatenate([whole.reshape(len(every), *values.shape[1:]), each], axis=1)
        return [
            (float(first), float(last), values[k], values[k + 1])
            for k, (first, last) in enumerate(pairwise(time))
            if last > first
        ]

    def integrated(self, stretches: Sequence[Stretch], place: Place, scale: FloatArray) -> tuple[list[Step], Place]:
        """Integrate responses from a place; the first step is as long as the first stretch.

        Args:
            stretches: Inputs.
            place: Where the responses are.
            scale: Full scale of each, shape (K,), V.
        """
        integrator, steps = Integrator(self.system, scale, stretches[0][1] - stretches[0][0]), []
        for first, last, before, after in stretches:
            found, place = integrator.run(place, last, before, (after - before) / (last - first))
            steps += found
        return steps, place

    def scale(self, levels: FloatArray) -> FloatArray:
        """Return the full scale of responses to levels (inputs, K), V: the swing where start-up pulses drive them.

        Limiters may leave little of it, so there it is a part of the inputs. Clamps leave no more than their swing.
        Else it follows `full_scale`.
        """
        swing = float(self.system.laws.swing.min(initial=np.inf))
        inputs = np.minimum(np.abs(levels).max(axis=0, initial=0.0), swing)
        if self._kicks:
            return np.full_like(inputs, swing)
        if self._further:
            part = BEHIND_LIMITERS if self.system.limiters.count else 1.0
            return np.asarray(np.maximum(part * inputs, LEAST_SCALE))
        system, outputs = self.system, self.outputs
        still = system.still(system.drive @ levels)
        return full_scale(inputs, outputs.modal @ still + outputs.feed @ levels + outputs.rest[:, None])

    def outputs_over(self, drive: StepTrain, time: FloatArray) -> FloatArray:
        """Outputs over a whole step train, returns to rest included, at times (T,), rising, s; shape (T, N), V."""
        corners, voltages = drive.corners()
        corners, voltages = np.append(corners, time[-1] + corners[-1]), np.vstack([voltages, voltages[-1:]])
        stretches = self.stretches(corners, voltages[:, :, None], drive.beginnings, drive.rise_time)
        scale = self.scale(drive.levels).max(keepdims=True)
        steps, _ = self.integrated(stretches, self.at_rest, scale)
        starts = np.array([step.start for step in steps])
        which = np.clip(np.searchsorted(starts, time, side="right") - 1, 0, None)
        outputs = [at_times(self.system, steps[j], time[which == j], self.outputs) for j in np.unique(which)]
        return np.concatenate([one[:, :, 0].T for one in outputs])


def full_scale(inputs: FloatArray, outputs: FloatArray) -> FloatArray:
    """Return the full scale of responses: the largest output (..., N, K) at rest without limits, V.

    It is at most the largest input (K,), V, as limits may hold outputs far below, and at least a part of it.
    """
    largest = np.minimum(np.abs(outputs).max(axis=-2), inputs)
    return np.asarray(np.maximum(np.maximum(largest, LEAST_OUTPUT * inputs), LEAST_SCALE))


def _voltages(rows: Rows, state: FloatArray, inputs: FloatArray) -> FloatArray:
    """Return voltages (rows, T, K) of coordinates (n, T, K) of linear responses to constant inputs, V."""
    return np.asarray(times(rows.modal, state) + (rows.feed @ inputs + rows.rest[:, None])[:, None])


def _kicked(circuit: Circuit) -> Circuit:
    """Return the circuit with its start-up pulses as further inputs."""
    kicks = [source for source in circuit.sources if source.kick is not None]
    if not kicks:
        return circuit
    sources = []
    for source in circuit.sources:
        size = circuit.groups[source.group]
        pulses = np.zeros((size, len(kicks)))
        if source.kick is not None:
            pulses[:, kicks.index(source)] = source.kick.volts
        weights = np.hstack([source.matrix(size, circuit.inputs), pulses])
        sources.append(replace(source, weights=weights, kick=None))
    return replace(circuit, sources=tuple(sources))
