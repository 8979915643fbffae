"""The advice in the context widget: asked for when somebody looks, priced, done and taken back."""

from __future__ import annotations

import re

import pytest

from tests.core.conftest import opened
from tests.core.helpers import frozen
from tests.widgets.axe import violations
from tests.widgets.test_base import ask
from tests.widgets.test_context import HOSTILE, fill, press, read_out, said, until
from tract_nb import ContentError, Tract
from tract_nb.model.advice import SUPERSEDED, UNREFERENCED
from tract_nb.view import figures
from tract_nb.widgets.context import OUTPUTS, ContextWidget

__all__ = ["opened"]

MODEL = "claude-opus-4-5-20251101"
LONG = "the tide table of the harbour is off by an hour in summer " * 80


def read(tract: Tract, name: str, arguments: dict[str, str], output: str) -> str:
    call = tract.tool_call(name, arguments)
    return tract.tool_result(call.content.call_id, output).short


def session(tract: Tract) -> Tract:
    """Twelve questions; three files are read twice, one search is never spoken of again."""
    for number in range(12):
        tract.user(f"question {number}")
        if number < 6:
            read(tract, "Read", {"file_path": f"/home/ann/app/tide_{number % 3}.py"}, f"{number}: {LONG}")
    for number in range(10):
        tract.user(f"and {number}")
    tract.assistant("It is off by an hour.")
    return tract


def report(tract: Tract) -> Tract:
    """Record the usage of the last reply: nearly all of it is cached."""
    total = tract.compile().token_count
    usage = {"input_tokens": 50, "cache_read_input_tokens": total, "cache_creation_input_tokens": 200}
    tract.record_usage({**usage, "output_tokens": 12}, model=MODEL)
    return tract


@pytest.fixture
def t(tmp_path):
    with Tract.open(tmp_path / "work.db", clock=frozen, token_budget=60_000, model=MODEL) as tract:
        tract.system("Be brief.")
        read(tract, "Grep", {"pattern": "x"}, f"src/lonely.py: def nobody_calls()\n{LONG}")
        report(session(tract))
        yield tract


@pytest.fixture
def shown(t, bench):
    made = bench()
    widget = ContextWidget(t)
    made.show(widget)
    made.page.locator(".units .row").first.wait_for()
    made.page.locator(".strip").focus()
    return widget, made.page, made


def advised(page):
    """Open the advice, and wait until it is there."""
    page.get_by_role("button", name="Advice").click()
    page.locator(".advises .row.way").nth(2).wait_for()
    return page.locator(".advises")


def cells(row):
    return [text for text in row.inner_text().split("\n") if text.strip()]


def commits(t, reason):
    return [row.commit for row in t.advice(peek=True).outputs if row.reason == reason]


# What it says -------------------------------------------------------------------------------------------


def test_it_is_asked_for_only_when_somebody_looks(t, bench, monkeypatch):
    asked = []
    work_out = Tract.advice

    def counted(*given, **options):
        asked.append(given)
        return work_out(*given, **options)

    monkeypatch.setattr(Tract, "advice", counted)
    made = bench()
    widget = ContextWidget(t)
    made.show(widget)
    page = made.page
    page.locator(".units .row").first.wait_for()
    t.user("one more " * 500)
    made.flush()
    page.locator(".units .row", has_text="one more").wait_for()
    page.locator(".header").hover()
    assert widget.as_text()
    assert widget.as_html()
    assert asked == []
    advised(page)
    assert len(asked) == 1
    page.get_by_role("button", name="Largest units").click()
    page.get_by_role("button", name="Advice").click()
    assert len(asked) == 1


def test_each_way_says_tokens_prices_and_after_how_many_calls_it_pays(t, shown):
    _, page, _ = shown
    rows = advised(page).locator(".row.way").all()
    now, *ways = t.advice().ways
    assert len(rows) == len(ways) == 3
    for row, way in zip(rows, ways, strict=True):
        said_of_it = row.inner_text()
        name = way.strategy.capitalize()
        assert said_of_it.startswith(
            {"structural": f"{name}…", "summarize": f"{name}, estimate"}.get(way.strategy, name)
        )
        for words in (
            f"{figures.tokens(now.tokens)} → {figures.tokens(way.tokens)}",
            str(way.units),
            figures.money(way.next).replace("under ", "<"),
            figures.money(way.later).replace("under ", "<"),
            "never" if way.calls is None else "at once" if way.calls == 1 else f"{way.calls} calls",
        ):
            assert words in said_of_it, (words, said_of_it)
    assert figures.money(ways[2].making) in rows[2].inner_text()
    assert "estimate" not in rows[0].inner_text() + rows[1].inner_text()


