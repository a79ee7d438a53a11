"""Products through arrays: ideal parts give exact ones, and each part acts as it should."""

import numpy as np
import pytest

from amc_circuits import Mapping, MvmCircuit, ParameterError
from analog_training import AnalogTraining, make_spec
from analog_training.algorithms.make import make_learner
from analog_training.algorithms.settings import AlgorithmSettings
from analog_training.devices.calibrated import conductances_of, device_of
from analog_training.training.products import CircuitProducts, ExactProducts, ForwardSettings
from analog_training.updates.trains import Trains
from tests.analog_training.cells import made_up_cell

CELL = made_up_cell()
SIGNALS = np.random.default_rng(4).uniform(-1, 1, (5, 4))
ERRORS = np.random.default_rng(5).uniform(-1, 1, (5, 3))


@pytest.fixture
def learner():
    """A layer of three tiles, two of which hold something."""
    device = device_of(CELL).replace(bound_spread=0.1, step_spread=0.3)
    made = make_learner(AlgorithmSettings(tiles=3), device, Trains(), (3, 4), np.random.default_rng(1))
    made.cells[1].weight = made.cells[1].reference + np.linspace(-0.5, 0.5, 12)
    return made


def products_of(learner, **settings):
    """Products through arrays, loaded."""
    half, point = conductances_of(CELL, "power-law")
    chosen = ForwardSettings(forward="circuit", **{"opamp": "single-pole"} | settings)
    found = CircuitProducts(chosen, half, point, np.random.default_rng(0))
    found.load([learner])
    return found


def test_ideal_arrays_are_exact_up_to_the_gain_of_their_amplifiers(learner):
    """Both ways, within the error 1/A0 times the noise gain of the op-amps, 1e-5 at a gain of 1e6."""
    exact, found = ExactProducts(), products_of(learner)
    exact.load([learner])
    size = np.abs(exact.forward(0, SIGNALS)).max()
    for one, other in (
        (found.forward(0, SIGNALS), exact.forward(0, SIGNALS)),
        (found.backward(0, ERRORS), exact.backward(0, ERRORS)),
    ):
        assert 0 < np.abs(one - other).max() < 1e-3 * size


def test_wires_act_as_in_the_circuit_of_each_tile(learner):
    """The product is the sum of the tiles' own circuits, here solved one vector at a time as transients."""
    found = products_of(learner, wire_resistance=50.0).forward(0, SIGNALS[:2])
    half, point = conductances_of(CELL, "power-law")
    wanted = np.zeros((2, 3))
    for tile in learner.tiles[:2]:
        mapping = Mapping(point + half * tile.weight, point + half * tile.reference, 1.0, half)
        circuit = MvmCircuit.program(
            tile.weight - tile.reference,
            engine="exact",
            opamp="single-pole",
            wire_resistance=50.0,
            conductances=mapping,
        )
        wanted += tile.gain * circuit.matvec(SIGNALS[:2].T).value.T
    ideal = SIGNALS[:2] @ learner.weights.T
    np.testing.assert_allclose(found, wanted, atol=1e-3 * np.abs(ideal).max())
    assert np.abs(found - ideal).max() > 1e-2 * np.abs(ideal).max()


def test_converters_round_inputs_and_outputs(learner):
    """ADCs of 4 bits round to sevenths of the largest row sum of the tile, DACs of 3 bits to thirds of the signal."""
    learner.cells[1].weight = learner.cells[1].reference.copy()  # one tile alone
    vectors = np.random.default_rng(2).uniform(-1, 1, (200, 4))
    vectors[:, 0] = 1.0  # the largest: the scale of all vectors is the same
    coarse = products_of(learner, adc_bits=4).forward(0, vectors)
    tile = learner.tiles[0]
    level = tile.gain * np.abs(tile.weight - tile.reference).sum(axis=1).max() / 7
    np.testing.assert_allclose(coarse / level, np.rint(coarse / level), atol=1e-6)
    assert np.abs(coarse - products_of(learner).forward(0, vectors)).max() < 0.501 * level
    fine, few = products_of(learner).forward(0, vectors), products_of(learner, dac_bits=3).forward(0, vectors)
    rounded = np.round(vectors * 3) / 3
    np.testing.assert_allclose(few, products_of(learner).forward(0, rounded), atol=1e-9)
    assert np.abs(few - fine).max() > 0.05


def test_noise_is_that_of_the_circuit(learner):
    """Its deviation over 4,000 vectors is that of the noise at the outputs, within 4 standard errors."""
    learner.cells[1].weight = learner.cells[1].reference.copy()
    one = np.ones((4000, 4))
    values = products_of(learner, noise=True, opamp="cmos-100meg").forward(0, one)
    tile = learner.tiles[0]
    half, point = conductances_of(CELL, "power-law")
    mapping = Mapping(point + half * tile.weight, point + half * tile.reference, 1.0, half)
    circuit = MvmCircuit.program(
        tile.weight - tile.reference, engine="exact", opamp="cmos-100meg", conductances=mapping
    )
    volts = np.sqrt(np.diag(circuit.noise().covariance))
    wanted = tile.gain * abs(circuit.gain) / circuit.full_scale * volts
    np.testing.assert_allclose(values.std(axis=0), wanted, rtol=4 / (2 * 4000) ** 0.5)


def test_errors_of_arrays_are_kept_between_readings(learner):
    """A change of the cells acts at once; its effect on the errors of the wires does at the next reading."""
    found = products_of(learner, wire_resistance=50.0, refresh=2)
    before = found.forward(0, SIGNALS)
    moved = 0.1 * (learner.cells[0].weight < 0)
    learner.cells[0].weight = learner.cells[0].weight + moved
    change = learner.settings.scale * moved.reshape(3, 4)
    found.load([learner])
    kept = found.forward(0, SIGNALS)
    found.load([learner])
    read = found.forward(0, SIGNALS)
    fresh = products_of(learner, wire_resistance=50.0).forward(0, SIGNALS)
    np.testing.assert_allclose(kept - before, SIGNALS @ change.T, atol=1e-9)
    np.testing.assert_allclose(read, fresh, atol=1e-12)
    assert np.abs(kept - read).max() > 1e-6


def test_a_training_through_arrays_repeats(tmp_path):
    """With noise, too: the seed decides; and it needs a cell."""
    path = tmp_path / "cell.json"
    path.write_text(CELL.model_dump_json())
    settings = {"cell": str(path), "tiles": 2, "hidden": "3", "batch_size": 400, "pool": 4, "epochs": 2}
    spec = make_spec(settings | {"forward": "circuit", "noise": True, "adc_bits": 8, "wire_resistance": 1.0})
    one = AnalogTraining(spec)
    states = []
    whole = one.run(keep=lambda: states.append(one.state))
    other = AnalogTraining(spec)
    other.restore(states[0])
    assert other.run().losses == whole.losses != AnalogTraining(make_spec(settings)).run().losses
    for content, name in (
        ({"forward": "circuit"}, "forward"),
        ({"noise": True}, "noise"),
        ({"adc_bits": 8}, "adc_bits"),
        ({"cell": str(path), "forward": "circuit", "adc_bits": 99}, "adc_bits"),
        ({"cell": str(path), "forward": "circuit", "opamp": "cmos"}, "opamp"),
        ({"cell": str(path), "forward": "circuit", "opamp": "cmos-100meg-transistor"}, "opamp"),
    ):
        with pytest.raises(ParameterError) as caught:
            make_spec(content)
        assert caught.value.parameter == name
