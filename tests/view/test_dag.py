"""The drawn history: what its rows say, what they fold, and that it follows the tract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.helpers import MadeAgent, MadeTrace
from tests.core.stories import Step, cover, merge, play, retire, stories
from tests.core.test_lanes import walk
from tract_nb import Tract
from tract_nb.engine.lanes import AGENT, Node
from tract_nb.errors import ContentError
from tract_nb.model.event import Event, EventKind
from tract_nb.store import refs
from tract_nb.view.curve import POINTS, thinned
from tract_nb.view.dag import Dag, Drawn
from tract_nb.view.wire import row_to_wire


def said(dag: Dag) -> list[str]:
    return [row.cell.text for row in dag.rows(0, len(dag))]


def whole(dag: Dag) -> list[Drawn]:
    return dag.rows(0, len(dag))


def fold_at(dag: Dag, place: int) -> str:
    fold = whole(dag)[place].cell.fold
    assert fold is not None
    return fold.name


def anew(t: Tract, dag: Dag) -> Dag:
    """Return the same drawing, made from nothing."""
    fresh = t.dag()
    for fold in dag.opened:
        fresh.open(fold, is_open=True)
    return fresh


def forked(t: Tract) -> None:
    """Two branches from one root, merged."""
    t.user("root")
    t.branch("side")
    t.user("on main")
    t.switch("side")
    t.user("on the side")
    t.switch("main")
    merge(t, "side")
    t.user("after")


def test_rows_say_who_what_and_how_large(t):
    t.system("Be brief.")
    call = t.tool_call("Read", {"file_path": "/a/long/way/to/strategy/common.go"})
    t.tool_result(call.content.call_id, "1→package strategy")
    t.tool_result(t.tool_call("Bash", {"command": "ls"}).content.call_id, "no such file", "error")
    bad, _, result, made, first = [row.cell for row in t.dag().rows(0, 5)]
    assert (first.who, first.marks, first.direction) == ("system", ("pinned",), "")
    assert (made.direction, made.who, made.text, made.code) == ("→", "Read", "strategy/common.go", True)
    assert (result.direction, result.who, result.text) == ("←", "Read", "strategy/common.go")
    assert (bad.failed, bad.text) == (True, "no such file")
    assert made.tokens == call.tokens
    assert made.sent


def test_a_search_says_what_it_looked_for_and_where(t):
    t.tool_call("Grep", {"pattern": "timeout", "path": "/home/ann/src/app"})
    t.tool_call("Grep", {"pattern": "timeout"})
    assert said(t.dag()) == ["timeout", "timeout in src/app"]


def test_many_lanes_are_drawn_in_four_columns_and_the_rest_is_counted(t):
    t.user("root")
    for number in range(7):
        t.branch(f"b{number}")
    for number in range(7):
        t.switch(f"b{number}")
        t.user(f"on {number}")
    rows = [row_to_wire(row)["graph"] for row in whole(t.dag())]
    assert max(column for row in rows for _, column, _ in row["lines"]) == 3
    assert [row.get("more", 0) for row in rows] == [0, 0, 0, 0, 1, 2, 3, 4]
    assert not any(way == "|" and column == 3 for row in rows[4:] for way, column, _ in row["lines"])


def test_names_stand_on_rows_and_lanes_have_their_branches_colours(t):
    forked(t)
    t.tag("HEAD~1", "here")
    after, merged, side, main, root = whole(t.dag())
    assert [label.name for label in after.cell.labels] == ["HEAD", "main"]
    assert [(label.kind, label.name) for label in merged.cell.labels] == [("tag", "here")]
    assert [(label.name, label.owner) for label in side.cell.labels] == [("side", 1)]
    assert [row.lanes.owner for row in (after, merged, side, main, root)] == [0, 0, 1, 0, 0]
    assert [row.lanes.column for row in (after, merged, side, main, root)] == [0, 0, 1, 0, 0]


def test_a_merge_says_what_it_brought_and_where(t):
    t.user("root")
    t.branch("side")
    t.user("on main")
    t.switch("side")
    tip = t.user("on the side")
    t.switch("main")
    t.merge("side")
    merged = whole(t.dag())[0]
    assert (merged.cell.kind, merged.cell.text) == ("merge", "side into main")
    (fact,) = [fact for fact in t.dag().detail("HEAD").facts if fact.name == "brought"]
    assert (fact.text, fact.links[0].commit) == (", 1 commit", tip.short)


def test_the_line_head_is_on_keeps_the_first_column(t):
    t.user("root")
    t.branch("side")
    t.switch("side")
    t.user("newer, on the side")
    t.switch("main")
    newer, root = whole(t.dag())
    assert (newer.lanes.column, root.lanes.column) == (1, 0)
    assert not newer.cell.here
    t.switch("side")
    assert [row.lanes.owner for row in whole(t.dag())] == [0, 0]


def test_marks_are_badges_and_an_edit_says_which_words_changed(t):
    first = t.user("the tide rises twice a day")
    t.user("noted")
    t.annotate(first.hash, "PINNED")
    t.edit(first.hash, "the tide falls twice a day")
    dag = t.dag()
    edit, noted, unit = whole(dag)
    assert [row.cell.kind for row in (edit, noted, unit)] == ["edit", "append", "append"]
    assert (edit.cell.before, edit.cell.after) == ("rises", "falls")
    assert unit.cell.marks == ("pinned", "edited")
    assert unit.cell.text == "the tide falls twice a day"
    assert [label.name for label in edit.cell.labels] == ["HEAD", "main"]


def test_a_summary_folds_what_it_covers_and_opens(t):
    hashes = [t.user(f"turn {number}").hash for number in range(4)]
    t.user("kept")
    cover(t, hashes[1:], "what was said")
    dag = t.dag()
    summary, kept, first = whole(dag)
    assert [summary.cell.kind, kept.cell.text, first.cell.text] == ["summary", "kept", "turn 0"]
    fold = summary.cell.fold
    assert fold is not None
    assert (fold.commits, fold.is_open) == (3, False)
    assert fold.size == sum(t.show(name).tokens for name in hashes[1:])
    assert dag.totals().folded == 3
    dag.open(fold.name, is_open=True)
    assert said(dag) == ["what was said", "turn 3", "turn 2", "turn 1", "kept", "turn 0"]
    opened = whole(dag)[1].cell
    assert (opened.level, opened.covered, opened.sent, opened.inset) == (2, True, False, True)
    dag.open(fold.name, is_open=False)
    assert len(dag) == 3


def test_the_outer_of_two_summaries_folds_both(t):
    hashes = [t.user(f"turn {number}").hash for number in range(3)]
    inner = cover(t, hashes[:2], "inner")
    cover(t, [inner, hashes[2]], "outer")
    dag = t.dag()
    assert said(dag) == ["outer"]
    dag.open(fold_at(dag, 0), is_open=True)
    assert said(dag) == ["outer", "inner", "turn 2", "turn 1", "turn 0"]


def test_what_holds_another_branch_is_drawn_though_it_is_covered(t):
    t.user("zero")
    t.user("one")
    fork = t.user("two")
    t.branch("side")
    t.switch("side")
    t.user("on the side")
    t.switch("main")
    cover(t, ["HEAD~2", "HEAD~1", fork.hash], "short")
    dag = t.dag()
    assert said(dag) == ["short", "on the side", "two"]
    assert [row.lanes.column for row in whole(dag)] == [0, 1, 0]
    assert whole(dag)[2].lanes.joins[0].column == 1, "the other branch still forks there"
    assert whole(dag)[2].cell.covered


def test_a_summary_that_was_taken_back_folds_nothing(t):
    hashes = [t.user(f"turn {number}").hash for number in range(2)]
    dag = t.dag()
    summary = cover(t, hashes, "short")
    dag.look()
    assert said(dag) == ["short"]
    retire(t, summary)
    dag.look()
    assert said(dag) == ["short", "turn 1", "turn 0"]
    assert whole(dag)[0].cell.marks == ("restored",)


def event(number: str, kind: EventKind, role: str, text: str = "", **fields: Any) -> Event:
    return Event(number, None, fields.pop("agent", None), None, kind, role, text=text, **fields)


def agents(t: Tract, count: int) -> None:
    """A session whose main line starts an agent by a call, which commits some units."""
    events = [
        event("1", "message", "user", "Go."),
        event("2", "tool_call", "assistant", name="Task", call_id="c", arguments={"prompt": "look"}),
        event("3", "tool_result", "tool", "found it", name="Task", call_id="c"),
        event("4", "message", "assistant", "Done."),
    ]
    own = [
        event(f"a{number}", "message", "assistant", f"step {number}", agent="alice")
        for number in range(count)
    ]
    t.import_trace(MadeTrace(events, agents={"alice": MadeAgent("alice", own, call="2")}))


def test_an_agent_hangs_at_its_call_and_opens_between_call_and_result(t):
    agents(t, 3)
    dag = t.dag()
    assert said(dag) == ["Done.", "found it", "look", "Go."]
    fold = whole(dag)[2].cell.fold
    assert fold is not None
    assert (fold.kind, fold.title, fold.commits) == ("agent", "alice", 3)
    dag.open(fold.name, is_open=True)
    assert said(dag) == ["Done.", "found it", "step 2", "step 1", "step 0", "look", "Go."]
    rows = whole(dag)
    assert [row.lanes.column for row in rows] == [0, 0, 1, 1, 1, 0, 0]
    assert [row.lanes.owner for row in rows[2:5]] == [AGENT] * 3
    assert rows[1].lanes.opens[0].owner == AGENT, "it comes home at the result"
    assert rows[5].lanes.joins[0].owner == AGENT, "it leaves at the call"
    assert rows[2].cell.labels[0].name == "alice"
    assert rows[2].cell.level == 2


def test_a_long_agent_opens_in_two_steps(t):
    agents(t, 40)
    dag = t.dag()
    dag.open(fold_at(dag, 2), is_open=True)
    more = next(row.cell for row in whole(dag) if row.cell.kind == "more")
    assert more.fold is not None
    assert more.fold.commits == 40 - 12
    dag.open(more.fold.name, is_open=True)
    assert len(dag) == 44
    assert "step 0" in said(dag)


def started(t: Tract, name: str, call: str) -> Tract:
    """Return a tract that was started from a call of another."""
    made = Tract.on(t.database, name=name)
    with t.database.write():
        refs.link_tract(t.database, made._ws.tract, t._ws.tract, bytes.fromhex(call))
    return made


def test_an_agent_of_an_agent_hangs_in_it(t):
    call = t.tool_call("Task", {"prompt": "look"})
    alice = started(t, "s/alice", call.hash)
    alice.user("for alice")
    inner = alice.tool_call("Task", {"prompt": "look closer"})
    bob = started(alice, "s/bob", inner.hash)
    bob.user("for bob")
    alice.tool_result(inner.content.call_id, "bob is done")
    t.tool_result(call.content.call_id, "alice is done")
    dag = t.dag()
    assert said(dag) == ["alice is done", "look"]
    dag.open(fold_at(dag, 1), is_open=True)
    dag.open(fold_at(dag, 2), is_open=True)
    rows = whole(dag)
    assert [(row.cell.text, row.cell.level) for row in rows] == [
        ("alice is done", 1),
        ("bob is done", 2),
        ("for bob", 3),
        ("look closer", 2),
        ("for alice", 2),
        ("look", 1),
    ]
    assert [row.lanes.column for row in rows] == [0, 1, 2, 1, 1, 0]
    assert rows[1].lanes.opens[0].column == 2
    assert rows[3].lanes.joins[0].column == 2


def test_a_branch_that_forked_long_ago_is_drawn_beside_a_new_one(t):
    t.user("root")
    t.branch("old")
    t.switch("old")
    t.user("on the old one")
    t.switch("main")
    with t.batch():
        for number in range(600):
            t.user(f"turn {number}")
    t.branch("new")
    t.switch("new")
    t.user("on the new one")
    t.switch("main")
    t.user("last")
    dag = t.dag()
    assert len(dag) == 604
    assert [row.cell.text for row in (whole(dag)[1], whole(dag)[-2])] == ["on the new one", "on the old one"]


def test_a_detached_head_and_an_empty_branch_are_drawn(t):
    first = t.user("one")
    t.user("two")
    t.checkout(first.hash)
    dag = t.dag()
    assert [label.name for label in whole(dag)[1].cell.labels] == ["HEAD"]
    assert [label.name for label in whole(dag)[0].cell.labels] == ["main"]
    assert dag.totals().branch is None
    assert [row.lanes.column for row in whole(dag)] == [1, 0]


def test_an_empty_branch_shows_the_others(opened, tmp_path: Path):
    t = opened(tmp_path / "work.db")
    other = opened(tmp_path / "work.db", name="other")
    other.user("elsewhere")
    dag = t.dag()
    assert (len(dag), dag.totals().head, dag.curve().points) == (0, "", ())
    assert dag.named("head", "") is None


def test_it_follows_what_is_committed_here_and_by_another_handle(opened, tmp_path: Path):
    t = opened(tmp_path / "work.db")
    t.user("one")
    dag = t.dag()
    version = dag.version
    assert not dag.look()
    other = opened(tmp_path / "work.db", actor="cli")
    other.assistant("two")
    assert dag.look()
    assert dag.version > version
    assert said(dag) == ["two", "one"]
    assert [label.name for label in whole(dag)[0].cell.labels] == ["HEAD", "main"]


@given(stories, st.data())
def test_a_drawing_that_grew_is_the_one_made_from_nothing(story: list[Step], data: st.DataObject):
    with Tract.open() as t:
        t.user("first")
        dag = t.dag()
        for number, step in enumerate(story):
            play(t, step)
            turn = data.draw(st.sampled_from(["", "", "", "branch", "switch", "merge", "undo"]))
            if turn == "branch":
                t.branch(f"b{number}")
            elif turn == "switch":
                t.switch(data.draw(st.sampled_from(list(t.branches().to_frame()["branch"]))))
            elif turn == "merge":
                other = data.draw(st.sampled_from(list(t.branches().to_frame()["branch"])))
                if other != t.branch_name:
                    merge(t, other)
            elif turn == "undo":
                t.undo()
            dag.look()
            fresh = anew(t, dag)
            assert whole(dag) == whole(fresh)
            assert dag.curve() == fresh.curve()
            assert dag.totals() == fresh.totals()


@given(stories)
def test_every_lane_of_a_drawing_leads_somewhere(story: list[Step]):
    with Tract.open() as t:
        t.user("first")
        t.branch("side")
        for number, step in enumerate(story):
            play(t, step)
            t.switch("side" if number % 3 else "main")
        rows = whole(t.dag())
        numbers = range(len(rows), 0, -1)
        # a row's parents are not told here: that lanes neither break off nor share a cell is enough
        walk(
            [Node(number, (), row.lanes.owner) for number, row in zip(numbers, rows, strict=True)],
            [row.lanes for row in rows],
        )


def test_the_curve_has_the_size_at_every_commit_and_names_a_compaction(t):
    hashes = [t.user("a long turn of many words " * 20).hash for _ in range(6)]
    cover(t, hashes, "in short")
    t.annotate(t.user("left out " * 50).hash, "SKIP")
    curve = t.dag().curve()
    assert curve.places == 8
    assert [size for _, size in curve.points[:3]] == [t.compile(name).token_count for name in hashes[:3]]
    assert curve.points[-1] == (7, t.compile().token_count)
    (fall,) = curve.falls
    assert (fall.at, fall.before, fall.after) == (6, curve.points[5][1], curve.points[6][1])
    assert curve.anchors == ((0, 7), (1, 6)), "the folded commits have their place, though no row"


def test_the_curve_is_what_the_provider_counted(t):
    t.user("hello")
    t.record_usage({"input_tokens": 5_000, "output_tokens": 20}, t.assistant("hi").hash)
    dag = t.dag()
    assert dag.curve().points[-1] == (1, 5_020)
    t.record_usage({"input_tokens": 6_000, "output_tokens": 20}, "HEAD")
    assert dag.look()
    assert dag.curve().points[-1] == (1, 6_020)
    assert dag.totals().tokens == 6_020


def test_a_long_history_has_a_short_curve_with_its_peaks():
    sizes = [0] * 100_000
    sizes[54_321] = 9
    points = thinned(sizes)
    assert len(points) <= POINTS
    assert (54_321, 9) in points
    assert (points[0], points[-1]) == ((0, 0), (99_999, 0))
    assert [place for place, _ in points] == sorted({place for place, _ in points})


@pytest.mark.parametrize("text", ["first", "is:covered", "role:user"])
def test_a_commit_is_found_where_a_fold_or_a_filter_hides_it(t, text):
    hashes = [t.user(f"turn {number}").hash for number in range(3)]
    t.assistant("first")
    cover(t, hashes, "in short")
    dag = t.dag()
    dag.show_only(text)
    place = dag.reveal(hashes[0])
    assert place is not None
    assert whole(dag)[place].cell.text == "turn 0"


def test_pages_outside_the_rows_are_empty(t):
    t.user("one")
    dag = t.dag()
    assert dag.rows(5, 10) == []
    assert len(dag.rows(-3, 4)) == 1
    with pytest.raises(ContentError):
        dag.text("HEAD", -1)


def test_a_filter_moves_no_name_to_a_commit_it_does_not_stand_on(t):
    t.user("first")
    t.branch("old")
    t.assistant("second")
    t.tag("HEAD", "v1")
    t.annotate("HEAD", "PINNED")
    dag = t.dag()
    dag.show_only("role:user")
    assert [label.name for label in whole(dag)[0].cell.labels] == ["old"]
    dag.show_only("role:assistant")
    assert [label.name for label in whole(dag)[0].cell.labels] == ["HEAD", "main", "v1"], "a MARK has no row"


def test_a_filter_by_a_branch_that_is_deleted_fits_nothing_and_the_drawing_goes_on(t):
    t.user("first")
    t.branch("side")
    dag = t.dag()
    dag.show_only("branch:side")
    t.delete_branch("side", force=True)
    assert dag.look()
    assert len(dag) == 0
    t.branch("side")
    dag.look()
    assert said(dag) == ["first"]
    with pytest.raises(ContentError):
        dag.show_only("branch:other")
    assert dag.filter == "branch:side"
