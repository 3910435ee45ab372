"""A real Chromium. Where none is installed, or playwright is not, these tests are skipped and say so.

``apt-get install chromium`` and ``pip install logtune[browser]``; ``LOGTUNE_CHROMIUM`` names another browser of its kind.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIZES = {"desktop": (1280, 900), "phone": (360, 780), "paper": (680, 960)}
"""Pixels of a screen; paper is what the margins of an A4 sheet leave."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install logtune[browser]")
    program = os.environ.get("LOGTUNE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no Chromium is installed: none of {', '.join(NAMES)} is in PATH")
    with api.sync_playwright() as playwright:
        # without its own sandbox, which does not start for root in a container; the page forbids itself more than that
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@dataclass
class Opened:
    """A page in the browser, what it said to the console, and what it asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self.page.evaluate(script)


Open = Callable[..., Opened]


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """``open_page(text, "phone", "dark")`` opens a page as a file, as an administrator would."""
    contexts = []

    def open_it(text: str, size: str = "desktop", scheme: str = "light", script: bool = True) -> Opened:
        width, height = SIZES[size]
        contexts.append(
            browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=script
            )
        )
        opened = Opened(contexts[-1].new_page())
        opened.page.on("console", lambda message: opened.said.append(message.text))
        opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
        opened.page.on("dialog", lambda dialog: (opened.said.append(dialog.message), dialog.dismiss()))
        opened.page.on("request", lambda request: opened.asked.append(request.url))
        path = tmp_path / "page.html"
        path.write_text(text, encoding="utf-8")
        opened.page.goto(path.as_uri())
        return opened

    yield open_it
    for context in contexts:
        context.close()
