"""Every public record prints as a few short lines, whatever the size of its arrays."""

import dataclasses
import inspect
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel

import amc_circuits
from amc_circuits import (
    BlockCircuit,
    CascadeCircuit,
    Check,
    CircuitOptions,
    Compared,
    Converters,
    Design,
    Device,
    Extension,
    GinvCircuit,
    InvCircuit,
    LabelledTable,
    MvmCircuit,
    Option,
    Run,
    RunOutcome,
    SampleHold,
    Sized,
    Status,
    compare,
    open_sweep,
    plan,
    step_info,
)
from amc_circuits.engines import NgspiceEngine
from netlists import (
    Array,
    Buffers,
    Capacitors,
    Circuit,
    ClippingOpAmps,
    Conductors,
    Constant,
    Hold,
    Interconnect,
    Kick,
    Limiter,
    MacroOpAmp,
    OpAmps,
    Phase,
    PhaseTrain,
    SinglePoleOpAmp,
    Source,
    StepTrain,
    Switches,
    Transient,
    array_state,
    preset,
    reduce_array,
)
from netlists.short_text import FEW, LINES, WIDTH, rows_text, short
from optimizer import AdamSettings, InstalledSettings, KfacSettings, MomentumSettings, Training, TrainingSpec
from optimizer.datasets import load_dataset
from optimizer.linear_solver import Cholesky
from tests.amc_circuits.sweep import sweeps
from tests.analog_training.records import analog_records
from tests.cases import spd_matrix
from tests.mimo.records import mimo_records
from tests.packages import PACKAGES

SIZE = 24
MOST_LINES, WIDEST = 10, 120


def solved(circuit, columns):
    """A programmed circuit and every record that a solve of it gives."""
    solution = circuit.solve(columns)
    inside = (circuit.circuit, circuit.design, circuit.hardware, circuit.settings, circuit.mapping, circuit.system)
    of_solve = (solution.energy, solution.provenance, solution.stability, solution.origin, solution.budget())
    question = circuit.question(columns)
    answer = (question, circuit.job(question.columns), circuit.linear)
    cost = circuit.cost(solution, Converters(dac_bits=8, adc_bits=8))
    attempts = [attempt for group in solution.attempts for attempt in group]
    return [
        circuit,
        *inside,
        solution,
        *of_solve,
        *answer,
        cost,
        *solution.responses,
        *attempts,
        *circuit.circuit.parts,
    ]


def parts():
    """One of every part, of many nodes each."""
    cells, every = np.full((SIZE, SIZE), 1e-5), np.linspace(1e-6, 1e-5, SIZE)
    opamp = preset("cmos-100meg-transistor")
    return [
        Array("p", "v", "c", cells, Interconnect(wire_resistance=1.0)),
        reduce_array(cells, 1.0),
        array_state(cells, 1.0, np.linspace(0, 1, 2 * SIZE)),
        Conductors("in", "in", "v", every),
        Capacitors("load", "c", "0", every * 1e-6),
        OpAmps("amp", "v", "c", opamp, offset=every),
        Switches("s", "v", "c", tuple(f"phase{k}" for k in range(SIZE)), 1e3),
        Hold("h", "v", "c", 1e-12),
        Limiter("l", "v", "c", "clip", 1.0),
        Buffers("b", "v", "c"),
        Source("in", np.eye(SIZE), Kick(every, 1e-9)),
        ClippingOpAmps("clip", "v", "c", preset("cmos-100meg"), offset=every),
        Kick(every, 1e-9),
        Phase("solve", tuple(f"group{k}" for k in range(SIZE))),
    ]


