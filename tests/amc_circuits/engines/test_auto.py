"""The engine `auto`: what it hands over, what it checks, and what it does when the engines differ."""

import re

import numpy as np
import pytest

from amc_circuits.cells.devices import Device
from amc_circuits.engines import EnginesDisagreeError, auto
from amc_circuits.results.status import Status
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.sweep.rows.columns import flat
from amc_circuits.values.matrices import draw_matrix
from netlists import preset
from tests.amc_circuits import broken_ngspice as broken
from tests.amc_circuits.engines.mixed import MixedInv
from tests.amc_circuits.sweep.sweeps import rows
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close

MATRIX = spd_matrix(3, 6, 0)
SLOW = preset("cmos-100meg").replace(slew_rate=1e6)
SPEC = 'circuit = "inv"\n[fixed]\nengine = "auto"\ninput_voltage = 0.02\nsize = 3\n[grid]\nseed = {range = [0, 4]}\n'


def columns(count):
    """Right-hand sides, shape (3, count)."""
    return np.random.default_rng(1).uniform(-1, 1, (3, count))


def test_what_is_not_linear_goes_to_ngspice():
    """A slewing amplifier beside others: the figures are ngspice's, bit for bit, and the solution says so."""
    b = vector(3, 0)
    by_auto = MixedInv.program(MATRIX, opamp=SLOW, engine="auto", input_voltage=0.02, cross_check=0).solve(b)
    by_ngspice = MixedInv.program(MATRIX, opamp=SLOW, input_voltage=0.02).solve(b)
    assert by_auto.engines == ("ngspice",)
    assert by_auto.status is Status.SETTLED
    assert (by_auto.settling_time, by_auto.value.tolist()) == (by_ngspice.settling_time, by_ngspice.value.tolist())


def test_only_the_slots_that_are_not_linear_are_handed_over():
    """Each right-hand side by itself: an amplifier that slews for one may be linear for the next."""
    opamp = preset("cmos-100meg").replace(slew_rate=18e6)
    found = MixedInv.program(MATRIX, opamp=opamp, engine="auto", input_voltage=0.02, cross_check=0).solve(columns(12))
    assert set(found.engines) == {"ngspice", "exact"}
    wanted = MixedInv.program(MATRIX, opamp=opamp, input_voltage=0.02).solve(columns(12))
    assert_close(found.value, wanted.value, absolute=2e-3 * np.abs(wanted.value).max())
    assert_close(found.settling_time, wanted.settling_time, relative=0.03)


def test_macro_op_amps_beyond_their_limits_are_checked():
    """All slew, none is handed over, and ngspice finds the same waveforms."""
    found = InvCircuit.program(MATRIX, opamp=SLOW, engine="auto", input_voltage=0.02, cross_check=1).solve(columns(3))
    assert found.engines == ("exact",) * 3
    assert found.status is Status.SETTLED and found.cross_checked == 3
    assert 0 < found.largest_difference < 2e-3


def test_all_or_nothing_is_checked():
    """A share of 1 checks every linear right-hand side, 0 none; the difference is what a few steps make."""
    every = InvCircuit.program(MATRIX, engine="auto", input_voltage=0.02, cross_check=1).solve(columns(3))
    assert every.engines == ("exact",) * 3
    assert every.cross_checked == 3
    assert 0 < every.largest_difference < 0.01
    none = InvCircuit.program(MATRIX, engine="auto", input_voltage=0.02, cross_check=0).solve(columns(3))
    assert none.cross_checked == 0
    assert np.isnan(none.largest_difference)
    assert (every.value == none.value).all()


def test_the_sample_is_drawn_by_the_right_hand_side():
    """About the share that was asked for, and the same wherever a column stands."""
    circuit = InvCircuit.program(MATRIX, engine="auto", input_voltage=0.02)
    many = columns(4000)
    whole = circuit.job(many[:, :2000]).drawn(0.02)
    assert 20 <= whole.sum() <= 65  # 40 expected, standard deviation 6.3
    part = circuit.job(many[:, 500:600]).drawn(0.02)
    assert (part == whole[500:600]).all()


def test_engines_that_differ_stop_the_run_and_leave_the_deck(monkeypatch, tmp_path):
    """Beyond the limit (here one that no simulator keeps) it is an error, with the deck kept."""
    monkeypatch.setattr(auto, "LARGEST_DIFFERENCE", 1e-9)
    circuit = InvCircuit.program(MATRIX, engine="auto", input_voltage=0.02, cross_check=1, keep=tmp_path)
    with pytest.raises(EnginesDisagreeError, match=r"differs from the exact engine by .* of full scale") as caught:
        circuit.solve(vector(3, 0))
    assert (caught.value.folder / "deck.cir").read_text().startswith(".title")


