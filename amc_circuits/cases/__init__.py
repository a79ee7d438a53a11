"""Programmed circuits built from options, and records built from their solutions."""
