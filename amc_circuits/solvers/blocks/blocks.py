"""BlockAMC as a solver: program A once in blocks, then solve for many b in steps."""

from __future__ import annotations

from types import NoneType
from typing import Any, Literal, Self, Unpack

from numpy.typing import ArrayLike

from amc_circuits.cells.system import System
from amc_circuits.engines import check_engine
from amc_circuits.engines.settings import Settings
from amc_circuits.results.converters import Converters
from amc_circuits.solvers.blocks.answering import answered, steady_pass
from amc_circuits.solvers.blocks.hold import SampleHold
from amc_circuits.solvers.blocks.parameters import MEANINGLESS, BlockParameters, check_stages
from amc_circuits.solvers.blocks.programmed import ProgrammedBlocks
from amc_circuits.solvers.blocks.programming import Maker, programmed_rows
from amc_circuits.solvers.blocks.solution import BlockSolution
from amc_circuits.solvers.fields import Fields, check_meaning, known_fields
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.programmed import NoParameters
from amc_circuits.values.checks import Numbers, right_hand_sides, square_matrix
from netlists.circuits.inv import INVERTER_RESISTANCE
from netlists.errors import check_type


class BlockCircuit(ProgrammedBlocks):
    """A matrix in blocks: `solve(b)` solves A x = b in steps of circuits smaller than A.

    It has the face of a programmed INV circuit: `program` does all that does not depend on b; `steady(b)` gives the
    answer of the circuits at rest for many columns at once; `solve(b)` simulates every step; `stability` comes before
    both, since steady states exist on paper even where a pole grows.
    """

    @classmethod
    def program(
        cls,
        matrix: ArrayLike,
        *,
        stages: int = 1,
        pivoting: Literal["auto", "none", "partial"] = "auto",
        leaf: Literal["inv", "ginv"] = "inv",
        hold: SampleHold | None = None,
        inputs: Literal["two", "one"] = "two",
        inverter_resistance: float = INVERTER_RESISTANCE,
        topology: Literal["paired", "compensated"] = "paired",
        shift: float = 0.0,
        engine: str = "ngspice",
        converters: Converters | None = None,
        **fields: Unpack[Fields],
    ) -> Self:
        """Cut A into blocks, compute their Schur complements, and program a circuit for each.

        Args:
            matrix: A, shape (N, N), real or complex, invertible, any units; NumPy, sparse SciPy, or lists.
            stages: Number of times that A and its blocks are cut in two; arrays have `ceil(N / 2^stages)` rows.
            pivoting: Order and signs of the rows: `none`, `partial` as in LU, or `auto`.
            leaf: Circuit that inverts the blocks: `inv`, or `ginv`, slower and stable for any block.
            hold: Sample-and-holds between the steps; None for exact ones.
            inputs: Input resistors of a sum node: `two`, of DAC and sample-and-hold, or `one`, where the latter adds.
            inverter_resistance: Resistance of each of the two equal resistors of an inverter, ohm.
            topology: Circuit of a pair of arrays: `paired` with inverters, or `compensated` with compensating cells.
            shift: Multiple of I, part of the programmed A, that resistors at leaves hold instead of cells.
            engine: Name of the engine that simulates every step.
            converters: DACs and ADCs; None for none.
            **fields: Other keywords, as in `Solver.program`; `pair` is `always` unless given.

        Raises:
            ParameterError: A parameter cannot be used; the error names the parameter, the value and the mend.
        """
        own = {"inverter_resistance": inverter_resistance, "topology": topology, "leaf": leaf, "shift": shift}
        parameters = BlockParameters(stages=stages, pivoting=pivoting, inputs=inputs, **own)
        given = {"pair": "always", **known_fields(fields, NoParameters), "engine": check_engine(engine)}
        return cls(**_beside(hold, converters), **_programmed(matrix, given, parameters))

    def steady(self, vectors: ArrayLike) -> Numbers:
        """Compute x by the steady states of all circuits, without transients and converters; shapes as in `solve`.

        Errors of sample-and-holds are included; where they leak, the predicted settling times count. An unstable
        circuit has steady states, too, that it never reaches: look at `stability` first.

        Raises:
            ParameterError: The shape does not match, or an entry is not finite.
        """
        found, single = right_hand_sides("b", vectors, len(self.matrix))
        columns = self.columns(found)
        first = steady_pass(self, columns, self.scale(columns), Converters(), {})
        factor = self.reduction(first.peaks)
        again = first if (factor == 1).all() else steady_pass(
            self, columns, self.scale(columns) * factor, Converters(), first.ranges
        )  # fmt: skip
        values = self.system.values(again.values, found.shape[1])
        return values[:, 0] if single else values

    def solve(self, vectors: ArrayLike) -> BlockSolution:
        """Solve for one right-hand side (N,), or the columns of a matrix (N, K), step by step.

        Raises:
            ParameterError: The shape does not match, or an entry is not finite.
            SimulationError: The simulator failed; deck and log are kept.
        """
        return answered(self, *right_hand_sides("b", vectors, len(self.matrix)))


def _beside(hold: SampleHold | None, converters: Converters | None) -> dict[str, Any]:
    """Return the fields of `ProgrammedBlocks` for what is between and around the steps."""
    for name, one, record in (("converters", converters, Converters), ("hold", hold, SampleHold)):
        check_type(name, one, record, NoneType)
    return {"hold": hold or SampleHold(), "converters": converters or Converters()}


def _programmed(matrix: ArrayLike, given: dict[str, Any], parameters: BlockParameters) -> dict[str, Any]:
    """Program the blocks; return the fields of `ProgrammedBlocks` that depend on the matrix, and its records."""
    hardware, settings = _records(given)
    system = System.inverse(square_matrix("A", matrix), hardware.scaling)
    check_stages(len(system.programmed), parameters.stages)
    order, signs, root = programmed_rows(system.programmed, Maker(hardware, given, parameters), parameters)
    records = {"hardware": hardware, "settings": settings, "engine": given["engine"], "parameters": parameters}
    return {"system": system, "order": order, "signs": signs, "root": root, **records}


def _records(given: dict[str, Any]) -> tuple[Hardware, Settings]:
    """Return the records whose fields are among the keywords; refuse those without a meaning here."""
    check_meaning(given, MEANINGLESS)
    hardware = Hardware(**{name: given[name] for name in Hardware.model_fields if name in given})
    return hardware, Settings(**{name: given[name] for name in Settings.model_fields if name in given})
