"""Devices whose conductance pulses move: response, spreads, presets, calibration."""
