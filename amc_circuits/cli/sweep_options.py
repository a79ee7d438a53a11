"""Options of `amc sweep` for the run of points; no metric depends on them."""

from __future__ import annotations

from amc_circuits.cases.option import Option

HANDLING = (
    Option("max_failures", "integer", "Stop after so many failed points", minimum=1),
    Option("point_timeout", "quantity", "A point that takes longer is ended and fails", unit="s"),
    Option("shard", "text", "Of every n points only the i-th, from 1; amc merge puts shards together", unit="I/N"),
    Option("retry_failed", "flag", "Run points again that failed before", False),
    Option("waveforms", "flag", "Keep the outputs over time, thinned to what a picture shows", False),
)
