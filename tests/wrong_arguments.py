"""Tables of wrong arguments for the public entry points, each with the name of the parameter that is wrong."""

from pathlib import Path

import numpy as np

import netlists
import optimizer
from amc_circuits import (
    CircuitOptions,
    Converters,
    Device,
    InvCircuit,
    MvmCircuit,
    check_folder,
    claim_folder,
    device_preset,
    draw_circuit,
    engine_version,
    format_quantity,
    open_sweep,
    plot_responses,
    read_toml,
    replacing,
    save_figure,
)
from amc_circuits.engines import NgspiceEngine, read_phases, run_deck, simulate_phases
from netlists import (
    Array,
    Buffers,
    Capacitors,
    Circuit,
    Conductors,
    Constant,
    Hold,
    Interconnect,
    InvDesign,
    Kick,
    Limiter,
    MacroOpAmp,
    OpAmps,
    Phase,
    SinglePoleOpAmp,
    Source,
    StepTrain,
    Switches,
    Transient,
)
from optimizer import AdamSettings, CircuitSettings, ConvolutionShape, KfacSettings, Training, TrainingSpec

A = [[2.0, -0.5], [-0.5, 1.0]]
CELLS = np.full((2, 2), 1e-5)
RAGGED = [[1.0], [1.0, 2.0]]
OPAMP = netlists.preset("single-pole")
INV = InvCircuit.program(A, engine="exact")
SOLUTION = INV.solve([1.0, 0.5])
DESIGN = {"opamp": OPAMP, "input_conductance": 1e-4}
NONE_THERE = Path("/nonexistent/folder/file")


def program(**keywords):
    """An INV circuit of a good matrix, with these keywords."""
    return InvCircuit.program(A, **{"engine": "exact"} | keywords)


def switches(**fields):
    """Good switches with these fields."""
    return Switches("s", "v", "c", ("a",), **{"on_resistance": 1.0} | fields)


def circuit(**fields):
    """A good circuit with these fields."""
    parts = (Conductors("in", "in", "v", 1e-4), OpAmps("amp", "v", "c", OPAMP), Conductors("f", "c", "v", 1e-4))
    good = {"title": "loop", "groups": {"in": 1, "v": 1, "c": 1}, "parts": parts, "sources": (Source("in"),)}
    return Circuit(**good | {"outputs": "c"} | fields)


