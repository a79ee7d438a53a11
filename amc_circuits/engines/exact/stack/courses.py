"""Coordinates of many circuits, and what limits add, at Gauss's points of their panels, one circuit after the other."""

from __future__ import annotations

import numpy as np

from amc_circuits.engines.exact.nonlinear.panels import POINTS
from amc_circuits.engines.exact.stack.closed_forms import DEGREE, ClosedForms
from amc_circuits.engines.exact.stack.integrator import Course
from amc_circuits.engines.exact.stack.panels import PanelsOfMany
from amc_circuits.engines.exact.stack.weights import Poles
from netlists.record import FloatArray


class Courses:
    """Courses of P circuits, by the closed forms of their steps.

    Attributes:
        course: Their steps.
        panels: Their panels.
        first: Place of the first panel of each circuit, then the number of all, shape (P + 1,).
    """

    def __init__(self, poles: Poles, course: Course, panels: PanelsOfMany) -> None:
        self.course, self.panels, self._poles = course, panels, poles
        count = np.arange(len(course.whole) + 1)
        self._steps, self.first = np.searchsorted(course.owner, count), np.searchsorted(panels.owner, count)
        self._forms = ClosedForms.of(poles, course)
        self._real = (poles.side == 0).sum(axis=1).tolist()

    def own(self, k: int) -> slice:
        """Return the place of the panels of circuit k."""
        return slice(int(self.first[k]), int(self.first[k + 1]))

    def time(self, k: int) -> FloatArray:
        """Return the points of the panels of circuit k, shape (T,), s."""
        return self.panels.time[self.own(k)].ravel()

    def of(self, k: int) -> tuple[FloatArray, FloatArray]:
        """Return the coordinates of circuit k (T + 1, n), and the currents that limits add at outputs (T + 1, m), A.

        At the points of its panels, and at the end of the slot.
        """
        steps, forms, real = slice(self._steps[k], self._steps[k + 1]), self._forms, self._real[k]
        time, own = self.time(k), self.panels.step[self.own(k)] - steps.start
        after = time - np.repeat(self.course.start[steps][own], POINTS)
        share = after / np.repeat(self.course.length[steps][own], POINTS)
        counts = POINTS * np.bincount(own, minlength=steps.stop - steps.start)
        lines = forms.lines[steps]
        found = np.empty((len(time) + 1, lines.shape[2]))
        vander = np.ones((len(share), DEGREE + 1))
        np.multiply.accumulate(np.broadcast_to(share[:, None], vander[:, 1:].shape), axis=1, out=vander[:, 1:])
        cuts = np.append(0, np.cumsum(counts)).tolist()
        for place in range(len(counts)):
            here = slice(cuts[place], cuts[place + 1])
            vander[here].dot(lines[place], found[here])
        n, values = self._poles.side.shape[1], self._poles.values[k]
        fading = np.exp(after[:, None] * values.real[:real])
        fading *= np.repeat(forms.amplitude.real[steps, :real], counts, axis=0)
        found[:-1, :real] += fading
        if real < n:
            turning = np.exp(after[:, None] * values[real::2])
            turning *= np.repeat(forms.amplitude[steps, real::2], counts, axis=0)
            found[:-1, real:n:2] += turning.real
            found[:-1, real + 1 : n : 2] += turning.imag
        found[-1, :n], found[-1, n:] = self.course.state[k], self.course.last[k]
        return found[:, :n], found[:, n:]
