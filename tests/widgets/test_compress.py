"""The review of a compression on a page: read, mend, pin, approve, reject; beside Python and others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.compress.test_proposing import grow, said
from tests.core.helpers import texts
from tests.llm.fakes import Fake
from tests.notebook.helpers import HOSTILE
from tests.widgets.axe import violations
from tract_nb import PINNED, SKIP, ModelError, Tract
from tract_nb.model.compression import Compression
from tract_nb.widgets.compress import CompressWidget

DRAFTS = ("zero, of /src/made_up.py", "one, of /src/part1.py", "two")


class Slow(Fake):
    """A model that waits, once it is told to, until it may answer."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.go.set()
        self.began = threading.Event()

    def complete(self, *given: Any, **options: Any) -> Any:
        self.began.set()
        self.go.wait(20)
        return super().complete(*given, **options)


@pytest.fixture
def fake() -> Iterator[Slow]:
    model = Slow()
    yield model
    model.go.set()


@pytest.fixture
def t(fake: Slow) -> Tract:
    """Three groups between two pins, each of two units, and one unit that stays."""
    tract = Tract.open(model="gpt-4o-mini", llm=fake)
    grow(tract, 3)
    return tract


def proposed(t: Tract, fake: Fake, *drafts: str, **options: Any) -> Compression:
    fake.answers = [said(draft) for draft in drafts or DRAFTS]
    review = t.compress(strategy="summarize", keep_last=1, **options)
    assert isinstance(review, Compression)
    return review


@pytest.fixture
def widget(t: Tract, fake: Slow, outbox: Any) -> CompressWidget:
    return CompressWidget(t, proposed(t, fake))


def groups(out: Any) -> Any:
    return out.locator(".group")


def names(out: Any) -> Any:
    return out.get_by_role("listbox", name="Lost names").get_by_role("option")


def originals(out: Any) -> Any:
    return out.locator(".original")


def opened(bench: Callable[..., Any], widget: CompressWidget, **options: Any) -> tuple[Any, Any]:
    """Return a page with the widget on it, its first group drawn."""
    b = bench(**options)
    out = b.show(widget)
    originals(out).first.wait_for()
    return b, out


def test_it_shows_groups_what_stays_between_and_the_originals_beside_the_draft(bench, widget):
    _, out = opened(bench, widget)
    out.get_by_text("0 of 3 approved").wait_for()
    out.get_by_text("user: pin 1").wait_for()
    rail = out.locator(".groups").inner_text()
    assert [rail.count(text) for text in ("2 units", "user: pin", "the last unit stays")] == [3, 2, 1]
    assert "1 name lost" in groups(out).nth(0).inner_text()
    assert originals(out).locator(".who").all_inner_texts() == ["user", "assistant"]
    assert originals(out).locator("mark.lost").all_inner_texts() == ["/src/part0.py"]
    assert out.locator(".draft-text mark.added").all_inner_texts() == ["/src/made_up.py"]
    out.get_by_text("1 name is in no original").wait_for()
    groups(out).nth(1).click()
    out.locator(".draft-text mark.kept", has_text="/src/part1.py").wait_for()
    out.get_by_text("No name is lost").wait_for()


def test_groups_are_approved_by_keys_and_the_last_one_does_it(bench, widget, t):
    b, out = opened(bench, widget)
    groups(out).nth(0).click()
    b.page.keyboard.press("Shift+Enter")
    out.get_by_text("1 of 3 approved").wait_for()
    assert groups(out).nth(1).get_attribute("aria-selected") == "true", "the next open one"
    assert t.pending()[0].groups[0].state == "approved"
    b.page.keyboard.press("n")
    b.page.keyboard.press("Shift+Enter")
    out.get_by_text("2 of 3 approved").wait_for()
    b.page.keyboard.press("Shift+Enter")
    out.locator(".pill", has_text="applied").wait_for()
    assert texts(t)[:2] == [DRAFTS[0], "pin 1"]
    out.locator(".said", has_text="t.undo() takes it back").wait_for()
    assert out.get_by_role("button", name="Approve").count() == 0
    assert t.pending() == []


