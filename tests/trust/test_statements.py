"""The number of SQL statements of a verb does not grow with the history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.core.helpers import NINE
from tests.core.stories import cover
from tests.trust.helpers import recording, write_all
from tract_nb import PINNED, SKIP, Session, Tract

SHORT, LONG = 10, 1_000

VERBS: dict[str, Callable[[Tract], Any]] = {
    "commit": lambda t: t.user("new"),
    "commit of a known text": lambda t: t.user("turn 3"),
    "commit with a config": lambda t: t.assistant(
        "new", generation_config={"temperature": 0.25}, metadata={"a": 1}
    ),
    "commit with a new key": lambda t: t.user("new", key="new"),
    "commit with a known key": lambda t: t.user("changed", key="cell"),
    "tool_call": lambda t: t.tool_call("read", {"path": "b"}),
    "tool_result": lambda t: t.tool_result("c1", "new"),
    "edit of the first": lambda t: t.edit("v1", "new"),
    "edit of the last": lambda t: t.edit("HEAD", "new"),
    "annotate one": lambda t: t.annotate("v1", SKIP),
    "annotate two": lambda t: t.annotate(["v1", "HEAD"], PINNED),
    "batch": lambda t: write_all(t, "one", "two"),
    "record_usage": lambda t: t.record_usage({"input_tokens": 9, "output_tokens": 1}, "v2"),
    "import": lambda t: t.import_trace(recording(9, "fresh-made-up")),
    "import again": lambda t: t.import_trace(recording(9, "known-made-up")),
    "branch": lambda t: t.branch("new", at="v1"),
    "tag": lambda t: t.tag("HEAD~3", "new"),
    "switch": lambda t: t.switch("try"),
    "switch and back": lambda t: (t.switch("try"), t.switch("-")),
    "checkout": lambda t: t.checkout("v1"),
    "reset": lambda t: t.reset("HEAD~4"),
    "reset to the first": lambda t: t.reset("v1"),
    "undo": lambda t: t.undo(),
    "undo and redo": lambda t: (t.undo(), t.redo()),
    "compile": lambda t: t.compile().to_dicts(),
    "compile elsewhere": lambda t: t.compile("v2").to_anthropic(cache_control=True),
    "compile at a time": lambda t: t.compile(at_time=NINE + timedelta(days=1)).messages,
    "configs": lambda t: t.compile().generation_configs,
    "costs": lambda t: t.compile().budget,
    "compile cold": lambda t: Tract.on(t.database).compile(include_reasoning=True).to_openai(),
    "diff": lambda t: t.diff("HEAD~3"),
    "diff of all": lambda t: t.diff("v1"),
    "find a text": lambda t: t.find("turn 3"),
    "find a config": lambda t: t.find(config={"temperature": (">", 0.1)}),
    "log of five": lambda t: t.log(5),
    "log": lambda t: t.log(),
    "log of all": lambda t: t.log(all=True),
    "log of a kind": lambda t: t.log(kind="mark"),
    "graph": lambda t: t.graph(),
    "dag": lambda t: t.dag().rows(0, 60),
    "dag, filtered": lambda t: t.dag().show_only("turn is:edited"),
    "dag, one commit": lambda t: t.dag().detail("v1"),
    "show": lambda t: t.show("v1"),
    "show by steps": lambda t: t.show("HEAD~5"),
    "show by a prefix": lambda t: t.show(t.show("v1").hash[:8]),
    "show by an earlier tip": lambda t: t.show("main@{2}"),
    "expand": lambda t: t.expand("covering"),
    "status": lambda t: t.status(),
    "budget": lambda t: t.budget(),
    "merge": lambda t: t.merge("side"),
    "merge by theirs": lambda t: t.merge("odds", strategy="theirs"),
    "merge that asks": lambda t: t.merge("odds"),
    "merge that asks, then approve": lambda t: t.merge("odds").choose(0, "ours").approve(),
    "rebase": lambda t: t.rebase("side"),
    "cherry-pick": lambda t: t.cherry_pick("side"),
    "delete a branch": lambda t: t.delete_branch("side", force=True),
    "rename a branch": lambda t: t.rename_branch("side", "aside"),
    "branches": lambda t: t.branches(),
    "tags": lambda t: t.tags(),
    "tracts": lambda t: t.tracts(),
    "operations": lambda t: t.operations(),
    "operations of five": lambda t: t.operations(5),
    "verify": lambda t: t.verify(),
    "compress a range": lambda t: t.compress("covering", "covering", content="short"),
    "compress, dry": lambda t: t.compress(strategy="structural", dry_run=True).lost,
    "compress that proposes": lambda t: t.compress(content="short", mode="collaborative"),
    "compress that proposes, then approve": lambda t: (
        t.compress("covering", "covering", content="short", mode="collaborative").edit(0, "mine").approve(0)
    ),
    "provenance": lambda t: t.provenance("covering"),
    "gc": lambda t: years_after_a_reset(t).gc(),
    "gc, dry": lambda t: years_after_a_reset(t).gc(dry_run=True),
    "open": lambda t: Tract.on(t.database),
    "Session.tract": lambda t: Session.of(t).tract("another"),
    "Session.tracts": lambda t: Session.of(t).tracts(),
}


def years_after_a_reset(t: Tract) -> Tract:
    """Let most of the history be left, and much time go by."""
    t.reset("v1", "hard")
    for ref in ("try", "t0", "t1", "v2", "covering"):
        t.database.execute("DELETE FROM ref WHERE name LIKE '%/' || ?", (ref,))
    t._ws.clock = lambda: NINE + timedelta(days=999)
    return t


def world(length: int) -> Tract:
    """Make a tract with the same around a history of some length."""
    t = Tract.open(clock=lambda: NINE)
    t.tag(t.system("Be brief."), "v1")
    t.import_trace(recording(9, "known-made-up"))
    t.user("of a cell", key="cell")
    t.tool_call("read", {"path": "a"}, "c1")
    units = [t.user("one").hash, t.user("two").hash]
    t.tag(cover(t, units, "A summary."), "covering")
    with t.batch():
        for number in range(length):
            t.user(f"turn {number}")
    t.tag(t.assistant("two", generation_config={"temperature": 0.5}), "v2")
    t.record_usage({"input_tokens": 9, "output_tokens": 1}, "v2")
    for number in range(length // 5):
        t.annotate(f"HEAD~{number + 2}", PINNED)
        t.edit(f"HEAD~{number % 7 + 2}", f"edited {number}")
        t.tag("HEAD", f"t{number}") if number < 2 else None
    divide(t)
    t.branch("try")
    t.user("last")
    return t


def divide(t: Tract) -> None:
    """Make a branch to join, and one that is at odds with main; main is one commit ahead of both."""
    for name in ("side", "odds"):
        t.branch(name)
        t.switch(name)
        t.edit("v1", "Be long.") if name == "odds" else t.user("on the side")
        t.switch("main")
    t.edit("v1", "Be very brief.")


@pytest.fixture(scope="module")
def worlds() -> Any:
    """A short and a long history."""
    made = world(SHORT), world(LONG)
    yield made
    for one in made:
        one.close()


def counted(t: Tract, verb: str) -> list[str]:
    """Return the statements of a verb at a warm handle, and take back what it did."""
    connection = t.database.connection
    connection.execute("SAVEPOINT before")
    handle = Tract.on(t.database, branch="main")
    handle.compile().to_dicts()
    handle.log()
    handle.branches()
    handle.compile("v2").to_dicts()
    said: list[str] = []
    connection.set_trace_callback(said.append)
    try:
        VERBS[verb](handle)
    finally:
        connection.set_trace_callback(None)
        connection.execute("ROLLBACK TO before")
        connection.execute("RELEASE before")
    return said


#: a row that one handle happens to have at hand takes the other two statements
AT_HAND = 2


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_takes_as_many_statements_at_a_thousand_commits_as_at_ten(worlds, verb):
    short, long = (counted(one, verb) for one in worlds)
    assert abs(len(short) - len(long)) <= AT_HAND, [one for one in long if one not in short][:20]
    assert len(long) < 120


def test_no_verb_that_writes_one_commit_needs_many(worlds):
    for verb, most in {
        "commit": 12,
        "edit of the first": 20,
        "annotate one": 20,
        "tag": 20,
        "branch": 20,
    }.items():
        said = counted(worlds[1], verb)
        assert len(said) <= most, said
