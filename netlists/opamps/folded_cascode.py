"""Generator of folded-cascode op-amps of level-1 transistors: `cmos_100meg.lib` scaled to other speeds and currents.

Rules (Laker, Sansen, Design of Analog Integrated Circuits and Systems, 1994, for the circuit and its poles):

- Currents grow with the factor `current`, by a reference resistor of its own and widths that grow with `width`.
- A shorter channel moves the inner poles: at the same overdrive they go as 1/L^2. `width` below `current` raises the
  overdrive, which moves them further and costs gain and swing.
- The output transistors have `ratio` times the idle current of their copies in the bias.
- The Miller capacitors set the GBWP, g_m/C; the second pole must stay at twice of it or more.

`python -m netlists.opamps.folded_cascode` writes the library files of `DESIGNS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LAMBDA = 0.075
"""Channel-length modulation over the length, um/V."""


@dataclass(frozen=True)
class FoldedCascode:
    """Sizes of a folded-cascode op-amp, relative to `cmos_100meg.lib`.

    Attributes:
        length: Length of all channels, um.
        current: Factor on all currents.
        width: Factor on widths, for channels of the same length.
        reference: Reference resistor, ohm.
        ratio: Current of the output stage in units of its copy in the bias.
        capacitors: Miller capacitors at the upper and the lower output transistor, pF.
    """

    length: float
    current: float
    width: float
    reference: float
    ratio: float
    capacitors: tuple[float, float]

    def text(self, name: str, head: str) -> str:
        """Return the library file: a comment, the subcircuit, its models."""
        lines = [f"* {name}: {head}", *HEAD, f".subckt {name} inp inn out vdd vss", *self._devices()]
        lines += [f"Ccp out gp {self.capacitors[0]:g}p", f"Ccn out gn {self.capacitors[1]:g}p"]
        for model, (type_, threshold, gain) in MODELS.items():
            lines += [
                f".model {model}{end} {type_} level=1 vto={threshold} kp={gain} lambda={LAMBDA / self.length:.4g} "
                "gamma=0.4 phi=0.8 tox=5n cgso=0.3n cgdo=0.3n cj=1.5m mj=0.5 pb=0.8"
                for end in ("", "out")
            ]
        return "\n".join([*lines, f".ends {name}", ""])

    def _devices(self) -> Iterator[str]:
        """Yield the transistors and the reference, in the order of `cmos_100meg.lib`."""
        scale = self.width * self.length / 0.5
        outputs = self.current * self.length / 0.3
        for name, nodes, model, width in DEVICES:
            yield self._device(name, nodes, model, width * (outputs if model.endswith("out") else scale))
            if name == "Mp1":
                yield f"Rref bp bn {self.reference:g}"
        for name, nodes, model, width in OUTPUTS:
            yield self._device(name, nodes, model, width * outputs * self.ratio)

    def _device(self, name: str, nodes: str, model: str, width: float) -> str:
        area = width / 2  # of drain and source: half a micrometre of width, side walls included
        return f"{name} {nodes} {model} W={width:.4g}u L={self.length:g}u AD={area:.4g}p AS={area:.4g}p"


HEAD = (
    "* Part of amc, GPL-3.0-or-later. Devices, sizes and models are our own: level 1, of no foundry's process, without",
    "* velocity saturation, mobility degradation and layout. Written by netlists/opamps/folded_cascode.py.",
    "* pins: non-inverting input, inverting input, output, positive rail, negative rail",
)
MODELS = {"nfet": ("nmos", "0.45", "300u"), "pfet": ("pmos", "-0.45", "80u")}
DEVICES = (
    ("Mp1", "bp bp vdd vdd", "pfet", 9.0),
    ("Mn1", "bn bn vss vss", "nfet", 2.4),
    ("Mp2", "cn bp vdd vdd", "pfet", 9.0),
    ("Mn2", "cn cn vss vss", "nfet", 0.4),
    ("Mn3", "cp bn vss vss", "nfet", 2.4),
    ("Mp3", "cp cp vdd vdd", "pfet", 1.5),
    ("Mp4", "hn bp vdd vdd", "pfet", 9.0),
    ("Mn4", "hn hn hn1 vss", "nfet", 2.4),
    ("Mn5", "hn1 hn1 vss vss", "nfetout", 1.4),
    ("Mn6", "hp bn vss vss", "nfet", 2.4),
    ("Mp5", "hp hp hp1 vdd", "pfet", 9.0),
    ("Mp6", "hp1 hp1 vdd vdd", "pfetout", 5.25),
    ("Mtail", "tail bp vdd vdd", "pfet", 42.0),
    ("M1", "f1 inn tail tail", "pfet", 20.0),
    ("M2", "f2 inp tail tail", "pfet", 20.0),
    ("M3", "f1 bn vss vss", "nfet", 13.2),
    ("M4", "f2 bn vss vss", "nfet", 13.2),
    ("M5", "g2 cn f1 vss", "nfet", 7.2),
    ("M6", "gn cn f2 vss", "nfet", 7.2),
    ("M7", "t1 g1 vdd vdd", "pfet", 27.0),
    ("M8", "t2 g1 vdd vdd", "pfet", 27.0),
    ("M9", "g1 cp t1 vdd", "pfet", 27.0),
    ("M10", "gp cp t2 vdd", "pfet", 27.0),
    ("M11", "g1 hn g2 vss", "nfet", 3.6),
    ("M12", "g2 hp g1 vdd", "pfet", 13.5),
    ("M13", "gp hn gn vss", "nfet", 3.6),
    ("M14", "gn hp gp vdd", "pfet", 13.5),
)
"""Transistors of `cmos_100meg.lib`: name, drain, gate, source and bulk, model, width, um; lengths are 0.5 or 0.3 um."""
OUTPUTS = (("Mop", "out gp vdd vdd", "pfetout", 5.25), ("Mon", "out gn vss vss", "nfetout", 1.4))
DESIGNS = {
    "cmos_0_9g": (
        FoldedCascode(0.18, 4.0, 2.6, 10.5e3, 16.0, (0.14, 0.16)),
        "folded-cascode op-amp with a class-AB output, 0.9 GHz into 1 kohm, +-1.2 V",
    ),
    "cmos_0_9g_low_power": (
        FoldedCascode(0.18, 1.0, 0.75, 30e3, 8.0, (0.05, 0.06)),
        "folded-cascode op-amp with a class-AB output, 0.9 GHz into 10 kohm, +-1.2 V",
    ),
}
"""Op-amps of this package, each with what it is."""


def write() -> None:
    """Write the library files beside this module."""
    for name, (design, head) in DESIGNS.items():
        Path(__file__).with_name(f"{name}.lib").write_text(design.text(name, head), encoding="ascii")


if __name__ == "__main__":
    write()
