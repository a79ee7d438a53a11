"""The GINV circuit as a solver of least-squares and least-norm problems in one step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import ClassVar, Literal, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits.cells.draws import Draws
from amc_circuits.cells.mapping import Mapping
from amc_circuits.cells.system import System
from amc_circuits.linear.margins import Limit, largest_resistance
from amc_circuits.linear.stability import less_lag
from amc_circuits.results.converters import Converters
from amc_circuits.solvers.fields import Fields
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.least_squares.copies import TwoCopies
from amc_circuits.solvers.least_squares.feedback import Feedback
from amc_circuits.solvers.least_squares.parameters import Automatic, GinvParameters
from amc_circuits.solvers.least_squares.plan import GinvPlan
from amc_circuits.solvers.varied import Varied
from amc_circuits.values.quantities import format_quantity
from netlists import Circuit, ParameterError, Record
from netlists.circuits.ginv import INVERTERS, GinvDesign
from netlists.circuits.inv import INVERTER_RESISTANCE
from netlists.record import FloatArray

ARRAYS = {
    "conductance": "first",
    "conductance_negative": "firstn",
    "conductance_transposed": "second",
    "conductance_transposed_negative": "secondn",
    "balance_rows_inverting": "bm",
    "balance_rows_noninverting": "bp",
    "balance_columns_inverting": "btm",
    "balance_columns_noninverting": "btp",
}
"""Names of the arrays by the fields of the record, in the order in which cells are drawn."""
ROWS = {
    "row": "row_offset",
    "column": "column_offset",
    "inve": "row_inverter_offset",
    "invx": "column_inverter_offset",
}
"""Fields of the record by the names of the rows of op-amps, in the order in which offsets are drawn."""


class GinvCircuit(TwoCopies):
    """Arrays of A and of its transpose: `solve(b)` gives the x that minimizes ||A x - b||, the shortest of several.

    Attributes:
        input_rows: Number of equal input resistors at each sum node.
    """

    input_rows: ClassVar[int] = 1
    Parameters = GinvParameters
    parameters: GinvParameters

    @classmethod
    def program(
        cls,
        matrix: ArrayLike,
        *,
        feedback_conductance: float | Automatic = "auto",
        input_conductance: float | None = None,
        ridge: float = 0.0,
        inverter_resistance: float = INVERTER_RESISTANCE,
        topology: Literal["paired", "compensated"] = "paired",
        engine: str = "ngspice",
        converters: Converters | None = None,
        **fields: Unpack[Fields],
    ) -> Self:
        """Map A to conductances and build the circuit.

        Args:
            matrix: A, shape (N, M), real or complex, of full rank unless there is a ridge.
            feedback_conductance: Feedback conductance of the row amplifiers, siemens; `auto` chooses it by the poles,
                `formula` takes the closed form at which that choice starts.
            input_conductance: Input conductance, siemens; None takes the conductance of max|A|.
            ridge: lambda in `(A^T A + lambda) x = A^T b`, in units of A squared.
            inverter_resistance: Resistance of each of the two equal resistors of an inverter, ohm.
            topology: Circuit of pairs of arrays: `paired` with inverters, or `compensated` with compensating cells.
            engine: Name of the engine that simulates.
            converters: DACs and ADCs; None for no converters.
            **fields: Other keywords, as in `Solver.program`.

        Raises:
            ParameterError: A parameter cannot be used, or A has not full rank and there is no ridge.
        """
        own = {
            "feedback_conductance": feedback_conductance,
            "input_conductance": input_conductance,
            "ridge": ridge,
            "inverter_resistance": inverter_resistance,
            "topology": topology,
        }
        return super().program(matrix, engine=engine, converters=converters, **fields, **own)

    @classmethod
    def matrices(cls, programmed: FloatArray) -> tuple[FloatArray, ...]:
        """X, with no fewer rows than columns, and its transpose, each programmed separately: A, or A^T if A is wide."""
        tall = programmed if programmed.shape[0] >= programmed.shape[1] else programmed.T
        return tall, tall.T

    @classmethod
    def _mapped(cls, system: System, hardware: Hardware, parameters: Record) -> tuple[Mapping, ...]:
        """Map X and its transpose to conductances, and program the compensating cells of the compensated topology.

        Raises:
            ParameterError: A has not full rank and there is no ridge.
        """
        assert isinstance(parameters, GinvParameters)
        mappings = super()._mapped(system, hardware, parameters)
        rank, full = int(np.linalg.matrix_rank(system.programmed)), min(system.programmed.shape)
        if rank < full and parameters.ridge == 0:
            mend = f"needs rank {full}, as its rows or columns depend on each other: change it, or add a ridge"
            raise ParameterError("A", f"a matrix of rank {rank}", mend)
        return mappings

    @classmethod
    def planned(cls, system: System, hardware: Hardware, parameters: Record) -> GinvPlan:
        """Return the design: feedback conductance, ridge, targets of compensating cells."""
        assert isinstance(parameters, GinvParameters)
        rows, columns = system.programmed.shape
        return GinvPlan(cls.wanted_cells(system, hardware), hardware, parameters, rows < columns, cls.input_rows)

    @cached_property
    def plan(self) -> GinvPlan:
        """Design of this circuit."""
        return self.planned(self.system, self.hardware, self.parameters)

    @cached_property
    def design(self) -> GinvDesign:
        """Parameter record of the circuit."""
        hardware, (rows, columns) = self.hardware, self.mapping.positive.shape
        signed, inverts = self.mapping.negative is not None, self.parameters.topology == "paired"
        return self.plan.record(
            self.mappings,
            row_offset=hardware.offsets("part_offset", rows, 0),
            column_offset=hardware.offsets("part_offset", columns, 1),
            row_inverter_offset=hardware.offsets("part_offset", rows, 2) if inverts and signed else None,
            column_inverter_offset=(
                hardware.offsets("part_offset", columns, 3) if inverts and (signed or self.plan.ridge) else None
            ),
        )

    @property
    def feedback(self) -> Feedback | None:
        """Automatic choice of the feedback conductance, for the cells as wanted; None if it is given."""
        return self.plan.feedback

    @property
    def circuit(self) -> Circuit:
        """Circuit as parts."""
        return self.circuit_of(self.design)

    def circuit_of(self, design: GinvDesign) -> Circuit:
        """Return the circuit of a record."""
        return design.circuit

    def varied(self, arrays: Sequence[FloatArray], draws: Sequence[Draws]) -> Varied:
        """Return the circuits with other cells and offsets."""
        held = [name for name in ARRAYS if getattr(self.design, name) is not None]
        fields = dict(zip(held, arrays, strict=True))
        conductances, offsets = {ARRAYS[name]: stack for name, stack in fields.items()}, {}
        for child, (part, name) in enumerate(ROWS.items()):
            own = getattr(self.design, name)
            if own is not None:
                drawn = self.hardware.offsets_of_many("part_offset", len(own), draws, child)
                offsets[part] = fields[name] = drawn
        gain = np.full(len(arrays[0]), self.gain)
        return Varied(conductances, offsets, gain, self.design, fields, self.circuit_of)

    @property
    def gain(self) -> float:
        """Factor from output volts to units of x for an input of 1 V per unit of b."""
        return self.mapping.unit / (self.plan.input_conductance * self.mapping.alpha)

    def reference(self, columns: FloatArray) -> FloatArray:
        """Least-squares solution by NumPy, with the ridge as further rows, shape (M, K)."""
        matrix, ridge = self.system.programmed, self.parameters.ridge
        if ridge:
            size = matrix.shape[1]
            matrix = np.vstack([matrix, np.sqrt(ridge) * np.eye(size)])
            columns = np.vstack([columns, np.zeros((size, columns.shape[1]))])
        return np.asarray(np.linalg.lstsq(matrix, columns)[0])

    def choices(self) -> Iterator[str]:
        """Yield the automatic choice of the feedback conductance."""
        if self.feedback is not None:
            chosen, start = (format_quantity(one, "S") for one in (self.feedback.chosen, self.feedback.start))
            if self.parameters.feedback_conductance == "formula":
                yield f"feedback_conductance = {start}, in closed form"
                return
            yield f"feedback_conductance = {chosen}, chosen by the poles of circuits around {start}, its closed form"

    def multiply_adds(self, solves: int) -> float:
        """Multiply-adds of one right-hand side: `N M^2 + M^3/3` of the normal equation over `solves`, and its use."""
        large, small = sorted(self.matrix.shape)[::-1]
        own = large * small + small**2
        return float((1 + 3 * self.system.complex) * ((large * small**2 + small**3 / 3) / solves + own))

    def idle_parameters(self) -> Iterator[tuple[str, str]]:
        """Yield the inverters' resistance if there are no inverters."""
        if not (self.design.signed or self.plan.ridge):
            why = "a matrix without negative entries and a ridge of 0 need neither inverters nor compensation"
            yield "inverter_resistance", why
            yield "topology", why

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
