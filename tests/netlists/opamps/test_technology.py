"""Technologies against amplifiers that ngspice measures, and against algebra."""

import pytest

from amc_circuits.opamps.bench import characterize
from benchmarks.opamp_technology import scaled
from netlists import ParameterError, preset
from netlists.opamps.technology import TECHNOLOGIES, tied

LAW = TECHNOLOGIES["cmos-250nm"]
DEFAULT = preset("cmos-100meg")


@pytest.mark.parametrize("factor", [0.1, 0.5, 1, 4, 16])
def test_the_law_is_that_of_scaled_transistors(factor):
    """All widths times a factor: current within 5 % of the law, slew rate and class-AB part within 2 %."""
    measured = characterize(scaled(factor))
    low, high = LAW.gbwp_range
    assert low <= 1.01 * measured.gbwp and measured.gbwp <= 1.01 * high
    assert LAW.quiescent_current(measured.gbwp) == pytest.approx(measured.quiescent_current, rel=0.05)
    assert LAW.slew_per_gbwp * measured.gbwp == pytest.approx(measured.slew_rate_falling, rel=0.02)
    assert LAW.class_ab_part == pytest.approx(measured.class_ab_current / measured.quiescent_current, rel=0.02)


@pytest.mark.parametrize("name", TECHNOLOGIES)
def test_an_op_amp_follows_its_gbwp(name):
    """1/GBWP = 1/(s I) + 1/f, the slew rate goes with GBWP, and everything else stays."""
    law = TECHNOLOGIES[name]
    gbwp = sum(law.gbwp_range) / 2
    before = DEFAULT.replace(gbwp=gbwp, supply_voltage=law.supply_voltage)
    after = tied(before, name)
    ceiling = 0.0 if law.gbwp_ceiling is None else 1 / law.gbwp_ceiling
    assert 1 / gbwp == pytest.approx(1 / (law.gbwp_per_current * after.quiescent_current) + ceiling)
    assert after.slew_rate == pytest.approx(law.slew_per_gbwp * gbwp)
    assert after.class_ab_current == pytest.approx(law.class_ab_part * after.quiescent_current)
    others = {"quiescent_current", "class_ab_current", "slew_rate"}
    assert {key: value for key, value in before if key not in others} == {
        key: value for key, value in after if key not in others
    }


@pytest.mark.parametrize("name", ["ad823", "opa690"])
def test_a_data_sheet_holds_for_its_own_part(name):
    """At the GBWP of the part, its own currents and slew rate."""
    part = preset(name)
    assert tied(part, name).quiescent_current == pytest.approx(part.quiescent_current)
    assert tied(part, name).slew_rate == pytest.approx(part.slew_rate)
    assert tied(part, name).class_ab_current == pytest.approx(part.class_ab_current)


def test_figures_of_merit_are_in_the_units_of_the_trade():
    """81.1 MHz of 1 mA with 0.91 pF, and 1.01 V/us for each MHz."""
    assert LAW.gbwp_merit == pytest.approx(81.1 * 0.91)
    assert LAW.slew_merit == pytest.approx(81.1 * 1.01)
    assert TECHNOLOGIES["ad823"].gbwp_merit is None


@pytest.mark.parametrize(
    ("opamp", "name", "words"),
    [
        (DEFAULT, "cmos", "technology: .*must be one of"),
        (preset("single-pole"), "cmos-250nm", "technology: .*macro op-amp"),
        (preset("cmos-100meg-transistor"), "cmos-250nm", "technology: .*macro op-amp"),
        (DEFAULT.replace(gbwp=1e9), "cmos-250nm", "gbwp: .*1e.07 to 7.5e.08"),
        (DEFAULT.replace(supply_voltage=1.8), "cmos-250nm", "supply_voltage: .*1.2 V"),
        (preset("ad823").replace(gbwp=17e6), "ad823", "gbwp"),
    ],
)
def test_where_a_law_does_not_hold_it_is_refused(opamp, name, words):
    """Unknown, without supply, of given transistors, beyond the measured range, at another supply."""
    with pytest.raises(ParameterError, match=words):
        tied(opamp, name)
