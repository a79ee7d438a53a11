"""Pictures of single cells: writing and calibration."""
