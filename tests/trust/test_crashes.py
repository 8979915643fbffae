"""kill -9 at any moment: the database opens, what was acknowledged is there, and nothing is half there."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.core.helpers import NINE
from tests.core.stories import cover
from tests.trust import old
from tests.trust.helpers import Intent, State, dump, dump_file, recording, rich, start, texts, times
from tests.trust.zygote import LENGTH, SESSION
from tract_nb import Session, Tract, TractWarning
from tract_nb.store import schema

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="no fork and no kill -9 here"),
    pytest.mark.xdist_group("crashes"),
]

KILLS = times(300)
ROUNDS = 12  # kills that one file lives through
BORN_DEAD = 3  # of so many, one is killed while it opens

#: told what to do, the path, where to acknowledge, a seed, how long to live, and whether from its first line
Kill = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def kill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kill]:
    """Let a child work on a file, kill it some time after its n-th line, and return the lines it left."""
    folder = tmp_path_factory.mktemp("acknowledged")
    zygote = start("zygote")
    assert zygote.stdin is not None
    assert zygote.stdout is not None
    stdin, stdout = zygote.stdin, zygote.stdout
    assert stdout.readline() == "ready\n"

    def killed(job: str, path: Path, seed: int, seconds: float, *, after: int = 1) -> list[dict[str, Any]]:
        pen = folder / f"{job}-{seed}"
        order = {"job": job, "path": str(path), "pen": str(pen), "seed": seed, "seconds": seconds}
        stdin.write(json.dumps({**order, "after": after}) + "\n")
        stdin.flush()
        assert stdout.readline() == "dead\n", zygote.stderr and zygote.stderr.read()
        lines = [json.loads(line) for line in pen.read_text().splitlines()] if pen.exists() else []
        assert [line["error"] for line in lines if "error" in line] == []
        return lines

    yield killed
    stdin.close()
    assert zygote.wait(timeout=30) == 0
    stdout.close()
    if zygote.stderr:
        zygote.stderr.close()


def spread(chance: random.Random) -> float:
    """Return a factor from 1/240 to 3: early and late, also where the machine is faster or slower by now."""
    return float(3 ** chance.uniform(-5, 1))


def left(lines: list[dict[str, Any]]) -> tuple[State | None, Intent | None]:
    """Return the last state that was acknowledged, and the verb that may have been done after it."""
    state, intent = None, None
    for line in lines:
        if "state" in line:
            state, intent = State(**line["state"]), None
        else:
            intent = Intent(**{**line["intent"], "moves": tuple(line["intent"]["moves"])})
    return state, intent


def test_after_a_kill_at_any_moment_all_that_was_acknowledged_is_there_and_nothing_is_half_there(
    tmp_path, kill
):
    chance = random.Random(9)  # noqa: S311
    faults: list[Any] = []
    at, acknowledged = Counter[str](), Counter[str]()
    path, known = tmp_path, None
    for number in range(KILLS):
        if number % ROUNDS == 0:
            path, known = tmp_path / f"{number}.db", None
        begun = bool(number % BORN_DEAD)
        seconds = chance.random() * (0.02 if begun else 0.008)
        lines = kill("work", path, number, seconds, after=int(begun))
        before, intent = left(lines)
        acknowledged.update(line["intent"]["verb"] for line in lines[:-1] if "intent" in line)
        at[intent.verb if intent else "between verbs" if before else "opening"] += 1
        with Tract.open(path) as tract:
            after = State.of(tract.database.connection)
            wrong = tract.verify().rows
            if before is None:  # it was killed while it opened: what was there is there
                faults += [(number, "opening", known, after)] * (known not in (None, after))
            elif intent is None:
                faults += [(number, "acknowledged, and lost", before, after)] * (before != after)
            else:
                faults += [
                    (number, *found, before, after) for found in [intent.faults(before, after)] if found
                ]
            faults += [(number, "verify", wrong)] * bool(wrong)
            assert tract.operations()[0:1] is not None
            tract.user(f"goes on {number}")
            assert tract.compile().messages[-1].text == f"goes on {number}"
            known = State.of(tract.database.connection)
    assert faults == []
    # it is worth nothing if the kills all came at one moment
    verbs = {
        "commit",
        "edit",
        "annotate",
        "branch",
        "switch",
        "reset",
        "tag",
        "batch",
        "import",
        "record_usage",
    }
    assert verbs | {"undo", "redo"} <= set(acknowledged), acknowledged
    assert len(verbs & set(at)) >= 4, at
    assert at["opening"] > KILLS // 20, at


def test_an_import_that_is_killed_is_on_no_branch_and_can_be_done_again(tmp_path, kill):
    chance = random.Random(10)  # noqa: S311
    ends = Counter[str]()
    for number in range(times(30)):
        path = tmp_path / f"{number}.db"
        with Tract.open(path) as tract:
            if number % 2:
                tract.user("here before")
            before = dump(tract.database.connection)
            commits = len(tract.log(all=True))
        lines = kill("import", path, 10_000 + number, chance.random() * 0.04)
        state, intent = left(lines)
        assert state is not None
        with Tract.open(path) as tract:
            after = State.of(tract.database.connection)
            assert tract.verify().rows == ()
            if intent is not None:
                assert intent.faults(state, after) == []
            loose = after.commits - after.length
            there = after.length - commits
            assert there in (0, LENGTH)
            assert there == LENGTH or sum("state" in line for line in lines) == 1
            if not there:
                now = dump(tract.database.connection)
                for table in ("ref", "op", "op_ref", "usage", "tract"):
                    assert now[table] == before[table], table
            ends["done" if there else "some written ahead" if loose else "nothing"] += 1
            again = tract.import_trace(recording(LENGTH, SESSION))
            assert again.commits == LENGTH - there
            assert texts(tract, again.branch) == [f"event {one} of {SESSION}" for one in range(LENGTH)]
            assert tract.verify().rows == ()
            tract.user("goes on")
    assert ends["some written ahead"] >= 3, ends


def test_an_upgrade_that_is_killed_leaves_the_old_or_the_new_database_and_both_open(tmp_path, kill):
    chance = random.Random(11)  # noqa: S311
    with Tract.open(tmp_path / "new.db") as tract:
        tract.import_trace(recording(300, SESSION))
        with tract.batch():
            for number in range(1_000):
                tract.user(f"{number} " + "words " * 30)
        for number in range(100):
            tract.user(f"one by one {number}")
        whole = texts(tract)
    made = old.make_large(1, tmp_path / "old.db", like=tmp_path / "new.db")
    before = dump_file(made)
    shapes = {1: old.shape_of(made), schema.VERSION: old.shape_of(tmp_path / "new.db")}
    import_module("alembic.migration")  # not what is timed
    shutil.copy(made, tmp_path / "timed.db")
    began = time.perf_counter()
    with pytest.warns(TractWarning):
        Tract.open(tmp_path / "timed.db").close()
    took = time.perf_counter() - began
    ends = Counter[str]()
    for number in range(times(40)):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = Path(shutil.copy(made, folder / "work.db"))
        lines = kill("upgrade", path, 20_000 + number, took * spread(chance))
        copies = [*folder.glob("*.backup")]
        with closing(sqlite3.connect(path)) as connection:  # which reads the log too
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert old.shape(connection) == shapes[version]
        if version == 1:
            assert {"done": True} not in lines
            assert dump_file(path) == before
        else:
            assert len(copies) == 1
        for copy in copies:
            assert dump_file(copy) == before
        ends["new" if version > 1 else "inside" if copies else "old"] += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where it is upgraded now
            with Tract.open(path) as tract:
                assert texts(tract) == whole
                assert tract.verify().rows == ()
        shutil.rmtree(folder)
    assert set(ends) == {"old", "inside", "new"}, ends


SECRET = "hunter2-sk-4f9b0c7d1e2a3456"


def littered(path: Path) -> Path:
    """Make a database in which much is reachable, much is not, and a secret lies."""
    with Tract.open(path, clock=lambda: NINE) as tract:
        rich(tract)
        tract.branch("litter")
        tract.switch("litter")
        with tract.batch():
            for number in range(400):
                tract.user(f"litter {number} " * 30)
        tract.reset("HEAD~400", "hard")
        tract.tag(tract.user(f"the key is {SECRET}"), "secret")
        covered = [tract.user(f"covered {number}").hash for number in range(20)]
        cover(tract, covered, "A summary.")
        tract.optimize()
    return path


def all_texts(tract: Tract) -> dict[str, list[str]]:
    """Return what compiles at every ref of every tract."""
    found = {}
    for row in Session.of(tract).tracts():
        one = Session.of(tract).tract(row.tract)
        for name in [branch.branch for branch in one.branches() if branch.commit]:
            found[f"{row.tract}:{name}"] = texts(one, name)
    return found


def cleaning(path: Path) -> tuple[list[float], int]:
    """Return how long it takes to collect, to forget and to optimize, and how many commits go."""
    with Tract.open(path, clock=lambda: NINE + timedelta(days=50)) as tract:
        at = [time.monotonic()]
        taken = tract.gc().commits
        assert taken > 400
        at.append(time.monotonic())
        assert tract.forget("secret", "it got in").clean
        at.append(time.monotonic())
        tract.optimize()
        at.append(time.monotonic())
        return [end - start for start, end in pairwise(at)], taken


def test_a_collection_or_a_forgetting_that_is_killed_loses_nothing_that_is_reachable(tmp_path, kill):
    chance = random.Random(11)  # noqa: S311
    ends = Counter[str]()
    made = littered(tmp_path / "made.db")
    with Tract.open(made) as tract:
        before, commits = all_texts(tract), State.of(tract.database.connection).commits
    took, all_taken = cleaning(Path(shutil.copy(made, tmp_path / "first.db")))
    for number in range(times(60)):
        path = Path(shutil.copy(made, tmp_path / f"{number}.db"))
        step = number % len(took)  # a third of them in each, however fast the machine is just now
        seconds = took[step] * spread(chance)
        lines = kill("clean", path, 30_000 + number, seconds, after=1 + step)
        done = [line["done"] for line in lines if "done" in line]
        with Tract.open(path) as tract:
            after = all_texts(tract)
            left = State.of(tract.database.connection).commits
            taken = commits - left
            assert taken in (0, all_taken)
            assert taken or "gc" not in done
            problems = {row.problem for row in tract.verify()}
            assert problems <= {"it was forgotten, but older pages may still hold it: run optimize"}
            forgotten = {
                name: [
                    text if not text.startswith("[forgotten on") else f"the key is {SECRET}" for text in said
                ]
                for name, said in after.items()
            }
            assert forgotten == before
            assert after != before or "forget" not in done
            if "forget" in done:
                assert problems == set()
            elif after != before:
                tract.optimize()
            tract.user("goes on")
            assert tract.verify().rows == ()
        if after != before:
            assert SECRET.encode() not in path.read_bytes()
        what = done[-1] if done else "nothing"
        ends["between" if problems else what if what != "nothing" or not taken else "gc, untold"] += 1
        for file in tmp_path.glob(f"{number}.db*"):
            file.unlink()
    assert ends["nothing"] >= 3, ends
    assert ends["gc"] >= 3, ends
    assert ends["forget"] + ends["optimize"] >= 3, ends


def test_a_file_that_was_killed_before_its_first_byte_opens(tmp_path):
    (tmp_path / "empty.db").touch()
    with Tract.open(tmp_path / "empty.db") as tract:
        tract.user("Hi")
        assert tract.verify().rows == ()
