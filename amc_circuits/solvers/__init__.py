"""Programmed circuits (INV, MVM, GINV), their right-hand sides, and the assembly of their solutions."""
