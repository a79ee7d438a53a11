"""The INV circuit as a solver: program A once, then solve for many b."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike
from pydantic import model_validator

from amc_circuits.cells.draws import Draws
from amc_circuits.cells.mapping import DEAREST, Mapping
from amc_circuits.cells.system import System
from amc_circuits.linear.equations import check_room
from amc_circuits.linear.stability import complex_text, less_lag
from amc_circuits.results.converters import Converters
from amc_circuits.results.measurement import relative_error
from amc_circuits.solvers.fields import Fields
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.topologies import Topology, TwoTopologies, check_inverters
from amc_circuits.solvers.varied import Varied, varied_offsets
from amc_circuits.values.checks import Numbers, check_invertible
from netlists import Circuit, InvDesign, MacroOpAmp, ParameterError, Record
from netlists.circuits.inv import INVERTER_RESISTANCE, INVERTERS, InputConductance, InverterResistance
from netlists.record import FloatArray, about

if TYPE_CHECKING:
    from amc_circuits.linear import margins


class SlowInverterWarning(UserWarning):
    """The pole of the inverters is too close to the bandwidth of the op-amps."""


Diagonal = Annotated[
    Literal["cells", "resistors"],
    about("Diagonal of the inverted matrix (resistors: exact ones, so that the cells hold what is beside it)"),
]


class InvParameters(Record):
    """Parameters of the INV circuit. The input conductance G_in is that of max|A| if it is None."""

    input_conductance: Annotated[
        InputConductance | None, about("Input conductance instead of that of the largest entry", "S")
    ] = None
    inverter_resistance: InverterResistance = INVERTER_RESISTANCE
    topology: Topology = "paired"
    diagonal: Diagonal = "cells"

    @model_validator(mode="after")
    def _acts(self) -> Self:
        check_inverters(self.topology, self.inverter_resistance)
        return self


class InvCircuit(TwoTopologies):
    """An array programmed with A in the feedback of op-amps: `solve(b)` solves A x = b.

    Attributes:
        input_rows: Number of equal input resistors at each sum node.
    """

    input_rows: ClassVar[int] = 1
    Parameters = InvParameters
    parameters: InvParameters

    @classmethod
    def program(
        cls,
        matrix: ArrayLike,
        *,
        input_conductance: float | None = None,
        inverter_resistance: float = INVERTER_RESISTANCE,
        topology: Literal["paired", "compensated"] = "paired",
        diagonal: Literal["cells", "resistors"] = "cells",
        engine: str = "ngspice",
        converters: Converters | None = None,
        **fields: Unpack[Fields],
    ) -> Self:
        """Map A to conductances and build the circuit.

        Args:
            matrix: A, shape (N, N), real or complex, invertible, any units; NumPy, sparse SciPy, or lists.
            input_conductance: Input conductance G_in, siemens; None takes the conductance of max|A|.
            inverter_resistance: Resistance of each of the two equal resistors of an inverter, ohm.
            topology: Circuit of a pair of arrays: `paired` with inverters, or `compensated` with compensating cells.
            diagonal: Diagonal of A: in `cells`, or in exact `resistors` from the outputs to their sum nodes. Then the
                cells hold the rest of A with all of their range, whose largest entry takes the place of max|A|.
            engine: Name of the engine that simulates.
            converters: DACs and ADCs; None for no converters.
            **fields: Other keywords, as in `Solver.program`.

        Raises:
            ParameterError: A parameter cannot be used; the error names the parameter, the value and the mend.
        """
        own = {
            "input_conductance": input_conductance,
            "inverter_resistance": inverter_resistance,
            "topology": topology,
            "diagonal": diagonal,
        }
        return super().program(matrix, engine=engine, converters=converters, **fields, **own)

    @classmethod
    def system_of(cls, matrix: Numbers, hardware: Hardware) -> System:
        """Scale A and make it real; check that the machine has memory for its circuit.

        Raises:
            ParameterError: The matrix is singular, or too large.
        """
        check_room(len(matrix), len(matrix) * (1 + np.iscomplexobj(matrix)))
        system = System.inverse(matrix, hardware.scaling)
        check_invertible("A", system.programmed)
        return system

    @classmethod
    def matrices_of(cls, system: System, parameters: Record) -> tuple[FloatArray, ...]:
        """The matrix of the cells: A, or what is beside its diagonal.

        Raises:
            ParameterError: The diagonal cannot be in resistors.
        """
        assert isinstance(parameters, InvParameters)
        return (cells_of(system.programmed, parameters.diagonal),)

    @classmethod
    def beside(cls, system: System, wanted: Mapping, parameters: Record) -> float | FloatArray:
        """Conductance of all inputs of a row, and of the resistor of its diagonal, S."""
        assert isinstance(parameters, InvParameters)
        inputs = cls.input_rows * _input_conductance(wanted, parameters)
        held = cls.resistors_of(system, wanted, parameters)
        return inputs if held is None else inputs + held

    @classmethod
    def resistors_of(cls, system: System, held: Mapping, parameters: Record) -> FloatArray | None:
        """Conductances of the resistors from the outputs to their own sum nodes, S; None without them."""
        assert isinstance(parameters, InvParameters)
        return diagonal_of(system.programmed, held, parameters.diagonal)

    @cached_property
    def design(self) -> InvDesign:
        """Parameter record of the circuit."""
        mapping, size = self.mapping, len(self.system.programmed)
        inverts = mapping.negative is not None and not self.balance
        return self.hardware.design(
            InvDesign,
            conductance_positive=mapping.positive,
            conductance_negative=mapping.negative,
            amplifier_offset=self.hardware.offsets("offset", size),
            input_conductance=_input_conductance(mapping, self.parameters),
            inverter_resistance=self.parameters.inverter_resistance,
            inverter_offset=self.hardware.offsets("inverter_offset", size) if inverts else None,
            diagonal_conductance=self.resistors_of(self.system, mapping, self.parameters),
            **self.balance,
        )

    @property
    def circuit(self) -> Circuit:
        """Circuit as parts."""
        return self.design.circuit

    def varied(self, arrays: Sequence[FloatArray], draws: Sequence[Draws]) -> Varied:
        """Return the circuits with other cells and offsets."""
        conductances, fields = self.varied_cells(arrays)
        offsets, drawn = varied_offsets(self.design, self.hardware, draws)
        return Varied(conductances, offsets, np.full(len(arrays[0]), self.gain), self.design, fields | drawn)

    @property
    def sha256(self) -> str:
        """Hash of the parameter record."""
        return self.design.sha256

    def reference(self, columns: FloatArray) -> FloatArray:
        """Solution of the programmed system by NumPy, shape (N, K)."""
        return np.asarray(np.linalg.solve(self.system.programmed, columns))

    @property
    def gain(self) -> float:
        """Factor from output volts to units of y, where S y = D_r b, for 1 V per unit of D_r b: y = gain c / k."""
        return -self.mapping.unit / (self.design.input_conductance * self.mapping.alpha)

    def residual(self, values: Numbers, vectors: Numbers) -> list[float]:
        """Relative residual `||A x - b|| / ||b||` of every column."""
        # One product for each column, so that its rounding does not depend on the others.
        products = (self.matrix @ np.ascontiguousarray(values.T)[:, :, None])[:, :, 0].T
        found: list[float] = relative_error(products, vectors).tolist()
        return found

    def multiply_adds(self, solves: int) -> float:
        """Multiply-adds of one right-hand side: `N^3/3` of the LU factors over `solves`, `N^2` of the substitutions.

        A complex multiply-add counts as four real ones.
        """
        size = len(self.matrix)
        return float((1 + 3 * self.system.complex) * (size**3 / 3 / solves + size**2))

    def warnings(self) -> tuple[UserWarning, ...]:
        """Warning about slow inverters, if there is one."""
        problem = slow_inverters(self.design)
        return (SlowInverterWarning(problem),) if problem else ()

    def idle_parameters(self) -> Iterator[tuple[str, str]]:
        """Yield the inverters' resistance and the topology if there is no pair of arrays."""
        if not self.design.signed:
            yield "inverter_resistance", "a single array needs no inverters"
        yield from super().idle_parameters()

    def limits(self) -> dict[tuple[str, str], tuple[margins.Limit, float | None]]:
        """Stability limits of every circuit, and that of the inverters' resistance."""
        from amc_circuits.linear.margins import Limit, largest_resistance  # here, for few circuits need them

        inverts = self.design.inverts
        limit = largest_resistance(self.circuit, INVERTERS) if inverts else Limit(None, "no inverters")
        own = self.design.inverter_resistance if inverts else None
        return super().limits() | {("largest_inverter_resistance", "ohm"): (limit, own)}

    def unstable_because(self) -> str:
        """Describe the eigenvalue that causes a growing pole, if there is one, and the mend."""
        mapping, held = self.mapping, self.mapping.difference
        name = "A" if self.system.scaling == "none" else "the scaled A"
        if self.design.diagonal_conductance is not None:
            held = held + np.diag(self.design.diagonal_conductance)
        lowest = _lowest_eigenvalue(held / mapping.unit * mapping.alpha)
        good = _lowest_eigenvalue(self.system.programmed)
        if lowest.real <= 0 and good.real > 0:
            return f"; {_of_cells(mapping, lowest, good, name)}"
        if lowest.real <= 0:
            mend = "INV needs eigenvalues with positive real parts: add damping to A, or solve A^T A x = A^T b"
            return f"; behind it is the eigenvalue {complex_text(lowest)} of {name}; {mend}"
        if _lowest_eigenvalue(held / self.design.row_conductance[:, None]).real <= 0:
            mend = "scale the rows of A to equal sums, or make input_conductance larger"
            return f"; {name}'s eigenvalues are good, but not with its rows divided by their conductance; {mend}"
        opamp, ways = self.design.opamp.equivalent, []
        if self.design.inverts and isinstance(opamp, MacroOpAmp) and opamp.input_capacitance > 0:
            ways.append("a smaller inverter_resistance")
        ways.append("damping added to A, or A^T A x = A^T b")
        mend, lag = less_lag(self.circuit, ways), "" if self.design.compensated else " and inverters"
        return f"; no eigenvalue of {name} is behind it: it is the lag of amplifiers{lag}; {mend}"


