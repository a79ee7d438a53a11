"""Are the figures of massive MIMO those of theory and of independent estimates?

Method: every row has a value that is known from elsewhere (a closed form, an integral, or a figure of an independent
model in NumPy of the same cells) and a bound, and prints PASS or FAIL. About ten minutes on one core; `--long` adds the
precoder of 16 users and 128 antennas by transistors in ngspice, five channels, a quarter of an hour more.
`python -m benchmarks.mimo [--long]`; the exit code is 1 if a row fails.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
from scipy.integrate import quad
from scipy.stats import gamma

from amc_circuits import GinvCircuit
from amc_circuits.opamps.bench import characterize
from mimo import Constellation, DetectSettings, OfdmSettings, Parts, PrecodeSettings, detect, precode, transforms
from mimo.iteration.methods import METHODS, rate
from mimo.ofdm.closed_forms import of_dac, of_levels, of_programming
from mimo.radio.channels import rayleigh
from mimo.radio.closed_forms import ratio, zero_forcing_rayleigh
from mimo.radio.real_form import real_form
from netlists import SinglePoleOpAmp, preset

IDEAL = {"device": "ideal"}
UNIT = 99e-6


@dataclass(frozen=True)
class Row:
    """A checked figure.

    Attributes:
        text: Figure in words.
        value: Computed value.
        wanted: Value from elsewhere.
        bound: Largest difference; relative unless `absolute`.
        absolute: True for a difference in the units of the value.
    """

    text: str
    value: float
    wanted: float
    bound: float
    absolute: bool = False

    @property
    def passes(self) -> bool:
        """True within the bound."""
        scale = 1.0 if self.absolute else abs(self.wanted)
        return bool(abs(self.value - self.wanted) <= self.bound * scale)

    def __str__(self) -> str:
        bound = f"{self.bound:g}" if self.absolute else f"{100 * self.bound:.3g} %"
        verdict = "PASS" if self.passes else "FAIL"
        return f"{verdict}  {self.text}: {self.value:.5g}, wanted {self.wanted:.5g} +- {bound}"


def formulas() -> Iterator[Row]:
    """Bit error rates in white noise, and of zero forcing over Rayleigh channels against the integral."""
    known = ((4, 10, 7.82701e-4), (16, 16, 1.791218e-3), (64, 22, 1.753103e-3), (256, 22, 4.034443e-2))
    for order, decibels, wanted in known:
        value = float(Constellation(order).error_rate(ratio(decibels)))
        yield Row(f"white noise, {order}-QAM, {decibels} dB", value, wanted, 1e-6)
    cases = ((16, 4, 16, 0), (16, 16, 128, -5), (64, 8, 128, 0), (256, 8, 128, 8), (16, 4, 8, 10), (4, 4, 4, 10))
    for order, users, antennas, decibels in cases:
        qam, shape = Constellation(order), antennas - users + 1
        snr = float(ratio(decibels))
        wanted = quad(partial(_weighted, qam, snr, shape), 0, shape + 60 * shape**0.5, limit=400)[0]
        value = float(zero_forcing_rayleigh(qam, antennas, users, snr))
        yield Row(f"zero forcing, {antennas} x {users}, {order}-QAM, {decibels} dB", value, wanted, 1e-4)


def _weighted(qam: Constellation, snr: float, shape: int, x: float) -> float:
    """Rate of white noise at `g x`, times the density of x."""
    return float(qam.error_rate(snr * x) * gamma.pdf(x, shape))


def detection() -> Iterator[Row]:
    """Rates of circuits at exact zero forcing's 1e-3, against a model of the cells in NumPy."""
    common = {"antennas": 128, "users": 16, "snr": "-3.89", "realizations": 150, "correlation": 0.0}
    other = {"antennas": 128, "users": 8, "order": 64, "snr": "1.81", "realizations": 100, "correlation": 0.0}
    for levels, settings, names, wanted in (
        (16, common, "gram-inv", (1.5e-2,)),
        (8, common, "ginv", (2.1e-3,)),
        (8, common, "fixed-diagonal", (1.8e-3,)),
        (8, other, "ginv", (2.6e-3,)),
        (16, other | {"uses": 2}, "refined", (1.08e-3,)),
        (16, other | {"uses": 3}, "refined", (1.005e-3,)),
        (16, common | {"uses": 3}, "refined", (1.06e-3,)),
    ):
        found = detect(DetectSettings(**settings, detectors=names), Parts(IDEAL | {"levels": levels}))
        for curve, value in zip(found.curves, wanted, strict=True):
            size = f"{settings['antennas']} x {settings['users']}, {levels} levels"
            bound = 0.03 if names == "refined" else 0.1
            exact = float(found.exact["i.i.d."].mean())
            # Relative to exact zero forcing of the same channels, whose closed form is 1e-3.
            yield Row(f"{curve.detector}, {size}", float(curve.mean[0]) / exact * 1e-3, value, bound)
        exact = found.exact["i.i.d."][:, 0]
        error = 3 * exact.std(ddof=1) / np.sqrt(len(exact))
        yield Row(f"exact zero forcing, {size}", exact.mean(), float(found.closed_form[0]), error, absolute=True)


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
    for bits in (4, 6, 8):
        yield Row(f"DAC of {bits} bits, dB", evm(size=64, dac_bits=bits), decibels(of_dac(bits, 4.0)), 0.4, True)
    for size, wanted in ((16, -35.7), (32, -25.4), (64, -14.8)):
        yield Row(f"wires 1.73 ohm, N = {size}, dB", evm(size=size, given={"wire_resistance": 1.73}), wanted, 0.5, True)
    yield Row("two stages, 8 levels, N = 64, dB", evm(2, {"levels": 8}, size=64), -44.2, 1, True)
    yield Row("two stages, wires, N = 64, dB", evm(2, {"wire_resistance": 1.73}, size=64), -42.0, 1, True)
    for order, snr, levels in ((16, 16, 8), (64, 22, 16), (256, 28, 32)):
        settings = OfdmSettings(order=order, snr=snr, values=str(levels), frames=400)
        point = transforms(settings, dict(IDEAL)).points[0]
        yield Row(f"rate by EVM, {order}-QAM, {levels} levels", point.ber, point.effective, 0.07)


