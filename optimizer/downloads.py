"""Download of a data set's official file into the user's cache."""

from __future__ import annotations

from pathlib import Path

import pooch
import requests

from amc_circuits import ParameterError


def cache_folder(name: str) -> Path:
    """Folder of a data set in the user's cache; it is not created here."""
    return Path(pooch.os_cache("amc")) / name


def fetch(base_url: str, file_name: str, folder: Path) -> Path:
    """Download `base_url/file_name` into `folder`, unless it is there.

    The sources publish no checksum, so none is compared: pooch logs the computed one, and the readers check the
    structure of the file.

    Args:
        base_url: Address of the file, without its name.
        file_name: Name of the file, there and here.
        folder: Destination; created if needed.

    Returns:
        Path of the local file.

    Raises:
        ParameterError: The download failed; the message explains the download by hand.
    """
    url = f"{base_url.rstrip('/')}/{file_name}"
    try:
        return Path(pooch.retrieve(url, known_hash=None, fname=file_name, path=folder, downloader=_get))
    except Exception as error:  # pooch passes on whatever requests or the file system raise
        place = f"AMC_DATA_DIR/{folder.name}"
        mend = f"download it by hand and put it into the folder {place}, or take the preset digits-demo"
        raise ParameterError(url, f"no answer ({_first_line(error)})", mend) from error


def _get(url: str, file: str, _: pooch.Pooch | None) -> None:
    # pooch's own downloader leaves the connection of a failed download open until the garbage collector comes.
    with requests.get(url, stream=True, timeout=30) as response:
        response.raise_for_status()
        with Path(file).open("wb") as opened:
            opened.writelines(response.iter_content(2**16))


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:120]}" if lines else type(error).__name__