def cells_of(matrix: FloatArray, diagonal: str) -> FloatArray:
    """Return the part of an inverted matrix that is in cells.

    Raises:
        ParameterError: The diagonal is to be in resistors, and an entry is not positive or nothing is beside it.
    """
    if diagonal == "cells":
        return matrix
    own = matrix.diagonal()
    if own.min() <= 0:
        mend = f"needs a positive diagonal, and A has {own.min():g} on it; take cells"
        raise ParameterError("diagonal", "resistors", mend)
    beside = matrix - np.diag(own)
    if not beside.any():
        raise ParameterError("diagonal", "resistors", "leaves nothing for the cells: A has a diagonal only; take cells")
    return beside


def diagonal_of(matrix: FloatArray, held: Mapping, diagonal: str) -> FloatArray | None:
    """Return the conductances of the resistors of the diagonal, S; None if it is in cells."""
    return None if diagonal == "cells" else np.asarray(matrix.diagonal() * (held.unit / held.alpha))


def _input_conductance(wanted: Mapping, parameters: Record) -> float:
    """Conductance of one input, S."""
    assert isinstance(parameters, InvParameters)
    return wanted.unit if parameters.input_conductance is None else parameters.input_conductance


def _lowest_eigenvalue(matrix: FloatArray) -> complex:
    """Return the eigenvalue with the smallest real part; rounding of 0 is none, for a pole of 0 does not grow."""
    rounding = len(matrix) * np.finfo(float).eps * np.linalg.norm(matrix)
    return complex(min(np.linalg.eigvals(matrix), key=lambda one: (abs(one) <= rounding, one.real)))


