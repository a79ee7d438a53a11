"""Many circuits with macro op-amps, each integrated beyond its linear range in steps of its own."""
