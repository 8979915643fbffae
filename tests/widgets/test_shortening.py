"""Masks and compressions on a page, in the history and in the context: shown before, done, taken back."""

from __future__ import annotations

import re

import pytest

from tests.core.helpers import frozen
from tests.widgets.axe import violations
from tests.widgets.test_context import press, read_out, said
from tests.widgets.test_dag import Shown
from tract_nb import Tract
from tract_nb.view import figures
from tract_nb.widgets.context import ContextWidget
from tract_nb.widgets.dag import DagWidget

MODEL = "claude-opus-4-5-20251101"


@pytest.fixture
def t(tmp_path):
    """A question, fourteen files read, an answer with its usage."""
    with Tract.open(tmp_path / "work.db", clock=frozen, token_budget=20_000) as tract:
        tract.user("Which of them sets the timeout?")
        for number in range(14):
            call = tract.tool_call("Read", {"file_path": f"/home/ann/app/part_{number}.py"})
            tract.tool_result(call.content.call_id, f"limit_{number}_seconds = {number}\n" * 45)
        tract.assistant("None of them.")
        usage = {"input_tokens": 50, "cache_read_input_tokens": 4000, "cache_creation_input_tokens": 200}
        tract.record_usage({**usage, "output_tokens": 12}, model=MODEL)
        yield tract


@pytest.fixture
def history(t, bench):
    return Shown(bench(), DagWidget(t))


@pytest.fixture
def context(t, bench):
    made = bench()
    made.show(ContextWidget(t))
    made.page.locator(".units .row").first.wait_for()
    made.page.locator(".strip").focus()
    return made.page


def outputs(t: Tract) -> list[str]:
    return [segment.commit for segment in t.strip().segments if segment.who == "← Read"]


# In the history -----------------------------------------------------------------------------------------


def test_an_output_is_masked_as_it_was_shown_and_unmasked(history, t):
    history.row("part_3.py").click()
    result = history.widget.selected[0]
    history.out.locator("[data-action=mask]").hover()
    history.out.locator(
        ".foresight code", has_text=f't.compress(commits="{result}", strategy="mask")'
    ).wait_for()
    seen = t.foresee("mask", result)
    shown = history.out.locator(".foresight p").inner_text()
    assert figures.change(seen.before.tokens, seen.after.tokens).replace("−", "") in shown.replace("−", "")
    assert seen.why in shown
    history.press("m")
    history.until_said("Masked 1 unit")
    assert t.compile().token_count == seen.after.tokens
    history.row("part_3.py").locator("[role=img][aria-label=masked]").wait_for()
    history.row("part_3.py").click()
    unmask = history.out.locator("[data-action=restore]", has_text="Unmask")
    unmask.wait_for()
    assert history.out.locator("[data-action=mask]").count() == 0
    history.press("x")
    history.until_said("Restored")
    assert t.compile().token_count == seen.before.tokens


def test_a_mask_is_taken_back_by_undo(history, t):
    before = t.compile().to_dicts()
    history.row("part_3.py").click()
    history.press("m")
    history.until_said("Masked 1 unit")
    assert t.compile().to_dicts() != before
    history.press("z")
    history.until_said("Undone")
    assert t.compile().to_dicts() == before


def test_what_is_no_output_is_not_masked_and_nothing_is_written(history, t):
    operations = len(t.operations())
    history.row("Which of them").click()
    history.press("m")
    history.until_said("Nothing was written")
    assert len(t.operations()) == operations


def test_a_draft_is_shown_word_by_word_before_it_stands_there(history, t):
    history.row("part_5.py").click()
    history.row("part_2.py").click(modifiers=["Shift"])
    commits = list(history.widget.selected)
    would = t.compress(commits=commits, strategy="structural", dry_run=True)
    history.press("c")
    draft = history.out.locator(".draft")
    assert draft.locator("pre").all_inner_texts() == [group.draft for group in would.groups]
    lost = {name for group in would.groups for name in group.lost}
    assert {"limit_3_seconds", "limit_4_seconds"} <= lost
    assert f"{len(lost)} names left out" in draft.inner_text()
    assert "limit_3_seconds" in draft.inner_text()
    history.out.locator(".foresight code", has_text='strategy="structural"').wait_for()
    operations = len(t.operations())
    history.out.get_by_role("button", name=re.compile("Compress 6 units")).click()
    history.until_said("Compressed 6 units")
    assert len(t.operations()) == operations + 1
    assert t.compile().token_count == t.foresee("pin", "HEAD").before.tokens
    assert t.log(kind="summary")[0].preview.startswith("▸ 6 commits ")
    assert history.out.locator(".draft").count() == 0
    history.press("z")
    history.until_said("Undone")
    assert not t.log(kind="summary")


