"""Block diagrams of registered circuits, of those in the docs, and of one with all types of parts."""

import html
import re
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from amc_circuits import ParameterError, draw_circuit, save_figure
from netlists import (
    GROUND,
    Array,
    Buffers,
    Capacitors,
    Circuit,
    Conductors,
    Hold,
    Kick,
    Limiter,
    OpAmps,
    Phase,
    SinglePoleOpAmp,
    Source,
    Switches,
)
from tests.amc_circuits.pictures.drawn import boxes, faults_of_wires, overlaps, reaches
from tests.circuits import SAMPLES
from tests.doc_blocks import blocks

HOWTO = Path(__file__).resolve().parents[3] / "docs/howto"
TIMES = "\N{MULTIPLICATION SIGN}"
LEAD = 0.3
"""Largest distance of the end of a wire from the sign at the input to which it leads, inches."""
OPAMP = SinglePoleOpAmp(gbwp=100e6)
ENDS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


def two_phases():
    """The circuit of the page of phases."""
    text = next(block.text for block in blocks(HOWTO / "phases.md") if block.runs)
    names = {}
    exec(text.partition("u = np.array")[0], names)
    return names["circuit"]


def least_squares():
    """The circuit of the page of own circuits."""
    text = next(block.text for block in blocks(HOWTO / "circuit.md") if block.file == "least_squares.py")
    module = ModuleType("least_squares")
    exec(text, module.__dict__)
    return module.LeastSquares.program([[0.9, 0.2], [0.3, 0.8], [0.5, 0.6]], wire_resistance=2.0).circuit


def all_types():
    """A differential amplifier with loads and a reference, then every other type of part."""
    parts = (
        Conductors("ra", "a", "m", 1e-4),
        Conductors("rb", "b", "p", np.array([1e-4, 2e-4])),
        Conductors("rg", "p", GROUND, 1e-4),
        Conductors("rf", "m", "o", 1e-4),
        Capacitors("cf", "m", "o", 1e-12),
        OpAmps("amp", "m", "o", OPAMP, noninverting="p"),
        Array("first", "s", "o", np.full((2, 2), 1e-5), nonlinearity_voltage=0.3),
        OpAmps("follower", "y", "y", OPAMP, noninverting="s", label="voltage follower"),
        Array("coupling", "s", "s", np.full((2, 2), 1e-5)),
        Limiter("lim", "y", "z", "dead-zone", 0.1),
        Buffers("buf", "z", "h"),
        Hold("sample", "h", "q"),
        Switches("back", "q", "m", ("second",), 100.0),
        Capacitors("load", "q", GROUND, 1e-12),
    )
    sources = (Source("a", slice(0, 2)), Source("b", np.ones((2, 4)), Kick(10e-3, 5e-9)))
    phases = (Phase("first", hold=("sample",)), Phase("second", outputs="z"))
    return Circuit("all types", dict.fromkeys("abmposyzhq", 2), parts, sources, "q", phases)


def drawings():
    """Circuits by name; a registered circuit comes with signs and without."""
    for sample in SAMPLES:
        solver = type(sample.program())
        for name, matrix in (("signed", sample.matrix), ("positive", np.abs(sample.matrix))):
            make = partial(solver.program, matrix, **sample.fields)
            yield pytest.param(lambda make=make: make().circuit, id=f"{sample.label}-{name}")
    for circuit in (two_phases, least_squares, all_types):
        yield pytest.param(circuit, id=circuit.__name__)


every_circuit = pytest.mark.parametrize("make", list(drawings()))


@cache
def drawn(make):
    """A circuit and its picture, which all tests of it look at."""
    circuit = make()
    return circuit, draw_circuit(circuit)


@every_circuit
def test_every_part_and_every_group_is_named(make):
    """The name or the label of each part stands in the picture, and each group with the number of its nodes."""
    circuit, figure = drawn(make)
    found = [text.partition(":")[0] for text in boxes(figure)]
    for part in circuit.parts:
        assert (getattr(part, "label", "") or part.name) in found
    for group, size in circuit.groups.items():
        assert f"{group} {TIMES}{size}" in found


@every_circuit
def test_no_text_overlaps(make):
    """No text lies over another one or over a line, and none leaves the picture."""
    assert overlaps(drawn(make)[1]) == []


@every_circuit
def test_wires_connect_what_the_circuit_connects(make):
    """The wires of a node hang together and end on no wire of another node."""
    assert faults_of_wires(drawn(make)[1]) == []


