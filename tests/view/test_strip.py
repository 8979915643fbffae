"""The strip: what is sent in order, what left it where, and the figures of `budget`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.helpers import frozen
from tests.core.stories import Step, cover, play, stories
from tests.view.test_foresight import report
from tract_nb import IMPORTANT, PINNED, SKIP, Tract
from tract_nb.model.commit import Priority
from tract_nb.view.strip import Ghost


def holds_the_budget(tract: Tract) -> None:
    """Hold the strip's figures against those of `budget` and of a compile."""
    strip = tract.strip()
    table = tract.budget(largest=10_000)
    total = table[0]
    assert (strip.tokens, strip.source) == (total.tokens, total.name)
    assert strip.tokens == tract.compile().token_count
    units = {row.commit: row.tokens for row in table if row.by == "unit"}
    assert {segment.commit: segment.tokens for segment in strip.segments} == units
    roles = {row.name: (row.units, row.tokens) for row in table if row.by == "role"}
    unrecorded = roles.pop("not recorded", (0, 0))
    assert strip.unrecorded == unrecorded[1]
    mine = strip.by_role()
    if "summary" in mine:  # which budget counts to the role it compiles to
        user, summary = mine.get("user", (0, 0)), mine.pop("summary")
        mine["user"] = (user[0] + summary[0], user[1] + summary[1])
    assert mine == roles


@settings(max_examples=150)
@given(
    steps=stories,
    usage=st.one_of(st.none(), st.tuples(st.integers(0, 300), st.integers(0, 60))),
    more=stories,
)
def test_the_figures_are_those_of_budget_and_all_else_is_a_ghost(
    steps: list[Step], usage: tuple[int, int] | None, more: list[Step]
):
    with Tract.open(clock=frozen) as tract:
        for step in steps:
            play(tract, step)
        if usage:
            tract.assistant("the reply")
            report(tract, *usage)
        for step in more:
            play(tract, step)
        holds_the_budget(tract)
        strip = tract.strip()
        sent = [message.commit[:12] for message in tract.compile().messages if message.tokens]
        assert [segment.commit for segment in strip.segments] == sent
        units = [unit for unit in tract._ws.snapshot(tract._ws.tip()).units if unit.text.tokens]
        gone = [unit for unit in units if not unit.size and not unit.is_reasoning and not unit.retired]
        assert sum(ghost.units for ghost in strip.ghosts) == len(gone)
        assert [ghost.before for ghost in strip.ghosts] == sorted(ghost.before for ghost in strip.ghosts)
        wire = json.loads(json.dumps(strip.to_wire()))
        assert len(wire["roles"]) == len(wire["sizes"]) == len(wire["who"]) == len(wire["marks"])
        assert [wire["names"][place] for place in wire["who"]] == [s.who for s in strip.segments]


@pytest.fixture
def t(opened):
    tract = opened(token_budget=1000)
    tract.system("Be brief.")
    tract.user("What is in a.py?")
    tract.reasoning("I should read it first.")
    call = tract.tool_call("Read", {"file_path": "/app/a.py"}, "c1")
    tract.tool_result("c1", "x = 1 " * 50)
    tract.assistant("It sets x to 1.")
    return tract, call


def test_segments_say_who_and_how_much_they_matter(t):
    tract, _ = t
    tract.annotate("HEAD", IMPORTANT)
    tract.edit("HEAD~3", "And in b.py?")
    strip = tract.strip()
    assert [(s.role, s.who, s.priority) for s in strip.segments] == [
        ("system", "system", PINNED),
        ("user", "user", Priority.NORMAL),
        ("assistant", "→ Read", Priority.NORMAL),
        ("tool", "← Read", Priority.NORMAL),
        ("assistant", "assistant", IMPORTANT),
    ]
    assert strip.thoughts == 1
    assert strip.thought_tokens > 0
    assert (strip.branch, strip.max_tokens) == ("main", 1000)


def test_an_edited_unit_says_so(t):
    tract, call = t
    tract.edit(call, '{"file_path": "/app/b.py"}')
    assert [s.who for s in tract.strip().segments if s.edited] == ["→ Read"]


def test_what_is_skipped_leaves_a_ghost_where_it_stood(t):
    tract, call = t
    result = tract.strip().segments[3]
    tract.annotate(call, SKIP)
    strip = tract.strip()
    assert [s.who for s in strip.segments] == ["system", "user", "assistant"]
    assert strip.ghosts[1] == Ghost(2, "skipped", 1, result.tokens, result.commit, "← Read")
    assert [ghost.who for ghost in strip.ghosts] == ["→ Read", "← Read"]
    assert strip.left("skipped")[0] == 2


def test_what_a_summary_covers_is_one_ghost_of_that_summary(t):
    tract, _ = t
    names = [segment.commit for segment in tract.strip().segments]
    tokens = sum(segment.tokens for segment in tract.strip().segments[2:4])
    summary = cover(tract, [names[2], names[3]], "Read a.py: it sets x.")
    strip = tract.strip()
    assert [s.role for s in strip.segments] == ["system", "user", "summary", "assistant"]
    assert strip.ghosts == (Ghost(3, "covered", 2, tokens, summary[:12], "summary"),)


def test_of_summaries_of_summaries_the_outer_one_is_named(t):
    tract, _ = t
    names = [segment.commit for segment in tract.strip().segments]
    inner = cover(tract, names[2:4], "Read a.py.")
    outer = cover(tract, [names[1], inner], "Asked of a.py.")
    assert {ghost.commit for ghost in tract.strip().ghosts} == {outer[:12]}


def test_the_system_prompt_that_nobody_recorded_is_known_from_usage(t):
    tract, _ = t
    report(tract, 5000, 100, given=5200)
    strip = tract.strip()
    assert strip.source == "api"
    assert strip.unrecorded == strip.tokens - sum(s.tokens for s in strip.segments) - 3
    assert strip.outlook.cached == 5100
    assert strip.called_us is not None


def test_an_empty_tract_has_an_empty_strip(opened):
    strip = opened().strip()
    assert (strip.head, strip.segments, strip.ghosts, strip.tokens) == (None, (), (), 0)
    assert strip.to_wire()["sizes"] == []


def test_ten_thousand_units_are_small_on_the_wire(opened):
    tract = opened()
    with tract.batch():
        for number in range(10_000):
            tract.commit({"content_type": "dialogue", "role": "user", "text": f"turn {number}"})
    wire = json.dumps(tract.strip().to_wire(), separators=(",", ":"))
    assert len(wire) < 80_000
