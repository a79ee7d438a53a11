"""Estimation of channels with few taps or few plane waves from fewer pilots than entries."""
