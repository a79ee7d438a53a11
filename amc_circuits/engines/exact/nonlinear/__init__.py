"""Circuits with macro op-amps beyond their linear range: the linear part exactly, the rest by an exponential method."""
