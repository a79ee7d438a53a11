"""Version of this package, as written into results and files."""

from functools import cache


@cache
def package_version() -> str:
    """Version of the installed package; `unknown` if it runs from a plain folder."""
    from importlib.metadata import PackageNotFoundError, version  # here, for few need it

    try:
        return version("amc")
    except PackageNotFoundError:
        return "unknown"
