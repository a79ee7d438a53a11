"""Files in IDX format, for tests that read them."""

import struct


def idx_bytes(array, code):
    """An array in IDX format."""
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()
