"""Resistive memory cells that are written: the filament, and one with its access transistor."""
