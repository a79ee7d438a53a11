"""Decks that stand alone, run by ngspice as a user runs them."""

import re
import subprocess

from amc_circuits.engines import find_ngspice


def printed_settling_times(deck, home, metric="settling_time"):
    """Settling times, or first passes, that plain `ngspice -b` prints for a deck, by number of right-hand side."""
    done = subprocess.run(
        [find_ngspice().path, "-b", deck.name], cwd=deck.parent, env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return {int(k): float(value) for k, value in re.findall(rf"^{metric}_(\d+) = (\S+)", done.stdout, re.M)}