def test_a_draft_of_what_moved_on_is_not_written(history, t, tmp_path):
    history.row("part_5.py").click()
    history.row("part_2.py").click(modifiers=["Shift"])
    history.press("c")
    history.out.locator(".draft").wait_for()
    with Tract.open(tmp_path / "work.db") as other:
        other.user("One more.")
    history.row("One more.").wait_for()  # the page knows, the draft does not
    history.out.get_by_role("button", name=re.compile("Compress 6 units")).click()
    history.out.locator(".fault", has_text="The branch moved while you looked at it").wait_for()
    assert not t.log(kind="summary")
    assert history.out.locator(".draft").count() == 1


def test_escape_leaves_a_draft(history, t):
    history.row("part_2.py").click()
    history.press("Shift+ArrowDown", "c")
    history.out.locator(".draft").wait_for()
    history.press("Escape")
    assert history.out.locator(".draft").count() == 0
    assert not t.log(kind="summary")


def test_the_masks_of_one_operation_are_one_row_that_opens_and_is_taken_back_whole(history, t):
    t.compress(commits=outputs(t)[:5], strategy="mask")
    row = history.row("5 outputs masked")
    row.wait_for()
    assert "Read 5" in row.inner_text()
    assert row.get_attribute("aria-expanded") == "false"
    row.click()
    history.out.locator(".side .title", has_text="5 masks").wait_for()
    assert history.out.locator(".content-box").inner_text().count("tokens left out") == 5
    history.press("ArrowRight")
    history.until(lambda: history.out.locator(".row[data-commit] del").count() == 5)
    history.press("ArrowLeft")
    row.wait_for()
    row.click()
    history.out.locator("[data-action=restore]", has_text="Unmask").wait_for()
    before = t.compile().token_count
    seen = t.foresee("restore", outputs(t)[:5])
    history.press("x")
    history.until_said("Restored 5 units")
    assert t.compile().token_count == seen.after.tokens > before


# In the context -----------------------------------------------------------------------------------------


def test_an_output_of_the_context_is_masked_and_unmasked(context, t):
    press(context, "ArrowDown")
    press(context, "ArrowUp")
    context.locator("[data-action=mask]").hover()
    result = outputs(t)[0]
    context.locator(".code code", has_text=f't.compress(commits="{result}", strategy="mask")').wait_for()
    seen = t.foresee("mask", result)
    context.locator(".strip text", has_text="after masking").wait_for()
    assert context.locator(".why").inner_text() == seen.why
    press(context, "m")
    assert said(context, "Masked") == f"Masked 1 unit, −{seen.before.tokens - seen.after.tokens:,} tokens."
    assert t.strip().tokens == seen.after.tokens
    read_out(context, "masked")
    context.locator(".go button", has_text="Unmask").wait_for()
    press(context, "x")
    said(context, "Restored")
    assert t.strip().tokens == seen.before.tokens


def test_all_old_outputs_are_masked_with_nothing_selected(context, t):
    context.locator("[data-action=mask-old]").hover()
    context.locator(".code code", has_text='t.compress(strategy="mask")').wait_for()
    seen = t.foresee("mask")
    context.locator(".figures", has_text=f"{seen.units} units").wait_for()
    press(context, "Shift+m")
    assert said(context, "Masked").startswith(f"Masked {seen.units} units, −")
    assert t.strip().tokens == seen.after.tokens
    assert sum(segment.masked for segment in t.strip().segments) == seen.units
    press(context, "z")
    said(context, "Undone")
    assert t.strip().tokens == seen.before.tokens


def test_what_is_selected_in_the_context_is_compressed_after_it_was_read(context, t):
    calls = [s.commit for s in t.strip().segments if s.who == "→ Read"][:2]
    chosen = [*outputs(t)[:2], *calls]
    context.locator(".groups .row", has_text="part_0.py").click()
    context.locator(".groups .row", has_text="part_1.py").click()
    context.locator(".strip").focus()
    press(context, "c")
    would = t.compress(commits=chosen, strategy="structural", dry_run=True)
    context.locator(".reader .primary", has_text="Compress 4 units").wait_for()
    assert context.locator(".draft pre").all_inner_texts() == [group.draft for group in would.groups]
    seen = t.foresee("structural", chosen)
    context.locator(".figures", has_text="4 units").wait_for()
    assert context.locator(".why").inner_text() == seen.why
    press(context, "Shift+Enter")
    said(context, "Compressed 4 units")
    assert t.strip().tokens == seen.after.tokens
    context.locator(".tables").wait_for()


def test_a_draft_of_a_context_that_moved_on_is_not_written(context, t, tmp_path):
    context.locator(".groups .row", has_text="part_0.py").click()
    context.locator(".strip").focus()
    press(context, "c")
    context.locator(".reader .primary", has_text="Compress 2 units").wait_for()
    with Tract.open(tmp_path / "work.db") as other:
        added = other.user("One more.")
    context.locator(".status", has_text=added.hash[:8]).wait_for()
    press(context, "Shift+Enter")
    context.locator(".fault", has_text="The branch moved while you looked at it").wait_for()
    assert not t.log(kind="summary")
    assert context.locator(".draft").count() == 1


