"""Work of `amc solve`."""
