"""Storage of a sweep: rows in a database, its folder, evidence of failures."""

from amc_circuits.sweep.store.database import DATABASE
from amc_circuits.sweep.store.layout import LAYOUT
from amc_circuits.sweep.store.reading import LARGEST_STORED
from amc_circuits.sweep.store.row import FAILED, INVALID, TEXTS, WORDS, Row
from amc_circuits.sweep.store.store import Store

__all__ = ["DATABASE", "FAILED", "INVALID", "LARGEST_STORED", "LAYOUT", "TEXTS", "WORDS", "Row", "Store"]
