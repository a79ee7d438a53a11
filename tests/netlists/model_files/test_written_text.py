"""Text that ngspice gets from a model file: plain elements with names of ours, whatever the file holds."""

import re
import string
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netlists import ParameterError
from netlists.model_files.file import ModelFileWarning, read_model
from tests.netlists.model_files import cases as files
from tests.netlists.model_files.cases import BODY, GOOD, HEAD

DANGEROUS = (
    ".control", ".endc", "shell", "source", "codemodel", "osdi", "write", "file=", "filesource", "`", '"', "$", ";",
    "\\", "@", ".include", ".lib", ".exec", ".options", ".global",
)  # fmt: skip
CANONICAL = re.compile(
    r"\.subckt core( n\d+){5}|\.ends core|\.model m\d+ [a-z]+ [a-z0-9_.=+ -]*"
    r"|[rclkviefghdqjmswbt]\d+ [a-z0-9_.=+\-*/^()<>!&|?:, ]*"
)


@pytest.mark.parametrize("line", ["R inp 0 1k", "R3 inp $HOME 1k", "R3 inp $N_0001 1k", "R/x&%! <a|b> [c] 1k"])
def test_names_are_never_written_out(tmp_path, line):
    """A name may be a letter alone or hold any sign, for ngspice gets a number in its place."""
    model = read_model(files.written(tmp_path, f"{HEAD}{line}\n{BODY}.ends\n"), "amp", files.PINS)
    assert all(CANONICAL.fullmatch(each) for each in model.text.split("\n"))
    assert re.search(r"^r\d+ n\d+ (0|n\d+) 1000.0$", model.text, re.MULTILINE)


PIECES = st.one_of(
    st.sampled_from([
        ".control\n", "\n+", "\n*", ".include x\n", "shell touch hit\n", ".subckt a b\n", ".ends\n", ".model x d\n",
        ".param q={1}\n", "A1 ", "X9 ", "v(", "poly(2)", "table", "params:", " off ", "file=x", "value={v(1)}", "1e308",
        "{", "}", "(", ")", "'", "=", "`", "$ ", ";", "//", "\\\\\n", "\t", "@", '"', "\r", "\x0c", "\u00b5", ",", "-",
        "^", "?", ":",
    ]),
    st.text(string.printable, max_size=4),
)  # fmt: skip
GOOD_FILES = [GOOD, files.BOYLE.replace("BOYLE-1", "amp"), files.BEHAVIOURAL.replace("ABM_OPAMP", "amp")]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.sampled_from(GOOD_FILES), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), max_size=3))
def test_changed_files_are_refused_or_hold_plain_elements_only(tmp_path, text, changes):
    """Whatever is put in or taken out: an error of ours, or text in which every line is an element or a model."""
    for part, taken, put in changes:
        place = int(part * len(text))
        text = text[:place] + put + text[place + taken :]
    path = tmp_path / "model.lib"
    path.write_bytes(text.encode("latin-1"))
    try:
        with warnings.catch_warnings(action="ignore", category=ModelFileWarning):
            model = read_model(path, "amp", files.PINS)
    except ParameterError as error:
        assert str(error).isprintable()
        return
    for line in model.text.split("\n"):
        assert CANONICAL.fullmatch(line), line
    assert not any(word in model.text for word in DANGEROUS)
    assert model.text.count(".subckt") == model.text.count(".ends") == 1
