"""Results of the parts of a benchmark are kept in a file, with the sources of which they are results."""

import json

import pytest

from benchmarks.kept import Kept
from benchmarks.mimo.__main__ import chosen


def test_a_part_is_computed_once_while_its_sources_are_the_same(tmp_path):
    """Also after a line that broke off; other sources compute it again, and nothing is kept without a file."""
    source, path, calls = tmp_path / "source.py", tmp_path / "kept" / "results.jsonl", []

    def result(kept, part):
        return kept.result(part, lambda: calls.append(part) or [1.5, len(calls)])

    source.write_text("a = 1\n")
    first = Kept(path, [str(source)])
    assert result(first, "one") == [1.5, 1] == result(first, "one")
    with path.open("a") as file:
        file.write(json.dumps({"part": "two"})[:9])
    again = Kept(path, [str(source)])
    assert result(again, "one") == [1.5, 1] and result(again, "two") == [1.5, 2]
    assert result(Kept(path, [str(source)]), "two") == [1.5, 2]
    source.write_text("a = 2\n")
    assert result(Kept(path, [str(source)]), "one") == [1.5, 3]
    assert result(Kept(None, [str(source)]), "one") == [1.5, 4]
    assert calls == ["one", "two", "one", "one"]


def test_a_file_of_something_else_is_left_as_it_is(tmp_path):
    """Also a folder, and a place that cannot be made: that is said before anything is computed."""
    page = tmp_path / "page.md"
    for text in ("# Benchmarks\n", '{"title": 1}\n', "a"):
        page.write_text(text)
        for path in (page, tmp_path, page / "kept"):
            with pytest.raises(SystemExit, match="name another file"):
                Kept(path, [])
        assert page.read_text() == text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kept"], "name a file"),
        (["--kept", "--long"], "name a file"),
        (["--kept", "x.kept"], "no effect without --long"),
        (["--kept", "x.kept", "formulas", "--long"], "no effect without --long"),
        (["--long", "formula"], "no group formula"),
    ],
)
def test_words_without_a_meaning_are_refused(words, said, tmp_path, monkeypatch):
    """Nothing is written then."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=said):
        chosen(words)
    assert not list(tmp_path.iterdir())


def test_groups_are_all_or_those_that_are_named(tmp_path):
    """Names go before --long; the file of kept results is made at once."""
    path = tmp_path / "x.kept"
    assert [group.__name__ for group in chosen(["wired", "--kept", str(path), "formulas"])] == ["wired", "formulas"]
    assert path.read_text() == ""
    assert len(chosen(["--long"])) == len(chosen([])) + 3
