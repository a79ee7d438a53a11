"""Training: specification, network, loop, result and cost."""
