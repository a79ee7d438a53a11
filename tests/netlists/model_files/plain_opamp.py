"""A plain op-amp file, and its reading with the warnings about it."""

import warnings

from netlists.model_files.file import ModelFileWarning, read_model

HEAD = ".subckt amp in+ in- vcc vee out\n"
BODY = """\
Gin 0 x value={limit(1m*V(in+,in-), -200u, 200u)}
R1 x 0 100meg
C1 x 0 15.9p
Ebuf y 0 x 0 1
Rout y out 100
Rq vcc vee 10k
"""
PLAIN = f"{HEAD}{BODY}.ends\n"
VENDORS = ("inp", "inn", "vdd", "vss", "out")


def read(folder, content, name="amp", pins=VENDORS):
    """A model, and what was said about its file."""
    path = folder / "model.lib"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = read_model(path, name, pins)
    assert all(one.category is ModelFileWarning for one in caught)
    return model, " ".join(str(one.message) for one in caught)
