"""gc takes away what nothing leads to, and texts that are covered for long; never anything else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.core.helpers import NINE, run_python
from tests.core.stories import cover, merge, retire
from tests.trust.helpers import recording, rich, texts
from tract_nb import NORMAL, PINNED, ContentError, RefError, Session, Tract
from tract_nb.model.collection import Collected


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NINE

    def __call__(self) -> Any:
        return self.now

    def days(self, number: float) -> None:
        self.now += timedelta(days=number)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def t(tmp_path, clock):
    with Tract.open(tmp_path / "work.db", clock=clock) as tract:
        yield tract


def gone(found: Collected) -> list[str]:
    return [row.commit for row in found]


def blob_bytes(t: Tract) -> int:
    found = t.database.one("SELECT sum(length(data)) FROM blob")
    assert found is not None
    return int(found[0])


# -- what stays -----------------------------------------------------------------------------------


def test_what_a_pending_review_would_join_stays(t, clock):
    first = t.user("a")
    t.branch("try")
    t.edit(first, "ours")
    t.switch("try")
    t.edit(first, "theirs")
    t.switch("main")
    review = t.merge("try")
    t.delete_branch("try", force=True)
    clock.days(400)
    assert t.gc().rows == ()
    review.choose(0, "theirs").approve()
    assert texts(t) == ["theirs"]


def test_nothing_reachable_is_ever_taken(t, clock):
    rich(t)
    clock.days(400)
    t.gc()
    assert t.gc().rows == ()
    assert t.verify().rows == ()
    session = Session.of(t)
    names = [row.tract for row in session.tracts()]
    assert len(names) > 1
    for name in names:
        for branch in session.tract(name).branches():
            if branch.commit:
                session.tract(name).compile(branch.branch).to_dicts()


def test_what_left_a_branch_is_kept_while_its_operation_is(t, clock):
    t.user("stays")
    left = t.user("left")
    clock.days(10)
    t.reset("HEAD~1")
    clock.days(6)
    assert t.gc().rows == ()
    assert t.show(left.hash).text == "left"
    clock.days(1.1)
    assert gone(t.gc()) == [left.short]
    assert texts(t) == ["stays"]


def test_a_hard_reset_leaves_what_it_dropped_to_the_next_gc(t, clock):
    t.user("stays")
    left = t.user("left")
    clock.days(2)
    t.reset("HEAD~1", "hard")
    assert gone(t.gc()) == [left.short]
    with pytest.raises(RefError, match="collected on 2026-04-03"):
        t.undo()
    with pytest.raises(RefError, match="collected on 2026-04-03"):
        t.show("main@{1}")
    assert next(row.refs for row in t.operations() if row.verb == "reset").startswith("main collected →")
    assert t.verify().rows == ()


def test_a_hard_reset_that_was_taken_back_drops_nothing(t, clock):
    t.user("stays")
    t.user("left")
    clock.days(2)
    t.reset("HEAD~1", "hard")
    t.undo()
    t.reset("HEAD~1")
    assert t.gc().rows == ()
    t.undo()
    assert texts(t) == ["stays", "left"]


def test_what_a_soft_reset_dropped_before_a_hard_one_is_kept(t, clock):
    t.user("one")
    two = t.user("two")
    three = t.user("three")
    clock.days(2)
    t.reset(two)
    t.reset("HEAD~1", "hard")
    assert t.gc().rows == ()
    assert t.show(three.hash).text == "three"


def test_what_another_branch_was_moved_from_is_kept(t, clock):
    t.user("one")
    t.branch("try")
    t.switch("try")
    only = t.user("only on try")
    t.switch("main")
    t.reset(only)
    clock.days(2)
    t.reset("HEAD~1", "hard")
    t.switch("try")
    t.reset("HEAD~1")
    assert t.gc().rows == ()
    assert t.show(only.hash).text == "only on try"


def test_what_was_recorded_within_a_day_is_kept(t, clock):
    t.user("stays")
    left = t.user("left")
    t.reset("HEAD~1", "hard")
    clock.days(0.9)
    assert t.gc(keep_days=0).rows == ()
    clock.days(0.2)
    assert gone(t.gc(keep_days=0)) == [left.short]


def test_where_a_detached_handle_stands_is_kept(t, clock):
    t.user("stays")
    left = t.user("left")
    t.reset("HEAD~1", "hard")
    t.checkout(left)
    clock.days(30)
    assert t.gc().rows == ()
    assert texts(t) == ["stays", "left"]
    t.switch("main")
    assert gone(t.gc()) == [left.short]


def test_the_call_that_started_an_agent_is_kept(t, clock):
    t.user("first")
    made = t.import_trace(recording(8, "5e551011-made-up", rich=True))
    assert made.tracts
    clock.days(40)
    t.switch(made.branch)
    t.reset(t.log(all=True)[-1].commit, "hard")
    clock.days(40)
    assert t.gc().commits
    linked = [row.call for row in Session.of(t).tracts() if row.call]
    assert linked
    for call in linked:
        assert t.show(call).content.direction == "call"
    assert t.verify().rows == ()


def test_a_pin_is_no_root(t, clock):
    t.user("stays")
    left = t.user("left", priority=PINNED)
    t.reset("HEAD~1", "hard")
    clock.days(2)
    assert gone(t.gc()) == [left.short]


# -- what goes ------------------------------------------------------------------------------------


def test_a_dry_run_changes_nothing_and_says_what_a_run_takes(t, clock, tmp_path):
    t.user("stays")
    t.assistant("the same text " * 9)
    t.user("the same text " * 9, generation_config={"temperature": 1})
    t.tool_call("read", {"path": "a"}, "c1")
    t.tool_result("c1", "left " * 99)
    t.record_usage({"input_tokens": 9, "output_tokens": 1}, t.assistant("reply"))
    t.annotate("HEAD", PINNED)
    t.reset(t.log()[-1].commit, "hard")
    clock.days(2)
    before = t.database.one("SELECT total(id), count(*) FROM op"), t.revision, blob_bytes(t)
    dry = t.gc(dry_run=True)
    assert (t.database.one("SELECT total(id), count(*) FROM op"), t.revision, blob_bytes(t)) == before
    frame = dry.to_frame()
    assert list(frame.columns) == [column.name for column in Collected.columns]
    assert frame.bytes.sum() == dry.size
    done = t.gc()
    assert done.rows == dry.rows
    assert (dry.done, done.done) == (False, True)
    # real bytes, but for the line that keeps the highest text's number
    assert before[2] - blob_bytes(t) == pytest.approx(dry.size, abs=2)
    assert t.database.all("SELECT * FROM usage UNION SELECT 1,1,1,1,1,1,1,1,1 FROM config") == []
    assert t.database.all('SELECT 1 FROM target WHERE "commit" NOT IN (SELECT id FROM "commit")') == []
    assert t.verify().rows == ()
    assert t.operations(1)[0].verb == "gc"


def test_the_bytes_that_are_freed_are_real(t, clock, tmp_path):
    t.user("stays")
    with t.batch():
        for number in range(400):
            t.user(f"{number} " * 500)
    t.reset("HEAD~400", "hard")
    clock.days(2)
    found = t.gc(vacuum=True)
    assert found.commits == 400
    assert found.size > 400 * 500 * 2
    assert found.room is not None
    assert found.room.before - found.room.after > found.size
    files = sum(file.stat().st_size for file in tmp_path.glob("work.db*") if not file.name.endswith("-shm"))
    assert files == found.room.after


def test_a_text_that_another_commit_has_stays(t, clock):
    t.user("twice")
    t.assistant("between")
    t.user("twice")
    t.reset("HEAD~1", "hard")
    clock.days(2)
    (row,) = t.gc()
    assert row.bytes == 0
    assert texts(t) == ["twice", "between"]


def test_a_branch_alone_is_looked_at(t, clock):
    t.user("stays")
    one = t.user("of main")
    t.reset("HEAD~1", "hard")
    t.branch("try")
    t.switch("try")
    two = t.user("of try")
    t.reset("HEAD~1", "hard")
    clock.days(2)
    assert gone(t.gc(branch="try", dry_run=True)) == [two.short]
    assert gone(t.gc(branch="main")) == [one.short]
    assert gone(t.gc()) == [two.short]
    with pytest.raises(RefError):
        t.gc(branch="nowhere")


def test_the_same_can_be_written_and_imported_again(t, clock):
    t.user("stays")
    made = recording(6, "0123abcd-made-up")
    branch = t.import_trace(made).branch
    before = texts(t, branch)
    t.switch(branch)
    t.reset("HEAD~5", "hard")
    clock.days(9)
    assert t.gc().commits == 5
    with Tract.open(t.path) as other:
        assert other.import_trace(made).commits == 5
        assert before in [texts(other, row.branch) for row in other.branches()]
        assert other.verify().rows == ()


def test_a_batch_takes_no_gc(t):
    with t.batch(), pytest.raises(ContentError, match="batch"):
        t.gc()


@pytest.mark.parametrize("days", [-1, "7", None, float("nan"), float("inf"), True])
def test_days_that_are_none_are_refused(t, days):
    with pytest.raises(ContentError, match="number of days"):
        t.gc(keep_days=days)


# -- others who have the file open ------------------------------------------------------------------


def test_a_context_that_is_held_says_that_its_texts_are_gone_and_never_shows_others(t, clock):
    t.user("stays")
    t.user("left")
    held = t.compile()
    t.reset("HEAD~1", "hard")
    clock.days(2)
    t.gc()
    t.user("written after it")
    with pytest.raises(RefError, match="before gc"):
        held.to_dicts()


def test_another_handle_sees_what_was_written_anew_under_the_same_hash(t, clock, tmp_path):
    made = recording(6, "0123abcd-made-up")
    t.user("stays")
    branch = t.import_trace(made).branch
    other = Tract.open(t.path, branch=branch, clock=clock)
    before = texts(other)
    t.switch(branch)
    t.reset("HEAD~3", "hard")
    clock.days(9)
    t.gc()
    t.user("takes the next numbers")
    t.reset("HEAD~1")
    again = t.import_trace(made).branch
    other.checkout(again)
    assert texts(other) == texts(t, again)
    assert texts(other)[: len(before)] == before
    other.close()


def test_another_process_that_writes_meanwhile_loses_nothing(t, clock):
    t.user("stays")
    t.user("left")
    t.reset("HEAD~1", "hard")
    clock.days(2)
    run_python(
        "import sys; from tract_nb import Tract; t = Tract.open(sys.argv[1]); t.user('from elsewhere')",
        t.path,
    )
    assert t.gc().commits == 1
    t.refresh()
    assert texts(t) == ["stays", "from elsewhere"]


# -- texts that are covered for long ----------------------------------------------------------------


def covered(t: Tract, clock: Clock, days: float = 31) -> tuple[Any, Any]:
    """Cover two units, the first with an edit, and let days go by."""
    one = t.user("the first text")
    two = t.assistant("the second text")
    t.edit(one, "the first text, edited")
    cover(t, [one.hash, two.hash], "A summary.")
    t.user("goes on")
    clock.days(days)
    return one, two


LINE = "[collected on 2026-05-02]"


def test_a_text_that_a_summary_stands_for_goes_after_archive_days(t, clock):
    _, two = covered(t, clock)
    context = texts(t)
    found = t.gc()
    assert {row.what for row in found} == {"text"}
    assert found.texts == 3
    assert texts(t) == context == ["A summary.", "goes on"]
    assert t.show(two.hash).text == LINE
    assert t.show(two.hash).tokens == two.tokens
    assert [row.preview for row in t.expand(t.log(kind="summary")[0].commit)] == [LINE, LINE]
    assert texts(t, two.hash) == [LINE, LINE]
    said = t.verify()
    assert said.rows == ()
    assert "3 texts collected" in repr(said)
    assert t.gc().rows == ()


def test_a_text_whose_summary_is_young_stays(t, clock):
    covered(t, clock, days=29)
    assert t.gc().rows == ()


def test_the_age_of_a_summary_is_when_it_came_here(t, clock):
    # a coding agent's own compaction of months ago, imported now
    t.import_trace(recording(8, "0123abcd-made-up", rich=True))
    assert t.gc(archive_days=1).rows == ()
    clock.days(9)
    assert {row.what for row in t.gc(archive_days=1)} == {"text"}


@pytest.mark.parametrize("by", ["branch", "tag", "operation"])
def test_a_text_that_shows_at_any_root_stays(t, clock, by):
    _, two = covered(t, clock)
    if by == "branch":
        t.branch("before", at=two)
    elif by == "tag":
        t.tag(two, "v1")
    else:
        t.branch("before", at=two)
        t.undo()
    found = t.gc()
    # the edit came after what still shows
    assert found.texts == 1
    assert t.show(two.hash).text == "the second text"


def test_a_text_that_a_pin_a_restore_or_a_late_result_shows_stays(t, clock):
    t.tool_call("read", {"path": "a.py"}, "c1")
    call = t.show()
    pinned, restored = t.user("pinned later"), t.user("restored later")
    cover(t, [call.hash, pinned.hash], "Of the call.")
    other = cover(t, [restored.hash], "Of the other.")
    clock.days(31)
    t.annotate(pinned, PINNED)
    retire(t, other)
    t.tool_result("c1", "late")
    assert t.gc().rows == ()


def test_a_verb_that_would_show_collected_text_is_refused(t, clock):
    _, two = covered(t, clock)
    summary = t.log(kind="summary")[0].commit
    t.gc()
    before = texts(t)
    for verb in (
        lambda: t.restore(summary),
        lambda: t.annotate(two, PINNED),
        lambda: t.reset(two),
        lambda: [t.undo() for _ in range(3)],
    ):
        with pytest.raises(RefError, match="collected on 2026-05-02") as caught:
            verb()
        assert "compile(at=" in caught.value.hint
        t.refresh()
        while texts(t) != before:
            t.redo()
    t.annotate(summary, PINNED)
    t.annotate(summary, NORMAL)
    assert texts(t) == before
    assert t.verify().rows == ()


def test_a_late_result_or_a_merge_shows_that_the_text_was_collected(t, clock):
    t.tool_call("read", {"path": "a.py"}, "c1")
    call = t.show()
    cover(t, [call.hash], "A summary.")
    t.branch("try")
    t.switch("try")
    t.tool_result("c1", "late")
    t.switch("main")
    t.user("on main")
    clock.days(31)
    # on try it shows, so it stays; without try it goes, and a result that comes then shows the line
    assert t.gc().rows == ()
    t.switch("try")
    t.reset(call, "hard")
    t.reset(t.log(branch="main", kind="summary")[0].commit, "hard")
    t.switch("main")
    clock.days(9)
    assert t.gc().texts == 1
    t.switch("try")
    t.tool_result("c1", "later still")
    assert texts(t)[1:] == [LINE.replace("05-02", "05-11"), "later still"]
    assert t.compile().to_openai()[-2]["tool_calls"][0]["id"] == "c1"
    t.switch("main")
    merge(t, "try")
    assert LINE.replace("05-02", "05-11") in texts(t)
    assert t.verify().rows == ()


def test_a_collected_text_that_is_written_again_is_there_again(t, clock):
    _, two = covered(t, clock)
    t.gc()
    t.assistant("the second text")
    assert texts(t)[-1] == "the second text"
    assert t.show(two.hash).text == "the second text"
    assert t.verify().rows == ()
    assert Tract.open(t.path).verify().rows == ()
