"""Circuits that differ by chance: their options in Python and as typed, and a study of them."""

from amc_circuits.cases.options import parse_options
from amc_circuits.studies.monte_carlo import study_of

CHANCE = {"size": 4, "seed": 3, "programming_error": "1u", "offset_spread": "1m"}
TYPED = ("--size", 4, "--seed", 3, "--programming-error", "1u", "--offset-spread", "1m")


def study(kind="inv", **options):
    """A study of circuits that chance makes different; exact unless told."""
    return study_of(kind, parse_options(kind, CHANCE | {"engine": "exact"} | options))
