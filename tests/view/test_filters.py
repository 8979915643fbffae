"""Filters: each condition, several together, and what is said where nothing fits."""

from __future__ import annotations

import pytest

from tests.core.stories import cover
from tract_nb import Tract
from tract_nb.errors import ContentError
from tract_nb.view.dag import Dag


@pytest.fixture
def dag(t: Tract) -> Dag:
    t.system("Be brief.")
    asked = t.user("Where is the pinecone index?")
    call = t.tool_call("Read", {"file_path": "/src/index.py"})
    t.tool_result(call.content.call_id, 'def build(): return "Straße"\n' * 40)
    bad = t.tool_call("Bash", {"command": "make"})
    t.tool_result(bad.content.call_id, "*** No rule", "error")
    t.assistant("It is built in index.py.")
    t.branch("docs")
    t.edit(asked.hash, "Where is the pinecone table?")
    t.annotate(asked.hash, "IMPORTANT")
    t.switch("docs")
    t.user("Write it down.")
    t.switch("main")
    return t.dag()


def fits(dag: Dag, text: str) -> list[str]:
    dag.show_only(text)
    return [f"{row.cell.direction}{row.cell.who}" for row in dag.rows(0, len(dag))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["user", "edit", "assistant", "←Bash", "→Bash", "←Read", "→Read", "user", "system"]),
        ("role:user", ["user", "user"]),
        ("role:user pinecone", ["user"]),
        ("type:tool_io", ["←Bash", "→Bash", "←Read", "→Read"]),
        ("tool:read", ["←Read", "→Read"]),
        ("is:pinned", ["system"]),
        ("is:important is:edited", ["user"]),
        ("is:failed", ["←Bash"]),
        ("kind:edit", ["edit"]),
        ("branch:docs role:user", ["user", "user"]),
        ("branch:main role:user", ["user"]),
        (">100", ["←Read"]),
        ("type:tool_io <10", ["←Bash", "→Bash"]),
        (">0.1k", ["←Read"]),
        ('"pinecone table"', ["edit", "user"]),
        ("pinecone index", ["edit", "user"][:0]),
        ("STRASSE", ["←Read"]),
        ("/src/index.py", ["→Read"]),
        ("*** rule", ["←Bash"]),
        ("make", ["→Bash"]),
        ("system", ["system"]),
        ("http://nowhere", []),
    ],
)
def test_a_filter_draws_what_fits_it(dag, text, expected):
    assert fits(dag, text) == expected


def test_what_was_said_before_an_edit_is_not_found_by_its_old_words(dag):
    assert fits(dag, '"the pinecone index"') == []


def test_a_hash_is_found_by_its_start(dag, t):
    head = t.show("HEAD~2")
    assert len(fits(dag, head.short)) == 1


def test_what_a_summary_covers_is_found(t):
    cover(t, [t.user("one").hash, t.user("two").hash], "short")
    dag = t.dag()
    assert fits(dag, "is:covered") == ["user", "user"]
    assert fits(dag, "two") == ["user"]


def test_skipped_counts_what_goes_with_its_call(t):
    call = t.tool_call("Read", {})
    t.tool_result(call.content.call_id, "text")
    t.annotate(call.hash, "SKIP")
    assert fits(t.dag(), "is:skipped") == ["←Read", "→Read"]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("role:usr", "role:usr fits nothing", "role:user"),
        ("is:pined", "is:pined fits nothing", "is:pinned"),
        ("rol:user", "rol: is no filter", "role:user"),
        ("branch:dcs", "There is no branch 'dcs'", "branch:docs"),
        ("type:tool", "type:tool fits nothing", "tool_io"),
        ("kind:mark", "kind:mark fits nothing", "append"),
    ],
)
def test_an_unknown_condition_says_what_is_meant_and_changes_nothing(dag, text, message, hint):
    before = fits(dag, "role:user")
    with pytest.raises(ContentError) as found:
        dag.show_only(text)
    assert message in found.value.message
    assert hint in found.value.hint
    assert dag.filter == "role:user"
    assert [row.cell.who for row in dag.rows(0, 9)] == before


def test_where_nothing_fits_each_condition_is_counted_alone(dag):
    assert dag.show_only("role:user make") == 0
    assert dag.counts("role:user make") == [("role:user", 2), ("make", 1)]
    assert dag.counts("make") == []


def test_next_goes_round_in_both_directions_without_filtering(dag):
    assert dag.next_match("role:user", 0) == 7
    assert dag.next_match("role:user", 7) == 0
    assert dag.next_match("role:user", 7, back=True) == 0
    assert dag.next_match("nothing of this", 0) is None
    assert len(dag) == 9


@pytest.mark.parametrize("output", ['{"status":"error"}', {"status": "error"}, '"status":"error"}', {}])
def test_only_the_status_says_that_a_call_failed(t, output):
    t.tool_result(t.tool_call("Read", {}).content.call_id, output)
    assert fits(t.dag(), "is:failed") == []
    t.tool_result(t.tool_call("Read", {}).content.call_id, output, 'odd "status"')
    assert fits(t.dag(), "is:failed") == ["←Read"]


def test_lanes_go_on_over_what_is_left_out(dag):
    dag.show_only("role:user")
    newer, older = dag.rows(0, 2)
    assert (newer.lanes.column, older.lanes.column) == (0, 0) or newer.lanes.below is not None
    assert not newer.lanes.ends
