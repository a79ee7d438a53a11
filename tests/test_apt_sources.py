"""The backports entry is the machine's own entry of the release with another suite, in either format."""

import pytest
from installer.apt_sources import backports_entries

DEB822 = """# The release and its updates
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""


def entries(tmp_path, files):
    """The entries made from source files, given as name: text; `sources.list` is the main one."""
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    for name, text in files.items():
        (tmp_path if name == "sources.list" else parts).joinpath(name).write_text(text)
    return backports_entries("bookworm", tmp_path / "sources.list", parts)


def test_deb822_entry(tmp_path):
    """Address and key stay; suites, types and components are those of backports; security gives nothing."""
    expected = (
        "Types: deb\nUris: http://mirror.example/debian\nSuites: bookworm-backports\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/archive.gpg\n"
    )
    assert entries(tmp_path, {"debian.sources": DEB822}) == [(expected, ".sources")]


def test_key_inside_the_stanza_is_kept(tmp_path):
    """A key that stands in the entry itself keeps all its lines."""
    key = "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY865\n -----END PGP PUBLIC KEY BLOCK-----\n"
    text = f"Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\n{key}Components: main\n"
    ((made, _),) = entries(tmp_path, {"debian.sources": text})
    assert key in made


@pytest.mark.parametrize("options", ["", "[arch=amd64 signed-by=/usr/share/keyrings/archive.gpg] "])
@pytest.mark.parametrize("name", ["sources.list", "debian.list"])
def test_one_line_entry(tmp_path, name, options):
    """The one-line format keeps address and options, in the main file and in a part."""
    text = f"""# deb http://old.example/debian bookworm main
deb {options}http://mirror.example/debian bookworm main contrib # comment
deb-src {options}http://mirror.example/debian bookworm main
deb {options}http://mirror.example/debian-security bookworm-security main
"""
    expected = f"deb {options}http://mirror.example/debian bookworm-backports main\n"
    assert entries(tmp_path, {name: text}) == [(expected, ".list")]


@pytest.mark.parametrize(
    "text",
    [
        DEB822.replace("Types: deb deb-src", "Enabled: no\nTypes: deb"),
        DEB822.replace("bookworm", "trixie"),
        DEB822.replace("main contrib", "contrib"),
        DEB822.replace("bookworm-updates", "bookworm-backports"),
        "",
    ],
    ids=["disabled", "another release", "without main", "backports already there", "empty"],
)
def test_nothing_is_made_of_other_entries(tmp_path, text):
    """Where no entry serves the release's main, or backports are there already, nothing is added."""
    assert entries(tmp_path, {"debian.sources": text}) == []


def test_other_archives_of_the_same_suite_are_candidates(tmp_path):
    """Another archive that calls its suite like the release is tried as well; it cannot hide Debian's."""
    other = "deb http://vendor.example/tool bookworm main\n"
    made = entries(tmp_path, {"a.list": other, "debian.sources": DEB822})
    assert [suffix for _, suffix in made] == [".sources", ".list"]
