"""A real browser without a window, which opens pages from disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FLAGS = [
    "--headless=new", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-extensions", "--no-first-run", "--hide-scrollbars",
]  # fmt: skip


@contextmanager
def chromium(profile: Path) -> Iterator[Any]:
    """Chromium with a profile in that folder, which logs what it says and what it asks for.

    Skips where it is not installed, or fails where the test is required.
    """
    program, driver = _found("chromium", "chromium-browser", "google-chrome"), _found("chromedriver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = program
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    for flag in [*FLAGS, *sandbox, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options, webdriver.ChromeService(driver))
    try:
        yield opened
    finally:
        opened.quit()


def resize(browser: Any, width: int) -> None:
    """Makes the window so many pixels wide, and 900 high."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def find_all(page: Any, selector: str) -> list[Any]:
    """The elements of an open page that a CSS selector names."""
    from selenium.webdriver.common.by import By

    found: list[Any] = page.find_elements(By.CSS_SELECTOR, selector)
    return found


def _found(*names: str) -> str:
    """The first of these programs."""
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        said = f"there is no {' or '.join(names)}"
        if os.environ.get("PRIVBENCH_BROWSER_TEST") == "1":
            pytest.fail(f"PRIVBENCH_BROWSER_TEST is set, but {said}")
        pytest.skip(said)
    return path
