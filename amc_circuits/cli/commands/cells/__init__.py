"""Commands of single cells: writing and calibration."""