def parameters():
    """Parameter records, with long arrays where they hold arrays."""
    levels = np.linspace(0, 1, 2 * SIZE).reshape(2, SIZE)
    durations = np.full(SIZE, 1e-6)
    return [
        SinglePoleOpAmp(),
        preset("cmos-100meg"),
        preset("cmos-100meg-transistor"),
        Interconnect(),
        Device(levels=16),
        Converters(adc_bits=8),
        StepTrain(levels=levels, slot_time=1e-7),
        Constant(levels=levels[0]),
        PhaseTrain(levels=levels, start=levels[:, 0], late=[0, 1], durations=durations),
        Transient(stop_time=1e-6, max_step=1e-9, saved=tuple(f"v(c{k})" for k in range(SIZE))),
        CircuitOptions.parse("inv", {}),
        Check("data", True, "1 file"),
        Extension(),
        Status.CLIPPED,
        Option("size", "integer", "Rows of a matrix that is drawn", minimum=1),
        RunOutcome(metrics={f"metric_{k}": 1.0 for k in range(SIZE)}),
        Run(tuple, dict, str, str, str, RunOutcome, ("best_accuracy",)),
        InstalledSettings(name="own", learning_rate=0.1),
        NgspiceEngine(),
    ]


def trained():
    """A short training, and every record around it."""
    spec = TrainingSpec(
        solver="inv-circuit", circuit={"engine": "exact", "on_failure": "keep"}, batch_size=400, epochs=0.5
    )
    data = load_dataset("digits")
    training = Training(spec, data)
    result = training.run()
    own = [spec, spec.circuit, spec.optimizer, *spec.convolutions, AdamSettings(), KfacSettings(), MomentumSettings()]
    solver = Cholesky()
    around = [data, training.model, training.optimizer, result.ledger, *result.ledger.inversions[:1]]
    return [*own, *around, result, *result.history, solver.compute(solver.init(np.eye(SIZE)), np.eye(SIZE))]


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Instances of every public record."""
    matrix = spd_matrix(SIZE, 10, 1)
    exact = {"engine": "exact", "opamp": "single-pole"}
    folder = tmp_path_factory.mktemp("sweep")
    sweeps.run(folder, sweeps.exact(range(4)))
    swept = open_sweep(folder)
    designs = [Design("slow", "inv", exact), Design("fast", "inv", exact | {"gbwp": "1G"})]
    compared = compare(designs, {"size": 3}, range(2))
    studied = [*designs, compared, *compared.designs, Compared({}, (), None, (), print)]
    studied.append(Sized("gbwp", "Hz", None))
    studied.append(step_info(np.linspace(0, 1, 50), np.ones((50, SIZE))))
    planned = plan([[2.0, -0.5], [-0.5, 1.0]], engine="exact", opamp="single-pole")
    studied += [planned, planned.refinement, planned.solve(np.ones((2, SIZE)))]
    studied.append(LabelledTable(matrix, tuple(map(str, range(SIZE)))))
    several = solved(InvCircuit.program(matrix, **exact), np.eye(SIZE))
    one = solved(MvmCircuit.program(matrix[:, :7] + 1j, **exact), np.arange(7.0))
    small = solved(InvCircuit.program([[2.0, -0.5], [-0.5, 1.0]]), [1.0, 0.5])
    solvers = CascadeCircuit, GinvCircuit, amc_circuits.EgvCircuit, amc_circuits.RecoverCircuit
    studied += [one.program([[2.0, -0.5], [-0.5, 1.0]]) for one in solvers]
    blocks = BlockCircuit.program(matrix, stages=2, **exact)
    solution = blocks.solve(np.eye(SIZE))
    studied += [blocks, blocks.root, solution, solution.steps[0], solution.runs[0], SampleHold(), blocks.parameters]
    elsewhere = dataclasses.replace(swept, folder=Path("/a/long/way") / ("x" * 200))
    return [
        *studied,
        *several,
        *one,
        *small,
        *parts(),
        *parameters(),
        swept,
        elsewhere,
        swept.rows[0],
        *trained(),
        *mimo_records(SIZE),
        *analog_records(SIZE),
    ]


def test_records_print_shortly(records):
    """Each has at most 10 lines of at most 120 characters, as `repr` and as `str`, alone and in a row of others."""
    for record in records:
        for text in (repr(record), str(record)):
            assert len(text.splitlines()) <= MOST_LINES, text
            assert max(map(len, text.splitlines())) <= WIDEST, text


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_public_record_is_among_them(records, package):
    """No record of a package's public names is left out above: dataclasses and models that can be instantiated."""
    for name in package.__all__:
        cls = getattr(package, name)
        if inspect.isclass(cls) and (dataclasses.is_dataclass(cls) or issubclass(cls, BaseModel)):
            assert any(isinstance(record, cls) for record in records), name


