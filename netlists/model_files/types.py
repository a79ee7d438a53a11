"""Models of devices: the accepted types, and the parameters of each that ngspice has."""

from __future__ import annotations

import re
from typing import NamedTuple

from netlists.model_files.expressions.grammar import Expression, expression
from netlists.model_files.lines import Line
from netlists.model_files.words import Raw, Words

TYPES = {
    "r": "r", "res": "r", "c": "c", "cap": "c", "l": "l", "ind": "l", "d": "d", "npn": "npn", "pnp": "pnp",
    "lpnp": "pnp", "njf": "njf", "pjf": "pjf", "nmos": "nmos", "pmos": "pmos", "sw": "sw", "csw": "csw",
    "vswitch": "vswitch", "iswitch": "iswitch",
}  # fmt: skip
"""Types of models, and their names in ngspice. None of these has a parameter that names a file or a program."""
LEVELS = {
    **dict.fromkeys(("d", "npn", "pnp", "njf", "pjf"), (1,)),
    **dict.fromkeys(("nmos", "pmos"), (1, 2, 3, 6, 7, 8, 14, 49, 54)),
}
"""Levels of device models: diode, Gummel-Poon, Shichman-Hodges, MOS.

MOS levels are 1, 2, 3, 6, BSIM3 (8, 49, PSpice's 7), BSIM4 (14, 54).
"""
WRITTEN_LEVELS = {7: 8}
"""PSpice's numbers of levels with those of ngspice."""
AT_TEMPERATURE = {"t_abs", "t_rel_global", "t_measured"}
"""PSpice's own temperatures of a model."""

_BIPOLAR = """subs tnom is ibe ibc bf nf vaf va ikf ik ise c2 ne br nr var vb ikr isc c4 nc rb irb rbm re rc cje vje pe
    mje me tf xtf vtf itf ptf cjc vjc pc mjc mc xcjc tr cjs csub ccs vjs ps mjs ms xtb eg xti fc kf af iss ns rco vo
    gamma qco tre1 tre2 trb1 trb2 trm1 trm2 trc1 trc2 nkf nk quasimod vg cn d"""
_MOS = """vto vt0 kp gamma phi lambda rd rs cbd cbs is pb cgso cgdo cgbo rsh cj mj cjsw mjsw js tox ld u0 uo fc nsub tpg
    nss tnom kf af"""
_MOS_2 = f"{_MOS} delta uexp ucrit vmax xj neff nfs"
_MOS_3 = f"{_MOS} xl wd xw delvto delvt0 vmax xj nfs eta delta theta kappa"
_MOS_6 = """vto vt0 kv nv kc nc nvth ps gamma gamma1 sigma phi lambda lambda0 lambda1 rd rs cbd cbs is pb cgso cgdo cgbo
    rsh cj mj cjsw mjsw js ld tox u0 uo fc tpg nsub nss tnom"""
PARAMETERS = {
    "r": "rsh narrow dw short dlr tc1 tc2 tce defw w l kf af tnom r",
    "c": "cj cox cjsw defw w defl l narrow short del tc1 tc2 tnom di thick c",
    "l": "tc1 tc2 tnom l",
    "d": """is js jsw tnom rs trs trs1 trs2 n tt cjo cj0 cj vj pb m mj cjsw mjsw ikf ik nbv eg xti kf af fc bv ibv ib
        isr nr""",
    "npn": _BIPOLAR,
    "pnp": _BIPOLAR,
    **dict.fromkeys(("njf", "pjf"), "vt0 vto beta lambda rd rs cgs cgd pb is fc b tnom vtotc betatce xti eg kf af"),
    "sw": "vt vh ron roff gon goff",
    "csw": "it ih ron roff gon goff",
    "vswitch": "von voff ron roff vt vh",
    "iswitch": "ion ioff ron roff it ih",
}
"""Parameters that ngspice 39 and 46 both have, by the type of the model; MOS transistors: `MOS_PARAMETERS`."""
MOS_PARAMETERS = {1: _MOS, 2: _MOS_2, 3: _MOS_3, 6: _MOS_6}
"""Parameters of MOS levels; the other levels have hundreds, and all are passed on."""
RENAMED = {"pt": "xti"}
"""PSpice's second names that ngspice does not have."""
SIZES = ("l", "w")
"""Sizes of MOS transistors that a card may set for all elements without their own."""
LINEAR_DIODE = {"ron", "roff", "vfwd", "vrev", "rrev", "ilimit", "revilimit", "epsilon", "revepsilon"}
"""Parameters by which LTspice models a diode by two straight lines."""

