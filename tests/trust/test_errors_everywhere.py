"""Any error leaves the handle usable: the store fails at each statement of each verb in turn."""

from __future__ import annotations

import contextlib
import inspect
import sqlite3
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.helpers import NINE
from tests.core.stories import cover
from tests.llm.fakes import TOOL, Fake
from tests.trust.helpers import FULL, Dump, Note, State, dump, recording, texts, write_all
from tract_nb import PINNED, SKIP, BudgetError, Output, Reply, Session, TokenBudget, Tract, TractError
from tract_nb.model.compression import Compression
from tract_nb.model.event import Usage
from tract_nb.store import database
from tract_nb.store.database import Database

ERRORS: list[sqlite3.Error] = [
    sqlite3.OperationalError("database or disk is full"),
    sqlite3.OperationalError("database is locked"),
    sqlite3.OperationalError("disk I/O error"),
    sqlite3.IntegrityError("UNIQUE constraint failed: commit.hash"),
]

#: every public verb, with all its forms: what is called, on a tract that :func:`world` has made
VERBS: dict[str, Callable[[Tract], Any]] = {
    "commit": lambda t: t.commit(
        Output(text="new"), message="why", metadata={"a": 1}, generation_config={"temperature": 0.9}
    ),
    "commit of a registered type": lambda t: t.commit(Note(title="new")),
    "commit of a text that is there": lambda t: t.user("one", priority=PINNED),
    "commit with a new key": lambda t: t.user("new", key="new cell"),
    "commit with a known key": lambda t: t.user("changed", key="cell"),
    "commit with a known key and text": lambda t: t.user("of a cell", key="cell"),
    "system": lambda t: t.system("new"),
    "user": lambda t: t.user("new", name="Ann"),
    "assistant": lambda t: t.assistant("new"),
    "reasoning": lambda t: t.reasoning("new"),
    "artifact": lambda t: t.artifact("new"),
    "tool_call": lambda t: t.tool_call("read", {"path": "b"}),
    "tool_result": lambda t: t.tool_result("c1", "new"),
    "edit": lambda t: t.edit("v1", "new"),
    "annotate": lambda t: t.annotate(["v1", "HEAD"], SKIP, "why"),
    "restore": lambda t: t.restore("s1", "why"),
    "compress": lambda t: t.compress(content="short", keep_last=1),
    "compress by masks": lambda t: t.compress(keep_last=0, strategy="mask"),
    "compress that proposes": lambda t: t.compress(content="short", mode="collaborative", keep_last=0),
    "restore of a mask": lambda t: t.restore("masked"),
    "provenance": lambda t: t.provenance("s1"),
    "gc": lambda t: years_later(t).gc(archive_days=0),
    "optimize": lambda t: t.optimize(),
    "import_trace": lambda t: t.import_trace(recording(9, "fresh-made-up", rich=True)),
    "import_trace again": lambda t: t.import_trace(recording(9, "known-made-up", rich=True)),
    "import_trace of more": lambda t: t.import_trace(recording(12, "known-made-up", rich=True)),
    "chat": lambda t: t.chat("new"),
    "chat with a new key": lambda t: t.chat("new", key="asked"),
    "generate": lambda t: t.generate(),
    "sync": lambda t: t.sync([{"role": "user", "content": "new"}]),
    "sync of more": lambda t: t.sync(
        [{"role": message.role, "content": message.text} for message in t.compile().messages[:1]]
        + [{"role": "user", "content": "new"}]
    ),
    "batch": lambda t: write_all(t, "one", "new"),
    "record_usage": lambda t: t.record_usage({"input_tokens": 9, "output_tokens": 1}, "v2", cost=0.5),
    "branch": lambda t: t.branch("new", at="v1"),
    "switch": lambda t: t.switch("try"),
    "checkout": lambda t: t.checkout("try"),
    "checkout of a commit": lambda t: t.checkout("v1"),
    "reset": lambda t: t.reset("v1", "hard"),
    "tag": lambda t: t.tag("HEAD", "new"),
    "undo": lambda t: t.undo(),
    "redo": lambda t: t.redo(),
    "merge": lambda t: t.merge("other"),
    "merge with a conflict": lambda t: t.merge("at-odds"),
    "merge by theirs": lambda t: t.merge("at-odds", strategy="theirs"),
    "merge by a resolver": lambda t: t.merge("at-odds", resolver=lambda _: "both", no_ff=True),
    "rebase": lambda t: t.rebase("other"),
    "rebase with a conflict": lambda t: t.rebase("at-odds"),
    "rebase by ours": lambda t: t.rebase("at-odds", strategy="ours"),
    "cherry_pick": lambda t: t.cherry_pick("other", "other~1"),
    "cherry_pick again": lambda t: t.cherry_pick("v1", again=True),
    "reorder": lambda t: t.reorder([*t.compile().commit_hashes[-1:], *t.compile().commit_hashes[:-1]]),
    "pending": lambda t: t.pending(),
    "pending, answered": lambda t: t.pending()[0].edit(0, "new"),
    "pending, approved": lambda t: t.pending()[0].approve(),
    "pending, rejected": lambda t: t.pending()[0].reject(),
    "pending compression, edited": lambda t: t.pending()[1].edit(0, "new"),
    "pending compression, drafted": lambda t: proposal(t).ask(0, strategy="structural"),
    "pending compression, last group approved": lambda t: proposal(t).approve(0),
    "pending compression, last group rejected": lambda t: proposal(t).reject(0),
    "pending compression, approved": lambda t: t.pending()[1].approve(),
    "pending compression, rejected": lambda t: t.pending()[1].reject(),
    "proposed": lambda t: t.proposed(proposal(t)),
    "delete_branch": lambda t: t.delete_branch("other", force=True),
    "rename_branch": lambda t: t.rename_branch("main", "renamed"),
    "branches": lambda t: t.branches(),
    "tags": lambda t: t.tags(),
    "tracts": lambda t: t.tracts(),
    "operations": lambda t: t.operations(),
    "compile": lambda t: t.compile().to_dicts(),
    "compile cold": lambda t: (
        Tract.on(t.database).compile(include_reasoning=True).to_anthropic(cache_control=True)
    ),
    "compile elsewhere": lambda t: t.compile("try").generation_configs,
    "diff": lambda t: repr(t.diff("v1", "try")),
    "find": lambda t: t.find("one", config={"temperature": (">", 0.1)}),
    "log": lambda t: t.log(all=True),
    "graph": lambda t: repr(t.graph()),
    "dag": lambda t: [t.dag().detail(row.cell.commit) for row in t.dag().rows(0, 9)],
    "show": lambda t: t.show("v1"),
    "expand": lambda t: t.expand(t.log(kind="summary", branch="trace/known-ma")[0][0]),
    "status": lambda t: t.status(),
    "budget": lambda t: t.budget(),
    "advice": lambda t: t.advice().to_frame(),
    "foresee": lambda t: t.foresee("edit", "v1", text="new"),
    "describe": lambda t: t.describe("v1"),
    "strip": lambda t: t.strip(),
    "takers": lambda t: t.takers(),
    "verify": lambda t: t.verify(),
    "refresh": lambda t: t.refresh(),
    "on": lambda t: Tract.on(t.database, name="new"),
    "Session.of": lambda t: repr(Session.of(t)),
    "Session.tract": lambda t: Session.of(t).tract("another"),
    "Session.tract with settings": lambda t: Session.of(t).tract(token_budget=10**6),
    "Session.tracts": lambda t: Session.of(t).tracts(),
}


