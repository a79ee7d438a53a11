"""Variables by which a process gets one BLAS thread."""

BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
"""Variables that processes read at their start.

With more than one thread each they slow each other down several times.
"""
