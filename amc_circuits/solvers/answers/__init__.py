"""Solutions from readings, and the error budget of a solution."""
