"""Published standard deviations of written conductances, as functions of the conductance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlists.record import FloatArray


@dataclass(frozen=True)
class ProgrammingFit:
    """A polynomial `sigma = c_0 + c_1 G + c_2 G^2 + ...`, sigma and G in microsiemens.

    Attributes:
        coefficients: c_0, c_1, ...; sigma in uS for G in uS.
        lowest: Lowest measured conductance, uS.
        highest: Highest measured conductance, uS.
        source: Publication of the data.
    """

    coefficients: tuple[float, ...]
    lowest: float
    highest: float
    source: str

    def sigma(self, conductance: FloatArray) -> FloatArray:
        """Standard deviation at a conductance, siemens; beyond the measured range the value at its end."""
        from numpy.polynomial import polynomial  # here, for few cells have such a fit

        microsiemens = np.clip(conductance * 1e6, self.lowest, self.highest)
        return np.asarray(polynomial.polyval(microsiemens, np.array(self.coefficients)) * 1e-6)


PROGRAMMING_FITS = {
    "wan-2022": ProgrammingFit(
        coefficients=(1.053, 0.2374, -1.167e-2, 1.536e-4),
        lowest=0.0,
        highest=39.26,
        source="Wan et al., Nature 2022, doi 10.1038/s41586-022-04992-8, Extended Data Fig. 3, 1 s after writing; "
        "cubic fit of CrossSim",
    ),
    "milo-2021": ProgrammingFit(
        coefficients=(4.782321, -0.009107),
        lowest=50.0,
        highest=225.0,
        source="Milo et al., IRPS 2021, IEEE Xplore document 9405119, Fig. 4 (IGVVA-100); linear fit of CrossSim",
    ),
}
"""Published fits by name; both are positive in their whole range."""
