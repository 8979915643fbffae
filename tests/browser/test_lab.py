"""The magics in a real JupyterLab."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.lab import LabNotebook

Open = Callable[..., LabNotebook]
ANSI = re.compile(r"\x1b\[[0-9;]*m")

STORY = (
    "%load_ext tract_nb",
    "t = %tract demo",
    "%tract log -n 5",
    "%tract log --graph -n 12",
    "%tract budget",
    "%%tract user\nIt cost $5 and then $10; what {about} it?",
    "%tract status",
    "%tract show HEAD",
    "%tract budget --plot",
)
LOG, GRAPH, BUDGET, USER, STATUS, SHOW, PLOT = range(2, 9)


def commits(notebook: LabNotebook, place: int) -> str:
    """Return the line of a status card that counts commits."""
    found = re.search(r"commits\s+([\d,]+)", notebook.text(place))
    assert found is not None, notebook.text(place)
    return found[1]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go."""
    return tmp_path_factory.mktemp("pictures")


def test_the_story_is_told_and_told_again(open_notebook: Open, pictures: Path):
    notebook = open_notebook(*STORY)
    notebook.run_all()
    for place in range(len(STORY)):
        assert [output for output in notebook.outputs(place) if output["output_type"] == "error"] == []
    table = notebook.shown(LOG).locator("table")
    assert table.locator("tbody tr").count() == 5
    assert table.locator("thead th").all_inner_texts()[1:3] == ["commit", "time"]
    assert "[HEAD] [main]" in notebook.text(GRAPH)
    assert len([line for line in notebook.text(GRAPH).splitlines() if "●" in line or "▣" in line]) >= 10
    assert "assistant" in notebook.text(BUDGET)
    assert "$5 and then $10; what {about} it?" in notebook.text(USER)
    assert notebook.shown(STATUS).locator("table").count() == 2
    assert notebook.shown(PLOT).locator(".js-plotly-plot .main-svg").count() > 0
    assert notebook.page.locator("mjx-container, .MathJax").count() == 0
    for name in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {name}")
        picture = pictures / f"story-{name.lower()}.png"
        notebook.screenshot(picture)
        assert picture.stat().st_size > 10_000
    first, kept = commits(notebook, STATUS), notebook.text(GRAPH)
    notebook.run_all()
    assert commits(notebook, STATUS) == first
    assert [line[:40] for line in notebook.text(GRAPH).splitlines()] == [
        line[:40] for line in kept.splitlines()
    ]


def test_run_all_twice_on_a_file_changes_nothing_even_after_a_restart(open_notebook: Open):
    notebook = open_notebook(
        "%load_ext tract_nb\nt = %tract open twice.db",
        "%%tract system\nBe brief.",
        "%%tract user\nWhen is high water?",
        "%tract status",
    )
    notebook.run_all()
    card = notebook.text(3)
    notebook.run_all()
    assert notebook.text(3) == card
    assert "unchanged" in notebook.text(2)
    notebook.restart()
    notebook.run_all()
    assert notebook.text(3) == card
    assert commits(notebook, 3) == "2"


def test_a_changed_cell_becomes_an_edit_in_place(open_notebook: Open):
    notebook = open_notebook(
        "%load_ext tract_nb\nt = %tract open edits.db",
        "%%tract user\nWhen is high water?",
        "%%tract assistant\nAt noon.",
        "%tract log",
        "%tract compile",
    )
    notebook.run_all()
    notebook.set_source(1, "%%tract user\nWhen is low water?")
    notebook.run_cell(1)
    assert "in place" in notebook.text(1)
    notebook.run_all()
    kinds = notebook.shown(3).locator("tbody tr td:nth-child(5)").all_inner_texts()
    assert kinds == ["edit", "append", "append"]
    said = notebook.shown(4).locator("tbody tr td:last-child").all_inner_texts()
    assert said == ["When is low water?", "At noon."]
    notebook.restart()
    notebook.run_all()
    assert notebook.shown(3).locator("tbody tr").count() == 3


def test_an_error_is_two_lines_and_stops_the_run(open_notebook: Open):
    notebook = open_notebook("%load_ext tract_nb", "%tract lgo", "1 + 1")
    notebook.run_cell(0)
    notebook.run_cell(1)
    [output] = notebook.outputs(1)
    assert output["output_type"] == "error"
    shown = notebook.shown(1)
    assert notebook.text(1).strip().splitlines() == [
        "CommandError: There is no command 'lgo'.",
        "Did you mean log?",
    ]
    assert shown.locator(".ansi-red-fg").inner_text() == "CommandError"


