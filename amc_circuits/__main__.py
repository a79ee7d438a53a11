"""`python -m amc_circuits`: the `amc` command."""

from amc_circuits.cli.start import main

if __name__ == "__main__":
    main()
