"""Sparse recovery: least squares with a penalty on the sum of absolute values."""
