"""Crossbars and their wires: the array as a part, its SPICE lines, the reduced network, the inner voltages."""
