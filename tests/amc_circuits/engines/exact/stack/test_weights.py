"""Weights of steps of many circuits."""

import numpy as np
import pytest

from amc_circuits.engines.exact.stack.weights import FEW, SOURCES, Weights


@pytest.mark.parametrize(("size", "width"), [(1, 0), (5, 4), (16, 16), (12, 6)])
def test_few_and_many_circuits_have_the_same_bits(size, width):
    """Weights of one circuit, which are applied at once, and of many, source by source."""
    rng, many = np.random.default_rng(size), FEW // size + 1
    weights = Weights(*(rng.standard_normal((many, 4, SOURCES, one)) for one in (size, width)))
    for count in (1, 4, SOURCES):
        given = rng.standard_normal((many, count, size))
        found, one = weights.applied(given), np.arange(3, 4)
        assert (weights.part(one).applied(given[one]) == found[one]).all()
        at_last = weights.part(one).applied(given[one], slice(-1, None))
        assert (at_last == found[one, -1:]).all()
        # A mode turns into the other one of its pair: -1 and 1 would be the parts of an imaginary number.
        other = given.reshape(many, count, -1)[..., size - width :].reshape(many, count, width // 2, 2)[..., ::-1]
        turned = np.einsum("pfkn,pkn->pfn", weights.turning[:, :, :count], other.reshape(many, count, width))
        wanted = np.einsum("pfkn,pkn->pfn", weights.own[:, :, :count], given)
        wanted[..., size - width :] += turned
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-13)
