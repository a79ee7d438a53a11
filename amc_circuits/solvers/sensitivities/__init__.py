"""Derivatives of the metrics of a programmed circuit, by its adjoint."""
