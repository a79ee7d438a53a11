"""Detection in the uplink: estimates of the symbols of all users from the signals of all antennas."""
