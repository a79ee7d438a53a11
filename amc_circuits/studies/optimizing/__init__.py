"""Optimization: values of free parameters that make one metric smallest while others keep their limits."""
