"""One step of the responses beyond the linear range: its implicit equations and their solution."""
