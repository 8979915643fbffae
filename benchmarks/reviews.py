"""How fast a compression of thousands of units is reviewed. Prints JSON; ``python benchmarks/reviews.py``.

One group of 5,000 units (``--small``: 500), its draft from a stand-in for a model, on the bare page that the
tests use. Times are milliseconds, the median of five where it can be done again. Without Chromium only Python
is measured.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the bare page is one of the tests' own

import ipywidgets.comm

from benchmarks.widgets import took
from tests.widgets.page import Bench, FakeComm
from tract_nb import Tract
from tract_nb.model.reply import Reply
from tract_nb.widgets.compress import CompressWidget

UNITS, SMALL, STAY = 5_000, 500, 20
SHOWN = "document.querySelector('.out:last-child').shadowRoot"


class Writer:
    """Answers as a model would, at once."""

    def complete(self, *_: Any, **__: Any) -> Reply:
        """Return a summary that names one file."""
        return Reply("<summary>\nRead all of src/mod_1, file_98.py first.\n</summary>", cost=0.01, model="m")


def written(units: int) -> Tract:
    """Return a history of calls and their outputs, whose names are said again at the end."""
    t = Tract.open(model="gpt-4o-mini", llm=Writer())
    with t.batch():
        for number in range(units // 2):
            t.tool_call("Read", {"file_path": f"src/mod_{number % 97}/file_{number}.py"}, f"c{number}")
            line = f"def handler_{number}(x): return util_{number % 500}.call(x)  # {number} ms\n"
            t.tool_result(f"c{number}", line * 8)
        for number in range(STAY):
            t.user(f"Look at src/mod_{number}/file_{number}.py again.")
    return t


def often(run: Callable[[], Any]) -> float:
    """Return the median of five times."""
    return median(took(run) for _ in range(5))


def measured(page: Any, outbox: list[Any], units: int) -> dict[str, float]:
    """Return what Python takes, and what a person waits for."""
    t = written(units)
    review = t.compress(strategy="summarize", keep_last=STAY)
    made: list[CompressWidget] = []
    found = {"widget made": took(lambda: made.append(CompressWidget(t, review)))}
    widget = made[0]
    (item,) = widget.state["items"]
    key = item["key"]
    name = widget.group(key=key)["names"][0]["name"]
    found["looked again, nothing new"] = often(widget.poll)
    found["a page of 100 originals"] = often(lambda: widget.originals(key=key, start=units // 2))
    found["where a name is said"] = often(lambda: widget.said_where(key=key, name=name))
    draft = {"draft": item["draft"]}
    if page is None:
        return found
    bench = Bench(page, outbox)
    bench.open()

    def until(condition: str) -> None:
        page.wait_for_function(f"() => {{ const root = {SHOWN}; return {condition}; }}")

    def first() -> None:
        bench.show(widget)
        until("root.querySelector('.original')")

    found["then painted"] = took(first)

    def end() -> None:
        page.evaluate(f"{SHOWN}.querySelector('.originals').scrollTo(0, 10_000_000)")
        until(f"root.querySelector('[data-place=\"{units - 1}\"]')")

    found["scrolled to the end"] = took(end)
    found["drawn then"] = page.evaluate(f"{SHOWN}.querySelectorAll('.original').length")

    def edited() -> None:
        widget.write(key=key, text="of src/mod_2/file_2.py", **draft)
        bench.flush()
        until("root.querySelector('.draft-text mark.kept')")

    found["an edit shows"] = took(edited)
    return found


def main() -> None:
    """Measure, and print."""
    units = SMALL if "--small" in sys.argv else UNITS
    sent: list[Any] = []
    ipywidgets.comm.create_comm = lambda **given: FakeComm(sent, **given)
    program = shutil.which(os.environ.get("BROWSER_PATH", "chromium"))
    if program is None:
        print(json.dumps(measured(None, sent, units), indent=2))
        return
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  only where there is a browser

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        print(json.dumps(measured(browser.new_page(), sent, units), indent=2))
        browser.close()


if __name__ == "__main__":
    main()