def iterations() -> Iterator[Row]:
    """Iterations to an error of 1 %, and where Jacobi diverges."""
    wanted = {16: (7, 7, 4, 5, 5), 32: (None, 13, 6, 7, 7)}
    for users, numbers in wanted.items():
        channels = real_form(rayleigh(30, 128, users, np.random.default_rng(users)))
        for name, number in zip(METHODS, numbers, strict=True):
            median = np.median([_errors(name, one, users) for one in channels], axis=0)
            reached = np.flatnonzero(median < 0.01)
            value = float(reached[0] + 1) if reached.size else np.inf
            if number is None:
                yield Row(f"{name}, 128 x {users}: diverges", float(np.isinf(value)), 1, 0)
            else:
                yield Row(f"{name}, 128 x {users}: iterations to 1 %", value, number, 1, True)
    yield Row("Jacobi's factor at K/M = 0.1716", rate("jacobi", 1, (2**0.5 - 1) ** 2), 1, 1e-9)


def _errors(name: str, channel: np.ndarray, users: int) -> list[float]:
    exact = np.linalg.pinv(channel)
    steps = islice(METHODS[name](channel.T @ channel, channel.T, 128, users), 40)
    return [float(np.linalg.norm(x - exact) / np.linalg.norm(exact)) for x in steps]


def precoding() -> Iterator[Row]:
    """Exact zero forcing against the limit of many antennas; settling of one-pole op-amps."""
    for order, snr in ((16, 8), (64, 14)):
        settings = PrecodeSettings(antennas=128, users=16, order=order, snr=snr, realizations=40, transients=1)
        found = precode(settings, Parts(IDEAL | {"topology": "compensated", "opamp": "cmos-1g"}))
        yield Row(
            f"zero forcing, {order}-QAM, {snr} dB, against P(g (M - K)/K)",
            float(found.exact.mean()),
            found.closed_form,
            0.03,
        )
    matrix = real_form(rayleigh(1, 4, 16, np.random.default_rng(0))[0])
    b = np.random.default_rng(1).choice([-1.0, 1.0], len(matrix))
    opamp = SinglePoleOpAmp(gbwp=1e9)
    for feedback in (1, 2, 4):
        times = [
            float(
                GinvCircuit.program(
                    matrix, engine=engine, opamp=opamp, topology="compensated", feedback_conductance=feedback * UNIT
                ).solve(b).settling_time
            )
            for engine in ("ngspice", "exact")
        ]  # fmt: skip
        yield Row(f"4 x 16, G_f = {feedback} G0: ns by ngspice, against exact", 1e9 * times[0], 1e9 * times[1], 0.02)


def opamps() -> Iterator[Row]:
    """The op-amp of transistors into 1 kohm."""
    found = characterize(preset("cmos-0.9g-transistor"), load=1e3)
    yield Row("crossover, MHz", found.crossover_frequency / 1e6, 869, 0.05)
    yield Row("phase margin, degrees", found.phase_margin, 69.6, 0.05)
    yield Row("current, mA", 1e3 * found.quiescent_current, 4.5, 0.05)


def transistors() -> Iterator[Row]:
    """16 users, 128 antennas, 288 op-amps of transistors: below 10 ns, error below 1 %, as its fit predicts."""
    settings = PrecodeSettings(antennas=128, users=16, realizations=5, transients=5, times="1")
    parts = Parts(IDEAL | {"topology": "compensated", "opamp": "cmos-0.9g-transistor"})
    real, fit = (precode(settings.replace(engine=engine), parts).settlings for engine in ("ngspice", "exact"))
    for place, (one, other) in enumerate(zip(real, fit, strict=True)):
        yield Row(f"channel {place}: settled, ns, below 10", 1e9 * one.time, 5, 5, True)
        yield Row(f"channel {place}: error, below 1 %", one.error, 0.005, 0.005, True)
        yield Row(f"channel {place}: ns, against its fit", 1e9 * one.time, 1e9 * other.time, 0.05)
        print(f"      channel {place}: {1e9 * one.energy:.2f} nJ, {one.status}")


GROUPS: tuple[Callable[[], Iterator[Row]], ...] = (formulas, opamps, iterations, ofdm, precoding, detection)


def main() -> None:
    """Print all rows and end with exit code 1 if one fails."""
    failed = 0
    for group in (*GROUPS, *((transistors,) if "--long" in sys.argv[1:] else ())):
        print(f"\n{(group.__doc__ or '').splitlines()[0]}")
        for row in group():
            print(row, flush=True)
            failed += not row.passes
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
