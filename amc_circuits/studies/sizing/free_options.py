"""Options that a search may vary, and the range of each: the bounds of its field, or around its present value."""

from __future__ import annotations

import math
from typing import Any

from amc_circuits.cases.device_options import device_of
from amc_circuits.cases.opamp_files import opamp_of
from amc_circuits.cases.option import Option, find_option, names_of
from amc_circuits.cases.options import DEVICE, OPAMP, options_of
from amc_circuits.cells.devices import device_preset
from amc_circuits.results.trials import Limit
from amc_circuits.studies.sizing.span import Span
from amc_circuits.values.quantities import percentage
from netlists import ParameterError
from netlists.opamps.technology import TECHNOLOGIES, TIED

NOT_FREE = ("seed", "trial", "monte_carlo", "cross_check", "timeout")
"""Numeric options that do not describe the circuit."""
FACTOR = 1e2
"""Ratio of the ends of a range to the present value of a parameter."""
USUAL = {
    "Hz": (1e3, 1e12),
    "ohm": (1e-3, 1e6),
    "S": (1e-8, 1e-2),
    "F": (1e-18, 1e-9),
    "V": (1e-6, 10.0),
    "A": (1e-6, 1.0),
    "s": (1e-12, 1e9),
    "V/V": (1e1, 1e9),
    "V/s": (1e3, 1e12),
    "V/rtHz": (1e-10, 1e-6),
    "": (1e-6, 1e6),
}
"""Ranges by unit of parameters without a positive present value; bounds of the field make them smaller."""
MOST = {"size": 64, "columns": 64}
"""Largest whole numbers of a range without another bound; 1024 of other options."""


def free_option(circuit: str, name: str) -> Option:
    """Return the option of a circuit that a search may vary.

    Raises:
        ParameterError: There is no such option, or it is not a number that describes the circuit.
    """
    table = {option.name: option for option in options_of(circuit)}
    free = {own: one for own, one in table.items() if one.kind in ("quantity", "integer") and own not in NOT_FREE}
    wanted = name.strip().lstrip("-").replace("-", "_")
    if wanted in table and wanted not in free:
        mend = "must be a number that describes the circuit, such as gbwp, wire_resistance or levels"
        raise ParameterError("free", wanted, mend)
    try:
        return find_option(circuit, free, wanted, "free")
    except ParameterError as error:
        raise ParameterError("free", wanted, error.mend) from None


def span_of(option: Option, options: dict[str, Any], between: str | None) -> Span:
    """Range of a parameter for a search.

    Args:
        option: Option that is free.
        options: Other options, as `parse_options` returns them.
        between: Both ends as a user writes them, such as `10M,10G`; None takes a usual range.

    Raises:
        ParameterError: The ends cannot be used, or a technology decides the value.
    """
    technology = options.get("technology")
    if option.name in TIED and technology is not None:
        mend = f"follows from gbwp by the technology {technology}; free gbwp, or leave the technology out"
        raise ParameterError("free", option.name, mend)
    whole = option.kind == "integer"
    if between is not None:
        ends = [_number(option, options, part.strip()) for part in between.split(",")]
        if len(ends) != 2 or any(isinstance(end, str) for end in ends):
            raise ParameterError("between", repr(between), "must be two numbers with a comma between them, as 10M,10G")
        return Span(float(ends[0]), float(ends[1]), whole)
    least, largest = option.bounds
    if whole:
        most = min(largest, MOST.get(option.name, 1024))
        return Span(float(max(least, option.minimum, 1)), float(most), whole)
    if option.name == "gbwp" and technology is not None:
        return Span(*TECHNOLOGIES[technology].gbwp_range)
    present = present_value(option, options)
    low, high = USUAL.get(option.unit, USUAL[""]) if present is None else (present / FACTOR, present * FACTOR)
    low, high = max(low, least), min(high, largest)
    if option.percent_of == "1" and high == 1:
        high = math.nextafter(1.0, 0.0) if option.name == "tolerance" else high
    return Span(low, high)


def check_target(option: Option, parameter: str, value: object, limit: Limit) -> None:
    """Refuse an option that changes the noise alone, unless the target is on the noise.

    Args:
        option: Option that is free or given.
        parameter: Name that the error has.
        value: Value that the error has.
        limit: Target.

    Raises:
        ParameterError: The target is another metric.
    """
    if "noise" in (option.needs, *option.acts_with) and limit.figure != "relative_noise":
        mend = "changes the noise alone; take a target on relative_noise, or leave it out"
        raise ParameterError(parameter, value, mend)


def _number(option: Option, options: dict[str, Any], text: str) -> Any:
    """End of a range as a number; a name if the option has names. A percentage is one of the largest conductance."""
    value = option.parse(text)
    part = percentage(value) if option.percent_of else None
    if part is None:
        return value
    largest = options.get("g_max")
    return part * (device_preset(options["device"]).g_max if largest is None else largest)


def present_value(option: Option, options: dict[str, Any]) -> float | None:
    """Positive value that a parameter has without a search; None if there is none."""
    value = options.get(option.name)
    if value is None and option.name in names_of(OPAMP):
        value = getattr(opamp_of(options).equivalent, option.name, None)
    elif value is None and option.name in (*names_of(DEVICE), "g_min", "g_max"):
        value = getattr(device_of(options), option.name)
    return float(value) if isinstance(value, (int, float)) and value > 0 else None
