"""What is measured of a circuit, and what a solve returns."""
