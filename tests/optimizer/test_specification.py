"""Specifications: what is read, what is refused, and how an error names it."""

from pathlib import Path

import pytest

from amc_circuits import ParameterError
from optimizer.circuit_settings import CircuitSettings
from optimizer.datasets import NAMES
from optimizer.model import build_model
from optimizer.settings import AdamSettings, KfacSettings
from optimizer.specification import PRESETS, TrainingSpec, make_spec, override, preset, read_spec

WHOLE = """
dataset = "ocr-letters"
batch_size = 128
epochs = 2.5
solver = "inv-circuit"

[[convolutions]]
channels = 4
kernel = 3
pool = 2

[optimizer]
name = "kfac"
damping = 0.1

[circuit]
opamp = "cmos-1g"
wire_resistance = 1.73
device = "hfo2-wide"
g_max = 100e-6
levels = 64
programming_error = "wan-2022"
adc_bits = 8
"""


def test_a_toml_file_says_everything(tmp_path):
    """Every table is read; what is left out has its default."""
    (tmp_path / "spec.toml").write_text(WHOLE)
    spec = read_spec(tmp_path / "spec.toml")
    assert (spec.dataset, spec.batch_size, spec.epochs) == ("ocr-letters", 128, 2.5)
    assert (spec.convolutions[0].channels, spec.convolutions[0].stride) == (4, 1)
    assert spec.optimizer == KfacSettings(damping=0.1)
    assert spec.circuit.options.values.items() >= {
        "opamp": "cmos-1g", "wire_resistance": 1.73, "device": "hfo2-wide", "g_min": None, "g_max": 100e-6,
        "levels": 64, "programming_error": "wan-2022", "adc_bits": 8,
    }.items()  # fmt: skip


@pytest.mark.parametrize("name", ["train", "few_levels"])
def test_our_own_specifications_can_be_read(name):
    """Trainings of `benchmarks/specs`, each with every inversion in a circuit."""
    spec = read_spec(Path(__file__).resolve().parents[2] / "benchmarks" / "specs" / f"{name}.toml")
    assert spec.solver == "inv-circuit"
    assert (spec.circuit.bits, spec.circuit.wide) == ((8, "blocks") if name == "few_levels" else (None, "diagonal"))


