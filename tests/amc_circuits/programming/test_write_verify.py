"""Write-verify: ends within the tolerance, the same by table and by circuit, finds what cannot be written."""

import numpy as np
import pytest

from amc_circuits.programming.cells import CellArray, Variability
from amc_circuits.programming.pulse_model import CircuitPulses, calibrate
from amc_circuits.programming.write_verify import CellStatus, WriteVerify, write_verify
from netlists import ParameterError
from netlists.rram.filament import READ_VOLTAGE, WORKING
from netlists.rram.one_transistor_cell import OneTransistorCell

CELL = OneTransistorCell()
SPREAD = Variability(cell_spread=0.02, cycle_spread=0.05, read_noise=0.002)


@pytest.fixture(scope="module")
def table():
    """The table that the command's defaults ask for."""
    return calibrate(CELL, WriteVerify().gate_largest)


def write(model, target, settings=None, seed=0, variability=None, stuck=None):
    """Result of write-verify on erased cells."""
    target = np.asarray(target, dtype=float)
    cells = CellArray.erased(model, target.size, np.random.default_rng(seed), variability, stuck)
    return write_verify(cells, target, settings or WriteVerify())


def targets(shape, low=1e-6, high=100e-6):
    """Random conductances."""
    return np.random.default_rng(7).uniform(low, high, shape)


def test_table_and_circuit_agree(table):
    """A few cells, pulse by pulse in ngspice and by table: both end within the tolerance, after similar pulses."""
    target = np.array([5, 20, 60, 90, 130]) * 1e-6
    by_circuit, by_table = write(CircuitPulses(CELL), target), write(table, target)
    for written in (by_circuit, by_table):
        assert written.programmed.all()
        assert np.abs(written.error).max() <= 1e-6
    assert np.abs(by_circuit.pulses - by_table.pulses).max() <= 0.3 * by_circuit.pulses.max()
    assert by_table.pulses.sum() == pytest.approx(by_circuit.pulses.sum(), rel=0.1)
    assert by_table.energy.sum() == pytest.approx(by_circuit.energy.sum(), rel=0.1)


def test_a_whole_array_is_programmed(table):
    """64 x 64 ideal cells: every one ends within the tolerance, in the shape of the target."""
    target = targets((64, 64))
    written = write(table, target)
    assert written.count(CellStatus.PROGRAMMED) == 4096
    assert np.abs(written.error).max() <= 1e-6
    assert written.conductance.shape == written.energy.shape == (64, 64)
    np.testing.assert_array_equal(written.target, target)


def test_a_tighter_tolerance_takes_more_pulses_and_leaves_less(table):
    """Half the tolerance: half the spread of the error, more pulses."""
    loose, tight = (write(table, targets(500), WriteVerify(tolerance=tolerance)) for tolerance in (2e-6, 0.5e-6))
    assert tight.error.std() < 0.5 * loose.error.std()
    assert tight.pulses.mean() > loose.pulses.mean()


def test_small_steps_end_at_the_lower_edge(table):
    """Steps of 1 mV, at most 0.3 uS, come from below and stop at the first read within: between -1 uS and -0.7 uS."""
    written = write(table, targets(100, 20e-6, 30e-6), WriteVerify(gate_step=1e-3))
    assert written.resets.sum() == 0
    assert -1e-6 <= written.error.min() <= written.error.max() < -0.7e-6


def test_counts_time_and_energy_belong_together(table):
    """One read more than pulses; time is pulses and reads; a cell at its target from the start takes one read only."""
    written = write(table, [WORKING.conductance_range[0], 50e-6])
    np.testing.assert_array_equal(written.reads, written.pulses + 1)
    pulse, read = CELL.pulse_width + 4 * CELL.edge + CELL.rest, CELL.read_width + CELL.rest
    np.testing.assert_allclose(written.time, written.pulses * pulse + written.reads * read)
    assert written.pulses[0] == 0
    assert written.energy[0] == pytest.approx(READ_VOLTAGE**2 * written.target[0] * CELL.read_width)
    assert written.energy[1] > 1000 * written.energy[0]


class Counting:
    """A pulse model that adds up the energy of every pulse that goes through it."""

    def __init__(self, model):
        self.model, self.cell, self.total = model, model.cell, 0.0

    def pulse(self, kind, gaps, levels):
        """As of the model, and its energy is counted."""
        after, energy = self.model.pulse(kind, gaps, levels)
        self.total += energy.sum()
        return after, energy


def test_no_energy_is_lost(table):
    """The energy of all cells is that of all pulses, plus V^2 G for the time of every read, no more than at the end."""
    counting = Counting(table)
    written = write(counting, targets(50))
    reading = written.energy.sum() - counting.total
    most = READ_VOLTAGE**2 * 150e-6 * CELL.read_width * written.reads.sum()
    assert 0 < reading < most


def test_stuck_cells_are_found(table):
    """Given masks are found as they are, and no other cell; a stuck cell takes the ramp and a few pulses more."""
    target = targets(100, 20e-6)
    on, off = np.zeros(100, dtype=bool), np.zeros(100, dtype=bool)
    on[[3, 50]], off[[7, 8, 99]] = True, True
    settings = WriteVerify()
    written = write(table, target, settings, stuck=(on, off))
    np.testing.assert_array_equal(written.status == CellStatus.STUCK_ON, on)
    np.testing.assert_array_equal(written.status == CellStatus.STUCK_OFF, off)
    assert written.count(CellStatus.PROGRAMMED) == 95
    low, high = WORKING.conductance_range
    np.testing.assert_allclose(written.conductance[on], high)
    np.testing.assert_allclose(written.conductance[off], low)
    ramp = (settings.gate_largest - settings.gate_start) / settings.gate_step
    assert written.pulses[on | off].max() <= ramp + settings.patience + 2


