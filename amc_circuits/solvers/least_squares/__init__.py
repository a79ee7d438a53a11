"""GINV: least-squares and least-norm solutions."""