HOSTILE = (
    "<script>window.__hacked = 1</script>"
    "<img src=x onerror='window.__hacked = 2'>"
    "</td></tr></table></pre><svg onload='window.__hacked = 3'></svg>"
    "<a href='javascript:window.__hacked = 4'>here</a> **bold** "
)
SHOWN = (
    "%tract log",
    "%tract log --graph",
    "%tract status",
    "%tract compile",
    "%tract show",
    "%tract branches",
    "%tract budget",
    "%tract operations",
    "t",
    "t.log()",
    "t.budget()",
    "t.operations()",
    "%tract budget --plot",
)


def test_hostile_text_is_text_wherever_it_is_shown(open_notebook: Open):
    told = "t.user(text, message=text, metadata={text: text})"
    setup = f"%load_ext tract_nb\nt = %tract open\ntext = {HOSTILE!r}\n{told}"
    notebook = open_notebook(setup, *SHOWN)
    notebook.run_all()
    for place in range(1, 1 + len(SHOWN)):
        shown = notebook.shown(place)
        ours = ".modebar-container *, .plot-img"  # plotly's own buttons and picture
        foreign = shown.locator("img, a, script, iframe, strong").and_(notebook.page.locator(f":not({ours})"))
        assert foreign.evaluate_all("found => found.map(one => one.outerHTML)") == [], SHOWN[place - 1]
    assert "<script>" in notebook.text(1 + SHOWN.index("%tract show"))
    notebook.page.wait_for_timeout(300)  # time for an image to fail and its handler to run
    assert notebook.page.evaluate("window.__hacked") is None


MATHS = ("it cost $5 and $10", "$$x^2$$", r"\(x^2\)", r"\[x^2\]", r"\begin{equation}x\end{equation}")
TYPESET = ("%tract log", "%tract status", "%tract compile", "%tract show", "t.log()")


def test_no_text_is_typeset_as_mathematics(open_notebook: Open):
    told = "".join(f"t.user({text!r})\n" for text in MATHS)
    notebook = open_notebook(f"%load_ext tract_nb\nt = %tract open\n{told};", *TYPESET)
    notebook.run_all()
    notebook.page.wait_for_timeout(1500)  # MathJax is loaded when it is first needed
    typeset = {
        source: [formula.inner_text() for formula in notebook.shown(place).locator("mjx-container").all()]
        for place, source in enumerate(TYPESET, 1)
    }
    assert not any(typeset.values()), typeset


def test_tab_offers_commands(open_notebook: Open):
    notebook = open_notebook("%load_ext tract_nb", "%tract s")
    notebook.run_cell(0)
    notebook.page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".cm-content").click()
    notebook.page.keyboard.press("End")
    notebook.page.keyboard.press("Tab")
    offered = notebook.page.locator(".jp-Completer-item .jp-Completer-match")
    offered.first.wait_for()
    assert {"show", "skip", "status", "switch", "system"} <= set(offered.all_inner_texts())


CONTRAST = r"""element => {
  const numbers = text => (text.match(/[0-9.]+/g) || [0, 0, 0]).slice(0, 3).map(Number);
  const light = colour => colour.map(part => part / 255)
    .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  let behind = element;
  while (behind && /rgba\(.*, 0\)|transparent/.test(getComputedStyle(behind).backgroundColor)) {
    behind = behind.parentElement;
  }
  const back = light(numbers(getComputedStyle(behind || document.body).backgroundColor));
  const front = light(numbers(getComputedStyle(element).fill));
  return (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
}"""


def test_a_chart_can_be_read_on_light_and_on_dark(open_notebook: Open):
    notebook = open_notebook("%load_ext tract_nb\nt = %tract demo", "%tract budget --plot")
    notebook.run_all()
    label = notebook.shown(1).locator(".ytick text").first
    label.wait_for()
    contrast = {}
    for name in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {name}")
        contrast[name] = label.evaluate(CONTRAST)
    assert min(contrast.values()) >= 3, contrast


def test_texts_in_tables_begin_at_the_left_and_lanes_do_not_break(open_notebook: Open):
    notebook = open_notebook(
        "%load_ext tract_nb\nt = %tract demo", "%tract status", "%tract log --graph -n 5"
    )
    notebook.page.set_viewport_size({"width": 1000, "height": 800})
    notebook.run_all()
    cells = notebook.shown(1).locator("tbody tr td:last-child")
    assert set(cells.evaluate_all("all => all.map(one => getComputedStyle(one).textAlign)")) <= {
        "left",
        "start",
    }
    graph = notebook.shown(2).locator("pre")
    height = graph.evaluate(
        "one => one.getBoundingClientRect().height / parseFloat(getComputedStyle(one).lineHeight)"
    )
    assert round(height) <= 7  # a title, five commits, and the foot of the box
