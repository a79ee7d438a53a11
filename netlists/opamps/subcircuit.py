"""Op-amp subcircuits. Pins: `inp inn out`, and `vdd vss` for all but the single-pole model.

Single pole, linear:

    gm (inp - inn) --> x,  R1 = A0/gm and C1 = gm/w_T to ground,  out = x

    with a CMRR also  gm/(2 CMRR) inp --> x  and  gm/(2 CMRR) inn --> x

Macro model (a topology tested for limits and slewing; see docs/opamps.md):

    I_max tanh(gm (inp - inn + offset)/I_max) --> x,  R1 || C1 to ground,  I_max = SR C1
    clamp at x: I_max (exp((|x| - swing)/10 mV) - exp(-swing/10 mV)) back to ground    (no wind-up: x itself is held)
                beyond e^5 I_max it goes on in a straight line; below e^-37 I_max it is 0
    second pole: z follows x through one RC (absent without one: z = x)
    iL = I_lim tanh((z - out)/(R_out I_lim)) into out, solved as artanh(iL/I_lim) = (z - out)/(R_out I_lim)
    vdd -> out: iL/2;  out -> vss: -iL/2;  vdd -> vss: sqrt(iL^2/4 + I_qo^2) + I_q    (class AB)
    I_qo = class_ab_current,  I_q = quiescent_current - class_ab_current

With a CMRR, separate linear sources add (inp + inn)/(2 CMRR) to inp - inn.

Behavioural sources depend on one voltage each: differences are formed by linear sources (nodes `diff`, `y`), because
ngspice evaluates a tanh anew for every voltage in it. `y` is iL/I_lim, and artanh(y) the current from there to ground.
The output has no state, so a shorter time step does not help Newton's method: from one flat part of a tanh it jumps to
the other and back, without end. The inverse rises everywhere, and the method converges.

If `inp` is at ground in every instance, and without a CMRR, there is no node `diff`: the tanh depends on `inn` alone.

So the output stage draws from the rails exactly the current that it delivers, and the currents of all pins sum to zero
(the input stage, R1 and C1 are a model of the gain, without power).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from netlists import nodes
from netlists.opamps.pins import PINS, connection
from netlists.opamps.records import MacroOpAmp, OpAmp, SinglePoleOpAmp, SubcircuitOpAmp
from netlists.record import FloatArray

SUBCIRCUIT = "opamp"
LINEAR_FROM = 1 - 1e-9
"""Fraction of the largest output current above which a straight line continues the artanh."""
COMPENSATION = 1e-12
"""Capacitance C1, F. It scales gm, R1 and I_max and changes no voltage."""
CLAMP_VOLTAGE = 10e-3
"""Volts per e-fold of the clamp current at x."""
CLAMP_IDLE = 37
"""E-folds below I_max from which on the clamp current is left out: 8.5e-17 of I_max, less than a double resolves. Its
exponentials then cost no time, a fifth of a simulation."""
CLAMP_EXPONENT_LIMIT = 5
"""Exponent up to which the clamp current is exponential. Above e^5 I_max, 50 mV beyond the swing, it is a straight
line. No solution lies there, but iterates of Newton's method do. From an exponential the method returns in very small
steps, and from a constant it does not return."""


def has_supply(opamp: OpAmp) -> bool:
    """Return True if the model has supply pins."""
    return not isinstance(opamp, SinglePoleOpAmp)


def supply(opamp: OpAmp, rails: tuple[str, str]) -> str:
    """Return the rails, or nothing for an op-amp without supply pins."""
    if isinstance(opamp, SinglePoleOpAmp):
        return ""
    volts = (opamp.supply_voltage, -opamp.supply_voltage)
    return "\n".join(f"V{node[1:]} {node} 0 DC {level!r}" for node, level in zip(rails, volts, strict=True))


def has_energy(opamp: OpAmp) -> bool:
    """Return True if the supply current, and so the energy, is known."""
    macro = opamp.equivalent
    return isinstance(macro, MacroOpAmp) and macro.quiescent_current is not None


def subcircuit_name(place: int) -> str:
    """Name the subcircuit of an op-amp record by the index of the record in a circuit, from 0."""
    return SUBCIRCUIT if place == 0 else f"{SUBCIRCUIT}_{place + 1}"


def instances(
    names: Sequence[str],
    pins: tuple[Sequence[str], Sequence[str], Sequence[str]],
    name: str,
    rails: Sequence[str],
    offset: FloatArray | None,
) -> list[str]:
    """Return amplifiers, with sources before the non-inverting inputs if they have their own offsets.

    Args:
        names: Names of the amplifiers.
        pins: Nodes of their non-inverting inputs, inverting inputs and outputs.
        name: Name of the subcircuit.
        rails: Supply pins; empty for a model without them.
        offset: Offsets, shape (len(names),), V; None has none.
    """
    plus, inverting, outputs = pins
    held = plus if offset is None else [nodes.offset(one) for one in names]
    lines = [
        " ".join([f"X{one}", inp, inn, out, *rails, name])
        for one, inp, inn, out in zip(names, held, inverting, outputs, strict=True)
    ]
    if offset is not None:
        volts = offset.tolist()
        lines += [f"V{a} {a} {b} DC {value!r}" for a, b, value in zip(held, plus, volts, strict=True)]
    return lines


def input_capacitors(opamp: OpAmp, names: Sequence[str], plus: Sequence[str]) -> list[str]:
    """Return the capacitances at non-inverting inputs that are not at ground, before the sources of their offsets.

    An offset is a property of the pair of transistors behind both pins, so that the pin has the voltage of its node.

    Args:
        opamp: Record of the op-amps.
        names: Names of the amplifiers.
        plus: Nodes of their non-inverting inputs.
    """
    if not isinstance(opamp, MacroOpAmp) or opamp.ground_capacitance == 0:
        return []
    return [f"C{name} {node} 0 {opamp.ground_capacitance!r}" for name, node in zip(names, plus, strict=True)]


def subcircuit(opamp: OpAmp, name: str = SUBCIRCUIT, grounded: bool = False) -> str:
    """Return the `.subckt` block of an op-amp record; `input_capacitors` adds what a non-inverting input needs.

    Args:
        opamp: Record of the op-amp.
        name: Name of the block.
        grounded: True if the non-inverting input of every instance is at ground itself, without a source before it: the
            voltage there may then have no effect.
    """
    match opamp:
        case SinglePoleOpAmp():
            lines = [f".subckt {name} inp inn out", *_single_pole(opamp)]
        case MacroOpAmp():
            lines = [f".subckt {name} inp inn out vdd vss", *_macro(opamp, grounded and opamp.cmrr is None)]
        case SubcircuitOpAmp():
            lines = [f".subckt {name} {' '.join(PINS)}", opamp.text.strip()]
            lines.append(f"Xcore {connection(opamp.pins)} {opamp.subcircuit}")
    return "\n".join([*lines, f".ends {name}"])


def _single_pole(opamp: SinglePoleOpAmp) -> list[str]:
    gm = opamp.unity_gain_frequency * COMPENSATION
    return [
        f"Ggain 0 x inp inn {gm!r}",
        *_common_mode("x", opamp.cmrr, gm),
        f"R1 x 0 {opamp.open_loop_gain / gm!r}",
        f"C1 x 0 {COMPENSATION!r}",
        "Eout out 0 x 0 1",
    ]


def _macro(opamp: MacroOpAmp, grounded: bool) -> list[str]:
    gm = opamp.unity_gain_frequency * COMPENSATION
    i_max = opamp.slew_rate * COMPENSATION
    drive = 1 / (opamp.output_resistance * opamp.output_current_limit)
    scale, half = gm / i_max, opamp.output_current_limit / 2
    lines = [
        *_input_stage(opamp, scale, i_max, grounded),
        f"R1 x 0 {opamp.open_loop_gain / gm!r}",
        f"C1 x 0 {COMPENSATION!r}",
    ]
    stage = "x"
    if opamp.second_pole is not None:
        stage = "z"
        lines += _second_pole(opamp.second_pole)
    lines += [
        f"Gdrop 0 y {stage} out {drive!r}",
        f"Bout y 0 I={_artanh('v(y)')}",
        f"Gsource vdd out y 0 {half!r}",
        f"Gsink vss out y 0 {half!r}",
    ]
    if opamp.quiescent_current is not None and opamp.class_ab_current is not None:
        idle = opamp.quiescent_current - opamp.class_ab_current
        lines.append(f"Bab vdd vss I=sqrt({half**2!r}*v(y)*v(y)+{opamp.class_ab_current**2!r})+{idle!r}")
    if opamp.ground_capacitance > 0:
        lines.append(f"Cin inn 0 {opamp.ground_capacitance!r}")
    if opamp.input_coupling > 0:
        lines.append(f"Cpair inn inp {opamp.input_coupling!r}")
    return lines


def _input_stage(opamp: MacroOpAmp, scale: float, i_max: float, grounded: bool) -> list[str]:
    """Return the lines of the limited current into x, with the clamp; `scale` is gm/I_max, 1/V."""
    clamp = _clamp(opamp.output_swing)
    plus, minus = (f"{sign}({scale * opamp.input_offset!r})" if opamp.input_offset else "" for sign in "+-")
    if grounded:
        return [f"Bgain x 0 I={i_max!r}*(tanh({scale!r}*v(inn){minus})+({clamp}))"]
    return [
        f"Gdiff 0 diff inp inn {scale!r}",
        *_common_mode("diff", opamp.cmrr, scale),
        "Rdiff diff 0 1",
        f"Bgain 0 x I={i_max!r}*(tanh(v(diff){plus})-({clamp}))",
    ]


def _common_mode(node: str, cmrr: float | None, gm: float) -> list[str]:
    """Return the sources that add `gm (inp + inn)/(2 CMRR)` to the current into a node; none without a CMRR."""
    if cmrr is None:
        return []
    return [f"G{pin}common 0 {node} {pin} 0 {gm / (2 * cmrr)!r}" for pin in ("inp", "inn")]


def _clamp(swing: float) -> str:
    """Return the clamp current in units of I_max; only one of its two sides is evaluated.

    Both are 0 at 0: with a jump there, Newton's method does not converge for an idle amplifier with a small swing.
    """
    slope, onset = 1 / CLAMP_VOLTAGE, swing / CLAMP_VOLTAGE
    limit, line, idle = CLAMP_EXPONENT_LIMIT, onset + CLAMP_EXPONENT_LIMIT - 1, math.exp(-onset)
    side = f"(exp(min({{sign}}{slope!r}*v(x)-{onset!r},{limit}))*max({{sign}}{slope!r}*v(x)-{line!r},1)-{idle!r})"
    both = f"v(x)>0?{side.format(sign='')}:-{side.format(sign='-')}"
    least = swing - CLAMP_IDLE * CLAMP_VOLTAGE
    return f"abs(v(x))<{least!r}?0:({both})" if least > 0 else both


def _artanh(y: str) -> str:
    """Return the inverse of tanh; beyond `LINEAR_FROM`, its tangent."""
    slope = 1 / (1 - LINEAR_FROM**2)
    beyond = slope * LINEAR_FROM - math.atanh(LINEAR_FROM)
    return f"abs({y})<{LINEAR_FROM!r}?atanh({y}):{slope!r}*{y}-{beyond!r}*sgn({y})"


def _second_pole(frequency: float) -> list[str]:
    """Return a unity-gain stage from x to z with one pole."""
    gm = 2 * math.pi * frequency * COMPENSATION
    return [f"Gpole 0 z x 0 {gm!r}", f"Rpole z 0 {1 / gm!r}", f"Cpole z 0 {COMPENSATION!r}"]