@pytest.mark.parametrize("noise", [0.002, 0.01, 0.05])
def test_stuck_cells_are_found_through_noise(table, noise):
    """Noisy reads pass none of 2000 cells stuck on and 2000 off, far from their targets, for one that responds."""
    stuck = np.arange(4000) < 2000
    target = np.where(stuck, targets(4000), targets(4000, 50e-6, 100e-6))
    written = write(table, target, variability=Variability(read_noise=noise), stuck=(stuck, ~stuck))
    np.testing.assert_array_equal(written.status, np.where(stuck, CellStatus.STUCK_ON, CellStatus.STUCK_OFF))


def test_a_stuck_cell_at_its_target_is_programmed(table):
    """Nothing is asked of it, so nothing tells."""
    stuck = np.ones(2, dtype=bool), np.zeros(2, dtype=bool)
    written = write(table, [WORKING.conductance_range[1], 50e-6], stuck=stuck)
    assert written.status.tolist() == [CellStatus.PROGRAMMED, CellStatus.STUCK_ON]


def test_drawn_stuck_cells_have_their_probability():
    """Both kinds come as often as asked for; 0 gives none; more than all cells is refused."""
    on, off = Variability(stuck_on=0.1, stuck_off=0.3).draw_stuck(100_000, np.random.default_rng(0))
    assert on.mean() == pytest.approx(0.1, abs=0.005) and off.mean() == pytest.approx(0.3, abs=0.005)
    assert not (on & off).any()
    assert not np.any(Variability().draw_stuck(1000, np.random.default_rng(0)))
    with pytest.raises(ParameterError, match="stuck_on"):
        Variability(stuck_on=0.6, stuck_off=0.6).draw_stuck(10, np.random.default_rng(0))


def test_no_spread_means_no_chance(table):
    """With all spreads at 0 the seed does not matter, to the last digit."""
    one, other = (write(table, targets(200), seed=seed) for seed in (0, 1))
    np.testing.assert_array_equal(one.conductance, other.conductance)
    np.testing.assert_array_equal(one.energy, other.energy)


def test_spread_is_drawn_from_the_generator(table):
    """With spreads the seed decides everything; another gives other pulses; nearly all cells are still programmed."""
    one, again, other = (write(table, targets(400), seed=seed, variability=SPREAD) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.conductance, again.conductance)
    assert (one.pulses != other.pulses).any()
    assert one.count(CellStatus.PROGRAMMED) > 390
    # A read is wrong by 0.2 % of at most 100 uS: five sigma beyond the tolerance.
    assert np.abs(one.error[one.programmed]).max() < 1e-6 + 5 * 0.002 * 101e-6


def test_cell_spread_is_of_the_voltage(table):
    """A cell that acts with 5 % more voltage ends where another does at 1.05 times the gate voltage."""
    cells = CellArray.erased(table, 1, np.random.default_rng(0))
    cells.strength[:] = 1.05
    energy = cells.pulse("set", np.array([1.0]), np.array([0]))
    gaps, expected = table.pulse("set", np.array([WORKING.gap_max]), np.array([1.05]))
    np.testing.assert_array_equal(cells.gaps, gaps)
    np.testing.assert_array_equal(energy, expected)


def test_cycle_spread_is_of_the_movement(table):
    """The movement of equal pulses has the mean and the relative sigma that were asked for."""
    cells = CellArray.erased(table, 20_000, np.random.default_rng(0), Variability(cycle_spread=0.05))
    cells.pulse("set", np.full(20_000, 0.9), np.arange(20_000))
    moved = WORKING.gap_max - cells.gaps
    exact = WORKING.gap_max - table.pulse("set", np.array([WORKING.gap_max]), np.array([0.9]))[0][0]
    assert moved.mean() == pytest.approx(exact, rel=2e-3)
    assert moved.std() / exact == pytest.approx(0.05, rel=0.03)


def test_a_range_that_is_too_short_is_given_up(table):
    """Gate voltages that end too low leave a cell that responded, but not enough; so do too few pulses."""
    for settings in (WriteVerify(gate_largest=0.8), WriteVerify(most_pulses=10)):
        written = write(table, [100e-6], settings)
        assert written.status[0] == CellStatus.GAVE_UP
        assert 0 < written.conductance[0] < 99e-6
    assert written.pulses[0] == 10


@pytest.mark.parametrize("target", [0.1e-9, 1e-3])
def test_what_no_cell_has_is_refused(table, target):
    """A target beyond the limits of the gap, with the range in the message."""
    with pytest.raises(ParameterError, match="change g_min or g_max"):
        write(table, [target], WriteVerify(tolerance=1e-7))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tolerance", 0.0),
        ("gate_start", 2.0),
        ("reset_start", 2.0),
        ("most_pulses", 0),
        ("most_pulses", 10**9),
        ("gate_largest", 1000.0),
        ("reset_largest", 3.1),
        ("patience", 0),
        ("halvings", -1),
    ],
)
def test_bad_settings_are_refused(field, value):
    """Each names the parameter."""
    with pytest.raises(ParameterError, match=field):
        WriteVerify(**{field: value})


@pytest.mark.parametrize("field", Variability.model_fields)
def test_bad_spreads_are_refused(field):
    """They are parts of 1, 0 or more; that of the cells at most a quarter."""
    for value in (-0.1, 0.3 if field == "cell_spread" else 1.1):
        with pytest.raises(ParameterError, match=field):
            Variability(**{field: value})


def test_another_number_of_targets_is_refused(table):
    """One target a cell."""
    cells = CellArray.erased(table, 3, np.random.default_rng(0))
    with pytest.raises(ParameterError, match="one a cell, 3"):
        write_verify(cells, np.full(4, 1e-5), WriteVerify())
