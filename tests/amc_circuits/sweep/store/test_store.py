"""The database of a sweep: what was stored stays, whole or not at all."""

import math
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from amc_circuits.sweep.store import DATABASE, LAYOUT, Row, Store
from netlists import ParameterError
from tests.amc_circuits.sweep.made_rows import made, tampered
from tests.command_line import ROOT

FULL = Row(
    key="ab" * 32,
    number=7,
    parameters={
        "circuit": "inv",
        "size": 2,
        "gbwp": 1e8 / 3,
        "spec": None,
        "noise": False,
        "family": "\u03a9 'x' \"y\"",
    },
    status="FAILED",
    figures={"settling_time_s": 4.6e-8, "energy_j": {"total": None}, "attempts": [[{"scale": 0.1, "why": "first"}]]},
    error="no such luck\nand no second; \u00e9",
    kept="failures/7",
    wall_time_s=0.1 + 0.2,
    finished="2026-02-28T23:59:59+00:00",
    seed=2**62,
    host="here",
    engine="ngspice",
    engine_version="ngspice 46 KLU, amc 0.1.0",
    design_sha256="c" * 64,
    deck_sha256="d" * 64,
    package_version="0.1.0",
)


@pytest.fixture
def store(tmp_path):
    """An open store."""
    with Store(tmp_path, create=True) as opened:
        yield opened


def kept_in(folder):
    """Its rows, for another who opens it."""
    with Store(folder) as store:
        return store.rows()


def test_rows_come_back_as_they_were(store, tmp_path):
    """Every field, to the last bit; in the order of their numbers, with waveforms by number."""
    store.put([(FULL, b"\x00waves"), (made(3), None)])
    assert kept_in(tmp_path) == [made(3), FULL]
    assert store.row(7) == FULL
    assert store.states() == {FULL.key: (7, "FAILED"), "3": (3, "SETTLED")}
    assert store.with_waveforms() == [7]
    assert (store.waveforms(7), store.waveforms(3), store.waveforms(99)) == (b"\x00waves", None, None)
    with pytest.raises(ParameterError, match="ROW: got 5"):
        store.row(5)


def test_a_row_takes_the_place_of_the_one_with_its_key(store):
    """The new one's waveforms, too: those of the old one go with it."""
    store.put([(FULL, b"old"), (made(1), b"other")])
    better = replace(FULL, status="SETTLED", error="", kept="")
    store.put([(better, None)])
    assert store.rows() == [made(1), better]
    assert (store.waveforms(7), store.waveforms(1)) == (None, b"other")


def test_what_goes_wrong_in_the_middle_stores_nothing(store, tmp_path):
    """All rows of one call or none: neither rows nor waveforms of it, and the next call works."""
    store.put([(made(0), b"before")])

    def broken():
        yield made(1), b"new"
        yield replace(made(0), status="UNSTABLE"), None
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.put(broken())
    with pytest.raises(TypeError):
        store.put([(made(2), None), (made(3, {"figure": object()}), None)])
    assert kept_in(tmp_path) == [made(0)]
    assert store.with_waveforms() == [0]
    store.put([(made(1), None)])
    assert kept_in(tmp_path) == [made(0), made(1)]


def test_a_full_disk_leaves_what_was_stored(store, tmp_path):
    """One line that says so and what to do; the rows before it are there, and there is room again when there is."""
    store.put([(made(0), b"before")])
    pages = store._connection.execute("pragma page_count").fetchone()[0]
    store._connection.execute(f"pragma max_page_count={pages + 2}")
    with pytest.raises(ParameterError, match=r"full.* make room, then run the same command again"):
        store.put([(made(1), bytes(10**6)), (made(2), None)])
    assert kept_in(tmp_path) == [made(0)]
    assert store.waveforms(0) == b"before"
    store._connection.execute(f"pragma max_page_count={pages + 1000}")
    store.put([(made(1), bytes(10**6)), (made(2), None)])
    assert kept_in(tmp_path) == [made(0), made(1), made(2)]


PUTS = """
import sys
from pathlib import Path
from amc_circuits.sweep.store import Store
from tests.amc_circuits.sweep.made_rows import made, tampered
with Store(Path(sys.argv[1]), create=True) as store:
    for number in range(10**6):
        store.put([(made(number), b"waves")])
        print(number, flush=True)
"""


