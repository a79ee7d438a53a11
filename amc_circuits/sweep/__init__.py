"""Sweeps: many points over the options of INV or MVM, stored in a folder; an interrupted sweep continues."""
