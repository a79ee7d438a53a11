"""Chunks of a sweep: which points run in one call, and rows that do not depend on it, whatever happens to a call."""

import math
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import pytest

from amc_circuits.studies.batch import STACKED
from amc_circuits.sweep.plan.plan import Handling, plan_of
from amc_circuits.sweep.plan.spec import sweep_from
from amc_circuits.sweep.run import chunks as subject
from amc_circuits.sweep.run.chunks import MOST, Chunks
from amc_circuits.sweep.store import FAILED, INVALID
from amc_circuits.sweep.store.folder import LOG
from tests.amc_circuits.sweep.sweeps import Replacing, exact, killed_always, lasting, rows_in, run

MIXED = exact(range(3)) | {
    "fixed": {"engine": "exact", "fixed_scale": True},
    "grid": {
        "size": [2, 3],
        "seed": [0, 1, 2],
        "family": ["spd", "random"],
        "input_voltage": [0.02, 2.0],
        "g_min": [1e-6, 1e-3],
    },
}
"""48 points: settled, saturated, unstable, and of each a neighbour that makes no sense."""


@dataclass
class Place:
    """A place for so many calls; runs none."""

    capacity: int = 1
    free: int = 0


def chunks_of(content, capacity=1, seconds=0.0, alone=False, simulated=None):
    """Numbers of the points of every chunk, if each point takes so long; those of ngspice may take another time."""
    points = plan_of(sweep_from(content), {}, Handling()).points
    chunks = Chunks(points, Place(capacity), alone)
    found = []
    for chunk in chunks:
        found.append([point.number for point in chunk])
        times = {"ngspice": seconds if simulated is None else simulated}
        chunks.ended(chunk, [times.get(point.options["engine"], seconds) for point in chunk])
    assert [number for chunk in found for number in chunk] == list(range(len(points)))
    return found


def lengths(*arguments, **named):
    """Numbers of points of the chunks."""
    return [len(chunk) for chunk in chunks_of(*arguments, **named)]


def test_chunks_grow_as_points_are_quick_and_shrink_towards_the_end():
    """The first is one point; no chunk is longer than half of what a process still gets, or than its time allows."""
    assert lengths(exact(range(12))) == [1, 5, 3, 1, 1, 1]
    found = lengths(exact(range(1000)), 2)
    assert found[:2] == [1, MOST] and max(found) == MOST and found[-4:] == [1] * 4
    slow = lengths(exact(range(100)), seconds=subject.LONGEST / 4.5)
    assert slow[:2] == [1, 4] and max(slow) == 4
    assert set(lengths(exact(range(10)), seconds=10.0)) == {1}


