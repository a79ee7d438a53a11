"""Commands on sweeps and their folders."""
