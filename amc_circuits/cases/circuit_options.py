"""Circuits for other packages, from the same options as in the command and in sweeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from amc_circuits.cases.case import program, program_arguments
from amc_circuits.cases.device_options import device_of
from amc_circuits.cases.option import Option, parse_table
from amc_circuits.cases.options import CIRCUIT, CONVERTERS, SOLVE, options_of, parse_options, solver_options
from amc_circuits.solvers.blocks.blocks import BlockCircuit
from amc_circuits.solvers.blocks.parameters import stages_for
from amc_circuits.solvers.planning.plan import Plan
from amc_circuits.solvers.planning.solve import plan
from amc_circuits.solvers.solver import Solver
from amc_circuits.values.checks import Numbers, numeric_array
from netlists import ParameterError
from netlists.errors import check_type
from netlists.short_text import short_repr

OF_ARRAYS = {
    "input_conductance": "inputs of blocks have the conductance of max|A|; leave it out",
    "diagonal": "blocks hold their diagonal in cells; leave it out",
}
"""Parameters of a single INV circuit that its blocks do not have, each with the mend."""


@dataclass(frozen=True)
class CircuitOptions:
    """Parts, drive, engine and converters of a circuit, without its matrix.

    Attributes:
        circuit: Name of the circuit, such as `inv`.
        values: Every option of the command that describes the circuit, in SI units.
    """

    circuit: str
    values: Mapping[str, Any]

    __repr__ = short_repr

    @staticmethod
    def table(circuit: str) -> tuple[Option, ...]:
        """Options that describe a circuit of this name."""
        table = (option for option in CIRCUIT + SOLVE + CONVERTERS if option.name != "conductances")
        return (*table, *solver_options(circuit))

    @classmethod
    def parse(cls, circuit: str, given: Mapping[str, object]) -> CircuitOptions:
        """Convert options as a user writes them, and fill in the defaults.

        Args:
            circuit: Name of the circuit.
            given: Values by name, such as `{"wire_resistance": "1.7 ohm"}`; None counts as not given. `noise` is True
                for a circuit whose noise is computed, so that `input_noise` has an effect.

        Raises:
            ParameterError: There is no such option, a value cannot be used, or an option has no effect as given.
        """
        check_type("given", given, Mapping, mend="options by name")
        every = cls.table(circuit)
        named = {option.name for option in every}
        unknown = {name: value for name, value in given.items() if name not in (*named, "noise")}
        if unknown:
            parse_table(f"the circuit {circuit}", every, unknown)
        parsed = parse_options(circuit, given)
        _ = device_of(parsed)  # refuses what cells cannot be
        return cls(circuit, {name: value for name, value in parsed.items() if name in named})

    def program(self, matrix: ArrayLike, seed: int = 0, trial: int = 0, jobs: int = 1) -> Solver:
        """Map a matrix to conductances and build the circuit.

        Args:
            matrix: A, shape (N, M).
            seed: Seed of all random draws.
            trial: Number of the circuit among those of this seed.
            jobs: Number of simulations at the same time.

        Raises:
            ParameterError: An option or the matrix cannot be used.
        """
        array = numeric_array("A", matrix, (2,))
        return program(self.circuit, array, self._arguments(array, seed, trial), jobs, None)

    def program_blocks(
        self, matrix: ArrayLike, array_limit: int, seed: int = 0, trial: int = 0, jobs: int = 1
    ) -> BlockCircuit:
        """Program a matrix in blocks of at most `array_limit` rows with the same parts; pairs of arrays everywhere.

        Args:
            matrix: A, shape (N, N).
            array_limit: Largest number of rows of an array.
            seed: Seed of all random draws.
            trial: Number of the circuit among those of this seed.
            jobs: Number of simulations at the same time.

        Raises:
            ParameterError: The circuit is not `inv`, or an option or the matrix cannot be used.
        """
        arguments = self._of_blocks(array := numeric_array("A", matrix, (2,)), seed, trial)
        stages = stages_for(len(array), array_limit)
        return BlockCircuit.program(array, stages=stages, jobs=jobs, **arguments | {"pair": "always"})

    def plan(
        self,
        matrix: ArrayLike,
        loop: Mapping[str, Any],
        array_limit: int,
        seed: int = 0,
        trial: int = 0,
        jobs: int = 1,
        b: ArrayLike | None = None,
    ) -> Plan:
        """Plan a solve of many bits by refinement with the same parts, whose levels stay as they are.

        Args:
            matrix: A, shape (N, N).
            loop: Parameters of the loop by name, as of `Refinement`, such as its bits.
            array_limit: Largest number of rows of an array.
            seed: Seed of all random draws.
            trial: Number of the circuit among those of this seed.
            jobs: Number of simulations at the same time.
            b: Right-hand sides to be solved, shape (N,) or (N, K); None draws one.

        Raises:
            ParameterError: The circuit is not `inv`, or an option or the matrix cannot be used.
            UnusableSolutionError: No layout reaches these bits.
        """
        arguments = self._of_blocks(array := numeric_array("A", matrix, (2,)), seed, trial)
        converters, levels = arguments.pop("converters"), arguments["device"].levels
        if converters.adc_range is not None:
            raise ParameterError(
                "adc_range", converters.adc_range, "ADCs of a refinement follow the largest output; leave it out"
            )
        words = {name: getattr(converters, name) for name in ("dac_bits", "adc_bits")}
        arguments |= {**loop, **{name: value for name, value in words.items() if value is not None}}
        if levels is not None:
            arguments["most_levels"] = max(2, levels)
        return plan(array, b=b, array_limit=array_limit, jobs=jobs, **arguments)

    def check_blocks(self) -> None:
        """Refuse what circuits of blocks do not have.

        Raises:
            ParameterError: The circuit is not `inv`, or a parameter is that of a single array.
        """
        if self.circuit != "inv":
            raise ParameterError("circuit", self.circuit, "blocks are INV circuits; take inv")
        for option in solver_options("inv"):
            value = self.values.get(option.name, option.own)
            if option.name in OF_ARRAYS and value != option.own:
                raise ParameterError(option.name, value, OF_ARRAYS[option.name])

    def _of_blocks(self, matrix: Numbers, seed: int, trial: int) -> dict[str, Any]:
        """Return the arguments of circuits of blocks; errors as of `check_blocks`."""
        self.check_blocks()
        arguments = self._arguments(matrix, seed, trial)
        return {name: value for name, value in arguments.items() if name not in {"conductances", *OF_ARRAYS}}

    def _arguments(self, matrix: Numbers, seed: int, trial: int) -> dict[str, Any]:
        """Return the arguments of `program`."""
        missing = {option.name: option.own for option in options_of(self.circuit)}
        options = missing | dict(self.values) | {"seed": seed, "trial": trial}
        return program_arguments(self.circuit, options, matrix)
