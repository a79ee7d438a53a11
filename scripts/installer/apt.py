"""Debian packages: as root with apt-get; ngspice without root, too, by unpacking it into the project's folder.

Nothing under /etc is changed: the sources, the lists and the cache that apt uses here are in a folder of their own.
"""

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from installer.apt_sources import PARTS, backports_entries
from installer.ngspice import write_wrapper
from installer.steps import CommandError, SetupError, run, say

# Releases whose own ngspice has no KLU while their backports have one that has.
NEEDS_BACKPORTS = ("bookworm",)
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}

WRAPPER = """#!/bin/sh
# Written by scripts/setup: starts the ngspice unpacked beside this script.
here=$(cd "$(dirname "$(readlink -f "$0")")/../debian" && pwd)
export LD_LIBRARY_PATH="{libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
export AMC_NGSPICE_ROOT="$here"
export SPICE_LIB_DIR="$here/usr/share/ngspice"
export SPICE_SCRIPTS="$here/usr/share/ngspice/scripts"
exec "$here/usr/bin/ngspice" "$@"
"""


def install(root: Path) -> None:
    """Installs ngspice as root, or unpacks it into `.ngspice/` without root.

    Raises:
        CommandError: apt-get failed.
        SetupError: There is nothing to install.
    """
    with _own_folder() as (folder, options, suite):
        if os.geteuid() == 0:
            _install_as_root(options, suite)
        else:
            _unpack(root, folder, options, suite)


def install_packages(packages: Sequence[str]) -> None:
    """Installs packages; only root can.

    Raises:
        CommandError: apt-get failed.
    """
    with _own_folder() as (_, options, _):
        say(f"installing {' and '.join(packages)} with apt-get")
        _apt_get(options, "install", "-y", "--no-install-recommends", *packages)


@contextmanager
def _own_folder() -> Iterator[tuple[Path, list[str], str | None]]:
    """A folder for apt with the package lists in it, the options that keep apt there, and the suite of backports."""
    with tempfile.TemporaryDirectory(prefix="amc-apt-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # apt downloads as a user of its own
        suite = _add_backports(folder)
        options = _options(folder)
        say("reading the package lists (apt-get update)")
        _update(options)
        yield folder, options, suite


def _options(folder: Path) -> list[str]:
    """Options that keep apt inside the folder; only the package database of the machine is the machine's own."""
    own = {
        "Dir::Etc::sourceparts": folder / "parts",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "DPkg::Lock::Timeout": 120,
        "APT::Update::Error-Mode": "any",
        "Acquire::Retries": 2,
    }
    if os.geteuid() != 0:
        own |= {"Debug::NoLocking": "true", "Dir::State": folder / "state", "Dir::Log": folder / "log"}
        own["Dir::State::status"] = "/var/lib/dpkg/status"
    for part in ("parts", "lists/partial", "cache/archives/partial", "state", "log"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    return [word for name, value in own.items() for word in ("-o", f"{name}={value}")]


def _add_backports(folder: Path) -> str | None:
    """Fills the folder's source parts with the machine's own and, where needed, the release's backports."""
    parts = folder / "parts"
    parts.mkdir()
    for source in sorted(PARTS.glob("*")):
        (parts / source.name).symlink_to(source)
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return None
    codename = release.get("VERSION_CODENAME", "")
    if release.get("ID") != "debian" or codename not in NEEDS_BACKPORTS:
        return None
    for number, (text, suffix) in enumerate(backports_entries(codename)):
        (parts / f"amc-backports-{number}{suffix}").write_text(text)
    return f"{codename}-backports"


def _apt_get(options: list[str], *arguments: str) -> None:
    """Runs apt-get; its error is short: the command as one would type it, and the first error that apt names."""
    try:
        run(["apt-get", *options, *arguments], environ=QUIET)
    except CommandError as error:
        reason = next((line for line in str(error).splitlines() if line.startswith("E: ")), str(error))
        raise CommandError(f"apt-get {' '.join(arguments)}: {reason}") from error


def _update(options: list[str]) -> None:
    """Reads the lists. One source that fails is no reason to stop: what the rest has shows later."""
    try:
        _apt_get(options, "update")
    except CommandError as error:
        say(str(error))


def _packages(suite: str | None) -> list[str]:
    """Names of the package for apt, best first."""
    return [f"ngspice/{suite}", "ngspice"] if suite else ["ngspice"]


def _first_that_works(options: list[str], suite: str | None, arguments: list[str]) -> str:
    """Asks apt-get for each package in turn until one works; returns which."""
    failure = CommandError("nothing was tried")
    for package in _packages(suite):
        try:
            _apt_get(options, "install", "-y", "--no-install-recommends", *arguments, package)
        except CommandError as error:
            failure = error
        else:
            return package
    raise failure


def _install_as_root(options: list[str], suite: str | None) -> None:
    say(f"installing ngspice with apt-get{f', from {suite}' if suite else ''}")
    say(f"installed {_first_that_works(options, suite, [])}")


def _unpack(root: Path, folder: Path, options: list[str], suite: str | None) -> None:
    """Downloads ngspice and those of its libraries that the machine lacks, and unpacks them."""
    say("not root: downloading the ngspice packages to unpack them into .ngspice/")
    package = _first_that_works(options, suite, ["--download-only"])
    archives = sorted((folder / "cache" / "archives").glob("*.deb"))
    if not any(archive.name.startswith("ngspice_") for archive in archives):
        raise SetupError("apt has no other ngspice than the one installed.")
    place = root / ".ngspice" / "debian"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for archive in archives:
        run(["dpkg", "-x", archive, place])
    _make_relocatable(place)
    write_wrapper(root, WRAPPER.format(libraries=":".join(_library_folders(place))))
    say(f"unpacked {package} and {len(archives) - 1} libraries into .ngspice/")


def _library_folders(place: Path) -> list[str]:
    """The unpacked folders that hold shared libraries, as the wrapper spells them."""
    holders = {path.parent.relative_to(place) for path in place.rglob("*.so.*")}
    return [f"$here/{holder}" for holder in sorted(holders)]


def _make_relocatable(place: Path) -> None:
    """Points ngspice's start file at the unpacked code models, by a variable that the wrapper sets."""
    start_file = place / "usr/share/ngspice/scripts/spinit"
    if start_file.is_file():
        text = start_file.read_text(errors="replace")
        start_file.write_text(text.replace("codemodel /usr/", "codemodel $AMC_NGSPICE_ROOT/usr/"))