def test_outputs_nobody_needs_are_listed_by_reason_with_how_and_by_what(t, shown):
    _, page, _ = shown
    pane = advised(page)
    superseded = [row for row in t.advice().outputs if row.reason == SUPERSEDED]
    assert len(superseded) == 3
    for row in superseded:
        drawn = pane.locator(f'[data-commit="{row.commit}"]')
        assert f"{row.how} {row.by[:8]}" in drawn.inner_text()
        assert figures.tokens(-row.saved) in drawn.inner_text()
    (lone,) = [row for row in t.advice().outputs if row.reason == UNREFERENCED]
    drawn = pane.locator(f'[data-commit="{lone.commit}"]')
    assert cells(drawn)[:3] == ["← Grep", "x", f"in {lone.behind} units"]
    assert pane.locator(".reason b").all_inner_texts() == ["Superseded", "Unreferenced"]


def test_what_superseded_an_output_is_read_out_and_gone_to(t, shown):
    _, page, _ = shown
    pane = advised(page)
    row = next(row for row in t.advice().outputs if row.reason == SUPERSEDED)
    by = pane.locator(f'[data-commit="{row.commit}"] button')
    by.hover()
    read_out(page, row.by[:8])
    page.locator(".header").hover()
    by.click()
    page.locator(".header").hover()
    read_out(page, row.by[:8])
    assert not pane.locator(f'[data-commit="{row.commit}"] input').is_checked()


# What it does -------------------------------------------------------------------------------------------


def test_an_output_that_is_chosen_is_selected_in_the_strip(t, shown):
    widget, page, _ = shown
    pane = advised(page)
    one, two, *_ = commits(t, SUPERSEDED)
    for commit in (one, two):
        pane.locator(f'[data-commit="{commit}"] input').check()
    until(page, lambda: widget.selected == [one, two])
    assert page.locator(".strip .chosen").count() == 2
    page.locator(".go button", has_text="Skip 2 selected").wait_for()


def test_all_superseded_outputs_are_masked_as_it_was_shown_before_and_brought_back(t, shown):
    _, page, _ = shown
    pane = advised(page)
    wanted = commits(t, SUPERSEDED)
    seen = t.foresee("mask", wanted)
    button = pane.get_by_role("button", name="Mask 3 superseded outputs")
    button.hover()
    page.locator(".figures", has_text=f"→ {figures.tokens(seen.after.tokens)} tokens").wait_for()
    assert page.locator(".why").inner_text() == seen.why
    assert page.locator(".code code").inner_text() == seen.code
    goal = page.locator(".goal.strong").text_content()
    assert goal == f"{figures.tokens(seen.after.tokens)} after masking"
    page.locator(".header").hover()
    page.locator(".code code", has_text="SKIP").wait_for()
    before = t.strip().tokens
    button.click()
    assert said(page, "Masked 3 units").startswith(f"Masked 3 units, −{before - seen.after.tokens:,} tokens")
    assert t.strip().tokens == seen.after.tokens
    button.wait_for(state="detached")
    assert pane.locator(".reason b").all_inner_texts() == ["Unreferenced"]
    press(page, "z")
    said(page, "Undone")
    assert t.strip().tokens == before
    pane.get_by_role("button", name="Mask 3 superseded outputs").wait_for()


def test_masking_by_the_table_does_what_the_table_says(t, shown):
    _, page, _ = shown
    pane = advised(page)
    way = next(way for way in t.advice().ways if way.strategy == "mask")
    pane.locator("[data-way=mask]").hover()
    page.locator(".code code", has_text='t.compress(strategy="mask")').wait_for()
    pane.locator("[data-way=mask]").click()
    said(page, f"Masked {way.units} units")
    assert t.strip().tokens == way.tokens
    pane.locator(".row.way", has_text="Mask, nothing").wait_for()


def test_a_structural_summary_is_read_before_it_is_written(t, shown):
    _, page, _ = shown
    pane = advised(page)
    way = next(way for way in t.advice().ways if way.strategy == "structural")
    before = t.strip().tokens
    pane.locator("[data-way=structural]").click()
    page.locator(".reader .draft", has_text="question 3").wait_for()
    page.locator(".figures", has_text=f"→ {figures.tokens(way.tokens)} tokens").wait_for()
    assert t.strip().tokens == before
    page.locator(".reader button", has_text=f"Compress {way.units} units").click()
    said(page, f"Compressed {way.units} units")
    assert t.strip().tokens == way.tokens
    press(page, "z")
    said(page, "Undone")
    assert t.strip().tokens == before