def test_what_was_reported_survives_a_kill(tmp_path):
    """SIGKILL while rows are being stored: all that were reported are there, and none is there by half."""
    process = subprocess.Popen([sys.executable, "-c", PUTS, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    reported = [int(process.stdout.readline()) for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    reported += [int(line) for line in process.communicate()[0].split()]
    found = kept_in(tmp_path)
    assert found == [made(number) for number in range(len(found))]
    assert len(reported) <= len(found) <= len(reported) + 1
    with Store(tmp_path) as store:
        assert store.with_waveforms() == list(range(len(found)))


def test_reading_does_not_wait_for_writing(store, tmp_path):
    """While rows are on their way, others see those that were there before."""
    store.put([(made(0), None)])

    def looked_at():
        yield made(1), None
        assert kept_in(tmp_path) == [made(0)]

    store.put(looked_at())
    assert kept_in(tmp_path) == [made(0), made(1)]


def test_another_layout_is_refused(tmp_path):
    """That of a newer version is named and left as it is, by who reads and by who would write."""
    with Store(tmp_path, create=True) as store:
        store.put([(made(0), None)])
        store._connection.execute(f"pragma user_version={LAYOUT + 1}")
    for create in (False, True):
        with pytest.raises(ParameterError, match=f"has layout {LAYOUT + 1}, of a newer version of amc"):
            Store(tmp_path, create=create)
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        assert connection.execute("select count(*) from points").fetchone() == (1,)
    connection.close()


def test_a_foreign_database_is_refused(tmp_path):
    """Nothing is added to one that amc did not make, and no database is made where only reading is asked for."""
    with pytest.raises(ParameterError, match="amc sweep"):
        Store(tmp_path)
    assert not list(tmp_path.iterdir())
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.execute("create table mine (value)")
    connection.close()
    before = (tmp_path / DATABASE).read_bytes()
    for create in (False, True):
        with pytest.raises(ParameterError, match="not made by amc"):
            Store(tmp_path, create=create)
    assert (tmp_path / DATABASE).read_bytes() == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("parameters", []),
        ("parameters", {}),
        ("parameters", {"circuit": "inv", "size": [2]}),
        ("parameters", "text"),
        ("figures", {"settling_time_s": "soon"}),
        ("figures", {"energy_j": {"total": "much"}}),
        ("figures", {"status": 3}),
        ("figures", 5),
        ("kept", "failures/\0"),
        ("error", 3),
        ("wall_time_s", "soon"),
        ("seed", "\x00"),
        ("seed", None),
    ],
)
def test_a_tampered_row_is_refused(store, tmp_path, name, value):
    """Where a column holds something of another kind, nothing is made of it."""
    store.put([(made(0), None)])
    with tampered(tmp_path) as rows:
        rows.put(0, rows.trees()[0] | {name: value})
    with pytest.raises(ParameterError, match="damaged"):
        kept_in(tmp_path)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("points", "number", "../../elsewhere"),
        ("points", "status", b"SETTLED"),
        ("points", "form", 7),
        ("points", "content", "no JSON"),
        ("points", "content", "[1]"),
        ("points", "content", "{}"),
        ("points", "content", "[" * 100_000),
        ("points", "content", "[" + "9" * 5000 + "]"),
        ("forms", "content", "[]"),
        ("forms", "content", "no JSON"),
        ("forms", "content", b"[]"),
        ("forms", "content", '[["error"]]'),
        ("forms", "content", '[[["parameters"], 3], [["parameters", "circuit"], "inv"]]'),
        ("forms", "content", "[" * 100_000),
    ],
)
def test_a_tampered_form_is_refused(store, tmp_path, table, column, value):
    """What rows have in common is read as carefully as the rows themselves."""
    store.put([(made(0), None)])
    with tampered(tmp_path) as rows:
        rows.connection.execute(f"update {table} set {column} = ?", (value,))
    with pytest.raises(ParameterError, match="damaged"):
        kept_in(tmp_path)


def test_a_number_that_is_none_is_not_known(store, tmp_path):
    """JSON knows no nan; a database from elsewhere may hold one."""
    store.put([(made(0), None)])
    with tampered(tmp_path) as rows:
        rows.put(0, rows.trees()[0] | {"figures": {"bits": math.nan, "residual": -math.inf}})
    assert kept_in(tmp_path)[0].figures == {"bits": None, "residual": None}


def test_a_database_that_does_something_when_it_is_looked_at_is_refused(store, tmp_path):
    """Views and triggers might never come to an end, or change what is stored."""
    store._connection.execute("create trigger t after delete on waveforms begin delete from points; end")
    with pytest.raises(ParameterError, match="not made by amc"):
        Store(tmp_path)


def test_two_rows_never_have_one_number(store, tmp_path):
    """The second is refused, and the first stays."""
    store.put([(made(0), None)])
    with pytest.raises(sqlite3.IntegrityError):
        store.put([(replace(made(0), key="another"), None)])
    assert kept_in(tmp_path) == [made(0)]
