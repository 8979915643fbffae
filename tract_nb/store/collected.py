"""What was taken away: commits that nothing led to, and texts of which a line is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

import orjson

from tract_nb.errors import ContentError
from tract_nb.model.commit import from_us
from tract_nb.store import reach
from tract_nb.store.database import Database
from tract_nb.store.sums import row_sum

RAW = 0  # the codec of a blob stored as its canonical bytes
NOTHING = b"{}"  # what is left of a text that no commit has any more
GONE = 9  # of one whose text is gone: its bytes are a content of the same kind that says so


class Why(IntEnum):
    """Why something was taken away."""

    UNREACHABLE = 1  # nothing led to the commits any more
    COVERED = 2  # a summary has stood for the text for long
    FORGETTING = 3  # somebody asked for it; other bytes of the file may still hold it
    FORGOTTEN = 4  # the same, and the file was written anew since


class Gone(NamedTuple):
    """A text that was taken away."""

    blob: int
    at: int
    why: Why


def said(why: Why, at: int) -> str:
    """Return the line that stands for a text that is gone."""
    word = "collected" if why in (Why.UNREACHABLE, Why.COVERED) else "forgotten"
    return f"[{word} on {from_us(at):%Y-%m-%d}]"


def newest(db: Database) -> int:
    """Return the number of the last thing that was taken away; 0 where nothing was."""
    found = db.one("SELECT max(id) FROM collected")
    return (found and found[0]) or 0


def commit_at(db: Database, number: int) -> int | None:
    """Return when a commit was taken away, by its number; None where it was not."""
    found = db.one("SELECT at FROM collected WHERE first <= ?1 AND last >= ?1 LIMIT 1", (number,))
    return found[0] if found else None


def texts(db: Database) -> dict[int, Gone]:
    """Return the texts that are gone, by blob."""
    rows = db.all("SELECT blob, at, why FROM collected WHERE blob IS NOT NULL")
    return {blob: Gone(blob, at, Why(why)) for blob, at, why in rows}


def any_text(db: Database) -> bool:
    """Tell whether any text is gone."""
    return db.one("SELECT 1 FROM collected WHERE blob IS NOT NULL LIMIT 1") is not None


# -- taking away ----------------------------------------------------------------------------------


def texts_alone(db: Database, commits: Sequence[int]) -> dict[int, int]:
    """Return the texts that no other commit has, by number, with their stored bytes."""
    rows = db.all(
        """SELECT id, length(data) FROM blob WHERE id IN (
             SELECT blob FROM "commit" WHERE id IN (SELECT value FROM json_each(?1))
             EXCEPT SELECT blob FROM "commit" WHERE id NOT IN (SELECT value FROM json_each(?1)))""",
        (orjson.dumps(list(commits)).decode(),),
    )
    return dict(rows)


def take_commits(db: Database, dead: Sequence[int], free: Iterable[int], at: int) -> None:
    """Take commits away, by rising number, with their texts that no other has and all that hangs on them.

    The highest text keeps its number, so that it is never given to another text: whoever still holds a
    context of what is taken away reads nothing rather than something else.
    """
    wanted = orjson.dumps(list(dead)).decode()
    inside = "IN (SELECT value FROM json_each(?1))"
    configs = [
        config
        for (config,) in db.all(
            f"""SELECT DISTINCT config FROM "commit" WHERE id {inside} AND config IS NOT NULL
                EXCEPT SELECT config FROM "commit" WHERE id NOT {inside} AND config IS NOT NULL""",
            (wanted,),
        )
    ]
    runs = list(_runs(dead, reach.all_numbers(db)))
    free = list(free)
    for table, column in (("target", "commit"), ("usage", "commit"), ("record", "commit"), ("commit", "id")):
        db.execute(f'DELETE FROM "{table}" WHERE "{column}" {inside}', (wanted,))
    for table, column, numbers in (
        ("config_key", "config", configs),
        ("config", "id", configs),
        ("collected", "blob", free),
    ):
        if numbers:
            db.execute(f"DELETE FROM {table} WHERE {column} {inside}", (orjson.dumps(numbers).decode(),))
    _take_blobs(db, free, at)
    _add(db, [(at, int(Why.UNREACHABLE), first, last, None) for first, last in runs])


def _take_blobs(db: Database, free: list[int], at: int) -> None:
    highest = db.one("SELECT max(id) FROM blob")
    if highest and highest[0] in free:
        free.remove(highest[0])
        take_texts(db, {highest[0]: NOTHING}, Why.UNREACHABLE, at)
    db.execute(
        "DELETE FROM blob WHERE id IN (SELECT value FROM json_each(?))", (orjson.dumps(free).decode(),)
    )


def _runs(dead: Sequence[int], there: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of each run of numbers between which nothing stays."""
    gone = set(dead)
    first: int | None = None
    last = 0
    for number in there:
        if number in gone:
            first, last = first or number, number
        elif first is not None:
            yield first, last
            first = None
    if first is not None:
        yield first, last


def take_texts(db: Database, left: Mapping[int, bytes], why: Why, at: int) -> None:
    """Let other bytes stand for texts; their hashes and sizes stay.

    Parameters
    ----------
    db : Database
        Where.
    left : mapping
        For each text, by its number, a payload of the same kind in which a line says that it is gone.
    why, at : Why, int
        Why, and when.
    """
    wanted = (orjson.dumps(list(left)).decode(),)
    db.execute("DELETE FROM collected WHERE blob IN (SELECT value FROM json_each(?))", wanted)
    db.many(
        "UPDATE blob SET codec = ?, data = ? WHERE id = ?", [(GONE, data, one) for one, data in left.items()]
    )
    _add(db, [(at, int(why), None, None, blob) for blob in left])


