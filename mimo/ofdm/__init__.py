"""OFDM: the discrete Fourier transform of a receiver by arrays."""
