"""Circuits, one file each: the parameter record, and the function that returns the circuit's parts."""