def read_together(keep, **options):
    """Circuits of two sizes with single-pole op-amps, and one that the exact engine does not know; their readings."""
    given = {"opamp": "single-pole", "engine": "auto", "input_voltage": 0.02, "keep": keep} | options
    circuits = [InvCircuit.program(spd_matrix(size, 6, 0), **given) for size in (3, 2)]
    unknown = {"device": Device(nonlinearity_voltage=0.5), "wire_resistance": 1.0, "interconnect": "flat"}
    circuits.append(InvCircuit.program(MATRIX, **given, **unknown))
    jobs = [circuit.job(vector(len(circuit.matrix), 0)[:, None]) for circuit in circuits]
    states = [circuit.state for circuit in circuits]
    return circuits[0].simulator.read_together(states, jobs, 0.01), list(zip(circuits, jobs, strict=True))


def test_circuits_that_are_read_together_are_checked(tmp_path):
    """Each known one by ngspice, and the rest of its reading is that of the exact engine; the other is left alone."""
    checked, cases = read_together(tmp_path, cross_check=1)
    plain, _ = read_together(tmp_path, cross_check=0)
    assert checked[2] is None and plain[2] is None
    for (circuit, job), (one,), (other,) in zip(cases[:2], checked[:2], plain[:2], strict=True):
        (alone,) = circuit.simulator.read(circuit.state, [job], 0.01)[0]
        assert (one.difference, one.deck_sha256) == (alone.difference, alone.deck_sha256)
        assert 0 < one.difference < 0.01 and np.isnan(other.difference)
        assert (one.settling_time, one.final.tolist()) == (other.settling_time, other.final.tolist())


def test_of_circuits_that_are_read_together_those_whose_check_fails_are_left_alone(monkeypatch, tmp_path):
    """By a simulator of other circuits; nothing of the failed checks stays, for each fails again alone."""
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "other", LESS_INPUT))
    found, cases = read_together(tmp_path / "kept", cross_check=1)
    assert found == [None, None, None]
    assert list((tmp_path / "kept").iterdir()) == []
    circuit, job = cases[1]
    with pytest.raises(EnginesDisagreeError):
        circuit.simulator.read(circuit.state, [job], 0.01)


@pytest.mark.parametrize("start", ["rest", "previous"])
def test_every_slot_is_compared_on_its_own_scale(start):
    """Small solutions after large ones: with `previous` the whole train is run once and each slot judged by itself."""
    matrix = np.diag([1.0, 1.0, 0.01])
    b = np.array([[0.0, 1.0, 0.0, 1.0], [0.0, 0.5, 1.0, -1.0], [1.0, 0.0, 0.0, 0.0]])
    found = InvCircuit.program(
        matrix, opamp="single-pole", engine="auto", input_voltage=0.005, cross_check=1, start=start
    ).solve(b)
    assert found.cross_checked == 4
    assert found.largest_difference < 0.005


def test_fast_modes_are_checked_in_short_steps():
    """A design whose waveforms ngspice misses by more than 1 % at its normal step: the check takes shorter ones."""
    rng = np.random.default_rng(19)
    matrix = draw_matrix("spd", 2, 2, 10.0, rng)
    circuit = InvCircuit.program(matrix, engine="auto", cross_check=1, input_voltage=0.01)
    assert circuit.solve(rng.uniform(-1, 1, 2)).largest_difference < 0.005


def test_nothing_is_asked_of_a_simulator_that_is_not_needed(monkeypatch, tmp_path):
    """With nothing to hand over and no check, ngspice may be missing."""
    monkeypatch.setenv("AMC_NGSPICE", str(tmp_path / "nothing"))
    assert InvCircuit.program(MATRIX, engine="auto", input_voltage=0.02, cross_check=0).solve(vector(3, 0)).usable


def test_a_growing_circuit_is_not_compared():
    """Forced through an unstable circuit, the two engines may drift apart as they like."""
    circuit = InvCircuit.program(
        [[0.2, -1.0], [1.0, 0.2]], opamp="single-pole", engine="auto", cross_check=1, force=True
    )
    assert circuit.solve([1.0, 0.0]).status is Status.UNSTABLE


