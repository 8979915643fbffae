"""How fast the history engine is, against the floor. Prints JSON; ``python benchmarks/history.py``.

Every row is a ratio to a floor measured in the same run: raw sqlite3 with the same rows and pragmas,
plus orjson, SHA-256 and tiktoken where the work needs them. Means; texts of 500 bytes of prose. Rows
without a floor are milliseconds, at 5,000 and at 50,000 commits, to show that they are flat.

``--small`` leaves out the history of 50,000.
"""

from __future__ import annotations

import gc
import hashlib
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import orjson
import tiktoken

from tract_nb import NORMAL, SKIP, Tract
from tract_nb.engine.tokens import TiktokenCounter

BYTES = 500
COMMITS = 5_000
LONG = 50_000
ROUNDS, PAIRS = 40, 4  # of verbs with and without a compile
PROSE = (
    "the tide at the harbour rises and falls twice a day because of the moon and the sun which pull at the "
    "water so a table says when it is high and when it is low for every day of the year in local time but "
    "summer time moves the clock by one hour and a skipper who forgets that stands on the sand with his keel "
    "what was asked is a file that opens in a spreadsheet with one row a tide and the offset beside it"
)
WORDS = PROSE.split()

SCHEMA = """
CREATE TABLE blob (id INTEGER PRIMARY KEY, hash BLOB UNIQUE, codec INT, size INT, data BLOB);
CREATE TABLE "commit" (id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB UNIQUE, kind INT, parent1 INT,
  parent2 INT, origin BLOB, author_us INT, priority INT, type TEXT, role TEXT, name TEXT, call_id TEXT,
  blob INT, tokens INT, context INT, key TEXT, recorded_us INT, encoding INT, config INT, message TEXT,
  metadata TEXT, checksum INT);
CREATE TABLE ref (tract INT, name TEXT, "commit" INT, PRIMARY KEY (tract, name)) WITHOUT ROWID;
CREATE TABLE op (id INTEGER PRIMARY KEY AUTOINCREMENT, tract INT, verb TEXT, args TEXT, actor TEXT,
  reason TEXT, at INT, undoes INT);
"""
PUT_BLOB = "INSERT INTO blob (hash, codec, size, data) VALUES (?, 0, ?, ?)"
PUT_COMMIT = (
    'INSERT INTO "commit" (hash, kind, parent1, author_us, priority, type, role, blob, tokens, context, '
    "recorded_us, encoding, checksum) VALUES (?, 1, ?, ?, 1, 'dialogue', 'user', ?, ?, ?, ?, 1, 0)"
)


