"""Residual learning over several tiles of few-state devices, against baselines that are tuned as well."""
