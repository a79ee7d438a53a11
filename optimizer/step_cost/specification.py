"""Network and assumptions as data, from a TOML file or a preset."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from amc_circuits import ParameterError, check_name, check_type, read_toml
from optimizer.settings import Count, Settings
from optimizer.step_cost.assumptions import ArraySettings, DigitalSettings, SimulatedCircuit
from optimizer.step_cost.costs import check_same_mathematics
from optimizer.step_cost.networks import Blocks, Layer, blocks_of

PRESETS = Path(__file__).with_name("presets")
MOST_LAYERS = 1000
"""Most entries of a list of layers; a longer list is refused before its entries are checked."""
Text = Annotated[str, Field(max_length=200)]


class StepCostSpec(Settings):
    """Network whose Kronecker factors are inverted, and the assumptions on both sides.

    Attributes:
        layers: Layers of the network.
        title: Name of the network.
        source: Source of the layers.
        batch_size: Samples of a training step.
        inverse_intervals: Steps from one inversion of all factors to the next, each a row of the whole step.
        factor_updates: Updates of the factors from one inversion to the next, at most one a step.
        digital: Digital processor.
        arrays: Arrays and converters.
        circuit: Circuit of the simulated arrays.
    """

    layers: Annotated[tuple[Layer, ...], Field(min_length=1)]
    title: Text = "network"
    source: Text = ""
    batch_size: Count = 128
    inverse_intervals: Annotated[tuple[Count, ...], Field(min_length=1, max_length=20)] = (1, 10, 100)
    factor_updates: Count = 10
    digital: DigitalSettings = DigitalSettings()
    arrays: ArraySettings = ArraySettings()
    circuit: SimulatedCircuit = SimulatedCircuit()

    @model_validator(mode="after")
    def _same_mathematics(self) -> Self:
        check_same_mathematics(self.digital_blocks, self.array_blocks)
        return self

    @property
    def array_blocks(self) -> Blocks:
        """Matrices that the arrays invert, by width."""
        return blocks_of(self.layers, self.arrays.block_size)

    @property
    def digital_blocks(self) -> Blocks:
        """Matrices that the digital processor inverts, by width."""
        return blocks_of(self.layers, self.digital.block_size or self.arrays.block_size)


def make_spec(content: Mapping[str, Any], source: str = "specification") -> StepCostSpec:
    """Build a specification from plain data.

    Args:
        content: Content of a TOML file: the fields of `StepCostSpec`, or `network`, the name of a preset whose fields
            the others replace.
        source: Name of the source, for the error.

    Raises:
        ParameterError: A name is unknown, a value is out of its range, or both sides invert different matrices; the
            error names the first one.
    """
    check_type("content", content, Mapping, mend="settings by name, as a TOML file holds them")
    given = dict(content)
    name = given.pop("network", None)
    try:
        if name is not None:
            given = _preset_content(name, "network") | _without_layers(given)
        layers = given.get("layers")
        if layers is None:
            raise ParameterError("layers", "nothing", f"give them, or network, one of {', '.join(preset_names())}")
        if isinstance(layers, list) and len(layers) > MOST_LAYERS:
            raise ParameterError("layers", len(layers), f"must be at most {MOST_LAYERS}")
        return StepCostSpec.model_validate(given)
    except ParameterError as error:
        raise ParameterError(f"{source}: {error.parameter}", error.value, error.mend) from None


def _without_layers(given: dict[str, Any]) -> dict[str, Any]:
    if "layers" in given:
        raise ParameterError("network", "both it and layers", "give one of the two")
    return given


def read_spec(path: str | Path) -> StepCostSpec:
    """Read a specification from a TOML file; raise `ParameterError` if it cannot be read or is invalid."""
    return make_spec(read_toml("NET.toml", path)[1], str(path))


def preset_names() -> list[str]:
    """Names of the networks that come with the package."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def preset(name: str) -> StepCostSpec:
    """Return a network with the default assumptions; raise `ParameterError` if the name is unknown."""
    return StepCostSpec.model_validate(_preset_content(name, "preset"))


def _preset_content(name: str, parameter: str) -> dict[str, Any]:
    check_name(parameter, name, preset_names())
    return read_toml(parameter, PRESETS / f"{name}.toml")[1]