def test_advice_of_what_has_moved_on_is_not_carried_out(t, shown, tmp_path):
    _, page, _ = shown
    pane = advised(page)
    state = t.strip().tokens
    page.evaluate("() => { Object.defineProperty(document, 'hidden', { value: true }) }")  # no polling
    with Tract.open(tmp_path / "work.db", actor="cli") as other:
        other.user("from elsewhere")
    pane.get_by_role("button", name="Mask 3 superseded outputs").click()
    page.locator(".fault", has_text="The branch moved while you looked at it").wait_for()
    assert t.strip().left("skipped") == (0, 0)
    assert t.strip().tokens > state


def test_advice_that_could_not_be_renewed_holds_for_its_own_head_alone(t, shown, monkeypatch):
    _, page, bench = shown
    pane = advised(page)

    def fails(*_, **__):
        raise ContentError("No advice now.", "Try again.")

    monkeypatch.setattr(Tract, "advice", fails)
    t.user("something else")
    bench.flush()
    page.locator(".fault", has_text="No advice now.").wait_for()
    before = t.strip().tokens
    pane.get_by_role("button", name="Mask 3 superseded outputs").click()
    page.locator(".fault", has_text="The branch moved while you looked at it").wait_for()
    assert t.strip().tokens == before


def test_looking_at_advice_is_not_taken_for_what_the_user_has_seen(t, shown, tmp_path):
    _, page, _ = shown
    with Tract.open(tmp_path / "work.db", actor="cli") as other:
        other.user("from elsewhere")
    page.locator(".legend", has_text="23 user turns").wait_for()
    advised(page)
    with pytest.raises(Exception, match="The branch moved while you looked at it"):
        t.user("written without having seen it")


def test_it_follows_the_tract_while_it_is_looked_at(t, shown):
    _, page, bench = shown
    pane = advised(page)
    t.compress(commits=commits(t, SUPERSEDED), strategy="mask")
    bench.flush()
    pane.get_by_role("button", name="superseded").wait_for(state="detached")
    way = next(way for way in t.advice().ways if way.strategy == "structural")
    pane.locator("[data-way=structural]", has_text=f"→ {figures.tokens(way.tokens)}").wait_for()


def test_usage_that_is_reported_changes_the_prices_at_the_same_commit(t, shown):
    _, page, bench = shown
    pane = advised(page)
    before = pane.locator("[data-way=mask]").inner_text()
    total = t.compile().token_count
    t.record_usage({"input_tokens": 9 * total, "output_tokens": 12}, model=MODEL)
    bench.flush()
    way = next(way for way in t.advice().ways if way.strategy == "mask")
    pane.locator("[data-way=mask]", has_text=f"→ {figures.tokens(way.tokens)}").wait_for()
    assert pane.locator("[data-way=mask]").inner_text() != before


def test_a_key_opens_it_and_the_arrows_go_along_what_is_listed(t, shown):
    _, page, _ = shown
    press(page, "a")
    page.locator(".advises .row.way").nth(2).wait_for()
    listed = commits(t, SUPERSEDED)
    press(page, "Home", "ArrowDown")
    read_out(page, listed[0][:8])
    press(page, "ArrowDown")
    read_out(page, listed[1][:8])
    press(page, "a")
    page.locator(".units .heads", has_text="used later").wait_for()
    assert page.locator(".advises").count() == 0


def test_only_reading_it_can_be_looked_at_and_nothing_done(t, bench, tmp_path):
    with Tract.open(tmp_path / "work.db", read_only=True) as reader:
        made = bench()
        made.show(ContextWidget(reader))
        page = made.page
        page.locator(".units .row").first.wait_for()
        pane = advised(page)
        assert not pane.locator(".reason button").first.is_visible()
        pane.locator("[data-way=mask]").click()
        pane.locator("[data-way=structural]").click()
        page.wait_for_timeout(200)
        assert not page.locator(".reader").is_visible()
        assert page.locator(".fault").count() == 0


# Where there is nothing, or no price --------------------------------------------------------------------


def test_where_there_is_nothing_to_advise_it_says_so(opened, bench):
    tract = opened()
    tract.user("hello")
    made = bench()
    made.show(ContextWidget(tract))
    made.page.locator(".units .row").first.wait_for()
    pane = advised(made.page)
    assert [cells(row) for row in pane.locator(".row.way").all()] == [
        ["Mask, nothing"],
        ["Structural, nothing"],
        ["Summarize, nothing"],
    ]
    notes = " ".join(pane.locator(".note").all_inner_texts())
    assert "No model is named, so no price is known." in notes
    assert "Nothing to compress" in notes
    assert "No output was superseded" in notes
    assert pane.locator("button.row, .reason").count() == 0