SOLVERS = {
    "A: 'text'": lambda: InvCircuit.program("text"),
    "A: None": lambda: InvCircuit.program(None),
    "A: ragged": lambda: InvCircuit.program(RAGGED),
    "A: words": lambda: MvmCircuit.program([["a", "b"], ["c", "d"]]),
    "A: numbers as words": lambda: InvCircuit.program([["1", "2"], ["3", "5"]]),
    "A: object": lambda: InvCircuit.program(object()),
    "A: dictionary": lambda: InvCircuit.program({}),
    "A: shape": lambda: InvCircuit.program(np.ones((2, 2, 2))),
    "opmap": lambda: program(opmap="ad823"),
    "inverter_resistance": lambda: MvmCircuit.program(A, inverter_resistance=1e3),
    "opamp: 'ad283'": lambda: program(opamp="ad283"),
    "opamp: 3": lambda: program(opamp=3),
    "device: 'idael'": lambda: program(device="idael"),
    "device: 3": lambda: program(device=3),
    "engine: 'ngpsice'": lambda: program(engine="ngpsice"),
    "engine: list": lambda: program(engine=[]),
    "converters: 'sar'": lambda: program(converters="sar"),
    "converters: 8": lambda: program(converters=8),
    "pair": lambda: program(pair="both"),
    "wire_resistance: text": lambda: program(wire_resistance="x"),
    "wire_resistance: complex": lambda: program(wire_resistance=1j),
    "wire_resistance: list": lambda: program(wire_resistance=[1, 2]),
    "seed: text": lambda: program(seed="x"),
    "seed: 1.5": lambda: program(seed=1.5),
    "conductances": lambda: program(conductances=[[1.0]]),
    "input_conductance": lambda: program(input_conductance="x"),
    "b: None": lambda: INV.solve(None),
    "b: text": lambda: INV.solve("text"),
    "b: ragged": lambda: INV.solve(RAGGED),
    "b: 3": lambda: INV.solve(3),
    "b: words": lambda: INV.solve(["a", "b"]),
    "b: too long": lambda: INV.solve([1.0, 2.0, 3.0]),
    "b: nan": lambda: INV.solve([1.0, np.nan]),
    "b: None inside": lambda: INV.solve([None, 1.0]),
    "b: dates": lambda: INV.solve(np.array(["2020-01-01", "2020-01-02"], dtype="M8")),
    "b: steady": lambda: INV.steady(None),
    "at: text": lambda: INV.steady([1.0, 2.0], at="x"),
    "at: before": lambda: INV.steady([1.0, 2.0], at=-1e-9),
    "bandwidth: text": lambda: INV.noise("1M"),
    "bandwidth: list": lambda: INV.noise([1.0, 2.0]),
    "b: question": lambda: INV.question("x"),
    "columns: text": lambda: INV.job("x"),
    "columns: shape": lambda: INV.job(np.ones((3, 1))),
    "question": lambda: INV.answer(None),
    "solution": lambda: INV.cost(None, Converters()),
    "converters": lambda: INV.cost(SOLUTION, None),
    "bits": lambda: SOLUTION.time_to_bits("x"),
    "x": lambda: MvmCircuit.program(A).matvec("x"),
    "given": lambda: CircuitOptions.parse("inv", None),
    "3: option": lambda: CircuitOptions.parse("inv", {3: "x"}),
    "opmap: option": lambda: CircuitOptions.parse("inv", {"opmap": 3}),
    "circuit: 'ivn'": lambda: CircuitOptions.parse("ivn", {}),
    "A: options": lambda: CircuitOptions.parse("inv", {}).program("x"),
}
RECORDS = {
    "levles": lambda: Device(levles=3),
    "levles: replace": lambda: Device().replace(levles=3),
    "levles: plain data": lambda: Device.model_validate({"levles": 3}),
    "record: no data": lambda: SinglePoleOpAmp.model_validate("x"),
    "levels: set": lambda: setattr(Device(), "levels", 3),
    "g_min": lambda: Device(g_min="x"),
    "device: 'x'": lambda: device_preset("x"),
    "device: list": lambda: device_preset([]),
    "adc_bits": lambda: Converters(adc_bits="x"),
    "opamp: 'x'": lambda: netlists.preset("x"),
    "opamp: None": lambda: netlists.preset(None),
    "opamp: list": lambda: netlists.preset([]),
    "open_loop_gain": lambda: MacroOpAmp(),
    "gbpw": lambda: OPAMP.replace(gbpw=3),
    "gbwp": lambda: SinglePoleOpAmp(gbwp="x"),
    "conductance_positive: text": lambda: InvDesign(conductance_positive="x", **DESIGN),
    "conductance_positive: words": lambda: InvDesign(conductance_positive=[["1e-5"]], **DESIGN),
    "conductance_positive: ragged": lambda: InvDesign(conductance_positive=RAGGED, **DESIGN),
    "conductance_positive: complex": lambda: InvDesign(conductance_positive=[[1j]], **DESIGN),
    "opamp: name": lambda: InvDesign(conductance_positive=CELLS, **DESIGN | {"opamp": "ad823"}),
    "levels: text": lambda: StepTrain(levels="x", slot_time=1e-7),
    "levels: ragged": lambda: StepTrain(levels=RAGGED, slot_time=1e-7),
    "levels: None": lambda: Constant(levels=None),
    "saved": lambda: Transient(stop_time=1.0, max_step=0.1, saved=3),
    "wire_resistance: None": lambda: Interconnect(wire_resistance=None),
}
PARTS = {
    "conductance: text": lambda: Array("p", "v", "c", "x"),
    "conductance: None": lambda: Array("p", "v", "c", None),
    "conductance: complex": lambda: Array("p", "v", "c", np.array([[1j]])),
    "conductance: ragged": lambda: Array("p", "v", "c", RAGGED),
    "interconnect": lambda: Array("p", "v", "c", CELLS, 3),
    "siemens: text": lambda: Conductors("in", "in", "v", "x"),
    "siemens: ragged": lambda: Conductors("in", "in", "v", RAGGED),
    "siemens: complex": lambda: Conductors("in", "in", "v", 1j),
    "siemens: None": lambda: Conductors("in", "in", "v", None),
    "farads": lambda: Capacitors("in", "in", "v", "x"),
    "record: name": lambda: OpAmps("amp", "v", "c", "ad823"),
    "offset": lambda: OpAmps("amp", "v", "c", OPAMP, offset="x"),
    "on_resistance": lambda: switches(on_resistance="x"),
    "off_resistance": lambda: switches(off_resistance="x"),
    "overlap_capacitance": lambda: switches(overlap_capacitance="x"),
    "capacitance": lambda: Hold("h", "v", "c", "x"),
    "level": lambda: Limiter("l", "v", "c", "clip", "x"),
    "type": lambda: Limiter("l", "v", "c", "clap", 1.0),
    "offset: buffers": lambda: Buffers("b", "v", "c", offset="x"),
    "weights: text": lambda: Source("in", "x"),
    "weights: complex": lambda: Source("in", 1j),
    "weights: ragged": lambda: Source("in", RAGGED),
    "kick": lambda: Source("in", 1.0, "x"),
    "volts": lambda: Kick("x", 1e-9),
    "duration": lambda: Kick(1.0, "x"),
    "duration: phase": lambda: Phase("solve", duration="x"),
    "groups: None": lambda: circuit(groups=None),
    "groups: size": lambda: circuit(groups={"a": "x"}),
    "groups: name": lambda: circuit(groups={3: 1}),
    "parts: None": lambda: circuit(parts=None),
    "parts: text": lambda: circuit(parts=("x",)),
    "sources": lambda: circuit(sources=("x",)),
    "phases": lambda: circuit(phases=("x",)),
    "outputs": lambda: circuit(outputs=3),
    "name": lambda: circuit(parts=(Conductors(3, "in", "v", 1e-4),)),
    "part": lambda: circuit().part("x"),
    "group": lambda: circuit().nodes("x"),
    "parts: with": lambda: circuit().with_parts("x"),
}
FUNCTIONS = {
    "circuit": lambda: netlists.spice_circuit("x"),
    "circuit: solver": lambda: draw_circuit(INV),
    "drive": lambda: netlists.input_sources(INV.circuit, "x"),
    "p": lambda: netlists.inv("x"),
    "p: mvm": lambda: netlists.mvm(None),
    "design": lambda: netlists.inv_circuit("x"),
    "design: mvm": lambda: netlists.mvm_circuit(None),
    "cells: text": lambda: netlists.reduce_array("x", 1.0),
    "cells: ragged": lambda: netlists.reduce_array(RAGGED, 1.0),
    "cells: complex": lambda: netlists.reduce_array(CELLS * 1j, 1.0),
    "cells: vector": lambda: netlists.reduce_array([1.0], 1.0),
    "wire_resistance": lambda: netlists.reduce_array(CELLS, "x"),
    "terminal_voltage": lambda: netlists.array_state(CELLS, 1.0, "x"),
    "terminal_voltage: length": lambda: netlists.array_state(CELLS, 1.0, np.zeros(3)),
    "circuits: text": lambda: netlists.side_by_side("x"),
    "circuits: inside": lambda: netlists.side_by_side(["x"]),
    "circuit: expanded": lambda: netlists.expanded("x"),
    "phase": lambda: netlists.in_phase(INV.circuit, "x"),
    "levels": lambda: netlists.phase_train(INV.circuit, "x"),
    "analysis": lambda: netlists.analysis_lines("x", klu=False),
    "saved": lambda: netlists.operating_point_lines(3, klu=False),
    "deck: None": lambda: run_deck(None),
    "deck: bytes": lambda: run_deck(b".end"),
    "deck: é": lambda: run_deck("é\n.end\n"),
    "timeout": lambda: run_deck(".end\n", timeout="x"),
    "circuit: phases": lambda: read_phases("x", [[1.0]], 0.01),
    "circuit: simulated": lambda: simulate_phases("x", [[1.0]], 0.01, 1e-9),
    "timeout: engine": lambda: NgspiceEngine(timeout="x"),
    "solver": lambda: NgspiceEngine(solver="x"),
    "circuit: init": lambda: NgspiceEngine().init("x"),
    "responses: text": lambda: plot_responses("x", NONE_THERE, ""),
    "responses: solution": lambda: plot_responses(SOLUTION, NONE_THERE, ""),
    "responses: None inside": lambda: plot_responses([None], NONE_THERE, ""),
    "figure": lambda: save_figure("x", NONE_THERE),
    "path: None": lambda: save_figure(draw_circuit(INV.circuit), None),
    "path: format": lambda: save_figure(draw_circuit(INV.circuit), NONE_THERE.with_suffix(".xyz")),
    "path: replacing": lambda: replacing(None).__enter__(),
    "folder: None": lambda: open_sweep(None),
    "folder: 3": lambda: open_sweep(3),
    "DIR": lambda: open_sweep("/nonexistent/folder"),
    "out: folder": lambda: check_folder(3, "sweep"),
    "out: claimed": lambda: claim_folder(None, "sweep"),
    "value": lambda: format_quantity("x", "s"),
    "SPEC.toml": lambda: read_toml("SPEC.toml", "/nonexistent"),
}
TRAININGS = {
    "dampign": lambda: KfacSettings(dampign=3),
    "damping": lambda: KfacSettings(damping="x"),
    "damping: set": lambda: setattr(KfacSettings(), "damping", 3),
    "learning_rate": lambda: AdamSettings(learning_rate=-1),
    "opmap": lambda: CircuitSettings(opmap="x"),
    "jobs": lambda: CircuitSettings(jobs="x"),
    "kernel": lambda: ConvolutionShape(channels=1, kernel=2),
    "optimizer: name": lambda: TrainingSpec(optimizer="kfac"),
    "optimizer: unknown": lambda: TrainingSpec(optimizer={"name": "kfca"}),
    "optimizer.dampign": lambda: TrainingSpec(optimizer={"name": "kfac", "dampign": 3}),
    "epoch": lambda: TrainingSpec(epoch=3),
    "epoch: plain data": lambda: TrainingSpec.model_validate({"epoch": 3}),
    "circuit": lambda: TrainingSpec(circuit=3),
    "content": lambda: optimizer.make_spec(None),
    "labels: none": lambda: optimizer.guessing_accuracy(np.array([], dtype=int)),
    "labels: parts": lambda: optimizer.guessing_accuracy(np.array([0.5, 1.0])),
    "labels: below 0": lambda: optimizer.guessing_accuracy(np.array([-1, 1])),
    "engine: version": lambda: engine_version("ngpsice"),
    "content: list": lambda: optimizer.make_spec([1]),
    "specification: x": lambda: optimizer.make_spec({"x": 1}),
    "SPEC.toml: no file": lambda: optimizer.read_spec("/nonexistent"),
    "SPEC.toml": lambda: optimizer.read_spec(None),
    "preset: 'x'": lambda: optimizer.preset("x"),
    "preset: list": lambda: optimizer.preset([]),
    "--epoch": lambda: optimizer.override(TrainingSpec(), epoch=3),
    "spec: override": lambda: optimizer.override(None, epochs=3),
    "spec: text": lambda: Training("x"),
    "spec: None": lambda: optimizer.train(None),
    "dataset: text": lambda: Training(TrainingSpec(), "x"),
}
EVERY = {
    f"{group} {name}": call
    for group, table in (
        ("solvers", SOLVERS),
        ("records", RECORDS),
        ("parts", PARTS),
        ("functions", FUNCTIONS),
        ("trainings", TRAININGS),
    )
    for name, call in table.items()
}
