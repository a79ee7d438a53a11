"""Writing of cells: pulses, write-verify, and the resulting conductances."""
