"""Options of `amc opamp`."""

from __future__ import annotations

from amc_circuits.cases.option import Option
from amc_circuits.cases.options import OPAMP, OPAMP_FILE

BENCH = (
    Option("load", "quantity", "Resistance from the output to ground", "10k", "ohm"),
    Option("load_capacitance", "quantity", "Capacitance from the output to ground", "0", "F"),
    Option("temperature", "quantity", "Of everything", "300.15", "K"),
)
FILE = (*(option for option in OPAMP if option.name == "supply_voltage"), *OPAMP_FILE)
