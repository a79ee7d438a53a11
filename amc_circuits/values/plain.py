"""Numbers and arrays in the form that JSON accepts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Convert numbers, arrays and their containers for JSON; nan and infinity become null.

    A complex array becomes two lists, `{"re": [...], "im": [...]}`.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, np.ndarray) and np.iscomplexobj(value):
        return {"re": plain(value.real), "im": plain(value.imag)}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value
