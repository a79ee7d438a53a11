"""Sweeps by the names that options had in older versions: specifications, folders, conditions and columns."""

import hashlib
import json
import shutil

import pytest

from amc_circuits.cases.options import parse_options
from amc_circuits.sweep.plan.keys import key_of
from amc_circuits.sweep.plan.spec import sweep_from
from amc_circuits.sweep.store import Store
from netlists import ParameterError
from tests.amc_circuits.sweep.made_rows import tampered
from tests.amc_circuits.sweep.sweeps import EXACT, rows
from tests.record_sweep import RECORDS

TODAY = EXACT + 'family = ["spd", "wishart"]\nseed = {range = [0, 2]}\n'
"""Four points."""
FIXED = EXACT.replace("[grid]\n", "")
"""To go on with anything from line 6 on."""
OLDER = TODAY.replace("family", "kind")


@pytest.fixture
def older(sweep, tmp_path):
    """A folder as a version wrote it that knew `family` as `kind`."""
    assert sweep(OLDER).code == 0
    with tampered(tmp_path / "out") as found:
        found.connection.execute("""update forms set content = replace(content, '"family"', '"kind"')""")
        stored = [tree["parameters"] for tree in found.trees().values()]
    assert [row["kind"] for row in stored] == ["spd", "spd", "wishart", "wishart"]
    assert not any("family" in row for row in stored)
    return tmp_path / "out"


@pytest.mark.parametrize(
    "section",
    [
        "{} = 'wishart'\n",
        "[grid]\n{} = ['spd', 'wishart']\n",
        "[zip]\nseed = [0, 1]\n{} = ['spd', 'wishart']\n",
        "[[points]]\n{} = 'wishart'\n[[points]]\nseed = 2\n",
    ],
)
def test_a_specification_takes_either_name(sweep, tmp_path, section):
    """In all of its sections: rows of the one name are there already for the other."""
    assert sweep(FIXED + section.format("kind")).code == 0
    before = rows(tmp_path)
    assert sweep(FIXED + section.format("family")).code == 0
    assert rows(tmp_path) == before
    assert all("kind" not in row.parameters and "family" in row.parameters for row in before)
    assert '"kind"' not in (tmp_path / "out" / "resolved.json").read_text()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind = 'spd'\nfamily = 'spd'\n", "line 6, [fixed] kind: got spd; kind and family are one option;"),
        ("[grid]\nkind = ['spd']\nfamily = ['spd']\n", "line 7, [grid] kind: got ['spd']; kind and family are one"),
        ("[[points]]\nfamily = 'spd'\nkind = 'spd'\n", "line 8, [[points]] kind: got spd; kind and family are one"),
        ("kind = 'spd'\n[grid]\nfamily = ['spd']\n", "line 8, [grid] family: got ['spd']; is in [fixed], too"),
        ("family = 'spd'\n[grid]\nkind = ['spd']\n", "line 8, [grid] kind: got ['spd']; is in [fixed], too"),
        ("kind = 'gauss'\n", "line 6, [fixed] kind: got 'gauss'; must be one of spd"),
        ("[[points]]\nseed = 1\n[[points]]\nkind = 'big'\n", "line 9, [[points]] kind: got 'big'; must be one of spd"),
    ],
)
def test_a_specification_is_refused_as_it_was_typed(sweep, tmp_path, monkeypatch, text, words):
    """By line, section and key; both names for one option, too."""
    monkeypatch.chdir(tmp_path)
    sweep(FIXED + text).refused(words)
    assert not (tmp_path / "out").exists()


def test_specifications_in_python_take_either_name():
    """With the same points, and the same refusal."""
    one, other = (sweep_from({"circuit": "inv", "fixed": {"size": 2, name: "random"}}) for name in ("kind", "family"))
    assert list(one) == list(other)
    with pytest.raises(ParameterError, match="kind: got random; kind and family are one option"):
        sweep_from({"circuit": "inv", "fixed": {"size": 2, "kind": "random", "family": "random"}})


@pytest.mark.parametrize("circuit", ["inv", "mvm"])
def test_a_key_is_that_of_older_versions(circuit):
    """The hash of circuit, options by the names that they had, and versions."""
    options = parse_options(circuit, {"size": 2, "family": "random", "opamp": "cmos-100meg-transistor"})
    later = ("timeout", "technology")
    known = {"kind" if name == "family" else name: value for name, value in options.items() if name not in later}
    text = json.dumps([circuit, known, "amc 0.1.0"], sort_keys=True)
    assert key_of(circuit, options, "amc 0.1.0") == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("layout", ["layout-2", "layout-3", "layout-4"])
@pytest.mark.filterwarnings("ignore:.*layout")
def test_recorded_rows_have_the_keys_that_they_had(layout, tmp_path):
    """Their options are read by today's names, and make the key that was stored then."""
    with Store(shutil.copytree(RECORDS / layout, tmp_path / layout)) as store:
        found = store.rows()
    assert [row.parameters["family"] for row in found] == ["spd"] * 6
    assert [key_of("inv", row.options, row.engine_version) for row in found] == [row.key for row in found]


def test_an_older_folder_goes_on(sweep, older, tmp_path):
    """Its points do not run again, whichever name the specification has."""
    before = rows(tmp_path)
    assert [row.parameters["family"] for row in before] == ["spd", "spd", "wishart", "wishart"]
    for text in (TODAY, OLDER):
        assert sweep(text).code == 0
        assert rows(tmp_path) == before
    assert sweep(TODAY.replace("[0, 2]", "[0, 3]")).code == 0
    after = rows(tmp_path)
    assert len(after) == 6 and {row.key: row for row in before}.items() <= {row.key: row for row in after}.items()


def test_an_older_folder_is_shown_compared_and_merged(amc, sweep, older, tmp_path):
    """Replayed to the last bit, reported, and put beside rows of today without doubling any."""
    outcome = amc("replay", older, 2)
    assert outcome.code == 0 and "version without" not in outcome.out and "other options" not in outcome.out
    assert amc("report", older).code == 0
    (tmp_path / "spec.toml").write_text(TODAY.replace("[0, 2]", "[1, 3]"))
    assert amc("sweep", tmp_path / "spec.toml", "--out", tmp_path / "new").code == 0
    assert amc("merge", older, tmp_path / "new", "--out", tmp_path / "both").code == 0
    shown = amc("table", tmp_path / "both", "--format", "json").json
    assert [(row["family"], row["seed"]) for row in shown] == [
        ("spd", 0), ("spd", 1), ("wishart", 0), ("wishart", 1), ("spd", 2), ("wishart", 2),
    ]  # fmt: skip
    assert not any("kind" in row for row in shown)


@pytest.mark.parametrize("typed", ["--where={}=wishart", "--columns=number,{}", "--sort=-{}"])
def test_tables_take_either_name(amc, older, typed):
    """Conditions, columns and the order take either name; the table has today's."""
    shown = [amc("table", older, "--format", "csv", typed.format(name)) for name in ("family", "kind")]
    assert shown[0] == shown[1] and shown[0].code == 0
    assert "family" in shown[0].out.splitlines()[0].split(",") and "wishart" in shown[0].out


def test_pictures_take_either_name(amc, older, tmp_path):
    """For the curves, and for the axes, where no family is a number."""
    for name in ("family", "kind"):
        assert amc("plot", older, "--x", "seed", "--hue", name, "-o", tmp_path / f"{name}.svg").code == 0

        refused = amc("plot", older, "--x", name, "-o", tmp_path / "no.png")
        refused.refused("--x", "none of 4 usable rows has a family that is a number")
