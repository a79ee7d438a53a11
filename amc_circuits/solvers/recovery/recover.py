"""The recovery circuit as a solver: program F, and sparse solutions of `F x = y` follow in one step each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits.cells.system import System
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.linear.margins import Limit, largest_gbwp, lowest_second_pole
from amc_circuits.linear.noise import Noise
from amc_circuits.linear.stability import Stability
from amc_circuits.results.converters import HEADROOM, Converters
from amc_circuits.results.observation import opamp_places
from amc_circuits.results.readings import Reading
from amc_circuits.results.response import Response
from amc_circuits.results.status import Status
from amc_circuits.solvers.fields import Fields, check_meaning, known_fields
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.least_squares.copies import TwoCopies
from amc_circuits.solvers.question import Question
from amc_circuits.solvers.recovery.lasso import lasso, violation
from amc_circuits.solvers.recovery.parameters import MEANINGLESS, DeadZoneType, RecoverParameters
from amc_circuits.solvers.recovery.plan import RecoverPlan
from amc_circuits.values.checks import Numbers
from amc_circuits.values.quantities import format_quantity
from netlists import (
    GROUND,
    Buffers,
    Circuit,
    ClippingOpAmps,
    Conductors,
    Limiter,
    MacroOpAmp,
    OpAmps,
    ParameterError,
    Record,
)
from netlists.circuits.recover import RecoverDesign
from netlists.opamps.subcircuit import CLAMP_VOLTAGE
from netlists.record import FloatArray

BEYOND_SWING = Status.register(
    "BEYOND_SWING",
    40,
    "an amplifier rests beyond 0.8 of its swing, and a smaller scale has another lambda; lower input_voltage or "
    "dead_zone, or take an op-amp with more swing",
)


class RecoverCircuit(TwoCopies):
    """Arrays of F and F^T with dead zones: `solve(y)` minimizes ||F x - y||^2/2 + lambda |x|_1."""

    takes = "y"
    meaningless = MappingProxyType(MEANINGLESS)
    Parameters = RecoverParameters
    parameters: RecoverParameters

    @classmethod
    def program(
        cls,
        matrix: ArrayLike,
        *,
        weight: float = 0.1,
        dead_zone: float = 0.2,
        dead_zone_type: DeadZoneType = "ideal",
        feedback_conductance: float | Literal["auto"] = "auto",
        engine: str = "ngspice",
        converters: Converters | None = None,
        **fields: Unpack[Fields],
    ) -> Self:
        """Map F to conductances and build the circuit.

        Args:
            matrix: F, shape (N, M), real.
            weight: lambda in units of max|F| max|y|.
            dead_zone: Level of the dead zones, V, below the swing of the op-amps.
            dead_zone_type: Dead zones: `ideal` sources, or two `op-amps` each, whose clamps are soft.
            feedback_conductance: Feedback conductance of the row amplifiers, siemens; `auto` takes the closed form.
            engine: Name of the engine that simulates.
            converters: DACs and ADCs; None for no converters.
            **fields: Other keywords, as in `Solver.program`.

        Raises:
            ParameterError: A parameter cannot be used.
        """
        check_meaning(known_fields(fields, cls.Parameters), MEANINGLESS)
        given: dict[str, Any] = {**fields, "fixed_scale": True}
        given |= {"weight": weight, "dead_zone": dead_zone, "feedback_conductance": feedback_conductance}
        given["dead_zone_type"] = dead_zone_type
        made = super().program(matrix, engine=engine, converters=converters, **given)
        swing = made.hardware.opamp_in_use.swing
        if made.parameters.dead_zone >= swing:
            mend = f"must be below the swing of the op-amps, {format_quantity(swing, 'V')}"
            raise ParameterError("dead_zone", made.parameters.dead_zone, mend)
        return made

    @classmethod
    def system_of(cls, matrix: Numbers, hardware: Hardware) -> System:
        """Build the system of a real F.

        Raises:
            ParameterError: F is complex.
        """
        if np.iscomplexobj(matrix):
            mend = "take a real one: the penalty of a complex x is no sum over real and imaginary parts"
            raise ParameterError("A", "a complex matrix", mend)
        return System.inverse(matrix, hardware.scaling)

    @classmethod
    def planned(cls, system: System, hardware: Hardware, parameters: Record) -> RecoverPlan:
        """Return the design: feedback, leak, targets of compensating cells."""
        assert isinstance(parameters, RecoverParameters)
        return RecoverPlan(cls.wanted_cells(system, hardware), hardware, parameters)

    @cached_property
    def plan(self) -> RecoverPlan:
        """Design of this circuit."""
        return self.planned(self.system, self.hardware, self.parameters)

    @cached_property
    def design(self) -> RecoverDesign:
        """Parameter record of the circuit; the input conductance is that of max|F|."""
        hardware, (rows, columns) = self.hardware, self.mapping.positive.shape
        offsets = {
            "row_offset": hardware.offsets("part_offset", rows, 0),
            "column_offset": hardware.offsets("part_offset", columns, 1),
        }
        if self.plan.made:
            offsets["clip_offset"] = hardware.offsets("part_offset", columns, 2)
            offsets["difference_offset"] = hardware.offsets("part_offset", columns, 3)
        return self.plan.record(self.mappings, self.settings.input_voltage, **offsets)

    @property
    def circuit(self) -> Circuit:
        """Circuit as parts."""
        return self.design.circuit

    @cached_property
    def passing(self) -> Circuit:
        """Circuit with every output beyond its dead zone.

        Buffers are in the place of ideal dead zones; an op-amp that clips leaves its output resistance to ground.
        """
        if not self.plan.made:
            return self.circuit.with_parts(Buffers("dead", "q", "x"))
        record = self.hardware.opamp_in_use.equivalent
        assert isinstance(record, MacroOpAmp)
        return self.circuit.with_parts(Conductors("clip", "z", GROUND, 1 / record.output_resistance))

    def resting_circuit(self, outputs: FloatArray | None) -> Circuit:
        """Return the circuit that is linear around the rest with outputs (M,), V: those that are not 0 pass.

        Raises:
            ParameterError: The dead zones are made of op-amps.
        """
        if self.plan.made:
            mend = "noise of dead zones with soft clamps is not known; take ideal, or leave noise out"
            raise ParameterError("dead_zone_type", self.parameters.dead_zone_type, mend)
        x = np.zeros(self.circuit.groups["x"]) if outputs is None else outputs
        (dead,) = self.circuit.of(Limiter)
        return self.circuit.with_parts(replace(dead, around=x + self.parameters.dead_zone * np.sign(x)))

    def noise(self, bandwidth: float | None = None) -> Noise:
        """Refuse: noise depends on the outputs beyond their dead zones.

        Raises:
            ParameterError: Always.
        """
        raise ParameterError("noise", "no answer", "depends on what is beyond its dead zone; take it of a solution")

    @cached_property
    def stability(self) -> Stability:
        """Poles with all outputs within their dead zones; those beyond all of them if one of these grows."""
        passing = Stability(linear_circuit(self.passing).poles)
        if passing.stable:
            return Stability(self.linear.poles)
        return Stability(passing.poles, f"{passing.growing}{self.unstable_because()}")

    def limits(self) -> dict[tuple[str, str], tuple[Limit, float | None]]:
        """Limits of second pole and GBWP with every output beyond its dead zone, which has the largest loop gain."""
        record = self.hardware.opamp_in_use.equivalent
        second_pole = record.second_pole if isinstance(record, MacroOpAmp) else None
        return {
            ("lowest_second_pole", "Hz"): (lowest_second_pole(self.passing), second_pole),
            ("largest_gbwp", "Hz"): (largest_gbwp(self.passing), record.gbwp),
        }

    def penalties(self, columns: FloatArray) -> FloatArray:
        """Compute lambda of every right-hand side (N, K), shape (K,): `weight max|F| max|y|`."""
        return np.asarray(self.parameters.weight * self.mapping.alpha * np.abs(columns).max(axis=0))

    def reference(self, columns: FloatArray) -> FloatArray:
        """Solution by coordinate descent, shape (M, K)."""
        matrix = self.system.programmed
        found = [lasso(matrix, y, lam) for y, lam in zip(columns.T, self.penalties(columns).tolist(), strict=True)]
        return np.stack(found, axis=1)

    def question(self, vectors: ArrayLike | None) -> Question:
        """Combine right-hand sides (N,) or (N, K), real and not zero, with the exact answers.

        Raises:
            ParameterError: The shape does not match, or an entry is not finite, complex, or a right-hand side is zero.
        """
        given = np.asarray(vectors)
        if np.iscomplexobj(given) and given.imag.any():
            raise ParameterError("y", "complex numbers", "take real ones; lambda follows from the largest entry")
        if given.dtype.kind in "fiubc" and given.size and (np.abs(given).max(axis=0) == 0).any():
            raise ParameterError("y", "zeros", "lambda follows from the largest entry; the answer is zero, too")
        return super().question(vectors)

    def steady(self, vectors: ArrayLike, *, at: float | None = None) -> Numbers:
        """Refuse: the linear circuit does not know which outputs are beyond their dead zones.

        Raises:
            ParameterError: Always.
        """
        raise ParameterError("vectors", "a steady state", "the dead zones are not linear; take solve")

    def own_status(self, reading: Reading) -> Status | None:
        """Return the status of an amplifier that rests beyond 0.8 of its swing: with other k, lambda is another."""
        if reading.amplifiers is None or not reading.steady:
            return None
        for part, (record, places) in zip(self.circuit.of(OpAmps), opamp_places(self.circuit), strict=True):
            if isinstance(part, ClippingOpAmps):
                continue  # its swing is the level of the dead zone
            if np.abs(reading.amplifiers.output[places]).max() > HEADROOM * record.swing:
                return BEYOND_SWING
        return None

    def own_figures(self, values: Numbers, responses: Sequence[Response | None]) -> dict[str, float]:
        """Largest number of entries that are not zero, and of those that are zero in one of circuit and reference.

        Dead zones of op-amps leave no exact zeros: there an entry is zero below the tolerance, relative to the largest.
        Their softness is the largest shift of lambda by their clamps. With ideal ones, poles are those of the final set
        of outputs beyond their dead zones.
        """
        known = [one.target for one in responses if one is not None and one.target is not None]
        if len(known) < values.shape[1]:
            return {}
        exact = np.stack(known, axis=1)
        present = np.abs(values) > self._zero(values)
        differs = (present != (exact != 0)).sum(axis=0)
        found = {"nonzeros": float(present.sum(axis=0).max()), "support_differences": float(differs.max())}
        volts = np.stack([one.outputs[-1] for one in responses if one is not None], axis=1)
        if self.plan.made:
            return found | {"softness": self._softness(np.abs(volts[present]))}
        return found | {"final_slowest_pole_per_s": max(self._slowest(column) for column in volts.T)}

    def _slowest(self, outputs: FloatArray) -> float:
        """Real part of the slowest pole with outputs (M,), V, 1/s."""
        return float(linear_circuit(self.resting_circuit(outputs)).poles.real.max())

    def _softness(self, x: FloatArray) -> float:
        """Compute the largest shift of lambda by soft clamps, in units of lambda, over outputs without sign, V.

        A follower at rest with x volts between its inputs has `tanh(w_T x/SR) = exp((s - theta)/V_c)`, s its stage.
        The divider of q + z draws `(z - x)/(2 R)` from it, so `z = s - R_out (z - x)/(2 R)`; lambda is in proportion
        to z.
        """
        record = self.hardware.opamp_in_use.equivalent
        level, resistance = self.parameters.dead_zone, self.design.difference_resistance
        assert isinstance(record, MacroOpAmp) and resistance is not None
        stage = level + CLAMP_VOLTAGE * np.log(np.tanh(record.unity_gain_frequency * x / record.slew_rate))
        share = record.output_resistance / (2 * resistance)
        return float(1 - ((stage + share * x) / (1 + share)).min(initial=level) / level)

    def residual(self, values: Numbers, vectors: Numbers) -> list[float]:
        """Largest violation of the optimality conditions of every column, in units of its lambda."""
        matrix, penalties = np.asarray(self.matrix), self.penalties(np.asarray(vectors, dtype=np.float64))
        each = zip(values.T, vectors.T, penalties.tolist(), self._zero(values).tolist(), strict=True)
        return [violation(matrix, x, y, lam, zero) for x, y, lam, zero in each]

    def _zero(self, values: Numbers) -> FloatArray:
        """Return the largest entry of each column that counts as zero, shape (K,); see `own_figures`."""
        largest: FloatArray = np.abs(values).max(axis=0)
        return self.settings.tolerance * largest if self.plan.made else 0.0 * largest

    def choices(self) -> Iterator[str]:
        """Yield lambda, and the closed form of the feedback conductance."""
        yield f"lambda = {self.parameters.weight * self.mapping.alpha:.4g} max|y|, from weight and max|F|"
        if self.parameters.feedback_conductance == "auto":
            chosen = format_quantity(self.plan.feedback_conductance, "S")
            yield f"feedback_conductance = {chosen}, from its closed form"

    def multiply_adds(self, solves: int) -> float:
        """Multiply-adds of one sweep of coordinate descent, 2 N M: a digital computer needs many."""
        return 2.0 * self.system.programmed.size
