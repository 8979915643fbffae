"""Concurrency: handles, threads and processes on one file, interrupts, and kill -9."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.core.helpers import run_python, start_python, texts, written
from tract_nb import SKIP, BudgetError, HeadMovedError, Session, StoreError, TokenBudget
from tract_nb.store import objects, oplog, refs

WRITES = {
    "commit": lambda t: t.user("mine"),
    "edit": lambda t: t.edit("HEAD", "mine"),
    "annotate": lambda t: t.annotate("HEAD", SKIP),
    "keyed commit": lambda t: t.user("mine", key="cell"),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_branch_that_another_handle_moved_is_not_written_on(tmp_path, opened, write):
    ann = opened(tmp_path / "work.db", actor="Ann")
    ann.user("root")
    bob = opened(tmp_path / "work.db", actor="Bob")
    ann.user("Ann's")
    before = written(ann)
    with pytest.raises(HeadMovedError, match=r"by Ann \(commit") as caught:
        WRITES[write](bob)
    assert "refresh" in caught.value.hint
    assert written(ann) == before
    with pytest.raises(HeadMovedError):  # trying again does not help: nobody has looked
        WRITES[write](bob)
    bob.refresh()
    WRITES[write](bob)
    assert len(ann.log(all=True)) == 3


@pytest.mark.parametrize("write", WRITES)
def test_asking_a_budgets_own_function_is_no_look_at_the_tip(tmp_path, opened, write):
    ann = opened(tmp_path / "work.db")
    ann.user("root")
    bob = opened(tmp_path / "work.db", token_budget=TokenBudget(1, lambda tokens, most: None))
    ann.user("Ann's")
    with pytest.raises(HeadMovedError):
        WRITES[write](bob)
    assert texts(ann) == ["root", "Ann's"]


@pytest.mark.parametrize("look", ["log", "status", "compile", "branches", "repr"])
def test_looking_moves_a_handle_to_the_present(tmp_path, opened, look):
    ann = opened(tmp_path / "work.db")
    bob = opened(tmp_path / "work.db")
    ann.user("Ann's")
    repr(bob) if look == "repr" else getattr(bob, look)()
    bob.user("Bob's")
    assert texts(ann) == ["Ann's", "Bob's"]


def test_looking_at_another_commit_is_no_look_at_the_tip(tmp_path, opened):
    ann = opened(tmp_path / "work.db")
    root = ann.user("root")
    bob = opened(tmp_path / "work.db")
    ann.user("Ann's")
    bob.show(root.hash)
    bob.compile(root.hash)
    bob.operations()
    with pytest.raises(HeadMovedError):
        bob.user("Bob's")


def test_handles_on_different_branches_do_not_disturb_each_other(tmp_path, opened):
    ann = opened(tmp_path / "work.db")
    ann.user("root")
    ann.branch("try")
    bob = opened(tmp_path / "work.db", branch="try")
    for number in range(5):
        ann.user(f"main {number}")
        bob.user(f"try {number}")
    assert texts(ann)[1:] == [f"main {number}" for number in range(5)]
    assert texts(bob)[1:] == [f"try {number}" for number in range(5)]


def in_threads(work, number):
    """Run ``work(n)`` in threads that start together; raise what one of them raised."""
    ready = threading.Barrier(number)

    def one(place: int):
        ready.wait(timeout=20)
        return work(place)

    with ThreadPoolExecutor(number) as pool:
        return [done.result() for done in [pool.submit(one, place) for place in range(number)]]


def test_four_threads_write_on_four_branches_of_one_file(tmp_path, opened):
    opened(tmp_path / "work.db").user("root")
    for number in range(4):
        opened(tmp_path / "work.db").branch(f"b{number}")
    handles = [opened(tmp_path / "work.db", branch=f"b{number}") for number in range(4)]
    in_threads(lambda place: [handles[place].user(f"{place} {turn}") for turn in range(20)], 4)
    for number in range(4):
        assert texts(handles[number]) == ["root", *(f"{number} {turn}" for turn in range(20))]


@pytest.mark.parametrize("where", ["memory", "file"])
def test_four_threads_write_on_four_branches_of_one_session(tmp_path, where):
    session = Session(tmp_path / "work.db" if where == "file" else None)
    main = session.tract()
    main.user("root")
    for number in range(4):
        main.branch(f"b{number}")
    handles = [session.tract(branch=f"b{number}") for number in range(4)]

    def work(place: int) -> None:
        for turn in range(20):
            handles[place].user(f"{place} {turn}")
            assert len(handles[place].compile().messages) == turn + 2

    in_threads(work, 4)
    for number in range(4):
        assert texts(handles[number]) == ["root", *(f"{number} {turn}" for turn in range(20))]
    session.close()


def test_threads_share_one_handle(t):
    in_threads(lambda place: [t.user(f"{place} {turn}") for turn in range(20)], 4)
    assert sorted(texts(t)) == sorted(f"{place} {turn}" for place in range(4) for turn in range(20))
    for place in range(4):
        mine = [text for text in texts(t) if text.startswith(f"{place} ")]
        assert mine == [f"{place} {turn}" for turn in range(20)]
    assert t.status().tokens == t.compile().token_count


def test_a_thread_that_reads_sees_whole_verbs_only(t):
    t.user("root")
    stop = threading.Event()
    faults = []

    def look() -> None:
        while not stop.is_set():
            said = texts(t)
            if said != ["root", *(f"turn {number}" for number in range(len(said) - 1))]:
                faults.append(said)

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(60):
        t.user(f"turn {number}")
    stop.set()
    reader.join()
    assert faults == []


WRITER = """
import sys
from tract_nb import HeadMovedError, Tract
path, branch, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
t = Tract.open(path, branch=branch)
for number in range(count):
    while True:
        try:
            t.user(f"{sys.argv[4]} {number}")
            break
        except HeadMovedError:
            t.refresh()
    print(number, flush=True)
