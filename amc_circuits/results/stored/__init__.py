"""Results in files: saved solves, waveforms, measured points, and differences of two results."""
