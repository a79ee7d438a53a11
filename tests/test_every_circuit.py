"""Laws of every circuit that has a name: engines, conservation, noise, and a judge written by hand."""

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from amc_circuits import NgspiceEngine, Solver, Status
from amc_circuits.cases.circuits import OURS
from amc_circuits.engines import ExactEngine
from amc_circuits.engines.ngspice.noise import simulated_sigma
from amc_circuits.engines.settings import Settings
from amc_circuits.linear.noise import noise
from amc_circuits.results.observation import observe
from amc_circuits.solvers.fields import Fields
from amc_circuits.solvers.hardware import Hardware
from netlists import Array, Conductors, MacroOpAmp, ParameterError, SinglePoleOpAmp, preset, spice_circuit
from tests.circuits import SAMPLES
from tests.comparators import assert_close, assert_within
from tests.runs import waveforms

ROOT = Path(__file__).resolve().parents[1]
WIRES = {"wire_resistance": 5.0, "line_capacitance": 1e-15}
GAIN = 1e5
MACRO = preset("cmos-100meg").replace(input_noise=5e-9)
OPAMPS = {"single-pole": SinglePoleOpAmp(open_loop_gain=GAIN, gbwp=100e6, input_noise=5e-9), "macro": MACRO}

ENDS = ("word_lines", "bit_lines", "a", "b", "inverting", "noninverting", "output")

every_circuit = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.label)
every_resting = pytest.mark.parametrize(
    "sample", [sample for sample in SAMPLES if sample.vector is not None], ids=lambda sample: sample.label
)
every_linear = pytest.mark.parametrize(
    "sample", [one for one in SAMPLES if one.vector is not None and one.linear], ids=lambda sample: sample.label
)
"""Without those with limiters: noise is that of a linear circuit."""
every_opamp = pytest.mark.parametrize("opamp", OPAMPS)


def test_every_circuit_has_a_sample():
    """One that is added without is not tested."""
    assert {sample.name for sample in SAMPLES} == set(OURS)
    for sample in SAMPLES:
        solver, row = OURS[sample.name].load(), OURS[sample.name]
        assert issubclass(solver, Solver)
        assert (solver.takes, solver.gives, solver.square, solver.growing) == (
            row.takes,
            row.gives,
            row.square,
            row.grows,
        )


@every_resting
@pytest.mark.parametrize(
    ("opamp", "wires"), [("single-pole", {}), ("macro", WIRES)], ids=["single-pole-ideal wires", "macro-wires"]
)
def test_both_engines_agree(sample, opamp, wires):
    """Answer within 1e-4, settling time between the exact ones at 0.97 and 1.03 of the tolerance, energies in 3 %.

    With limiters 1 % is allowed beside: ngspice's steps are not checked by an exact response.
    """
    fields = {"opamp": OPAMPS[opamp], "input_voltage": 0.02, **wires}
    if sample.name == "recover" and opamp == "macro":
        fields["opamp"] = MACRO.replace(input_capacitance=0.0)  # with it poles grow at this feedback
    exact = {share: sample.program(engine="exact", tolerance=share, **fields) for share in (0.0103, 0.01, 0.0097)}
    early, middle, late = (circuit.solve(sample.vector) for circuit in exact.values())
    simulated = sample.program(engine="ngspice", **fields).solve(sample.vector)
    assert simulated.status is middle.status is Status.SETTLED
    assert_close(simulated.value, middle.value, absolute=1e-4 * np.abs(middle.value).max())
    beside = 1e-3 if sample.linear else 1e-2
    assert early.settling_time <= simulated.settling_time * (1 + beside)
    assert simulated.settling_time <= late.settling_time * (1 + beside)
    for account, joules in middle.energy.accounts.items():
        if joules:
            assert_within(simulated.energy.accounts[account], joules, 0.03)


@every_circuit
@every_opamp
@pytest.mark.parametrize("segment", [0.0, 20.0])
def test_it_rests_where_kirchhoff_says(sample, opamp, segment):
    """Outputs of the linear circuit are those of a nodal solve by hand, finite gain, load and meshes included.

    With limiters they are those of both engines.
    """
    fields = {"opamp": OPAMPS[opamp], "wire_resistance": segment}
    circuit, levels = sample.driven(**fields)
    group, size = circuit.outputs, circuit.groups[circuit.outputs]
    wanted = sample.at_rest(sample.program(**fields).design, levels[:, 0]).group(group, size)
    got = [outputs_at_rest(circuit, levels)]
    if not sample.linear:
        simulator = NgspiceEngine()
        got.append(simulator.rest(simulator.init(circuit), levels))
    assert np.abs(wanted).max() > 0
    for one, bound in zip(got, (1e-9, 1e-6), strict=False):
        assert_close(one[:, 0], wanted, absolute=bound * np.abs(wanted).max())


@every_resting
def test_the_answer_is_numpys(sample):
    """With a gain of 1e5 and ideal wires."""
    circuit = sample.program(opamp=OPAMPS["single-pole"], engine="exact", pair="auto", g_min=1e-9)
    solution, wanted = circuit.solve(sample.vector), sample.exact(sample.matrix, sample.vector)
    assert_close(solution.value, wanted, absolute=sample.bound * np.abs(wanted).max())
    if sample.linear:
        assert_close(circuit.steady(sample.vector), wanted, absolute=sample.bound * np.abs(wanted).max())


