"""Set-up of `throughput.py`: the ngspice shared library, which PySpice needs and the project itself does not.

The search order is: `NGSPICE_LIBRARY_PATH` (PySpice's own variable), a copy in the project's `.ngspice/library`, the
system's. If there is none, the package of Debian or Ubuntu is fetched with apt-get and unpacked into that copy: no root
is needed and nothing outside the project changes. On Debian 12 it comes from the backports, which have KLU.

    python benchmarks/pyspice_library.py      does this and prints the path of the library
"""

from __future__ import annotations

import ctypes.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VARIABLE = "NGSPICE_LIBRARY_PATH"
COPY = ROOT / ".ngspice" / "library"
PACKAGE = "libngspice0"
MEND = (
    f"PySpice needs ngspice's shared library. Install it (Debian, Ubuntu: apt-get install {PACKAGE}; Fedora: dnf "
    f"install libngspice; macOS: brew install libngspice) or set {VARIABLE} to its file."
)


def provide() -> str:
    """Path of the library for PySpice; fetched if there is none and apt-get can.

    Raises:
        SystemExit: There is none; the text has the command to install it.
    """
    if found := find():
        return found
    if shutil.which("apt-get") and shutil.which("dpkg"):
        print(f"fetching {PACKAGE} with apt-get into .ngspice/library", file=sys.stderr)
        try:
            _fetch()
        except subprocess.CalledProcessError as error:
            print(f"apt-get: {error.stderr.strip()[-300:]}", file=sys.stderr)
    if found := find():
        return found
    raise SystemExit(MEND)


def find() -> str | None:
    """A library that is there already: the variable's, the project's, the system's."""
    copies = sorted(path for path in COPY.glob("**/libngspice.so*") if not path.is_symlink())
    return os.environ.get(VARIABLE) or (str(copies[0]) if copies else ctypes.util.find_library("ngspice"))


def _fetch() -> None:
    """Downloads the package, from the backports first, and unpacks it."""
    with tempfile.TemporaryDirectory(prefix="amc-library-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        suites = _sources(folder / "parts")
        options = _options(folder)
        _run(["apt-get", *options, "update"], folder)
        _run(["apt-get", *options, *suites, "download", PACKAGE], folder)
        COPY.mkdir(parents=True, exist_ok=True)
        for archive in folder.glob("*.deb"):
            _run(["dpkg", "-x", str(archive), str(COPY)], folder)


def _sources(parts: Path) -> list[str]:
    """Fills a folder with apt's sources and the release's backports; returns the option that prefers those."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from installer.apt_sources import PARTS, backports_entries

    parts.mkdir()
    for source in PARTS.glob("*"):
        (parts / source.name).symlink_to(source)
    release = platform.freedesktop_os_release()
    if release.get("ID") != "debian":
        return []
    codename = release["VERSION_CODENAME"]
    for number, (text, suffix) in enumerate(backports_entries(codename)):
        (parts / f"amc-backports-{number}{suffix}").write_text(text)
    return ["--target-release", f"{codename}-backports"]


def _options(folder: Path) -> list[str]:
    """Keep apt-get's lists and downloads in the folder."""
    places = {"Dir::Etc::sourceparts": folder / "parts", "Dir::State::lists": folder / "lists"}
    places["Dir::Cache"] = folder / "cache"
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    return ["-o", "Debug::NoLocking=true", *(word for k, v in places.items() for word in ("-o", f"{k}={v}"))]


def _run(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)


if __name__ == "__main__":
    print(provide())
