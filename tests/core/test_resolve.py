"""Resolving: linear order, summaries, pins, groups of call and results, merges and copies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.helpers import frozen, texts
from tests.core.rows import call, digest, edit, mark, result, row, summary, unit
from tests.core.stories import cover, merge, play, retire, stories, write
from tract_nb import NORMAL, PINNED, SKIP, RefError, Tract
from tract_nb.engine.linear import linear
from tract_nb.engine.resolve import resolve
from tract_nb.engine.snapshot import Snapshot
from tract_nb.model.commit import Kind, Row
from tract_nb.operations.names import commit_named
from tract_nb.operations.transaction import transaction

NAMES = {
    digest(name): name for name in [*"abcdefgh", *(f"{letter}{n}" for letter in "cdemrs" for n in range(9))]
}


def shown(*rows: Row) -> list[str]:
    """Return the names of what shows, in order."""
    return [NAMES[one.row.hash] for one in resolve(rows) if one.shown]


def said(*rows: Row) -> list[str]:
    """Return the names of the rows whose text shows, in order."""
    return [NAMES[one.text.hash] for one in resolve(rows) if one.shown]


def test_a_summary_stands_where_the_first_of_its_units_stood():
    rows = [unit(1, "a"), unit(2, "b"), unit(3, "c"), unit(4, "d"), summary(5, "s1", "b", "c")]
    assert shown(*rows) == ["a", "s1", "d"]


def test_what_follows_a_summary_stays():
    rows = [unit(1, "a"), unit(2, "b"), summary(3, "s1", "a"), unit(4, "c"), unit(5, "d")]
    assert shown(*rows) == ["s1", "b", "c", "d"]


def test_scattered_targets_hide_only_themselves():
    rows = [unit(1, "a"), unit(2, "b"), unit(3, "c"), unit(4, "d"), summary(5, "s1", "a", "d")]
    assert shown(*rows) == ["s1", "b", "c"]


def test_a_pin_is_covered_by_no_summary_however_many_come():
    rows = [
        unit(1, "a", priority=3),
        unit(2, "b"),
        summary(3, "s1", "a", "b"),
        summary(4, "s2", "s1", "a", "b"),
    ]
    assert shown(*rows) == ["s2", "a"]
    assert resolve(rows)[-2].text.blob == 1


def test_a_later_pin_brings_back_what_a_cover_hid_and_unpinning_hides_it_again():
    rows = [unit(1, "a"), unit(2, "b"), summary(3, "s1", "a", "b"), mark(4, "m1", 3, "b")]
    assert shown(*rows) == ["s1", "b"]
    assert shown(*rows, mark(5, "m2", 1, "b")) == ["s1"]


def test_a_skipped_unit_is_hidden_with_and_without_its_cover():
    rows = [unit(1, "a"), unit(2, "b"), mark(3, "m1", 0, "b"), summary(4, "s1", "a")]
    assert shown(*rows) == ["s1"]
    assert shown(*rows, mark(5, "m2", 1, "b")) == ["s1", "b"]


def test_a_call_is_covered_only_with_all_its_results():
    pair = [unit(1, "a"), call(2, "c1"), result(3, "r1", "c1"), unit(4, "d")]
    assert shown(*pair, summary(5, "s1", "a", "c1")) == ["s1", "c1", "r1", "d"]
    assert shown(*pair, summary(5, "s1", "a", "r1")) == ["s1", "c1", "r1", "d"]
    assert shown(*pair, summary(5, "s1", "a", "c1", "r1")) == ["s1", "d"]


@pytest.mark.parametrize("pinned", ["c1", "r1", "r2"])
def test_a_pin_in_a_group_keeps_the_whole_group_in_sight(pinned):
    rows = [
        *(unit(1, "a"), call(2, "c1"), result(3, "r1", "c1"), result(4, "r2", "c1")),
        *(summary(5, "s1", "a", "c1", "r1", "r2"), mark(6, "m1", 3, pinned)),
    ]
    assert shown(*rows) == ["s1", "c1", "r1", "r2"]


def test_a_late_result_brings_back_its_covered_call():
    rows = [unit(1, "a"), call(2, "c1"), summary(3, "s1", "a", "c1")]
    assert shown(*rows) == ["s1"]
    assert shown(*rows, result(4, "r1", "c1")) == ["s1", "c1", "r1"]
    assert shown(*rows, result(4, "r1", "c1"), summary(5, "s2", "s1", "a", "c1", "r1")) == ["s2"]


def test_a_skipped_result_is_neither_covered_nor_a_gap():
    rows = [call(1, "c1"), result(2, "r1", "c1"), result(3, "r2", "c1"), mark(4, "m1", 0, "r2")]
    assert shown(*rows, summary(5, "s1", "c1", "r1")) == ["s1"]


def test_two_summaries_may_cover_one_group_between_them():
    rows = [call(1, "c1"), result(2, "r1", "c1"), summary(3, "s1", "c1"), summary(4, "s2", "r1")]
    assert shown(*rows) == ["s1", "s2"]


def test_a_summary_of_summaries_stands_for_them():
    rows = [
        *(unit(1, "a"), unit(2, "b"), summary(3, "s1", "a"), unit(4, "c")),
        summary(5, "s2", "s1", "a", "b"),
    ]
    assert shown(*rows) == ["s2", "c"]


def test_a_restored_summary_shows_its_units_again():
    rows = [unit(1, "a"), unit(2, "b"), summary(3, "s1", "a", "b"), unit(4, "c")]
    restored = [*rows, mark(5, "m1", None, "s1")]
    assert shown(*restored) == ["a", "b", "c"]
    assert shown(*restored, mark(6, "m2", 1, "s1")) == ["s1", "c"]
    assert shown(*restored, mark(6, "m2", 3, "s1")) == ["s1", "c"]


def test_a_restored_outer_summary_shows_the_inner_one():
    rows = [unit(1, "a"), summary(2, "s1", "a"), unit(3, "b"), summary(4, "s2", "s1", "a", "b")]
    assert shown(*rows, mark(5, "m1", None, "s2")) == ["s1", "b"]
    assert shown(*rows, mark(5, "m1", None, "s1")) == ["s2"]
    assert shown(*rows, mark(5, "m1", None, "s1", "s2")) == ["a", "b"]


def test_skip_on_a_summary_leaves_out_its_text_alone():
    rows = [unit(1, "a"), unit(2, "b"), summary(3, "s1", "a"), mark(4, "m1", 0, "s1")]
    assert shown(*rows) == ["b"]


def test_a_summary_can_be_edited_and_pinned():
    rows = [unit(1, "a"), summary(2, "s1", "a"), edit(3, "e1", "s1"), mark(4, "m1", 3, "s1"), unit(5, "b")]
    rows.append(summary(6, "s2", "s1", "a", "b"))
    assert said(*rows) == ["s2", "e1"]


def test_a_summary_of_what_is_not_here_stands_where_it_was_written():
    assert shown(unit(1, "a"), summary(2, "s1", "g", "h"), unit(3, "b")) == ["a", "s1", "b"]


def test_edits_before_and_after_a_cover_meet_their_unit():
    rows = [
        unit(1, "a"),
        edit(2, "e1", "a"),
        summary(3, "s1", "a"),
        edit(4, "e2", "a"),
        mark(5, "m1", 3, "a"),
    ]
    assert said(*rows) == ["s1", "e2"]


def test_the_last_edit_and_the_last_mark_win_in_linear_order():
    rows = [
        unit(1, "a"),
        edit(3, "e2", "a"),
        edit(2, "e1", "a"),
        mark(5, "m2", 0, "a"),
        mark(4, "m1", 2, "a"),
    ]
    assert said(*rows) == ["e1"]
    assert resolve(rows)[0].priority == 2


def test_a_copy_of_what_stands_already_is_passed_over():
    rows = [unit(1, "a"), unit(2, "b"), unit(3, "c1", origin="a"), unit(4, "c")]
    assert shown(*rows) == ["a", "b", "c"]


def test_a_copy_stands_where_its_original_is_not():
    rows = [unit(1, "b"), unit(2, "c1", origin="a"), edit(3, "e1", "a"), mark(4, "m1", 3, "a")]
    assert said(*rows) == ["b", "e1"]
    assert resolve(rows)[1].priority == PINNED


def test_a_copied_edit_and_mark_are_passed_over_too():
    rows = [unit(1, "a"), edit(2, "e1", "a"), edit(3, "e2", "a"), edit(4, "e3", "a", origin="e1")]
    assert said(*rows) == ["e2"]
    rows = [unit(1, "a"), mark(2, "m1", 0, "a"), mark(3, "m2", 1, "a"), mark(4, "m3", 0, "a", origin="m1")]
    assert said(*rows) == ["a"]


def test_a_copied_result_is_skipped_with_its_call():
    rows = [call(1, "c2", origin="c1"), result(2, "r2", "c1", origin="r1"), mark(3, "m1", 0, "c1")]
    assert shown(*rows) == []


def test_a_merge_adds_nothing_itself():
    rows = [unit(1, "a"), row(2, "m1", Kind.MERGE, priority=None, type=None, role=None)]
    assert shown(*rows) == ["a"]


@st.composite
def lines(draw: st.DrawFn) -> list[Row]:
    """Return a line of commits of every kind: results, summaries, edits, marks, copies."""
    rows: list[Row] = []
    units: list[str] = []
    calls: list[str] = []
    for number in range(1, draw(st.integers(2, 14))):
        name = str(number)
        some = st.sampled_from(units or ["none"])
        many = st.lists(some, min_size=1, max_size=4, unique=True).map(tuple)
        origin = draw(st.sampled_from([None, None, None, "elsewhere", *units[:3]]))
        kind = draw(st.sampled_from(["unit", "unit", "call", "result", "summary", "edit", "mark", "mark"]))
        if kind == "unit":
            priority = draw(st.sampled_from([0, 1, 1, 3]))
            rows.append(
                unit(
                    number,
                    name,
                    priority=priority,
                    origin=origin,
                    role=draw(st.sampled_from(["user", "system"])),
                )
            )
        elif kind == "call":
            rows.append(call(number, name))
            calls.append(name)
        elif kind == "result":
            rows.append(result(number, name, draw(st.sampled_from(calls or ["none"])), tokens=number))
        elif kind == "summary":
            rows.append(summary(number, name, *draw(many), tokens=number))
        elif kind == "edit":
            rows.append(edit(number, name, draw(some), tokens=3 * number))
        else:
            rows.append(mark(number, name, draw(st.sampled_from([None, 0, 0, 1, 3])), *draw(many)))
        if kind not in ("edit", "mark"):
            units.append(name)
    return rows


@settings(max_examples=250)
@given(lines(), st.data())
def test_a_history_that_grows_is_the_one_that_is_read_anew(rows, data):
    grown = [Snapshot.of(())]
    for one in rows:
        grown.append(grown[-1].plus(one))
    again = data.draw(st.integers(0, len(rows)))
    for one in rows[again:]:
        grown.append(grown[again if one is rows[again] else -1].plus(one))
    for place, snapshot in enumerate(grown):
        upto = place if place <= len(rows) else place - len(rows) + again
        fresh = Snapshot.of(rows[:upto])
        assert [(u.identity, u.text.hash, *u[2:]) for u in snapshot.units] == [
            (u.identity, u.text.hash, *u[2:]) for u in fresh.units
        ]
        assert snapshot.size == fresh.size


def naive(rows: dict[int, Row], number: int | None) -> list[int]:
    """Return the linear order as the design defines it, without any thought of speed."""
    if number is None:
        return []
    first, second = rows[number].parent1, rows[number].parent2
    before = naive(rows, first)
    return [*before, *(one for one in naive(rows, second) if one not in before), number]


@st.composite
def graphs(draw: st.DrawFn, most: int = 14) -> list[tuple[int, ...]]:
    """Return the parents of each commit; a parent comes before its children."""
    made: list[tuple[int, ...]] = [()]
    for number in range(1, draw(st.integers(1, most))):
        earlier = st.integers(0, number - 1)
        parents = draw(st.lists(earlier, max_size=2, unique=True) | st.just([number - 1]))
        made.append(tuple(parents))
    return made


@settings(max_examples=200)
@given(graphs())
def test_linear_order_is_the_documented_one(graph):
    rows = {
        number + 1: row(number + 1, str(number), Kind.APPEND, parents=tuple(one + 1 for one in parents))
        for number, parents in enumerate(graph)
    }
    for head in rows:
        expected = naive(rows, head)
        behind = [rows[number] for number in sorted(expected)]
        assert [one.id for one in linear(behind, head)] == expected


def test_linear_order_of_a_long_line_and_a_deep_ladder_of_merges():
    line = [
        row(number, str(number), parents=(number - 1,) if number > 1 else ()) for number in range(1, 20_001)
    ]
    assert [one.id for one in linear(line, 20_000)] == list(range(1, 20_001))
    ladder = [row(1, "1")]
    for number in range(2, 8_000, 2):
        ladder.append(row(number, str(number), parents=(number - 1,)))
        ladder.append(row(number + 1, str(number + 1), parents=(number - 1, number)))
    assert len(linear(ladder, ladder[-1].id)) == len(ladder)


def test_a_merge_of_two_branches_compiles_to_both_in_linear_order(t):
    t.user("root")
    t.branch("side")
    t.user("main 1")
    t.switch("side")
    t.user("side 1")
    t.edit("HEAD~1", "root, mended on the side")
    t.switch("main")
    t.user("main 2")
    merge(t, "side")
    assert texts(t) == ["root, mended on the side", "main 1", "main 2", "side 1"]
    assert texts(t, "HEAD~1") == ["root", "main 1", "main 2"]
    assert t.status().tokens == t.compile().token_count
    t.user("after")
    assert texts(t)[-1] == "after"


def test_a_merge_brings_in_what_a_cover_must_not_hide(t):
    t.user("Read a.")
    made = t.tool_call("read", {"path": "a"}, "c1")
    t.branch("side")
    cover(t, [made.hash], "It was called.")
    assert texts(t) == ["Read a.", "It was called."]
    t.switch("side")
    t.tool_result("c1", "text")
    t.switch("main")
    merge(t, "side")
    assert texts(t) == ["Read a.", "It was called.", '{"path":"a"}', "text"]


def test_a_crossed_merge_compiles_the_same_units_once(t):
    t.user("root")
    t.branch("side")
    t.user("main")
    t.switch("side")
    t.user("side")
    t.switch("main")
    merge(t, "side")
    t.switch("side")
    merge(t, "main@{1}")
    assert texts(t) == ["root", "side", "main"]
    assert texts(t, "main") == ["root", "main", "side"]
    t.switch("main")
    merge(t, "side")
    assert texts(t) == ["root", "main", "side"]


def test_a_merge_written_like_every_other_commit_has_both_histories(t):
    t.user("root")
    t.branch("side")
    t.user("main")
    t.switch("side")
    t.user("side")
    with t._moving(), transaction(t._ws, "merge") as tx:
        tx.commit(Kind.MERGE, [commit_named(t._ws, "side"), commit_named(t._ws, "main")])
    assert texts(t) == ["root", "side", "main"]
    assert t.branches().to_frame().tokens[1] == t.compile().token_count


def test_histories_without_a_common_root_merge(t):
    t.branch("other")
    t.user("one")
    t.switch("other")
    t.user("two")
    merge(t, "main")
    assert texts(t) == ["two", "one"]


def test_expand_returns_what_a_summary_covers_and_restore_shows_it(t):
    t.system("Be brief.")
    t.user("one")
    t.assistant("two")
    name = cover(t, ["HEAD~1", "HEAD"], "one and two")
    t.user("three")
    assert texts(t) == ["Be brief.", "one and two", "three"]
    assert [row[8] for row in t.expand(name)] == ["one", "two"]
    assert [row[8] for row in t.log()][-1] == "Be brief."
    assert "one" not in [row[8] for row in t.log()]
    assert "one" in [row[8] for row in t.log(all=True)]
    assert t.status().covered == 2
    retire(t, name)
    assert texts(t) == ["Be brief.", "one", "two", "three"]
    assert t.status().covered == 0
    t.annotate(name, NORMAL)
    assert texts(t) == ["Be brief.", "one and two", "three"]


def test_expand_of_no_summary_is_an_error(t):
    t.user("one")
    for wrong in ("HEAD", "nope", ["HEAD", "HEAD"], []):
        with pytest.raises(RefError):
            t.expand(wrong)


def test_a_summarys_texts_survive_time_travel(t):
    t.user("one")
    t.user("two")
    name = cover(t, ["HEAD~1", "HEAD"], "both")
    t.edit(name, "both, mended")
    t.annotate("HEAD~2", SKIP)
    assert texts(t) == ["both, mended"]
    assert texts(t, "HEAD@{2}") == ["both"]
    assert texts(t, "HEAD@{3}") == ["one", "two"]


def test_a_result_answers_a_call_by_the_documented_rule_across_a_summary(t):
    old = t.tool_call("read", {"n": 1}, "same")
    t.user("and")
    cover(t, ["HEAD"], "nothing much")
    newer = t.tool_call("read", {"n": 2}, "same")
    assert t.tool_result("same", "x").targets == (newer.hash,)
    assert t.tool_result("same", "y").targets == (old.hash,)


@settings(max_examples=60)
@given(stories, st.integers(0, 24))
def test_warm_equals_cold_at_every_commit(story, at):
    tract = Tract.open(clock=frozen)
    try:
        for number, step in enumerate(story):
            play(tract, step)
            if number == at:
                tract.branch("side")
            if number == at + 2:
                tract.switch("side")
        for commit in tract.log(all=True):
            warm = tract.compile(commit[0])
            cold = Tract.on(tract._ws.db, clock=frozen).compile(commit[0])
            assert warm.to_dicts() == cold.to_dicts()
            assert warm.token_count == cold.token_count
            assert warm.warnings == cold.warnings
    finally:
        tract.close()


def test_a_retired_summary_of_nothing_is_un_retired_by_a_priority(t):
    t.user("root")
    name = write(t, Kind.SUMMARY, (), text="what was before", priority=1)
    retire(t, name)
    assert texts(t) == ["root"]
    t.annotate(name, NORMAL)
    assert texts(Tract.on(t._ws.db, clock=frozen)) == ["root", "what was before"]
    assert texts(t) == ["root", "what was before"]


def test_a_mark_of_a_retired_summary_is_no_priority_of_its_own(t):
    t.user("one")
    name = cover(t, ["HEAD"], "was one")
    write(t, Kind.MARK, (bytes.fromhex(name),))
    assert t.log()[0][3] == "summary"
    assert texts(t) == ["one"]
