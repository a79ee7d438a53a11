"""Test bench of op-amps, and the macro model fitted to its metrics."""
