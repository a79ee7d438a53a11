"""A real browser for tests that open pages: headless Chromium, with a profile of its own, steered by selenium."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1600,1000",
)


@contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """A browser that keeps a log of what pages complain of and ask for; skips where there is none."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("there is no chromium with chromedriver; as root on Debian, scripts/setup --browser installs them")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    # Its own start page takes a second, and is nothing that a test asked for.
    startup = {"session.restore_on_startup": 4, "session.startup_urls": ["about:blank"]}
    options.add_experimental_option("prefs", startup)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    session = webdriver.Chrome(options=options, service=Service(executable_path=driver))
    try:
        session.set_script_timeout(60)
        session.get("about:blank")
        yield session
    finally:
        session.quit()


def open_page(session: webdriver.Chrome, path: Path, until: str) -> None:
    """Opens a file from disk and waits until a JavaScript expression is true; earlier complaints are forgotten."""
    complaints(session), requests(session)
    session.get(path.as_uri())
    end = time.monotonic() + 60
    # On a busy machine the scripts of the page may not have run yet.
    ready = "document.readyState === 'complete' && typeof element === 'function'"
    while not session.execute_script(f"return {ready} && Boolean({until})"):
        assert time.monotonic() < end, complaints(session)
        time.sleep(0.02)


def complaints(session: webdriver.Chrome) -> list[str]:
    """Messages of the browser's console since the last call."""
    return [entry["message"] for entry in session.get_log("browser")]


def requests(session: webdriver.Chrome) -> list[str]:
    """Addresses that were asked for since this was asked last."""
    events = [json.loads(entry["message"])["message"] for entry in session.get_log("performance")]
    return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]


def finished(session: webdriver.Chrome, expression: str) -> Any:
    """Waits for a promise and returns what it comes to."""
    return session.execute_async_script(f"const done = arguments[0]; Promise.resolve({expression}).then(done)")


def emulate(session: webdriver.Chrome, *, width: int = 1600, scheme: str = "light") -> None:
    """Gives the page a width, and the system a theme."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    session.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    session.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
