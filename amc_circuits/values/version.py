"""Version of this package, as written into results and files."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def package_version() -> str:
    """Version of the installed package; `unknown` if it runs from a plain folder."""
    try:
        return version("amc")
    except PackageNotFoundError:
        return "unknown"
