"""Circuit and fixed conditions of rows in words."""

import pytest

from amc_circuits.sweep.rows.columns import flat
from amc_circuits.sweep.rows.description import circuit_of, conditions_of, description_of
from tests.amc_circuits.sweep.made_rows import made, stored
from tests.amc_circuits.sweep.svg import texts


def rows(*options, **common):
    """Rows with these options, as flat rows."""
    return [flat(made(number, {}, **common, **one)) for number, one in enumerate(options)]


def test_description_names_circuit_parts_and_conditions():
    """Circuit with size, op-amp, engine, then what differs from the defaults, with units."""
    found = rows({"seed": 1}, {"seed": 2}, size=16, engine="exact", gbwp="16M", tolerance="5%")
    assert description_of(found) == ("INV 16 x 16, cmos-100meg, exact; condition 10, gbwp 16 MHz, tolerance 0.05")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ([{"size": 2}, {"size": 4}], "INV, cmos-100meg, ngspice; condition 10"),
        ([{"size": 2, "condition": 3}], "INV 2 x 2, cmos-100meg, ngspice; condition 3"),
        ([{"size": 2, "condition": 3}, {"size": 2}], "INV 2 x 2, cmos-100meg, ngspice"),
        ([{"size": 2, "family": "wishart"}], "INV 2 x 2, cmos-100meg, ngspice; family wishart"),
        ([{"matrix": "A.npy"}], "INV, cmos-100meg, ngspice; matrix A.npy"),
        (
            [{"size": 2, "opamp_file": "own.lib", "opamp_subckt": "own"}],
            "INV 2 x 2, own.lib, ngspice; condition 10",
        ),
        ([{"size": 2, "temperature": "350"}], "INV 2 x 2, cmos-100meg, ngspice; condition 10, temperature 350 K"),
        ([{"size": 2, "fixed_scale": True}], "INV 2 x 2, cmos-100meg, ngspice; condition 10, fixed scale"),
        (
            [{"size": 2, "opamp": "cmos-1g", "device": "hfo2-wide"}, {"size": 2, "device": "hfo2-wide"}],
            "INV 2 x 2, hfo2-wide, ngspice; condition 10",
        ),
    ],
)  # fmt: skip
def test_only_what_all_rows_share_is_named(options, text):
    """An option that varies is left out, and so is the condition number of matrices that have none."""
    assert description_of(rows(*options)) == text


def test_rectangles_and_several_circuits_have_their_names():
    """A matrix with other columns than rows has both lengths, and two circuits have both names."""
    (inv,) = rows({"size": 4})
    wide = inv | {"circuit": "mvm", "columns": 8}
    assert circuit_of([wide]) == "MVM 4 x 8"
    assert circuit_of([inv, inv | {"circuit": "mvm"}]) == "INV and MVM 4 x 4"
    assert conditions_of([inv]).startswith("cmos-100meg")


def test_no_rows_have_no_description():
    """Nothing is described without rows."""
    assert description_of([]) == ""


def test_picture_of_a_sweep_has_the_description(amc, tmp_path):
    """The line below the title is the description of the drawn rows, not of those left out."""
    settled = [made(k, {"settling_time_s": 1e-8 * k}, size=2 * k, gbwp="16M") for k in (1, 2, 3)]
    folder = stored(tmp_path / "out", [*settled, made(4, {}, "UNSTABLE", size=9, gbwp="1G")])
    assert amc("plot", folder, "-o", tmp_path / "p.svg").code == 0
    assert "INV, cmos-100meg, ngspice; condition 10, gbwp 16 MHz" in texts(tmp_path / "p.svg")


def test_older_rows_without_an_option_are_described():
    """Options that rows of an older version lack are left out."""
    (row,) = rows({"size": 4})
    assert conditions_of([{name: row[name] for name in row if name != "condition"}]) == "cmos-100meg, ngspice"
    assert conditions_of([row | {"circuit": "unknown"}]) == "cmos-100meg, ngspice"
