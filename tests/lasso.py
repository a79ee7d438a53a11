"""Sparse problems, and scikit-learn's answer to them."""

import numpy as np
from sklearn.linear_model import Lasso


def problem(rows, columns, count, seed):
    """A Gaussian F, and y of an x with few entries."""
    random = np.random.default_rng(seed)
    matrix, x = random.standard_normal((rows, columns)), np.zeros(columns)
    x[random.choice(columns, count, replace=False)] = random.choice([-1, 1], count) * random.uniform(0.5, 1.5, count)
    return matrix, matrix @ x


def scikit(matrix, y, penalty):
    """Scikit-learn's minimum of the same function; its alpha is for the mean over the rows."""
    fit = Lasso(alpha=penalty / len(y), fit_intercept=False, tol=1e-14, max_iter=10**6)
    return fit.fit(matrix, y).coef_
