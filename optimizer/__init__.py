"""Training in NumPy, with every matrix inversion of the second-order optimizer handed to a linear solver.

This layer speaks of gradients, curvature and damping. It meets the circuits in one place only,
`optimizer.linear_solver`.
"""
