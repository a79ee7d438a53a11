"""Where the `amc` command begins. It imports next to nothing, so that Ctrl-C is answered before all else is loaded."""

import signal

from amc_circuits.cli.interrupts import end_at_once


def main() -> None:
    """Loads the command line and runs it; until a command runs, Ctrl-C ends the process at once."""
    # Where it is ignored, as behind nohup, it stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, end_at_once)
    from amc_circuits.cli.app import main

    main()
