"""Energy of a solve by account."""

from __future__ import annotations

from dataclasses import dataclass

from amc_circuits.values.quantities import format_quantities
from netlists.record import FloatArray

Metric = float | FloatArray
"""Number for a single right-hand side, else shape (K,)."""


@dataclass(frozen=True)
class Energy:
    """Energy from the step to the settling time, J; nan where nothing settled.

    Attributes:
        accounts: Energy by account: `array` in cells and wires, `inputs` in the input resistors, further accounts of
            the circuit, and `amplifiers`, the delivered energy of supplies and input sources minus all others; None if
            the supply current of the op-amps is not known.
    """

    accounts: dict[str, Metric | None]

    def __repr__(self) -> str:
        return f"Energy({self.text})"

    @property
    def text(self) -> str:
        """Total and accounts in one line; smallest and largest value of several right-hand sides."""
        parts = [f"{name} {format_quantities(joules, 'J')}" for name, joules in self.accounts.items()]
        return f"total {format_quantities(self.total, 'J')}: {', '.join(parts)}"

    @property
    def total(self) -> Metric | None:
        """Total energy, J; None if the supply current of the op-amps is not known."""
        parts = [joules for joules in self.accounts.values() if joules is not None]
        return sum(parts) if len(parts) == len(self.accounts) else None

    @property
    def amplifiers(self) -> Metric | None:
        """Delivered energy minus all other accounts, J; None if the delivered energy is not known."""
        return self.accounts["amplifiers"]

    @property
    def array(self) -> Metric:
        """Energy dissipated in cells and wires, J."""
        return self._of("array")

    @property
    def inputs(self) -> Metric:
        """Energy dissipated in the input resistors, J; 0 in a circuit without them."""
        return self._of("inputs")

    @property
    def record(self) -> dict[str, Metric | None]:
        """All energies by name: the total, then the accounts."""
        first = {"total": self.total, "amplifiers": self.amplifiers, "array": self.array, "inputs": self.inputs}
        return first | self.accounts

    def _of(self, account: str) -> Metric:
        found = self.accounts.get(account)
        if found is not None:
            return found
        return 0.0 * next((joules for joules in self.accounts.values() if joules is not None), 0.0)