def test_a_group_is_rejected_and_opened_again(bench, widget, t):
    _, out = opened(bench, widget)
    out.get_by_role("button", name="Reject group").click()
    groups(out).nth(0).get_by_text("rejected, stays").wait_for()
    groups(out).nth(0).click()
    out.get_by_role("button", name="Reopen group 1").click()
    groups(out).nth(0).get_by_text("1 name lost").wait_for()
    out.get_by_role("button", name="Reject group").click()
    groups(out).nth(0).get_by_text("rejected, stays").wait_for()
    out.get_by_role("button", name="Approve all").click()
    out.locator(".pill", has_text="applied").wait_for()
    assert texts(t)[0].startswith("group 0")
    assert DRAFTS[2] in texts(t)


def test_reject_all_asks_first(bench, widget, t):
    b, out = opened(bench, widget)
    before = t.status().head
    out.get_by_role("button", name="Reject all").click()
    b.page.keyboard.press("Escape")
    assert widget.review.state == "pending"
    out.get_by_role("button", name="Reject all").click()
    out.get_by_role("button", name="Reject it").click()
    out.locator(".pill", has_text="rejected").wait_for()
    assert t.status().head == before


def test_a_lost_name_says_where_it_stands_and_goes_into_the_draft(bench, widget):
    b, out = opened(bench, widget)
    names(out).first.click()
    out.locator(".quote", has_text="in 1 original; user").wait_for()
    out.locator("mark.is-current", has_text="/src/part0.py").wait_for()
    assert names(out).first.inner_text().split()[0] == "/src/part0.py"
    b.page.keyboard.press("Enter")
    out.locator(".draft-text mark.kept", has_text="/src/part0.py").wait_for()
    out.get_by_text("No name is lost").wait_for()
    assert widget.review.groups[0].draft == f"{DRAFTS[0]}\n\nAlso named: /src/part0.py."
    assert widget.review.groups[0].lost == ()


def test_originals_that_say_a_name_are_pinned_and_the_pin_is_undone(bench, widget, t):
    b, out = opened(bench, widget)
    names(out).first.click()
    out.get_by_role("button", name="Pin 1 original").click()
    out.get_by_text("1 unit no longer in it").wait_for()
    assert len(widget.review.groups[0].units) == 1
    out.locator(".said", has_text="Pinned 1 unit of group 1").wait_for()
    groups(out).nth(0).click()
    b.page.keyboard.press("z")
    out.locator(".said", has_text="The pin is taken back").wait_for()
    assert len(widget.review.groups[0].units) == 2
    t.user("meanwhile")
    assert widget.undo_pin() == {"said": "Nothing was pinned here that could be taken back."}


def test_a_pin_is_not_undone_from_here_once_something_else_was_done(bench, widget, t):
    b, out = opened(bench, widget)
    originals(out).nth(1).click()
    b.page.keyboard.press("p")
    out.get_by_text("1 unit no longer in it").wait_for()
    assert t.show(t.log().rows[4][0]).hash
    t.user("meanwhile")
    groups(out).nth(0).click()
    b.page.keyboard.press("z")
    out.get_by_role("alert").get_by_text("Something else was done since the pin").wait_for()
    assert texts(t)[-1] == "meanwhile"


def test_the_draft_is_edited_in_place(bench, widget):
    b, out = opened(bench, widget)
    groups(out).nth(0).click()
    b.page.keyboard.press("e")
    box = out.locator("textarea")
    box.fill("My own words.")
    box.press("Escape")
    assert widget.review.groups[0].draft == DRAFTS[0]
    b.page.keyboard.press("e")
    box.fill("My own words, of /src/part0.py.")
    box.press("Shift+Enter")
    out.locator(".draft-text mark.kept", has_text="/src/part0.py").wait_for()
    assert widget.review.groups[0].draft == "My own words, of /src/part0.py."
    assert out.locator("textarea").count() == 0
    assert out.locator(".by").inner_text() == "user, m-1, prompt 1, $0.001"


