"""Rows of parts that differ: wires, offsets and errors of cells in precoders of 16 x 128, on the fitted op-amp."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.kept import Kept
from benchmarks.mimo.rows import IDEAL, Row
from benchmarks.mimo.transistors import CASCADE, CHANNELS, GINV, Design
from mimo.parts import Parts, map_of
from mimo.precoding.disturbances import noise_at_users, offset_at_users
from mimo.precoding.study import circuit_of
from mimo.radio.semi_analytic import unit_gains

CASES: dict[str, dict[str, object]] = {
    "ideal": {},
    "wires 0.35 ohm": {"wire_resistance": "0.35"},
    "wires 1.73 ohm": {"wire_resistance": "1.73"},
    "offsets 1 mV": {"offset_spread": "1m"},
    "cells 1 uS": {"programming_error": "1u"},
    "all, 0.35 ohm": {"wire_resistance": "0.35", "offset_spread": "1m", "programming_error": "1u"},
}
DRAWN = ("offset_spread", "programming_error")


def spread(kept: Kept) -> Iterator[Row]:
    """Precoders on the fitted op-amp with wires, offsets and errors of cells: stable, and below 20 ns."""
    for design in (GINV, CASCADE):
        for name, given in CASES.items():
            yield from _rows(design, name, given, kept)


def _rows(design: Design, name: str, given: dict[str, object], kept: Kept) -> Iterator[Row]:
    """Largest settling time of some trials, with means beside it; every trial has a channel and parts of its own."""
    count = CHANNELS if any(option in given for option in DRAWN) else 2
    own = replace(design, given=design.given | given)
    found = [kept.result(f"{design.name}, {name}, {place}", partial(_trial, own, place)) for place in range(count)]
    times, errors, noises, offsets = np.array(found).T
    yield Row(f"{design.name}, {name}: slowest of {len(found)}, ns, below 20", times.max(), 10, 10, True)
    print(
        f"      settles in {times.mean():.2f} +- {times.std():.2f} ns; at the users error {errors.mean():.2%}, "
        f"noise {noises[0]:.2%}, offsets {offsets.mean():.1%} of the symbols"
    )


def _trial(design: Design, place: int) -> tuple[float, float, float, float]:
    """Settling time, ns; and, at the users, relative to the symbols: error of the map, noise, offsets."""
    settings, link = design.settings, design.link
    circuit = circuit_of(settings, link, Parts(IDEAL | design.given), place)
    solution = circuit.solve(design.symbols(place))
    maps = link.channels[place] @ map_of(circuit)
    corrected = (unit_gains(maps[None]) @ maps)[0]  # as any receiver with pilots does
    error = float(np.linalg.norm(corrected - np.eye(len(maps))) / np.sqrt(len(maps)))
    symbols = design.symbols(place)
    noise = noise_at_users(circuit, symbols) if place == 0 else float("nan")  # the longest computation by far
    offset = offset_at_users(circuit, symbols)
    return 1e9 * float(np.asarray(solution.settling_time)), error, noise, offset
