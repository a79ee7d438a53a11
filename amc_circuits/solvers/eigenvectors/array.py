"""An array programmed with a matrix, with the feedback that lets one of its eigenvectors grow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Self, Unpack

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits.cells.balance import row_sums
from amc_circuits.cells.devices import programmed
from amc_circuits.cells.system import System
from amc_circuits.linear.equations import check_room
from amc_circuits.results.converters import Converters
from amc_circuits.solvers.eigenvectors.balance import equal_rows
from amc_circuits.solvers.eigenvectors.growth import first_growing
from amc_circuits.solvers.eigenvectors.parameters import (
    MEANINGLESS,
    EgvFields,
    EgvParameters,
    check_converters,
    check_deflations,
    check_started,
)
from amc_circuits.solvers.eigenvectors.spectrum import EigenPair, edge, eigen_pair, rayleigh, without
from amc_circuits.solvers.fields import check_meaning, known_fields
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.solver import Solver
from amc_circuits.solvers.topologies import made_up
from amc_circuits.values.checks import Numbers, square_matrix
from netlists import Circuit, ParameterError
from netlists.circuits.egv import EgvDesign
from netlists.record import FloatArray

KICK_SHARE = 0.1
"""Conductance of the pulse in units of that of max|A|."""
EDGES = 2.0
"""Least duration of the pulse in units of its edges."""
MOST_FEEDBACK = 1e3
"""Largest feedback conductance, S: that of the circuit's record."""
ROUNDS = 3
"""Most readings of the eigenvalue."""


