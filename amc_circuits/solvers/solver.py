"""A circuit as a solver: program a matrix once, then solve for many right-hand sides.

A new circuit is a subclass with three methods, `circuit`, `reference` and `gain`, and two names, `takes` and `gives`.
docs/howto/circuit.md shows an example.
"""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits.cells.mapping import Mapping
from amc_circuits.cells.system import System
from amc_circuits.engines import ENGINES, EXACT, Engine, Job, check_engine, check_known
from amc_circuits.engines.exact.steps import after_step
from amc_circuits.engines.known import check_differentiable
from amc_circuits.engines.settings import Settings
from amc_circuits.linear.equations import check_room
from amc_circuits.results.converters import HEADROOM, Converters
from amc_circuits.results.cost import UNCHARGED, Cost, Programming, cost
from amc_circuits.results.readings import Reading
from amc_circuits.results.solution import Provenance, Solution
from amc_circuits.solvers.answers.answer import Answer
from amc_circuits.solvers.answers.settled import SettledValues, is_plain, settled_values
from amc_circuits.solvers.fields import Fields, known_fields
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.operator import linear_operator
from amc_circuits.solvers.programmed import NoParameters, ProgrammedArray
from amc_circuits.solvers.question import Question
from amc_circuits.solvers.streaming import Stream, stream_job, swing_of
from amc_circuits.values.checks import Numbers, numeric_array, right_hand_sides, square_matrix
from netlists import OpAmps, ParameterError, Record
from netlists.errors import check_type, real_array, real_number
from netlists.record import FloatArray
from netlists.version import package_version

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

    from amc_circuits.solvers.sensitivities.differentiation import Differentiation
    from amc_circuits.solvers.sensitivities.record import Sensitivity


