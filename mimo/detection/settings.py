"""Settings of a study of detectors."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from amc_circuits import ParameterError, Record, about
from mimo.detection.detectors import DETECTORS
from mimo.radio.closed_forms import ratio_of_rate
from mimo.radio.constellation import ORDERS, Constellation
from mimo.radio.real_form import RealArray

Count = Annotated[int, Field(ge=1, le=100_000)]
AUTOMATIC = np.arange(-6, 3, 2.0)
"""Automatic signal-to-noise ratios about the one at which zero forcing has the error rate `TARGET`, dB."""
FEWEST, MOST = 2, 20
"""Limits of the uses of a circuit by refinement."""
TARGET = 1e-3


class DetectSettings(Record):
    """Users, antennas, channels and detectors; the signal-to-noise ratio is Es/N0 of a user at an antenna."""

    antennas: Annotated[Count, about("Antennas of the base station")] = 64
    users: Annotated[Count, about("Users with one antenna each")] = 8
    order: Annotated[int, about(f"Points of the constellation: {', '.join(map(str, ORDERS))}")] = 16
    snr: Annotated[str, about("Es/N0 of a user at an antenna, dB, such as -4,-2,0; auto: about ZF's 1e-3", "LIST")] = (
        "auto"
    )
    correlation: Annotated[
        float, about("Correlation of neighbouring antennas, drawn beside the uncorrelated channels", ge=0, lt=1)
    ] = 0.7
    channels: Annotated[
        str | None, about("Channels of your own, shape (channels, antennas, users), instead", "FILE.npy")
    ] = None
    realizations: Annotated[Count, about("Channels that are drawn")] = 40
    vectors: Annotated[Count, about("Symbol vectors of each channel")] = 16
    detectors: Annotated[str, about(f"Detectors: {', '.join(DETECTORS)}", "LIST")] = (
        "gram-inv,fixed-diagonal,ginv,refined"
    )
    regularised: Annotated[bool, about("Least mean square error (MMSE) instead of zero forcing")] = False
    uses: Annotated[str, about("Uses of the circuit by the detector refined, such as 2,3,4", "LIST")] = "3"
    seed: Annotated[int, about("Seed of channels, symbols and cells", ge=0)] = 0

    @model_validator(mode="after")
    def _usable(self) -> Self:
        self._check_acting()
        if self.users > self.antennas and not self.regularised:
            mend = f"must be at most the number of antennas, {self.antennas}; more of them need regularised"
            raise ParameterError("users", self.users, mend)
        _ = self.constellation
        for name in self.detector_names:
            if name not in DETECTORS:
                raise ParameterError("detectors", name, f"must be among {', '.join(DETECTORS)}, with commas")
        self.decibels(self.antennas, self.users)
        _ = self.curves
        return self

    def _check_acting(self) -> None:
        """Refuse what has no effect: what is drawn beside channels of a file, uses without refinement."""
        fields = type(self).model_fields
        names = ("antennas", "users", "realizations", "correlation") if self.channels is not None else ()
        for name in names:
            if getattr(self, name) != fields[name].default:
                raise ParameterError(name, getattr(self, name), "has no effect beside channels; leave it out")
        if self.uses != fields["uses"].default and "refined" not in self.detector_names:
            raise ParameterError("uses", self.uses, "has no effect without the detector refined; leave it out")

    @property
    def constellation(self) -> Constellation:
        """Constellation of every user."""
        return Constellation(self.order)

    @property
    def exact_name(self) -> str:
        """Name of the exact detector."""
        return "MMSE" if self.regularised else "zero forcing"

    @property
    def detector_names(self) -> tuple[str, ...]:
        """Names of the detectors."""
        return tuple(name.strip() for name in self.detectors.split(","))

    @property
    def curves(self) -> tuple[tuple[str, str, int], ...]:
        """Name, detector and uses of every curve; several uses of the detector refined are a curve each.

        Raises:
            ParameterError: A number of uses cannot be used.
        """
        texts = [text.strip() for text in self.uses.split(",")]
        if not all(text.isdecimal() and FEWEST <= int(text) <= MOST for text in texts):
            raise ParameterError("uses", self.uses, f"must be whole numbers from {FEWEST} to {MOST}, with commas")
        several = len(texts) > 1
        found: list[tuple[str, str, int]] = []
        for name in self.detector_names:
            if name == "refined":
                found += [(f"{name}, {one} uses" if several else name, name, int(one)) for one in texts]
            else:
                found.append((name, name, 1))
        return tuple(dict.fromkeys(found))

    def decibels(self, antennas: int, users: int) -> RealArray:
        """Return the signal-to-noise ratios, dB, in rising order.

        Args:
            antennas: Antennas of the channels.
            users: Users of the channels.

        Raises:
            ParameterError: One is no finite number, or zero forcing, about whose rate they are, does not exist.
        """
        if self.snr == "auto":
            if users > antennas:
                raise ParameterError("snr", "auto", "needs zero forcing, so an antenna a user; give the ratios in dB")
            return AUTOMATIC + round(ratio_of_rate(self.constellation, antennas, users, TARGET))
        try:
            found = np.array([float(text) for text in self.snr.split(",")])
        except ValueError:
            found = np.array([np.nan])
        if not (np.isfinite(found).all() and np.abs(found).max() <= 200):
            raise ParameterError("snr", self.snr, "must be finite numbers of dB from -200 to 200, with commas, or auto")
        return np.unique(found)
