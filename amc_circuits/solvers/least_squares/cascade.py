"""INV of a Gram matrix that drives MVM: the least-norm solution of `A x = b` by two circuits without conversion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits.cells.devices import Device, programmed
from amc_circuits.cells.mapping import Mapping
from amc_circuits.cells.system import System
from amc_circuits.linear.margins import Limit, largest_resistance
from amc_circuits.linear.stability import less_lag
from amc_circuits.results.converters import Converters
from amc_circuits.solvers.fields import Fields
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.inv import InvParameters, cells_of, diagonal_of
from amc_circuits.solvers.mvm import row_sum
from amc_circuits.solvers.solver import Solver
from amc_circuits.solvers.topologies import (
    balance_targets,
    ideal_balance,
    wanted_cells,
)
from amc_circuits.values.checks import Numbers, numeric_array
from netlists import Circuit, InvDesign, MvmDesign, ParameterError, Record
from netlists.circuits.cascade import CascadeDesign
from netlists.circuits.inv import INVERTER_RESISTANCE, INVERTERS, InputConductance
from netlists.record import FloatArray, about


class CascadeParameters(InvParameters):
    """Parameters of the cascade. Conductances that are None follow from the cells of each circuit."""

    ridge: Annotated[float, about("Added to A A^T, in units of A squared", ge=0)] = 0.0
    feedback_conductance: Annotated[
        InputConductance | None, about("Feedback conductance instead of the largest row sum of |G+ - G-|", "S")
    ] = None


class CascadeCircuit(Solver):
    """INV of A A^T drives MVM of A^T: `solve(b)` gives the shortest x with A x = b."""

    square = False
    Parameters = CascadeParameters
    parameters: CascadeParameters

    @classmethod
    def program(
        cls,
        matrix: ArrayLike,
        *,
        ridge: float = 0.0,
        input_conductance: float | None = None,
        feedback_conductance: float | None = None,
        inverter_resistance: float = INVERTER_RESISTANCE,
        topology: Literal["paired", "compensated"] = "paired",
        diagonal: Literal["cells", "resistors"] = "cells",
        engine: str = "ngspice",
        converters: Converters | None = None,
        **fields: Unpack[Fields],
    ) -> Self:
        """Map A A^T and A^T to conductances and build the circuit.

        Args:
            matrix: A, shape (N, M), real or complex; unless there is a ridge, with N <= M and of full rank.
            ridge: lambda in `x = A^T (A A^T + lambda)^-1 b`, in units of A squared.
            input_conductance: Input conductance, siemens; None takes that of the largest entry of A A^T in cells.
            feedback_conductance: Feedback conductance of MVM, siemens; None takes the largest row sum of |G+ - G-|.
            inverter_resistance: Resistance of each of the two equal resistors of an inverter, ohm.
            topology: Circuit of pairs of arrays: `paired` with inverters, or `compensated` with compensating cells.
            diagonal: Diagonal of A A^T: in `cells`, or in exact `resistors`, as in `InvCircuit.program`.
            engine: Name of the engine that simulates.
            converters: DACs and ADCs; None for no converters.
            **fields: Other keywords, as in `Solver.program`. With a negative entry in A, `pair` is `always`: both
                circuits have pairs of arrays.

        Raises:
            ParameterError: A parameter cannot be used, or A has more rows than columns, or not full rank, and no ridge.
        """
        own: dict[str, Any] = {"inverter_resistance": inverter_resistance, "topology": topology, "diagonal": diagonal}
        own |= {"ridge": ridge, "input_conductance": input_conductance, "feedback_conductance": feedback_conductance}
        given = _with_pairs(matrix, fields)
        return super().program(matrix, engine=engine, converters=converters, **given, **own)

    @classmethod
    def system_of(cls, matrix: Numbers, hardware: Hardware) -> System:
        """Scale A and make it real.

        Raises:
            ParameterError: Conductances are given: there are two matrices.
        """
        if hardware.conductances is not None:
            raise ParameterError("conductances", "one matrix", "has no meaning here: this circuit holds two matrices")
        return System.inverse(matrix, hardware.scaling)

    @classmethod
    def matrices_of(cls, system: System, parameters: Record) -> tuple[FloatArray, ...]:
        """A A^T with its ridge, or what of it is in cells, and A^T, each programmed separately.

        Raises:
            ParameterError: There is no ridge, and A has more rows than columns or not full rank.
        """
        assert isinstance(parameters, CascadeParameters)
        matrix = system.programmed
        rows, columns = matrix.shape
        if rows > columns and parameters.ridge == 0:
            mend = "needs no more rows than columns; take ginv, or add a ridge"
            raise ParameterError("A", f"shape ({rows}, {columns})", mend)
        rank = int(np.linalg.matrix_rank(matrix))
        if rank < len(matrix) and parameters.ridge == 0:
            mend = f"needs rank {len(matrix)}, as its rows depend on each other: change it, or add a ridge"
            raise ParameterError("A", f"a matrix of rank {rank}", mend)
        return cells_of(_gram(system, parameters), parameters.diagonal), matrix.T

    @classmethod
    def _mapped(cls, system: System, hardware: Hardware, parameters: Record) -> tuple[Mapping, ...]:
        """Map both matrices to conductances, and program the compensating cells of the compensated topology."""
        assert isinstance(parameters, CascadeParameters)
        mappings = super()._mapped(system, hardware, parameters)
        wanted = [wanted_cells(one, hardware) for one in cls.matrices_of(system, parameters)]
        targets = _targets(system, wanted, parameters, hardware, hardware.cells)
        return *mappings, *(
            programmed(hardware.cells, target, hardware.draws, hardware.temperature, place)
            for place, target in enumerate(targets, len(mappings))
        )

    def further_targets(self, wanted: Sequence[Mapping], device: Device) -> tuple[Mapping, ...]:
        """Return the targets of the compensating cells."""
        return tuple(_targets(self.system, wanted, self.parameters, self.hardware, device))

    def further_cells(self, arrays: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        """Return the compensating cells of ideal arrays: they make the sums equal exactly."""
        found: list[FloatArray] = []
        balances, rest = list(self.mappings[2:]), list(arrays)
        for wanted, beside in zip(self._wanted, self._beside, strict=True):
            own = [rest.pop(0) for _ in range(1 + (wanted.negative is not None))]
            if len(own) == 2 and balances:
                found += ideal_balance(own, beside, self.hardware, balances.pop(0).positive.shape[1])
        return tuple(found)

    @cached_property
    def _wanted(self) -> list[Mapping]:
        """Conductances that the cells of both matrices should hold."""
        return [wanted_cells(one, self.hardware) for one in self.matrices_of(self.system, self.parameters)]

    @cached_property
    def _beside(self) -> tuple[float | FloatArray, float | FloatArray]:
        return _beside(self.system, self._wanted, self.parameters)

    @cached_property
    def design(self) -> CascadeDesign:
        """Parameter records of both circuits."""
        hardware, own = self.hardware, self.parameters
        inverse, product, *balances = self.mappings
        fields = [_balance(mapping, balances, own.topology) for mapping in (inverse, product)]
        rows, columns = product.positive.shape
        inverts = inverse.negative is not None and own.topology == "paired"
        return CascadeDesign(
            inverse=hardware.design(
                InvDesign,
                conductance_positive=inverse.positive,
                conductance_negative=inverse.negative,
                input_conductance=_input(inverse, own),
                inverter_resistance=own.inverter_resistance,
                diagonal_conductance=diagonal_of(_gram(self.system, own), inverse, own.diagonal),
                amplifier_offset=hardware.offsets("part_offset", columns, 0),
                inverter_offset=hardware.offsets("part_offset", columns, 1) if inverts else None,
                **fields[0],
            ),
            product=hardware.design(
                MvmDesign,
                conductance_positive=product.positive,
                conductance_negative=product.negative,
                feedback_conductance=self._beside[1],
                amplifier_offset=hardware.offsets("part_offset", rows, 2),
                **fields[1],
            ),
        )

    @property
    def circuit(self) -> Circuit:
        """Circuit as parts."""
        return self.design.circuit

    def reference(self, columns: FloatArray) -> FloatArray:
        """Shortest solution by NumPy, or with the ridge the one of its normal equation, shape (M, K)."""
        matrix, ridge = self.system.programmed, self.parameters.ridge
        if ridge == 0:
            return np.asarray(np.linalg.lstsq(matrix, columns)[0])
        # By singular values: a Gram matrix would be singular to rounding where a small ridge alone makes it regular.
        left, values, right = np.linalg.svd(matrix, full_matrices=False)
        return np.asarray(right.T @ ((values / (values**2 + ridge))[:, None] * (left.T @ columns)))

    @property
    def gain(self) -> float:
        """Factor from output volts to units of x for an input of 1 V per unit of b: that of INV times that of MVM."""
        (inverse, product), design = self.mappings[:2], self.design
        first = inverse.unit / (design.inverse.input_conductance * inverse.alpha)
        return first * design.product.feedback_conductance * product.alpha / product.unit

    def multiply_adds(self, solves: int) -> float:
        """Multiply-adds of one right-hand side: Gram matrix and its factors over `solves`, substitutions, product."""
        rows, columns = self.matrix.shape
        once = rows**2 * columns + rows**3 / 3
        return float((1 + 3 * self.system.complex) * (once / solves + rows**2 + rows * columns))

    def idle_parameters(self) -> Iterator[tuple[str, str]]:
        """Yield the topology and the inverters' resistance if there are no pairs of arrays."""
        if self.mapping.negative is None:
            yield "inverter_resistance", "single arrays need no inverters"
            yield "topology", "single arrays have nothing to subtract: both topologies are one circuit"

    def limits(self) -> dict[tuple[str, str], tuple[Limit, float | None]]:
        """Stability limits of every circuit, and that of the inverters' resistance."""
        inverts = self.design.inverse.inverts
        limit = largest_resistance(self.circuit, INVERTERS) if inverts else Limit(None, "no inverters")
        own = self.parameters.inverter_resistance if inverts else None
        return super().limits() | {("largest_inverter_resistance", "ohm"): (limit, own)}

    def unstable_because(self) -> str:
        """Describe the cause of a growing pole and the mend; A A^T itself has positive eigenvalues only."""
        return f": it is the lag of the amplifiers, or cells that hold another A A^T; {less_lag(self.circuit)}"