@dataclass(frozen=True, repr=False)
class Solver(ProgrammedArray):
    """A programmed circuit that solves for right-hand sides: it simulates them and assembles a solution.

    Attributes:
        Parameters: Record of the parameters that only this circuit has.
    """

    Parameters: ClassVar[type[Record]] = NoParameters

    @classmethod
    def program(
        cls,
        matrix: ArrayLike,
        *,
        engine: str = "ngspice",
        converters: Converters | None = None,
        **fields: Unpack[Fields],
    ) -> Self:
        """Map a matrix to conductances and build the circuit.

        Args:
            matrix: A, shape (N, M), real or complex, any units; NumPy, sparse SciPy, or lists.
            engine: Name of the engine that simulates.
            converters: DACs and ADCs; None for no converters.
            **fields: Fields of `Hardware` (`opamp`, `device`, `g_min`, `g_max`, `wire_resistance`, `seed` ...), of
                `Settings` (`input_voltage`, `tolerance`, `jobs` ...), and of `Parameters`.

        Raises:
            ParameterError: A parameter cannot be used; the error names the parameter, the value and the mend.
        """
        check_type("converters", converters, Converters, NoneType)
        engine = check_engine(engine)
        given = known_fields(fields, cls.Parameters)
        own = {name: given.pop(name) for name in cls.Parameters.model_fields if name in given}
        hardware = Hardware(**{name: given.pop(name) for name in Hardware.model_fields if name in given})
        settings = Settings(**given)
        wanted = square_matrix("A", matrix) if cls.square else numeric_array("A", matrix, (2,))
        system = cls.system_of(wanted, hardware)
        parameters = cls.Parameters(**own)
        mappings = cls._mapped(system, hardware, parameters)
        made = cls(system, hardware, mappings, settings, engine, parameters, converters or Converters())
        check_room(len(system.programmed), sum(made.circuit.groups[row.output] for row in made.circuit.of(OpAmps)))
        if engine == EXACT:
            check_known(made.circuit, cls.first_pass is not None)
        _ = made.output_range
        for problem in made.warnings():
            warnings.warn(problem, stacklevel=3)
        return made

    @classmethod
    def _mapped(cls, system: System, hardware: Hardware, parameters: Record) -> tuple[Mapping, ...]:
        """Map each matrix of the system to conductances; refuse a pair of arrays if the circuit has none."""
        matrices = cls.matrices_of(system, parameters)
        mappings = tuple(hardware.mapping(one, place) for place, one in enumerate(matrices))
        if not cls.pairs and any(mapping.negative is not None for mapping in mappings):
            mend = (
                "this circuit has no pairs of arrays: no negative entries, and pair = never where small ones are lifted"
            )
            raise ParameterError("A", "a matrix that needs a pair of arrays", mend)
        return mappings

    @classmethod
    def system_of(cls, matrix: Numbers, hardware: Hardware) -> System:
        """Scale the wanted matrix and make it real.

        Raises:
            ParameterError: The matrix cannot be used.
        """
        return System.inverse(matrix, hardware.scaling)

    @cached_property
    def simulator(self) -> Engine:
        """Engine, created at first use."""
        return ENGINES[self.engine](self.settings)

    @cached_property
    def state(self) -> Any:
        """State of the engine for this circuit, created at first use."""
        return self.simulator.init(self.circuit)

    def job(self, columns: FloatArray) -> Job:
        """Build the transient that streams right-hand sides (inputs, K), as data; run nothing.

        Without a run there is no measured peak. The linear circuit predicts it instead. A column with a predicted peak
        above 0.8 of the swing is scaled down to 0.8 of the swing, unless the scale is fixed.
        """
        columns = real_array("columns", columns)
        if columns.ndim != 2 or len(columns) != self.circuit.inputs:
            mend = f"must have {self.circuit.inputs} rows, one an input of the circuit"
            raise ParameterError("columns", f"shape {columns.shape}", mend)
        levels = self.converters.inputs(self.input_levels(columns)[0], self.full_scale)
        if not self.settings.fixed_scale:
            peaks = np.abs(self.linear.steady_stages(levels)).max(axis=0)
            levels = levels * np.minimum(1.0, HEADROOM * swing_of(self.circuit) / np.maximum(peaks, 1e-300))
        return stream_job(self.circuit, self.linear, self.settings, self.timing, levels, first_pass=self.first_pass)

    def solve(self, vectors: ArrayLike | None = None) -> Solution:
        """Solve for one right-hand side (n,), or the columns of a matrix (n, K), streamed through the circuit.

        A circuit without right-hand side takes none.

        Raises:
            ParameterError: The shape does not match, or an entry is not finite.
            SimulationError: The simulator failed; deck and log are kept.
        """
        return self.answer(self.question(vectors))

    def settled(self, vectors: ArrayLike) -> SettledValues | None:
        """Solve for the columns of a matrix (n, K), without waveforms, peaks and energies, which take most of the time.

        Returns:
            Values and settling times as of `solve`; None where only that knows the outcome. So it is for one vector,
            for other engines than the exact one, for op-amps with limits, if a right-hand side is zero or complex, if
            each starts from the one before, and if one does not settle or exceeds the range of the ADCs.

        Raises:
            ParameterError: The shape does not match, or an entry is not finite.
        """
        question = self.question(vectors)
        return settled_values(self, question, self.state) if is_plain(self, question) else None

    def as_linear_operator(self, *, strict: bool = True) -> LinearOperator:
        """Return the circuit as a `scipy.sparse.linalg.LinearOperator`: each product is a solve.

        The operator of INV is an inverse of A, for example as the preconditioner `M` of `scipy.sparse.linalg.gmres`;
        that of MVM is A itself.

        Args:
            strict: True raises `UnusableSolutionError` for a solution that is not usable; False returns its value.

        Raises:
            ParameterError: The circuit has no right-hand side.
        """
        length = self.length_of(self.matrix)
        outputs = len(self.question(np.zeros(length)).reference)
        return linear_operator(self.solve, (outputs, length), self.system.complex, strict)

    def steady(self, vectors: ArrayLike, *, at: float | None = None) -> Numbers:
        """Compute the steady state of the linear circuit, without transient and converters; shapes as in `solve`.

        All parts that do not depend on the right-hand side are computed once. Each further one is a matrix product.

        Args:
            vectors: Right-hand sides.
            at: Time after a step of the inputs from zero, s: the outputs at this time instead of the steady state.

        Raises:
            ParameterError: The shape does not match, an entry is not finite, or `at` is below 0 or needs linear parts.
        """
        if self.takes is None or self.growing:
            raise ParameterError("vectors", "a steady state", "this circuit has no right-hand side, or does not rest")
        found, single = right_hand_sides(self.takes, vectors, self.length_of(self.matrix))
        levels, scale = self.input_levels(self.system.columns(found))
        if at is not None and not real_number("at", at) >= 0:
            raise ParameterError("at", at, "must be a time from 0 s on")
        if at is not None and not self.circuit.linear:
            raise ParameterError("at", at, "needs linear cells, op-amps and limiters; leave it out")
        linear = self.linear
        outputs = linear.steady(linear.outputs, levels) if at is None else after_step(linear, levels, at)
        value = self.system.values(self.gain * outputs / np.where(scale > 0, scale, np.inf), found.shape[1])
        return value[:, 0] if single else value

    def question(self, vectors: ArrayLike | None) -> Question:
        """Combine right-hand sides (n,) or (n, K), or none, with the exact answers of the wanted matrix.

        Raises:
            ParameterError: The shape does not match, or an entry is not finite.
        """
        if self.takes is None:
            if vectors is not None and not np.array_equal(vectors, [1.0]):
                raise ParameterError("vectors", "a right-hand side", "this circuit has none; leave it out")
            one = np.ones((1, 1))
            return Question.of(self.system, one, one, self.reference(one), True)
        found, single = right_hand_sides(self.takes, vectors, self.length_of(self.matrix))
        columns = self.system.columns(found)
        return Question.of(self.system, found, columns, self.reference(columns), single)

    def answer(
        self, question: Question, first: Sequence[Reading] | None = None, engine: Engine | None = None
    ) -> Solution:
        """Stream right-hand sides through the circuit and assemble the solution.

        Args:
            question: Right-hand sides.
            first: Readings of the columns that are not zero, if they were taken before; None simulates them.
            engine: Engine that takes the same state; None for the circuit's own.
        """
        check_type("question", question, Question)
        began = time.perf_counter()
        columns, decks = question.columns, ""
        scale = self.input_levels(columns)[1]
        driven = np.flatnonzero(scale > 0)
        readings: dict[int, Reading] = {}
        resting = self.stability.stable and not self.growing
        if driven.size and (self.acts or self.settings.force):
            stream = Stream(
                self.circuit, self.linear, self.state, resting, self.timing, self.settings, engine or self.simulator,
                first_pass=self.first_pass,
            )  # fmt: skip
            found = stream.solve(self.driven_levels(columns), first)
            readings = dict(zip(driven.tolist(), found, strict=True))
            decks = hashlib.sha256(" ".join(stream.decks).encode()).hexdigest() if stream.decks else ""
        wall_time = time.perf_counter() - began
        return Answer(self, question, readings, scale).solution(self.provenance(decks), wall_time)

    def sensitivity(self, vectors: ArrayLike, metric: str) -> Sensitivity:
        """Differentiate a metric of one right-hand side with respect to all parts; docs/howto/optimize.md.

        Raises:
            ParameterError: The right-hand side, the metric or the circuit, which must be linear, cannot be used.
            UnusableSolutionError: The circuit is unstable or did not settle.
        """
        return self.differentiated(vectors).of(metric)

    def differentiated(self, vectors: ArrayLike) -> Differentiation:
        """Solve for one right-hand side by the linear circuit, for derivatives of several metrics.

        Raises:
            ParameterError: The right-hand side or the circuit, which must be linear, cannot be used.
        """
        from amc_circuits.engines.exact.engine import ExactEngine  # here, since few circuits are differentiated
        from amc_circuits.solvers.sensitivities.differentiation import Differentiation

        check_differentiable(self.circuit, self.first_pass is not None)
        exact, question = replace(self, engine=EXACT), self.question(vectors)
        return Differentiation(exact, exact.state, question, exact.answer(question, engine=ExactEngine(limits=False)))

    def cost(self, solution: Solution, converters: Converters, programming: Programming = UNCHARGED) -> Cost:
        """Compute the cost of each right-hand side: DACs, settling, ADCs, and its part of the programming."""
        check_type("solution", solution, Solution)
        check_type("converters", converters, Converters)
        check_type("programming", programming, Programming)
        lines = (self.circuit.inputs, self.circuit.groups[self.circuit.outputs])
        return cost(solution, lines, self.multiply_adds(programming.solves), converters, programming)

    def provenance(self, decks: str) -> Provenance:
        """Provenance of a result; `decks` is the hash of its decks, empty if nothing was simulated."""
        simulated = bool(decks)
        return Provenance(
            engine=self.engine,
            ngspice_version=self.simulator.about.version if simulated else "",
            klu=self.simulator.about.klu if simulated else False,
            design_sha256=self.sha256,
            deck_sha256=decks,
            package_version=package_version(),
        )
