"""Precoding that weighs the signal of a user against what leaks to the others (SLNR)."""
