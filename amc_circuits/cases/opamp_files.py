"""The op-amp of the options: a preset, with or without changes, or a user's own subcircuit with its fit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from amc_circuits.cases.option import names_of
from amc_circuits.cases.options import OPAMP
from netlists import NOMINAL_TEMPERATURE, MacroOpAmp, OpAmp, ParameterError, SubcircuitOpAmp, preset
from netlists.opamps.pins import parse_pins
from netlists.opamps.presets import DEFAULT
from netlists.opamps.technology import tied


def opamp_of(options: Mapping[str, Any]) -> OpAmp:
    """Build the op-amp of options as `parse_options` returns them.

    Raises:
        ParameterError: There is no such preset, it has no such parameter, the file cannot be used, or a technology does
            not hold for it.
        SimulationError: A subcircuit could not be measured; deck and log are kept.
    """
    if options["opamp_file"] is not None:
        try:
            return _fitted(subcircuit_of(options), options["temperature"])
        except ParameterError as error:
            name = "opamp_file" if error.parameter == "opamp" else error.parameter
            raise ParameterError(name, error.value, error.mend) from None
    record = preset(options["opamp"])
    changes = {name: options[name] for name in names_of(OPAMP) if options[name] is not None}
    if not isinstance(record, MacroOpAmp):
        for name, value in changes.items():
            if name not in type(record).model_fields:
                raise ParameterError(name, value, f"the op-amp {options['opamp']} has no such parameter; take another")
    if isinstance(record, SubcircuitOpAmp) and options["temperature"] != NOMINAL_TEMPERATURE:
        return _fitted(record, options["temperature"])
    changed = record.replace(**changes) if changes else record
    technology = options.get("technology")  # rows of older versions have none
    return changed if technology is None else tied(changed, technology)


def subcircuit_of(options: Mapping[str, Any]) -> SubcircuitOpAmp:
    """Build an op-amp from a file, before it is measured; in its macro model only the rails are known.

    Raises:
        ParameterError: The file cannot be used, or an option that it needs is missing or does not fit.
    """
    for name in ("opamp_subckt", "supply_voltage"):
        if options[name] is None:
            raise ParameterError(name, "nothing", "an op-amp from a file needs it")
    for name in names_of(OPAMP):
        if name != "supply_voltage" and options.get(name) is not None:
            raise ParameterError(
                name, options[name], "an op-amp from a file is what the file says; leave one of both out"
            )
    from netlists.model_files.file import read_model  # here, since most circuits have a preset

    pins = None if options["opamp_pins"] is None else parse_pins(options["opamp_pins"])
    found = read_model(Path(options["opamp_file"]), options["opamp_subckt"], pins)
    rails = options["supply_voltage"]
    macro = preset(DEFAULT).equivalent.replace(supply_voltage=rails, output_swing=rails)
    return SubcircuitOpAmp(text=found.text, subcircuit=found.subcircuit, pins=found.pins, macro=macro)


@lru_cache(maxsize=8)
def _fitted(opamp: SubcircuitOpAmp, temperature: float) -> SubcircuitOpAmp:
    """Fit an op-amp; it is measured once for all circuits of a process."""
    from amc_circuits.opamps.fit import fitted  # imported here, since most circuits have a preset

    return fitted(opamp, temperature=temperature)
