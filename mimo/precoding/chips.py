"""Energy of published digital chips for the algebra of massive MIMO.

They solve problems of other sizes, some with converters: a yardstick, not the same task. Numbers are those of the
abstracts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Chip:
    """A published chip.

    Attributes:
        task: Technology and task.
        energy_per_bit: Joule a bit.
        source: Publication.
    """

    task: str
    energy_per_bit: float
    source: str


CHIPS = (
    Chip("65 nm, equaliser of 32 antennas with ADCs", 39.7e-12, "Castaneda et al., arXiv 2107.11089"),
    Chip("40 nm, 128 x 32, 256-QAM, message passing", 79.8e-12, "Tang et al., doi 10.1109/jssc.2021.3069988"),
    Chip("65 nm, 128 x 8, 64-QAM, MMSE", 633e-12, "Peng et al., IEEE Trans. Circuits Syst. I 65 (2018)"),
)