def proposal(t: Tract) -> Compression:
    """Return the compression that waits."""
    _, found = t.pending()
    assert isinstance(found, Compression)
    return found


#: have tests of their own below, or say nothing to the store
OTHERS = {
    "open",
    "from_trace",
    "save_as",
    "close",
    "register",
    "cancel",
    "llm_settings",
    "asking",
    "count",
    "record",
    "forget",
}


def test_every_public_verb_is_walked():
    for kind, prefix in ((Tract, ""), (Session, "Session.")):
        public = {
            name
            for name, member in inspect.getmembers(kind, callable)
            if not name.startswith("_") and name != "listener"
        }
        walked = {
            verb.partition(" ")[0].rstrip(",").removeprefix(prefix)
            for verb in VERBS
            if verb.startswith(prefix)
        }
        assert public - OTHERS <= walked, public - OTHERS - walked


def years_later(t: Tract) -> Tract:
    """Let so much time go by that all operations are old."""
    t._ws.clock = lambda: NINE.replace(year=2099)
    return t


class Failing:
    """Counts the statements of a database, and lets one of them fail."""

    def __init__(self, db: Database, patched: pytest.MonkeyPatch) -> None:
        self.seen = 0
        self.at: int | None = None
        self.error = ERRORS[0]
        self.endless = False  # every statement from there on
        self._execute, self._many = db.execute, db.many
        patched.setattr(db, "execute", self.execute)
        patched.setattr(db, "many", self.many)

    def _count(self) -> None:
        number = self.seen
        self.seen += 1
        if self.at is not None and (number == self.at or (self.endless and number > self.at)):
            raise self.error

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        self._count()
        return self._execute(sql, parameters)

    def many(self, sql: str, rows: Any) -> None:
        self._count()
        self._many(sql, rows)


