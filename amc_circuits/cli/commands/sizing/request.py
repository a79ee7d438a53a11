"""Options of `amc size`, read and checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amc_circuits.cases.option import Option, output_format, parse_table
from amc_circuits.cases.options import ARGUMENTS, JOBS, options_of, panel
from amc_circuits.cli.commands.case import PICTURES, Files
from amc_circuits.files.run_folder import check_output_file
from amc_circuits.results.trials import Limit
from amc_circuits.studies.sizing.free_options import check_target, free_option, span_of
from amc_circuits.studies.sizing.from_options import each_parsed, sizing_of, ties_of, with_defaults
from amc_circuits.studies.sizing.size import Sizing, target_of
from amc_circuits.studies.sizing.span import Span
from amc_circuits.studies.workers import Executor
from netlists import ParameterError

TARGET = "Target"
QUESTION = panel(
    TARGET,
    (
        Option("accuracy", "quantity", "Largest relative distance of the answer from the crossing", 0.01,
               percent_of="1"),
        Option("seeds", "integer", "Number of seeds, from that of seed on", 1, minimum=1),
        Option("worst", "quantity", "Quantile over the seeds that must keep the target", 1.0, percent_of="1"),
    ),
)  # fmt: skip
MOST_FREE = 2


@dataclass(frozen=True)
class Request:
    """Wanted target, free parameters and outputs.

    Attributes:
        circuit: Name of the circuit.
        limit: Target.
        free: Free options.
        spans: Range of each.
        given: Other options, as the user wrote them.
        accuracy: Largest relative distance of the answer from the crossing.
        seeds: Number of seeds.
        worst: Quantile over the seeds.
        jobs: Number of processes.
        form: Format of what is printed.
        plot: File of the picture; None for none.
    """

    circuit: str
    limit: Limit
    free: tuple[Option, ...]
    spans: tuple[Span, ...]
    given: dict[str, Any]
    accuracy: float
    seeds: int
    worst: float
    jobs: int
    form: str
    plot: Path | None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the free parameters."""
        return tuple(option.name for option in self.free)

    def sizing(self, executor: Executor | None = None) -> Callable[..., Sizing]:
        """Return the function that builds the question for the values of all free parameters but the last.

        Args:
            executor: Processes that solve circuits at the same time; None solves them here.
        """
        return sizing_of(self.circuit, self.given, self.names, self.limit, self.seeds, self.worst, executor)

    @property
    def ties(self) -> tuple[str, ...]:
        """Note on parameters that nothing ties together."""
        return ties_of(self.names, self.limit, self.given.get("technology"))


def request_of(
    circuit: str, target: str, names: list[str], between: list[str], options: dict[str, Any], files: Files,
    jobs: str, outputs: tuple[str, Path | None],
) -> Request:  # fmt: skip
    """Read and check what was typed.

    Raises:
        ParameterError: Something cannot be used.
    """
    output_format("table", "json").parse(outputs[0])
    if outputs[1] is not None:
        check_output_file("plot", outputs[1], PICTURES)
    limit = target_of(target)
    values = parse_table("amc size", QUESTION, {option.name: options.pop(option.name) for option in QUESTION})
    free = _free(circuit, names, options, outputs[1])
    for option in free:
        check_target(option, "free", option.name, limit)
    for option in options_of(circuit):
        if option.needs and options.get(option.name) is not None:
            check_target(option, option.name, options[option.name], limit)
    if len(between) > len(free):
        raise ParameterError("between", between[-1], "has no parameter; give one range for each free")
    paths = {name: None if file is None else str(file) for name, file in zip(ARGUMENTS, files, strict=True)}
    given = with_defaults(options | paths, limit)
    known = each_parsed(circuit, given)
    ranges = [*between, *[None] * (len(free) - len(between))]
    spans = tuple(span_of(option, known, ends) for option, ends in zip(free, ranges, strict=True))
    values["jobs"] = JOBS.parse(jobs)
    return Request(circuit, limit, free, spans, given, **values, form=outputs[0], plot=outputs[1])


def _free(circuit: str, names: list[str], options: dict[str, Any], plot: Path | None) -> tuple[Option, ...]:
    """Options of the free parameters."""
    free = tuple(free_option(circuit, name) for name in names)
    if len(free) > MOST_FREE or len({option.name for option in free}) < len(free):
        raise ParameterError("free", ", ".join(names), "must be one parameter, or two different ones")
    if len(free) == MOST_FREE and plot is None:
        raise ParameterError("free", ", ".join(names), "two parameters give a picture; add --plot FILE.png")
    for option in free:
        if options.get(option.name) is not None:
            raise ParameterError(option.name, options[option.name], "is free; leave this value out")
    return free
