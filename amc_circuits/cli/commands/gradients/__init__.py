"""`amc sensitivity` and `amc optimize`."""
