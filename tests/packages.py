"""Packages with public names."""

import amc_circuits
import analog_training
import mimo
import netlists
import optimizer

PACKAGES = (netlists, amc_circuits, optimizer, mimo, analog_training)
