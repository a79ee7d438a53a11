"""Sizing: the value of a parameter at which a circuit keeps a target."""
