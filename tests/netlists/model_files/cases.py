"""Op-amp model files of our own in the style of vendors, and a bench for what comes of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from amc_circuits.engines.ngspice.rawfile import Plot
from amc_circuits.engines.ngspice.runner import run_deck
from netlists import ParameterError
from netlists.model_files.file import ModelFile, read_model

BODY = "R1 inp inn 1k\nE1 out 0 inp inn 1k\nR2 vdd vss 1k\n"
HEAD = "* model\n.subckt amp inp inn out vdd vss\n"
GOOD = f"{HEAD}{BODY}.ends amp\n"
PINS = ("inp", "inn", "out", "vdd", "vss")

# Boyle's topology (Boyle et al., IEEE J. Solid-State Circuits, 1974); the numbers are chosen here:
# gm = 1/(26 mV/20 uA + 1359 ohm) = 377 uS, GBWP = gm/(2 pi C2) = 3 MHz, slew rate = IEE/C2 = 2 V/us.
BOYLE = """\
* macromodel in Boyle's topology
* connections:  non-inverting | inverting | positive rail | negative rail | output
.SUBCKT BOYLE-1   1 2 3 4 5
*
  C1   11 12 1.0E-12
  C2    6  7 20.00E-12
  DC    5 53 DX
  DE   54  5 DX
  DLP  90 91 DX
  DLN  92 90 DX
  DP    4  3 DX
  EGND 99  0 POLY(2) (3,0) (4,0) 0 .5 .5
  FB    7 99 POLY(5) VB VC VE VLP VLN 0 20E6 -20E6
*  a comment between continuation lines

+ 20E6 20E6 -20E6
  GA    6  0 11 12 377.0E-6
  GCM   0  6 10 99 1.0E-9
  IEE  10  4 DC 40.0E-6      ; tail
  HLIM 90  0 VLIM 1K
  Q1   11  2 13 QX
  Q2   12  1 14 QX
  R2    6  9 100.0E3
  RC1   3 11 2.652E3
  RC2   3 12 2.652E3
  RE1  13 10 1.359E3
  RE2  14 10 1.359E3
  REE  10 99 5.0E6
  RO1   8  5 50
  RO2   7 99 50
  RP    3  4 10MEG
  VB    9  0 DC 0
  VC    3 53 DC 1.5
  VE   54  4 DC 1.5
  VLIM  7  8 DC 0
  VLP  91  0 DC 30
  VLN   0 92 DC 30
.MODEL DX D(IS=800.0E-18 RS=1)
.MODEL QX NPN(IS=800.0E-18
+ BF=500)
.ENDS
"""

# One pole by behavioural sources: gm = 1 mS, R1 = A0/gm, C1 = gm/(2 pi GBWP), slew rate = ILIM/C1.
BEHAVIOURAL = """\
* macromodel of behavioural sources
.subckt ABM_OPAMP IN+ IN- VCC VEE OUT PARAMS: AOL=100K GBW=10MEG
+ SLEW=20MEG RO=75
.param gm = 1m
.param c1 = {gm/(2*pi*GBW)} r1 = {AOL/gm}
.func head(a,b) {a-b-0.5}
VOS     1 IN- {0}
CDIFF   IN+ 1 1p
GIN  0 X VALUE = { LIMIT(gm*V(IN+,1), -SLEW*c1, SLEW*c1) }
R1   X 0 {r1}
C1   X 0 {c1}
BCLAMP X 0 I = IF(V(X) > head(V(VCC),0), (V(X)-head(V(VCC),0))*10, V(X) < -head(-V(VEE), 0) ?
+ (V(X)+head(-V(VEE),0))*10 : 0)
EOUT Y 0 TABLE {V(X)} = (-100,-100) (100,100)
VSENSE Y Z 0
ROUT Z OUT {RO}
FVCC VCC 0 POLY(1) VSENSE 1m 0.5
GQ  VCC VEE VCC VEE 1u
.ends ABM_OPAMP
"""

# Subcircuits in one another, a switch that is on, an included library.
HIERARCHY = """\
.include "parts/models.lib"
.lib parts/corners.lib typ
.subckt hier out vdd vss inn inp
X1 inn inp mid gain params: k={stage*10}
X2 mid 0 buf gain k=-10 tau='1/(2*pi*1meg)'
S1 buf out vdd vss swon
W1 out float vs swoff
Rf float 0 1k
vs vdd q 0
Rq q vss 100k
D1 vss out dm
.ends hier
.subckt gain p n o k=1 tau=1p
E1 a 0 p n {k}
R1 a o 1k
C1 o 0 {tau/1k}
.ends
"""
MODELS = ".model dm d (is=1f, rs=1)\n.model swon vswitch(ron=1 roff=1g von=1 voff=0)\n"
CORNERS = """\
.lib slow
.param stage=1
.endl slow
.lib typ
.param stage=100 ; what the others lack
.model swoff csw(it=1 ih=0 ron=1 roff=1g)
.endl
"""


def written(folder: Path, text: str, name: str = "model.lib") -> Path:
    """A model file."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def read(folder: Path, text: str, subcircuit: str, pins: str) -> ModelFile:
    """A text as `read_model` reads it from a file."""
    return read_model(written(folder, text), subcircuit, pins.split())


def boyle(folder: Path) -> ModelFile:
    """The macromodel in Boyle's topology."""
    return read(folder, BOYLE, "boyle-1", "inp inn vdd vss out")


def behavioural(folder: Path) -> ModelFile:
    """The macromodel of behavioural sources."""
    return read(folder, BEHAVIOURAL, "abm_opamp", "inp inn vdd vss out")


def hierarchy(folder: Path) -> ModelFile:
    """Two stages of gain, of 1000 and of 10."""
    written(folder, MODELS, "parts/models.lib")
    written(folder, CORNERS, "parts/corners.lib")
    return read(folder, HIERARCHY, "HIER", "out vdd vss inn inp")


def deck(model: ModelFile, lines: list[str], rails: float = 5.0) -> str:
    """A deck with the model nested in `.subckt opamp`, as the circuits have it."""
    core = [".subckt opamp inp inn out vdd vss", model.text, f"Xcore {' '.join(model.pins)} {model.subcircuit}"]
    supplies = [".ends opamp", f"Vdd vdd 0 {rails}", f"Vss vss 0 {-rails}"]
    return "\n".join(["* bench", *core, *supplies, *lines, ".end\n"])


def run(model: ModelFile, lines: list[str], rails: float = 5.0) -> list[Plot]:
    """Runs such a deck with the ngspice of this machine."""
    return run_deck(deck(model, lines, rails), timeout=60)


def refused(folder: Path, text: str | bytes, line: int, words: str, name: str = "model.lib") -> None:
    """Asserts that a file is refused at this line, with one of these words, in one printable line."""
    path = written(folder, "", "model.lib")
    path.write_bytes(text if isinstance(text, bytes) else text.encode("ascii"))
    with pytest.raises(ParameterError) as caught:
        read_model(path, "amp", PINS)
    message = str(caught.value)
    assert caught.value.parameter == "opamp_file" and message.isprintable() and len(message) < 900, message
    assert f"/{name}:{line} " in message, message
    assert re.search(words, message), message
