"""Names of a package that are imported at first use."""

import subprocess
import sys

import pytest

from amc_circuits import lazy_names


def test_names_come_from_their_modules():
    """A name is that of its module; the others are refused, and the list has all of them and the version."""
    attribute, names = lazy_names("some", {"sqrt": "math", "ceil": "math"})
    assert attribute("sqrt")(9) == 3
    assert names() == ["__version__", "ceil", "sqrt"]
    with pytest.raises(AttributeError, match="module 'some' has no attribute 'floor'"):
        attribute("floor")


def test_roots_load_neither_numpy_nor_pydantic():
    """Importing the packages whose names are lazy loads no numbers, no models and no pictures."""
    code = "import sys, netlists, amc_circuits, optimizer, mimo, analog_training\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "pydantic", "matplotlib"} & set(done.stdout.split())
