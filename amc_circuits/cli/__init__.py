"""The `amc` command: what can be typed, and what is said when something is wrong."""
