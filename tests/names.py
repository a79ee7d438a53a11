"""Names of the nodes of INV and MVM, as the papers count them."""


def _numbered(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{k}" for k in range(1, count + 1)]


def inputs(size: int) -> list[str]:
    """Input source nodes of INV."""
    return _numbered("in", size)


def sums(size: int) -> list[str]:
    """Sum nodes, one a word line."""
    return _numbered("v", size)


def columns(size: int) -> list[str]:
    """Drivers of the positive array's bit lines."""
    return _numbered("c", size)


def inverted_columns(size: int) -> list[str]:
    """Drivers of the negative array's bit lines."""
    return _numbered("d", size)


def inverter_sums(size: int) -> list[str]:
    """Sum nodes of the inverters."""
    return _numbered("w", size)


def outputs(size: int) -> list[str]:
    """Outputs of the transimpedance amplifiers."""
    return _numbered("out", size)


def amplifiers(size: int) -> list[str]:
    """Names of the op-amps at the sum nodes."""
    return _numbered("amp", size)


def inverters(size: int) -> list[str]:
    """Names of the op-amps of the inverters."""
    return _numbered("inv", size)


def drivers(array: int, size: int) -> list[str]:
    """Bit line drivers of array 0 (positive) or 1 (negative)."""
    return inverted_columns(size) if array else columns(size)


def terminals(array: int, rows: int, columns: int) -> list[str]:
    """Ends of an array's lines: word lines, then bit lines."""
    return sums(rows) + drivers(array, columns)
