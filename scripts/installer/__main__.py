"""`python -m installer`: does what scripts/setup promises."""

import argparse
import os
import sys
import time
from pathlib import Path

from installer import browser, environment, provision
from installer.ngspice import VARIABLE, Ngspice
from installer.progress import duration, reporting
from installer.steps import SetupError, only_one, say


def main(arguments: list[str]) -> int:
    """Runs the steps that are left to do; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/setup", description="Makes what the project needs.")
    parser.add_argument("--check", action="store_true", help="only say what is missing; exit 1 if something is")
    parser.add_argument("--browser", action="store_true", help="a browser for the tests that open pages, too")
    options = parser.parse_args(arguments)
    root = Path(__file__).resolve().parents[2]
    try:
        return check(root, options.browser) if options.check else setup(root, options.browser)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("setup: interrupted; the next run goes on from here", file=sys.stderr)
        return 130


def check(root: Path, with_browser: bool) -> int:
    """Says what is there and what is missing, and changes nothing."""
    current, found = environment.is_current(root), provision.settled(root, os.environ)
    say(".venv is ready" if current else ".venv is missing or out of date; type: scripts/setup")
    say(f"{found} is ready" if found else "ngspice is missing, or a newer one may be had; type: scripts/setup")
    browser_found = not with_browser or browser.is_there(os.environ)
    if with_browser:
        say("a browser is ready" if browser_found else "a browser is missing; type: scripts/setup --browser")
    return 0 if current and found and browser_found else 1


def _provided(root: Path) -> Ngspice:
    """Provide an ngspice, with a line every few seconds."""
    with reporting("ngspice"):
        return provision.provide(root, os.environ)


def setup(root: Path, with_browser: bool) -> int:
    """Does what is missing; without a lock when that is nothing. A browser may be missing all the same."""
    began = time.monotonic()
    found = provision.settled(root, os.environ)
    if not (environment.is_current(root) and found):
        with only_one(root) as lock:
            found = provision.settled(root, os.environ) or _provided(root)
            if not environment.is_current(root):
                environment.make(root, lock)
    if with_browser and not browser.is_there(os.environ):
        with only_one(root):
            browser.provide(os.environ)
    if not found.klu and os.environ.get(VARIABLE):
        say(f"{VARIABLE} names an ngspice without KLU; large circuits take about ten times longer")
    seconds = time.monotonic() - began
    say(f"ready: .venv and {found}" + (f", after {duration(seconds)}" if seconds >= 1 else ""))
    return 0


sys.exit(main(sys.argv[1:]))