def _of_cells(mapping: Mapping, lowest: complex, good: complex, name: str) -> str:
    """Describe the cause where the eigenvalues of A are good and those of the matrix in the cells are not."""
    behind = f"behind it is the eigenvalue {complex_text(lowest)} of the matrix in the cells"
    lifted = mapping.lifting_note if mapping.lifting_cost > DEAREST else ""
    mend = lifted or "take cells with smaller errors or more levels, or add damping to A"
    return f"{behind}; the lowest of {name} itself is {complex_text(good)}; {mend}"


def slow_inverters(design: InvDesign) -> str:
    """Describe inverters whose pole, 2/(R C_in), is below twice w_T; empty if it is not."""
    opamp = design.opamp.equivalent
    if not (design.inverts and isinstance(opamp, MacroOpAmp) and opamp.input_capacitance > 0):
        return ""
    pole = 2 / (design.inverter_resistance * opamp.input_capacitance)
    wanted = 2 * opamp.unity_gain_frequency
    if pole >= wanted:
        return ""
    largest = 2 / (wanted * opamp.input_capacitance)
    return (
        f"inverter_resistance: {design.inverter_resistance:g} ohm with {opamp.input_capacitance:g} F of input "
        f"capacitance is slower than twice the op-amp's bandwidth; take at most {largest:.3g} ohm"
    )
