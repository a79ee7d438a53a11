"""Handler of Ctrl-C before a command runs."""

import os


def end_at_once(*_: object) -> None:
    """End the process. An exception during an import could be printed by other code, or lost."""
    os.write(2, b"amc: interrupted\n")
    os._exit(130)
