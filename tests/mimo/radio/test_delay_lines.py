"""Tapped delay lines: their tables, their moments, and their correlation over frequency in closed form."""

import numpy as np
import pytest

from mimo.radio.delay_lines import DELAY_LINES

TAPS = {"tdl-a": 23, "tdl-b": 23, "tdl-c": 24, "tdl-d": 14, "tdl-e": 15}
"""Numbers of taps; D and E have a line of sight beside the fading tap of the same delay."""
FACTORS = {"tdl-d": 13.3, "tdl-e": 22.0}
"""K factor of the first delay that TR 38.901 states beside its tables, dB."""


@pytest.mark.parametrize("name", DELAY_LINES)
def test_the_tables_have_an_rms_delay_spread_of_one(name):
    """So TR 38.901 has made them: a wrong entry shows. Powers of D have one digit, worth 1 %."""
    line = DELAY_LINES[name]
    assert len(line.delays) == len(line.powers) == TAPS[name]
    assert line.powers.sum() == pytest.approx(1)
    assert line.delay_spread == pytest.approx(1, abs=0.01 if name == "tdl-d" else 3e-4)


@pytest.mark.parametrize("name", FACTORS)
def test_the_line_of_sight_has_the_stated_factor(name):
    """The ratio of the constant tap to the fading one of the same delay; it does not fade."""
    line = DELAY_LINES[name]
    assert line.delays[0] == line.delays[1] == 0 and line.in_sight
    assert 10 * np.log10(line.powers[0] / line.powers[1]) == pytest.approx(FACTORS[name], abs=0.05)
    gains = line.draw(50, np.random.default_rng(0))[:, 0]
    assert np.abs(gains) == pytest.approx(np.sqrt(line.powers[0])) and len(set(np.angle(gains))) == 50


@pytest.mark.parametrize("name", DELAY_LINES)
def test_frequencies_have_the_correlation_of_the_closed_form(name):
    """Power 1 at every frequency, and `sum p exp(-2j pi d tau)` at a distance, within the spread of 20,000 draws."""
    line, frequencies = DELAY_LINES[name], np.array([0.0, 0.03, 0.1, 0.4])
    found = line.response(line.draw(20_000, np.random.default_rng(1)), frequencies)
    measured = (found * found[:, :1].conj()).mean(axis=0)
    assert np.abs(measured - line.correlation(frequencies)).max() < 4 / np.sqrt(20_000)
    assert line.correlation(0.0) == pytest.approx(1)


def test_one_tap_is_a_phase_over_frequency():
    """The response to the tap at the delay tau alone is `g exp(-2j pi f tau)`."""
    line = DELAY_LINES["tdl-a"]
    gains = np.zeros((1, 23), complex)
    gains[0, 22] = 2j
    assert line.response(gains, [0.25])[0, 0] == pytest.approx(2j * np.exp(-0.5j * np.pi * 9.6586))
