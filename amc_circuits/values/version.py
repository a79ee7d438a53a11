"""Version of this package, as results and files name it."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def package_version() -> str:
    """Version of the installed package; `unknown` when it runs from a plain folder."""
    try:
        return version("amc")
    except PackageNotFoundError:
        return "unknown"
