"""Rows of earlier days: those that lack an option are points of today; those of other versions are announced."""

import shutil
from dataclasses import replace

import pytest

from amc_circuits.files.run_folder import claim_folder
from amc_circuits.sweep.plan.keys import engine_version, key_of
from amc_circuits.sweep.store import FAILED, Store
from tests.amc_circuits.sweep.made_rows import stored
from tests.amc_circuits.sweep.sweeps import EXACT, rows

SPEC = EXACT + "seed = {range = [0, 3]}\n"
"""Three points."""
ANNOUNCED = "2 points with a row of another version (1 of amc 0.0.1, 1 of amc 0.0.2): computed again by amc "


def by(row, version, lacking=(), **options):
    """The row as a version stored it that did not have some options."""
    parameters = {name: value for name, value in (row.parameters | options).items() if name not in lacking}
    own = {name: value for name, value in parameters.items() if name != "circuit"}
    key = key_of("inv", own, version)
    return replace(row, parameters=parameters, key=key, engine_version=version, package_version=version.split()[-1])


@pytest.fixture
def older(sweep, tmp_path):
    """Folder with a row of today, and rows of two other versions of two other points and of a point of no sweep."""
    assert sweep(SPEC).code == 0
    first, second, third = rows(tmp_path)
    others = [
        by(second, "amc 0.0.1"),
        by(third, "amc 0.0.1"),
        by(third, "amc 0.0.2", ("levels", "technology")),
        by(third, "amc 0.0.2", size=3),
        by(third, "amc 0.0.3", phase_of_moon="full"),
    ]
    numbered = [replace(row, number=place) for place, row in enumerate([first, *others])]
    (tmp_path / "older").mkdir()
    claim_folder(tmp_path / "older", "sweep")
    return stored(tmp_path / "older", numbered)


def test_points_of_other_versions_run_again_and_are_announced(amc, older, tmp_path):
    """By the version of the newest row of a point; no row of an older version is lost, and the next run has none."""
    with Store(older) as store:
        before = store.rows()
    planned = amc("sweep", tmp_path / "spec.toml", "--out", older, "--dry-run").out
    assert planned.splitlines()[0] == "3 points: 2 new, 1 cached, 0 failed before"
    assert planned.splitlines()[1].startswith(ANNOUNCED)
    outcome = amc("sweep", tmp_path / "spec.toml", "--out", older, "--no-progress")
    assert outcome.code == 0 and outcome.err.startswith(f"amc: {ANNOUNCED}{engine_version('exact').split()[-1]}, ")
    assert len(outcome.err.splitlines()) == 1
    assert ANNOUNCED in (older / "sweep.log").read_text()
    with Store(older) as store:
        after = store.rows()
    assert (
        len(after) == len(before) + 2
        and {row.key: row for row in before}.items() <= {row.key: row for row in after}.items()
    )
    again = amc("sweep", tmp_path / "spec.toml", "--out", older)
    assert again.out == outcome.out and ANNOUNCED not in again.err


def test_a_row_without_an_option_is_the_point_with_its_default(sweep, tmp_path):
    """It does not run again, unless it failed, or a file that it names has another content by now."""
    matrix = tmp_path / "matrix.csv"
    matrix.write_text("2,0\n0,2\n")
    text = SPEC.replace("size = 2", f'matrix = "{matrix}"')
    assert sweep(text).code == 0
    found = [by(row, row.engine_version, ("levels",)) for row in rows(tmp_path)]
    found[2] = replace(found[2], status=FAILED, error="out of memory", figures={})
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "out").mkdir()
    claim_folder(tmp_path / "out", "sweep")
    stored(tmp_path / "out", found)
    outcome = sweep(text, "--retry-failed", "--no-progress")
    counts = "3 points, 3 usable, 0 not (and 1 row of other specifications or versions)"
    assert (outcome.err, outcome.out.partition(";")[0]) == ("", counts)
    after = rows(tmp_path)
    assert after[:3] == found and len(after) == 4 and after[3].seed == 2
    matrix.write_text("3,0\n0,3\n")
    assert sweep(text).code == 0
    assert len(rows(tmp_path)) == 7


def test_rows_of_this_version_are_not_announced(sweep):
    """Neither in a new folder nor in one that grows by points of its own."""
    assert "version" not in sweep(SPEC).err
    assert "version" not in sweep(SPEC.replace("[0, 3]", "[0, 4]")).err
