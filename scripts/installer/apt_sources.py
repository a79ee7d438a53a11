"""Reads the machine's apt sources and makes the entries of its release's backports out of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAIN_LIST = Path("/etc/apt/sources.list")
PARTS = Path("/etc/apt/sources.list.d")

ONE_LINE = re.compile(r"deb\s+(?P<options>\[[^]]*\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>[^#]+)")


@dataclass(frozen=True)
class Entry:
    """One entry of the machine's sources.

    Attributes:
        suites: The releases it serves.
        components: Such as main.
        suffix: Suffix of a file in this format: `.sources` (deb822) or `.list` (one line an entry).
        template: Its text, with `{suite}` for the suites; types and components are reduced to `deb` and `main`.
    """

    suites: tuple[str, ...]
    components: tuple[str, ...]
    suffix: str
    template: str


def backports_entries(codename: str, main_list: Path = MAIN_LIST, parts: Path = PARTS) -> list[tuple[str, str]]:
    """Entries of a release's backports, made from the entries that serve the release's main component.

    Everything else of those stays as it is: address, options, `Signed-By`. Often there is one; where another archive
    calls its suite like the release, too, apt finds out that it has no backports.

    Args:
        codename: The release, such as "bookworm".
        main_list: The file in the one-line format.
        parts: The folder of further files in either format.

    Returns:
        Pairs of text and file suffix; none if the machine has the backports among its sources already.
    """
    suite = f"{codename}-backports"
    entries = list(read_entries(main_list, parts))
    if any(suite in entry.suites for entry in entries):
        return []
    made = [
        (entry.template.replace("{suite}", suite), entry.suffix)
        for entry in entries
        if codename in entry.suites and "main" in entry.components
    ]
    return list(dict.fromkeys(made))


def read_entries(main_list: Path, parts: Path) -> Iterator[Entry]:
    """All enabled entries for binary packages, in both formats."""
    for path in sorted(parts.glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text(errors="replace")):
            yield from _from_stanza(stanza)
    for path in (main_list, *sorted(parts.glob("*.list"))):
        if path.is_file():
            for line in path.read_text(errors="replace").splitlines():
                yield from _from_line(line)


def _from_stanza(stanza: str) -> Iterator[Entry]:
    """The entry of one stanza; a field's value keeps its continuation lines, comments are left out."""
    text = "\n".join(line for line in stanza.splitlines() if line.strip() and not line.startswith("#"))
    pairs = [field.partition(":") for field in re.split(r"\n(?=\S)", text)]
    fields = {name.strip().lower(): value for name, colon, value in pairs if colon}
    if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").strip() == "no":
        return
    suites, components = (tuple(fields.get(name, "").split()) for name in ("suites", "components"))
    changed = fields | {"types": " deb", "suites": " {suite}", "components": " main"}
    template = "".join(f"{name.title()}:{value}\n" for name, value in changed.items())
    yield Entry(suites, components, ".sources", template)


def _from_line(line: str) -> Iterator[Entry]:
    """The entry of one line, if it is one."""
    if match := ONE_LINE.match(line.strip()):
        template = f"deb {match['options'] or ''}{match['uri']} {{suite}} main\n"
        yield Entry((match["suite"],), tuple(match["components"].split()), ".list", template)
