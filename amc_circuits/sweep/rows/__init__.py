"""Rows of a sweep for users and for other programs: columns, conditions, tables, curves."""