def test_results_without_their_calls_are_refused_in_words(context, t):
    for number in (0, 1):
        context.locator(".units .row input").nth(number).check()
    context.locator("[data-action=structural]").hover()
    context.locator(".why", has_text="a result without its call").wait_for()
    context.locator("[data-action=structural]").click()
    context.locator(".fault", has_text="a result without its call").wait_for()
    assert context.locator(".draft").count() == 0


# At every width -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", ["900px", "500px", "360px"])
@pytest.mark.parametrize("host", ["light", "dark"])
def test_axe_finds_nothing_while_a_draft_is_shown(t, bench, host, width):
    made = bench(host=host, width=width)
    history = Shown(made, DagWidget(t))
    history.row("part_13.py").click()
    history.press("Shift+ArrowDown", "c")
    history.out.locator(".draft").wait_for()
    made.show(ContextWidget(t))
    made.page.locator(".groups .row", has_text="part_0.py").click()
    made.page.locator(".strip").focus()
    press(made.page, "c")
    made.page.locator(".reader .draft").wait_for()
    made.page.wait_for_timeout(200)
    assert violations(made.page) == []


@pytest.mark.parametrize("width", ["900px", "500px", "360px"])
def test_no_button_and_no_price_of_the_context_is_cut_off(t, bench, width):
    made = bench(width=width)
    out = made.show(ContextWidget(t))
    made.page.locator(".units .row").first.wait_for()
    made.page.locator(".strip").focus()
    made.page.locator(".figures b").first.wait_for()
    assert out.evaluate(CUT, ".header b, .go button, .figures span, .card .facts > *, .what .code") == []
    press(made.page, "e")
    made.page.locator(".reader textarea").wait_for()
    assert out.evaluate(CUT, ".reader .bar > *") == []


#: what of some parts is outside of what they stand in, or of the frame
CUT = """(out, wanted) => {
  const root = out.shadowRoot;
  const frame = root.querySelector(".frame").getBoundingClientRect();
  return [...root.querySelectorAll(wanted)].filter(part => {
    const box = part.getBoundingClientRect();
    if (!box.width) return false;
    for (let at = part.parentElement; at && !at.classList.contains("frame"); at = at.parentElement) {
      const around = at.getBoundingClientRect();
      if (getComputedStyle(at).overflow !== "visible" &&
          (box.right > around.right + 1 || box.bottom > around.bottom + 1)) return true;
    }
    return box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
  }).map(part => part.textContent);
}"""


# What two people do at once -----------------------------------------------------------------------------


def test_an_edit_in_the_history_does_not_write_over_another_ones(history, t, tmp_path):
    history.row("Which of them").click()
    history.press("e")
    field = history.out.locator("textarea")
    field.fill("Which of them sets the limit?")
    with Tract.open(tmp_path / "work.db") as other:
        other.edit(history.widget.selected[0], "Where is the timeout set?")
    history.row("Where is the timeout set?").wait_for()
    history.press("Shift+Enter")
    fault = history.out.locator(".fault")
    fault.wait_for()
    assert "was edited while you wrote" in fault.inner_text()
    assert field.input_value() == "Which of them sets the limit?"
    assert t.compile().messages[0].text == "Where is the timeout set?"


def test_an_edit_in_the_context_does_not_write_over_another_ones(context, t, tmp_path):
    press(context, "Home", "e")
    field = context.locator(".reader textarea")
    field.fill("Which of them sets the limit?")
    question = t.strip().segments[0].commit
    with Tract.open(tmp_path / "work.db") as other:
        other.edit(question, "Where is the timeout set?")
    context.locator(".status", has_text=t.show("HEAD").hash[:8]).wait_for()
    press(context, "Shift+Enter")
    fault = context.locator(".fault")
    fault.wait_for()
    assert "was edited while you wrote" in fault.inner_text()
    assert field.input_value() == "Which of them sets the limit?"
    assert t.compile().messages[0].text == "Where is the timeout set?"


def test_an_editor_opened_at_once_has_the_text_of_what_is_selected(history, t):
    history.page.evaluate(SLOW)
    history.row("Which of them").click()
    history.press("e")
    field = history.out.locator("textarea")
    field.wait_for()
    assert field.input_value() == "Which of them sets the timeout?"


#: let what is read beside the rows come late
SLOW = """() => {
  const once = window.toPython;
  window.toPython = async (id, data) => {
    if (data.content?.method === "detail") await new Promise(resolve => setTimeout(resolve, 300));
    return once(id, data);
  };
}"""


def test_what_another_one_appends_does_not_keep_an_edit_from_being_saved(history, t, tmp_path):
    history.row("Which of them").click()
    history.press("e")
    history.out.locator("textarea").fill("Which of them sets the limit?")
    with Tract.open(tmp_path / "work.db") as other:
        other.user("One more.")
    history.row("One more.").wait_for()
    history.press("Shift+Enter")
    history.until_said("Edited")
    assert t.compile().messages[0].text == "Which of them sets the limit?"
