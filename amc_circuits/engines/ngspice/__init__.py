"""The ngspice engine: decks run by processes, their waveforms read back and checked."""
