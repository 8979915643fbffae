"""Many processes, threads and handles on one database: nothing fails that need not, nothing is lost."""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.trust.helpers import recording, run, texts, times, write_all
from tract_nb import PINNED, SKIP, BudgetError, HeadMovedError, Session, TokenBudget, Tract
from tract_nb.store import founding
from tract_nb.store.database import Database
from tract_nb.store.section import Section

pytestmark = pytest.mark.xdist_group("many")
EIGHT = 8
forks = pytest.mark.skipif(sys.platform == "win32", reason="no fork here")


def crowd(job: str, path: Any, turns: int) -> list[dict[str, Any]]:
    """Run eight processes on a file; none of them may fail."""
    said = run("crowd", job, path, EIGHT, turns)
    assert [one["failed"] for one in said] == [""] * EIGHT
    return list(said)


# -- eight processes ----------------------------------------------------------------------------------


@forks
def test_processes_on_a_branch_each_never_fail(tmp_path):
    path = tmp_path / "work.db"
    with Tract.open(path) as tract:
        tract.user("root")
        for place in range(EIGHT):
            tract.branch(f"b{place}")
        said = crowd("on_a_branch_each", path, times(20))
        for place, one in enumerate(said):
            assert one["right"]
            assert texts(tract, f"b{place}") == ["root", *one["wrote"]]
        assert tract.verify().rows == ()


@forks
def test_processes_on_a_tract_each_never_fail(tmp_path):
    path = tmp_path / "work.db"
    Tract.open(path).close()
    said = crowd("on_a_tract_each", path, times(20))
    for place, one in enumerate(said):
        with Tract.open(path, name=f"t{place}") as tract:
            assert texts(tract) == one["wrote"]
            assert tract.verify().rows == ()


@forks
@pytest.mark.parametrize("job", ["on_one_branch", "on_one_branch_the_same"])
def test_processes_on_one_branch_lose_nothing_that_was_acknowledged(tmp_path, job):
    path = tmp_path / "work.db"
    with Tract.open(path) as tract:
        tract.user("root")
        said = crowd(job, path, times(12))
        assert sum(one["moved"] for one in said)
        assert Counter(texts(tract)) == Counter(["root", *(text for one in said for text in one["wrote"])])
        wrote = [digest for one in said for digest in one["hashes"]]
        assert len(set(wrote)) == len(wrote) == EIGHT * times(12)
        assert {row[0] for row in tract.log()} >= {digest[:12] for digest in wrote}
        history = texts(tract)
        if job == "on_one_branch":
            for place, one in enumerate(said):
                assert [text for text in history if text.startswith(f"{place} ")] == one["wrote"]
        assert len(tract.operations()) == len(history)
        assert tract.verify().rows == ()


