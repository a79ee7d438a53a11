"""Rows of Fourier transforms."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.mimo.rows import IDEAL, UNIT, Row
from mimo import OfdmSettings, transforms
from mimo.ofdm.closed_forms import of_dac, of_levels, of_programming


def decibels(magnitude: float) -> float:
    """Return an error vector magnitude in decibels."""
    return float(20 * np.log10(magnitude))


def ofdm() -> Iterator[Row]:
    """Error vector magnitudes in closed form; wires and two stages against an independent model."""

    def evm(stages: int = 1, given: dict[str, object] | None = None, **settings: object) -> float:
        size = str(settings.pop("size"))
        chosen = OfdmSettings(**{"vary": "size", "values": size, **settings})
        points = transforms(chosen, IDEAL | (given or {})).points
        return decibels(next(one.evm for one in points if one.stages == stages))

    ideal = evm(size=64)
    yield Row("ideal cells, N = 64, dB: below -100", min(ideal, -100), ideal, 0.01)
    for levels in (8, 32, 256):
        yield Row(
            f"{levels} levels, N = 256, dB",
            evm(size=256, given={"levels": levels}),
            decibels(of_levels(levels)),
            2,
            True,
        )
    for size in (64, 256):
        value = evm(size=size, given={"programming_error": "1u"})
        yield Row(f"1 uS, N = {size}, dB", value, decibels(of_programming(1e-6, UNIT)), 0.5, True)
    for bits in (4, 5, 6, 7, 8):
        yield Row(f"DAC of {bits} bits, dB", evm(size=64, dac_bits=bits), decibels(of_dac(bits, 4.0)), 0.4, True)
    between = decibels(np.sqrt(2) * of_dac(8, 4.0))
    yield Row("two stages, DACs of 8 bits, dB", evm(2, size=64, dac_bits=8), between, 0.5, True)
    yield Row("inverse transform, 16 levels, N = 256, dB", evm(1, {"levels": 16}, size=256, side="transmitter"),
              decibels(of_levels(16)), 2, True)  # fmt: skip
    for size, wanted in ((16, -35.7), (32, -25.4), (64, -14.8)):
        yield Row(f"wires 1.73 ohm, N = {size}, dB", evm(size=size, given={"wire_resistance": 1.73}), wanted, 0.5, True)
    yield Row("two stages, 8 levels, N = 64, dB", evm(2, {"levels": 8}, size=64), -44.2, 1, True)
    yield Row("two stages, wires, N = 64, dB", evm(2, {"wire_resistance": 1.73}, size=64), -42.0, 1, True)
    yield from _rates()


def _rates() -> Iterator[Row]:
    """Bit error rates by the error vector magnitude, without fading and with it."""
    for order, snr, levels in ((16, 16, 8), (64, 22, 16), (256, 28, 32)):
        settings = OfdmSettings(order=order, snr=snr, values=str(levels), frames=400)
        point = transforms(settings, dict(IDEAL)).points[0]
        yield Row(f"rate by EVM, {order}-QAM, {levels} levels", point.ber, point.effective, 0.07)
    for side in ("receiver", "transmitter"):
        settings = OfdmSettings(order=16, snr=24, values="8", frames=3000, channel_model="tdl-a", side=side)
        found = transforms(settings, dict(IDEAL))
        point = found.points[0]
        yield Row(f"exact {side}, 16-QAM, 24 dB, tdl-a", point.ideal, found.closed_form, 0.1)
        yield Row(f"rate by EVM, {side}, 16-QAM, 8 levels, tdl-a", point.ber, point.effective, 0.07)