def world(t: Tract) -> Tract:
    """Make something for every verb to act on."""
    t.register("note", Note, text=lambda note: note.title)
    t.system("Be brief.")
    t.import_trace(recording(9, "known-made-up", rich=True))
    t.tag(t.user("one"), "v1")
    t.tag(cover(t, [t.user("to be covered").hash], "A summary."), "s1")
    t.branch("try")
    t.tool_call("read", {"path": "a"}, "c1")
    t.user("of a cell", key="cell")
    t.tag(t.tool_result("c1", "a long output " * 40), "masked")
    t.compress(commits=["masked"], strategy="mask")
    t.tool_call("read", {"path": "b"}, "c2")
    t.tool_result("c2", "another output " * 40)
    t.tag(t.assistant("two", generation_config={"temperature": 0.5}), "v2")
    t.user("three")
    divide(t)
    t.user("taken back")
    t.undo()
    return t


def divide(t: Tract) -> None:
    """Make a branch to join, one at odds with main, and a review that is answered, on a third."""
    t.branch("other", at="v1")
    t.branch("at-odds", at="v1")
    t.edit("v1", "one on main")
    t.switch("other")
    t.record_usage({"input_tokens": 9, "output_tokens": 1}, t.assistant("on the other", key="other"))
    t.annotate("v1", PINNED)
    t.switch("at-odds")
    t.edit("v1", "one at odds")
    t.switch("try")
    t.edit("v1", "one tried")
    t.merge("at-odds").choose(0, "theirs")
    t.branch("with-a-proposal", at="main")
    t.switch("with-a-proposal")
    t.compress(content="short", keep_last=1, mode="collaborative")
    t.switch("main")


@pytest.fixture
def t(tmp_path, monkeypatch) -> Iterator[Tract]:
    monkeypatch.setattr(database, "BUSY_SECONDS", -1.0)  # waits for nobody
    says = Fake(Reply("Fine.", TOOL, Usage(20, 5), 0.5, "m-1", "stop", "It thinks."))
    with Tract.open(tmp_path / "work.db", model="gpt-4o", llm=says) as opened:
        yield world(opened)


def stands(t: Tract) -> tuple[Any, ...]:
    """Return where a handle stands."""
    return t.branch_name, t._ws.detached, t._ws.previous, t._ws.batch