def test_a_model_without_a_price_leaves_the_prices_out_and_says_why(opened, bench):
    made = bench()
    made.show(ContextWidget(session(opened(model="of-nobody"))))
    made.page.locator(".units .row").first.wait_for()
    pane = advised(made.page)
    assert "$" not in pane.inner_text()
    assert "never" not in pane.locator(".row.way").nth(2).inner_text()
    assert pane.locator(".note", has_text="No price is known for the model 'of-nobody'").count() == 1
    assert pane.locator("[data-way=mask]").count() == 1


def test_where_nobody_is_named_to_write_a_summary_its_price_is_said_to_be_unknown(opened, bench):
    made = bench()
    made.show(ContextWidget(report(session(opened()))))
    made.page.locator(".units .row").first.wait_for()
    rows = advised(made.page).locator(".row.way")
    assert cells(rows.nth(0))[-1] in ("at once", "never") or cells(rows.nth(0))[-1].endswith("calls")
    assert cells(rows.nth(2))[-1].startswith(
        ("$", "<$")
    )  # the price of the calls after it; no making, no end
    words = "What writing it would cost is not known: no model is named to write it."
    assert made.page.locator(".note", has_text=words).count() == 1


def test_on_an_empty_tract_its_key_does_nothing(opened, bench):
    tract = opened()
    made = bench()
    made.show(ContextWidget(tract))
    page = made.page
    page.locator(".empty").wait_for()
    page.get_by_role("button", name="Keys").focus()
    press(page, "a")
    assert page.locator(".advises").count() == 0
    tract.user("hello")
    made.flush()
    page.locator(".units .heads", has_text="used later").wait_for()


def test_hostile_names_are_text(opened, bench):
    tract = opened()
    for _ in range(2):
        read(tract, HOSTILE, {"file_path": HOSTILE}, LONG)
    made = bench()
    made.show(ContextWidget(tract))
    page = made.page
    page.locator(".units .row").first.wait_for()
    assert advised(page).locator("label.row").count() == 1
    assert page.evaluate("() => window.hacked") is None
    assert page.locator("img, .frame script").count() == 0


@pytest.mark.parametrize(("host", "width"), [("light", "900px"), ("dark", "900px"), ("vscode-dark", "420px")])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(t, bench, host, width):
    made = bench(host=host, width=width)
    made.show(ContextWidget(t))
    page = made.page
    page.locator(".units .row").first.wait_for()
    pane = advised(page)
    pane.locator("label.row input").first.check()
    page.locator(".go button", has_text="Skip 1 selected").wait_for()
    assert violations(page) == []
    assert page.locator(".frame").evaluate("(frame) => frame.scrollWidth <= frame.clientWidth + 1")
    for cell in pane.locator(".way :is(.text, .titles)").all():
        assert cell.evaluate("(cell) => cell.scrollWidth <= cell.clientWidth"), cell.inner_text()
    heads = pane.locator(".heads:has(.reason)").first
    button, figure = heads.locator(".button").bounding_box(), heads.locator(".number").first.bounding_box()
    assert button["x"] + button["width"] < figure["x"]


# In Python ----------------------------------------------------------------------------------------------


def test_the_page_is_sent_all_commits_and_the_first_outputs(outbox):
    with Tract.open(clock=frozen) as tract:
        with tract.batch():
            for _ in range(OUTPUTS + 10):
                read(tract, "Read", {"file_path": "/a.py"}, LONG)
        reply = ask(ContextWidget(tract), outbox, "advice")
        (reason,) = reply["result"]["reasons"]
        assert len(reason["commits"]) == OUTPUTS + 9
        assert [row["commit"] for row in reason["rows"]] == reason["commits"][:OUTPUTS]
        assert reply["result"]["head"] == tract.strip().head


def test_the_static_view_says_what_masks_would_save(t, outbox):
    old = t.takers().old
    line = f"Masking {len(old.commits)} old outputs would save {figures.tokens(old.saved)} tokens"
    widget = ContextWidget(t)
    assert line in widget.as_text()
    assert line in widget.as_html().replace("\u00a0", " ")
    with Tract.open(clock=frozen) as other:
        assert not re.search("Masking .* would save", ContextWidget(fill(other)).as_text())
