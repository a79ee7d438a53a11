"""Derivatives with respect to all parts, those of what acts at the inputs of op-amps included.

The drive of a gain stage is `v = m+ (y+ + e) + m- y- + o` with the weights `m = +-1 + 1/(2 CMRR)`, a drawn offset e and
the record's offset o, and the stage follows `s' = w_T v - (w_T/A0) s` (`linear/equations.py`). With the adjoint voltage
p of the stage and the weighted sum < >, o has `w_T <p>` and the CMRR `-w_T <p (y+ + y- + e)>/(2 CMRR^2)`. A coupling of
the inputs takes its capacitance from those to ground, so that the sums of each input stay: `<p+ y-' + p- y+'>`.
"""

from __future__ import annotations

import numpy as np

from amc_circuits.linear.adjoint import Adjoint, Points
from amc_circuits.linear.equations import input_factors, stage_of
from amc_circuits.linear.part_gradients import Fields, part_gradients
from netlists import MacroOpAmp, OpAmps
from netlists.record import FloatArray


def gradients(adjoint: Adjoint, points: Points) -> dict[str, Fields]:
    """Compute derivatives by part and field, as `part_gradients`, with CMRR, offset and coupling of op-amps."""
    found = part_gradients(adjoint, points)
    for part in adjoint.circuit.of(OpAmps):
        found[part.name] = found[part.name] | _of_inputs(adjoint, points, part)
    return found


def _of_inputs(adjoint: Adjoint, points: Points, part: OpAmps) -> Fields:
    """Compute derivatives with respect to what each op-amp has at its inputs; what it lacks is left out."""
    opamp, found = part.record.equivalent, {}
    stage = points.weight[:, None] * points.adjoint[:, adjoint.at[stage_of(part)]]
    driven = points.driven[:, None]
    if opamp.cmrr is not None:
        offset = 0.0 if part.offset is None else np.asarray(part.offset)
        common = driven * offset + sum(points.voltage[:, adjoint.at[group]] for group in input_factors(part))
        found["cmrr"] = -opamp.unity_gain_frequency / (2 * opamp.cmrr**2) * (stage * common).sum(axis=0)
    if isinstance(opamp, MacroOpAmp):
        found["input_offset"] = opamp.unity_gain_frequency * (stage * driven).sum(axis=0)
        found["input_coupling"] = _of_coupling(adjoint, points, part)
    return found


def _of_coupling(adjoint: Adjoint, points: Points, part: OpAmps) -> FloatArray:
    """Derivative with respect to the capacitance between both inputs; 0 where one of them is at ground."""
    total = np.zeros(adjoint.circuit.groups[part.output])
    groups = list(input_factors(part))
    for here, other in zip(groups, groups[::-1], strict=True):
        if here != other and here not in adjoint.linear.held:
            charge = points.weight[:, None] * points.adjoint[:, adjoint.at[here]]
            total += (charge * points.rate[:, adjoint.at[other]]).sum(axis=0)
    return total
