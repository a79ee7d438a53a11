"""`amc doctor`: check the installation, and run the simulator on a circuit with a known answer."""

from __future__ import annotations

import math
import platform
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import netlists
from amc_circuits.cli.extensions import Check, installed_extensions
from amc_circuits.cli.messages import BAD_INPUT, USABLE, finish
from amc_circuits.engines import EngineNotFoundError, NgspiceEngine, SimulationError, find_ngspice
from amc_circuits.engines.ngspice.binary import MEND, OLDEST, NgspiceBinary
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.values.quantities import format_quantity
from netlists import ParameterError, SinglePoleOpAmp, preset
from netlists.version import package_version

PATIENCE = 20.0
"""Time limit of ngspice for a circuit with one cell, s; the simulation takes some hundredths of a second."""
ACCURACY, TIME_ACCURACY = 1e-3, 0.03
"""Largest relative errors of x, where the rest of the transient is 4e-5, and of the settling time."""


def doctor() -> None:
    """Run `amc doctor`."""
    lacking = False
    for check in checks():
        mark = "ok  " if check.ok else ("LACK" if check.required else "note")
        print(f"{mark} {check.name}: {check.detail}" + (f"; {check.mend}" if check.mend and not check.ok else ""))
        lacking |= check.required and not check.ok
    finish(BAD_INPUT if lacking else USABLE)


def checks() -> Iterator[Check]:
    """Yield the result of every check; those of the upper layers are last."""
    yield Check("amc", True, f"{package_version()}, Python {platform.python_version()}, {sys.platform}")
    if (stated := _stated_version(Path(netlists.__file__).parents[1])) not in (None, package_version()):
        detail = f"installed as {package_version()}, but its files are {stated}; results name the former"
        yield Check("version", False, detail, "run scripts/setup", required=False)
    yield from _ngspice()
    for library in _libraries():
        try:
            yield Check(library, True, version(library))
        except PackageNotFoundError:
            yield Check(library, False, "not installed", "run scripts/setup")
    for extension in installed_extensions():
        for check in extension.checks:
            try:
                yield from check()
            except ParameterError as error:
                yield Check(error.parameter, False, f"got {error.value}", error.mend)


def _stated_version(root: Path) -> str | None:
    """Version in the project file of an editable installation, which may have changed since; None without one."""
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return str(project["version"]) if project["name"] == "amc" else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _libraries() -> list[str]:
    """Names of the dependencies of the installed package, without extras."""
    try:
        needed = requires("amc") or []
    except PackageNotFoundError:
        needed = []
    return [re.split(r"[^\w.-]", entry)[0] for entry in needed if "extra ==" not in entry]


def _ngspice() -> Iterator[Check]:
    try:
        found = find_ngspice()
    except EngineNotFoundError as error:
        yield Check("ngspice", False, error.problem.removeprefix("ngspice: "), error.mend)
        return
    yield _working(found)
    slow = "not built in: large arrays take several times longer"
    mend = "install ngspice 42 or later built with KLU (scripts/setup does where it can)"
    yield Check("KLU", found.klu, "built in" if found.klu else slow, "" if found.klu else mend, required=False)


def _working(found: NgspiceBinary) -> Check:
    """Check an ngspice by a simulation; an ngspice older than the tested ones is a note if the simulation is right."""
    place = f"{found.version} at {found.path}"
    old = found.number < OLDEST
    problem, measured = _tried()
    if problem:
        mend = f"install ngspice {OLDEST} or later ({MEND})"
        return Check("ngspice", False, f"{place} {'is too old' if old else 'is broken'}: {problem}", mend)
    if old:
        detail = f"{place} is older than {OLDEST}, the oldest that was tested; {measured}"
        return Check("ngspice", False, detail, f"install ngspice {OLDEST} or later", required=False)
    return Check("ngspice", True, f"{place}; {measured}")


def _tried() -> tuple[str, str]:
    """Simulate a circuit with a closed-form answer; return the problem, or else the measured result.

    The op-amp has one pole, and the circuit has one cell and a noise gain of 2. Then x is 1/(1 + 2/A_0), and the pole
    is 2 pi GBWP (1/A_0 + 1/2) (docs/physics.md).
    """
    opamp = preset("single-pole")
    assert isinstance(opamp, SinglePoleOpAmp)
    expected = 1 / (1 + 2 / opamp.open_loop_gain)
    pole = 2 * math.pi * opamp.gbwp * (1 / opamp.open_loop_gain + 1 / 2)
    circuit = InvCircuit.program([[1.0]], opamp=opamp, engine=NgspiceEngine.name, timeout=PATIENCE)
    settling = math.log(1 / circuit.settings.tolerance) / pole
    try:
        solution = circuit.solve([1.0])
    except SimulationError as error:
        return f"it fails on a circuit with one cell ({error})", ""
    x, time = float(solution.value[0]), float(solution.settling_time)
    found, right = format_quantity(time, "s"), format_quantity(settling, "s")
    if abs(x - expected) <= ACCURACY * expected and abs(time - settling) <= TIME_ACCURACY * settling:
        return "", f"a circuit with one cell settles in {found}, {right} expected"
    return f"of a circuit with one cell it finds x = {x:.6g} after {found}, not {expected:.6g} after {right}", ""
