"""Foresight: what is said before an action is what happens when it is done."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.helpers import frozen, written
from tests.core.stories import Step, appends, changes, cover, place, play
from tests.core.stories import words as edits
from tract_nb import BudgetError, ContentError, RefError, TokenBudget, Tract, TractError
from tract_nb.llm.prices import price

MODEL = "claude-opus-4-5-20251101"
ACTIONS = st.sampled_from(
    ["skip", "skip", "unmark", "pin", "important", "restore", "edit", "mask", "mask", "structural"]
)
#: outputs that a line is shorter than, and masks that can be taken back
outputs = st.tuples(st.just("answer"), place, st.sampled_from(["word " * 90, "line of an output\n" * 60]))
masks = st.tuples(st.just("mask"), st.lists(place, min_size=1, max_size=4))


def report(tract: Tract, read: int, wrote: int = 0, *, given: int = 0) -> None:
    """Record what a provider would report for the newest reply to so many tokens."""
    fresh = max(given - read - wrote, 4)
    given_and_said = {"input_tokens": fresh, "output_tokens": 20}
    tract.record_usage(
        {**given_and_said, "cache_read_input_tokens": read, "cache_creation_input_tokens": wrote}, model=MODEL
    )


def do(tract: Tract, action: str, names: list[str], text: str) -> None:
    """Do what was foreseen."""
    priorities = {"skip": "SKIP", "unmark": "NORMAL", "important": "IMPORTANT", "pin": "PINNED"}
    if action == "edit":
        tract.edit(names[0], text)
    elif action == "restore":
        tract.restore(names)
    elif action in ("mask", "structural"):
        tract.compress(commits=names or None, strategy=action)
    else:
        tract.annotate(names, priorities[action])


def act(tract: Tract, step: Step) -> None:
    """Do a step of a story; masks are of what may be masked."""
    if step[0] != "mask":
        play(tract, step)
    elif units := about(tract, "mask"):
        tract.compress(commits=[units[number % len(units)] for number in step[1]], strategy="mask")


def about(tract: Tract, action: str) -> list[str]:
    """Return units that an action may be about."""
    rows = [row for row in tract.log(all=True) if row.kind in ("append", "summary")]
    if action in ("mask", "structural"):
        shown = set(tract.compile().commit_hashes)
        return [row.commit for row in rows if any(one.startswith(row.commit) for one in shown)]
    if action == "restore":
        masked = {tract.show(row.commit).targets[0] for row in tract.log(kind="edit") if is_mask(tract, row)}
        return [
            row.commit
            for row in rows
            if row.kind == "summary" or any(m.startswith(row.commit) for m in masked)
        ]
    return [row.commit for row in rows]


def is_mask(tract: Tract, row: Any) -> bool:
    return "mask" in (tract.show(row.commit).metadata or {})


# What happens, told by compiling and by nothing of the view ---------------------------------------------


def in_cache(tract: Tract, reply: str | None, reach: int) -> int:
    """Return how much of what compiles now begins as what was sent with the reply."""
    if reply is None or not reach:
        return 0
    then, now = tract.compile(reply), tract.compile()
    sizes = [message.tokens + 3 if message.tokens else 0 for message in then.messages]
    total = sum(sizes) and sum(sizes) + 3
    same = max(then.token_count - total, 0)
    sent = [message for message in then.messages if message.tokens]
    while sent and sent[-1].role == "assistant":  # the reply, which nobody has sent yet
        sent.pop()
    sends = [message for message in now.messages if message.tokens]
    for a, b in zip(sent, sends, strict=False):
        if (a.role, a.name, a.call_id, a.text) != (b.role, b.name, b.call_id, b.text):
            break
        same += a.tokens + 3
    return min(same, reach, now.token_count)


@settings(max_examples=250)
@given(
    before=st.lists(st.one_of(appends, appends, outputs, changes, masks), max_size=14),
    after=st.lists(st.one_of(appends, changes, outputs, masks), max_size=6),
    usage=st.one_of(st.none(), st.tuples(st.integers(0, 90), st.integers(0, 60))),
    action=ACTIONS,
    chosen=st.lists(place, max_size=6),
    text=edits,
)
def test_what_is_foreseen_is_what_happens(
    before: list[Step],
    after: list[Step],
    usage: tuple[int, int] | None,
    action: str,
    chosen: list[int],
    text: str,
):
    with Tract.open(clock=frozen) as tract:
        for step in before:
            act(tract, step)
        reply, reach = None, 0
        if usage is not None:
            reply = tract.assistant("the reply").hash
            report(tract, *usage)
            reach = sum(usage)
        for step in after:
            act(tract, step)
        names = [units[number % len(units)] for number in chosen] if (units := about(tract, action)) else []
        names = names[:1] if action == "edit" else names
        state = written(tract)
        try:
            seen = tract.foresee(
                action,
                None if not names and action in ("mask", "structural") else names,
                text=text if action == "edit" else None,
            )
        except TractError as refused:
            # what is not done is not foreseen either, and for the same reason
            assert written(tract) == state
            if names:
                with pytest.raises(type(refused), match=re.escape(refused.message)):
                    do(tract, action, names, text)
            return

        assert written(tract) == state
        rates = price(MODEL) if usage is not None else None

        def holds(outlook):
            tokens = tract.compile().token_count
            cached = in_cache(tract, reply, reach)
            assert (outlook.tokens, outlook.cached) == (tokens, cached)
            if rates is None:
                assert (outlook.next, outlook.later) == (None, None)
                return
            write, again = (rates.cache_write, rates.cached) if reach else (rates.input, rates.input)
            assert outlook.next == pytest.approx(cached * rates.cached + (tokens - cached) * write)
            assert outlook.later == pytest.approx(tokens * again)

        holds(seen.before)
        do(tract, action, names, text)
        holds(seen.after)
        assert (written(tract) == state) == (seen.units == 0)


# What is said -------------------------------------------------------------------------------------------


@pytest.fixture
def session(opened):
    """Twelve turns of some hundred tokens, the cache of the last call reaches into them."""
    tract = opened(model=MODEL)
    for number in range(12):
        tract.user(f"turn {number} " + "word " * 200)
    tract.assistant("done")
    return tract


def turn(tract, number):
    return tract.log()[::-1][number].commit


def test_a_change_behind_the_cache_costs_nothing_extra(session):
    report(session, 800, given=2600)
    seen = session.foresee("skip", turn(session, 9))
    assert seen.why == "The cache already ends at 800, so this costs nothing extra."
    assert seen.after.next < seen.before.next
    assert seen.code == f't.annotate("{turn(session, 9)}", "SKIP")'


def test_a_change_within_the_cache_says_when_it_is_paid_back(session):
    report(session, 2400, 60, given=2600)
    seen = session.foresee("skip", turn(session, 1))
    assert seen.after.cached < seen.before.cached == 2460
    assert seen.why.startswith("The cache breaks at 336 instead of 2.5k: the next call costs $0.0")
    assert seen.why.endswith("calls.")
    assert "tokens, next call $" in seen.says


def test_a_change_that_saves_more_than_the_cache_is_worth_says_so(session):
    report(session, 900, given=2600)
    seen = session.foresee("skip", [turn(session, number) for number in range(1, 12)])
    assert seen.why.startswith("The cache breaks at 336 instead of 900, and still the next call costs $0.0")
    assert seen.why.endswith("less.")


def test_taking_a_skip_back_finds_what_is_still_cached(session):
    report(session, 2000, given=2600)
    session.annotate(turn(session, 2), "SKIP")
    seen = session.foresee("unmark", turn(session, 2))
    assert seen.after.cached == 2000
    assert seen.why == "The cache reaches up to 2.0k again: it still has what this brings back."


def test_a_pin_changes_nothing_that_is_sent(session):
    report(session, 2000, given=2600)
    seen = session.foresee("pin", turn(session, 2))
    assert (seen.units, seen.why) == (1, "What is sent does not change.")
    assert seen.before == seen.after


def test_without_a_call_nothing_is_said_of_the_cache(session):
    seen = session.foresee("skip", turn(session, 2))
    assert seen.why == "No call is recorded on this branch, so nothing is known of the provider's cache."
    assert seen.after.next < seen.before.next
    assert seen.after.later is None


def test_without_a_model_prices_are_left_out_with_the_reason(t):
    t.user("hello")
    seen = t.foresee("skip", "HEAD")
    assert (seen.before.next, seen.after.next) == (None, None)
    assert seen.prices == "No model is named, so no price is known."
    assert seen.says == "7 → 0 tokens"


def test_a_model_without_a_price_says_so(opened):
    tract = opened(model="house-model-7")
    tract.user("hello")
    assert tract.foresee("skip", "HEAD").prices == "No price is known for the model 'house-model-7'."


def test_what_is_so_already_changes_no_unit(session):
    session.annotate(turn(session, 2), "SKIP")
    seen = session.foresee("skip", turn(session, 2))
    assert (seen.units, seen.sent, seen.before) == (0, 0, seen.after)


def test_restoring_a_summary_says_what_comes_back(session):
    covered = [turn(session, number) for number in range(3)]
    summary = cover(session, covered, "three turns")
    seen = session.foresee("restore", summary)
    assert (seen.units, seen.sent) == (1, 2)
    assert seen.after.tokens > seen.before.tokens
    assert seen.code == f't.restore("{summary[:12]}")'


def test_a_budget_that_would_refuse_is_said_before(opened):
    tract = opened(token_budget=TokenBudget(250, action="reject"))
    tract.user("word " * 200)
    tract.annotate("HEAD", "SKIP")
    tract.user("word " * 100)
    seen = tract.foresee("unmark", "HEAD~1")
    assert (seen.over, seen.refused) == (seen.after.tokens - 250, True)
    with pytest.raises(BudgetError):
        tract.annotate("HEAD~1", "NORMAL")


@pytest.mark.parametrize(
    ("action", "target", "text", "error"),
    [
        ("hide", "HEAD", None, ContentError),
        ("mask", [], None, ContentError),
        ("mask", "HEAD", "text", ContentError),
        ("structural", "nowhere", None, RefError),
        ("skip", [], None, ContentError),
        ("edit", "HEAD", None, ContentError),
        ("skip", "HEAD", "text", ContentError),
        ("edit", ["HEAD", "HEAD~1"], "text", ContentError),
        ("restore", "HEAD", None, RefError),
        ("skip", "nowhere", None, RefError),
    ],
)
def test_what_is_no_action_is_an_error(session, action, target, text, error):
    with pytest.raises(error):
        session.foresee(action, target, text=text)


@pytest.fixture
def outputs_read(opened):
    """Fourteen outputs of a tool, some 200 tokens each, and a reply."""
    tract = opened(model=MODEL)
    tract.user("Read them all.")
    for number in range(14):
        call = tract.tool_call("Read", {"path": f"file_{number}.py"})
        tract.tool_result(call.content.call_id, f"def function_{number}(): pass\n" * 25)
    tract.assistant("done")
    return tract


def test_masking_without_a_selection_is_what_compress_takes_by_itself(outputs_read):
    seen = outputs_read.foresee("mask")
    assert seen.code == 't.compress(strategy="mask")'
    assert seen.units == 9  # all but those among the last ten units
    outputs_read.compress(strategy="mask")
    assert outputs_read.compile().token_count == seen.after.tokens < seen.before.tokens / 2


def test_masking_a_selection_leaves_what_a_person_said(outputs_read):
    commits = [row.commit for row in outputs_read.log()][::-1][:5]  # the question, two calls, two outputs
    seen = outputs_read.foresee("mask", commits)
    assert (seen.units, seen.sent) == (2, 0)
    assert seen.code == f't.compress(commits={commits}, strategy="mask")'.replace("'", '"')


def test_taking_masks_back_finds_what_is_still_cached(outputs_read):
    report(outputs_read, 2600, given=2700)
    outputs_read.compress(strategy="mask")
    masked = [row.commit for row in outputs_read.log(kind="edit")]
    seen = outputs_read.foresee("restore", masked)
    assert seen.units == 9
    assert seen.before.cached < seen.after.cached == 2600
    assert seen.why.startswith("The cache reaches up to 2.6k again")


def test_a_summary_without_a_model_says_what_it_would_save(outputs_read):
    commits = [row.commit for row in outputs_read.log()][::-1][:21]
    seen = outputs_read.foresee("structural", commits)
    assert (seen.units, seen.sent) == (21, -20)
    done = outputs_read.compress(commits=commits, strategy="structural")
    assert done.tokens_after == seen.after.tokens
