"""Input of a sweep: its specification, its points, and the points still to run."""
