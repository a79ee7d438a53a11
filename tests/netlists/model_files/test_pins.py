"""Pins of a model file: a word for each, their guesses, and errors in them."""

import re

import pytest

from netlists import ParameterError
from netlists.opamps.pins import connection, parse_pins
from tests.netlists.model_files.plain_opamp import BODY, VENDORS, read

PINS = {
    "seven, two of them compensation": ("in+ in- vcc vee out comp1 comp2", "inp,inn,vdd,vss,out,nc,nc", "nc6 nc7"),
    "compensation joined": ("in+ in- vcc vee out comp1 comp2", "inp,inn,vdd,vss,out,net1,net1", "out net1 net1"),
    "an enable pin at the positive rail": ("in+ in- vcc vee out en", "inp,inn,vdd,vss,out,vdd", "out vdd"),
    "first pin called gnd": ("gnd in+ in- vcc vee out", "gnd,inp,inn,vdd,vss,out", "0 inp inn"),
    "gnd left open": ("gnd in+ in- vcc vee out", "nc,inp,inn,vdd,vss,out", "nc1 inp inn"),
    "comments": ("1 2 3 4 5 6", "inp:in+,inn:in-,vdd:7,vss:4,out:6,nc:trim", "inp inn vdd vss out nc6"),
    "capitals and blanks": ("1 2 3 4 5", " INP, Inn ,vdd,vss,OUT", "inp inn vdd vss out"),
    "three": ("1 2 3", "inp,inn,out", "inp inn out"),
}


@pytest.mark.parametrize("name", PINS)
def test_every_pin_has_a_word(tmp_path, name):
    """One word a pin in the file's order; equal words are one node, `nc` is open, `gnd` is ground."""
    pins, words, nodes = PINS[name]
    first, *more = pins.split()
    body = f"E1 out 0 {first} {more[0]} 1k\n" + "".join(f"R{k} {pin} 0 1k\n" for k, pin in enumerate(pins.split()))
    found, said = read(tmp_path, f".subckt amp {pins}\n{body}.ends\n", pins=parse_pins(words))
    assert not said and f" {nodes} " in f" {connection(found.pins)} "


WRONG_PINS = {
    "too few": ("inp,inn,vdd,vss,out", "opamp_pins", "7, and these are 5 words; .*inp,inn,vdd,vss,out,nc,nc"),
    "too many": ("inp,inn,vdd,vss,out,nc,nc,nc", "opamp_file", "has 7 pins, opamp_pins 8 words"),
    "no word": ("inp,inn,vdd,vss,output,nc,nc", "opamp_pins", "'output' is no word"),
    "nothing": ("inp,inn,vdd,vss,out,,", "opamp_pins", "'nothing' is no word"),
    "no output": ("inp,inn,vdd,vss,nc,nc,nc", "opamp_pins", "out missing"),
    "net10": ("inp,inn,vdd,vss,out,net10,nc", "opamp_pins", "'net10' is no word"),
}


@pytest.mark.parametrize("name", WRONG_PINS)
def test_wrong_lists_of_pins_are_refused_with_the_files_own(tmp_path, name):
    """The error names the word, or the pins that the file has, and a list that would do."""
    words, parameter, message = WRONG_PINS[name]
    text = f".subckt amp in+ in- vcc vee out comp1 comp2\n{BODY}.ends\n"
    with pytest.raises(ParameterError, match=message) as caught:
        read(tmp_path, text, pins=parse_pins(words))
    assert caught.value.parameter == parameter


GUESSED = {
    "names that say it": ("in+ in- vcc vee out", VENDORS, ""),
    "the package's own names": ("inp inn out vdd vss", ("inp", "inn", "out", "vdd", "vss"), ""),
    "another order": ("OUT V- IN+ IN- V+", ("out", "vss", "inp", "inn", "vdd"), ""),
    "three, of a model without rails": ("non_inverting_input inverting_input output", ("inp", "inn", "out"), ""),
    "numbers": ("1 2 3 4 5", VENDORS, "opamp_pins: not given, taken as inp:1,inn:2,vdd:3,vss:4,out:5"),
    "names of nobody": ("a b c d e", VENDORS, "taken as inp:a,inn:b,vdd:c,vss:d,out:e"),
}


@pytest.mark.parametrize("name", GUESSED)
def test_without_a_list_pins_are_what_their_names_say_else_the_vendors_order(tmp_path, name):
    """Names such as `in+ vcc out` say what they are; five others are taken in the vendors' order, which is said."""
    pins, expected, words = GUESSED[name]
    text = f".subckt amp {pins}\nR1 {pins.split()[0]} 0 1k\n.ends\n"
    found, said = read(tmp_path, text, pins=None)
    assert found.pins == expected and (words in said if words else not said), said


def test_without_a_list_more_pins_are_asked_for(tmp_path):
    """Seven pins: the error shows them and a list that fits their names."""
    with pytest.raises(ParameterError, match=r"in\+ in- vcc vee out comp1 comp2; .*inp,inn,vdd,vss,out,nc,nc"):
        read(tmp_path, f".subckt amp in+ in- vcc vee out comp1 comp2\n{BODY}.ends\n", pins=None)


def test_without_a_list_three_numbers_are_asked_for(tmp_path):
    """Three pins that say nothing: the list in the error has three words."""
    with pytest.raises(ParameterError, match="its pins are 1 2 3; say what each is, such as inp,inn,out;"):
        read(tmp_path, ".subckt amp 1 2 3\nR1 1 2 1k\n.ends\n", pins=None)


def test_optional_pins_may_be_left_away(tmp_path):
    """`OPTIONAL:` pins are what the file says, for X elements and for the wanted subcircuit."""
    text = """.subckt amp in+ in- vcc vee out OPTIONAL: ref=0 PARAMS: r=1k
X1 in+ s
X2 in- out s
R1 ref vee {r}
.ends
.subckt s a OPTIONAL: b=0
R1 a b 2
.ends
"""
    found, said = read(tmp_path, text)
    assert not said and found.pins == (*VENDORS, "gnd")
    assert re.search(r"r\d+ n1 0 2.0\nr\d+ n2 n5 2.0\nr\d+ n6 n4 1000.0", found.text), found.text
