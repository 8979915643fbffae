"""Copies: what a commit carries, read at once for many, so that another commit can carry it too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import orjson

from tract_nb.store.database import Database
from tract_nb.store.sums import row_sum


class Carried(NamedTuple):
    """What a copy takes over besides the columns of its row."""

    content: bytes | None  # the hash of its content
    encoding: int
    config: int | None
    message: str | None
    metadata: str | None


def carried(db: Database, numbers: Iterable[int]) -> dict[int, Carried]:
    """Return what commits carry, by number, in one query."""
    rows = db.all(
        """SELECT c.id, blob.hash, c.encoding, c.config, c.message, c.metadata
           FROM "commit" AS c LEFT JOIN blob ON blob.id = c.blob
           WHERE c.id IN (SELECT value FROM json_each(?))""",
        (orjson.dumps(list(numbers)).decode(),),
    )
    return {number: Carried(*rest) for number, *rest in rows}


def copy_usage(db: Database, copies: dict[int, int]) -> None:
    """Give copies the usage that was reported for their originals; ``copies`` is by the original."""
    _copy(
        db,
        copies,
        'SELECT "commit", * FROM usage WHERE "commit" IN (SELECT value FROM json_each(?))',
        "INSERT OR IGNORE INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        at=0,
    )


def copy_records(db: Database, copies: dict[int, int]) -> None:
    """Say of copies too which records of a trace they were made from; ``copies`` is by the original."""
    _copy(
        db,
        copies,
        'SELECT "commit", * FROM record WHERE "commit" IN (SELECT value FROM json_each(?))',
        "INSERT OR IGNORE INTO record VALUES (?, ?, ?)",
        at=1,
    )


def _copy(db: Database, copies: dict[int, int], select: str, insert: str, *, at: int) -> None:
    """Copy rows whose column ``at`` names a commit, for its copy; each with a checksum of its own."""
    made = []
    for number, *row, _ in db.all(select, (orjson.dumps(list(copies)).decode(),)):
        row[at] = copies[number]
        made.append((*row, row_sum(*row)))
    if made:
        db.many(insert, made)
