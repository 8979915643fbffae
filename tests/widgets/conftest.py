"""Widgets on a bare page; the tests that need a browser skip where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.chromium import browser, chromium, page
from tests.widgets.page import Bench, FakeComm

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["browser", "chromium", "page"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what opens a page, and keep it in one process, so that one browser serves a module."""
    for item in items:
        if Path(__file__).parent in item.path.parents and "bench" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("pages"))


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What widgets send, while no kernel is there to take it."""
    sent: list[tuple[str, Any]] = []
    monkeypatch.setattr("ipywidgets.comm.create_comm", lambda **given: FakeComm(sent, **given))
    return sent


@pytest.fixture
def bench(page: Page, outbox: list[tuple[str, Any]]) -> Iterator[Callable[..., Bench]]:
    """Open a bare page in the colours of a host; at the end nothing may have gone wrong on it."""
    opened: list[Bench] = []

    def make(**options: Any) -> Bench:
        made = Bench(page, outbox)
        made.open(**options)
        opened.append(made)
        return made

    yield make
    for each in opened:
        assert not each.errors, each.errors
