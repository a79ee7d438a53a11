"""Schedules of the macro: one set of op-amps that multiplies, solves and finds eigenvectors, phase by phase."""
