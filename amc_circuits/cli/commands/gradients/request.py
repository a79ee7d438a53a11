"""Options of `amc optimize`, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amc_circuits.cases.case import make_case
from amc_circuits.cases.option import Option, output_format
from amc_circuits.cases.options import MONTE_CARLO, parse_options
from amc_circuits.cli.commands.case import Files, options_of_files
from amc_circuits.engines import AutoEngine
from amc_circuits.engines.known import check_differentiable
from amc_circuits.files.run_folder import check_output_file
from amc_circuits.studies.optimizing.choices import CHOICES
from amc_circuits.studies.optimizing.optimize import Optimization, free_parameter, objective, with_derivative
from amc_circuits.studies.sizing.free_options import present_value, span_of
from amc_circuits.studies.sizing.size import target_of
from amc_circuits.studies.sizing.span import Span
from netlists import ParameterError

NOT_FREE_HERE = ("noise", "noise_bandwidth", "input_noise", "budget", "engine", "cross_check", "force", "start",
                 *(option.name for option in MONTE_CARLO))  # fmt: skip
"""Options of other analyses, and of engines."""


def request_of(
    circuit: str,
    goal: tuple[str, Sequence[str]],
    varied: tuple[Sequence[str], Sequence[str]],
    options: dict[str, Any],
    files: Files,
    outputs: tuple[str, Path | None],
    starts: int,
) -> Optimization:
    """Read and check what was typed.

    Args:
        circuit: Name of the circuit.
        goal: Metric to minimize, and limits.
        varied: Names of free parameters, and ranges.
        options: Other options as typed; that of a free parameter is its first value.
        files: Files of matrix and vector.
        outputs: Format, and file to save.
        starts: Number of starts.

    Raises:
        ParameterError: Something cannot be used.
    """
    _check_outputs(*outputs, files, options)
    metric = objective(goal[0])
    limits = tuple(with_derivative(target_of(text)) for text in goal[1])
    free = tuple(free_parameter(circuit, name) for name in varied[0] if not choices_of([name]))
    given = options | options_of_files(files)
    known = _known(circuit, given)
    _check_choices(choices_of(varied[0]), free, known)
    spans = _spans(free, varied[1], known)
    present = [present_value(option, known) for option in free]
    first = [
        value if value is not None and span.low <= value <= span.high else None
        for value, span in zip(present, spans, strict=True)
    ]
    names = {option.name for option in free}
    others = {name: value for name, value in given.items() if name not in names}
    return Optimization(circuit, others, free, tuple(spans), metric, limits, tuple(first), starts)


def choices_of(free: Sequence[str]) -> tuple[str, ...]:
    """Return the names of free options that are choices, each once."""
    named = (name.strip().replace("-", "_") for name in free)
    return tuple(dict.fromkeys(name for name in named if name in CHOICES))


def _check_choices(chosen: Sequence[str], free: Sequence[Option], known: dict[str, Any]) -> None:
    """Refuse choices without a number beside them, and without an effect."""
    if not free:
        mend = "is a choice; free a number beside it, or compare designs by amc compare"
        raise ParameterError("free", ", ".join(chosen), mend)
    if "compensate_wires" in chosen and not known.get("wire_resistance"):
        raise ParameterError("free", "compensate_wires", "has no effect without wire_resistance; add it")


def _check_outputs(form: str, save: Path | None, files: Files, options: dict[str, Any]) -> None:
    output_format("table", "json").parse(form)
    if save is not None:
        check_output_file("save", save, (".npz",))


def _spans(free: Sequence[Option], between: Sequence[str], known: dict[str, Any]) -> list[Span]:
    """Ranges of the free parameters, all above 0."""
    names = [option.name for option in free]
    if len(set(names)) < len(names):
        raise ParameterError("free", ", ".join(names), "each parameter once")
    if len(between) > len(free):
        raise ParameterError("between", between[-1], "has no parameter; give one range for each free")
    ranges = [*between, *[None] * (len(free) - len(between))]
    spans = [span_of(option, known, ends) for option, ends in zip(free, ranges, strict=True)]
    for span, ends in zip(spans, ranges, strict=True):
        if span.low <= 0:
            raise ParameterError("between", ends, "must be above 0: the search is in equal ratios")
    return spans


def _known(circuit: str, given: dict[str, Any]) -> dict[str, Any]:
    """Options of the circuit without a search; conductances that it chooses itself are those of its design."""
    parsed = parse_options(circuit, given | {"engine": AutoEngine.name})
    made = make_case(circuit, parsed, 1, None).circuit
    check_differentiable(made.circuit)
    design = getattr(made, "design", None)
    chosen = ("input_conductance", "feedback_conductance")
    own = {name: getattr(design, name) for name in chosen if name in parsed and hasattr(design, name)}
    return parsed | own
