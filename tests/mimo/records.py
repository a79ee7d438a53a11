"""Public records of mimo, for the tests of their texts."""

import mimo
from amc_circuits import CommandGroup


def mimo_records(count):
    """A short study of detectors over so many channels, and every record around it."""
    settings, parts = mimo.DetectSettings(realizations=count, detectors="gram-inv", correlation=0), mimo.Parts({})
    found = mimo.detect(settings, parts)
    group = CommandGroup("Commands.", {f"command{k}": ("A command.", "place:name") for k in range(count)})
    return [settings, parts, found, *found.curves, mimo.Constellation(16), group]
