"""Chromium, in which tests open pages: as root on Debian it is installed, elsewhere those tests are skipped."""

import os
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence

from installer import apt
from installer.steps import CommandError, say

PROGRAMS = ("chromium", "chromedriver")
PACKAGES = ("chromium", "chromium-driver")


def is_there(environ: Mapping[str, str]) -> bool:
    """True when the browser and what steers it are on the PATH."""
    return all(shutil.which(program, path=environ.get("PATH")) for program in PROGRAMS)


def provide(environ: Mapping[str, str], install: Callable[[Sequence[str]], None] | None = None) -> bool:
    """Installs them where that can be done, and else says what is missing: no reason to stop.

    Args:
        environ: The environment variables that decide what is found.
        install: Function that installs packages; by default apt, as root on Debian.

    Returns:
        True when they are there.
    """
    if not is_there(environ) and (install or _can_install()):
        try:
            (install or apt.install_packages)(PACKAGES)
        except CommandError as error:
            say(str(error))
    found = is_there(environ)
    if not found:
        say("there is no browser, so that tests that open pages are skipped. On Debian, type as root:")
        say(f"  apt-get update && apt-get install {' '.join(PACKAGES)}")
    return found


def _can_install() -> bool:
    """True for root on Debian; Ubuntu, say, has no such package but something that leads elsewhere."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return False
    return release.get("ID") == "debian" and os.geteuid() == 0 and shutil.which("apt-get") is not None
