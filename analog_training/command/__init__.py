"""The command `amc analog-train` and the run `analog-train` of sweeps."""