"""


def test_two_processes_write_on_different_branches(tmp_path, opened):
    tract = opened(tmp_path / "work.db")
    tract.user("root")
    for name in ("a", "b"):
        tract.branch(name)
    children = [start_python(WRITER, tmp_path / "work.db", name, 40, name) for name in ("a", "b")]
    for child in children:
        _, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
    for name in ("a", "b"):
        assert texts(tract, name) == ["root", *(f"{name} {number}" for number in range(40))]


def test_two_processes_on_one_branch_lose_nothing_that_was_acknowledged(tmp_path, opened):
    tract = opened(tmp_path / "work.db")
    tract.user("root")
    children = [start_python(WRITER, tmp_path / "work.db", "main", 25, name) for name in ("a", "b")]
    for child in children:
        _, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
    said = texts(tract)
    assert len(said) == 51
    for name in ("a", "b"):
        assert [text for text in said if text.startswith(name)] == [
            f"{name} {number}" for number in range(25)
        ]


def test_two_processes_make_one_file_at_once(tmp_path, opened):
    code = "import sys; from tract_nb import Tract; Tract.open(sys.argv[1], name=sys.argv[2]).user('Hi')"
    children = [start_python(code, tmp_path / "work.db", f"t{number}") for number in range(4)]
    for child in children:
        _, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
    session = Session(tmp_path / "work.db")
    assert sorted(row[0] for row in session.tracts()) == ["t0", "t1", "t2", "t3"]
    session.close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")
def test_kill_9_leaves_every_acknowledged_commit_and_no_half_one(tmp_path, opened):
    opened(tmp_path / "work.db").user("root")
    child = start_python(WRITER, tmp_path / "work.db", "main", 100_000, "turn")
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _ in range(40)]
    os.kill(child.pid, signal.SIGKILL)
    acknowledged += [int(line) for line in child.stdout]
    child.communicate(timeout=60)
    tract = opened(tmp_path / "work.db")
    said = texts(tract)
    assert said[: len(acknowledged) + 1] == ["root", *(f"turn {number}" for number in acknowledged)]
    assert len(said) <= len(acknowledged) + 2
    counts = written(tract)
    assert counts["commit"] == counts["op"] == len(said)
    check = sqlite3.connect(tmp_path / "work.db")
    assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    check.close()
    tract.user("goes on")
    assert texts(tract)[-1] == "goes on"


STEPS = {
    "a blob": (objects, "put_blob"),
    "a commit": (objects, "put_commit"),
    "a ref": (refs, "put"),
    "the operation": (oplog, "add"),
}


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit, MemoryError])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_error_inside_a_verb_leaves_nothing_behind_and_the_handle_usable(
    t, monkeypatch, error, step, moment
):
    t.user("root")
    t.annotate("HEAD", "PINNED")
    before = written(t)
    module, name = STEPS[step]
    real = getattr(module, name)

    def interrupted(*args, **options):
        if moment == "after":
            real(*args, **options)
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(module, name, interrupted)
        for verb in (lambda: t.user("lost"), lambda: t.edit("HEAD", "lost"), lambda: t.tool_call("lost")):
            with pytest.raises(error):
                verb()
    assert written(t) == before
    assert texts(t) == ["root"]
    assert not t._ws.db.connection.in_transaction
    t.user("goes on")
    t.edit("HEAD~1", "root, mended")
    t.tool_call("read", {"path": "a"}, "c1")
    t.tool_result("c1", "text")
    t.undo()
    assert texts(t) == ["root, mended", "goes on", '{"path":"a"}']
    assert t.status().tokens == t.compile().token_count


def test_an_error_while_reading_leaves_the_handle_usable(t, monkeypatch):
    t.user("root")
    with monkeypatch.context() as patched:
        patched.setattr(refs, "get", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
        for look in (t.log, t.status, t.compile):
            with pytest.raises(KeyboardInterrupt):
                look()
    assert not t._ws.db.connection.in_transaction
    t.user("goes on")
    assert texts(t) == ["root", "goes on"]


def test_an_error_of_the_database_is_one_for_a_person_and_the_handle_goes_on(tmp_path, opened, monkeypatch):
    tract = opened(tmp_path / "work.db")
    tract.user("root")
    other = sqlite3.connect(tmp_path / "work.db", isolation_level=None)
    tract._ws.db.execute("PRAGMA busy_timeout = 50")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked") as caught:
        tract.user("lost")
    assert "try again" in caught.value.hint
    assert texts(tract) == ["root"]
    other.execute("ROLLBACK")
    other.close()
    tract.user("goes on")
    assert texts(tract) == ["root", "goes on"]


def test_reading_waits_for_no_writer(tmp_path, opened):
    tract = opened(tmp_path / "work.db")
    tract.user("root")
    other = sqlite3.connect(tmp_path / "work.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    tract._ws.db.execute("PRAGMA busy_timeout = 50")
    assert texts(tract) == ["root"]
    assert tract.status().commits == 1
    other.execute("ROLLBACK")
    other.close()


def test_an_interrupt_keeps_a_tract_in_memory(opened, monkeypatch):
    tract = opened()
    tract.user("root")
    with monkeypatch.context() as patched:
        patched.setattr(oplog, "add", lambda *args, **options: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            tract.user("lost")
    assert texts(tract) == ["root"]


FORK = """
import os, sys
from tract_nb import Tract, StoreError
t = Tract.open(sys.argv[1])
t.user("before")
m = Tract.open()
m.user("in memory")
child = os.fork()
if not child:
    try:
        t.user("in the child")
        try:
            m.user("lost")
        except StoreError:
            os._exit(0)
        os._exit(2)
    except BaseException as error:
        print(repr(error), flush=True)
        os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
