"""The review of a merge on a page: decide, write, ask, apply, reject; two views of one review."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.notebook.helpers import HOSTILE
from tests.widgets.axe import violations
from tract_nb import Review, Tract
from tract_nb.model.reply import Reply
from tract_nb.widgets.merge import MergeWidget

RULE = "Always use the repo root when working with paths. When Claude runs, os.getcwd() is wrong."
OURS = "Always use paths.RepoRoot() when working with paths. When Claude runs, os.getcwd() is wrong."
THEIRS = "Always use the repo root when working with paths. When an agent runs, os.getcwd() is wrong."


class Model:
    """Answers what it is told to."""

    def __init__(self) -> None:
        self.said = "<merged>Always use paths.RepoRoot(). When an agent runs, os.getcwd() is wrong.</merged>"
        self.asked: list[str] = []

    def complete(self, messages: Any, config: Any, **_: Any) -> Reply:
        self.asked.append(messages[0]["content"])
        return Reply(self.said, cost=0.0031, model="small-model-1")


@pytest.fixture
def model():
    return Model()


@pytest.fixture
def t(model):
    """Return a tract whose branches differ in a rule and in a priority."""
    t = Tract.open(model="gpt-4o-mini", token_budget=8000, llm=model)
    rule = t.system(RULE)
    asked = t.user("Shall it be tested?")
    t.assistant("Yes.")
    t.branch("docs")
    t.edit(rule, OURS)
    t.annotate(asked, "PINNED")
    t.switch("docs")
    t.edit(rule, THEIRS)
    t.annotate(asked, "SKIP")
    t.user("Can you add this to the docs?")
    t.switch("main")
    return t


@pytest.fixture
def widget(t, outbox):
    return MergeWidget(t, t.merge("docs"))


def rows(out: Any) -> Any:
    return out.locator("[role=option]")


def test_it_shows_what_both_sides_did(bench, widget):
    out = bench().show(widget)
    out.get_by_text("2 of 2 unresolved").wait_for()
    assert rows(out).locator("b").all_inner_texts() == ["Both edited", "Priorities differ"]
    sides = out.locator(".side")
    assert sides.nth(0).locator("ins").all_inner_texts() == ["paths.RepoRoot()"]
    assert sides.nth(0).locator("del").all_inner_texts() == ["the repo root"]
    assert sides.nth(2).locator("ins").all_inner_texts() == ["an agent"]
    assert set(sides.nth(1).locator(".gone").all_inner_texts()) == {"the repo root", "Claude"}
    assert out.get_by_role("button", name=re.compile("Apply, 2 open")).is_disabled()
    assert out.get_by_text("Can you add this to the docs?").count() == 1


def test_it_is_decided_and_applied_by_keys(bench, widget, t):
    b = bench()
    out = b.show(widget)
    rows(out).nth(0).click()
    out.locator(".side ins").first.wait_for()
    b.page.keyboard.press("2")
    out.get_by_text("1 of 2 unresolved").first.wait_for()
    b.page.keyboard.press("n")
    assert rows(out).nth(1).get_attribute("aria-selected") == "true"
    b.page.keyboard.press("1")
    out.get_by_text("all 2 settled").wait_for()
    b.page.keyboard.press("Shift+Enter")
    out.locator(".pill", has_text="applied").wait_for()
    assert next(message["content"] for message in t.compile().to_openai()) == THEIRS
    assert t.status().pinned == 2
    assert t.pending() == []
    assert out.get_by_role("button", name="Reject").count() == 0
    b.page.keyboard.press("1")
    assert widget.review.state == "applied"


def test_a_text_is_written_and_its_words_say_where_they_are_from(bench, widget, t):
    b = bench()
    out = b.show(widget)
    rows(out).nth(0).click()
    out.locator(".side ins").first.wait_for()
    b.page.keyboard.press("e")
    box = out.locator("textarea")
    box.fill("Always use paths.RepoRoot() when working with paths. When an agent runs, beware.")
    box.press("Escape")
    assert out.locator("textarea").count() == 0
    assert widget.review.conflicts[0].answer is None
    b.page.keyboard.press("e")
    box.fill("Always use paths.RepoRoot() when working with paths. When an agent runs, beware.")
    box.press("Control+Enter")
    out.get_by_text("1 of 2 unresolved").first.wait_for()
    result = out.locator(".result")
    result.locator("[data-from=ours]", has_text="paths.RepoRoot()").wait_for()
    assert "an agent" in "".join(result.locator("span[data-from=theirs]").all_inner_texts())
    assert "beware" in "".join(result.locator("span[data-from=new]").all_inner_texts())
    assert widget.review.conflicts[0].proposed.endswith("beware.")


def test_the_model_is_asked_and_its_text_is_only_a_proposal(bench, widget, model):
    b = bench()
    out = b.show(widget)
    rows(out).nth(0).click()
    b.page.keyboard.press("a")
    field = out.get_by_label("Instruction to the model")
    field.fill("keep both rules")
    field.press("Enter")
    out.get_by_role("button", name="Accept proposal").wait_for()
    assert "keep both rules" in model.asked[0]
    by = out.locator(".by").inner_text()
    assert re.fullmatch(r"proposed by small-model-1, merge_resolution \d+, \$0\.003", by), by
    rows(out).nth(0).click()
    b.page.keyboard.press("Enter")
    out.get_by_text("1 of 2 unresolved").first.wait_for()
    assert rows(out).nth(0).locator(".choice").inner_text() == "edited"
    kept = widget.review.conflicts[0].answer
    assert kept.metadata["written_by"]["prompt"]["name"] == "merge_resolution"


def test_what_a_model_gives_no_text_for_is_told_and_changes_nothing(bench, widget, model):
    model.said = "I cannot help with that."
    b = bench()
    out = b.show(widget)
    rows(out).nth(0).click()
    out.get_by_label("Instruction to the model").fill("merge")
    out.get_by_label("Instruction to the model").press("Enter")
    out.get_by_role("alert").get_by_text("did not answer in the form").wait_for()
    assert widget.review.conflicts[0].proposal is None


def test_reject_asks_first(bench, widget, t):
    b = bench()
    out = b.show(widget)
    before = t.status().head
    out.get_by_role("button", name="Reject").click()
    b.page.keyboard.press("Escape")
    assert widget.review.state == "pending"
    out.get_by_role("button", name="Reject").click()
    out.get_by_role("button", name="Reject it").click()
    out.locator(".pill", has_text="rejected").wait_for()
    assert t.status().head == before


def test_two_views_of_one_review_and_python_stay_in_step(bench, t, outbox):
    review = t.merge("docs")
    one, two = MergeWidget(t, review), MergeWidget(t, t.pending()[0])
    b = bench()
    first, second = b.show(one), b.show(two)
    rows(first).nth(0).click()
    b.page.keyboard.press("1")
    first.get_by_text("1 of 2 unresolved").first.wait_for()
    b.flush()
    second.get_by_text("1 of 2 unresolved").first.wait_for()
    two.choose(1, "theirs")
    b.flush()
    first.get_by_text("all 2 settled").wait_for()
    two.approve()
    b.flush()
    first.locator(".pill", has_text="applied").wait_for()
    second.locator(".pill", has_text="applied").wait_for()


def test_answers_of_another_process_show_at_the_next_poll(bench, tmp_path, outbox):
    t = Tract.open(tmp_path / "work.db")
    rule = t.system(RULE)
    t.branch("docs")
    t.edit(rule, OURS)
    t.switch("docs")
    t.edit(rule, THEIRS)
    t.switch("main")
    b = bench()
    out = b.show(MergeWidget(t, t.merge("docs")))
    out.get_by_text("1 of 1 unresolved").wait_for()
    other = Tract.open(tmp_path / "work.db")
    (pending,) = other.pending()
    assert isinstance(pending, Review)
    pending.choose(0, "ours")
    out.get_by_text("all 1 settled").wait_for()
    other.close()


@pytest.mark.parametrize("host", ["light", "dark", "vscode-dark"])
def test_nothing_is_out_of_reach(bench, widget, host):
    b = bench(host=host)
    out = b.show(widget)
    out.locator(".side ins").first.wait_for()
    assert violations(b.page) == []


def test_hostile_text_is_text(bench, outbox):
    t = Tract.open()
    units = [t.user(f"{name} {text}") for name, text in HOSTILE.items()]
    t.branch("docs")
    for unit in units:
        t.edit(unit, f"ours {unit.content.text}")
    t.switch("docs")
    for unit in units:
        t.edit(unit, f"theirs {unit.content.text}")
    t.user("<img src=x onerror='window.__hacked = 9'>")
    t.switch("main")
    b = bench()
    out = b.show(MergeWidget(t, t.merge("docs")))
    for place in range(len(units)):
        rows(out).nth(place).click()
        b.page.wait_for_timeout(60)
    assert b.page.evaluate("window.__hacked") is None


def test_what_is_left_without_a_kernel_says_it_all(widget):
    assert "pending, 2 of 2 conflicts unresolved" in repr(widget)
    assert "<table" in widget.as_html()
    assert widget.unresolved == 2
    with pytest.raises(AttributeError):
        _ = widget.nothing_like_it


def test_what_is_typed_is_not_lost_when_the_review_ends_meanwhile(bench, widget, t):
    b = bench()
    out = b.show(widget)
    rows(out).nth(0).click()
    out.locator(".side ins").first.wait_for()
    b.page.keyboard.press("e")
    out.locator("textarea").fill("My own words.")
    t.pending()[0].reject()
    b.flush()
    out.locator(".pill", has_text="rejected").wait_for()
    b.page.keyboard.press("Shift+Enter")
    out.locator(".said", has_text="The merge is rejected by now.").wait_for()
    assert out.locator("textarea").input_value() == "My own words."


def test_a_written_text_goes_to_the_conflict_it_was_written_for(bench, widget, t):
    b = bench()
    out = b.show(widget)
    rows(out).nth(1).click()
    rows(out).nth(0).click()
    out.locator(".side ins").first.wait_for()
    b.page.keyboard.press("e")
    out.locator("textarea").fill("My own words.")
    b.page.keyboard.press("Shift+Enter")
    out.get_by_text("1 of 2 unresolved").first.wait_for()
    assert widget.review.conflicts[0].answer.text == "My own words."
    assert out.locator("textarea").count() == 0


def test_what_is_looked_at_stays_when_a_conflict_before_it_goes(bench, widget, t):
    b = bench()
    out = b.show(widget)
    rows(out).nth(1).click()
    assert rows(out).nth(1).get_attribute("aria-selected") == "true"
    t.edit(t.log().rows[-1][0], THEIRS)  # ours now says what theirs says: nothing to decide there
    b.flush()
    b.page.wait_for_function(
        "() => document.querySelector('.out').shadowRoot.querySelectorAll('[role=option]').length === 1"
    )
    assert "Priorities differ" in rows(out).nth(0).inner_text()
    assert rows(out).nth(0).get_attribute("aria-selected") == "true"


def test_after_applying_it_says_how_to_take_it_back(bench, widget):
    b = bench()
    out = b.show(widget)
    widget.review.choose(0, "ours")
    widget.review.choose(1, "ours")
    widget.refresh()
    b.flush()
    rows(out).nth(0).click()
    b.page.keyboard.press("Shift+Enter")
    out.locator(".said", has_text="t.undo() takes it back").wait_for()
    assert out.locator(".said .undo").count() == 0, "z is no key here"


def test_a_narrow_frame_holds_all_of_it(bench, widget):
    b = bench(width="360px")
    out = b.show(widget)
    out.locator(".choose button").first.wait_for()
    outside = out.locator(".header button, .pill, .choose button, .asking button, .end button").evaluate_all(
        "parts => parts.filter(part => part.getBoundingClientRect().right > "
        "part.closest('.frame').getBoundingClientRect().right).map(part => part.textContent)"
    )
    assert outside == []
