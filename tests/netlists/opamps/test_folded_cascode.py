"""The generator of folded cascodes: its files, and its scaling of the op-amp that it starts from."""

from importlib import resources

import pytest

from netlists.opamps.folded_cascode import DESIGNS, FoldedCascode


def devices(text):
    """Nodes, model, width and length of every transistor, by name."""
    rows = [line.split() for line in text.splitlines() if line.startswith("M")]
    return {row[0]: (*row[1:6], float(row[6][2:-1]), float(row[7][2:-1])) for row in rows}


def library(name):
    """Text of a library file of the package."""
    return (resources.files("netlists") / "opamps" / f"{name}.lib").read_text(encoding="ascii")


@pytest.mark.parametrize("name", DESIGNS)
def test_library_files_are_those_of_the_generator(name):
    """`python -m netlists.opamps.folded_cascode` was run after the last change."""
    design, head = DESIGNS[name]
    assert library(name) == design.text(name, head)


def test_factors_of_one_give_the_op_amp_that_it_starts_from():
    """The same transistors between the same nodes; widths but those of the outputs for 0.5 um, within 0.5 %."""
    text = FoldedCascode(0.5, 1.0, 1.0, 52e3, 32.0, (0.43, 0.48)).text("same", "the same")
    wanted, found = devices(library("cmos_100meg")), devices(text)
    assert list(found) == list(wanted) and "Rref bp bn 52000" in text
    for name, (*nodes, width, length) in wanted.items():
        assert found[name][:5] == tuple(nodes)
        scaled = found[name][5] * length / 0.5
        assert scaled == pytest.approx(width, rel=5e-3), name


def test_a_shorter_channel_keeps_shapes_and_scales_the_modulation():
    """W/L grows with the width factor alone; lambda L is constant."""
    text = FoldedCascode(0.25, 2.0, 3.0, 10e3, 10.0, (0.1, 0.1)).text("half", "half")
    assert devices(text)["M1"][5] / 0.25 == pytest.approx(3 * 20 / 0.5)
    assert "lambda=0.3 " in text and text.count("L=0.25u") == 29