@dataclass(frozen=True, repr=False)
class EgvArray(Solver):
    """An array programmed with A, in a loop with a feedback that lets one of its eigenvectors grow.

    Attributes:
        wanted: A, if it is programmed without some of its eigenvectors; None if it is programmed as it is.
        removed: Number of these eigenvectors.
        found: Eigenvalue that the circuit itself measured, in units of A; None if it is computed or given.
    """

    Parameters = EgvParameters
    parameters: EgvParameters
    takes, gives, growing = None, "v", True
    meaningless = MappingProxyType(MEANINGLESS)
    wanted: Numbers | None = None
    removed: int = 0
    found: float | None = None

    @classmethod
    def program(
        cls,
        matrix: ArrayLike,
        *,
        engine: str = "ngspice",
        converters: Converters | None = None,
        **fields: Unpack[EgvFields],
    ) -> Self:
        """Map A to conductances and build the circuit; with deflations or `eigenvalue = auto` it is read first.

        Args:
            matrix: A, shape (N, N), real or complex, with a real eigenvalue above 0; any units.
            engine: Name of the engine that simulates.
            converters: ADCs; None for no converters.
            **fields: Other keywords, as in `Solver.program`; those of `Parameters` are of this circuit.

        Raises:
            ParameterError: A parameter cannot be used.
            UnusableSolutionError: An eigenvector that is to be removed cannot be read.
        """
        given = known_fields(fields, cls.Parameters)
        check_meaning(given, MEANINGLESS)
        check_converters(converters)
        own = EgvParameters(**{name: given[name] for name in EgvParameters.model_fields if name in given})
        wanted = remaining = square_matrix("A", matrix)
        check_deflations(own.deflations, wanted, given.get("conductances") is not None)
        for place in range(own.deflations + 1):
            made = super().program(remaining, engine=engine, converters=converters, **given)._at(place, wanted)
            if place < own.deflations:
                vector = made.solve().raise_if_unusable().value
                remaining = without(remaining, made.measured(vector), vector, made.smallest)
        return made

    @classmethod
    def system_of(cls, matrix: Numbers, hardware: Hardware) -> System:
        """Make A real; check that the machine has memory for its circuit.

        Raises:
            ParameterError: The matrix is too large.
        """
        check_room(len(matrix), 2 * len(matrix) * (1 + np.iscomplexobj(matrix)))
        return System.inverse(matrix, hardware.scaling)

    def _at(self, place: int, wanted: Numbers) -> Self:
        """Return the circuit after some deflations, each programmed anew; with lambda from its own readings."""
        made = self
        if place:
            mapping = self.hardware.mapping(self.system.programmed, 2 * place)
            made = replace(self, mappings=(mapping,), wanted=wanted, removed=place)
        check_started(made.parameters, made.hardware)
        for _ in range(ROUNDS if made.parameters.eigenvalue == "auto" else 0):
            value = made.solve().value
            if not np.isfinite(value).all():
                break
            made = replace(made, found=made.measured(value))
            if made.growing_poles == 1:
                break
        return made

    @property
    def smallest(self) -> bool:
        """True for the smallest eigenvalue."""
        return self.parameters.eigenvector == "smallest"

    @cached_property
    def exact(self) -> EigenPair:
        """The wanted eigenvector of A with its eigenvalue, by NumPy."""
        return eigen_pair(self.matrix if self.wanted is None else self.wanted, self.removed, self.smallest)

    @cached_property
    def cells(self) -> FloatArray:
        """Matrix that the arrays hold, wires included, in units of A; complex numbers as two by two real ones."""
        mapping = self.mapping
        held = mapping.difference
        if self.hardware.wire_resistance > 0:
            rows = len(held)
            held = -self.array("p", "v", "c").reduced.laplacian[:rows, rows:]
            if mapping.negative is not None:
                held = held + self.array("n", "v", "c", negative=True).reduced.laplacian[:rows, rows:]
        return np.asarray(held * (mapping.alpha / mapping.unit), dtype=np.float64)

    def measured(self, vector: Numbers) -> float:
        """Rayleigh quotient of a vector (N,) with the arrays: one product, in units of A."""
        return rayleigh(self.cells, self.system.columns(vector[:, None])[:, 0])

    @cached_property
    def threshold(self) -> float:
        """Lambda of the feedback, in units of A: between the wanted eigenvalue and the next one.

        Raises:
            ParameterError: It is not above 0 or far beyond all eigenvalues, or no lambda lets a pole grow.
        """
        given = self.parameters.eigenvalue
        if given == "auto" and self.found is None:
            bound = float(np.abs(self.cells).sum(axis=1).max())
            return first_growing(self._grows_at, bound, self.smallest)
        _ = self.exact
        eigenvalue = edge(self.cells, self.smallest) if given == "computed" else self.found or float(given)
        sign = 1 if self.smallest else -1
        found = eigenvalue * (1 + sign * self.parameters.margin)
        if found <= 0:
            mend = "the feedback needs a lambda above 0; add a multiple of the identity to A"
            raise ParameterError("eigenvalue", f"lambda {found:.4g}", mend)
        if found * self.mapping.unit > MOST_FEEDBACK * self.mapping.alpha:
            mend = "must not be far beyond all eigenvalues: none passes the largest sum of a row of |A|"
            raise ParameterError("eigenvalue", f"lambda {found:.4g}", mend)
        return found

    def _grows_at(self, threshold: float) -> bool:
        """Return whether a pole grows with another lambda."""
        return replace(self, found=threshold, parameters=self.parameters.replace(margin=0.0)).acts

    @property
    def feedback_conductance(self) -> float:
        """Feedback conductance G_lambda of each row, S."""
        return self.threshold * self.mapping.unit / self.mapping.alpha

    @property
    def kick_conductance(self) -> float:
        """Conductance from each source of the pulse to its sum node, S."""
        return KICK_SHARE * self.mapping.unit

    @property
    def kick_duration(self) -> float:
        """Duration of the pulse, s: that of a period of the op-amps' GBWP, unless it is given."""
        given, edge = self.parameters.kick_duration, self.settings.rise_time
        return max(1 / self.hardware.opamp_in_use.equivalent.gbwp, EDGES * edge) if given is None else given

    @cached_property
    def balance(self) -> dict[str, FloatArray]:
        """Fields of the parameter record that hold the compensating cells; empty in the paired topology."""
        if self.parameters.topology == "paired":
            return {}
        hardware, stored = self.hardware, self.hardware.conductances
        wanted = hardware.wanted(self.system.programmed) if stored is None else stored
        wires = made_up(hardware)
        positive, negative = row_sums(wanted, None if stored else hardware.cells, wires)
        inverting, noninverting = (positive, negative) if self.smallest else (negative, positive)
        feedback = self.feedback_conductance
        inverting = inverting + self.kick_conductance + (0.0 if self.smallest else feedback)
        noninverting = noninverting + (feedback if self.smallest else 0.0)
        limits = None if stored else (hardware.cells.g_min, hardware.cells.g_max)
        cells = equal_rows(inverting, noninverting, limits, wires)
        if stored is None:
            cells = programmed(hardware.cells, cells, hardware.draws, hardware.temperature, 2 * self.removed + 1)
        assert cells.negative is not None
        return {"balance_inverting": cells.positive, "balance_noninverting": cells.negative}

    @cached_property
    def design(self) -> EgvDesign:
        """Parameter record of the circuit."""
        mapping, own, hardware = self.mapping, self.parameters, self.hardware
        size, balance = len(mapping.positive), self.balance
        return hardware.design(
            EgvDesign,
            conductance_positive=mapping.positive,
            conductance_negative=mapping.negative,
            amplifier_offset=hardware.offsets("offset", size),
            feedback_conductance=self.feedback_conductance,
            kick_conductance=self.kick_conductance,
            smallest=self.smallest,
            kick=own.kick,
            kick_duration=self.kick_duration,
            inverter_resistance=own.inverter_resistance,
            inverter_offset=None if balance else hardware.offsets("inverter_offset", size),
            **balance,
        )

    @property
    def circuit(self) -> Circuit:
        """Circuit as parts."""
        return self.design.circuit

    @property
    def sha256(self) -> str:
        """Hash of the parameter record."""
        return self.design.sha256

    @property
    def growing_poles(self) -> int:
        """Number of growing poles; of a complex matrix a pair counts as one."""
        count = int((self.stability.poles.real > 0).sum())
        return -(-count // 2) if self.system.complex else count