def test_what_is_typed_is_kept_where_the_draft_changed_meanwhile(bench, widget, t):
    b, out = opened(bench, widget)
    groups(out).nth(0).click()
    b.page.keyboard.press("e")
    out.locator("textarea").fill("My own words.")
    t.pending()[0].edit(0, "theirs")
    b.flush()
    out.locator(".said", has_text="your text is still here").wait_for()
    b.page.keyboard.press("Shift+Enter")
    out.get_by_role("alert").get_by_text("changed while you looked at it. Nothing was written").wait_for()
    assert widget.review.refresh().groups[0].draft == "theirs"
    assert out.locator("textarea").input_value() == "My own words."
    out.locator("textarea").press("Shift+Enter")  # told so, it is meant
    out.locator(".draft-text .text", has_text="My own words.").wait_for()
    assert widget.review.groups[0].draft == "My own words."


def test_what_is_typed_is_kept_where_the_review_ended_meanwhile(bench, widget, t):
    b, out = opened(bench, widget)
    groups(out).nth(0).click()
    b.page.keyboard.press("e")
    out.locator("textarea").fill("My own words.")
    t.pending()[0].reject()
    b.flush()
    out.locator(".pill", has_text="rejected").wait_for()
    b.page.keyboard.press("Shift+Enter")
    out.locator(".said", has_text="The compression is rejected by now.").wait_for()
    assert out.locator("textarea").input_value() == "My own words."


def test_what_is_typed_is_not_lost_by_going_elsewhere_or_deciding(bench, widget):
    b, out = opened(bench, widget)
    groups(out).nth(0).click()
    b.page.keyboard.press("e")
    out.locator("textarea").fill("My own words.")
    groups(out).nth(1).click()
    out.locator(".said", has_text="Keep your text first, or leave it with Esc.").wait_for()
    out.get_by_role("button", name="Approve all").click()
    out.get_by_role("button", name="Reject group").click()
    assert out.locator("textarea").input_value() == "My own words."
    assert widget.review.refresh().unresolved == 3
    out.locator("textarea").press("Escape")
    groups(out).nth(1).click()
    out.locator(".draft-text mark.kept", has_text="/src/part1.py").wait_for()


def test_approving_is_about_the_draft_on_the_page(widget, t):
    shown = widget.state["items"][0]["draft"]
    t.pending()[0].edit(0, "theirs")
    with pytest.raises(Exception, match="changed while you looked at it"):
        widget.approve_group(key="0", draft=shown)
    with pytest.raises(Exception, match="changed while you looked at it"):
        widget.approve_all(drafts={"0": shown})
    assert widget.review.refresh().unresolved == 3


def test_a_group_is_written_another_way(bench, widget, fake):
    b, out = opened(bench, widget)
    groups(out).nth(0).click()
    b.page.keyboard.press("2")
    out.locator(".draft-text .text", has_text="2 messages").wait_for()
    assert widget.review.groups[0].strategy == "structural"
    assert "330 tokens" in widget.review.groups[0].draft
    assert widget.review.groups[0].added == ()
    assert out.locator(".draft-text mark.added").count() == 0, "what a rule counted is not made up"
    asked = len(fake.sent)
    out.get_by_role("button", name="mask", exact=True).click()
    groups(out).nth(0).locator(".standing").get_by_text("needs a draft").or_(
        out.locator(".draft-text .is-masks")
    ).first.wait_for()
    assert widget.review.groups[0].strategy == "mask"
    assert len(fake.sent) == asked, "rules ask nobody"


def test_a_model_writes_while_the_rest_is_worked_with(bench, widget, fake):
    b, out = opened(bench, widget)
    fake.go.clear()
    fake.answers = [said("zero again, of /src/part0.py")]
    groups(out).nth(0).click()
    b.page.keyboard.press("r")
    b.page.keyboard.type("Name the files.")
    b.page.keyboard.press("Enter")
    groups(out).nth(0).get_by_text("being written").wait_for()
    out.get_by_text("Being written: Name the files.").wait_for()
    assert out.get_by_role("button", name="Approve group 1").is_disabled()
    groups(out).nth(1).click()
    b.page.keyboard.press("Shift+Enter")
    out.get_by_text("1 of 3 approved").wait_for()
    fake.go.set()
    groups(out).nth(0).click()
    out.locator(".draft-text .text", has_text="zero again").wait_for()
    out.locator(".said", has_text="Group 1 is written.").wait_for()
    assert "Name the files." in fake.asked()[-1][1]
    assert [group.state for group in widget.review.groups] == ["proposed", "approved", "proposed"]


