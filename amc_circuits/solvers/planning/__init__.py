"""Plan of a solve: circuit, scaling, shift and levels for any matrix, chosen from the programmed arrays."""
