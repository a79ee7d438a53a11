"""Sweeps: many points over the options of INV or MVM, kept in a folder, run again where they were cut off."""
