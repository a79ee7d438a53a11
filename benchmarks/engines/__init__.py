"""The exact engine against ngspice and others, and the growth of its time."""