@every_circuit
@every_opamp
def test_power_is_conserved_at_every_time(sample, opamp):
    """The sum over all resistors of the deck is the power of the accounts, and drivers and limiters deliver it."""
    drive = {} if sample.vector is None else {"input_voltage": 0.02}
    circuit = sample.program(opamp=OPAMPS[opamp], **drive)
    job = circuit.job(circuit.question(sample.vector).columns)
    nodes = [node for group in circuit.circuit.groups for node in circuit.circuit.nodes(group)]
    names = tuple(dict.fromkeys((*job.analysis.saved, *(f"v({node})" for node in nodes))))
    waves = waveforms(replace(job, analysis=job.analysis.replace(saved=names)))
    seen = observe(circuit.circuit, waves, job.drive)
    ours = {array.name for array in circuit.circuit.of(Array)}
    by_element = np.zeros(len(waves.time))
    for name, a, b, ohms in re.findall(r"^R(\S+) (\w+) (\w+) (\S+)$", _without_subcircuits(circuit.circuit), re.M):
        if name.split("_")[0] in ours or (name.startswith("in") and name[2:].isdigit()):
            by_element += (waves.voltages([a]) - waves.voltages([b]))[:, 0] ** 2 / float(ohms)
    accounted = sum(seen.dissipated.values())
    by_limiters = -seen.dissipated.get("limiters", np.zeros(len(waves.time)))
    assert_close(accounted + by_limiters, by_element, absolute=1e-9 * by_element.max())
    if isinstance(OPAMPS[opamp], MacroOpAmp):
        drawn = np.abs(seen.output_current).sum(axis=1) * OPAMPS[opamp].supply_voltage
        assert (seen.delivered_power >= accounted - 1e-9 * drawn.max()).all()


def _without_subcircuits(circuit):
    return re.sub(r"\.subckt .*?\.ends \w+", "", str(spice_circuit(circuit)), flags=re.S)


@every_linear
@every_opamp
def test_noise_is_ngspices(sample, opamp):
    """The noise of every output is that of ngspice's analysis of the deck, within 5e-4."""
    circuit = sample.program(opamp=OPAMPS[opamp], wire_resistance=5.0).circuit
    found = noise(circuit)
    for output in range(circuit.groups[circuit.outputs]):
        assert_within(simulated_sigma(circuit, output, found.bandwidth), found.sigma[output], 5e-4)


@every_circuit
def test_no_exchanged_ends_pass_unseen(sample):
    """With two groups of equal size exchanged in any one part a circuit is refused, or rests elsewhere."""
    circuit = sample.driven(opamp=OPAMPS["single-pole"])[0]
    levels = np.linspace(0.01, 0.02, circuit.inputs)[:, None]
    right, tried = rest_or_nan(circuit, levels), 0
    grounds = {source.group for source in circuit.sources if source.grounded}  # one ground is as good as another
    for part in circuit.parts:
        for one, other in combinations(circuit.groups, 2):
            changed = exchanged(part, one, other)
            if circuit.groups[one] != circuit.groups[other] or changed is None or {one, other} <= grounds:
                continue
            tried += 1
            try:
                wrong = rest_or_nan(circuit.with_parts(changed), levels)
            except ParameterError:
                continue
            assert not np.allclose(wrong, right, rtol=1e-9), (part.name, one, other)
    assert tried >= 5


def outputs_at_rest(circuit, levels):
    """Outputs at rest, by the exact engine."""
    engine = ExactEngine()
    return engine.rest(engine.init(circuit), levels)


def rest_or_nan(circuit, levels):
    """Outputs at rest; nan where there is no rest."""
    try:
        return outputs_at_rest(circuit, levels)
    except np.linalg.LinAlgError:
        return np.full((circuit.groups[circuit.outputs], levels.shape[1]), np.nan)


def exchanged(part, one, other):
    """The part with two groups exchanged; None where that changes nothing: it is at neither, or it is symmetric."""
    swap = {one: other, other: one}
    ends = {name: end for name, end in vars(part).items() if name in ENDS and end in swap}
    mirrored = isinstance(part, Array) and np.array_equal(part.conductance, part.conductance.T)
    if not ends or (len(ends) == 2 and (isinstance(part, Conductors) or mirrored)):
        return None
    return replace(part, **{name: swap[end] for name, end in ends.items()})


def test_fields_are_those_of_the_records():
    """Editors offer for `program` the fields of hardware and settings, no more and no fewer."""
    assert Fields.__annotations__.keys() == {*Hardware.model_fields, *Settings.model_fields}


CORE = ("netlists", "amc_circuits/linear", "amc_circuits/results", "amc_circuits/engines", "amc_circuits/studies",
        "amc_circuits/pictures")  # fmt: skip
NAMES_OF_CIRCUITS = re.compile(
    r"\b(InvDesign|MvmDesign|GinvDesign|EgvDesign|RecoverDesign|InvCircuit|MvmCircuit|GinvCircuit|EgvCircuit|RecoverCircuit)\b"
    r"|CascadeDesign|CascadeCircuit|[\"'](inv|mvm|ginv|cascade|egv|recover)[\"']"
)


def test_the_core_names_no_circuit():
    """Below solvers and cases no file knows one by name, but the circuits' own and the root's exports."""
    files = [file for folder in CORE for file in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 60
    apart = {ROOT / "netlists/__init__.py", *(ROOT / "netlists/circuits").rglob("*.py")}
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in files
        if file not in apart
        for match in NAMES_OF_CIRCUITS.finditer(file.read_text(encoding="utf-8"))
    ]
    assert found == []
