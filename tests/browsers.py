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


def _found(*names: str) -> str:
    """The first of these programs."""
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        said = f"there is no {' or '.join(names)}"
        if os.environ.get("PRIVBENCH_BROWSER_TEST") == "1":
            pytest.fail(f"PRIVBENCH_BROWSER_TEST is set, but {said}")
        pytest.skip(said)
    return path
