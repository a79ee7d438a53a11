"""Resistive memory cells with write pulses: the filament, and a cell with its access transistor."""
