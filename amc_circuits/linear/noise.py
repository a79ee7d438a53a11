"""Thermal and amplifier noise of the outputs, from the linear circuit by a Lyapunov equation.

The linear circuit under white noise is `ds = A s dt + B dn` with `E[dn dn^T] = W dt`, W the two-sided intensity of the
currents into the nodes. Its stationary covariance P solves `A P + P A^T + B W B^T = 0` (e.g. K. J. Astrom, Introduction
to Stochastic Control Theory, 1970, chapter 3). Sources:

- every resistor: a network of conductances at one temperature has `W = 2 k T L`, L its Laplacian (J. B. Johnson and
  H. Nyquist, Phys. Rev. 32, 97 and 110, 1928; R. Q. Twiss, J. Appl. Phys. 26, 599, 1955), reduced arrays included;
- every op-amp and inverter: a white voltage `input_noise` at its input, which drives its stage by w_T.

Output pins without a capacitor pass white noise, which has infinite variance. So the noise is measured behind a
one-pole read-out at each output. See docs/noise.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import noise_circuit, stage_of
from amc_circuits.linear.stability import complex_text
from netlists import Circuit, OpAmps, ParameterError
from netlists.errors import real_number
from netlists.noise_deck import BOLTZMANN
from netlists.record import FloatArray
from netlists.short_text import short_repr

RESTING = 1e-12
"""Change of an exponent below which an exponential stands still."""


@dataclass(frozen=True)
class Noise:
    """Noise of the outputs, behind the read-out; its two parts are independent.

    Attributes:
        thermal: Covariance from the resistors, shape (N, N), V^2.
        amplifier: Covariance from the inputs of op-amps and inverters, shape (N, N), V^2.
        bandwidth: Pole of the read-out, Hz.
    """

    thermal: FloatArray
    amplifier: FloatArray
    bandwidth: float

    __repr__ = short_repr

    @property
    def covariance(self) -> FloatArray:
        """Covariance of all noise, shape (N, N), V^2."""
        return self.thermal + self.amplifier

    @property
    def sigma(self) -> FloatArray:
        """Standard deviation of each output, shape (N,), V."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def norm(self) -> float:
        """Root of the mean square of the 2-norm of all outputs' noise, V."""
        return math.sqrt(np.trace(self.covariance))


def noise(circuit: Circuit, bandwidth: float | None = None) -> Noise:
    """Compute the output noise of a circuit at its temperature, behind a one-pole read-out.

    Args:
        circuit: Circuit with the noise sources.
        bandwidth: Pole of the read-out, Hz. None uses the op-amps' largest GBWP: no loop of one-pole op-amps is
            faster, so such a read-out adds little to the settling time and passes at least half of their variance.

    Raises:
        ParameterError: If a pole grows, so that noise would grow without limit, or the bandwidth is unusable.
    """
    pole = _read_out(circuit, bandwidth)
    linear, laplacian = noise_circuit(circuit, pole)
    if linear.poles[0].real >= 0:
        what = f"an unstable circuit (pole at {complex_text(complex(linear.poles[0]))} 1/s)"
        raise ParameterError("A", what, "noise is known of stable circuits only; amc stability says what to try")
    outputs = linear.nodes[linear.outputs]
    sources = (2 * BOLTZMANN * laplacian, _input_intensity(linear, circuit))
    thermal, amplifier = filtered_covariances(linear, sources, outputs, pole)
    return Noise(circuit.temperature * thermal, amplifier, pole)


def _read_out(circuit: Circuit, bandwidth: float | None) -> float:
    """Return the pole of the read-out, Hz: the given one, or the largest GBWP."""
    given = max(record.equivalent.gbwp for record in circuit.opamps) if bandwidth is None else bandwidth
    pole = real_number("bandwidth", given)
    if not (math.isfinite(pole) and pole > 0):
        raise ParameterError("bandwidth", pole, "must be a finite frequency above 0 Hz")
    return pole


