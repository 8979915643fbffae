"""Undo: every verb can be taken back, by its own actor, as long as nobody moved on."""

from __future__ import annotations

import pytest

from tests.core.helpers import texts, written
from tract_nb import PINNED, SKIP, RefError, TractWarning


def state(tract):
    """Return all that undo has to bring back: branches, tips, and what each compiles to."""
    return {row[0]: (row[2], texts(tract, row[0]) if row[2] else []) for row in tract.branches()}


VERBS = {
    "commit": lambda t: t.user("more"),
    "edit": lambda t: t.edit("HEAD~1", "mended"),
    "annotate": lambda t: t.annotate(["HEAD", "HEAD~1"], SKIP),
    "branch": lambda t: t.branch("try", at="HEAD~1"),
    "keyed edit": lambda t: t.user("other", key="cell"),
    "tool call": lambda t: t.tool_call("read", {"path": "a"}),
}


@pytest.mark.parametrize("verb", VERBS)
def test_undo_takes_back_each_verb(t, verb):
    t.system("one")
    t.user("two", key="cell")
    before = state(t)
    VERBS[verb](t)
    assert state(t) != before
    taken = t.undo()
    assert state(t) == before
    assert taken[0][2] == "undo"


def test_the_first_commit_of_a_tract_can_be_taken_back(t):
    t.user("Hello")
    t.undo()
    assert texts(t) == []
    t.user("Hello again")
    assert texts(t) == ["Hello again"]


def test_undo_again_goes_further_back(t):
    for number in range(4):
        t.user(f"turn {number}")
    t.undo()
    t.undo()
    assert texts(t) == ["turn 0", "turn 1"]
    t.user("new turn")
    t.undo()
    assert texts(t) == ["turn 0", "turn 1"]
    t.undo()
    assert texts(t) == ["turn 0"]
    t.undo()
    assert texts(t) == []
    with pytest.raises(RefError, match="nothing to undo"):
        t.undo()


def test_undo_loses_nothing_of_what_was_undone(t):
    commit = t.user("Hello")
    t.undo()
    assert t.show(commit.hash).text == "Hello"
    assert texts(t, "@{1}") == ["Hello"]
    t.branch("back", at=commit.hash)
    assert texts(t, "back") == ["Hello"]


def test_undo_is_listed_and_what_it_took_back_is_marked(t):
    t.user("one")
    t.user("two")
    t.undo()
    frame = t.operations().to_frame()
    assert list(frame.verb) == ["undo", "commit", "commit"]
    assert list(frame.undone) == [False, True, False]


def test_nothing_to_undo_is_an_error_that_writes_nothing(t):
    before = written(t)
    with pytest.raises(RefError, match="nothing to undo"):
        t.undo()
    assert written(t) == before


def test_undo_passes_over_what_moved_no_ref(t):
    t.user("one")
    t.branch("try")
    t.undo()
    t.branch("other")
    t.switch("other")
    t.switch("main")
    t.undo()
    assert list(state(t)) == ["main"]
    assert texts(t) == ["one"]


def test_undo_takes_back_ones_own(tmp_path, opened):
    ann = opened(tmp_path / "work.db", actor="Ann")
    bob = opened(tmp_path / "work.db", actor="Bob")
    ann.user("Ann's")
    ann.branch("try")
    bob.switch("try")
    bob.user("Bob's")
    bob.undo()
    assert texts(ann) == ["Ann's"]
    assert texts(bob) == ["Ann's"]
    with pytest.raises(RefError, match="no move by Bob is in effect"):
        bob.undo()


def test_undo_does_not_reach_into_another_tract(tmp_path, opened):
    one, other = opened(tmp_path / "work.db", name="a"), opened(tmp_path / "work.db", name="b")
    one.user("in a")
    other.user("in b")
    one.undo()
    assert texts(one) == []
    assert texts(other) == ["in b"]


def test_a_branch_that_was_moved_since_is_left_alone_and_the_mover_named(tmp_path, opened):
    ann = opened(tmp_path / "work.db", actor="Ann")
    bob = opened(tmp_path / "work.db", actor="Bob")
    ann.user("Ann's")
    bob.refresh()
    bob.user("Bob's")
    before = written(ann)
    with pytest.raises(RefError, match=r"moved since, by Bob \(commit"):
        ann.undo()
    assert written(ann) == before
    assert texts(ann) == ["Ann's", "Bob's"]
    bob.undo()
    ann.undo()
    assert texts(ann) == []


def test_undo_of_a_branch_that_grew_is_refused(t):
    t.user("one")
    t.branch("try")
    ops = len(t.operations())
    t.switch("try")
    t.user("on try")
    t.undo()
    assert texts(t) == ["one"]
    assert len(t.operations()) == ops + 3


def test_undo_of_the_branch_one_stands_on_steps_to_the_first_one_and_says_so(t):
    t.user("one")
    t.branch("try")
    t.switch("try")
    with pytest.warns(TractWarning, match="try is gone"):
        t.undo()
    assert t.branch_name == "main"
    t.user("two")
    assert texts(t) == ["one", "two"]


def test_undo_moves_tokens_back_too(t):
    t.user("one")
    before = t.status().tokens
    t.annotate("HEAD", SKIP)
    t.undo()
    assert t.status().tokens == before
    t.user("Hello " * 50, priority=PINNED)
    t.undo()
    assert t.status().tokens == before == t.compile().token_count


def test_an_undone_result_leaves_its_call_open_again(t):
    call = t.tool_call("read", {"path": "a"}, "c1")
    t.tool_result("c1", "wrong")
    t.undo()
    assert t.tool_result("c1", "right").targets == (call.hash,)
    assert texts(t)[-1] == "right"


def test_a_file_that_is_opened_again_can_be_undone(tmp_path, opened):
    tract = opened(tmp_path / "work.db")
    tract.user("one")
    tract.user("two")
    tract.close()
    again = opened(tmp_path / "work.db")
    again.undo()
    assert texts(again) == ["one"]