def bring_back(db: Database, blob: int, data: bytes) -> None:
    """Store a text again that was collected: somebody has written the same.

    Raises
    ------
    ContentError
        If somebody asked that it be forgotten.
    """
    gone = texts(db)[blob]
    if gone.why in (Why.FORGETTING, Why.FORGOTTEN):
        raise ContentError(
            f"This very text was forgotten on {from_us(gone.at):%Y-%m-%d}, so it is not stored again.",
            "Leave out of it what must not be kept.",
        )
    db.execute("UPDATE blob SET codec = ?, data = ? WHERE id = ?", (RAW, data, blob))
    db.execute("DELETE FROM collected WHERE blob = ?", (blob,))


def unsettled(db: Database) -> bool:
    """Tell whether a text was forgotten since the file was written anew."""
    return db.one("SELECT 1 FROM collected WHERE why = ? LIMIT 1", (int(Why.FORGETTING),)) is not None


def settle(db: Database) -> None:
    """Say that the file was written anew since texts were forgotten."""
    rows = db.all("SELECT id, at, blob FROM collected WHERE why = ?", (int(Why.FORGETTING),))
    blobs = _blobs(db, [blob for _, _, blob in rows])
    why = int(Why.FORGOTTEN)
    db.many(
        "UPDATE collected SET why = ?, checksum = ? WHERE id = ?",
        [(why, row_sum(one, at, why, None, None, blob, blobs.get(blob)), one) for one, at, blob in rows],
    )


def _add(db: Database, rows: Sequence[tuple[int, int, int | None, int | None, int | None]]) -> None:
    """Write what was taken away: time, why, first and last commit or text."""
    given = db.one("SELECT seq FROM sqlite_sequence WHERE name = 'collected'")
    start = (given[0] if given else 0) + 1
    numbered = [(number, *row) for number, row in enumerate(rows, start)]
    blobs = _blobs(db, [row[-1] for row in rows if row[-1] is not None])
    db.many(
        "INSERT INTO collected VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(*row, row_sum(*row, blobs.get(row[-1] or 0))) for row in numbered],
    )


def _blobs(db: Database, numbers: Sequence[int]) -> dict[int, tuple[object, ...]]:
    """Return all that is stored of texts, by number."""
    found = db.all(
        "SELECT id, hash, codec, size, data FROM blob WHERE id IN (SELECT value FROM json_each(?))",
        (orjson.dumps(list(numbers)).decode(),),
    )
    return {number: tuple(row) for number, *row in found}


def changed(db: Database) -> list[str]:
    """Return the numbers of rows that are not what was written, or whose texts are not."""
    rows = db.all("SELECT * FROM collected")
    blobs = _blobs(db, [row[-2] for row in rows if isinstance(row[-2], int)])
    return [str(row[0]) for row in rows if row_sum(*row[:-1], blobs.get(row[-2] or 0)) != row[-1]]


# -- a text and where it is ----------------------------------------------------------------------


def blob_of(db: Database, number: int) -> tuple[bytes, int, bytes]:
    """Return the hash and the size of a text, and what is stored of it."""
    found = db.one("SELECT hash, size, data FROM blob WHERE id = ?", (number,))
    assert found is not None
    return found[0], found[1], found[2]


def commits_with(db: Database, blob: int) -> list[bytes]:
    """Return the hashes of all commits with a text, by rising number."""
    return [digest for (digest,) in db.all('SELECT hash FROM "commit" WHERE blob = ? ORDER BY id', (blob,))]


def commits_that_say(db: Database, words: Sequence[str], *, besides: int) -> list[tuple[bytes, str]]:
    """Return the hashes of commits that hold one of some words, and where: text, message or metadata.

    Parameters
    ----------
    db : Database
        Where.
    words : sequence of str
        As they stand in JSON.
    besides : int
        A text that is not looked at, by its number.
    """
    if not words:
        return []
    wanted = orjson.dumps(list(words)).decode()
    has = "EXISTS (SELECT 1 FROM json_each(?1) WHERE instr({}, value))"
    rows = db.all(
        f"""SELECT c.id, c.hash, 'text' FROM "commit" AS c JOIN blob ON blob.id = c.blob
            WHERE blob.id <> ?2 AND {has.format("CAST(blob.data AS TEXT)")}
            UNION ALL SELECT id, hash, 'message' FROM "commit" WHERE {has.format("message")}
            UNION ALL SELECT id, hash, 'metadata' FROM "commit" WHERE {has.format("metadata")}
            ORDER BY 1, 3 DESC""",
        (wanted, besides),
    )
    return [(digest, where) for _, digest, where in rows]


def others_that_say(db: Database, words: Sequence[str]) -> list[tuple[str, str]]:
    """Return the operations and reviews that hold one of some words, by number, and where."""
    if not words:
        return []
    has = "EXISTS (SELECT 1 FROM json_each(?1) WHERE instr({}, value))"
    rows = db.all(
        f"""SELECT 'operation ' || id, 'reason' FROM op WHERE {has.format("reason")}
            UNION ALL SELECT 'review ' || id, 'answers' FROM review
              WHERE {has.format("args || answers || proposals")}""",
        (orjson.dumps(list(words)).decode(),),
    )
    return [(name, where) for name, where in rows]


def lengths(db: Database, numbers: Iterable[int]) -> dict[int, int]:
    """Return how many bytes lie in the store for texts, by number."""
    wanted = orjson.dumps(list(numbers)).decode()
    return dict(
        db.all("SELECT id, length(data) FROM blob WHERE id IN (SELECT value FROM json_each(?))", (wanted,))
    )
