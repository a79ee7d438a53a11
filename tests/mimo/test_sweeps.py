"""Studies as runs of sweeps: the files that their rows name."""

import pytest

from amc_circuits import ParameterError
from mimo.sweeps import files


@pytest.mark.parametrize("name", ["channels", "opamp_file"])
def test_a_missing_file_is_refused_by_name(tmp_path, name):
    """In one line, with the parameter and the path."""
    with pytest.raises(ParameterError, match=f"{name}: got .*missing.npy.*; cannot be read: No such file"):
        files({name: str(tmp_path / "missing.npy")})


def test_files_are_hashed_by_their_contents(tmp_path):
    """Nothing without a file."""
    (tmp_path / "H.npy").write_bytes(b"one")
    assert files({}) == "" and len(files({"channels": str(tmp_path / "H.npy")})) == 64
