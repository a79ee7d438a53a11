"""Crossbars and their wires: the array as a part, its lines of SPICE, the reduced network, the voltages inside."""
