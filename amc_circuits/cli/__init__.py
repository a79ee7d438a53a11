"""The `amc` command line: its commands, options, errors and warnings."""