def test_the_optimizer_is_chosen_by_its_name():
    """The name decides which numbers are allowed."""
    assert make_spec({"optimizer": {"name": "adam"}}).optimizer == AdamSettings(learning_rate=1e-3)
    with pytest.raises(ParameterError, match=r"optimizer\.damping: got an unknown name"):
        make_spec({"optimizer": {"name": "adam", "damping": 0.1}})


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"epoch": 3}, "epoch: got an unknown name"),
        ({"epochs": 0}, "epochs: got 0"),
        ({"batch_size": -1}, "batch_size: got -1"),
        ({"seed": -1}, "seed: got -1"),
        ({"target_accuracy": 84}, "target_accuracy: got 84"),
        ({"epochs": float("nan")}, "epochs: got nan"),
        ({"solver": "lu"}, "solver: got 'lu'"),
        ({"optimizer": {"name": "sgd"}}, r"optimizer\.name: got 'sgd'; must be one of momentum, adam, kfac"),
        ({"optimizer": {"name": ["kfac"]}}, r"optimizer\.name: got \('kfac'\); must be one of momentum, adam, kfac"),
        ({"circuit": {3: "x"}}, r"circuit\.3: got a name that is no text"),
        ({3: "x"}, "3: got a name that is no text"),
        ({"optimizer": {"name": {}}}, r"optimizer\.name: got \{\}; must be one of momentum, adam, kfac"),
        ({"optimizer": {"name": "kfac", "momentum": 1.0}}, r"optimizer\.momentum: got 1\.0"),
        ({"convolutions": [{"channels": 4}]}, r"convolutions\.0\.kernel: got"),
        ({"convolutions": [{"channels": 4, "kernel": 4}]}, r"convolutions\.0\.kernel: got 4"),
        ({"circuit": {"jobs": 0}}, r"circuit\.jobs: got 0"),
        ({"circuit": {"level": 8}}, r"circuit\.level: got 8; there is no such option .*did you mean levels"),
        ({"circuit": {"levels": 2.5}}, r"circuit\.levels: got 2\.5"),
        ({"circuit": {"device": 8}}, r"circuit\.device: got 8"),
        ({"circuit": {"programming_error": []}}, r"circuit\.programming_error.* got \[\]"),
        ({"circuit": {"read_noise": float("nan")}}, r"circuit\.read_noise: got nan"),
        ({"circuit": {"adc_bits": "many"}}, r"circuit\.adc_bits: got 'many'"),
    ],
)
def test_an_unknown_name_or_value_is_one_line(content, place):
    """The error names the place, the value and the mend, in one line."""
    with pytest.raises(ParameterError, match=place) as caught:
        make_spec(content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"epochs = ", "cannot be read as TOML"),
        (b"\xff\xfe", "is no utf-8 text"),
        (b"a" + b".a" * 40_000 + b" = 1", "cannot be read as TOML: it is nested too deeply"),
        (b" " * 2_000_001, "is larger than 2 MB"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_specification_is_named(tmp_path, content, found):
    """A file that is not TOML, not text or not there is an error with its name."""
    if content is not None:
        (tmp_path / "spec.toml").write_bytes(content)
    with pytest.raises(ParameterError, match=rf"spec\.toml; {found}"):
        read_spec(tmp_path / "spec.toml")


INVERTING = {"optimizer": {"name": "kfac"}, "solver": "inv-circuit"}


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"optimizer": {"name": "adam"}, "solver": "inv-circuit"}, "solver: got 'inv-circuit'; .*adam inverts nothing"),
        ({"optimizer": {"name": "momentum"}, "solver": "cholesky"}, "got 'cholesky'; .*momentum inverts nothing"),
        ({"optimizer": {"name": "adam"}, "circuit": {"jobs": 2}}, r"circuit\.jobs: got 2; .*adam inverts nothing"),
        ({"circuit": {"opamp": "cmos-1g"}}, r"circuit\.opamp: got 'cmos-1g'; has no effect with the solver cholesky"),
        ({"solver": "cholesky", "circuit": {"scaling": "none"}}, r"circuit\.scaling: .*with the solver cholesky"),
        ({"solver": "cholesky", "circuit": {"on_failure": "stop"}}, r"circuit\.on_failure: .*with the solver cholesky"),
        ({**INVERTING, "circuit": {"engine": "exact", "jobs": 2}}, r"circuit\.jobs: .*the engine exact"),
        ({**INVERTING, "circuit": {"drift_exponent": 0.1}}, r"circuit\.drift_exponent: .*without a drift_time"),
        ({**INVERTING, "circuit": {"drift_spread": 0.1, "drift_time": 0}}, r"drift_spread: .*without a drift_time"),
        ({**INVERTING, "circuit": {"adc_range": 1.0}}, r"circuit\.adc_range: .*without adc_bits"),
        ({"optimizer": {"name": "kfac", "first_interval": 9, "inverse_interval": 5}}, r"first_interval: got 9"),
    ],
)  # fmt: skip
def test_a_setting_without_effect_is_one_line(content, place):
    """A setting that the chosen optimizer, solver, engine or device would ignore is refused by its name."""
    with pytest.raises(ParameterError, match=place) as caught:
        make_spec(content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("field", CircuitSettings.model_fields)
def test_no_setting_of_a_circuit_is_ignored_beside_cholesky(field):
    """Whatever it is called, and also where it is given with its default."""
    value = CircuitSettings().model_dump()[field]
    content = {"solver": "cholesky", "circuit": {field: 1 if value is None else value}}
    with pytest.raises(ParameterError, match=rf"circuit\.{field}: got"):
        make_spec(content)


def test_defaults_that_nobody_typed_are_not_refused():
    """Settings of a preset or a file for its own parts go back to their defaults where an option chooses others."""
    for start in (preset("digits-demo"), make_spec({**INVERTING, "circuit": {"jobs": 2, "opamp": "cmos-1g"}})):
        exact = override(start, solver="cholesky")
        assert (exact.solver, exact.circuit) == ("cholesky", CircuitSettings())
        assert exact.optimizer == start.optimizer
        quick = override(start, engine="exact")
        assert (quick.circuit.engine, quick.circuit.jobs) == ("exact", 1)
        assert quick.circuit.options.values["opamp"] == start.circuit.options.values["opamp"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"solver": "cholesky", "engine": "auto"}, "--engine: got 'auto'; has no effect with the solver cholesky"),
        ({"solver": "cholesky", "opamp": "cmos-100meg"}, "--opamp: got 'cmos-100meg'; has no effect"),
        ({"solver": "cholesky", "jobs": 1}, "--jobs: got 1; has no effect with the solver cholesky"),
        ({"engine": "exact", "jobs": "4"}, "--jobs: got '4'; has no effect with the engine exact"),
    ],
)
def test_an_option_without_effect_is_refused_as_it_is_typed(changes, words):
    """By its flag."""
    with pytest.raises(ParameterError, match=words):
        override(preset("digits-demo"), **changes)


def test_an_option_without_effect_for_a_first_order_optimizer_is_refused():
    """No solver acts for Adam."""
    with pytest.raises(ParameterError, match="--solver: got 'inv-circuit'; has no effect: adam inverts nothing"):
        override(make_spec({"optimizer": {"name": "adam"}}), solver="inv-circuit")
    assert override(make_spec({"optimizer": {"name": "adam"}}), seed=3).seed == 3


def test_overrides_reach_the_circuit_and_are_checked():
    """Options change fields of the specification and of its circuit; None leaves them; ranges hold."""
    spec = override(preset("digits-demo"), seed=7, jobs=None, opamp="cmos-1g")
    assert (spec.seed, spec.circuit.options.values["opamp"]) == (7, "cmos-1g")
    assert spec.circuit.jobs == preset("digits-demo").circuit.jobs
    with pytest.raises(ParameterError, match="--epochs: got -2"):
        override(spec, epochs=-2)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_sound(name):
    """Each preset learns a known data set by circuits, and each of its factors fits into an array."""
    spec = preset(name)
    shapes = {"digits": ((8, 8), 10), "ocr-letters": ((16, 8), 26)}
    assert spec.dataset in NAMES
    assert spec.solver == "inv-circuit"
    model = build_model(shapes[spec.dataset][0], spec.convolutions, shapes[spec.dataset][1])
    assert max(width for shape in model.weight_shapes.values() for width in shape) <= 128
    assert TrainingSpec.model_validate(spec.model_dump()) == spec


def test_an_unknown_preset_lists_the_known_ones():
    """The error names every preset."""
    with pytest.raises(ParameterError, match="digits-demo, ocr-letters"):
        preset("mnist")


def test_more_convolutions_than_anybody_has_are_refused_at_once(tmp_path):
    """By their number, before each is looked at."""
    (tmp_path / "spec.toml").write_text(f"convolutions = [{'{}, ' * 1000}]")
    with pytest.raises(ParameterError, match=r"convolutions: got 1000; must be at most 50"):
        read_spec(tmp_path / "spec.toml")
