"""Measurements of a circuit, and the results that a solve returns."""
