"""Parameters of a circuit that some or all points of a sweep cannot take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, product
from typing import Any

from amc_circuits.cases.circuits import circuit_row
from netlists import ParameterError

MOST = 2000
"""Most combinations of values that are checked; points beyond them are INVALID when they run."""


def misfit(
    circuit: str, point: Mapping[str, Any], axes: Sequence[Mapping[str, Sequence[Any]]]
) -> ParameterError | None:
    """Return the error of a fixed parameter that a value of an axis cannot stand beside; None if there is none.

    A value of an axis that is wrong by itself is no misfit: its rows are INVALID, and the others are run. But if no
    combination is right, the first error is returned.

    Args:
        circuit: Name of the circuit.
        point: All options of a listed point.
        axes: Values of the options of each axis, which advance together.
    """
    record = circuit_row(circuit).load().Parameters
    own = [{name: values for name, values in axis.items() if name in record.model_fields} for axis in axes]
    names = [name for axis in own for name in axis]
    columns = [dict.fromkeys(zip(*axis.values(), strict=True)) for axis in own if axis]
    given = {name: point[name] for name in record.model_fields}
    errors, right = [], False
    for several in islice(product(*columns), MOST):
        try:
            record(**given | dict(zip(names, (value for one in several for value in one), strict=True)))
            right = True
        except ParameterError as error:
            errors.append(error)
    fixed = next((error for error in errors if error.parameter not in names), None)
    if fixed is not None and right:
        mend = f"{fixed.mend}, or give it in [[points]] that can take it: here it stands for all values of the axes"
        return ParameterError(fixed.parameter, fixed.value, mend)
    return fixed or (errors[0] if errors and not right else None)
