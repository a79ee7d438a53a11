"""The steps of scripts/setup. Standard library only, because it runs before anything is installed."""
