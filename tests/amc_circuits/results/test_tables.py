"""Printed tables."""

from rich.table import Table

from amc_circuits.results.tables import print_table


def test_text_between_colons_is_printed_as_it_is(capsys):
    """No title, heading or cell becomes a symbol, as a name of a file may have colons."""
    grid = Table(title="a:dog:b")
    grid.add_column("of :cat:")
    grid.add_row("x:fish:y")
    print_table(grid)
    printed = capsys.readouterr().out
    assert [text in printed for text in ("a:dog:b", "of :cat:", "x:fish:y")] == [True] * 3