def prose(number: int) -> str:
    """Return 500 bytes of prose, another for each number."""
    chosen = random.Random(number)
    text = f"{number}: " + " ".join(chosen.choice(WORDS) for _ in range(BYTES // 4))
    return text[:BYTES]


class Floor:
    """Raw sqlite3 with the same rows and pragmas, and what has to be worked out for them."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.executescript(SCHEMA)
        self.db.execute("INSERT INTO ref VALUES (1, 'heads/main', 0)")
        self.encoding = tiktoken.get_encoding("o200k_base")
        self.tip, self.parent, self.context = 0, b"", 0

    def made(self, text: str, now: int) -> tuple[bytes, bytes, bytes, int]:
        """Work out what every commit needs: canonical bytes, two hashes, tokens."""
        data = orjson.dumps(
            {"content_type": "dialogue", "role": "user", "text": text}, option=orjson.OPT_SORT_KEYS
        )
        digest = hashlib.sha256(data).digest()
        said = ["tract1", "APPEND", digest.hex(), [self.parent.hex()], [], "NORMAL", None, now]
        self.parent = hashlib.sha256(orjson.dumps(said)).digest()
        tokens = len(self.encoding.encode_ordinary(text))
        self.context += tokens + 3
        return data, digest, self.parent, tokens

    def commit(self, text: str) -> None:
        """One commit as four statements in one transaction."""
        now = time.time_ns() // 1000
        data, digest, own, tokens = self.made(text, now)
        db = self.db
        db.execute("BEGIN IMMEDIATE")
        blob = db.execute(PUT_BLOB, (digest, len(data), data)).lastrowid
        row = (own, self.tip, now, blob, tokens, self.context, now)
        self.tip = db.execute(PUT_COMMIT, row).lastrowid or 0
        db.execute("UPDATE ref SET \"commit\" = ? WHERE name = 'heads/main'", (self.tip,))
        db.execute("INSERT INTO op (tract, verb, actor, at) VALUES (1, 'commit', 'user', ?)", (now,))
        db.execute("COMMIT")

    def many(self, texts: list[str]) -> None:
        """Write the same in one transaction, by executemany."""
        now = time.time_ns() // 1000
        made = [self.made(text, now) for text in texts]
        self.db.execute("BEGIN IMMEDIATE")
        self.db.executemany(PUT_BLOB, [(digest, len(data), data) for data, digest, _, _ in made])
        self.db.executemany(
            PUT_COMMIT,
            [(own, place, now, place + 1, tokens, 0, now) for place, (_, _, own, tokens) in enumerate(made)],
        )
        self.db.execute("COMMIT")

    def walk(self) -> int:
        """Walk the history with its texts, and decode each."""
        rows = self.db.execute(
            """WITH RECURSIVE line(id) AS (
                 SELECT max(id) FROM "commit"
                 UNION ALL SELECT c.parent1 FROM line JOIN "commit" AS c ON c.id = line.id
                   WHERE c.parent1 > 0)
               SELECT c.*, blob.data FROM line JOIN "commit" AS c ON c.id = line.id
               JOIN blob ON blob.id = c.blob"""
        ).fetchall()
        return len([orjson.loads(row[-1]) for row in rows])


def mean(work: Callable[[], Any], times: int) -> float:
    """Return the mean of some runs, in seconds."""
    gc.collect()
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


def paired(ours: Callable[[], Any], floor: Callable[[], Any], rounds: int, each: int) -> tuple[float, float]:
    """Return both means in seconds, the medians of rounds; call by call in turns, to share slow moments."""
    times: tuple[list[float], list[float]] = ([], [])
    gc.collect()  # once: what runs first after it finds nothing in the processor's caches
    for _ in range(rounds):
        taken = [0.0, 0.0]
        for _ in range(each):
            for side, work in enumerate((ours, floor)):
                began = time.perf_counter()
                work()
                taken[side] += time.perf_counter() - began
        for measured, seconds in zip(times, taken, strict=True):
            measured.append(seconds / each)
    return median(times[0]), median(times[1])


def row(work: str, ours: float, floor: float, at_most: float) -> dict[str, Any]:
    """Return one line of the table."""
    return {
        "work": work,
        "ours_us": round(1e6 * ours, 1),
        "floor_us": round(1e6 * floor, 1),
        "ratio": round(ours / floor, 2),
        "at_most": at_most,
    }


def commits(folder: Path) -> Iterator[dict[str, Any]]:
    """One durable commit, and 5,000 in one batch."""
    tract, floor = Tract.open(folder / "one.db"), Floor(folder / "one-floor.db")
    texts = [prose(number) for number in range(COMMITS)]
    mine, raws = iter(texts), iter(texts)
    ours, raw = paired(lambda: tract.user(next(mine)), lambda: floor.commit(next(raws)), 10, 200)
    yield row("one durable commit", ours, raw, 2)

    def batch(place: int) -> float:
        tract = Tract.open(folder / f"batch-{place}.db")

        def work() -> None:
            with tract.batch():
                for text in texts:
                    tract.user(text)

        return mean(work, 1)

    def raw_batch(place: int) -> float:
        floor = Floor(folder / f"batch-floor-{place}.db")
        return mean(lambda: floor.many(texts), 1)

    times = [(batch(place), raw_batch(place)) for place in range(5)]
    ours, raw = (median(side) for side in zip(*times, strict=True))
    yield row("5,000 commits in one batch", ours, raw, 2.5)


def filled(folder: Path, length: int) -> Path:
    """Return a database with a history of that length, and a raw one beside it."""
    path = folder / f"history-{length}.db"
    tract, floor = Tract.open(path), Floor(folder / f"floor-{length}.db")
    with tract.batch():
        for number in range(length):
            tract.user(prose(number))
    floor.many([prose(number) for number in range(length)])
    tract.close()
    return path


def cold(path: Path, floor: Path, length: int) -> dict[str, Any]:
    """Open and compile; the size and the last message are read."""

    def ours() -> None:
        tract = Tract.open(path)
        context = tract.compile()
        assert context.token_count
        assert context.messages[-1].text
        tract.close()

    def raw() -> None:
        other = object.__new__(Floor)
        other.db = sqlite3.connect(floor)
        assert other.walk() == length
        other.db.close()

    ours_s, raw_s = paired(ours, raw, 5, 1)
    return row(f"cold open and compile of {length:,}", ours_s, raw_s, 3)


def verbs(path: Path, length: int) -> Iterator[dict[str, Any]]:
    """Each verb with a compile, against the verb alone."""
    tract = Tract.open(path)
    units = [listed[0] for listed in tract.log(400)]
    tract.compile()
    texts = iter([prose(10_000_000 + number) for number in range(4 * ROUNDS * PAIRS)])
    places = count()

    def target() -> str:
        return units[next(places) % len(units)]

    works: dict[str, Callable[[], Any]] = {
        "append": lambda: tract.user(next(texts)),
        "edit": lambda: tract.edit(target(), next(texts)),
        "mark": lambda: tract.annotate(target(), SKIP),
    }
    for name, work in works.items():
        yield with_compile(tract, f"{name} + compile at {length:,}", work)
    places = count()
    unmark = partial(_unmark, tract, target)
    yield with_compile(tract, f"un-mark + compile at {length:,}", unmark)
    tract.close()


def _unmark(tract: Tract, target: Callable[[], str]) -> None:
    tract.annotate(target(), NORMAL)


def with_compile(tract: Tract, name: str, work: Callable[[], Any]) -> dict[str, Any]:
    """Hold a verb and a compile against the verb alone.

    In short rounds: at every thousandth page SQLite empties its log, and in long ones the milliseconds
    that it takes would fall to one of the two by chance.
    """

    def both() -> None:
        work()
        assert tract.compile().token_count

    ours, alone = paired(both, work, ROUNDS, PAIRS)
    return row(name, ours, alone, 1.5)


def looks(path: Path, length: int) -> dict[str, Any]:
    """Return what must be flat in the length of the history, in milliseconds."""
    tract = Tract.open(path)
    tract.branch("other", at="HEAD~20")
    tract.compile()
    tract.switch("other")
    tract.compile()
    prefix = tract.log(1)[0][0][:8]

    def there_and_back() -> None:
        tract.switch("main")
        tract.compile()
        tract.switch("other")
        tract.compile()

    timed = {
        "switch + compile": mean(there_and_back, 20) / 2,
        "log(50)": mean(lambda: tract.log(50), 50),
        "status": mean(tract.status, 50),
        "branches": mean(tract.branches, 50),
        "prefix": mean(lambda: tract.show(prefix), 50),
    }
    tract.switch("main")
    tract.branch("apart", at="HEAD~1")
    tract.switch("apart")
    with tract.batch():
        for number in range(500):
            tract.user(prose(20_000_000 + number))
    tract.compile()
    tract.switch("main")
    with tract.batch():
        for number in range(500):
            tract.user(prose(30_000_000 + number))
    tract.compile()
    timed["diff of heads 1,000 apart"] = mean(lambda: tract.diff("apart", "main"), 5)
    tract.close()
    return {name: round(1e3 * seconds, 3) for name, seconds in timed.items()} | {"length": length}


def size(path: Path, length: int) -> dict[str, Any]:
    """Bytes of the database against bytes of text."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    ratio = path.stat().st_size / sum(len(prose(number).encode()) for number in range(length))
    return {"work": f"database bytes / text bytes at {length:,}", "ratio": round(ratio, 2), "at_most": 1.8}


def main() -> None:
    """Print the table as JSON."""
    TiktokenCounter()  # loads the ranks, which every row would pay for once
    lengths = [COMMITS] if "--small" in sys.argv else [COMMITS, LONG]
    rows: list[dict[str, Any]] = []
    flat: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows += commits(folder)
        for length in lengths:
            path = filled(folder, length)
            if length == COMMITS:
                rows.append(size(path, length))
            rows.append(cold(path, folder / f"floor-{length}.db", length))
            rows += verbs(path, length)
            flat.append(looks(path, length))
    print(json.dumps({"rows": rows, "milliseconds": flat}, indent=2))


if __name__ == "__main__":
    main()
