"""How fast the widgets are, from Python to the painted page. Prints JSON; ``python benchmarks/widgets.py``.

The page is the bare one that the tests use: the real Python object, no kernel, no JupyterLab, whose
messages cross through Playwright, which takes a few milliseconds each. Times are milliseconds; of
frames the 95th percentile, in a headless Chromium that paints at most 60 times a second.

``--small`` leaves out the history of 100,000. Without Chromium only Python is measured.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the bare page is one of the tests' own

import ipywidgets.comm

from tests.widgets.page import Bench, FakeComm
from tract_nb import Tract
from tract_nb.engine.lanes import Node, layout
from tract_nb.widgets.dag import DagWidget

COMMITS, LONG, BRANCHES = 10_000, 100_000, 50
FRAMES = 150
PAINTED = """async () => {
  const root = document.querySelector(".out:last-child").shadowRoot;
  while (!root.querySelector(".row .who")) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
}"""
SCROLLED = """async ([frames, step]) => {
  const list = document.querySelector(".out:last-child").shadowRoot.querySelector(".list");
  const took = [];
  let last = performance.now();
  for (let frame = 0; frame < frames; frame += 1) {
    list.scrollTop += step;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    took.push(now - last);
    last = now;
  }
  return took;
}"""
REPEATED = """async ([frames, key]) => {
  const root = document.querySelector(".out:last-child").shadowRoot;
  root.querySelector(".row").focus();
  const took = [];
  for (let frame = 0; frame < frames; frame += 1) {
    const before = performance.now();
    root.activeElement.dispatchEvent(
      new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true }));
    await new Promise(requestAnimationFrame);
    took.push(performance.now() - before);
  }
  return took;
}"""


def took(run: Callable[[], Any]) -> float:
    """Return how long something takes, in milliseconds."""
    before = time.perf_counter()
    run()
    return round(1000 * (time.perf_counter() - before), 1)


def worst(frames: list[float]) -> float:
    """Return the 95th percentile."""
    return round(quantiles(frames, n=20)[-1], 1)


def drawing(commits: int, branches: int) -> list[Node]:
    """Return a history of many branches that fork, grow in turn and merge now and then."""
    chosen = random.Random(1)
    tips, nodes = [1], [Node(1, ())]
    for number in range(2, commits + 1):
        branch = chosen.randrange(branches)
        if branch >= len(tips):
            nodes.append(Node(number, (chosen.choice(tips),), len(tips)))
            tips.append(number)
            continue
        parents = [tips[branch]]
        if chosen.random() < 0.01:
            parents.append(chosen.choice(tips))
        nodes.append(Node(number, tuple(dict.fromkeys(parents)), branch))
        tips[branch] = number
    return nodes[::-1]


def written(path: Path, commits: int) -> None:
    """Write a history of turns of many lengths."""
    with Tract.open(path, token_budget=10**9) as t, t.batch():
        for number in range(commits):
            said = f"turn {number} " + "of a few words more " * (number % 40)
            (t.assistant if number % 2 else t.user)(said)


def in_python(path: Path) -> dict[str, float]:
    """Return what the Python side of the history takes."""
    with Tract.open(path) as t:
        found = {"drawn cold": took(t.dag), "drawn again": took(t.dag)}
        dag = t.dag()
        found["a page of 128 rows"] = took(lambda: dag.rows(len(dag) // 2, 128))
        after = []
        for _ in range(5):
            t.user("one more")
            after.append(took(dag.look))
        found["taken in after a commit"] = median(after)
        found["filtered by role"] = took(lambda: dag.show_only("role:user"))
        found["filtered by text"] = took(lambda: dag.show_only("turn 77"))
    return found


def on_page(page: Any, path: Path, outbox: list[Any]) -> dict[str, float]:
    """Return what a person waits for."""
    with Tract.open(path) as t:
        made: list[DagWidget] = []
        found = {"widget made, cold": took(lambda: made.append(DagWidget(t)))}
        bench = Bench(page, outbox)
        bench.open()

        def first() -> None:
            bench.show(made[0])
            page.evaluate(PAINTED)

        found["then painted"] = took(first)
        found["scrolled by rows, a frame"] = worst(page.evaluate(SCROLLED, [FRAMES, 66]))
        found["scrolled by pages, a frame"] = worst(page.evaluate(SCROLLED, [FRAMES, 1_500]))
        page.evaluate(
            "() => document.querySelector('.out:last-child').shadowRoot.querySelector('.list').scrollTo(0, 0)"
        )
        page.wait_for_timeout(300)
        found["keys held down, a frame"] = worst(page.evaluate(REPEATED, [FRAMES, "ArrowDown"]))
        page.evaluate(
            "() => document.querySelector('.out:last-child').shadowRoot.querySelector('.list').scrollTo(0, 0)"
        )
        page.wait_for_timeout(300)
        shows = []
        for number in range(5):

            def commit(text: str = f"shows up {number}") -> None:
                t.user(text)
                bench.flush()
                page.locator(".row", has_text=text).first.wait_for()

            shows.append(took(commit))
        found["a commit shows"] = median(shows)
    return found


def main() -> None:
    """Measure, and print what was found."""
    nodes = drawing(COMMITS, BRANCHES)
    results: dict[str, Any] = {
        f"lanes of {COMMITS:,} commits, {BRANCHES} branches": min(
            took(lambda: layout(nodes)) for _ in range(9)
        )
    }
    outbox: list[Any] = []
    ipywidgets.comm.create_comm = lambda **given: FakeComm(outbox, **given)
    sizes = [COMMITS] if "--small" in sys.argv else [COMMITS, LONG]
    names = (os.environ.get("BROWSER_PATH", ""), "chromium", "chromium-browser", "google-chrome")
    chromium = next((found for name in names if name and (found := shutil.which(name))), None)
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = Path(folder) / f"{size}.db"
            written(path, size)
            results[f"python, {size:,} commits"] = in_python(path)
            if chromium is None:
                continue
            from playwright.sync_api import sync_playwright  # noqa: PLC0415  it may be missing

            with sync_playwright() as started:
                browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                page = browser.new_page(viewport={"width": 1280, "height": 1600})
                results[f"page, {size:,} commits"] = on_page(page, path, outbox)
                browser.close()
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
