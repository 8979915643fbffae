"""A reply streams into the cell in a real JupyterLab, and is the cell's own result in the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.lab import LabNotebook

Open = Callable[..., LabNotebook]

MODEL = """
%load_ext tract_nb
import pathlib, time
from tract_nb import Reply, Tract

class Slow:
    def complete(self, messages, config, *, on_text=None, cancel=None):
        for piece in ("<b>The first</b> half ", "and $5.", " The end."):
            on_text(piece)
            time.sleep(0.2)
            until = time.monotonic() + 30
            while piece == "and $5." and not pathlib.Path(gate).exists() and time.monotonic() < until:
                time.sleep(0.05)
        return Reply("<b>The first</b> half and $5. The end.", model="slow")

gate = {gate!r}
t = Tract.open(model="slow", llm=Slow())
%tract use t
"""
STREAM = ".jp-OutputArea-output [role=log]"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A file that the model waits for in mid-reply."""
    return tmp_path / "gate"


def test_a_reply_is_seen_as_it_comes_and_stays_as_text(open_notebook: Open, gate: Path):
    notebook = open_notebook(MODEL.replace("{gate!r}", repr(str(gate))), "%%tract chat\nTell me.", "t")
    notebook.run_cell(0)
    notebook.start_cell(1)
    stream = notebook.page.locator(STREAM)
    stream.get_by_text("<b>The first</b> half and $5.").wait_for()
    assert "The end" not in stream.inner_text()
    gate.touch()
    notebook.wait_for_cell(1)
    assert notebook.page.locator(STREAM).count() == 0
    assert "<b>The first</b> half and $5. The end." in notebook.text(1)
    assert notebook.page.locator("mjx-container, .MathJax").count() == 0
    saved = [output for output in notebook.outputs(1) if output["output_type"] == "execute_result"]
    assert len(saved) == 1
    notebook.run_cell(1)
    assert "unchanged" in notebook.text(1)


def test_the_stop_button_commits_nothing(open_notebook: Open, gate: Path):
    notebook = open_notebook(
        MODEL.replace("{gate!r}", repr(str(gate))), "%%tract chat\nTell me.", "len(t.log())"
    )
    notebook.run_cell(0)
    notebook.start_cell(1)
    notebook.page.locator(STREAM).get_by_text("and $5.").wait_for()
    notebook.command("notebook:interrupt-kernel")
    notebook.wait_for_cell(1)
    assert notebook.page.locator(STREAM).count() == 0
    assert [output["output_type"] for output in notebook.outputs(1)][-1] == "error"
    notebook.run_cell(2)
    assert notebook.text(2).strip() == "0"