@every_circuit
def test_signs_stand_at_the_inputs_of_op_amps(make):
    """A wire of the inverting group ends beside a minus, one of the non-inverting group beside a plus."""
    circuit, figure = drawn(make)
    for part in circuit.of(OpAmps):
        for group, right, wrong in ((part.inverting, "_minus", "_plus"), (part.noninverting, "_plus", "_minus")):
            if group != GROUND:
                assert reaches(figure, group, right, LEAD), (part.name, right)
                assert group == part.output or not reaches(figure, group, wrong, LEAD), (part.name, wrong)


@pytest.mark.parametrize("suffix", ENDS)
def test_it_is_saved_in_every_format(tmp_path, suffix):
    """With all types of parts: a file of each format begins as its format says, and an svg holds its texts as text."""
    _, figure = drawn(all_types)
    wanted = {text.get_text() for text in figure.axes[0].texts}
    save_figure(figure, tmp_path / f"p{suffix}")
    content = (tmp_path / f"p{suffix}").read_bytes()
    assert content.startswith(ENDS[suffix])
    if suffix == ".svg":
        assert wanted <= {html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", content.decode())}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.label)
def test_signals_flow_from_left_to_right(sample):
    """The group of the first source is left of the sum nodes, and these are left of the outputs."""
    circuit = sample.program().circuit
    found = boxes(draw_circuit(circuit))
    groups = (circuit.sources[0].group, circuit.of(OpAmps)[0].inverting, circuit.outputs)
    first, middle, last = (found[f"{group} {TIMES}{circuit.groups[group]}"][0].x0 for group in groups)
    assert first < middle < last


def test_loops_are_above_and_inverters_below():
    """In the signed INV circuit the positive array is above the amplifiers, and the inverters are below them."""
    found = {text: box[0] for text, box in boxes(draw_circuit(SAMPLES[0].program().circuit)).items()}
    assert found[f"p: 4 {TIMES} 4 cells"].y0 > found["amplifier"].y0 > found["inverter"].y0
    assert found[f"c {TIMES}4"].x0 > found[f"w {TIMES}4"].x0 > found[f"d {TIMES}4"].x0 > found[f"v {TIMES}4"].x0


def random_circuit(seed):
    """Passive parts, op-amps and buffers between random groups, or None if such a circuit is refused."""
    generator = np.random.default_rng(seed)
    groups = "abcdefgh"[: generator.integers(4, 9)]
    letters, parts, driven = iter("ijklmnopqrstuvwxyz"), [], {"a"}
    for group in groups[1:]:
        one, other = (str(name) for name in generator.choice([*groups, GROUND], 2, replace=False))
        if generator.random() < 0.5:
            driven.add(group)
            name = next(letters)
            amplifies = generator.random() < 0.7 or GROUND in (one, other)
            parts.append(OpAmps(name, one, group, OPAMP, other) if amplifies else Buffers(name, one, group))
    for _ in range(generator.integers(3, 9)):
        one, other = (str(name) for name in generator.choice([*groups], 2))
        made = (
            Array("x", one, other, np.full((2, 2), 1e-5)),
            Conductors("x", one, GROUND if generator.random() < 0.2 else other, 1e-4),
            Switches("x", one, other, ("solve",), 10.0),
        )
        parts.append(replace(made[generator.integers(3)], name=next(letters)))
    try:
        return Circuit("random", dict.fromkeys(groups, 2), tuple(parts), (Source("a"),), groups[-1])
    except ParameterError:
        return None


def test_random_circuits_are_drawn_without_faults():
    """Pictures of random circuits name every part and have neither overlaps nor wires on a wrong node."""
    circuits = [circuit for seed in range(30) if (circuit := random_circuit(seed))]
    assert len(circuits) > 5
    for circuit in circuits:
        figure = draw_circuit(circuit)
        assert overlaps(figure) == faults_of_wires(figure) == []
        assert {part.name for part in circuit.parts} <= {text.partition(":")[0] for text in boxes(figure)}


@dataclass(frozen=True, eq=False)
class Inductors:
    """A part that netlists does not have."""

    name: str


def test_a_part_without_a_symbol_is_refused():
    """A part of an unknown type is an error that names the type, not a gap in the picture."""
    circuit = least_squares()
    object.__setattr__(circuit, "parts", (*circuit.parts, Inductors("l")))
    with pytest.raises(ParameterError, match="circuit: got a part of type Inductors; has no symbol in a picture"):
        draw_circuit(circuit)
