"""Macro: arrays, two banks of op-amps, switches and sample-and-holds that become one circuit after the other."""
