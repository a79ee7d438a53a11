"""The test bench of op-amps, and the macro model that fits what it measures."""
