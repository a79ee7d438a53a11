"""Programmed circuits: INV and MVM, what they are asked, and their answers."""
