"""Programming of the blocks: parts and random draws of each circuit, and the order of the rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits.solvers.blocks.parameters import BlockParameters
from amc_circuits.solvers.blocks.steps import LEAVES, LeafCircuit, RangedMvm
from amc_circuits.solvers.blocks.tree import Node, SingularBlockError, leaves, programmed_tree
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.values.checks import check_invertible
from netlists.record import FloatArray

MOST_FEEDBACK = 16.0
"""Largest feedback conductance of a tile in units of its largest row sum; a choice of this package."""


@dataclass
class Maker:
    """Programming of the circuits of blocks, each with random draws of its own.

    Attributes:
        hardware: Parts of every circuit, and the seed.
        fields: Keywords of `program` of the whole.
        parameters: Parameters of the whole.
        count: Number of circuits so far.
    """

    hardware: Hardware
    fields: dict[str, Any]
    parameters: BlockParameters
    count: int = 0

    def _own(self, **more: Any) -> dict[str, Any]:
        """Return the keywords of the next circuit: its seed is drawn from that of the whole."""
        words = np.random.SeedSequence(self.hardware.seed, spawn_key=(self.count,)).generate_state(2, np.uint64)
        self.count += 1
        seed = int(words[0]) << 64 | int(words[1])
        own = {"seed": seed, "fixed_scale": True, "scaling": "none", "topology": self.parameters.topology}
        return self.fields | own | more

    def inverse(self, matrix: FloatArray) -> LeafCircuit:
        """Program a leaf."""
        leaf, given = LEAVES[self.parameters.leaf, self.parameters.inputs], self.parameters
        shift = {"shift": given.shift} if given.shift else {}
        return leaf.program(matrix, **self._own(inverter_resistance=given.inverter_resistance, **shift))

    def mvm(self, matrix: FloatArray, gain: float) -> RangedMvm:
        """Program a tile whose outputs are `-gain` times the product with its matrix, or more.

        Its feedback conductance is at most `MOST_FEEDBACK` times its largest row sum. With compensating cells it is
        this sum: more would need as many cells.
        """
        if self.parameters.topology == "compensated":
            return RangedMvm.program(matrix, **self._own())
        wanted = self.hardware.wanted(matrix)
        row_sum = float(np.abs(wanted.difference).sum(axis=1).max())
        feedback = min(wanted.unit / (wanted.alpha * gain), MOST_FEEDBACK * row_sum)
        return RangedMvm.program(matrix, **self._own(feedback_conductance=feedback))


def positive_definite(matrix: FloatArray) -> bool:
    """Return True for a symmetric matrix, to rounding, that has a Cholesky factor."""
    if not np.allclose(matrix, matrix.T, rtol=0, atol=1e-12 * float(np.abs(matrix).max())):
        return False
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def pivoting_of(matrix: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """Compute order and signs of the rows with which all pivots of the elimination are above 0.

    The order is that of LU with partial pivoting. A row whose pivot is below 0 changes its sign, and with it the pivot.
    A block of one row then has a stable circuit; larger blocks often have.

    Returns:
        Places of the rows, shape (N,), and 1 or -1 for each, shape (N,).
    """
    from scipy.linalg import lu_factor  # here, for a matrix without pivoting needs no SciPy

    factors, exchanges = lu_factor(matrix)
    order = np.arange(len(matrix))
    for place, other in enumerate(exchanges):
        order[[place, other]] = order[[other, place]]
    return order, np.where(np.diag(factors) < 0, -1.0, 1.0)


def programmed_rows(
    matrix: FloatArray, maker: Maker, parameters: BlockParameters
) -> tuple[NDArray[np.int64], FloatArray, Node]:
    """Program with the rows as they are, or in another order where this is wanted or a leaf asks for it.

    Leaves by GINV do not ask, for they are stable in any order: without a definite matrix their rows are always
    ordered, so that no block is far worse conditioned than the matrix.

    Returns:
        Places and signs of the rows, shape (N,), and the programmed blocks.

    Raises:
        ParameterError: The matrix is singular.
        SingularBlockError: A block is singular.
    """
    check_invertible("A", matrix)

    def tree(order: NDArray[np.int64], signs: FloatArray) -> Node:
        return programmed_tree(signs[:, None] * matrix[order], parameters.stages, replace(maker, count=0))

    straight = np.arange(len(matrix)), np.ones(len(matrix))
    if parameters.pivoting == "none" or (parameters.pivoting == "auto" and positive_definite(matrix)):
        return *straight, tree(*straight)
    if parameters.pivoting == "auto" and parameters.leaf == "inv":
        try:
            root = tree(*straight)
        except SingularBlockError:
            root = None
        if root is not None and all(leaf.circuit.stability.stable for leaf in leaves(root)):
            return *straight, root
    order, signs = pivoting_of(matrix)
    return order, signs, tree(order, signs)
