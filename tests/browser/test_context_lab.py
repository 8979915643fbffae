"""The context widget in a real JupyterLab: keys, a busy kernel, both themes, a kernel that goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.lab import LabNotebook

Open = Callable[..., LabNotebook]

BUSY = """import time
for _ in range(20):
    t.user("written while the widget is used")
    time.sleep(0.1)
"""


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go."""
    return tmp_path_factory.mktemp("context")


def test_it_is_used_by_keys_while_a_cell_runs(open_notebook: Open, pictures: Path):
    notebook = open_notebook(
        "%load_ext tract_nb",
        "t = %tract demo",
        "w = %tract context\nw",
        BUSY,
        "print(t.strip().left('skipped')[0], w.selected)",
    )
    notebook.run_cell(0)
    notebook.run_cell(1)
    notebook.run_cell(2)
    page = notebook.page
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    shown = notebook.shown(2)
    shown.locator(".units .row").first.wait_for()
    for name in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {name}")
        frame = shown.locator(f".frame[data-theme='{name.lower()}']")
        frame.wait_for()
        page.locator("#jupyterlab-splash").wait_for(state="detached")  # it covers all while a theme loads
        frame.screenshot(path=pictures / f"context-{name.lower()}.png")
    shown.locator(".strip").focus()
    page.keyboard.press("ArrowUp")  # in JupyterLab the cell above
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    shown.locator(".code code", has_text="t.annotate(").wait_for()
    # a cell writes again and again; a key of the widget comes between two of its verbs
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 3")
    notebook.command("notebook:run-cell")
    shown.locator(".strip").focus()
    page.wait_for_timeout(300)
    for _ in range(40):
        page.keyboard.press("s")
        page.wait_for_timeout(100)
        if "Skipped" in shown.locator(".said").inner_text():
            break
    shown.locator(".said", has_text="Skipped").wait_for()
    notebook.run_cell(4)
    assert [output for output in notebook.outputs(3) if output["output_type"] == "error"] == []
    assert notebook.text(4).strip() == "1 []"
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells


def test_a_kernel_that_is_gone_leaves_what_was_shown(open_notebook: Open):
    notebook = open_notebook("%load_ext tract_nb", "t = %tract demo", "%tract context")
    notebook.run_all()
    shown = notebook.shown(2)
    shown.locator(".units .row").first.wait_for()
    notebook.restart()
    shown.locator(".live", has_text="Kernel is gone").wait_for()
    assert shown.locator(".strip rect.fill").count() > 3
    assert not shown.locator(".what").is_visible()
