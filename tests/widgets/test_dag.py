"""The DAG widget on a bare page: what a person sees, does, and gets."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.core.helpers import frozen
from tests.core.stories import cover
from tests.view.test_dag import agents
from tests.widgets.axe import violations
from tests.widgets.page import HOSTS, Bench
from tract_nb import PINNED, SKIP, Tract
from tract_nb.errors import ContentError, RefError
from tract_nb.widgets.dag import DagWidget

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> \u202e$x$ \u200b&amp;'


def fill(t: Tract) -> Tract:
    """A system prompt, a call that failed, one that did not, a branch, an edit, marks and a summary."""
    t.system("Be brief.")
    asked = t.user("What sets the timeout?")
    call = t.tool_call("Read", {"file_path": "/home/ann/app/config.py"})
    t.tool_result(call.content.call_id, "timeout_seconds = 300\n" * 200)
    bad = t.tool_call("Bash", {"command": "make"})
    t.tool_result(bad.content.call_id, "*** No rule", "error")
    t.assistant("It is set in `config.py`.")
    t.branch("docs")
    t.switch("docs")
    t.user("Write it down.")
    t.switch("main")
    t.edit(asked.hash, "What sets the limit?")
    t.annotate(asked.hash, PINNED)
    t.user("And who reads it?")
    return t


@pytest.fixture
def t(tmp_path: Path):
    with Tract.open(tmp_path / "work.db", clock=frozen, token_budget=20_000) as tract:
        yield fill(tract)


class Shown:
    """A widget on a page."""

    def __init__(self, bench: Bench, widget: DagWidget) -> None:
        self.bench = bench
        self.widget = widget
        self.page: Page = bench.page
        self.out = bench.show(widget)
        self.rows.first.wait_for()

    @property
    def rows(self) -> Locator:
        return self.out.locator(".row")

    def row(self, text: str) -> Locator:
        return self.out.locator(".row", has_text=text).first

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def read(self) -> list[str]:
        """Return what the rows in view say, from the top."""
        said: list[list[Any]] = self.rows.evaluate_all(
            "rows => rows.map(row => [Number(row.dataset.row), row.querySelector('.said-cell').textContent])"
        )
        return [text for _, text in sorted(said)]

    def until(self, what: Callable[[], bool]) -> None:
        for _ in range(100):
            self.bench.flush()
            if what():
                return
            self.page.wait_for_timeout(30)
        raise AssertionError("it did not come to that")

    def until_selected(self, text: str) -> None:
        tract = self.widget.tract
        self.until(lambda: [tract.show(name).text for name in self.widget.selected] == [text])

    def until_said(self, text: str) -> None:
        self.out.locator(".said", has_text=text).wait_for(timeout=3000)


@pytest.fixture
def shown(t: Tract, bench: Callable[..., Bench]) -> Shown:
    return Shown(bench(), DagWidget(t))


def test_rows_say_who_what_and_in_which_state(shown):
    assert shown.rows.count() == 10
    assert shown.out.locator("[role=treegrid]").get_attribute("aria-rowcount") == "10"
    top = shown.rows.first
    assert top.locator(".chip").all_text_contents() == ["HEAD", "main"]
    assert "failed" in shown.row("*** No rule").inner_text()
    assert shown.row("What sets the limit?").locator("[role=img]").all_text_contents() == ["pinned", "edited"]
    edit = shown.out.locator(".row:has(del)")
    assert (edit.locator("del").inner_text(), edit.locator("ins").inner_text()) == ("timeout?", "limit?")
    said = shown.row("And who reads it?").get_attribute("aria-label")
    assert said.startswith("user, HEAD, branch main, And who reads it?, 5 tokens, ")
    assert shown.out.locator(".row .line[style*='lane-1']").count() > 0, "the other branch has its own colour"


def test_a_click_selects_and_python_sees_it(shown, t):
    shown.row("make").click()
    assert [t.show(name).text for name in shown.widget.selected] == ['{"command":"make"}']
    shown.row("No rule").click(modifiers=["Control"])
    assert len(shown.widget.selected) == 2
    shown.row("And who").click()
    shown.row("No rule").click(modifiers=["Shift"])
    assert len(shown.widget.selected) == 5
    assert t.annotate(shown.widget.selected[-1:], SKIP) is not None


def test_what_python_selects_is_selected_on_the_page(shown, t):
    shown.widget.selected = ["docs", t.show("HEAD").hash]
    assert shown.widget.selected == [t.show("docs").short, t.show("HEAD").short]
    shown.until(lambda: shown.out.locator(".row[aria-selected=true]").count() == 2)
    with pytest.raises(RefError):
        shown.widget.selected = ["nowhere"]


def test_keys_move_extend_and_jump(shown, t):
    shown.rows.first.focus()
    shown.press("ArrowDown", "ArrowDown")
    assert [t.show(name).text for name in shown.widget.selected] == ["Write it down."]
    shown.press("Shift+ArrowDown", "Shift+ArrowDown")
    assert len(shown.widget.selected) == 3
    shown.press("End")
    assert t.show(shown.widget.selected[0]).text == "Be brief."
    shown.press("g")
    shown.until_selected("And who reads it?")
    shown.press("h")
    shown.until(lambda: t.show(shown.widget.selected[0]).kind.name == "EDIT")
    shown.row("Write it down.").click()
    shown.press("h")
    shown.until(lambda: t.show(shown.widget.selected[0]).text.startswith("It is set"))


def test_the_pane_says_all_there_is_to_say(shown):
    shown.row("No rule").click()
    side = shown.out.locator(".side")
    side.get_by_text("Bash result").wait_for()
    assert "*** No rule" in side.locator(".content-box").inner_text()
    side.locator(".facts .link").first.click()
    side.get_by_text("Bash call").wait_for()
    assert "command: make" in side.locator("pre").inner_text()
    shown.row("It is set in").click()
    side.locator(".rendered code", has_text="config.py").wait_for()


def test_pointing_at_an_action_says_what_it_would_change_and_a_key_does_it(shown, t):
    shown.row("config.py").click()
    code = shown.out.locator(".foresight code")
    code.get_by_text(f't.annotate("{shown.widget.selected[0]}", "SKIP")').wait_for()
    assert "tokens" in shown.out.locator(".foresight p").inner_text()
    before = t.compile().token_count
    shown.press("s")
    shown.until_said("Skipped ")
    after = t.compile().token_count
    assert after < before
    assert f"−{before - after:,} tokens" in shown.out.locator(".said").inner_text()
    shown.until(lambda: shown.row("config.py").locator("[aria-label=skipped]").count() == 1)
    shown.press("z")
    shown.until_said("Undone: ")
    assert t.compile().token_count == before
    shown.press("Shift+z")
    shown.until_said("Done again")
    assert t.compile().token_count == after


@pytest.mark.parametrize(("key", "priority"), [("p", "PINNED"), ("i", "IMPORTANT"), ("s", "SKIP")])
def test_each_priority_has_a_key_and_several_are_set_at_once(shown, t, key, priority):
    shown.row("make").click()
    shown.row("No rule").click(modifiers=["Control"])
    shown.press(key)
    shown.until_said("2 units")
    found = t.log().to_frame().set_index("commit")["priority"]
    assert set(found[shown.widget.selected]) == {priority}
    assert t.operations()[0].verb == "annotate"
    shown.press("u")
    shown.until_said("Unmarked")


def test_a_text_is_edited_in_the_pane(shown, t):
    shown.row("It is set in").click()
    shown.out.locator(".side .title", has_text="assistant").wait_for()
    shown.press("e")
    field = shown.out.locator("textarea")
    field.wait_for()
    assert field.input_value() == "It is set in `config.py`."
    field.fill("It is set in settings.py.")
    shown.out.locator(".foresight code", has_text="t.edit(").wait_for()
    shown.press("Shift+Enter")
    shown.until_said("Edited ")
    assert "It is set in settings.py." in t.compile().to_text()
    assert shown.out.locator("textarea").count() == 0


def test_leaving_an_editor_changes_nothing(shown, t):
    shown.row("It is set in").click()
    shown.press("e")
    shown.out.locator("textarea").fill("p s i u")
    before = t.revision
    shown.press("Escape")
    assert shown.out.locator("textarea").count() == 0
    assert t.revision == before


def test_a_branch_and_a_tag_ask_for_a_name(shown, t):
    shown.row("No rule").click()
    shown.press("b")
    field = shown.out.locator("input.field")
    field.fill("idea")
    shown.out.locator(".foresight code", has_text='t.branch("idea", at=').wait_for()
    shown.press("Enter")
    shown.until_said("Branch idea starts at")
    assert t.show("idea").text == "*** No rule"
    shown.press("t")
    shown.out.locator("input.field").fill("main")
    shown.press("Enter")
    shown.out.locator(".fault").wait_for()
    assert "main" in shown.out.locator(".fault b").inner_text()
    shown.out.locator("input.field").fill("here")
    shown.press("Enter")
    shown.until_said("Tagged")
    assert t.show("here").text == "*** No rule"
    shown.until(lambda: shown.row("No rule").locator(".chip.tag").count() == 1)


def test_check_out_stands_on_the_branch_and_a_reset_asks_first(shown, t):
    shown.row("Write it down.").click()
    shown.press("o")
    shown.until_said("HEAD is on docs")
    assert t.branch_name == "docs"
    shown.row("No rule").click()
    shown.press("r")
    ask = shown.out.locator(".ask")
    ask.wait_for()
    assert "Reset docs to" in ask.inner_text()
    shown.press("Escape")
    assert t.show("docs").text == "Write it down."
    shown.press("r")
    ask.wait_for()
    shown.press("Enter")
    shown.until_said("Reset docs to")
    assert t.show("docs").text == "*** No rule"


def test_the_difference_of_two(shown):
    shown.row("And who").click()
    shown.row("It is set in").click(modifiers=["Control"])
    shown.press("d")
    changes = shown.out.locator(".changes")
    changes.wait_for()
    assert "edited" in changes.inner_text()
    shown.press("Escape")
    assert changes.count() == 0


def test_a_filter_draws_what_fits_and_next_goes_on_without_it(shown, t):
    shown.rows.first.focus()
    shown.press("/")
    shown.page.keyboard.type("role:user")
    shown.until(lambda: len(shown.read()) == 3)
    assert shown.widget.filter == "role:user"
    assert "3 of 10 commits" in shown.out.locator(".counts").inner_text()
    shown.press("Escape")
    shown.until(lambda: len(shown.read()) == 10)
    shown.rows.first.focus()
    shown.press("n")
    shown.until_selected("Write it down.")
    shown.press("Shift+n")
    shown.until_selected("And who reads it?")


def test_menus_write_the_filter(shown):
    shown.out.get_by_role("button", name="Role").click()
    shown.out.get_by_role("menuitemradio", name="tool").click()
    shown.until(lambda: len(shown.read()) == 2)
    assert shown.out.locator(".find input").input_value() == "role:tool"
    shown.out.get_by_role("button", name="Priority").click()
    shown.out.get_by_role("menuitemradio", name="failed").click()
    shown.until(lambda: len(shown.read()) == 1)
    assert shown.out.locator(".find input").input_value() == "role:tool is:failed"


def test_a_filter_that_fits_nothing_says_what_each_part_fits(shown):
    shown.out.locator(".find input").fill("role:user make")
    nothing = shown.out.locator(".nothing")
    nothing.get_by_text("No commit matches “role:user make”.").wait_for()
    assert "3 match “role:user”, 1 match “make”." in nothing.inner_text()
    nothing.get_by_role("button").click()
    shown.until(lambda: len(shown.read()) == 10)


def test_a_wrong_filter_is_an_error_in_words_under_the_widget(shown):
    shown.out.locator(".find input").fill("role:usr")
    fault = shown.out.locator(".fault")
    fault.wait_for()
    assert "role:usr fits nothing" in fault.inner_text()
    assert "role:user" in fault.inner_text()
    assert len(shown.read()) == 10


def test_python_filters_too(shown):
    shown.widget.filter = "is:pinned"
    shown.until(lambda: len(shown.read()) == 2)
    assert shown.out.locator(".find input").input_value() == "is:pinned"


def test_a_summary_opens_and_closes_by_keys_and_by_click(shown, t):
    call, result = (t.find(text)[0].commit for text in ("make", "No rule"))
    cover(t, [call, result], "in short")
    shown.widget.refresh()
    shown.until(lambda: "in short" in shown.read()[0])
    shown.rows.first.focus()
    before = len(shown.read())
    shown.press("ArrowRight")
    shown.until(lambda: len(shown.read()) > before)
    assert shown.rows.first.get_attribute("aria-expanded") == "true"
    assert shown.out.locator(".row[aria-level='2'] .ring.dotted").count() > 0
    shown.press("ArrowDown", "ArrowLeft", "ArrowLeft")
    shown.until(lambda: len(shown.read()) == before)
    shown.out.locator(".caret").first.click()
    shown.until(lambda: len(shown.read()) > before)


def test_an_agent_opens_between_its_call_and_the_result(opened_tract, bench):
    agents(opened_tract, 3)
    shown = Shown(bench(), DagWidget(opened_tract))
    assert "alice · 3 commits" in shown.row("look").inner_text()
    shown.row("look").click()
    shown.press("ArrowRight")
    shown.until(lambda: shown.out.locator(".row[aria-level='2']").count() == 3)
    assert [text.strip() for text in shown.read()][1:5] == ["found it", "alicestep 2", "step 1", "step 0"]
    assert shown.out.locator(".line.dashed[style*='lane-4']").count() >= 6


@pytest.fixture
def opened_tract():
    with Tract.open(clock=frozen) as tract:
        yield tract


def test_a_commit_of_another_handle_and_of_this_one_shows_up(shown, t, tmp_path):
    t.assistant("Nobody does.")
    shown.until(lambda: "Nobody does." in shown.read()[0])
    with Tract.open(tmp_path / "work.db", actor="cli", clock=frozen) as other:
        other.user("From elsewhere.")
    shown.until(lambda: "From elsewhere." in shown.read()[0])


def test_acting_on_what_moved_meanwhile_is_refused_and_nothing_is_written(shown, t, tmp_path):
    shown.row("make").click()
    with Tract.open(tmp_path / "work.db", actor="cli", clock=frozen) as other:
        other.user("From elsewhere.")
        written = other.revision[0]
    shown.press("s")
    fault = shown.out.locator(".fault")
    fault.wait_for()
    assert "The branch moved while you looked at it" in fault.inner_text()
    assert t.revision[0] == written


def test_a_click_while_another_thread_is_inside_a_verb_has_its_turn(shown, t):
    begun, go = threading.Event(), threading.Event()

    def long() -> None:
        with t.batch():
            begun.set()
            go.wait(5)
            t.user("written by the cell")

    shown.row("make").click()
    cell = threading.Thread(target=long)
    cell.start()
    begun.wait(5)
    threading.Timer(0.3, go.set).start()
    shown.row("No rule").click()
    shown.press("p")
    cell.join()
    shown.until(lambda: "written by the cell" in shown.read()[0])
    shown.press("p")
    shown.until_said("Pinned")
    assert not t.verify()


def test_hostile_text_stays_text_everywhere(opened_tract, bench):
    t = opened_tract
    long = t.user("x" * 1_000_000)
    t.tool_result(t.tool_call(HOSTILE, {"command": HOSTILE}).content.call_id, HOSTILE, "error")
    t.assistant(f"# {HOSTILE}\n\n[link](javascript:alert(1)) ![i](http://nowhere.test/x.png)")
    t.annotate(t.user(HOSTILE).hash, SKIP, reason=HOSTILE)
    t.edit(t.user(HOSTILE).hash, f"{HOSTILE} edited")
    t.tag("HEAD", "tag<b>bold")
    shown = Shown(bench(), DagWidget(t))
    for at in range(shown.rows.count()):
        shown.rows.nth(at).click()
        shown.page.wait_for_timeout(150)
    shown.widget.selected = [long.short]
    shown.until(lambda: "1,000,000 characters" in shown.out.locator(".side").inner_text())
    shown.out.get_by_text("show all").click()
    shown.until(lambda: len(shown.out.locator(".content-box pre").inner_text()) == 1_000_000)
    assert shown.page.evaluate("window.hacked") is None
    assert shown.out.locator("script, img, b b, iframe").count() == 0
    assert shown.out.locator("a[href^='javascript']").count() == 0
    assert "tag<b>bold" in shown.out.locator(".chip.tag").inner_text()


def test_a_detached_head_says_how_to_go_on(shown, t):
    shown.row("No rule").click()
    shown.press("o")
    shown.until_said("HEAD is detached at")
    shown.row("make").click()
    shown.press("p")
    fault = shown.out.locator(".fault")
    fault.wait_for()
    assert "HEAD is detached" in fault.inner_text()
    assert "detached" in shown.out.locator(".where").inner_text()
    shown.row("And who").click()
    shown.press("o")
    shown.until_said("HEAD is on main")


def test_an_empty_tract_says_how_to_begin(opened_tract, bench):
    made = bench()
    made.show(DagWidget(opened_tract))
    nothing = made.page.locator(".nothing")
    nothing.wait_for()
    assert "Nothing is committed yet." in nothing.inner_text()


def test_a_read_only_tract_shows_and_offers_nothing(t, bench, tmp_path):
    with Tract.open(tmp_path / "work.db", read_only=True) as reader:
        shown = Shown(bench(), DagWidget(reader))
        shown.row("make").click()
        shown.out.locator(".side pre").wait_for()
        assert not shown.out.locator(".acts").is_visible()
        assert "opened with read_only" in shown.out.locator(".live").inner_text()


def test_the_window_of_the_curve_follows_the_rows_and_moves_them(bench):
    with Tract.open(clock=frozen) as t:
        with t.batch():
            for number in range(400):
                t.user(f"turn {number}")
        shown = Shown(bench(), DagWidget(t))
        window = shown.out.locator(".window")
        at_top = window.bounding_box()
        box = shown.out.locator(".overview").bounding_box()
        assert box
        assert at_top
        shown.page.mouse.move(box["x"] + 20, box["y"] + 20)
        shown.page.mouse.down()
        shown.until(lambda: "turn 8" in " ".join(shown.read()))
        moved = window.bounding_box()
        assert moved
        assert moved["x"] < at_top["x"] - 300
        shown.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
        shown.page.mouse.up()
        shown.until(lambda: "turn 200" in shown.read())


def test_rows_come_by_pages_and_keys_go_to_the_last(bench):
    with Tract.open(clock=frozen) as t:
        with t.batch():
            for number in range(1_000):
                t.user(f"turn {number}")
        shown = Shown(bench(), DagWidget(t))
        shown.rows.first.focus()
        shown.press("End")
        shown.until(lambda: "turn 0" in shown.read())
        shown.until_selected("turn 0")
        shown.press("Shift+Home")
        assert shown.rows.count() < 80


@pytest.mark.parametrize("host", HOSTS)
def test_axe_finds_nothing(t, bench, host):
    shown = Shown(bench(host=host), DagWidget(t))
    shown.row("No rule").click()
    shown.out.locator(".foresight code").wait_for()
    assert violations(shown.page) == []


@pytest.mark.parametrize("width", ["1200px", "700px", "500px"])
def test_axe_finds_nothing_at_any_width(t, bench, width):
    shown = Shown(bench(width=width), DagWidget(t))
    shown.row("It is set").click()
    shown.press("?")
    assert violations(shown.page) == []
    shown.press("?", "b")
    shown.out.locator("input.field").wait_for()
    assert violations(shown.page) == []


def test_it_says_the_same_without_a_page(t, outbox):
    widget = DagWidget(t, filter="role:user")
    assert repr(widget).splitlines()[0].startswith("work.db  main  HEAD ")
    html = widget.as_html().replace("\xa0", " ")
    assert "And who reads it?" in html
    assert "make" not in html
    with pytest.raises(TypeError, match="filter"):
        DagWidget(t, filtre="role:user")


# -- other branches ---------------------------------------------------------------------------------


@pytest.fixture
def forked(outbox):
    """Return a tract with a branch of its own that has a word more, and the commits of that branch."""
    t = Tract.open()
    rule = t.system("A rule.")
    t.user("one")
    t.branch("side")
    t.user("on main")
    t.switch("side")
    t.edit(rule, "A better rule.")
    t.user("on side")
    last = t.assistant("at the end of side")
    t.switch("main")
    return t, last


def test_a_branch_is_merged_by_its_tip_after_it_was_asked(bench, forked):
    t, last = forked
    b = bench()
    out = b.show(DagWidget(t, selected=[last.hash]))
    button = out.locator("[data-action=merge]")
    button.wait_for()
    button.hover()
    out.get_by_text('t.merge("side")').first.wait_for()
    out.get_by_text("3 commits of side joined.").wait_for()
    button.click()
    out.get_by_text("Merge side into main?").wait_for()
    b.page.keyboard.press("Escape")
    assert t.status().commits == 3
    button.click()
    out.get_by_role("alertdialog").get_by_role("button", name="Merge side").click()
    out.get_by_text(re.compile("Merged side")).first.wait_for()
    texts = [message["content"] for message in t.compile().to_dicts()]
    assert texts == ["A better rule.", "one", "on main", "on side", "at the end of side"]
    out.locator("[data-row='0']").click()
    b.page.keyboard.press("z")
    out.get_by_text(re.compile("Undone")).first.wait_for()
    assert t.status().commits == 3


def test_a_branch_is_rebased_onto_and_deleted_and_a_commit_picked(bench, forked):
    t, last = forked
    b = bench()
    widget = DagWidget(t, selected=[last.hash])
    out = b.show(widget)
    out.locator("[data-action=pick]").click()
    out.get_by_text(re.compile("Picked")).first.wait_for()
    assert t.show().text == "at the end of side"
    t.undo()
    b.flush()
    widget.selected = [last.hash]
    b.flush()
    out.locator("[data-action=rebase]").click()
    out.get_by_role("alertdialog").get_by_text("1 commit of main copied onto side.").wait_for()
    out.get_by_role("alertdialog").get_by_role("button", name="Rebase main").click()
    out.get_by_text(re.compile("Rebased onto side")).first.wait_for()
    assert [message["content"] for message in t.compile().to_dicts()][-1] == "on main"
    t.undo()
    widget.selected = [last.hash]
    b.flush()
    out.locator("[data-action=delete]").click()
    out.get_by_role("alertdialog").get_by_text("It has commits that no other branch has.").wait_for()
    out.get_by_role("alertdialog").get_by_role("button", name="Delete side").click()
    out.get_by_text(re.compile("Deleted side")).first.wait_for()
    assert [row[0] for row in t.branches().rows] == ["main"]


def test_what_brings_nothing_in_is_not_offered_or_says_why(bench, forked):
    t, _ = forked
    out = bench().show(DagWidget(t, selected=[t.show().hash]))
    out.locator("[data-action=pin]").wait_for()
    assert out.locator("[data-action=merge]").count() == 0
    t.checkout("HEAD~1")
    found = DagWidget(t).foresee(action="merge", commits=["side"])
    assert "detached" in found["refused"]
    t.switch("side")
    found = DagWidget(t).foresee(action="delete", commits=["side"])
    assert found["refused"] == "HEAD is on side: it cannot be deleted."
    assert "already" in DagWidget(t).foresee(action="pick", commits=["HEAD"])["refused"]


def test_a_merge_with_conflicts_says_how_they_are_decided(bench, forked):
    t, last = forked
    t.edit("HEAD~2", "Another rule.")
    b = bench()
    out = b.show(DagWidget(t, selected=[last.hash]))
    out.locator("[data-action=merge]").click()
    out.get_by_role("alertdialog").get_by_text("1 conflict to decide first").wait_for()
    out.get_by_role("alertdialog").get_by_role("button", name="Merge side").click()
    out.get_by_text(re.compile("1 conflict to decide: run %tract review")).first.wait_for()
    assert [review.source for review in t.pending()] == ["side"]


# -- keys, filters, widths -----------------------------------------------------------------------


def test_keys_go_on_to_work_when_the_last_row_goes_and_when_rows_come_back(opened_tract, bench):
    opened_tract.user("the only one")
    made = Shown(bench(), DagWidget(opened_tract))
    made.rows.first.click()
    made.press("z")
    made.out.locator(".nothing", has_text="Nothing is committed yet.").wait_for()
    made.press("Shift+Z")
    made.row("the only one").wait_for()
    made.press("s")
    made.until(lambda: opened_tract.compile().token_count == 0)


def test_keys_go_on_to_work_when_the_row_in_focus_is_taken_back(shown, t):
    t.user("newest")
    shown.until(lambda: shown.row("newest").count() == 1)
    shown.rows.first.click()
    shown.press("End", "z")
    shown.until(lambda: shown.row("newest").count() == 0)
    shown.press("Shift+Z")
    shown.until(lambda: shown.row("newest").count() == 1)


def test_actions_pressed_one_upon_the_other_each_act_on_what_the_one_before_left(shown, t):
    """A kernel answers later than a person presses."""
    head = t.show("HEAD").hash
    t.user("one")
    t.user("two")
    shown.until(lambda: shown.row("two").count() == 1)
    shown.rows.first.click()
    shown.page.evaluate(SLOWLY)
    shown.press("z", "z")
    shown.until(lambda: t.show("HEAD").hash == head)
    assert shown.out.locator(".fault").count() == 0


# each message to Python waits a moment, those that came meanwhile behind it
SLOWLY = """() => {
  const send = window.toPython;
  let last = Promise.resolve();
  window.toPython = (...given) => {
    const sent = last.then(() => new Promise(done => setTimeout(done, 60))).then(() => send(...given));
    last = sent;
    return sent;
  };
}"""


def test_a_key_held_down_takes_back_one_operation(shown, t):
    before = len(t.operations())
    shown.rows.first.click()
    shown.page.keyboard.down("z")
    for _ in range(5):
        shown.page.keyboard.down("z")  # as a keyboard repeats it
    shown.page.keyboard.up("z")
    shown.until_said("Undone")
    shown.page.wait_for_timeout(100)
    assert len(t.operations()) == before + 1


def test_undo_is_offered_only_where_it_takes_back_what_was_just_done(shown):
    shown.row("app/config.py").click()
    shown.press("s")
    shown.until_said("Skipped")
    assert "undo" in shown.out.locator(".said").inner_text()
    shown.press("s")
    shown.until_said("Nothing was written")
    assert "undo" not in shown.out.locator(".said").inner_text()
    shown.press("z")
    shown.until_said("Undone")
    assert shown.out.locator(".said .undo").count() == 0


def test_a_filter_that_nothing_fits_any_more_says_so(shown, t):
    shown.widget.filter = "is:important"
    shown.bench.flush()
    nothing = shown.out.locator(".nothing")
    nothing.get_by_text("No commit matches “is:important”.").wait_for()
    nothing.get_by_role("button").click()
    shown.rows.first.wait_for()
    shown.widget.filter = "branch:docs"
    shown.bench.flush()
    shown.until(lambda: shown.row("And who reads it?").count() == 0)
    t.delete_branch("docs", force=True)
    shown.until(lambda: "No commit matches “branch:docs”." in nothing.inner_text())
    assert shown.out.locator(".fault").count() == 0, "the widget goes on to follow"


@pytest.mark.parametrize("width", ["760px", "560px", "500px", "360px"])
def test_every_action_can_be_reached_at_any_width(t, bench, width):
    t.user("x" * 300)
    made = Shown(bench(width=width), DagWidget(t))
    made.row("*** No rule").click()
    made.out.locator(".content-box", has_text="No rule").wait_for()
    made.page.wait_for_timeout(300)  # until what is beside the rows is drawn
    parts = ".acts button, .content-frame, .foresight .code"
    assert made.out.locator(parts).count() == 14
    outside = made.out.locator(parts).evaluate_all(OUTSIDE)
    assert outside == []


# the names of the elements that do not lie in the frame as a whole
OUTSIDE = """parts => {
  const frame = parts[0].closest(".frame").getBoundingClientRect();
  return parts.filter(part => {
    const box = part.getBoundingClientRect();
    const isBeside = box.left < frame.left || box.right > frame.right;
    return !box.width || !box.height || isBeside || box.bottom > frame.bottom;
  }).map(part => part.textContent);
}"""


def test_a_filter_from_python_that_says_nothing_known_leaves_the_one_before(shown):
    shown.widget.filter = "role:user"
    with pytest.raises(ContentError):
        shown.widget.filter = "rol:tool"
    assert shown.widget.filter == "role:user"
    shown.until(lambda: shown.rows.count() == 3)
    assert shown.out.locator("input").first.input_value() == "role:user"


def test_a_name_as_long_as_a_hash_is_a_name(shown, t):
    t.branch("twelve-chars", "HEAD~1")
    shown.widget.selected = ["twelve-chars"]
    assert shown.widget.selected == [t.show("HEAD~1").short]
    with pytest.raises(RefError):
        shown.widget.selected = ["no-such-name"]


def test_a_tract_that_is_closed_says_so_without_an_error(shown, t):
    shown.row("config.py").click()
    shown.until(lambda: len(shown.widget.selected) == 1)
    shown.out.locator(".foresight .code", has_text=shown.widget.selected[0]).wait_for()
    t.close()
    shown.until(lambda: "is closed" in shown.out.locator(".live").inner_text())
    shown.page.wait_for_timeout(300)
    assert shown.out.locator(".fault").all_inner_texts() == []


def test_of_a_long_selection_no_sum_is_said_of_a_part(opened_tract, bench):
    with opened_tract.batch():
        for number in range(400):
            opened_tract.user(f"turn {number}")
    made = Shown(bench(), DagWidget(opened_tract))
    made.rows.first.click()
    head = made.out.locator(".side .head")
    for _ in range(12):
        made.press("Shift+PageDown")
        made.page.wait_for_timeout(20)
    made.until(lambda: len(made.widget.selected) > 150)
    head.get_by_text(" tokens together").wait_for()
    whole = head.inner_text()
    made.press("p")  # after which only the first page is loaded again
    made.until_said("Pinned")
    made.until(lambda: "tokens together" not in head.inner_text() or head.inner_text() == whole)
    assert "commits" in head.inner_text()