@forks
def test_processes_that_open_and_close_one_file_at_once_never_fail(tmp_path):
    turns = times(12)
    said = crowd("opening", tmp_path / "work", turns)
    for number in range(turns // 2):
        with Session(tmp_path / f"work-{number}.db") as session:
            assert sorted(row[0] for row in session.tracts()) == [f"t{place}" for place in range(EIGHT)]
            for place in range(EIGHT):
                tract = session.tract(f"t{place}")
                assert texts(tract) == said[place]["wrote"][2 * number : 2 * number + 2]
            assert tract.verify().rows == ()


# -- eight threads ------------------------------------------------------------------------------------


def together(work: Any) -> list[Any]:
    """Run ``work(place)`` in eight threads that start together; raise what one of them raised."""
    ready = threading.Barrier(EIGHT)

    def one(place: int) -> Any:
        ready.wait(timeout=20)
        return work(place)

    with ThreadPoolExecutor(EIGHT) as pool:
        return [done.result() for done in [pool.submit(one, place) for place in range(EIGHT)]]


@pytest.mark.parametrize("shared", [False, True], ids=["a file each opens", "one session"])
def test_threads_on_a_branch_each_never_fail(tmp_path, shared):
    path = tmp_path / "work.db"
    session = Session(path)
    main = session.tract()
    main.user("root")
    for place in range(EIGHT):
        main.branch(f"b{place}")

    def work(place: int) -> list[str]:
        tract = session.tract(branch=f"b{place}") if shared else Tract.open(path, branch=f"b{place}")
        for turn in range(times(10)):
            tract.user(f"{place} {turn}")
            tract.annotate("HEAD", PINNED)
            assert texts(tract) == ["root", *(f"{place} {number}" for number in range(turn + 1))]
        said = texts(tract)
        if not shared:
            tract.close()
        return said

    for place, said in enumerate(together(work)):
        assert texts(main, f"b{place}") == said == ["root", *(f"{place} {turn}" for turn in range(times(10)))]
    assert main.verify().rows == ()
    session.close()


@pytest.mark.parametrize("same", [False, True], ids=["texts of their own", "the same text"])
def test_threads_with_a_handle_each_on_one_branch_lose_nothing(tmp_path, same):
    path = tmp_path / "work.db"
    Tract.open(path).close()

    def work(place: int) -> list[str]:
        wrote = []
        with Tract.open(path) as tract:
            for turn in range(times(6)):
                text = f"turn {turn}" if same else f"{place} {turn}"
                while True:
                    try:
                        wrote.append(tract.user(text).hash)
                        break
                    except HeadMovedError:
                        tract.refresh()
        return wrote

    wrote = [digest for one in together(work) for digest in one]
    with Tract.open(path) as tract:
        assert len(set(wrote)) == EIGHT * times(6) == len(texts(tract))
        assert {row[0] for row in tract.log()} == {digest[:12] for digest in wrote}
        assert tract.verify().rows == ()


@pytest.fixture
def hurried() -> Any:
    """Let threads change places as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def dawdling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every thread pause right after it has given the lock back."""
    real = Section.__exit__

    def slowly(self: Section, *error: Any) -> None:
        real(self, *error)
        if threading.current_thread() is not threading.main_thread():
            time.sleep(0.0005)

    monkeypatch.setattr(Section, "__exit__", slowly)


def share_a_handle(tract: Tract, turns: int) -> None:
    def work(place: int) -> None:
        for turn in range(turns):
            commit = tract.user(f"{place} {turn}")
            assert commit.text == f"{place} {turn}"
            assert commit.content.text == f"{place} {turn}"
            assert texts(tract)

    together(work)
    assert Counter(texts(tract)) == Counter(
        f"{place} {turn}" for place in range(EIGHT) for turn in range(turns)
    )
    assert tract.verify().rows == ()


def test_threads_share_one_handle(hurried):
    with Tract.open(verify_cache=True) as tract:
        share_a_handle(tract, times(10))


def test_threads_share_one_handle_wherever_they_pause(dawdling):
    with Tract.open() as tract:
        share_a_handle(tract, 10)


def test_a_verb_of_another_thread_is_no_part_of_a_batch():
    with Tract.open() as tract:
        tract.user("root")
        inside, over = threading.Event(), threading.Event()
        done: list[str] = []

        def write() -> None:
            inside.wait(timeout=20)
            try:
                done.append(tract.user("of the other thread").hash)
            except HeadMovedError:
                done.append("refused")
            over.set()

        thread = threading.Thread(target=write)
        thread.start()
        with pytest.raises(RuntimeError, match="dropped"), tract.batch():  # noqa: PT012
            tract.user("in the batch")
            inside.set()
            over.wait(timeout=0.3)  # a verb that waits for the batch is not over yet
            raise RuntimeError("dropped")
        thread.join(timeout=20)
        assert len(done) == 1
        assert texts(tract) == (["root"] if done == ["refused"] else ["root", "of the other thread"])
        assert tract.verify().rows == ()


def test_a_read_of_another_thread_waits_for_the_batch_to_end():
    with Tract.open() as tract:
        tract.user("root")
        seen: list[list[str]] = []
        with tract.batch():
            tract.user("one")
            thread = threading.Thread(target=lambda: seen.append(texts(tract)))
            thread.start()
            time.sleep(0.05)
            tract.user("two")
        thread.join()
        assert seen == [["root", "one", "two"]]


# -- two handles --------------------------------------------------------------------------------------


@pytest.fixture(params=["two files opened", "one session"])
def pair(request, tmp_path):
    """Two handles on one tract."""
    if request.param == "one session":
        session = Session(tmp_path / "work.db")
        yield session.tract(actor="Ann"), session.tract(actor="Bob")
        session.close()
    else:
        ann, bob = (
            Tract.open(tmp_path / "work.db", actor=actor, verify_cache=True) for actor in ("Ann", "Bob")
        )
        yield ann, bob
        ann.close()
        bob.close()


def test_a_second_handle_sees_an_edit_a_mark_and_a_rewind_at_its_next_read(pair):
    ann, bob = pair
    ann.user("one")
    two = ann.user("two")
    assert texts(bob) == ["one", "two"]
    ann.edit("HEAD~1", "one, mended")
    assert texts(bob) == ["one, mended", "two"]
    ann.annotate(two, SKIP)
    assert texts(bob) == ["one, mended"]
    assert bob.status().skipped == 1
    ann.undo()
    assert texts(bob) == ["one, mended", "two"]
    ann.reset("HEAD~2")
    assert texts(bob) == ["one"]
    assert [row[-1] for row in bob.log()] == ["one"]
    ann.tag("HEAD", "v1")
    assert bob.show("v1").text == "one"
    with ann.batch():
        ann.user("three")
        ann.edit("HEAD", "three, mended")
    assert texts(bob) == ["one", "three, mended"]
    ann.import_trace(recording(3, "made-up"))
    assert "trace/made-up" in [row[0] for row in bob.branches()]


def test_a_second_handle_hears_of_a_switch_and_stays_where_it_is(pair):
    ann, bob = pair
    ann.user("one")
    ann.branch("try")
    ann.switch("try")
    ann.user("two")
    assert [row[2] for row in bob.operations(2)] == ["commit", "switch"]
    assert bob.branch_name == "main"
    assert texts(bob) == ["one"]
    assert [row[0] for row in bob.branches()] == ["main", "try"]
    with Tract.open(ann.path) as third:
        assert third.branch_name == "try"
    bob.user("on main")
    assert texts(ann) == ["one", "two"]
    assert texts(bob) == ["one", "on main"]


def test_handles_on_two_branches_do_not_disturb_each_other(pair):
    ann, bob = pair
    ann.user("root")
    ann.branch("try")
    bob.switch("try")
    for turn in range(5):
        ann.user(f"main {turn}")
        bob.user(f"try {turn}")
        ann.edit("HEAD", f"main {turn}, mended")
        bob.annotate("HEAD~1", PINNED)
    assert texts(ann) == ["root", *(f"main {turn}, mended" for turn in range(5))]
    assert texts(bob) == ["root", *(f"try {turn}" for turn in range(5))]
    ann.undo()
    bob.undo()
    assert texts(ann)[-1] == "main 4"
    bob.user("goes on")
    assert texts(bob)[-1] == "goes on"


def test_numbers_that_a_dropped_batch_gave_back_mean_what_another_handle_wrote(tmp_path):
    with Tract.open(tmp_path / "work.db") as ann, Tract.open(tmp_path / "work.db") as bob:
        ann.user("root")
        bob.refresh()
        with pytest.raises(RuntimeError, match="dropped"), ann.batch():  # noqa: PT012
            write_all(ann, "lost", "lost too")
            ann.compile().to_dicts()
            raise RuntimeError("dropped")
        wrote = [bob.user(text).hash for text in ("one", "two", "three")]
        assert ann.compile().head == wrote[-1]
        assert texts(ann) == ["root", "one", "two", "three"]
        assert [row[0] for row in ann.log(3)] == [digest[:12] for digest in wrote[::-1]]


def test_a_handle_that_looked_into_a_batch_forgets_it_when_it_is_dropped():
    with Session() as session:
        ann, bob = session.tract(), session.tract()
        ann.user("root")
        with pytest.raises(RuntimeError, match="dropped"), ann.batch():  # noqa: PT012
            ann.user("lost")
            bob.compile()
            raise RuntimeError("dropped")
        kept = ann.user("kept")
        assert bob.compile().head == kept.hash
        assert bob.show("HEAD").hash == kept.hash


def test_what_fails_in_a_handle_inside_a_batch_of_another_writes_nothing():
    with Session() as session:
        ann, bob = session.tract(), session.tract("bob", token_budget=TokenBudget(20, "reject"))
        bob.user("root")
        with ann.batch():
            ann.user("mine")
            with pytest.raises(BudgetError):
                bob.user("far too long " * 20)
        assert texts(bob) == ["root"]
        assert ann.verify().rows == ()


# -- waiting ------------------------------------------------------------------------------------------


def test_a_writer_waits_for_another_and_is_never_told_that_it_is_locked(tmp_path):
    with Tract.open(tmp_path / "work.db") as ann, Tract.open(tmp_path / "work.db") as bob:
        ann.user("root")
        ann.branch("try")
        bob.switch("try")
        holding = threading.Event()

        def hold() -> None:
            with ann.batch():
                ann.user("slow")
                holding.set()
                time.sleep(1)

        thread = threading.Thread(target=hold)
        thread.start()
        holding.wait(timeout=20)
        begun = time.monotonic()
        assert texts(bob) == ["root"]  # reading waits for no writer
        assert time.monotonic() - begun < 0.5
        bob.user("waited")
        assert time.monotonic() - begun > 0.5
        thread.join()
        assert texts(ann) == ["root", "slow"]
        assert texts(bob) == ["root", "waited"]


def test_two_that_make_one_file_at_once_both_open_it(tmp_path, monkeypatch):
    path = tmp_path / "work.db"
    real = founding.identity
    others: list[Tract] = []

    def overtaken(db: Database) -> tuple[Any, ...]:
        found = real(db)
        if not others:
            monkeypatch.setattr(founding, "identity", real)
            others.append(Tract.open(path, name="other"))
        return found

    monkeypatch.setattr(founding, "identity", overtaken)
    try:
        with Tract.open(path) as tract:
            tract.user("Hi")
            assert [row[0] for row in tract.tracts()] == ["other", "default"]
    finally:
        for other in others:
            other.close()


LOOKS = {
    "opening": lambda path, tract: Tract.open(path, name="default").close(),
    "compile": lambda path, tract: tract.compile(),
    "switch": lambda path, tract: tract.switch("try"),
    "commit": lambda path, tract: tract.user("waited"),
}


@pytest.mark.parametrize("look", LOOKS)
def test_whatever_meets_a_lock_waits_for_it(tmp_path, look):
    path = tmp_path / "work.db"
    with Tract.open(path) as tract:
        tract.user("root")
        tract.branch("try")
    with Tract.open(path) as tract:
        if look == "opening":
            tract.close()
        holding = threading.Event()

        def hold() -> None:
            # as SQLite itself does while it recovers or folds in a log, and where there is no log
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            holding.set()
            time.sleep(0.5)
            other.execute("ROLLBACK")
            other.close()

        if look != "opening":  # an exclusive lock is had only while nobody else has the log open
            tract.database.connection.execute("PRAGMA journal_mode = DELETE")
        thread = threading.Thread(target=hold)
        thread.start()
        holding.wait(timeout=20)
        try:
            LOOKS[look](path, tract)
        finally:
            thread.join()