def test_what_a_model_writes_can_be_stopped_and_changes_nothing(bench, widget, fake):
    _, out = opened(bench, widget)
    fake.go.clear()
    out.get_by_role("button", name="Write again").click()
    out.get_by_role("button", name="Stop").click()
    fake.go.set()
    out.get_by_role("alert").get_by_text("The writing was stopped").wait_for()
    assert widget.review.refresh().groups[0].draft == DRAFTS[0]
    out.locator(".told").get_by_role("button", name="Close").click()
    out.locator(".told .is-wrong").wait_for(state="detached")


def test_a_model_that_fails_says_so_in_place_and_changes_nothing(bench, widget, fake):
    _, out = opened(bench, widget)
    fake.answers = [ModelError("too many requests", "Wait a minute.")]
    out.get_by_role("button", name="summarize").click()
    out.get_by_role("alert").get_by_text("too many requests Wait a minute.").wait_for()
    assert widget.review.refresh().groups[0].draft == DRAFTS[0]
    assert widget.review.groups[0].state == "proposed"


def test_while_a_group_is_written_it_takes_no_decision(widget, fake):
    fake.go.clear()
    fake.began.clear()
    widget.write_with(key="0", strategy="summarize")
    fake.began.wait(20)
    draft = widget.state["items"][0]["draft"]
    for act in (
        lambda: widget.approve_group(key="0", draft=draft),
        lambda: widget.reject_group(key="0"),
        lambda: widget.write(key="0", text="mine", draft=draft),
        lambda: widget.write_with(key="0", strategy="structural"),
        lambda: widget.approve_all(drafts={"0": draft}),
    ):
        with pytest.raises(Exception, match="being written"):
            act()
    assert widget.review.refresh().unresolved == 3


def test_a_group_without_a_draft_that_does_says_what_is_wrong(bench, t, fake, outbox):
    fake.answers = [said("zero"), ModelError("too many requests", "Wait."), said("never")]
    _, out = opened(bench, CompressWidget(t, t.compress(strategy="summarize", keep_last=1)))
    out.get_by_text("Group 2 of 3: too many requests Wait.").wait_for()
    groups(out).nth(1).click()
    out.get_by_text("It cannot be approved: no summary was written: too many requests.").wait_for()
    assert out.get_by_role("button", name="Approve group 2").is_disabled()
    assert out.get_by_role("button", name="Approve all").is_disabled()


def test_the_python_line_is_that_of_what_is_pointed_at(bench, widget):
    _, out = opened(bench, widget)
    line = out.locator(".code-box code")
    assert line.inner_text() == "review.approve(0)"
    for button, code in (
        ("Reject group", "review.reject(0)"),
        ("Approve all", "review.approve()"),
        ("structural", 'review.ask(0, strategy="structural")'),
        ("Edit", 'review.edit(0, "…")'),
    ):
        out.get_by_role("button", name=button).first.hover()
        assert line.inner_text() == code


def test_it_says_what_it_comes_to(bench, t, fake, outbox):
    _, out = opened(bench, CompressWidget(t, proposed(t, fake)))
    figures = out.locator(".figures")
    assert "1.0k →" in figures.inner_text()
    assert "drafts $0.003" in figures.inner_text()


def test_unknown_prices_are_said_to_be_unknown(bench, fake, outbox):
    t = Tract.open(model="my-own/model", llm=fake)
    grow(t, 2)
    _, out = opened(bench, CompressWidget(t, proposed(t, fake)))
    out.locator(".figures", has_text="next call: price not known").wait_for()


