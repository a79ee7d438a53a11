"""The EGV circuit as a solver: eigenvectors, the feedback that lets them grow, and their measurement."""
