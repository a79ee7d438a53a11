"""Expressions in model files: their grammar, their functions, and their values."""
