"""Does an ngspice of another version, without KLU, give the same results?

The older one comes from its Debian package, unpacked beside the newer one; if apt has none, this part is not run. The
decks of this package need no code models and no start file, so the executable is sufficient.

Times, energies and currents are compared relative to themselves. Overshoot, error and residual are relative already,
and so small (1e-4) that their last digits are the simulators' tolerance: their absolute difference counts. Bits repeat
the error and are left out.
"""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from amc_circuits.sweep.rows.columns import flat
from amc_circuits.sweep.store import Row
from benchmarks.robustness.runs import Finding, start, stored, sweep_command

OLD = "39"
ALLOWED = 1e-3
RELATIVE = ("_s", "_j", "_a")
ABSOLUTE = ("overshoot", "relative_error", "residual")
NOT_COMPARED = ("wall_time_s", "row_wall_time_s", "predicted_settling_time_s")
"""The last comes from poles and no simulator."""
OPAMPS = ("single-pole", "cmos-1g", "ad823", "opa690", "cmos-100meg-transistor")
POINTS: tuple[dict[str, Any], ...] = (
    {"size": 2},
    {"size": 8},
    {"size": 16},
    *({"size": 8, "opamp": opamp} for opamp in OPAMPS),
    {"size": 16, "wire_resistance": 1.73},
    {"size": 8, "wire_resistance": 1.73, "interconnect": "flat"},
    {"size": 16, "opamp": "single-pole", "wire_resistance": 1, "line_capacitance": "0.2f"},
    {"size": 8, "family": "toeplitz", "pair": "never", "input_offset": "1m"},
)
"""Taken as INV and as MVM."""


def versions(folder: Path) -> list[Finding]:
    """Run the designs in both."""
    must = f"same figures within {ALLOWED:.1%}"
    what = f"{2 * len(POINTS)} designs, INV and MVM, in ngspice {OLD} (no KLU)"
    try:
        older = unpacked(folder / "old")
    except (OSError, subprocess.CalledProcessError, LookupError) as error:
        return [Finding(what, must, f"not run: {error}", None)]
    pairs = [pair for circuit in ("inv", "mvm") for pair in _pairs(folder, circuit, older)]
    status = sum(one.status == other.status == "SETTLED" for one, other in pairs)
    return [
        Finding(what, "all settle in both", f"{status} of {len(pairs)}; {_versions(pairs)}", status == len(pairs)),
        *(_finding(pairs, name, must) for name in _names(pairs)),
    ]


def unpacked(folder: Path) -> Path:
    """The older executable, from its Debian package.

    Raises:
        LookupError: apt knows no such package.
        CalledProcessError: It could not be downloaded or unpacked.
        OSError: There is no apt.
    """
    folder.mkdir(parents=True)
    listed = subprocess.run(["apt-cache", "madison", "ngspice"], capture_output=True, text=True, check=True).stdout
    found = re.search(rf"\| *({OLD}[.+][^ |]*)", listed)
    if found is None:
        raise LookupError(f"apt has no ngspice {OLD}")
    subprocess.run(["apt-get", "download", f"ngspice={found[1]}"], cwd=folder, capture_output=True, check=True)
    (package,) = folder.glob("*.deb")
    subprocess.run(["dpkg", "-x", package, folder / "root"], capture_output=True, check=True)
    return folder / "root" / "usr" / "bin" / "ngspice"


def _pairs(folder: Path, circuit: str, older: Path) -> list[tuple[Row, Row]]:
    """Rows of the same points by the ngspice in use and the older one."""
    spec = folder / f"{circuit}.toml"
    spec.write_text(f'circuit = "{circuit}"\n' + "".join(_toml(point) for point in POINTS))
    found = []
    for name, environment in (("new", {}), ("old", {"AMC_NGSPICE": str(older)})):
        out = folder / f"{circuit}-{name}"
        start(sweep_command(spec, out), folder / "t" / out.name, **environment).ended()
        found.append(stored(out))
    return [(found[0][number], found[1][number]) for number in sorted(found[0])]


def _versions(pairs: list[tuple[Row, Row]]) -> str:
    return " against ".join(row.engine_version.partition(",")[0] for row in pairs[0])


def _toml(point: dict[str, Any]) -> str:
    lines = (f"{name} = {value!r}" for name, value in point.items())
    return "\n".join(["[[points]]", *lines, ""])


def _names(pairs: list[tuple[Row, Row]]) -> Iterator[str]:
    """Metrics to compare."""
    for name in dict.fromkeys(name for row, _ in pairs for name in row.figures | flat(row)):
        known = name.endswith(RELATIVE) or name in ABSOLUTE
        if known and name not in NOT_COMPARED and any(_number(row, name) is not None for row, _ in pairs):
            yield name


def _number(row: Row, name: str) -> float | None:
    value = flat(row).get(name)
    return value if isinstance(value, float) and math.isfinite(value) else None


def difference(name: str, new: float, old: float) -> float:
    """Difference of two values of a metric, in its relevant unit."""
    if name in ABSOLUTE or new == 0:
        return abs(new - old)
    return abs(new - old) / abs(new)


def _finding(pairs: list[tuple[Row, Row]], name: str, must: str) -> Finding:
    """Largest difference of one metric."""
    found = []
    for new, old in pairs:
        numbers = _number(new, name), _number(old, name)
        if numbers[0] is not None and numbers[1] is not None:
            found.append((difference(name, numbers[0], numbers[1]), new))
        elif numbers != (None, None):
            found.append((math.inf, new))
    largest, row = max(found, key=lambda entry: entry[0])
    options = row.parameters
    where = f"{options['circuit']}, N = {options['size']}, {options['opamp']}"
    text = f"{largest:.1e} at most, of {len(found)} ({where})"
    return Finding(f"{name}{', absolute' if name in ABSOLUTE else ''}", must, text, largest <= ALLOWED)