@pytest.mark.parametrize(
    "record",
    [
        SinglePoleOpAmp(),
        preset("cmos-100meg"),
        Interconnect(wire_resistance=1.5, line_capacitance=1e-16),
        Device(levels=16, programming_error=1e-6),
        Converters(dac_bits=8),
        KfacSettings(damping=0.1),
    ],
    ids=lambda record: type(record).__name__,
)
def test_parameter_records_print_as_the_expression_that_makes_them(record):
    """`eval(repr(record))` is the record, with every digit of its numbers."""
    classes = (SinglePoleOpAmp, MacroOpAmp, Interconnect, Device, Converters, KfacSettings)
    assert eval(repr(record), {cls.__name__: cls for cls in classes}) == record


def test_a_solution_prints_its_metrics():
    """Status, engine, values, settling time, energy and error stand in the text, rounded to four digits."""
    solution = InvCircuit.program([[2.0]], engine="exact").solve([1.0])
    text = repr(solution)
    assert text.startswith("Solution SETTLED: 1 right-hand side by exact\n")
    assert "value           [0.5" in text
    for row in ("settling time", "energy", "relative error"):
        assert f"\n  {row}" in text


def test_an_unusable_solution_prints_its_message():
    """The cause stands in the text, in one line."""
    solution = InvCircuit.program([[-1.0, 0.2], [0.1, 2.0]], engine="exact").solve([1.0, 1.0])
    assert repr(solution).startswith("Solution UNSTABLE: 1 right-hand side by no simulation\n  message ")
    assert "eigenvalue" in repr(solution).splitlines()[1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.array([1.0, 0.5]), "[1. , 0.5]"),
        (np.zeros((100, 200)), "<100 x 200, 0 .. 0>"),
        (np.full(9, np.nan), "<9 float64>"),
        (1 / 3, "0.333333"),
        ("text", "'text'"),
        (tuple(range(9)), f"({', '.join(map(str, range(FEW)))}, ... {9 - FEW} more)"),
        ({"a": 1.0}, "{a: 1}"),
        (Path("runs"), "PosixPath('runs')"),
        (Interconnect(), "Interconnect(...)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_one_line(value, text):
    """Arrays are written out up to four entries; others by shape and range, records by class."""
    assert short(value) == text


def test_rows_are_cut_to_the_terminal():
    """Long texts end with dots, and rows without a text are left out."""
    lines = rows_text("title", {f"row {k}": "x" * 500 for k in range(20)} | {"none": ""}).splitlines()
    assert len(lines) == LINES
    assert {len(line) for line in lines[1:]} == {WIDTH}
    assert rows_text("title", {"none": ""}) == "title"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_tab_shows_public_names(package):
    """`dir` of a package lists its public names and its version, and each of them exists."""
    assert dir(package) == sorted([*package.__all__, "__version__"])
    assert all(hasattr(package, name) for name in dir(package))
    assert package.__version__ == amc_circuits.package_version()
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = package.no_such_name


def test_a_circuit_prints_its_groups_and_parts():
    """Groups have their sizes, parts their types."""
    parts = (Conductors("in", "in", "v", 1e-4), OpAmps("amp", "v", "c", preset("single-pole")))
    loop = Conductors("back", "c", "v", 1e-4)
    text = repr(Circuit("loop", {"in": 3, "v": 3, "c": 3}, (*parts, loop), (Source("in"),), "c"))
    assert text.startswith("Circuit loop: 9 nodes\n")
    assert "in 3, v 3, c 3" in text
    assert "Conductors in, OpAmps amp, Conductors back" in text
