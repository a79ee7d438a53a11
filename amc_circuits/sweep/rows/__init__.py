"""Rows of a sweep for people and for other programs: columns, conditions, tables, curves."""
