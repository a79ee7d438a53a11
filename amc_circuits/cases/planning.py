"""Options of a planned solve, and their conversion to keywords of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from amc_circuits.cases.case import Problem, problem
from amc_circuits.cases.device_options import device_of
from amc_circuits.cases.effects import idle_reasons
from amc_circuits.cases.opamp_files import opamp_of
from amc_circuits.cases.option import Option, flag, parse_table
from amc_circuits.cases.options import ARGUMENTS, CONVERTERS, OF_ANSWERS, options_of, panel
from amc_circuits.cases.record_options import record_options
from amc_circuits.engines import EXACT
from amc_circuits.engines.settings import Settings
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.inv import InvParameters
from amc_circuits.solvers.planning.layout import PlannedCircuit, uses
from amc_circuits.solvers.planning.parameters import Choices
from amc_circuits.solvers.planning.solve import DEVICE
from amc_circuits.solvers.precision.parameters import Refinement
from amc_circuits.solvers.precision.slices import Slicing

SLICED: dict[str, Any] = {name: {"acts_with": ("residual=slices",)} for name in Slicing.model_fields}
SLICING = record_options(Slicing, **SLICED)
OF_PLANS = panel(
    "Plan",
    record_options(Choices, stages={"kind": "quantity"}),
    record_options(Refinement, memory={"acts_with": ("method=gcr",)}),
    SLICING,
)
"""Options of a plan alone."""
PASSED_ON = ("inverter_resistance", "topology")
"""Parameters of circuits that a plan passes on."""
CHOSEN = {
    "scaling",
    "conductances",
    "force",
    "start",
    "input_conductance",
    "feedback_conductance",
    "ridge",
    *(option.name for option in CONVERTERS),
}
"""Options of circuits that a plan chooses, or that it has in another form."""
DEFAULTS = {"device": DEVICE, "engine": "auto"}


def _planned(option: Option) -> Option:
    """Return an option of a circuit as a plan has it: with its own default, and without what it does not have."""
    excludes = "" if option.excludes in CHOSEN else option.excludes
    return replace(option, default=DEFAULTS.get(option.name, option.default), excludes=excludes)


TABLE = (
    *(_planned(option) for option in options_of("ginv") if option.name not in {*CHOSEN, *OF_ANSWERS} - {"input_noise"}),
    *OF_PLANS,
)
"""Options of a planned solve."""


def typed_table() -> tuple[Option, ...]:
    """Options on the command line: those that are no arguments, and that act on an answer."""
    return tuple(option for option in TABLE if option.name not in (*ARGUMENTS, "input_noise"))


def parse_planned(given: Mapping[str, object]) -> dict[str, Any]:
    """Convert the options of a planned solve.

    Raises:
        ParameterError: A value cannot be used.
    """
    return parse_table("solve", TABLE, given)


def planned_problem(options: dict[str, Any]) -> Problem:
    """Load matrix and right-hand sides from files, or draw them.

    Raises:
        ParameterError: As `problem`.
    """
    return problem("ginv", options)


def plan_arguments(options: dict[str, Any], jobs: int) -> dict[str, Any]:
    """Convert options, as `parse_planned` returns them, to keywords of `plan`.

    Raises:
        ParameterError: There is no such op-amp or device, or it has no such parameter.
    """
    records = {*Choices.model_fields, *Refinement.model_fields, *Slicing.model_fields, *PASSED_ON}
    of_circuits = ({*Hardware.model_fields, *Settings.model_fields} - {"opamp", "device"}) | {"engine"}
    own = {name: value for name, value in options.items() if name in records | of_circuits}
    for name in PASSED_ON:
        if own[name] == InvParameters.model_fields[name].default:
            del own[name]
    return {"opamp": opamp_of(options), "device": device_of(options), "jobs": jobs, **own}


def idle_in_plan(circuit: PlannedCircuit, options: Mapping[str, Any], count: int, jobs: int) -> tuple[str, ...]:
    """Describe in one sentence every given option that has no effect in any circuit of a planned solve.

    Args:
        circuit: Programmed circuit of the plan.
        options: Options as `parse_planned` returns them.
        count: Number of right-hand sides.
        jobs: Number of simulations at the same time.
    """
    given = {**options, "jobs": jobs}
    own = {option.name: option.own for option in TABLE} | {"jobs": 1}
    reasons = [dict(idle_reasons(one, {**options, "noise": False}, count)) for one, _ in uses(circuit)]
    idle = set.intersection(*map(set, reasons))
    if options["engine"] != EXACT:
        idle -= {"jobs"}  # a loop has several transients of one right-hand side
    return tuple(
        f"{flag(name)} has no effect here: {why}" for name, why in reasons[0].items()
        if name in idle & given.keys() and given[name] != own[name]
    )  # fmt: skip
