"""Restore: a summary is taken back, and what it covers is sent again."""

from __future__ import annotations

import pytest

from tests.core.helpers import texts, written
from tests.core.stories import cover
from tract_nb import BudgetError, RefError, TokenBudget


@pytest.fixture
def covered(t):
    names = [t.user(f"turn {number}").hash for number in range(4)]
    return t, cover(t, names[:3], "three turns")


def test_what_a_summary_covers_is_sent_again(covered):
    t, summary = covered
    mark = t.restore(summary, reason="too little left")
    assert mark.targets == (summary,)
    assert texts(t) == ["turn 0", "turn 1", "turn 2", "turn 3"]
    assert t.operations(1)[0].verb == "restore"
    assert t.operations(1)[0].reason == "too little left"


def test_it_can_be_undone_and_a_priority_lets_the_summary_stand_again(covered):
    t, summary = covered
    t.restore(summary)
    t.undo()
    assert texts(t) == ["three turns", "turn 3"]
    t.restore(summary)
    t.annotate(summary, "NORMAL")
    assert texts(t) == ["three turns", "turn 3"]


def test_again_it_writes_nothing(covered):
    t, summary = covered
    t.restore(summary)
    state = written(t)
    assert t.restore([summary, summary]) is None
    assert written(t) == state


def test_what_is_no_summary_is_an_error_and_nothing_is_written(covered):
    t, summary = covered
    state = written(t)
    with pytest.raises(RefError, match="no SUMMARY"):
        t.restore([summary, t.log()[1].commit])
    assert written(t) == state


def test_what_comes_back_is_held_against_the_budget(opened):
    t = opened(token_budget=TokenBudget(60, action="reject"))
    name = t.user("word " * 40).hash
    summary = cover(t, [name], "forty words")
    t.user("word " * 20)
    with pytest.raises(BudgetError):
        t.restore(summary)
    assert t.compile().messages[0].text == "forty words"


def test_a_budget_of_ones_own_is_asked(opened):
    asked = []
    t = opened(token_budget=TokenBudget(60, action=lambda tokens, most: asked.append((tokens, most))))
    summary = cover(t, [t.user("word " * 40).hash], "forty words")
    t.user("word " * 20)
    t.restore(summary)
    assert asked == [(t.compile().token_count, 60)]