t.refresh()
t.user("after")
m.user("still there")
print([message.text for message in t.compile().messages], [message.text for message in m.compile().messages])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork here")
def test_a_forked_child_reopens_and_leaves_its_parents_connection_alone(tmp_path):
    said = run_python(FORK, tmp_path / "work.db")
    assert said.strip() == "['before', 'in the child', 'after'] ['in memory', 'still there']"


def test_a_closed_tract_is_not_written_to(opened):
    tract = opened()
    tract.close()
    with pytest.raises(StoreError):
        tract.user("lost")


def test_reading_a_closed_tract_is_an_error_for_a_person(opened):
    tract = opened()
    tract.close()
    with pytest.raises(StoreError):
        tract.log()


def test_an_interrupt_at_the_start_of_a_read_leaves_the_handle_usable(tmp_path, opened, monkeypatch):
    tract, other = opened(tmp_path / "work.db"), opened(tmp_path / "work.db")
    other.user("root")
    real = tract._ws.db.execute

    def interrupted(sql, *args):
        done = real(sql, *args)
        if sql == "BEGIN":
            raise KeyboardInterrupt
        return done

    with monkeypatch.context() as patched:
        patched.setattr(tract._ws.db, "execute", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tract.log()
    assert texts(tract) == ["root"]
    other.user("later")
    assert texts(tract) == ["root", "later"]
    tract.user("goes on")
    assert texts(other) == ["root", "later", "goes on"]


def test_a_verb_that_fails_leaves_no_warning_to_the_next(opened, recwarn):
    tract = opened(token_budget=TokenBudget(10, "reject"))
    with pytest.raises(BudgetError):
        tract.user("a\ud800" * 40)
    recwarn.clear()
    tract.user("fine")
    assert [str(warning.message) for warning in recwarn] == []