def test_python_and_two_views_stay_in_step(bench, t, fake, outbox):
    review = proposed(t, fake)
    one, two = CompressWidget(t, review), CompressWidget(t, t.pending()[0])
    b = bench()
    first, second = b.show(one), b.show(two)
    originals(first).first.wait_for()
    groups(first).nth(0).click()
    b.page.keyboard.press("Shift+Enter")
    first.get_by_text("1 of 3 approved").wait_for()
    b.flush()
    second.get_by_text("1 of 3 approved").wait_for()
    two.edit(1, "mine")
    b.flush()
    groups(first).nth(1).click()
    first.locator(".draft-text .text", has_text="mine").wait_for()
    two.approve()
    b.flush()
    first.locator(".pill", has_text="applied").wait_for()
    second.locator(".pill", has_text="applied").wait_for()


def test_what_another_process_decides_shows_at_the_next_poll(bench, tmp_path, fake, outbox):
    t = Tract.open(tmp_path / "work.db", model="gpt-4o-mini", llm=fake)
    grow(t, 2)
    _, out = opened(bench, CompressWidget(t, proposed(t, fake)))
    other = Tract.open(tmp_path / "work.db")
    (pending,) = other.pending()
    assert isinstance(pending, Compression)
    pending.approve(0)
    out.get_by_text("1 of 2 approved").wait_for()
    other.pending()[0].reject()
    out.locator(".pill", has_text="rejected").wait_for()
    other.close()
    t.close()
    out.get_by_text("work.db is closed").wait_for()


def test_a_unit_that_was_edited_since_is_told_before_it_is_done(bench, widget, t):
    b, out = opened(bench, widget)
    t.edit(widget.review.groups[0].units[0], "Something else entirely: /src/new.py")
    b.flush()
    out.get_by_text("1 unit edited since the draft was written.").wait_for()
    out.locator("mark.lost", has_text="/src/new.py").wait_for()
    assert groups(out).nth(0).get_attribute("aria-selected") == "true"


def test_what_is_looked_at_stays_when_a_group_before_it_goes(bench, widget, t):
    b, out = opened(bench, widget)
    groups(out).nth(2).click()
    out.locator(".draft-text .text", has_text="two").wait_for()
    t.annotate(list(widget.review.groups[0].units), PINNED)
    b.flush()
    out.get_by_text("0 of 2 approved").wait_for()
    assert groups(out).nth(1).get_attribute("aria-selected") == "true"
    assert out.locator(".draft-text .text").inner_text() == "two"


def test_where_nothing_is_left_it_says_so(bench, widget, t):
    b, out = opened(bench, widget)
    for group in widget.review.groups:
        t.annotate(list(group.units), SKIP)
    b.flush()
    out.get_by_text("Nothing is left to compress").wait_for()
    out.get_by_role("button", name="Reject all").wait_for()


def test_a_branch_that_is_gone_is_told(bench, t, fake, outbox):
    t.branch("side")
    t.switch("side")
    b, out = opened(bench, CompressWidget(t, proposed(t, fake)))
    t.switch("main")
    t.undo()
    b.flush()
    out.get_by_text("the branch side, which is gone").wait_for()
    assert originals(out).count() == 2, "what was there can still be read"


def test_read_only_it_can_be_read(bench, tmp_path, fake, outbox):
    path = tmp_path / "work.db"
    t = Tract.open(path, model="gpt-4o-mini", llm=fake)
    grow(t, 2)
    proposed(t, fake)
    t.close()
    t = Tract.open(path, read_only=True)
    (pending,) = t.pending()
    assert isinstance(pending, Compression)
    b, out = opened(bench, CompressWidget(t, pending))
    out.locator(".live", has_text="Read-only: work.db").wait_for()
    names(out).first.click()
    out.locator("mark.is-current", has_text="/src/part0.py").wait_for()
    assert out.locator(".go .button:visible, .why .needs-kernel:visible, .asking:visible").count() == 0
    for key in ("e", "p", "2", "Shift+Enter"):
        b.page.keyboard.press(key)
    assert out.locator("textarea").count() == 0
    assert pending.refresh().unresolved == 2
    t.close()


