"""Commands that training adds to `amc`."""

from amc_circuits import Extension

extension = Extension()
