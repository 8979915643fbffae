"""The context widget on a bare page: what a person sees, does, and gets."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.conftest import opened
from tests.core.helpers import frozen
from tests.core.stories import cover
from tests.widgets.axe import violations
from tract_nb import PINNED, SKIP, Tract
from tract_nb.widgets.context import ContextWidget

__all__ = ["opened"]

MODEL = "claude-opus-4-5-20251101"
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> \u202e$x$ \u200b&amp;'


def fill(tract: Tract) -> Tract:
    """A short session: a question, two reads, a search that failed, an answer with its usage."""
    tract.system("Be brief.")
    tract.user("What sets the timeout?")
    for name, size in (("app.py", 300), ("config.py", 120)):
        call = tract.tool_call("Read", {"file_path": f"/home/ann/app/{name}"})
        tract.tool_result(call.content.call_id, f"timeout_seconds = {size}\n" * size)
    call = tract.tool_call("Grep", {"pattern": "timeout"})
    tract.tool_result(call.content.call_id, "no such folder", status="error")
    tract.reasoning("The second file sets it.")
    tract.assistant("timeout_seconds in config.py sets it.")
    usage = {"input_tokens": 50, "cache_read_input_tokens": 4000, "cache_creation_input_tokens": 200}
    tract.record_usage({**usage, "output_tokens": 12}, model=MODEL)
    tract.user("And who reads it?")
    return tract


@pytest.fixture
def t(tmp_path):
    with Tract.open(tmp_path / "work.db", clock=frozen, token_budget=20_000) as tract:
        yield fill(tract)


@pytest.fixture
def shown(t, bench):
    """The widget on the page, and the page."""
    made = bench()
    widget = ContextWidget(t)
    made.show(widget)
    made.page.locator(".units .row").first.wait_for()
    made.page.locator(".strip").focus()
    return widget, made.page, made


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def read_out(page: Any, text: str) -> None:
    """Wait until the read-out says a text."""
    page.locator(".card", has_text=text).wait_for()


def said(page: Any, pattern: str) -> str:
    """Wait until the status line says something, and return it."""
    found = page.locator(".said .words").filter(has_text=re.compile(pattern))
    found.wait_for()
    return str(found.inner_text())


def until(page: Any, holds: Callable[[], bool]) -> None:
    """Wait until Python knows what the page told it."""
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(25)
    raise AssertionError("it never came true")


def offered(page: Any) -> list[str]:
    return [button.inner_text().split("\n")[0].strip() for button in page.locator(".go button").all()]


# What it shows ----------------------------------------------------------------------------------------------


def test_the_figures_are_those_of_budget(t, shown):
    _, page, _ = shown
    total = t.budget()[0].tokens
    header = page.locator(".header").inner_text()
    assert f"{total:,} of 20,000 tokens" in header
    assert "api+estimate" in header
    assert re.search(r"next call \$0\.\d+, then \$0\.\d+", header)
    legend = page.locator(".legend").inner_text()
    assert "2 user turns" in legend
    assert "reasoning" in legend
    assert page.locator(".strip rect.fill").count() >= 4


def test_the_largest_units_tools_and_files_say_what_masking_would_save(shown):
    _, page, _ = shown
    first = page.locator(".units .row").first.inner_text().split("\n")
    assert first[0] == "← Read"
    assert "app.py" in first
    tools = page.locator(".groups .row").all_inner_texts()
    assert [text.split("\n")[0] for text in tools] == ["Read", "Grep", "app.py", "config.py"]
    assert "saved" not in first


def test_arrows_step_through_all_that_is_sent_and_the_read_out_follows(t, shown):
    _, page, _ = shown
    strip = page.locator(".strip")
    press(page, "Home", "ArrowRight")
    read_out(page, "Be brief.")
    press(page, "ArrowRight")
    read_out(page, "What sets the timeout?")
    assert strip.get_attribute("aria-valuetext").startswith("user, ")
    press(page, "ArrowRight")
    read_out(page, "/home/ann/app/app.py")
    assert "call of Read" in strip.get_attribute("aria-valuetext")
    press(page, "End")
    read_out(page, "And who reads it?")
    press(page, "Shift+ArrowLeft")
    read_out(page, "What sets the timeout?")


def test_the_arrows_up_and_down_go_from_one_of_the_largest_to_the_next(shown):
    _, page, _ = shown
    press(page, "Home", "ArrowDown")
    read_out(page, "app.py")
    press(page, "ArrowDown")
    read_out(page, "config.py")
    press(page, "ArrowUp")
    read_out(page, "app.py")


def test_pointing_reads_out_without_moving_the_cursor(shown):
    _, page, _ = shown
    press(page, "End")
    read_out(page, "And who reads it?")
    page.locator(".units .row", has_text="config.py").first.hover()
    read_out(page, "config.py")
    page.locator(".header").hover()
    read_out(page, "And who reads it?")


def test_a_click_on_the_strip_moves_the_cursor_to_what_stands_there(t, shown):
    _, page, _ = shown
    box = page.locator(".strip").bounding_box()
    press(page, "End")
    end = next(s for s in t.strip().segments if s.who == "← Read")
    strip = t.strip()
    at = (
        strip.unrecorded + sum(s.tokens for s in strip.segments[: strip.segments.index(end)]) + end.tokens / 2
    )
    x = 12 + (box["width"] - 24) * at / (20_000 * 1.08)
    page.mouse.click(box["x"] + x, box["y"] + 45)
    page.mouse.move(0, 0)
    read_out(page, "app.py")


def test_what_no_unit_explains_is_said_to_be_known_from_usage(opened, bench):
    tract = opened()
    tract.user("hello")
    tract.assistant("hi")
    tract.record_usage({"prompt_tokens": 5000, "completion_tokens": 3})
    made = bench()
    made.show(ContextWidget(tract))
    made.page.locator(".strip").focus()
    press(made.page, "Home")
    read_out(made.page, "system prompt and tools")
    made.page.locator(".why", has_text="Nothing of it is recorded").wait_for()
    assert offered(made.page) == []


# What it does -----------------------------------------------------------------------------------------------


def test_what_an_action_would_change_is_shown_before_and_is_what_happens(t, shown):
    _, page, _ = shown
    press(page, "Home", "ArrowDown")
    result = next(s.commit for s in t.strip().segments if s.who == "← Read")
    page.locator(".code code", has_text=f't.annotate("{result}", "SKIP")').wait_for()
    seen = t.foresee("skip", result)
    page.locator(".figures", has_text=re.compile(r"→ .* tokens")).wait_for()
    assert page.locator(".why").inner_text() == seen.why
    press(page, "s")
    delta = f"−{seen.before.tokens - seen.after.tokens:,} tokens"
    assert said(page, "Skipped") == f"Skipped {result[:8]}, {delta}."
    assert t.strip().tokens == seen.after.tokens
    page.locator(".header", has_text=f"{seen.after.tokens:,} of").wait_for()
    assert page.locator(".ghost").count() == 1


def test_undo_and_redo_take_it_back_and_do_it_again(t, shown):
    _, page, _ = shown
    before = t.strip().tokens
    press(page, "Home", "ArrowDown", "s")
    said(page, "Skipped")
    press(page, "z")
    said(page, "Undone")
    assert t.strip().tokens == before
    press(page, "Shift+z")
    said(page, "Done again")
    assert t.strip().tokens < before


def test_pin_important_and_unmark_have_a_key_each(t, shown):
    _, page, _ = shown
    press(page, "End")
    read_out(page, "And who reads it?")
    for key, word, priority in (("p", "Pinned", "PINNED"), ("i", "Marked important", "IMPORTANT")):
        press(page, key)
        said(page, word)
        assert t.describe("HEAD").priority == priority
    page.locator(".go button", has_text="Unmark").wait_for()
    press(page, "u")
    said(page, "Unmarked")
    assert t.describe("HEAD").priority == "NORMAL"


def test_a_key_for_what_is_not_offered_does_nothing(t, shown):
    _, page, _ = shown
    operations = len(t.operations())
    press(page, "End", "x", "u")
    read_out(page, "And who reads it?")
    assert len(t.operations()) == operations


def test_a_skipped_unit_is_brought_back_from_where_it_hangs(t, shown):
    _, page, _ = shown
    before = t.strip().tokens
    press(page, "Home", "ArrowDown", "s")
    said(page, "Skipped")
    page.locator(".go button", has_text="Unmark ← Read").wait_for()
    read_out(page, "skipped")
    page.locator(".go button", has_text="Unmark").click()
    said(page, "Unmarked")
    assert t.strip().tokens == before


def test_a_summary_is_expanded_with_the_size_shown_before(t, bench):
    segments = t.strip().segments
    summary = cover(t, [s.commit for s in segments[1:6]], "Asked for the timeout.")
    made = bench()
    made.show(ContextWidget(t))
    page = made.page
    page.locator(".strip").focus()
    press(page, "Home", "ArrowRight", "ArrowRight")
    read_out(page, "stands for 5 commits")
    press(page, "ArrowRight")
    read_out(page, "covered by a summary")
    page.locator(".code code", has_text=f't.restore("{summary[:12]}")').wait_for()
    seen = t.foresee("restore", summary)
    press(page, "x")
    said(page, "Restored")
    assert t.strip().tokens == seen.after.tokens
    assert [s.commit for s in t.strip().segments] == [s.commit for s in segments]


def test_several_are_selected_on_the_page_and_read_in_python(t, shown):
    widget, page, _ = shown
    for name in ("app.py", "config.py"):
        page.locator(".units .row", has_text="← Read").filter(has_text=name).locator("input").check()
    results = [s.commit for s in t.strip().segments if s.who == "← Read"]
    page.locator(".go button", has_text="Skip 2 selected").wait_for()
    until(page, lambda: widget.selected == results)
    page.locator(".go button", has_text="Skip 2 selected").click()
    said(page, "Skipped 2 units")
    assert t.strip().left("skipped")[0] == 2
    until(page, lambda: widget.selected == [])


def test_what_python_selects_is_selected_on_the_page(t, shown):
    widget, page, bench = shown
    calls = [s.commit for s in t.strip().segments if s.who.startswith("→")]
    widget.selected = calls
    bench.flush()
    page.locator(".go button", has_text="Skip 3 selected").wait_for()
    press(page, "Escape")
    page.locator(".go button", has_text="selected").wait_for(state="detached")
    until(page, lambda: widget.selected == [])


def test_space_selects_where_the_cursor_stands(t, shown):
    widget, page, _ = shown
    press(page, "End", " ")
    until(page, lambda: widget.selected == [t.strip().segments[-1].commit])
    press(page, " ")
    until(page, lambda: widget.selected == [])


def test_a_tool_is_selected_whole(t, shown):
    widget, page, _ = shown
    page.locator(".groups .row", has_text="Grep").click()
    until(page, lambda: widget.selected == [s.commit for s in t.strip().segments if "Grep" in s.who])
    page.locator(".groups .row", has_text="Grep").click()
    until(page, lambda: widget.selected == [])


# Following the tract ----------------------------------------------------------------------------------------


def test_a_commit_of_this_process_shows_up(t, shown):
    _, page, bench = shown
    t.user("something new " * 40)
    bench.flush()
    page.locator(".status", has_text=f"{len(t.strip().segments)} units").wait_for()
    page.locator(".legend", has_text="3 user turns").wait_for()


def test_a_commit_of_another_handle_on_the_file_shows_up(t, shown, tmp_path):
    _, page, _ = shown
    with Tract.open(tmp_path / "work.db", actor="cli") as other:
        other.user("from elsewhere")
    page.locator(".legend", has_text="3 user turns").wait_for()
    press(page, "End")
    read_out(page, "from elsewhere")


def test_looking_is_not_taken_for_what_the_user_has_seen(t, shown, tmp_path):
    _, page, _ = shown
    with Tract.open(tmp_path / "work.db", actor="cli") as other:
        other.user("from elsewhere")
    page.locator(".legend", has_text="3 user turns").wait_for()
    with pytest.raises(Exception, match="The branch moved while you looked at it"):
        t.user("written without having seen it")


def test_an_action_on_what_has_moved_on_is_refused_below_the_widget(t, shown, tmp_path):
    _, page, _ = shown
    press(page, "End")
    read_out(page, "And who reads it?")
    page.evaluate("() => { Object.defineProperty(document, 'hidden', { value: true }) }")  # no polling
    with Tract.open(tmp_path / "work.db", actor="cli") as other:
        other.user("from elsewhere")
    press(page, "s")
    fault = page.locator(".fault")
    fault.wait_for()
    assert "The branch moved while you looked at it" in fault.inner_text()
    assert "Nothing was written" in fault.inner_text()
    assert t.strip().left("skipped")[0] == 0
    fault.get_by_role("button").click()
    assert page.locator(".fault").count() == 0


def test_what_the_budget_refuses_is_said_before_and_shown_when_done(opened, bench):
    tract = opened(token_budget=None)
    tract.user("word " * 300)
    tract.annotate("HEAD", SKIP)
    tract.user("hello")
    from tract_nb import TokenBudget

    tract._ws.budget = TokenBudget(100, action="reject")
    made = bench()
    made.show(ContextWidget(tract))
    page = made.page
    page.locator(".strip").focus()
    press(page, "Home")
    page.locator(".figures .bad", has_text="the budget refuses it").wait_for()
    press(page, "u")
    page.locator(".fault", has_text="of a budget of 100").wait_for()


def test_a_tract_that_is_only_read_offers_no_action(t, bench, tmp_path):
    with Tract.open(tmp_path / "work.db", read_only=True) as reader:
        made = bench()
        made.show(ContextWidget(reader))
        page = made.page
        page.locator(".live", has_text="Read-only").wait_for()
        assert not page.locator(".what").is_visible()
        page.locator(".strip").focus()
        press(page, "End", "s")
        read_out(page, "And who reads it?")
        assert page.locator(".fault").count() == 0


def test_nothing_committed_says_how_to_go_on_and_fills_when_something_is(opened, bench):
    tract = opened()
    made = bench()
    made.show(ContextWidget(tract))
    made.page.locator(".empty", has_text="Nothing is committed yet.").wait_for()
    tract.user("hello")
    made.flush()
    made.page.locator(".strip").wait_for()


# Reading and editing ----------------------------------------------------------------------------------------


def test_enter_reads_the_whole_text_where_the_tables_stand(t, shown):
    _, page, _ = shown
    press(page, "End", "Enter")
    page.locator(".reader pre", has_text="And who reads it?").wait_for()
    assert not page.locator(".tables").is_visible()
    press(page, "Escape")
    page.locator(".tables").wait_for()


def test_a_text_of_a_megabyte_is_read_a_part_at_a_time(opened, bench):
    tract = opened()
    tract.user("x" * 1_000_000)
    made = bench()
    made.show(ContextWidget(tract))
    page = made.page
    page.locator(".strip").focus()
    press(page, "Home", "Enter")
    page.locator(".reader .bar", has_text="20,000 of 1,000,000 characters").wait_for()
    page.locator(".reader .link").click()
    page.locator(".reader .bar", has_text="40,000 of 1,000,000 characters").wait_for()


def test_an_edit_says_what_it_would_change_before_it_is_applied(t, shown):
    _, page, _ = shown
    press(page, "End")
    read_out(page, "And who reads it?")
    commit = t.strip().segments[-1].commit
    press(page, "e")
    field = page.locator(".reader textarea")
    field.wait_for()
    assert field.input_value() == "And who reads it?"
    field.fill("And who reads it, and when?")
    page.locator(".code code", has_text=f"t.edit(\"{commit}\", 'And who reads it, and when?')").wait_for()
    field.press("Shift+Enter")
    said(page, "Edited")
    assert t.describe(commit, count=100).text == "And who reads it, and when?"
    assert page.locator(".reader").is_hidden()


def test_letters_typed_into_the_editor_are_text(t, shown):
    _, page, _ = shown
    operations = len(t.operations())
    press(page, "End", "e")
    field = page.locator(".reader textarea")
    field.wait_for()
    field.press_sequentially("spiuz")
    assert field.input_value().startswith("spiuz")
    assert len(t.operations()) == operations


# Zoom, roles, keys ------------------------------------------------------------------------------------------


def test_plus_comes_nearer_around_the_cursor_and_zero_shows_all(shown):
    _, page, _ = shown
    press(page, "Home", "ArrowDown")
    width = page.locator(".strip .current").get_attribute("width")
    press(page, "+", "+")
    assert page.locator(".strip .thumb").count() == 1
    assert float(page.locator(".strip .current").get_attribute("width")) > 2 * float(width)
    press(page, "0")
    assert page.locator(".strip .thumb").count() == 0
    assert page.locator(".strip .current").get_attribute("width") == width


def test_one_role_alone_and_the_arrows_keep_to_it(shown):
    _, page, _ = shown
    page.locator(".legend button", has_text="user turns").click()
    assert page.locator(".strip .faint").count() > 0
    page.locator(".strip").focus()
    press(page, "Home", "ArrowRight")
    read_out(page, "What sets the timeout?")
    press(page, "ArrowRight")
    read_out(page, "And who reads it?")
    press(page, "Escape")
    assert page.locator(".strip .faint").count() == 0


def test_question_mark_lists_every_key(shown):
    _, page, _ = shown
    press(page, "?")
    said_keys = page.locator(".help").inner_text()
    for word in ("skip", "pin", "important", "unmark", "expand", "edit", "undo", "redo", "read", "nearer"):
        assert word in said_keys
    press(page, "Escape")
    assert page.locator(".help").is_hidden()


# Foreign text, accessibility, hosts -------------------------------------------------------------------------


def test_hostile_text_is_text_everywhere(opened, bench):
    tract = opened()
    tract.user(HOSTILE)
    call = tract.tool_call(HOSTILE, {"file_path": HOSTILE})
    tract.tool_result(call.content.call_id, HOSTILE, status="error")
    tract.annotate(tract.user(HOSTILE + " skipped"), SKIP)
    made = bench()
    widget = ContextWidget(tract)
    made.show(widget)
    page = made.page
    page.locator(".units .row").first.wait_for()
    page.locator(".strip").focus()
    for _ in range(4):
        press(page, "ArrowRight")
        page.wait_for_timeout(150)
    press(page, "Enter")
    page.locator(".reader pre").wait_for()
    assert page.locator(".reader pre").inner_text() == HOSTILE + " skipped"
    assert page.evaluate("() => window.hacked") is None
    assert page.locator("img, .frame script").count() == 0
    assert "<img" not in widget.as_html()


@pytest.mark.parametrize("host", ["light", "dark", "vscode-dark"])
def test_axe_finds_nothing(t, bench, host):
    result = next(s.commit for s in t.strip().segments if s.who == "← Read")
    t.annotate(result, SKIP)
    t.annotate(t.strip().segments[1].commit, PINNED)
    made = bench(host=host)
    made.show(ContextWidget(t, selected=[t.strip().segments[-1].commit]))
    page = made.page
    page.locator(".units .row").first.wait_for()
    page.locator(".figures b").first.wait_for()
    assert violations(page) == []
    page.locator(".strip").focus()
    press(page, "?")
    assert violations(page) == []
    press(page, "Escape", "End", "Enter")
    page.locator(".reader pre").wait_for()
    assert violations(page) == []


def test_a_narrow_page_shows_all_in_one_column(t, bench):
    made = bench(width="420px")
    made.show(ContextWidget(t))
    page = made.page
    page.locator(".units .row").first.wait_for()
    frame = page.locator(".frame")
    assert frame.evaluate("(frame) => frame.scrollWidth <= frame.clientWidth + 1")
    units, groups = page.locator(".units").bounding_box(), page.locator(".groups").bounding_box()
    assert groups["y"] >= units["y"] + units["height"] - 1


def test_a_long_strip_knows_its_units_too(opened, bench):
    tract = opened()
    with tract.batch():
        for number in range(3000):
            tract.user(f"turn {number}")
    made = bench()
    widget = ContextWidget(tract)
    made.show(widget)
    page = made.page
    page.locator(".units .row").first.wait_for()
    page.locator(".strip").focus()
    press(page, "End")
    read_out(page, "turn 2999")
    press(page, " ")
    until(page, lambda: widget.selected == [tract.strip().segments[-1].commit])
    assert page.locator(".strip rect.fill").count() < 300


# In Python --------------------------------------------------------------------------------------------------


def test_the_bundle_of_its_mime_types_says_the_same_without_a_page(t, outbox):
    widget = ContextWidget(t)
    data, _ = widget._repr_mimebundle_()
    assert "Nothing is committed" not in data["text/plain"]
    assert data["text/plain"] == ContextWidget(t).as_text() == repr(widget)
    assert not re.search(r"<(style|script|svg)|\b(style|id)=", data["text/html"])
    assert "← Read" in data["text/html"].replace("\u00a0", " ")


def test_an_unknown_option_names_the_right_one(t, outbox):
    with pytest.raises(TypeError, match="Did you mean selected"):
        ContextWidget(t, selcted=[])
