"""Questions of sizing built from options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from amc_circuits.cases.case import Case, make_case
from amc_circuits.cases.options import options_of, parse_options
from amc_circuits.engines import AutoEngine
from amc_circuits.results.trials import Limit
from amc_circuits.studies.sizing.size import Sizing
from amc_circuits.studies.workers import Executor
from netlists import ParameterError

CURRENTS = ("quiescent_current", "class_ab_current")
SPEEDS = ("gbwp", "slew_rate")


def sizing_of(
    circuit: str, given: Mapping[str, Any], names: Sequence[str], limit: Limit, seeds: int = 1, worst: float = 1.0,
    executor: Executor | None = None,
) -> Callable[..., Sizing]:  # fmt: skip
    """Return the function that builds the question for the values of all free parameters but the last.

    Args:
        circuit: Name of the circuit.
        given: Options as a user writes them, without the free ones; None counts as not given.
        names: Free parameters.
        limit: Target.
        seeds: Number of seeds, from the given one on.
        worst: Quantile over the seeds that must keep the target.
        executor: Processes that solve circuits at the same time; None solves them here.
    """
    first = parse_options(circuit, {"seed": given.get("seed")})["seed"]

    def sizing(*others: float) -> Sizing:
        known = {**given, **dict(zip(names[:-1], others, strict=True))}
        return Sizing(partial(_case, circuit, known, names[-1], first), limit, worst, seeds, executor)

    return sizing


def _case(circuit: str, given: Mapping[str, Any], name: str, first: int, value: float, number: int) -> Case:
    """Build the case of a value of the option `name`, with the seed of this number."""
    return make_case(circuit, parse_options(circuit, {**given, name: value, "seed": first + number}), 1, None)


def with_defaults(given: Mapping[str, Any], limit: Limit) -> dict[str, Any]:
    """Options of a search: engine `auto` with the cross-check at the end only, and the analysis of the target."""
    engine = given.get("engine") or AutoEngine.name
    check = given.get("cross_check")
    options = {**given, "engine": engine, "noise": limit.figure == "relative_noise"}
    return options | {"cross_check": 0.0 if check is None and engine == AutoEngine.name else check}


def each_parsed(circuit: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Convert each option by itself: only with the free ones are the options of a circuit complete.

    Raises:
        ParameterError: A value cannot be used.
    """
    return {
        option.name: option.own if given.get(option.name) is None else option.parse(given[option.name])
        for option in options_of(circuit)
    }


def check_seeds(case: Case, options: Mapping[str, Any], seeds: int) -> None:
    """Refuse several seeds of circuits in which nothing is drawn.

    Raises:
        ParameterError: All seeds give the same circuit and right-hand side.
    """
    drawn = case.circuit.hardware.drawn or options.get("matrix") is None or options.get("rhs") is None
    if seeds > 1 and not drawn:
        raise ParameterError("seeds", seeds, "nothing is drawn, all seeds are the same; leave it out")


def ties_of(names: Sequence[str], limit: Limit, technology: str | None) -> tuple[str, ...]:
    """Note on currents and bandwidths that nothing ties, if the question mixes them."""
    free = set(names)
    mixed = free & {*CURRENTS} or (free & {*SPEEDS} and limit.figure == "energy")
    if technology is not None or not mixed:
        return ()
    text = "nothing ties quiescent_current to gbwp and slew_rate, so that bandwidth costs no current"
    return (f"{text}; free gbwp with a technology",)
