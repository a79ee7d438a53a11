"""Choice of a layout: candidates in an order, each programmed once and probed; the first that converges is taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from amc_circuits.results.solution import UnusableSolutionError
from amc_circuits.solvers.blocks.parameters import check_stages, stages_for
from amc_circuits.solvers.blocks.programming import positive_definite
from amc_circuits.solvers.planning.layout import Layout, PlannedProblem, device_of
from amc_circuits.solvers.planning.own_parameters import check_diagonal, in_resistors, no_circuit, takes
from amc_circuits.solvers.planning.parameters import Choices, CircuitName, LeafName
from amc_circuits.solvers.planning.probe import Probe
from amc_circuits.solvers.planning.shifts import first_shift
from amc_circuits.solvers.precision.normal import NormalProblem
from amc_circuits.solvers.precision.parameters import Refinement
from amc_circuits.values.checks import Numbers
from netlists import ParameterError
from netlists.short_text import short_repr

DOUBLINGS = 4
"""Largest number of times that a shift is doubled, a choice of this package."""
OF_BLOCKS = ("A", "feedback_conductance")
"""Parameters in errors of blocks that are singular, or far smaller than others."""
OF_BLOCK_CHOICES = ("pivoting", "leaf")
"""Choices that act on blocks alone; stages does, too, but for 0."""
MORE_STAGES = 2
"""Stages beyond those that the size of the arrays asks for, a choice of this package."""


class NoPlanError(UnusableSolutionError):
    """Error for a matrix that no layout of a plan solves."""


@dataclass
class Search:
    """Search for a layout.

    Attributes:
        problem: System of equations.
        choices: Choices, each `auto` or forced.
        refinement: Parameters of the loop.
        fields: Keywords of `Solver.program`, with the device as a record.
        vectors: Right-hand sides of the probes; None draws one.
        tried: A sentence on every layout that was tried, in order.
    """

    problem: PlannedProblem
    choices: Choices
    refinement: Refinement
    fields: Mapping[str, Any]
    vectors: Numbers | None = None
    tried: list[str] = field(default_factory=list)

    __repr__ = short_repr

    def run(self) -> Probe:
        """Return the first layout that converges.

        Raises:
            NoPlanError: There is none.
            ParameterError: No circuit has arrays of this size, or choices contradict each other.
        """
        self._check()
        circuits = [one for one in self._circuits() if takes(one[0], self.fields)]
        if not circuits:
            raise no_circuit(self.fields)
        for levels in self._levels():
            for circuit, stages, leaf in circuits:
                if (found := self._shifted(Layout(circuit, 0.0, levels, stages, leaf))) is not None:
                    return found
        mend = "raise most_levels or max_cycles, lower bits, or add damping to A"
        raise NoPlanError(f"no circuit of the plan solves this matrix: {'; '.join(self.tried)}; {mend}")

    @property
    def normal(self) -> bool:
        """True if the normal equation is solved."""
        return isinstance(self.problem, NormalProblem)

    @cached_property
    def definite(self) -> bool:
        """True if the scaled matrix is symmetric positive definite."""
        return not self.normal and positive_definite(self.problem.held)

    @cached_property
    def least_stages(self) -> int:
        """Least number of stages with which no array is too large."""
        return stages_for(self.problem.size, self.choices.array_limit)

    def _check(self) -> None:
        """Refuse arrays that are too large, and choices without effect.

        Raises:
            ParameterError: There is one.
        """
        choices, limit = self.choices, self.choices.array_limit
        largest = max(self.problem.held.shape)
        if largest > limit and (self.normal or choices.circuit in ("inv", "ginv")):
            mend = f"{'least squares' if self.normal else choices.circuit} takes arrays of {largest} lines, not blocks"
            raise ParameterError("array_limit", limit, f"{mend}; raise it")
        if self.normal and self.refinement.residual == "slices":
            raise ParameterError("residual", "slices", "needs a square A and no ridge; take digital")
        if self.normal and choices.circuit not in ("auto", "ginv"):
            raise ParameterError("circuit", choices.circuit, "needs a square A and no ridge; take auto")
        self._check_stages()
        check_diagonal(choices, self.fields)
        single = self.normal or choices.circuit in ("inv", "ginv")
        unused = ["stages"] * single + ["shift"] * (self.normal or choices.circuit == "ginv")
        for name in (*unused, *OF_BLOCK_CHOICES * (single or choices.stages == 0)):
            if (value := getattr(choices, name)) != "auto":
                raise ParameterError(name, value, "has no effect with this circuit; leave it out")

    def _check_stages(self) -> None:
        """Refuse stages that are too few for the largest arrays, or more than there is to cut."""
        choices, least = self.choices, self.least_stages
        if self.normal or choices.circuit in ("inv", "ginv"):
            return
        if choices.circuit == "blocks" and self.problem.size == 1:
            raise ParameterError("circuit", "blocks", "needs 2 rows to cut; take auto, or inv")
        if choices.stages == "auto":
            return
        check_stages(self.problem.size, choices.stages)
        least = max(least, 1) if choices.circuit == "blocks" else least
        if choices.stages < least:
            mend = f"must be at least {least}, for arrays of at most {choices.array_limit} rows"
            raise ParameterError("stages", choices.stages, mend)

    def _levels(self) -> Iterator[int | None]:
        """Yield the levels of the device, then twice as many each time, up to the most."""
        levels = device_of(self.fields).levels
        yield levels
        while levels is not None and 2 * levels <= self.choices.most_levels:
            levels *= 2
            yield levels

    def _circuits(self) -> Iterator[tuple[CircuitName, int, LeafName]]:
        """Yield the circuits to try with their stages and leaves: INV, GINV if A is not definite, blocks.

        A choice that only blocks have leaves blocks alone.
        """
        wanted = self.choices.circuit
        fits = self.least_stages == 0 and all(getattr(self.choices, name) == "auto" for name in OF_BLOCK_CHOICES)
        if self.normal or wanted == "ginv":
            yield "ginv", 0, "inv"
            return
        if wanted == "inv" or (wanted == "auto" and fits and self.choices.stages in ("auto", 0)):
            yield "inv", 0, "inv"
            if wanted == "auto" and not self.definite and self.choices.shift == "auto":
                yield "ginv", 0, "inv"
        if wanted != "inv" and self.choices.stages != 0:
            yield from (("blocks", stages, leaf) for stages in self._stages() for leaf in self._leaves())

    def _leaves(self) -> tuple[LeafName, ...]:
        """Return the circuits of leaves to try: GINV only where A is not definite, or where it is asked for."""
        if self.choices.leaf != "auto":
            return (self.choices.leaf,)
        return ("inv",) if self.definite else ("inv", "ginv")

    def _stages(self) -> Iterator[int]:
        """Yield the stages of blocks, as long as there is something to cut."""
        if self.choices.stages != "auto":
            yield int(self.choices.stages)
            return
        first, most = max(self.least_stages, 1), stages_for(self.problem.size, 1)
        for stages in range(first, first + 1 + MORE_STAGES):
            if stages <= most and (stages == first or 2**stages < self.problem.size):
                yield stages

    def _shifted(self, layout: Layout) -> Probe | None:
        """Return the probe of the first shift with which a circuit converges; None if there is none."""
        given = self.choices.shift
        found = self._probe(layout if given == "auto" else replace(layout, shift=float(given)))
        if found is None or found.converges:
            return found
        if given != "auto" or not self.definite or "ginv" in (layout.circuit, layout.leaf) or in_resistors(self.fields):
            return None
        shift = first_shift(self.problem.held, found.circuit)
        for doubled in range(DOUBLINGS + 1 if shift else 0):
            found = self._probe(replace(layout, shift=shift * 2**doubled))
            if found and found.converges:
                return found
        return None

    def _probe(self, layout: Layout) -> Probe | None:
        """Program a layout and note what it does; None if blocks of this matrix cannot be programmed."""
        try:
            circuit = layout.program(self.problem, self.choices, self.fields)
            probe = Probe(layout, circuit, self.problem, self.refinement, self.vectors)
            self.tried.append(str(probe))
        except ParameterError as error:
            if error.parameter not in OF_BLOCKS or layout.circuit != "blocks":
                raise
            self.tried.append(f"{layout}: {error}")
            return None
        return probe
