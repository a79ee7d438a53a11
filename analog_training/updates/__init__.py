"""Updates by stochastic pulse trains: coincidences, and their closed forms."""
