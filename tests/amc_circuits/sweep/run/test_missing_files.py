"""Files that a specification names and that are missing: found before anything runs."""

import pytest


@pytest.mark.parametrize("option", ["opamp_file", "conductances"])
@pytest.mark.parametrize("section", ["[fixed]\n{} = '{}'", "[grid]\n{} = [SELF, '{}']", "[[points]]\n{} = '{}'"])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "there is no such file"),
        (lambda path: path.mkdir(), "is a folder; name a file"),
        (lambda path: path.symlink_to("gone"), "is a link to a file that is missing"),
    ],
    ids=["missing", "folder", "dangling"],
)
def test_a_missing_file_is_called_missing(amc, tmp_path, option, section, make, words):
    """With the line that names it, before anything runs, in the estimate, too."""
    path = tmp_path / "part"
    make(path)
    text = f'circuit = "inv"\n{section.format(option, path).replace("SELF", repr(__file__))}\n'
    (tmp_path / "spec.toml").write_text(text)
    for more in (("--out", tmp_path / "out"), ("--dry-run",)):
        amc("sweep", tmp_path / "spec.toml", *more).refused("line 3", option, f"got '{path}'; {words}")
    assert not (tmp_path / "out").exists()
