"""Algorithms behind one contract: how the weights of a layer learn from signals and errors."""
