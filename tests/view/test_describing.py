"""One unit as it stands: what it says, what it weighs, what sending it costs."""

from __future__ import annotations

import pytest

from tests.core.stories import cover
from tests.view.test_foresight import MODEL, report
from tract_nb import ContentError, RefError
from tract_nb.llm.prices import price


@pytest.fixture
def t(opened):
    tract = opened(model=MODEL)
    tract.system("Be brief.")
    call = tract.tool_call("Read", {"file_path": "/app/a.py"})
    tract.tool_result(call.content.call_id, "x = 1\n" * 100, status="error")
    tract.assistant("It sets x to 1.")
    return tract


def test_a_result_says_what_its_call_was_about_and_how_it_ended(t):
    seen = t.describe("HEAD~1")
    assert (seen.who, seen.role, seen.line, seen.status) == ("← Read", "tool", "/app/a.py", "error")
    assert (seen.state, seen.priority, seen.edited) == ("sent", "NORMAL", False)
    assert seen.tokens == t.strip().segments[2].tokens


def test_a_part_of_a_long_text_is_read_at_a_time(t):
    seen = t.describe("HEAD~1", start=6, count=5)
    assert (seen.text, seen.start, seen.length) == ("x = 1", 6, 600)
    assert t.describe("HEAD~1", count=0).text == ""
    with pytest.raises(ContentError):
        t.describe("HEAD", start=-1)


def test_prices_add_up_to_the_next_call(t):
    segments = t.strip().segments
    assert sum(t.describe(s.commit).price for s in segments) == pytest.approx(
        (t.strip().tokens - 3) * price(MODEL).input
    )
    report(t, 150, given=1000)
    strip = t.strip()
    prices = [t.describe(s.commit).price for s in strip.segments]
    rates = price(MODEL)
    rest = strip.unrecorded * rates.cached + 3 * rates.cache_write
    assert strip.unrecorded > 150 or sum(prices) + rest == pytest.approx(strip.outlook.next)


def test_what_reaches_beyond_the_cache_is_not_cached(t):
    report(t, 300, given=400)
    assert [t.describe(s.commit).cached for s in t.strip().segments] == [True, True, False, False]


def test_every_state_has_its_word(t):
    t.reasoning("thinking")
    assert t.describe("HEAD").state == "reasoning"
    t.user("never mind")
    t.annotate("HEAD", "SKIP")
    assert (t.describe("HEAD").state, t.describe("HEAD").price) == ("skipped", None)
    covered = t.user("one").hash
    summary = cover(t, [covered], "a summary")
    assert t.describe(covered).state == "covered"
    assert (t.describe(summary).who, t.describe(summary).covers) == ("summary", 1)
    t.restore(summary)
    assert t.describe(summary).state == "restored"


def test_an_edited_unit_shows_its_text_of_now(t):
    first = t.strip().segments[0].commit
    t.edit(first, "Be long.")
    seen = t.describe(first, count=100)
    assert (seen.text, seen.edited) == ("Be long.", True)


def test_what_is_not_here_is_an_error(t):
    with pytest.raises(RefError):
        t.describe("nowhere")
