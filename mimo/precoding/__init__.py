"""Precoding in the downlink: signals of all antennas such that each user receives its own symbol."""
