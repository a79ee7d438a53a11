"""Results of the parts of a benchmark are kept in a file, with the sources of which they are results."""

import json

from benchmarks.kept import Kept


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