def _with_pairs(matrix: ArrayLike, fields: Fields) -> Fields:
    """Keywords with pairs of arrays in both circuits if A has negative entries: the inverters of INV drive MVM."""
    wanted, found = numeric_array("A", matrix, (2,)), Fields(**fields)
    if fields.get("pair", "auto") == "auto" and (np.iscomplexobj(wanted) or wanted.min() < 0):
        found["pair"] = "always"
    return found


def _gram(system: System, parameters: CascadeParameters) -> FloatArray:
    """A A^T with its ridge."""
    matrix = system.programmed
    return np.asarray(matrix @ matrix.T + parameters.ridge * np.eye(len(matrix)))


def _input(wanted: Mapping, parameters: CascadeParameters) -> float:
    return wanted.unit if parameters.input_conductance is None else parameters.input_conductance


def _beside(
    system: System, wanted: Sequence[Mapping], parameters: CascadeParameters
) -> tuple[float | FloatArray, float]:
    """Conductances at the inverting inputs of both circuits besides those of the cells, S."""
    diagonal = diagonal_of(_gram(system, parameters), wanted[0], parameters.diagonal)
    inputs, given = _input(wanted[0], parameters), parameters.feedback_conductance
    feedback = row_sum(wanted[1]) if given is None else given
    return inputs if diagonal is None else inputs + diagonal, feedback


def _targets(
    system: System, wanted: Sequence[Mapping], parameters: CascadeParameters, hardware: Hardware, device: Device
) -> Iterator[Mapping]:
    """Yield the targets of compensating cells of each pair of arrays, none in the paired topology."""
    if parameters.topology == "compensated":
        for one, beside in zip(wanted, _beside(system, wanted, parameters), strict=True):
            if one.negative is not None:
                yield balance_targets(one, beside, hardware, device)


def _balance(mapping: Mapping, balances: list[Mapping], topology: str) -> dict[str, Any]:
    """Fields of a record that hold its compensating cells, taken from the front of the list; empty without them."""
    if mapping.negative is None or topology == "paired":
        return {}
    cells = balances.pop(0)
    return {"balance_inverting": cells.positive, "balance_noninverting": cells.negative}