def test_a_sweep_checks_at_least_one_point(sweep, tmp_path):
    """Four points at 2 % would mostly go unchecked: one is, the sweep says so, and a second run checks nothing."""
    first = sweep(SPEC, "--no-progress")
    assert first.code == 0
    assert "1 right-hand side checked by ngspice: the engines differ by at most" in first.out
    assert "4 usable, 0 not; solved by exact (4); show" in first.out
    found = rows(tmp_path)
    assert sum(row.figures["cross_checked"] for row in found) == 1
    assert all(row.figures["by_engine"] == {"exact": 1} for row in found)
    assert sweep(SPEC, "--no-progress") == first
    assert rows(tmp_path) == found


def test_a_share_of_zero_checks_nothing_and_the_sweep_says_so(sweep, tmp_path):
    """The table names the engine of every row."""
    first = sweep(
        SPEC.replace("[0, 4]", "[0, 2]").replace("size = 3\n", "size = 3\ncross_check = 0\n"), "--no-progress"
    )
    assert first.code == 0 and "no right-hand side checked by ngspice\n" in first.out
    assert [flat(row)["by_engine_exact"] for row in rows(tmp_path)] == [1, 1]
    assert all(row.figures["cross_checked"] == 0 for row in rows(tmp_path))


LESS_INPUT = """awk '/^Rin/ {$4 = 1.1 * $4} 1' deck.cir > other && cp other deck.cir && exec "$real" "$@" """
"""A simulator of another circuit: its input resistors are larger by 10 %, so its outputs smaller by 1 - 1/1.1."""


def test_where_the_engines_differ_the_point_fails_and_the_sweep_goes_on(sweep, amc, monkeypatch, tmp_path):
    """Every point that is checked is a failed row with its deck; the sweep says that the other figures are in doubt."""
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "other", LESS_INPUT))
    # Which points are checked depends on the last digits of the drawn matrices: of 12, never all and never none.
    fixed = "size = 3\nopamp = 'single-pole'\ncross_check = 0.5\n"
    spec = SPEC.replace("size = 3\n", fixed).replace("[0, 4]", "[0, 12]")
    outcome = sweep(spec, "--no-progress")
    assert (outcome.code, outcome.err) == (3, "")
    found = rows(tmp_path)
    failed = [row for row in found if not row.usable]
    assert 0 < len(failed) < len(found) == 12
    for row in failed:
        assert row.status == "FAILED"
        assert re.fullmatch(r"ngspice: it differs from the exact engine by 9\.(08|09|1\d)% of full scale", row.error)
        assert (tmp_path / "out" / row.kept / "deck.cir").read_text().startswith(".title")
        assert amc("replay", tmp_path / "out", row.number).code == 0
    points = "1 point" if len(failed) == 1 else f"{len(failed)} points"
    assert f"the engines disagree in {points}: all figures by the exact engine are in doubt" in outcome.out
    assert all(row.figures["by_engine"] == {"exact": 1} for row in found if row.usable)


def test_one_disagreement_is_enough(sweep, monkeypatch, tmp_path):
    """The one point that a sweep checks of its own accord: the others are not checked in turn by further runs."""
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "other", LESS_INPUT))
    first = sweep(SPEC, "--no-progress")
    assert first.code == 3 and "the engines disagree in 1 point:" in first.out
    found = rows(tmp_path)
    assert [row.figures.get("engines_disagree") for row in found].count(True) == 1
    assert sweep(SPEC, "--no-progress") == first
    assert rows(tmp_path) == found
    # By the simulator as it should be, nothing is in doubt any more.
    monkeypatch.delenv("AMC_NGSPICE")
    again = sweep(SPEC, "--retry-failed")
    assert again.code == 0 and "checked by ngspice" in again.out and "in doubt" not in again.out


def test_exact_needs_no_ngspice(amc, sweep, monkeypatch, tmp_path):
    """Neither a solve nor a sweep looks for the simulator."""
    monkeypatch.setenv("AMC_NGSPICE", str(tmp_path / "nothing"))
    outcome = amc("inv", "--size", 3, "--input-voltage", 0.02, "--engine", "exact", "--format", "json")
    assert (outcome.code, outcome.json["status"], outcome.json["by_engine"]) == (0, "SETTLED", {"exact": 1})
    assert sweep(SPEC.replace("auto", "exact")).code == 0


def test_auto_runs_no_simulator_for_linear_right_hand_sides(amc, monkeypatch, tmp_path):
    """Without a check nothing is simulated, so nothing can be slow."""
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "books", broken.BOOKKEEPING))
    assert amc("inv", "--size", 3, "--input-voltage", 0.02, "--engine", "auto", "--cross-check", 0).code == 0
    assert not broken.started(tmp_path / "books")