def walk(t: Tract, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the store fail at each statement of a verb in turn."""
    call, number, at = VERBS[verb], 0, 0
    connection = t.database.connection
    while True:
        for error in ERRORS if FULL else ERRORS[at % 2 :: 2]:
            number += 1
            before, stood = dump(connection), stands(t)
            caught, reached = fails(t, call, monkeypatch, at, error, endless=number % 3 == 0)
            if not reached:
                assert caught is None
                assert at > 1, "a verb that asks the store nothing"
                assert t.verify().rows == ()
                return
            assert caught is not None, (at, error)
            after = dump(connection)
            if verb.startswith("import_trace"):  # written ahead in chunks: on no branch
                before, after = on_branches(before), on_branches(after)
            assert after == before, (at, error)
            assert stands(t) == stood
            goes_on(t, f"goes on {number}")
            if number % 10 == 0:
                assert t.verify().rows == ()
            t.undo()
            t.refresh()
        at += 1


def fails(
    t: Tract,
    call: Callable[[Tract], Any],
    monkeypatch: pytest.MonkeyPatch,
    at: int,
    error: sqlite3.Error,
    *,
    endless: bool = False,
    raw: bool = False,
) -> tuple[Exception | None, bool]:
    """Call a verb while the store fails; return what it raised, and whether it came so far."""
    with monkeypatch.context() as patched:
        failing = Failing(t.database, patched)
        failing.at, failing.error, failing.endless = at, error, endless
        try:
            call(t)
        except TractError as raised:
            assert raised.hint, (at, raised)  # noqa: PT017  which of them raise is what is found out
            return raised, True
        except Exception as raised:  # noqa: BLE001  told with its place
            if raw and isinstance(raised, sqlite3.Error):
                return raised, True
            pytest.fail(f"statement {at}, {error!r}: {raised!r}")
        return None, failing.seen > at


def lock_is_free(t: Tract) -> bool:
    """Tell whether another thread could take the lock."""
    free: list[bool] = []

    def take() -> None:
        free.append(t.database.lock.acquire(blocking=False))
        if free[0]:
            t.database.lock.release()

    other = threading.Thread(target=take)
    other.start()
    other.join()
    return free[0]


def goes_on(t: Tract, text: str) -> None:
    """Commit with the same handle."""
    assert not t.database.connection.in_transaction
    assert lock_is_free(t)
    tip = t._ws.tip()
    t.user(text)
    assert t.show("HEAD").parents[0] == t._ws.row(tip).hash.hex()
    assert texts(t)[-1] == text


@pytest.mark.parametrize("verb", VERBS)
def test_a_store_that_fails_at_any_statement_leaves_nothing_behind_and_the_handle_usable(
    t, monkeypatch, verb
):
    walk(t, verb, monkeypatch)


#: these change where the handle stands, or make one, besides what they write
STEPPING = [
    *("branch", "switch", "checkout", "checkout of a commit", "reset", "tag", "undo", "redo"),
    *("on", "Session.tract", "Session.tract with settings"),
]


@pytest.mark.parametrize("verb", STEPPING)
def test_a_verb_that_steps_and_fails_at_any_statement_is_not_there_in_memory_either(monkeypatch, verb):
    monkeypatch.setattr(database, "BUSY_SECONDS", -1.0)
    at, reached = 0, True
    while reached:
        with world(Tract.open()) as t:
            before, stood = dump(t.database.connection), stands(t)
            _, reached = fails(t, VERBS[verb], monkeypatch, at, ERRORS[at % len(ERRORS)])
            if reached:
                assert dump(t.database.connection) == before, at
                assert stands(t) == stood
            assert t.verify().rows == ()
            if t.branch_name is None:
                t.switch("main")
            goes_on(t, "goes on")
            t.edit("HEAD", "edited")
            assert t.verify().rows == ()
        at += 1


def on_branches(whole: Dump) -> Dump:
    """Return what an import that failed must not have written."""
    return {table: whole[table] for table in ("ref", "op", "op_ref", "tract", "usage")}


# -- inside a batch ---------------------------------------------------------------------------------------

PARTS = {
    name: VERBS[name]
    for name in (
        *("commit", "commit with a known key", "tool_result", "edit", "annotate", "restore"),
        *("record_usage", "branch", "tag", "reset"),
    )
}


@pytest.mark.parametrize("verb", PARTS)
def test_a_verb_of_a_batch_that_fails_at_any_statement_is_taken_back_alone(monkeypatch, verb):
    monkeypatch.setattr(database, "BUSY_SECONDS", -1.0)
    at, caught = 0, None
    while at < 2 or caught:
        with world(Tract.open()) as t:
            was, number, stood = texts(t), len(t.operations()), State.of(t.database.connection).refs
            with t.batch():
                t.user("before it")
                caught, _ = fails(t, PARTS[verb], monkeypatch, at, ERRORS[at % len(ERRORS)], raw=True)
                if caught:
                    t.user("after it")
            if caught:
                assert texts(t) == [*was, "before it", "after it"], at
                assert State.of(t.database.connection).refs.keys() == stood.keys()
            assert len(t.operations()) == number + 1
            assert t.verify().rows == (), at
            goes_on(t, "goes on")
            assert t.verify().rows == ()
        at += 1


@pytest.mark.parametrize("verb", PARTS)
def test_what_a_verb_of_a_batch_raises_is_an_error_for_a_person(t, monkeypatch, verb):
    with t.batch():
        caught, _ = fails(t, PARTS[verb], monkeypatch, 0, ERRORS[0])
    assert caught is not None


@pytest.mark.parametrize("key", [None, "cell"])
def test_a_verb_of_a_batch_that_its_budget_refuses_is_taken_back_alone(key):
    with Tract.open(token_budget=TokenBudget(40, "reject")) as t:
        t.user("root")
        with contextlib.suppress(BudgetError), t.batch():
            t.user("before it")
            with contextlib.suppress(BudgetError):
                t.user("far too long " * 30, key=key)
            t.user("after it")
        assert t.verify().rows == ()
        assert texts(t) in (["root"], ["root", "before it", "after it"])
        goes_on(t, "goes on")


# -- what has no handle yet, or writes elsewhere ----------------------------------------------------------


@pytest.mark.parametrize("there", [False, True], ids=["a new file", "a file that is there"])
def test_an_opening_that_fails_at_any_statement_can_be_done_again(tmp_path, monkeypatch, there):
    monkeypatch.setattr(database, "BUSY_SECONDS", -1.0)
    real, at, seen = Database.execute, 0, 0
    while seen >= at:
        path = tmp_path / f"{at}.db"
        if there:
            with Tract.open(path) as tract:
                tract.user("here before")
        seen = 0

        def failing(self: Database, sql: str, parameters: Any = (), *, at: int = at) -> Any:
            nonlocal seen
            seen += 1
            if seen > at:
                raise ERRORS[at % len(ERRORS)]
            return real(self, sql, parameters)

        with monkeypatch.context() as patched:
            patched.setattr(Database, "execute", failing)
            try:
                Tract.open(path).close()
            except TractError as error:
                assert error.hint  # noqa: PT017
            else:
                assert seen <= at
        with Tract.open(path) as tract:
            assert texts(tract) == (["here before"] if there else [])
            goes_on_from_nothing = tract.user("goes on")
            assert tract.log()[0][0] == goes_on_from_nothing.hash[:12]
            assert tract.verify().rows == ()
        at += 1
    assert at > 8


def test_a_forgetting_that_fails_at_any_statement_is_whole_or_not_there(monkeypatch):
    at, ends = 0, set()
    reached = True
    while reached:
        with Tract.open() as t, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that bytes may be left
            monkeypatch.setattr(database, "BUSY_SECONDS", -1.0)
            held = t.user("a secret")
            before = dump(t.database.connection)
            error = ERRORS[at % len(ERRORS)]
            caught, reached = fails(t, lambda t: t.forget("HEAD", "why"), monkeypatch, at, error)
            if caught is not None:
                assert dump(t.database.connection) == before
                assert texts(t) == ["a secret"]
            else:
                assert texts(t)[0].startswith("[forgotten on")
                t.optimize()
            ends.add(caught is None)
            assert t.verify().rows == ()
            goes_on(t, "goes on")
            assert t.show(held.hash).hash == held.hash
        at += 1
    assert ends == {True, False}


def test_a_batch_whose_transaction_is_gone_is_dropped_whole(t, monkeypatch):
    before, said = texts(t), dump(t.database.connection)
    real = t.database.execute

    def failing(sql: str, parameters: Any = ()) -> Any:
        if sql.startswith("INSERT INTO blob"):
            t.database.connection.rollback()  # as SQLite does by itself where a page cannot be written
            raise sqlite3.OperationalError("disk I/O error")
        return real(sql, parameters)

    with pytest.raises(TractError), t.batch():  # noqa: PT012  a batch is what it is about
        with monkeypatch.context() as patched:
            patched.setattr(t.database, "execute", failing)
            with pytest.raises(TractError):
                t.user("fails")
        t.user("goes on by itself")
    assert texts(t) == before
    assert dump(t.database.connection) == said


@pytest.fixture
def full() -> Iterator[Callable[[int | None], None]]:
    """Let no file grow beyond so many bytes: writes fail as on a full disk."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int | None) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft if size is None else size, hard))

    yield limit
    limit(None)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size here")
def test_a_disk_that_is_really_full_loses_nothing_that_was_acknowledged(tmp_path, full):
    path = tmp_path / "work.db"
    with Tract.open(path) as t:
        t.user("root")
        full(Path(f"{path}-wal").stat().st_size + 60_000)
        wrote = ["root"]
        caught: TractError | None = None
        for number in range(200):
            text = f"{number} " + "words " * 200
            try:
                if number % 3:
                    t.user(text)
                    wrote.append(text)
                else:
                    with t.batch():
                        t.user(text)
                        t.user(text)
                    wrote += [text, text]
            except TractError as error:
                caught = error
                break
        assert caught is not None
        assert caught.hint
        assert texts(t) == wrote
        assert t.verify().rows == ()
        full(None)
        t.user("goes on")
        assert t.verify().rows == ()
    with Tract.open(path) as t:
        assert texts(t) == [*wrote, "goes on"]


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size here")
def test_a_copy_that_fails_leaves_no_file(t, tmp_path, full):
    full(16_384)
    with pytest.raises(TractError):
        t.save_as(tmp_path / "copy.db")
    full(None)
    assert not (tmp_path / "copy.db").exists()
    t.save_as(tmp_path / "copy.db")


def test_a_copy_to_where_none_can_be_is_an_error_for_a_person(t, tmp_path):
    with pytest.raises(TractError) as caught:
        t.save_as(tmp_path / "none" / "copy.db")
    assert caught.value.hint
    goes_on(t, "goes on")
