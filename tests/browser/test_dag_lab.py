"""The DAG widget in a real JupyterLab: keys, a busy kernel, both themes, foreign text, a kernel that goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.lab import LabNotebook

Open = Callable[..., LabNotebook]

BUSY = """import time
for number in range(20):
    t.user(f"written while the widget is used {number}")
    time.sleep(0.1)
"""
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> $x$'


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go."""
    return tmp_path_factory.mktemp("dag")


def test_it_is_used_by_keys_while_a_cell_runs(open_notebook: Open, pictures: Path):
    notebook = open_notebook(
        "%load_ext tract_nb",
        "t = %tract demo",
        "w = %tract dag\nw",
        BUSY,
        "print(t.status().pinned, w.selected)",
    )
    for number in range(3):
        notebook.run_cell(number)
    page = notebook.page
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    shown = notebook.shown(2)
    shown.locator(".row").first.wait_for()
    shown.locator(".row").nth(2).click()
    for name in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {name}")
        frame = shown.locator(f".frame[data-theme='{name.lower()}']")
        frame.wait_for()
        page.locator("#jupyterlab-splash").wait_for(state="detached")  # it covers all while a theme loads
        shown.locator(".foresight code").wait_for()
        frame.screenshot(path=pictures / f"dag-{name.lower()}.png")
    before = shown.locator(".row[aria-selected=true]").inner_text()
    page.keyboard.press("ArrowDown")  # in JupyterLab the cell below
    page.keyboard.press("a")  # a new one
    page.wait_for_timeout(300)
    assert shown.locator(".row[aria-selected=true]").inner_text() != before
    # a cell writes again and again; a key of the widget comes between two of its verbs
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 3")
    notebook.command("notebook:run-cell")
    shown.locator(".row[aria-selected=true]").focus()
    for _ in range(40):
        page.keyboard.press("p")
        page.wait_for_timeout(100)
        if "Pinned" in shown.locator(".said").inner_text():
            break
    shown.locator(".said", has_text="Pinned").wait_for()
    notebook.run_cell(4)
    assert [output for output in notebook.outputs(3) if output["output_type"] == "error"] == []
    pinned, selected = notebook.text(4).strip().split(" ", 1)
    assert int(pinned) >= 1
    assert selected.startswith("['")
    shown.locator(".row", has_text="written while the widget is used 19").wait_for()
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells


def test_foreign_text_is_text_in_jupyterlab_too(open_notebook: Open):
    notebook = open_notebook(
        "%load_ext tract_nb",
        f"from tract_nb import Tract\nt = Tract.open()\n_ = t.assistant({HOSTILE!r})",
        "%tract dag",
    )
    notebook.run_all()
    shown = notebook.shown(2)
    shown.locator(".row").first.click()
    shown.locator(".content-box").get_by_text("window.hacked=1").first.wait_for()
    assert notebook.page.evaluate("window.hacked") is None
    assert "$x$" in shown.locator(".row").first.inner_text()
    assert shown.locator("mjx-container").count() == 0


def test_a_kernel_that_is_gone_leaves_what_was_shown(open_notebook: Open):
    notebook = open_notebook("%load_ext tract_nb", "t = %tract demo", "%tract dag")
    notebook.run_all()
    shown = notebook.shown(2)
    shown.locator(".row").first.wait_for()
    notebook.restart()
    shown.locator(".live", has_text="Kernel is gone").wait_for()
    assert shown.locator(".row").count() > 10
    assert not shown.locator(".acts").is_visible()
