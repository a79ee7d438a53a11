"""Op-amps: their records and presets, the subcircuit of each, and the decks of a test bench."""
