"""The review of a compression in a real JupyterLab: a model that writes, a kernel that goes, what stays."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.lab import LabNotebook

Open = Callable[..., LabNotebook]

SETUP = """%load_ext tract_nb
import time
from tract_nb import PINNED, Tract
from tract_nb.model.reply import Reply


class Model:
    slow = 0

    def complete(self, messages, config, **_):
        time.sleep(self.slow)
        text = "again, of /src/part0.py" if self.slow else "told shortly"
        return Reply(f"<summary>\\n{text}\\n</summary>", cost=0.001, model="m-1")


model = Model()
t = Tract.open("review.db", model="gpt-4o-mini", llm=model)
for number in range(2):
    t.user(f"group {number} of /src/part{number}.py: " + "the tide table is off by an hour " * 20)
    t.user(f"pin {number}", priority=PINNED)
t.user("And /src/part0.py?")"""


def test_it_is_reviewed_beside_a_model_that_writes_and_after_the_kernel_went(open_notebook: Open):
    notebook = open_notebook(
        SETUP,
        "w = %tract compress --strategy summarize --keep-last 1\nw",
        "model.slow = 3",
        "[(group.state, group.draft) for group in w.groups]",
        "%load_ext tract_nb\nt = %tract open review.db\n%tract review",
        "t.compile().to_dicts()[0]['content'], [group.state for group in t.pending()]",
    )
    for place in range(3):
        notebook.run_cell(place)
    page = notebook.page
    shown = notebook.shown(1)
    shown.locator(".original").first.wait_for()
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    shown.locator(".group").nth(0).click()
    page.keyboard.press("r")
    page.keyboard.type("Name the files.")
    page.keyboard.press("Enter")
    shown.locator(".told", has_text="Being written").wait_for()
    shown.locator(".group").nth(1).click()
    page.keyboard.press("e")  # in JupyterLab no key of a cell
    shown.locator("textarea").fill("My own words.")
    page.keyboard.press("Shift+Enter")  # in JupyterLab it would run the cell
    shown.locator(".draft-text .text", has_text="My own words.").wait_for()
    page.keyboard.press("Shift+Enter")
    shown.get_by_text("1 of 2 approved").wait_for()
    shown.locator(".group").nth(0).click()
    shown.locator(".draft-text mark.kept", has_text="/src/part0.py").wait_for()
    notebook.run_cell(3)
    assert notebook.text(3) == "[('proposed', 'again, of /src/part0.py'), ('approved', 'My own words.')]"
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells

    page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.context.save(); }")
    page.reload()
    notebook.open()
    shown = notebook.shown(1)
    shown.get_by_text("1 of 2 approved").wait_for()
    shown.locator(".original").first.wait_for()

    notebook.restart()
    shown.locator(".live", has_text="Kernel is gone").wait_for()
    assert shown.get_by_role("button", name="Approve").count() == 0
    notebook.run_cell(4)
    again = notebook.shown(4)
    again.get_by_text("1 of 2 approved").wait_for()
    again.get_by_role("button", name="Approve all").click()
    again.locator(".pill", has_text="applied").wait_for()
    notebook.run_cell(5)
    assert notebook.text(5) == "('again, of /src/part0.py', [])"
    (static, *_) = (one for one in notebook.outputs(4) if one["output_type"] == "display_data")
    assert static["data"]["text/plain"].startswith("compressed 2 units in 2 groups")
    assert "Being written" not in str(notebook.outputs(1))
