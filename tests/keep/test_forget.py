"""A secret that was forgotten is nowhere: in no page, log, cache or backup of the database."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from tests.core.helpers import start_python
from tests.trust.helpers import texts
from tract_nb import (
    Artifact,
    ContentError,
    Dialogue,
    Freeform,
    RefError,
    Review,
    SessionNote,
    StoreError,
    Tract,
)
from tract_nb.store import rewriting, schema

SECRET = "hunter2-sk-4f9b0c7d1e2a3456"


@pytest.fixture
def t(tmp_path):
    with Tract.open(tmp_path / "work.db") as tract:
        yield tract


def files_with(folder: Path, text: str = SECRET) -> list[str]:
    """Return the files that hold a text, in any order of bytes that SQLite writes."""
    return sorted(file.name for file in folder.iterdir() if text.encode() in file.read_bytes())


class Note(BaseModel):
    title: str


CONTENTS: dict[str, Callable[[Tract], Any]] = {
    "user": lambda t: t.user(f"my key is {SECRET}"),
    "named": lambda t: t.user(f"my key is {SECRET}", name="Ann"),
    "system": lambda t: t.system(SECRET),
    "reasoning": lambda t: t.reasoning(SECRET),
    "call": lambda t: t.tool_call("run", {"command": f"login {SECRET}"}, "c1"),
    "result": lambda t: (t.tool_call("run", {}, "c1"), t.tool_result("c1", {"token": SECRET}, "error"))[1],
    "artifact": lambda t: t.commit(Artifact(kind="file", content=SECRET, language=SECRET)),
    "freeform": lambda t: t.commit(Freeform(payload={SECRET: [SECRET]})),
    "note": lambda t: t.commit(SessionNote(kind="end", summary="x", decisions=(SECRET,))),
    "own": lambda t: t.commit(Note(title=SECRET)),
    "edit": lambda t: t.edit(t.user("at first"), SECRET),
    "summary": lambda t: t.commit(Dialogue(role="user", text=SECRET * 400)),
}


@pytest.mark.parametrize("content", CONTENTS)
def test_a_forgotten_text_is_in_no_file_and_shows_nowhere(t, tmp_path, content):
    t.register("note", Note, text=lambda note: note.title)
    # pages are written over and over, so that copies of cells are left in what is free
    for number in range(60):
        t.user(f"before {number} " + "x" * (number * 37 % 900))
    held = CONTENTS[content](t)
    for number in range(60):
        t.user(f"after {number} " + "y" * (number * 53 % 900))
    t.database.execute("PRAGMA wal_checkpoint(PASSIVE)")
    assert files_with(tmp_path)
    other = Tract.open(t.path)
    other.register("note", Note, text=lambda note: note.title)
    assert any(
        SECRET in text
        for text in [message.text for message in other.compile(include_reasoning=True).messages]
    )
    before = t.compile(include_reasoning=True)
    done = t.forget(held, "a key got in")
    assert done.clean
    assert done.commits == (held.short,)
    assert files_with(tmp_path) == []
    for tract in (t, other, Tract.open(t.path)):
        context = tract.compile(include_reasoning=True)
        assert context.commit_hashes == before.commit_hashes
        assert SECRET not in context.to_text()
        assert SECRET not in repr(context.to_openai())
        assert "[forgotten on " in context.to_text()
        assert SECRET not in str(tract.show(held))
        said = tract.verify()
        assert said.rows == ()
        assert said.collected == 1
    assert t.operations(1)[0].verb == "forget"
    assert t.operations(1)[0].reason == "a key got in"


def test_every_commit_with_the_text_loses_it(t, tmp_path):
    one = t.user(SECRET)
    t.branch("try")
    two = t.user(SECRET)
    assert t.forget(two, "why").commits == (one.short, two.short)
    assert files_with(tmp_path) == []
    t.switch("try")
    assert texts(t)[0].startswith("[forgotten on ")


def test_others_that_hold_a_word_of_it_are_named_and_left(t):
    held = t.user(f"please remember {SECRET} for me")
    t.user("nothing of it")
    said = t.assistant(f"I will remember {SECRET}!")
    noted = t.user("hi", message=f"about {SECRET}")
    meant = t.user("ho", metadata={"env": {"KEY": SECRET}})
    t.annotate(said, "IMPORTANT", f"it has {SECRET}")
    number = t.operations(1)[0].id
    done = t.forget(held, "why")
    assert done.also[-1:] == ((f"operation {number}", "reason"),)
    assert done.also[:-1] == ((said.short, "text"), (noted.short, "message"), (meant.short, "metadata"))
    assert said.short in repr(done)
    assert SECRET not in repr(done)
    assert t.show(said.hash).text == f"I will remember {SECRET}!"


def test_an_edit_that_took_the_secret_out_stays(t, tmp_path):
    held = t.user(f"key {SECRET}")
    t.edit(held, "key ***")
    t.forget(held, "why")
    assert files_with(tmp_path) == []
    assert texts(t) == ["key ***"]


def test_the_same_text_is_not_stored_again(t, tmp_path):
    held = t.user(SECRET)
    t.forget(held, "why")
    with pytest.raises(ContentError, match="forgotten on"):
        t.user(SECRET)
    assert texts(t)[0].startswith("[forgotten on ")
    assert t.user("goes on").text == "goes on"
    assert t.verify().rows == ()


def test_forgetting_again_does_no_harm_and_undo_brings_nothing_back(t):
    t.user("first")
    held = t.user(SECRET)
    t.forget(held, "why")
    t.forget(held, "why")
    t.undo()
    assert texts(t) == ["first"]
    t.redo()
    assert texts(t)[1].startswith("[forgotten on ")
    assert t.verify().rows == ()


def test_a_backup_beside_the_file_loses_it_too(t, tmp_path):
    held = t.user(SECRET)
    t.user("other")
    copies = [tmp_path / "work.db.schema1.backup", tmp_path / "work.db.schema1-2.backup"]
    for copy in copies:
        t.save_as(copy)
    elsewhere = t.save_as(tmp_path / "mine.db")
    done = t.forget(held, "why")
    assert done.copies == tuple(sorted(copy.name for copy in copies))
    assert files_with(tmp_path) == ["mine.db"]
    elsewhere.unlink()
    for copy in copies:
        shutil.move(copy, tmp_path / "back.db")
        with Tract.open(tmp_path / "back.db") as back:
            assert [message.text for message in back.compile().messages][1] == "other"


def test_what_is_no_backup_of_this_file_is_left_alone(t, tmp_path):
    held = t.user(SECRET)
    for name in ("other.db.schema1.backup", "work.db.txt"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "work.db.schema1.backup").write_text("no database")
    with pytest.warns(UserWarning, match="bytes of it may be left"):
        t.forget(held, "why")
    assert (tmp_path / "other.db.schema1.backup").read_text() == "mine"
    assert texts(t)[0].startswith("[forgotten on ")


def test_while_somebody_reads_the_old_pages_it_says_so_and_optimize_finishes(t, tmp_path, monkeypatch):
    monkeypatch.setattr(rewriting, "PATIENCE", 0.05)
    held = t.user(SECRET)
    with closing(sqlite3.connect(t.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM blob").fetchall()
        done = t.forget(held, "why")
        assert not done.clean
        assert "optimize" in repr(done)
        assert files_with(tmp_path)
        assert [row.problem for row in t.verify()] == [
            "it was forgotten, but older pages may still hold it: run optimize"
        ]
        with pytest.warns(UserWarning, match="older pages"):
            t.optimize()
    t.optimize()
    assert files_with(tmp_path) == []
    assert t.verify().rows == ()


def test_a_rewrite_that_fails_is_told_and_the_text_is_gone_all_the_same(t, monkeypatch):
    held = t.user(SECRET)

    def full(_: Any) -> Any:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(rewriting, "rewrite", full)
    with pytest.warns(UserWarning, match="disk is full"):
        done = t.forget(held, "why")
    assert not done.clean
    assert texts(t)[0].startswith("[forgotten on ")


def test_another_process_forgets_it_too(t):
    t.user("first")
    held = t.user(SECRET)
    child = start_python(
        "import sys; from tract_nb import Tract; t = Tract.open(sys.argv[1]); "
        "print(t.compile().messages[1].text, flush=True); input(); "
        "print(t.compile().messages[1].text, flush=True); "
        "print(t.checkout('HEAD~1') and t.compile(sys.argv[2]).messages[1].text, flush=True)",
        t.path,
        held.hash,
    )
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline().strip() == SECRET
    t.forget(held, "why")
    child.stdin.write("\n")
    child.stdin.flush()
    assert child.stdout.readline().startswith("[forgotten on ")
    assert child.stdout.readline().startswith("[forgotten on ")
    child.communicate(timeout=30)


@pytest.mark.parametrize("reason", ["", " ", None])
def test_it_wants_a_reason(t, reason):
    held = t.user(SECRET)
    with pytest.raises(ContentError, match="reason"):
        t.forget(held, reason)
    assert texts(t) == [SECRET]


def test_what_has_no_text_and_what_is_not_there_are_refused(t):
    t.annotate(t.user("one"), "PINNED")
    with pytest.raises(RefError, match="MARK"):
        t.forget(t.log(kind="mark")[0].commit, "why")
    with pytest.raises(RefError):
        t.forget("nowhere", "why")
    with t.batch(), pytest.raises(ContentError, match="batch"):
        t.forget("HEAD", "why")


def test_a_file_opened_read_only_is_left_as_it_is(t):
    t.user(SECRET)
    with Tract.open(t.path, read_only=True) as reader:
        for verb in (lambda: reader.forget("HEAD", "why"), reader.optimize, reader.gc):
            with pytest.raises(StoreError, match="read-only"):
                verb()
        assert reader.gc(dry_run=True).rows == ()


def test_optimize_gives_room_back_and_keeps_all(t, tmp_path):
    for number in range(50):
        t.user(f"{number} " * 600)
    before = texts(t)
    t.database.execute("CREATE TABLE ballast (x)")
    t.database.execute("INSERT INTO ballast VALUES (zeroblob(2000000))")
    t.database.execute("DROP TABLE ballast")
    room = t.optimize()
    assert room.before - room.after > 1_500_000
    assert "→" in repr(room)
    assert texts(t) == before
    assert t.database.one("PRAGMA user_version") == (schema.VERSION,)


def test_in_memory_it_works_too():
    with Tract.open() as t:
        held = t.user(SECRET)
        t.forget(held, "why")
        assert texts(t)[0].startswith("[forgotten on ")
        assert t.optimize().after > 0


def test_a_review_that_holds_a_part_of_it_is_named(t):
    one = t.user("at first")
    t.branch("try")
    t.edit(one, "on main")
    t.switch("try")
    t.edit(one, "on try")
    t.switch("main")
    review = t.merge("try")
    assert review.state == "pending"
    review.edit(0, f"both, with {SECRET}")
    held = t.user(f"the key is {SECRET}")
    assert t.forget(held, "why").also == (("review 1", "answers"),)


def asked(t: Tract) -> Review:
    """Return a review of a conflict that is pending."""
    one = t.user("at first")
    t.branch("try")
    t.edit(one, "on main")
    t.switch("try")
    t.edit(one, "on try")
    t.switch("main")
    return t.merge("try")


def test_a_review_that_was_settled_keeps_no_text_that_was_typed(t, tmp_path):
    asked(t).edit(0, f"both, with {SECRET}").approve()
    assert files_with(tmp_path)
    done = t.forget(t.log(kind="edit").rows[0][0], "typed into a review")
    assert files_with(tmp_path) == []
    assert done.reviews == done.also == ()
    t.undo()
    t.merge("try").edit(0, SECRET).reject()
    t.optimize()
    assert files_with(tmp_path) == []
    assert t.verify().rows == ()


def test_a_pending_review_asks_again_for_an_answer_that_said_it(t, tmp_path):
    review = asked(t).edit(0, f"both, with {SECRET}")
    t.save_as(tmp_path / "work.db.schema1.backup")
    held = t.user(SECRET)
    done = t.forget(held, "why")
    assert done.reviews == (1,)
    assert done.copies == ("work.db.schema1.backup",)
    assert "review 1" in repr(done)
    assert files_with(tmp_path) == []
    assert review.refresh().unresolved == 1
    assert t.verify().rows == ()
    with Tract.open(tmp_path / "work.db.schema1.backup") as back:
        assert back.verify().rows == ()
        assert back.pending()[0].unresolved == 1


def test_a_word_of_every_day_takes_no_answer_out(t):
    review = asked(t).edit(0, "an ours and theirs")
    assert t.forget(t.user("an"), "why").reviews == ()
    review.choose(0, "ours")
    for word in ("ours", "user"):
        assert t.forget(t.user(word), "why").reviews == ()
    assert review.refresh().unresolved == 0