def test_large_circuits_and_those_that_are_not_stacked_run_alone():
    """Cells of a chunk fit into a stack; ngspice, trials and a sweep that needs each end of a point have no chunks."""
    size = math.isqrt(STACKED // 4)
    assert max(lengths(exact(range(40), size=size))) == 4
    wide = exact(range(40), size=size // 2, family="random", columns=2 * size) | {"circuit": "mvm"}
    assert max(lengths(wide)) == 4
    for fixed in ({"size": 200}, {"engine": "ngspice"}, {"monte_carlo": 4}):
        assert set(lengths(exact(range(20), **fixed))) == {1}
    assert set(lengths(exact(range(20)), alone=True)) == {1}


def with_engines(*engines, seeds=20, **fixed):
    """A specification whose inner axis are engines."""
    grid = {"seed": list(range(seeds)), "engine": list(engines)}
    return {"circuit": "inv", "fixed": {"size": 2, "input_voltage": 0.02} | fixed, "grid": grid}


def test_points_of_several_engines_are_in_one_chunk():
    """After a first point of each exact ones come together, whatever is between them; a simulated one begins none."""
    assert lengths(with_engines("exact", "auto")) == [1, 1, 19, 9, 5, 2, 1, 1, 1]
    assert lengths(with_engines("exact", "ngspice")) == [1, 1, 19, 1, 9, 1, 4, 2, 1, 1]
    assert set(lengths(with_engines("ngspice"))) == {1}


def test_the_time_of_a_chunk_is_that_of_all_its_engines():
    """Simulated points take their own time: a quick one does not promise that the next ones are quick, too."""
    content = with_engines("exact", "ngspice", seeds=200)
    slow = lengths(content, simulated=subject.LONGEST / 2.5)
    assert slow[:3] == [1, 1, 5] and max(slow) == 5
    assert max(lengths(content, simulated=10.0)) == 1
    trials = with_engines("exact", "ngspice") | {"zip": {"monte_carlo": [4], "opamp": ["cmos-100meg"]}}
    assert set(lengths(trials)) == {1}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Rows of the points, each of which ran alone."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run(folder, MIXED, max_failures=1000)
    found = [lasting(row) for row in rows_in(folder)]
    assert Counter(row.status for row in found) == {"SETTLED": 6, "SATURATED": 6, "UNSTABLE": 12, INVALID: 24}
    return found


@pytest.fixture
def quick(monkeypatch):
    """Chunks as of points that take no time, whatever else the machine does."""
    monkeypatch.setattr(subject, "LONGEST", 1e9)


@dataclass
class Noting(Replacing):
    """An executor that notes the points of its calls."""

    made: list = field(default_factory=list)

    def submit(self, tag, call, timeout=None):
        """As of the processes, and the numbers are noted."""
        self.made.append([point.number for point in tag])
        super().submit(tag, call, timeout)


def called(points, call):
    """Makes the call."""
    return call()


@pytest.mark.parametrize("jobs", [1, 2])
def test_rows_do_not_depend_on_chunks(tmp_path, undisturbed, quick, jobs):
    """Points that settle, are unstable, saturated or invalid: everything is as alone, bit for bit."""
    executor = Noting(called, jobs)
    run(tmp_path, MIXED, lambda points: executor)
    assert max(map(len, executor.made)) >= 10
    assert [lasting(row) for row in rows_in(tmp_path)] == undisturbed


@pytest.mark.parametrize("jobs", [1, 2])
def test_rows_of_several_engines_do_not_depend_on_chunks(tmp_path, quick, jobs):
    """Bit for bit as alone, and one process stores them in the order of the points."""
    content = with_engines("exact", "ngspice", "auto", seeds=8, opamp="cmos-100meg")
    run(tmp_path / "alone", content, max_failures=1000)
    executor, stored = Noting(called, jobs), []
    run(tmp_path / "chunks", content, lambda points: executor, lambda rows, plan: stored.extend(rows))
    assert max(map(len, executor.made)) >= 4
    numbers = [row.number for row in stored][:24]  # then follows the one that is checked at the end
    assert (numbers if jobs == 1 else sorted(numbers)) == list(range(24))
    alone, together = (rows_in(tmp_path / name) for name in ("alone", "chunks"))
    assert [lasting(row) for row in together] == [lasting(row) for row in alone]
    assert {row.engine for row in alone} == {"exact", "ngspice", "auto"}


def test_a_point_that_kills_its_process_costs_its_chunk_nothing(tmp_path, undisturbed, quick):
    """It is tried twice, as any, and has failed; its neighbours run once more, alone."""
    executor = Noting(partial(killed_always, 5), 1)
    run(tmp_path, MIXED, lambda points: executor)
    found = [lasting(row) for row in rows_in(tmp_path)]
    assert found[5].status == FAILED and "its process died, 2 times" in found[5].error
    assert found[:5] + found[6:] == undisturbed[:5] + undisturbed[6:]
    tried = Counter(number for call in executor.made for number in call)
    (chunk,) = (call for call in executor.made if 5 in call and len(call) > 1)
    assert all(tried[number] == (2 if number in chunk else 1) for number in range(48))
    assert f"once more: {', '.join(map(str, chunk))}, whose processes died" in (tmp_path / LOG).read_text()


def torn(points, call):
    """Fails as a whole for several points."""
    if len(points) > 1:
        raise OSError("lost")
    return call()


def test_a_chunk_that_fails_as_a_whole_runs_one_by_one(tmp_path, undisturbed, quick):
    """Such as one whose answer cannot be handed back."""
    run(tmp_path, MIXED, lambda points: Replacing(torn))
    assert [lasting(row) for row in rows_in(tmp_path)] == undisturbed
    assert "one by one: 2, 3, " in (tmp_path / LOG).read_text()


def test_a_sweep_that_is_broken_off_in_a_chunk_goes_on(tmp_path, undisturbed, quick):
    """Ctrl-C while chunks run: rows that were reported stay, the others are made by the same command."""

    def interrupt(rows, plan):
        if rows:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, MIXED, on_rows=interrupt)
    first = rows_in(tmp_path)
    assert 0 < len(first) < 48
    run(tmp_path, MIXED)
    again = rows_in(tmp_path)
    assert [row for row in again if row.number in {one.number for one in first}] == first
    assert [lasting(row) for row in again] == undisturbed