def test_a_long_group_comes_page_by_page(bench, fake, outbox):
    t = Tract.open(model="gpt-4o-mini", llm=fake)
    with t.batch():
        for number in range(1200):
            t.user(f"unit {number}" + (" of /src/far_away.py" if number == 1100 else ""))
    t.user("the last")
    _, out = opened(bench, CompressWidget(t, proposed(t, fake, "short")))
    drawn = originals(out).count()
    assert 0 < drawn < 400
    names(out).first.click()
    out.locator("mark.is-current", has_text="/src/far_away.py").wait_for()
    assert originals(out).count() < 600
    assert out.locator("[data-place='1099']").inner_text().split()[:3] == ["user", "unit", "1099"]


def test_an_original_is_read_whole_where_it_stands(bench, fake, outbox):
    t = Tract.open(model="gpt-4o-mini", llm=fake)
    t.user("It begins, and " + "goes on and on, " * 900 + "to the end.")
    t.user("the last")
    _, out = opened(bench, CompressWidget(t, proposed(t, fake, "short")))
    originals(out).first.click()
    out.get_by_role("button", name="characters more").click()
    out.locator(".said-text", has_text="to the end.").wait_for()
    originals(out).first.click()
    assert "to the end." not in originals(out).first.inner_text()


@pytest.mark.parametrize("host", ["light", "dark", "vscode-light", "vscode-dark", "colab-dark"])
def test_nothing_is_out_of_reach(bench, widget, host):
    b, out = opened(bench, widget, host=host)
    assert violations(b.page) == []
    names(out).first.click()
    out.locator("mark.is-current").wait_for()
    assert violations(b.page) == []


@pytest.mark.parametrize("width", ["900px", "500px", "360px"])
def test_a_narrow_frame_holds_all_of_it(bench, widget, width):
    b, out = opened(bench, widget, width=width)
    names(out).first.click()
    out.locator(".why .button").first.wait_for()
    outside = out.locator("button:visible, .pill, input, .name").evaluate_all(
        "parts => parts.filter(part => { const box = part.getBoundingClientRect(), "
        "frame = part.closest('.frame').getBoundingClientRect(); "
        "return box.right > frame.right || box.bottom > frame.bottom }).map(part => part.textContent)"
    )
    assert outside == []
    assert violations(b.page) == []


def test_hostile_text_is_text(bench, fake, outbox):
    t = Tract.open(model="gpt-4o-mini", llm=fake)
    for name, text in HOSTILE.items():
        t.user(f"{name} {text}", priority=PINNED)
        t.user(f"{name} {text} `<img src=x onerror='window.__hacked = 1'>`")
        t.assistant(f"{name} {text} " * 30)
    t.user("the last: " + " ".join(HOSTILE.values()))
    widget = CompressWidget(t, proposed(t, fake, *HOSTILE.values(), "<script>window.__hacked = 2</script>"))
    b, out = opened(bench, widget)
    for place in range(len(widget.review.groups)):
        groups(out).nth(place).click()
        originals(out).first.wait_for()
        if names(out).count():
            names(out).first.click()
        b.page.wait_for_timeout(80)
    assert b.page.evaluate("window.__hacked") is None


def test_what_is_left_without_a_kernel_says_it_all(widget):
    assert "pending, 0 of 3 groups approved" in repr(widget)
    assert repr(widget) == repr(widget.review)
    html = widget.as_html()
    assert "<table" in html
    assert "style=" not in html.replace('style="text-align', "")
    assert widget.unresolved == 3
    with pytest.raises(AttributeError):
        _ = widget.nothing_like_it


def test_a_widget_works_in_python_as_the_review_does(widget, t):
    widget.edit(0, "mine").approve(0).reject(2)
    assert [group.state for group in widget.groups] == ["approved", "proposed", "rejected"]
    widget.approve()
    assert texts(t)[0] == "mine"
    assert "compressed" in repr(widget)


def test_the_saved_state_holds_no_texts(widget):
    state = repr(widget.state)
    for text in ("tide table", "zero, of", "pin 1", "part0"):
        assert text not in state
