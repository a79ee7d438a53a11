"""Commands that training adds to `amc`."""

from amc_circuits.extensions import Extension

extension = Extension()
