"""Files of programmed conductances: what is saved is what is loaded, and everything else is refused in one line."""

import numpy as np
import pytest

from amc_circuits.cells.mapping import map_matrix
from amc_circuits.programming.conductances import load_conductances, programming_cost, save_conductances
from amc_circuits.programming.write_verify import Written
from netlists import ParameterError

SIGNED = np.array([[1.0, -0.5, 0.0], [0.25, 2.0, -1.0]])
POSITIVE = np.array([[1.0, 0.5], [0.25, 2.0]])


def written(target, error=1e-7):
    """Cells that ended a little off their targets."""
    ones = np.ones(target.shape, dtype=np.int64)
    return Written(target, target + error, 0 * ones, ones, 2 * ones, 4 * ones, 1e-6 * ones, 1e-12 * ones)


def saved(path, matrix, changes=None):
    """A file, some of its arrays changed; None leaves one out."""
    mapping = map_matrix(matrix)
    arrays = [written(array) for array in (mapping.positive, mapping.negative) if array is not None]
    save_conductances(path, matrix, mapping, (1e-6, 100e-6), arrays)
    if changes:
        with np.load(path) as content:
            entries = dict(content) | changes
        np.savez(path, **{name: value for name, value in entries.items() if value is not None})
    return path


@pytest.mark.parametrize("matrix", [SIGNED, POSITIVE], ids=["pair", "one array"])
def test_what_is_saved_is_loaded(tmp_path, matrix):
    """The mapping has the programmed conductances, and alpha and unit of the wanted one."""
    wanted, found = map_matrix(matrix), load_conductances(saved(tmp_path / "p.npz", matrix), matrix)
    np.testing.assert_array_equal(found.positive, wanted.positive + 1e-7)
    assert (found.negative is None) == (wanted.negative is None)
    if wanted.negative is not None:
        np.testing.assert_array_equal(found.negative, wanted.negative + 1e-7)
    assert (found.alpha, found.unit) == (wanted.alpha, wanted.unit)


def test_file_has_the_documented_keys(tmp_path):
    """Plain arrays that NumPy reads without pickle, under the names that the module's table gives."""
    with np.load(saved(tmp_path / "p.npz", SIGNED), allow_pickle=False) as content:
        assert set(content.files) == {
            "matrix", "alpha", "unit", "g_min", "g_max", "positive", "target_positive", "status_positive",
            "negative", "target_negative", "status_negative", "programming_energy", "programming_time",
            "sets_positive", "resets_positive", "time_positive", "energy_positive",
            "sets_negative", "resets_negative", "time_negative", "energy_negative",
        }  # fmt: skip
        np.testing.assert_array_equal(content["matrix"], SIGNED)
        assert (content["g_min"], content["g_max"], content["unit"]) == (1e-6, 100e-6, 100e-6 - 1e-6)


def test_file_has_the_costs_of_every_cell(tmp_path):
    """Pulses of both kinds, time and energy of each; a file without them loads all the same."""
    costs = {"sets": 1, "resets": 2, "time": 1e-6, "energy": 1e-12}
    names = {f"{cost}_{array}": value for cost, value in costs.items() for array in ("positive", "negative")}
    with np.load(saved(tmp_path / "p.npz", SIGNED)) as content:
        for name, value in names.items():
            np.testing.assert_array_equal(content[name], np.full(SIGNED.shape, value))
    found = load_conductances(saved(tmp_path / "p.npz", SIGNED, dict.fromkeys(names)), SIGNED)
    np.testing.assert_array_equal(found.positive, map_matrix(SIGNED).positive + 1e-7)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"positive": None}, "lacks positive"),
        ({"unit": None}, "lacks unit"),
        ({"status_negative": None}, "lacks status_negative"),
        ({"positive": np.ones((3, 2))}, "positive has shape"),
        ({"target_negative": np.ones(3)}, "target_negative has shape"),
        ({"positive": np.full((2, 3), np.nan)}, "positive must be finite"),
        ({"negative": np.zeros((2, 3))}, "above 0"),
        ({"positive": np.full((2, 3), "x")}, "positive must be finite numbers"),
        ({"status_positive": np.full((2, 3), 7)}, "status_positive must be whole numbers from 0 to 3"),
        ({"unit": np.array(-1e-6)}, "unit must be one number above 0"),
        ({"unit": np.ones(2)}, "unit must be one number above 0"),
        ({"alpha": np.array(3.0)}, "alpha is 3"),
        ({"matrix": 2 * SIGNED}, "another matrix"),
        ({"matrix": SIGNED[:1]}, "shape \\(1, 3\\)"),
        ({"negative": None, "target_negative": None, "status_negative": None}, "pair of arrays"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, changes, words):
    """One line that names the file and what is wrong with it."""
    path = saved(tmp_path / "p.npz", SIGNED, changes)
    with pytest.raises(ParameterError, match=words) as caught:
        load_conductances(path, SIGNED)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"no zip", "is text without numbers"),
        (b"PK\x03\x04 but no more", "by amc program, or siemens"),
    ],
)
def test_a_file_that_is_no_npz_is_refused(tmp_path, content, words):
    """Whatever the bytes are, it says what it is."""
    (tmp_path / "p.npz").write_bytes(content)
    with pytest.raises(ParameterError, match=f"conductances: got .*{words}"):
        load_conductances(tmp_path / "p.npz", SIGNED)


def test_a_damaged_file_is_refused(tmp_path):
    """A file cut short anywhere, or with a changed byte in an array, is refused or gives what was saved."""
    whole = saved(tmp_path / "p.npz", SIGNED).read_bytes()
    for place in range(0, len(whole), 97):
        (tmp_path / "cut.npz").write_bytes(whole[:place])
        with pytest.raises(ParameterError):
            load_conductances(tmp_path / "cut.npz", SIGNED)
        (tmp_path / "cut.npz").write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            found = load_conductances(tmp_path / "cut.npz", SIGNED)
        except ParameterError:
            continue
        np.testing.assert_array_equal(found.positive, map_matrix(SIGNED).positive + 1e-7)


def test_pickled_objects_are_not_read(tmp_path):
    """A file with Python objects is refused without executing them."""
    path = saved(tmp_path / "p.npz", SIGNED, {"positive": np.array([[object()]], dtype=object)})
    with pytest.raises(ParameterError, match="Python objects, which are not read"):
        load_conductances(path, SIGNED)


def test_a_missing_file_is_refused(tmp_path):
    """With the system's reason."""
    with pytest.raises(ParameterError, match="No such file"):
        load_conductances(tmp_path / "none.npz", SIGNED)


def test_costs_are_the_sums_over_all_cells(tmp_path):
    """Energy and time of both arrays, one cell after the other: twelve cells of 1 pJ and 1 us."""
    energy, time = programming_cost(saved(tmp_path / "p.npz", SIGNED))
    assert (energy, time) == (pytest.approx(12e-12), pytest.approx(12e-6))


@pytest.mark.parametrize("value", [np.ones(2), np.array(-1.0)])
def test_costs_that_are_none_are_refused(tmp_path, value):
    """They are one number each, 0 or more."""
    path = saved(tmp_path / "p.npz", SIGNED, {"programming_energy": value})
    with pytest.raises(ParameterError, match="programming_energy"):
        programming_cost(path)
