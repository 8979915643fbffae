"""Take the pictures of the widgets that the README shows, on the shipped sample, light and dark.

It needs Chromium (``BROWSER_PATH``, or one on the path) and playwright, which ``make test`` installs.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ipywidgets
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.widgets.page import Bench, FakeComm  # noqa: E402  what the tests draw widgets on
from tract_nb import Tract, samples  # noqa: E402
from tract_nb.model.event import Usage  # noqa: E402
from tract_nb.model.reply import Reply  # noqa: E402
from tract_nb.widgets.base import TractWidget  # noqa: E402
from tract_nb.widgets.compress import CompressWidget  # noqa: E402
from tract_nb.widgets.context import ContextWidget  # noqa: E402
from tract_nb.widgets.dag import DagWidget  # noqa: E402

TARGET = ROOT / "docs" / "pictures"
HOSTS = ("light", "dark")
NOW = datetime(2026, 3, 17, 8, 55, tzinfo=UTC)  # just after the sample ends
BUDGET = 40_000  # tokens: the sample fills two thirds of it
#: what a model might say of the sample's last hour, for the review of a compression
DRAFTS = (
    (
        "Asked: mend the two open findings of the review, tests first.\n\n"
        "Done: test_csv_has_the_same_limit, test_csv_days_are_the_harbours_days and "
        "test_csv_of_the_last_day_of_the_year in tests/test_app.py failed before the change. "
        "span(start, end, zone=UTC) in tidepool/app.py serves both routes: a CSV of more than 400 days is a "
        "422. The days of /stations/{id}/tides.csv are the harbour's own. The JSON route was moved to "
        "tidepool/json_routes.py."
    ),
    "README.md, docs/api.md and CHANGELOG.md say it; mypy and ruff check are clean.",
    "Tried over HTTP with uvicorn tidepool.app:app --port 8080, in the background: st-marys.csv came.",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def story() -> Tract:
    """Return the sample session with what a person did to it: a branch, a pin, an edit, a tag."""
    # the same picture whenever it is taken
    tract = Tract.open(model="claude-opus-4-5", token_budget=BUDGET, clock=lambda: NOW)
    tract.import_trace(samples.path())
    asked = [row[0] for row in tract.log(role="user").rows]
    tract.annotate(asked[0], "PINNED")
    largest = max(tract.log(role="tool").rows, key=lambda row: row[6])
    tract.annotate(largest[0], "SKIP")
    tract.tag(asked[1], "csv-done")
    tract.branch("one-line-less", at=asked[1])
    tract.switch("one-line-less")
    tract.user("And leave out the header where the table is empty.")
    tract.assistant("Done: an empty table is an empty file now, and a test says so.")
    tract.switch("main")
    return tract


class Writer:
    """Says what a model might."""

    def __init__(self) -> None:
        self._texts = list(DRAFTS)

    def complete(self, *_: Any, **__: Any) -> Reply:
        """Return the next draft, as the prompt wants it."""
        text = f"<summary>\n{self._texts.pop(0)}\n</summary>"
        return Reply(text, usage=Usage(7370, 472), cost=0.0094, model="claude-haiku-4-5")


def review() -> CompressWidget:
    """Return the review of a compression of the sample's last hour, one group of it approved."""
    tract = Tract.open(model="claude-haiku-4-5", clock=lambda: NOW, llm=Writer())
    tract.import_trace(samples.path())
    asked = {row[8]: row[0] for row in tract.log(role="user").rows}
    for said in ("Docs then.", "Try it for real"):
        tract.annotate(next(commit for text, commit in asked.items() if text.startswith(said)), "PINNED")
    first = next(commit for text, commit in asked.items() if text.startswith("Right, where"))
    proposed = tract.compress(first, tract.log(12).rows[-1][0], strategy="summarize")
    return CompressWidget(tract, proposed.approve(1))


def draw(page: Page, sent: list[Any], host: str, widget: TractWidget, name: str) -> None:
    """Draw a widget in the colours of a host, and take its picture."""
    bench = Bench(page, sent)
    bench.open(host=host)
    shown = bench.show(widget)
    page.wait_for_timeout(1200)  # until its pages are there
    rows = page.locator("[data-row='8']")
    if name == "dag" and rows.count():
        rows.first.click()
        page.wait_for_timeout(600)
    if name == "compress":
        shown.locator(".names [role=option]").nth(1).click()
        page.wait_for_timeout(600)
    path = TARGET / f"{name}-{host}.png"
    shown.screenshot(path=path)
    print(f"{path.relative_to(ROOT)} {path.stat().st_size:,} bytes")
    if bench.errors:
        sys.exit("\n".join(bench.errors))


PICTURES: dict[str, Callable[[], TractWidget]] = {
    "dag": lambda: DagWidget(story()),
    "context": lambda: ContextWidget(story()),
    "compress": review,
}


def main() -> None:
    """Take each picture anew."""
    sent: list[Any] = []
    ipywidgets.comm.create_comm = lambda **given: FakeComm(sent, **given)
    program = next(
        filter(None, map(shutil.which, (os.environ.get("BROWSER_PATH", "chromium"), *BROWSERS))), None
    )
    if program is None:
        sys.exit("Chromium is not installed: install it, or say where it is by BROWSER_PATH.")
    TARGET.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for host in HOSTS:
            for name, made in PICTURES.items():
                context = browser.new_context(viewport={"width": 940, "height": 620}, device_scale_factor=1.5)
                draw(context.new_page(), sent, host, made(), name)
                context.close()
        browser.close()


if __name__ == "__main__":
    main()
