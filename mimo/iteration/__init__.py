"""Iterative detection: products by an array instead of one solve."""
