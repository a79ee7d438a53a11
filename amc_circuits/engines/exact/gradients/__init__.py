"""Derivatives of settling times and energies by adjoint responses."""
