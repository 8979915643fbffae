"""Rebase, cherry-pick, reorder: copies are the same commits, and keep all that hangs on them."""

from __future__ import annotations

import pytest

from tests.core.helpers import texts
from tests.core.stories import cover
from tract_nb import PINNED, SKIP, Kind, ReviewError, Tract


def parted(t: Tract) -> Tract:
    """Let main and ``try`` go apart; stand on ``try``."""
    t.tag(t.user("a"), "a")
    t.branch("try")
    t.user("on main")
    t.switch("try")
    return t


def test_rebase_keeps_what_hangs_on_a_commit(t):
    parted(t)
    told = t.user(
        "on try", message="why", metadata={"n": 1}, generation_config={"temperature": 0.5}, key="cell"
    )
    reply = t.assistant("yes")
    t.record_usage({"input_tokens": 9, "output_tokens": 1}, reply, model="m", cost=0.5)
    t.annotate("a", PINNED)
    t.edit("a", "A")
    review = t.rebase("main")
    assert texts(t) == ["A", "on main", "on try", "yes"]
    assert (review.state, len(review)) == ("applied", 0)
    copy = t.show(t.compile().commit_hashes[2])
    assert (copy.origin, copy.time, copy.message, copy.metadata) == (
        told.hash,
        told.time,
        told.message,
        told.metadata,
    )
    assert (copy.key, copy.generation_config) == ("cell", {"temperature": 0.5})
    assert t.compile().messages[0].priority is PINNED
    stored = t.database.all('SELECT input_tokens, model FROM usage ORDER BY "commit"')
    assert stored == [(9, "m"), (9, "m")]
    assert t.verify().rows == ()
    t.user("on try", key="cell")
    assert len(t.compile().messages) == 4, "the cell that wrote it knows its copy"
    t.undo()
    assert texts(t) == ["A", "on try", "yes"]


def test_a_rebase_compiles_to_what_the_merge_into_it_would_give(opened):
    def made() -> Tract:
        t = parted(opened())
        t.edit("a", "of try")
        t.user("on try")
        t.switch("main")
        t.edit("a", "of main")
        return t

    one, two = made(), made()
    one.merge("try", strategy="ours")
    two.switch("try")
    review = two.rebase("main")
    assert [(conflict.ours, conflict.theirs) for conflict in review.conflicts] == [("of try", "of main")]
    review.choose(0, "theirs").approve()
    assert texts(one) == texts(two)
    assert [m.identity for m in one.compile().messages] == [m.identity for m in two.compile().messages]


def test_a_rebase_leaves_merges_out_and_copies_their_resolutions(t):
    parted(t)
    t.edit("a", "of try")
    t.branch("side", at="a")
    t.switch("side")
    t.edit("a", "of side")
    t.switch("try")
    t.merge("side", resolver=lambda _: "settled")
    t.rebase("main")
    assert texts(t) == ["settled", "on main"]
    assert [row.kind for row in t.log() if row.kind == "merge"] == []


@pytest.mark.parametrize("name", ["a", "try"])
def test_a_rebase_onto_what_is_behind_says_so(t, name):
    parted(t).user("on try")
    before = t.operations().rows
    assert "nothing to do" in t.rebase(name).notes[0]
    assert t.operations().rows == before


def test_a_skipped_secret_stays_skipped_wherever_it_goes(t):
    parted(t)
    t.annotate(t.user("a secret"), SKIP)
    t.user("more")
    t.rebase("main")
    assert texts(t) == ["a", "on main", "more"]
    t.switch("main")
    t.merge("try")
    t.reorder(list(t.compile().commit_hashes)[::-1])
    assert texts(t) == ["more", "on main", "a"]


