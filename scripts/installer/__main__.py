"""`python -m installer`: does what scripts/setup promises."""

import argparse
import os
import sys
from pathlib import Path

from installer import environment, provision
from installer.ngspice import VARIABLE
from installer.steps import SetupError, only_one, say


def main(arguments: list[str]) -> int:
    """Runs the steps that are left to do; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/setup", description="Makes what the project needs.")
    parser.add_argument("--check", action="store_true", help="only say what is missing; exit 1 if something is")
    options = parser.parse_args(arguments)
    root = Path(__file__).resolve().parents[2]
    try:
        return check(root) if options.check else setup(root)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("setup: interrupted; the next run goes on from here", file=sys.stderr)
        return 130


def check(root: Path) -> int:
    """Says what is there and what is missing, and changes nothing."""
    current, found = environment.is_current(root), provision.settled(root, os.environ)
    say(".venv is ready" if current else ".venv is missing or out of date; type: scripts/setup")
    say(f"{found} is ready" if found else "ngspice is missing, or a newer one may be had; type: scripts/setup")
    return 0 if current and found else 1


def setup(root: Path) -> int:
    """Does what is missing; without a lock when that is nothing."""
    found = provision.settled(root, os.environ)
    if not (environment.is_current(root) and found):
        with only_one(root) as lock:
            found = provision.settled(root, os.environ) or provision.provide(root, os.environ)
            if not environment.is_current(root):
                environment.make(root, lock)
    if not found.klu and os.environ.get(VARIABLE):
        say(f"{VARIABLE} names an ngspice without KLU; large circuits take about ten times longer")
    say(f"ready: .venv and {found}")
    return 0


sys.exit(main(sys.argv[1:]))
