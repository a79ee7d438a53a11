"""The GINV circuit as a solver of least-squares and least-norm problems in one step."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Literal, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits.cells.mapping import Mapping
from amc_circuits.linear.margins import Limit, largest_resistance
from amc_circuits.linear.stability import less_lag
from amc_circuits.results.converters import Converters
from amc_circuits.solvers.fields import Fields
from amc_circuits.solvers.ginv_feedback import Feedback, chosen_feedback
from amc_circuits.solvers.solver import Solver
from netlists import Circuit, ParameterError, Record
from netlists.circuits.ginv import INVERTERS, GinvDesign
from netlists.circuits.inv import INVERTER_RESISTANCE, InputConductance, InverterResistance
from netlists.record import FloatArray, about


class GinvParameters(Record):
    """Parameters of the GINV circuit."""

    feedback_conductance: Annotated[
        InputConductance | Literal["auto"],
        about("Feedback conductance of the row amplifiers (auto: by the poles)", "S"),
    ] = "auto"
    ridge: Annotated[float, about("Added to A^T A, in units of A squared", ge=0)] = 0.0
    inverter_resistance: InverterResistance = INVERTER_RESISTANCE


class GinvCircuit(Solver):
    """Arrays of A and of its transpose: `solve(b)` gives the x that minimizes ||A x - b||, the shortest of several."""

    square = False
    Parameters = GinvParameters
    parameters: GinvParameters

    @classmethod
    def program(
        cls,
        matrix: ArrayLike,
        *,
        feedback_conductance: float | Literal["auto"] = "auto",
        ridge: float = 0.0,
        inverter_resistance: float = INVERTER_RESISTANCE,
        engine: str = "ngspice",
        converters: Converters | None = None,
        **fields: Unpack[Fields],
    ) -> Self:
        """Map A to conductances and build the circuit.

        Args:
            matrix: A, shape (N, M), real or complex, of full rank unless there is a ridge.
            feedback_conductance: Feedback conductance of the row amplifiers, siemens; `auto` chooses it by the poles.
            ridge: lambda in `(A^T A + lambda) x = A^T b`, in units of A squared.
            inverter_resistance: Resistance of each of the two equal resistors of an inverter, ohm.
            engine: Name of the engine that simulates.
            converters: DACs and ADCs; None for no converters.
            **fields: Other keywords, as in `Solver.program`.

        Raises:
            ParameterError: A parameter cannot be used, or A has not full rank and there is no ridge.
        """
        own = {"feedback_conductance": feedback_conductance, "ridge": ridge, "inverter_resistance": inverter_resistance}
        made = super().program(matrix, engine=engine, converters=converters, **fields, **own)
        rank, full = int(np.linalg.matrix_rank(made.system.programmed)), min(made.system.programmed.shape)
        if rank < full and ridge == 0:
            mend = f"needs rank {full}, as its rows or columns depend on each other: change it, or add a ridge"
            raise ParameterError("A", f"a matrix of rank {rank}", mend)
        return made

    @classmethod
    def matrices(cls, programmed: FloatArray) -> tuple[FloatArray, ...]:
        """X, with no fewer rows than columns, and its transpose, each programmed separately: A, or A^T if A is wide."""
        tall = programmed if programmed.shape[0] >= programmed.shape[1] else programmed.T
        return tall, tall.T

    @cached_property
    def design(self) -> GinvDesign:
        """Parameter record of the circuit; the input conductance is that of max|A|."""
        hardware, (rows, columns) = self.hardware, self.mapping.positive.shape
        inverts = self.mapping.negative is not None
        return self._record(
            self.mappings,
            self.feedback_conductance,
            row_offset=hardware.offsets("part_offset", rows, 0),
            column_offset=hardware.offsets("part_offset", columns, 1),
            row_inverter_offset=hardware.offsets("part_offset", rows, 2) if inverts else None,
            column_inverter_offset=hardware.offsets("part_offset", columns, 3) if inverts or self._ridge else None,
        )

    def _record(self, mappings: tuple[Mapping, ...], feedback: float, **offsets: FloatArray | None) -> GinvDesign:
        first, second = mappings
        wide = self.system.programmed.shape[0] < self.system.programmed.shape[1]
        return self.hardware.design(
            GinvDesign,
            conductance=first.positive,
            conductance_transposed=second.positive,
            conductance_negative=first.negative,
            conductance_transposed_negative=second.negative,
            input_conductance=first.unit,
            feedback_conductance=feedback,
            ridge_conductance=self._ridge / feedback if self._ridge else None,
            inputs="columns" if wide else "rows",
            inverter_resistance=self.parameters.inverter_resistance,
            **offsets,
        )

    @property
    def _ridge(self) -> float:
        """Ridge in the units of the cells, `G_r G_f = ridge (G0/alpha)^2`, S^2."""
        return self.parameters.ridge * (self.mapping.unit / self.mapping.alpha) ** 2

    @cached_property
    def feedback(self) -> Feedback | None:
        """Automatic choice of the feedback conductance, for the cells as wanted; None if it is given."""
        if self.parameters.feedback_conductance != "auto":
            return None
        given = self.hardware.conductances is not None
        wanted = self.mappings if given else tuple(map(self.hardware.wanted, self.matrices(self.system.programmed)))
        return chosen_feedback(self._record(wanted, self.mapping.unit))

    @property
    def feedback_conductance(self) -> float:
        """Feedback conductance of the row amplifiers, S."""
        given = self.parameters.feedback_conductance
        return self.feedback.chosen if self.feedback is not None else float(given)

    @property
    def circuit(self) -> Circuit:
        """Circuit as parts."""
        return self.design.circuit

    def reference(self, columns: FloatArray) -> FloatArray:
        """Least-squares solution by NumPy, with the ridge as further rows, shape (M, K)."""
        matrix, ridge = self.system.programmed, self.parameters.ridge
        if ridge:
            size = matrix.shape[1]
            matrix = np.vstack([matrix, np.sqrt(ridge) * np.eye(size)])
            columns = np.vstack([columns, np.zeros((size, columns.shape[1]))])
        return np.asarray(np.linalg.lstsq(matrix, columns)[0])

    @property
    def gain(self) -> float:
        """Factor from output volts to units of x for an input of 1 V per unit: x = gain * outputs / k."""
        return 1 / self.mapping.alpha

    def multiply_adds(self, solves: int) -> float:
        """Multiply-adds of one right-hand side: `N M^2 + M^3/3` of the normal equation over `solves`, and its use."""
        large, small = sorted(self.matrix.shape)[::-1]
        own = large * small + small**2
        return float((1 + 3 * self.system.complex) * ((large * small**2 + small**3 / 3) / solves + own))

    def idle_parameters(self) -> Iterator[tuple[str, str]]:
        """Yield the inverters' resistance if there are no inverters."""
        if not (self.design.signed or self._ridge):
            yield "inverter_resistance", "a matrix without negative entries and a ridge of 0 need no inverters"

    def limits(self) -> dict[tuple[str, str], tuple[Limit, float | None]]:
        """Stability limits of every circuit, and that of the inverters' resistance."""
        names = tuple(name for name in INVERTERS if name in {one.name for one in self.circuit.parts})
        limit = largest_resistance(self.circuit, names) if names else Limit(None, "no inverters")
        own = self.design.inverter_resistance if names else None
        return super().limits() | {("largest_inverter_resistance", "ohm"): (limit, own)}

    def unstable_because(self) -> str:
        """Describe the cause of a growing pole and the mend."""
        if self.feedback is None:
            return ": the feedback conductance is too small, or the op-amps lag; take feedback_conductance = auto"
        return f": it is the lag of the amplifiers, or the two copies of A differ; {less_lag(self.circuit)}"
