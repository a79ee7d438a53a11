"""Cost of a training: parts of its hardware, and energy and time of its pulses and reads from a calibrated cell.

Counted: pulses of updates and transfers, reads of columns for transfers, and the products of training: forward in every
layer, backward in all but the first, in the tiles that are in use. A slot of a train has an up and a down phase, each
as long as a pulse. Each tile has its own converters of 8 bits: a DAC for each input and for each output, an ADC for
each output and for each input. A read applies the read voltage to cells at the symmetric point for the read width of
the cell. Digital words are the gradient matrix of mixed precision and the buffers of transfers. A multiply-add is
counted for each of their changes, and for each output of a tile, which is scaled and added to those of the others. They
have the energy of arithmetic alone: memory traffic is left out, so the digital energy is a lower bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amc_circuits import CalibratedCell, ComponentAreas, Converters, short_repr
from analog_training.algorithms.make import tile_count
from analog_training.algorithms.settings import AlgorithmSettings

BITS = 8
READ_VOLTAGE = 0.1
"""Voltage of a read, V: that which defines a conductance."""
MULTIPLY_ADD = 3.7e-12 + 0.9e-12
"""Energy of a multiplication and an addition, 32-bit floating point, 45 nm, 0.9 V, arithmetic alone, J (Horowitz, ISSCC
2014, doi 10.1109/ISSCC.2014.6757323)."""
Shape = tuple[int, int]


@dataclass(frozen=True)
class TileHardware:
    """Parts of all layers.

    Attributes:
        tiles: Tiles of a layer.
        devices: Cells of all tiles, without the reference cells, which are as many.
        digital_words: Numbers in digital matrices and buffers.
        dacs: DACs.
        adcs: ADCs.
        area: Area of cells, reference cells and converters, m2; digital parts and op-amps are left out.
    """

    tiles: int
    devices: int
    digital_words: int
    dacs: int
    adcs: int
    area: float

    __repr__ = short_repr


@dataclass(frozen=True)
class TrainingCost:
    """Energy, J, and time, s, of a training.

    Attributes:
        update_energy: Pulses of updates, J.
        transfer_energy: Pulses of transfers, and reads for them with their conversions, J.
        product_energy: Products forward and backward with their conversions, J.
        digital_energy: Multiply-adds of the gradient matrix or of the buffers, and of the sums over tiles, J, memory
            traffic left out.
        update_time: Trains of updates, one sample after the other, s.
        transfer_time: Trains of transfers, s; those of a layer one after the other, the layers at the same time.
    """

    update_energy: float
    transfer_energy: float
    product_energy: float
    digital_energy: float
    update_time: float
    transfer_time: float

    __repr__ = short_repr

    @property
    def energy(self) -> float:
        """Energy of all, J."""
        return self.update_energy + self.transfer_energy + self.product_energy + self.digital_energy


def hardware_of(
    settings: AlgorithmSettings, shapes: Sequence[Shape], table: ComponentAreas | None = None
) -> TileHardware:
    """Count the parts of an algorithm for layers of these shapes.

    Args:
        settings: Algorithm.
        shapes: Outputs and inputs of each layer.
        table: Areas of components; None for the table of the area model.
    """
    areas = table or ComponentAreas()
    tiles, weights = tile_count(settings), sum(outputs * inputs for outputs, inputs in shapes)
    buffers = (tiles - 1 if settings.schedule == "simultaneous" else 1) if settings.buffered else 0
    matrices = {"digital": 1, "mixed-precision": 1}.get(settings.algorithm, buffers)
    lines = tiles * sum(outputs + inputs for outputs, inputs in shapes)
    area = 2 * tiles * weights * areas.cell + lines * (areas.dac + areas.adc)
    return TileHardware(tiles, tiles * weights, matrices * weights, lines, lines, area)


def cost_of(
    settings: AlgorithmSettings,
    cell: CalibratedCell,
    shapes: Sequence[Shape],
    work: Sequence[dict[str, int]],
    samples: int,
    tile_samples: int,
) -> TrainingCost:
    """Compute the cost of a training with the pulses of a calibrated cell.

    Args:
        settings: Algorithm.
        cell: Calibration.
        shapes: Outputs and inputs of each layer.
        work: Counters of each layer.
        samples: Samples of all epochs together.
        tile_samples: The same, each counted once for every tile in use.
    """
    converters = Converters(dac_bits=BITS, adc_bits=BITS)
    up, down = cell.energies
    of_cell = READ_VOLTAGE**2 * cell.symmetric_point * cell.cell.read_width
    slot = 2 * cell.cell.pulse_time
    update = transfer = products = digital = 0.0
    for number, (layer, (outputs, inputs)) in enumerate(zip(work, shapes, strict=True)):
        pulses = layer["update_pulses"] + layer["transfer_pulses"]
        mean = (up * layer["ups"] + down * (pulses - layer["ups"])) / max(pulses, 1)
        update += mean * layer["update_pulses"]
        read = outputs * of_cell + converters.dac_cost(1)[0] + converters.adc_cost(outputs)[0]
        transfer += mean * layer["transfer_pulses"] + layer["reads"] * read
        for driven, read_out in ((inputs, outputs), (outputs, inputs))[: 1 if number == 0 else 2]:
            lines = converters.dac_cost(driven)[0] + converters.adc_cost(read_out)[0]
            products += tile_samples * (outputs * inputs * of_cell + lines)
            digital += MULTIPLY_ADD * tile_samples * read_out
        digital += MULTIPLY_ADD * _gathered(settings, samples * outputs * inputs, layer["reads"] * outputs)
    return TrainingCost(
        update, transfer, products, digital,
        slot * max(layer["update_slots"] for layer in work), slot * max(layer["transfer_slots"] for layer in work),
    )  # fmt: skip


def _gathered(settings: AlgorithmSettings, gradients: int, reads: int) -> int:
    """Number of changes of a digital matrix of gradients, or of buffers."""
    if settings.algorithm == "mixed-precision":
        return gradients
    return reads if settings.buffered else 0
