"""`amc cost`: energy and time of solves with converters and programming."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from amc_circuits.cases.case import Case
from amc_circuits.cases.option import output_format, parse_table
from amc_circuits.cases.options import COST, JOBS, OF_ANSWERS, panel, typed_options
from amc_circuits.cases.origin import Origin
from amc_circuits.cases.record import shape_text
from amc_circuits.cli.commands.case import case_of, print_notes, typed_with_files
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import NO_RESULT, as_typed, finish, one_line_warnings
from amc_circuits.cli.parameters import Format, Jobs, Matrix, RightHandSide, with_options
from amc_circuits.programming.conductances import programming_cost
from amc_circuits.results.converters import Converters
from amc_circuits.results.cost import Cost, Programming
from amc_circuits.results.solution import Solution
from amc_circuits.results.tables import print_table
from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import format_quantity
from netlists import ParameterError


@with_options(typed_options("inv", OF_ANSWERS) + panel("Cost", COST))
def cost(
    matrix: Matrix = None, vector: RightHandSide = None, *, jobs: Jobs = "1", format: Format = "table", **options: Any
) -> None:
    """Print energy and time of solves."""
    output_format("table", "json").parse(format)
    names = {option.name for option in COST}
    given = parse_table("amc cost", COST, {name: options[name] for name in names & options.keys()})
    _check_acting(given, options)
    programming = _programming({name: given.pop(name) for name in Programming.model_fields}, options)
    of_circuit = {name: value for name, value in options.items() if name not in names}
    with one_line_warnings(), waiting(f"INV by {options.get('engine') or 'ngspice'}"):
        case = case_of("inv", of_circuit, (matrix, vector), JOBS.parse(jobs))
        solution, found = cost_of(case, given, programming)
    if format == "json":
        keys = explained(case, found, typed_with_files(options, (matrix, vector)))
        print(json.dumps(record(case, solution, found) | keys, indent=2, allow_nan=False))
    else:
        print_table(_table(case, solution, found))
    print_notes(case, solution)
    if not solution.usable:
        print(f"amc: {solution.status.name}: {as_typed(solution.message)}", file=sys.stderr)
        finish(NO_RESULT)


def cost_of(case: Case, converters: dict[str, Any], programming: Programming) -> tuple[Solution, Cost]:
    """Solve a case and compute its cost, with these changes to its converters."""
    solution = case.run()
    return solution, case.circuit.cost(solution, case.circuit.converters.replace(**converters), programming)


def _check_acting(given: dict[str, Any], options: dict[str, Any]) -> None:
    """Refuse options of ADCs without ADCs. The number of solves acts always: digital arithmetic factorises A once."""
    own = {option.name: option.own for option in COST}
    for name in ("adc", "adc_share"):
        if given[name] != own[name] and not options.get("adc_bits"):
            raise ParameterError(name, given[name], "has no effect without adc_bits; add it, or leave this out")


def split_options(given: dict[str, Any]) -> tuple[dict[str, Any], Programming]:
    """Split the options of a cost, all in SI units, into changes of the converters and the programming."""
    table = parse_table("amc cost", COST, given)
    programming = Programming(**{name: table.pop(name) for name in Programming.model_fields})
    return table, programming


def _programming(given: dict[str, Any], options: dict[str, Any]) -> Programming:
    """Energy and time of programming: as given, otherwise from the file of conductances, otherwise zero."""
    file = options.get("conductances")
    energy, time = (0.0, 0.0) if file is None else programming_cost(Path(file))
    known = {"programming_energy": energy, "programming_time": time}
    return Programming(**known | {name: value for name, value in given.items() if value is not None})


def explained(case: Case, found: Cost, typed: dict[str, Any]) -> dict[str, Any]:
    """Build the keys that explain the cost: those of a solve, with the options of the cost."""
    keys = Origin.of(case).record("cost", typed)
    own = found.converters.model_dump() | found.programming.model_dump()
    keys["options"] |= {option.name: own[option.name] for option in COST}
    return keys


def _range(case: Case, converters: Converters) -> float | None:
    """Range of the ADCs, V; None without ADCs."""
    circuit = case.circuit
    return converters.output_range(circuit.natural_range) if converters.adc_bits else None


def record(case: Case, solution: Solution, found: Cost) -> dict[str, Any]:
    """Build the object that `--format json` prints; with several right-hand sides, numbers become lists."""
    energy, time = found.energy, found.time
    settling = energy.settling.record
    settling.pop("total")
    metrics = {
        "circuit": case.kind,
        "engine": case.circuit.engine,
        "status": solution.status.name,
        "size": case.circuit.matrix.shape[0],
        "seed": case.seed,
        "relative_error": solution.relative_error,
        **found.converters.model_dump(exclude={"adc_range"}),
        "adc_range_v": _range(case, found.converters),
        "solves": found.programming.solves,
        "energy_j": {
            "dac": energy.dac,
            **settling,
            "adc": energy.adc,
            "programming": energy.programming,
            "total": energy.total,
        },
        "time_s": {**asdict(time), "total": time.total},
        "digital_energy_j": found.digital_energy,
    }
    return {name: plain(value) for name, value in metrics.items()}


def _table(case: Case, solution: Solution, found: Cost) -> Table:
    """Build the printed table; with several right-hand sides, it has the means over those that settled."""
    count = np.isfinite(solution.settling_time).sum()
    energy, time, settling = found.energy, found.time, found.energy.settling
    title = f"INV {shape_text(case.circuit.matrix)}: {solution.status.name}" + (
        f", means of {count}" * np.ndim(solution.settling_time)
    )
    grid = Table(title=title, title_justify="left")
    grid.add_column("part")
    for heading in ("energy", "share", "time", "share"):
        grid.add_column(heading, justify="right")
    for name, joules, seconds in (
        (_bits("DAC", found.converters.dac_bits), energy.dac, time.dac),
        ("settling", settling.total, time.settling),
        ("  amplifiers", settling.amplifiers, None),
        ("  array", settling.array, None),
        ("  inputs", settling.inputs, None),
        (_bits(f"ADC {found.converters.adc}", found.converters.adc_bits), energy.adc, time.adc),
        (f"programming / {found.programming.solves}", energy.programming, time.programming),
        ("total", energy.total, time.total),
    ):
        grid.add_row(name, *_cells(joules, energy.total, "J"), *_cells(seconds, time.total, "s"))
    grid.add_row("digital arithmetic", format_quantity(found.digital_energy, "J"), "", "", "")
    return grid


def _bits(name: str, bits: int | None) -> str:
    return f"{name}, {bits} bits" if bits else f"{name.partition(' ')[0]}, none"


def _cells(value: Any, total: Any, unit: str) -> tuple[str, str]:
    """Format a mean and its share of the mean total."""
    mean = _mean(value)
    return format_quantity(mean, unit), format_quantity(mean / _mean(total), "%")


def _mean(value: Any) -> float:
    """Mean over the right-hand sides that settled; nan if none settled or no value is known."""
    values = np.atleast_1d(np.nan if value is None else value)
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")