def test_a_pick_copies_what_is_named_in_the_order_of_its_history(t):
    parted(t)
    t.user("one")
    t.user("two")
    t.user("three")
    frame = t.log(2).to_frame()
    t.switch("main")
    review = t.cherry_pick(frame)
    assert texts(t) == ["a", "on main", "two", "three"]
    assert [row.verb for row in t.operations(1)] == ["cherry_pick"]
    before = t.operations().rows
    review = t.cherry_pick(frame)
    assert all("is here already" in note for note in review.notes[1:])
    assert t.operations().rows == before
    again = t.cherry_pick("try", again=True)
    assert texts(t)[-2:] == ["three", "three"]
    assert again.commit.origin is None
    assert again.commit.time > t.show("try").time
    t.undo()
    t.undo()
    assert texts(t) == ["a", "on main"]


def test_a_pick_wins_and_says_what_it_overrode_and_left_behind(t):
    parted(t)
    edit = t.edit("a", "of try")
    unit = t.user("on try")
    t.edit(unit, "on try, better")
    t.switch("main")
    t.edit("a", "of main")
    review = t.cherry_pick(edit)
    assert texts(t)[0] == "of try"
    assert "overrides the edit" in review.warnings[0]
    review = t.cherry_pick(unit)
    assert texts(t)[-1] == "on try"
    assert "was left behind" in review.warnings[-1]


def test_a_picked_summary_takes_back_one_that_it_overlaps(t):
    names = [t.user("a").hash, t.user("b").hash]
    t.branch("try")
    cover(t, names, "of main")
    t.switch("try")
    wide = cover(t, names[:1], "of try")
    t.switch("main")
    t.cherry_pick(wide)
    assert texts(t) == ["of try", "b"]
    assert t.verify().rows == ()


def test_a_merge_and_an_edit_without_its_unit_cannot_be_picked(t):
    parted(t)
    edit = t.edit(t.user("on try"), "better")
    t.switch("main")
    with pytest.raises(ReviewError, match="which is not on this branch"):
        t.cherry_pick(edit)
    t.merge("try")
    merge = t.show("HEAD")
    assert merge.kind == Kind.MERGE
    t.branch("old", at="a")
    t.switch("old")
    with pytest.raises(ReviewError, match="is a MERGE"):
        t.cherry_pick(merge)
    with pytest.raises(ReviewError, match="Nothing is named"):
        t.cherry_pick()


def test_what_stands_without_what_it_belongs_to_is_told(t):
    parted(t)
    t.tool_call("read", {}, "c1")
    result = t.tool_result("c1", "x")
    t.user("why?")
    reply = t.assistant("because")
    t.switch("main")
    told = " ".join(t.cherry_pick(result, reply).warnings)
    assert f"the result {result.hash[:8]} stands here without its call" in told
    assert f"{reply.hash[:8]} replies to" in told


def test_reorder_moves_units_and_keeps_the_rest(t):
    rules = t.system("rules")
    first, second = t.user("a"), t.user("b")
    t.edit(first, "A")
    t.annotate(second, PINNED)
    review = t.reorder([second, rules, first])
    assert texts(t) == ["b", "rules", "A"]
    assert [m.priority.name for m in t.compile().messages] == ["PINNED", "PINNED", "NORMAL"]
    assert f"the instruction {rules.hash[:8]} stands behind what it governed" in review.warnings
    assert t.verify().rows == ()
    assert "nothing to do" in t.reorder([second, rules, first]).notes[0]
    t.undo()
    assert texts(t) == ["rules", "A", "b"]


def test_an_order_that_cannot_be_is_refused(t):
    call = t.tool_call("read", {}, "c1")
    result = t.tool_result("c1", "x")
    other = t.user("b")
    before = t.operations().rows
    with pytest.raises(ReviewError, match="cannot stand before its call"):
        t.reorder([result, call, other])
    with pytest.raises(Exception, match="leaves out 1 unit"):
        t.reorder([call, result])
    assert t.operations().rows == before


def test_a_summary_moves_with_what_it_covers(t):
    names = [t.user(text).hash for text in "abcd"]
    summary = cover(t, names[1:3], "b and c")
    t.reorder([names[3], summary, names[0]])
    assert texts(t) == ["d", "b and c", "a"]
    t.restore(summary)
    assert texts(t) == ["d", "b", "c", "a"]
    assert t.verify().rows == ()
