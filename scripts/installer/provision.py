"""Sees to it that there is an ngspice, with KLU if one is to be had, by the machine's own package manager."""

import os
import platform
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from installer import apt, ngspice
from installer.ngspice import Ngspice
from installer.steps import CommandError, SetupError, run, say

TRIED = Path(".ngspice/nothing-newer")

# Package managers beside apt: program, arguments, whether it must be root.
MANAGERS = (
    ("dnf", ("install", "-y", "ngspice"), True),
    ("pacman", ("-S", "--noconfirm", "--needed", "ngspice"), True),
    ("brew", ("install", "ngspice"), False),
)


def settled(root: Path, environ: Mapping[str, str]) -> Ngspice | None:
    """The ngspice to use if nothing is left to do about it, else None."""
    found = ngspice.find(root, environ)
    if found is None or environ.get(ngspice.VARIABLE):
        return found
    copy = root / ngspice.LOCAL
    if copy.exists() and found.path != copy:
        return None
    return found if found.klu or _was_tried(root, found) else None


def provide(root: Path, environ: Mapping[str, str], install: Callable[[Path], None] | None = None) -> Ngspice:
    """Finds an ngspice with KLU, installs one, or accepts one without KLU if nothing newer is to be had.

    Args:
        root: The project's folder.
        environ: The environment variables that decide what is found.
        install: Function that installs one; by default the machine's package manager.

    Raises:
        SetupError: There is none and none can be installed.
    """
    if ngspice.drop_broken_copy(root):
        say(f"removed {ngspice.LOCAL}, which does not run any more")
    present = ngspice.find(root, environ)
    say(f"found {present}" if present else "found no ngspice")
    if found := settled(root, environ) or _behind_another(root, environ):
        return found
    try:
        (install or install_with_package_manager)(root)
    except (CommandError, SetupError) as error:
        if present is None:
            raise SetupError(f"{error}\nThere is no ngspice. {_advice()}") from error
        say(f"no newer ngspice: {error}")
    if found := settled(root, environ) or _behind_another(root, environ):
        return found
    present = ngspice.find(root, environ)
    if present is None:
        raise SetupError(f"The package manager ended well, yet there is no ngspice. {_advice()}")
    _remember(root, present)
    say(f"nothing newer than {present} is to be had here. It works, but large circuits take about ten times longer.")
    say(f"to look again, remove {TRIED}")
    return present


def install_with_package_manager(root: Path) -> None:
    """Installs ngspice with the first package manager there is.

    Raises:
        SetupError: There is no known one, or it needs a right this user has not.
        CommandError: The package manager failed.
    """
    if shutil.which("apt-get") and shutil.which("dpkg"):
        apt.install(root)
        return
    for program, arguments, needs_root in MANAGERS:
        if shutil.which(program):
            if needs_root and os.geteuid() != 0:
                raise SetupError(f"{program} can install ngspice only as root.")
            say(f"installing ngspice: {program} {' '.join(arguments)}")
            run([program, *arguments])
            return
    raise SetupError("There is no package manager that this program knows (apt, dnf, pacman, brew).")


def _behind_another(root: Path, environ: Mapping[str, str]) -> Ngspice | None:
    """Puts an ngspice with KLU that the PATH hides, or does not hold, into use."""
    found = ngspice.find_with_klu(environ)
    if found is None:
        return None
    used = ngspice.find(root, environ)
    if used is None or not used.klu:
        wrapper = ngspice.link(root, found.path)
        say(f"{wrapper.relative_to(root)} now starts {found}")
    return ngspice.find(root, environ)


def _was_tried(root: Path, found: Ngspice) -> bool:
    note = root / TRIED
    return note.is_file() and note.read_text() == _note(found)


def _remember(root: Path, found: Ngspice) -> None:
    note = root / TRIED
    note.parent.mkdir(exist_ok=True)
    note.write_text(_note(found))


def _note(found: Ngspice) -> str:
    return f"{found} on {platform.platform()}\n"


def _advice() -> str:
    managers = {
        "apt-get": "apt-get update && apt-get install ngspice",
        "dnf": "dnf install ngspice",
        "pacman": "pacman -S ngspice",
        "brew": "brew install ngspice",
    }
    command = next((text for program, text in managers.items() if shutil.which(program)), "")
    by_hand = f"As root, type: {command}\n" if command else "Install ngspice 42 or newer.\n"
    return f"{by_hand}Or name an ngspice that you have: {ngspice.VARIABLE}=/path/to/ngspice scripts/setup"