def noise_after(circuit: Circuit, time: float, bandwidth: float | None = None) -> Noise:
    """Compute the output noise at a time after a start without noise, which a circuit with growing poles has, too.

    With the read-out of `filtered_covariances`, `P(t) = int_0^t exp(A s) B W B^T exp(A^T s) ds` from the eigenvalues
    of A: `(exp((l_i + l_j^*) t) - 1)/(l_i + l_j^*)` times the entries of B W B^T in its modes.

    Args:
        circuit: Circuit with the noise sources.
        time: Time after the start, s.
        bandwidth: Pole of the read-out, Hz, as in `noise`.

    Raises:
        ParameterError: The bandwidth is unusable.
    """
    bandwidth = _read_out(circuit, bandwidth)
    linear, laplacian = noise_circuit(circuit, bandwidth)
    outputs, pole = linear.nodes[linear.outputs], 2 * math.pi * bandwidth
    count, size = outputs.stop - outputs.start, len(linear.state)
    matrix = np.block([[linear.state, np.zeros((size, count))], [pole * linear.read[outputs], -pole * np.eye(count)]])
    driven = np.vstack([linear.drive, pole * linear.feed[outputs]])
    values, vectors = np.linalg.eig(matrix)
    inward = np.linalg.solve(vectors, driven)
    rates = values[:, None] + values[None].conj()
    grown = np.where(np.abs(rates) * time > RESTING, np.expm1(rates * time) / np.where(rates == 0, 1, rates), time)

    def covariance(intensity: FloatArray) -> FloatArray:
        modal = inward @ intensity @ inward.conj().T * grown
        seen = vectors[size:]
        return np.asarray((seen @ modal @ seen.conj().T).real)

    thermal = circuit.temperature * covariance(2 * BOLTZMANN * laplacian)
    return Noise(thermal, covariance(_input_intensity(linear, circuit)), bandwidth)


def filtered_covariances(
    circuit: LinearCircuit, intensities: Sequence[FloatArray], rows: slice, bandwidth: float
) -> list[FloatArray]:
    """Compute the stationary covariances of some nodes behind a one-pole filter each, V^2.

    With C and D the rows of `read` and `feed` and w the filter's pole, `dz = w (C s - z) dt + w D dn`. The Lyapunov
    equation of (s, z) splits into that of s, a linear one for `R = E[s z^T] = w (w - A)^-1 (P C^T + B W D^T)`, and
    `E[z z^T] = (C R + R^T C^T + w D W D^T)/2`.

    Args:
        circuit: Stable linear circuit; its inputs are the noise.
        intensities: Two-sided intensity W of white noise at the inputs, of each source, shape (inputs, inputs), input
            units^2/Hz.
        rows: Rows of the nodes.
        bandwidth: Pole of the filter, Hz.
    """
    pole, read, feed = 2 * math.pi * bandwidth, circuit.read[rows], circuit.feed[rows]
    lag = np.eye(len(circuit.state)) - circuit.state / pole
    own = _stationary(circuit.state, [circuit.drive @ one @ circuit.drive.T for one in intensities])
    passed = [one @ feed.T for one in intensities]
    driven = [states @ read.T + circuit.drive @ one for states, one in zip(own, passed, strict=True)]
    crosses = np.split(read @ np.linalg.solve(lag, np.hstack(driven)), len(driven), axis=1)
    return [(cross + cross.T + pole * feed @ one) / 2 for cross, one in zip(crosses, passed, strict=True)]


def _stationary(matrix: FloatArray, driven: Sequence[FloatArray]) -> list[FloatArray]:
    """Solve `A P + P A^T + Q = 0` for every Q, by one Schur form of a stable A.

    Reference: Bartels and Stewart, Communications of the ACM 15, 820, 1972.
    """
    from scipy.linalg import schur  # imported here: otherwise every command would wait for it
    from scipy.linalg.lapack import dtrsyl

    form, basis = schur(matrix, output="real")
    found = []
    for one in driven:
        solved, scale, _ = dtrsyl(form, form, -basis.T @ one @ basis, tranb="T")
        found.append(basis @ (solved / scale) @ basis.T)
    return found


def _input_intensity(linear: LinearCircuit, circuit: Circuit) -> FloatArray:
    """Compute the two-sided intensity of the drive of all op-amps' stages by their input noise, V^2/s^2/Hz."""
    intensity = np.zeros((len(linear.rest), len(linear.rest)))
    for part in circuit.of(OpAmps):
        record, stage = part.record.equivalent, np.arange(len(linear.rest))[linear.nodes[stage_of(part)]]
        rate = record.unity_gain_frequency * record.input_weights[0]
        intensity[stage, stage] = (rate * record.input_noise) ** 2 / 2
    return intensity
