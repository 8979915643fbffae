"""The widgets in a real JupyterLab: live, beside a running cell, after a restart, and saved."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter

from tests.browser.lab import LabNotebook
from tests.notebook.helpers import HOSTILE, OUR_ATTRIBUTES, OUR_ELEMENTS, page

Open = Callable[..., LabNotebook]
OPEN = "%load_ext tract_nb\nt = %tract demo"
SIZE = 200_000  # bytes of a notebook saved with its widgets
WIDGETS = ("dag", "context")
#: runs until the file is there, each step a verb
BUSY = """\
import pathlib, time
for step in range(600):
    t.user(f"step {step}")
    if pathlib.Path("enough").exists():
        break
    time.sleep(0.02)"""


def start(notebook: LabNotebook, place: int) -> None:
    """Start a cell without waiting for its end."""
    notebook.page.evaluate(
        "(place) => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = place; }", place
    )
    notebook.command("notebook:run-cell")


def save(notebook: LabNotebook) -> None:
    """Save the notebook, and wait until it is."""
    notebook.page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.context.save(); }")


def errors(notebook: LabNotebook, places: int) -> list[Any]:
    """Return the errors that cells ended in."""
    return [
        output
        for place in range(places)
        for output in notebook.outputs(place)
        if output["output_type"] == "error"
    ]


def live(notebook: LabNotebook, place: int) -> Any:
    """Return the frame of the widget below a cell, once it is drawn."""
    frame = notebook.shown(place).locator(".frame")
    frame.wait_for()
    return frame


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_is_live_and_its_static_picture_out_of_the_way(open_notebook: Open, name: str):
    notebook = open_notebook(OPEN, f"w = %tract {name}\nw", "t.user('a text that comes later')")
    notebook.run_all()
    frame = live(notebook, 1)
    assert notebook.shown(1).locator(".tract-nb-static").count() == 1
    assert not notebook.shown(1).locator(".tract-nb-static").is_visible()
    frame.get_by_text("live", exact=True).wait_for()
    assert errors(notebook, 3) == []


def test_keys_of_a_widget_do_nothing_to_the_notebook(open_notebook: Open):
    notebook = open_notebook(OPEN, "%tract dag")
    notebook.run_all()
    frame = live(notebook, 1)
    cells = "window.jupyterapp.shell.currentWidget.content.widgets.length"
    before = notebook.page.evaluate(cells)
    frame.locator("[data-row='2']").click()
    for key in ("a", "x", "ArrowDown", "j", "Shift+M"):
        notebook.page.keyboard.press(key)
    assert notebook.page.evaluate(cells) == before
    notebook.page.keyboard.press("Escape")  # the keys are the page's again
    notebook.page.keyboard.press("b")
    notebook.page.wait_for_function(f"() => {cells} === {before + 1}")


def test_a_key_in_a_widget_changes_the_tract_and_python_sees_the_selection(open_notebook: Open):
    notebook = open_notebook(
        OPEN, "w = %tract dag\nw", "[t.show(one).content.type for one in w.selected]", "t.status().pinned"
    )
    notebook.run_all()
    before = int(notebook.text(3))
    frame = live(notebook, 1)
    frame.locator("[data-row='0']").click()
    notebook.page.keyboard.press("p")
    frame.get_by_text(re.compile("Pinned")).first.wait_for()
    notebook.run_cell(2)
    assert "dialogue" in notebook.text(2)
    notebook.run_cell(3)
    assert int(notebook.text(3)) == before + 1


def test_a_click_while_a_cell_is_busy_is_some_serial_order(open_notebook: Open, lab: Any):
    notebook = open_notebook(
        OPEN, "w = %tract dag\nw", BUSY, "t.verify(), t.status().pinned, t.status().commits"
    )
    for place in (0, 1, 3):
        notebook.run_cell(place)
    frame = live(notebook, 1)
    frame.locator("[data-row='3']").click()
    start(notebook, 2)
    frame.get_by_text(re.compile(r"^step \d+$")).first.wait_for()
    for _ in range(3):
        frame.locator("[data-row='1']").click()
        notebook.page.keyboard.press("p")
        notebook.page.wait_for_timeout(150)
    (lab.folder / "enough").touch()
    notebook.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[2].model.executionState !== 'running'"
    )
    (lab.folder / "enough").unlink()
    assert errors(notebook, 4) == []
    notebook.run_cell(3)
    assert "nothing is wrong" in notebook.text(3)


@pytest.mark.parametrize("name", WIDGETS)
def test_a_restart_and_a_reload_leave_something_to_read(open_notebook: Open, name: str):
    notebook = open_notebook(OPEN, f"%tract {name}")
    notebook.run_all()
    frame = live(notebook, 1)
    notebook.restart()
    frame.get_by_text(re.compile("Kernel is gone")).wait_for()
    save(notebook)
    notebook.page.reload()
    notebook.open()
    static = notebook.shown(1).locator(".tract-nb-static")
    static.wait_for()
    assert static.is_visible()
    assert "main" in static.inner_text()


@pytest.mark.parametrize("name", WIDGETS)
def test_hostile_text_is_text_in_lab(open_notebook: Open, name: str):
    texts = json.dumps(list(HOSTILE.values()))
    notebook = open_notebook(
        "%load_ext tract_nb\nt = %tract open",
        f"for text in {texts}:\n    t.user(text)\n    t.tool_call(text[:60], {{text[:40]: text}})",
        f"%tract {name}",
    )
    notebook.run_all()
    frame = live(notebook, 2)
    notebook.page.wait_for_timeout(500)
    for key in ("ArrowDown", "ArrowDown", "ArrowDown"):
        frame.locator("[tabindex='0']").first.press(key)
    assert notebook.page.evaluate("window.__hacked") is None
    assert notebook.page.locator("mjx-container, .MathJax").count() == 0
    assert errors(notebook, 3) == []


def test_ten_widgets_in_a_notebook_stay_responsive(open_notebook: Open):
    notebook = open_notebook(
        OPEN, *(f"%tract {WIDGETS[place % 2]}" for place in range(10)), "t.user('the last')"
    )
    notebook.run_all()
    for place in range(1, 11):
        frame = live(notebook, place)
        frame.get_by_text("live", exact=True).wait_for()
    first = live(notebook, 1)
    first.get_by_text("the last").first.wait_for()
    assert errors(notebook, 12) == []


def test_a_notebook_saved_with_widgets_is_small_and_can_be_read_anywhere(open_notebook: Open, lab: Any):
    notebook = open_notebook(OPEN, *(f"%tract {name}" for name in WIDGETS))
    notebook.run_all()
    for place, _ in enumerate(WIDGETS, 1):
        live(notebook, place)
    save(notebook)
    path = max(lab.folder.glob("*.ipynb"), key=lambda file: file.stat().st_mtime)
    assert path.stat().st_size < SIZE
    saved = nbformat.read(path, as_version=4)
    assert "widgets" not in saved.metadata
    html, _ = HTMLExporter().from_notebook_node(saved)
    assert html.count("tract-nb-static") >= len(WIDGETS)
    for cell in saved.cells[1:]:
        shown = page(cell.outputs[0]["data"]["text/html"])
        assert set(shown.elements) <= OUR_ELEMENTS
        assert {name for name, _ in shown.attributes} <= OUR_ATTRIBUTES | {
            "style",
            "cellpadding",
            "cellspacing",
        }