_NUMBER_WORD = re.compile(r"[+-]?(?:\d|\.\d)\S*|\{.*\}")


class Model(NamedTuple):
    """Parsed `.model` card.

    Attributes:
        name: Name in lower case.
        line: Its line.
        type: Type in ngspice; empty if the base card has it.
        base: Name of the base card (`AKO:`); empty without one.
        written: Its parameters, not yet parsed; of two of one name the last counts.
    """

    name: str
    line: Line
    type: str
    base: str
    written: tuple[Raw, ...]

    def derived(self, base: Model) -> Model:
        """Combine this card with the parameters of its base card."""
        own = {name for name, _ in self.written}
        taken = tuple(raw for raw in base.written if raw.name not in own)
        return self._replace(type=self.type or base.type, base="", written=(*taken, *self.written))

    def level(self) -> float | None:
        """Level as a number; None if it is not a plain number."""
        levels = [value for name, value in self.written if name == "level"]
        try:
            return float(levels[-1]) if levels else 1.0
        except ValueError:
            return None

    def values(self) -> dict[str, Expression]:
        """Parameters of the card; those that ngspice does not have are noted and left out."""
        found = {}
        for name, text in self.written:
            if self._accepts(name):
                found[RENAMED.get(name, name)] = expression(text, self.line)
            else:
                self.line.leave_out(f"{name}=")
        return found

    def _accepts(self, name: str) -> bool:
        if name == "level" or name in AT_TEMPERATURE:
            return True
        if self.type in ("nmos", "pmos"):
            known = MOS_PARAMETERS.get(int(self.level() or 0))
            return name in SIZES or known is None or name in known.split()
        return RENAMED.get(name, name) in PARAMETERS[self.type].split()


def read_model_card(line: Line) -> Model:
    """Parse a `.model` card.

    Raises:
        ParameterError: Its type is not accepted, or its content does not fit a card.
    """
    words = Words(line, balanced=False)
    words.take(".model")
    name, base = words.name("a model"), ""
    if words.skip("ako:"):
        base = words.name("a model")
    type_ = "" if base and (not words.peek() or words.option_next()) else words.name("a type")
    if type_ and type_ not in TYPES:
        raise line.refused(f"accepted types of models are {', '.join(TYPES)}")
    written = _parameters(words)
    if type_ == "lpnp":
        written["subs"] = "-1"
    if type_ == "d" and (odd := LINEAR_DIODE & set(written)):
        raise line.refused(
            f"{', '.join(sorted(odd))}= make a diode of straight lines, which ngspice lacks; build it from a table"
        )
    return Model(name, line, TYPES.get(type_, ""), base, tuple(Raw(*each) for each in written.items()))


def _parameters(words: Words) -> dict[str, str]:
    """Parse `name=value`, or `name value` with a numeric value."""
    found: dict[str, str] = {}
    while words.peek():
        if words.leave_out("noiseless"):
            continue
        if not words.option_next() and _NUMBER_WORD.fullmatch(words.peek(1)):
            words.items.insert(words.place + 1, "=")
        name, value = words.raw()
        if name in found:
            words.line.leave_out(f"the first {name}=")
        found[name] = value
    return found
