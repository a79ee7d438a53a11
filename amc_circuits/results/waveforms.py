"""Sampled voltages and currents of one transient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Waveforms:
    """Waveforms that an engine returns.

    Attributes:
        time: Increasing times of the samples, shape (T,), s.
        names: Names of the V vectors, such as `v(c1)` or `i(vdd)`.
        values: Values of the vectors, shape (T, V), volts and amperes.
        deck_sha256: Hash of the deck that was run; empty for an engine without one.
    """

    time: FloatArray
    names: tuple[str, ...]
    values: FloatArray
    deck_sha256: str = ""

    __repr__ = short_repr

    @cached_property
    def _column(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self.names)}

    def voltages(self, nodes: Sequence[str]) -> FloatArray:
        """Return the voltages of nodes, shape (T, len(nodes)), V."""
        return self.values[:, [self._column[f"v({node.lower()})"] for node in nodes]]

    def current(self, source: str) -> FloatArray:
        """Return the current into the positive pin of a voltage source, shape (T,), A."""
        return self.values[:, self._column[f"i({source.lower()})"]]
