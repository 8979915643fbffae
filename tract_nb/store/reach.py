"""What leads where: the commits that must stay, and those behind them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import orjson

from tract_nb.store.database import Database


def behind(db: Database, numbers: Iterable[int]) -> set[int]:
    """Return some commits and all behind them."""
    rows = db.all(
        """WITH RECURSIVE behind(id) AS (
             SELECT value FROM json_each(?)
             UNION SELECT c.parent1 FROM behind JOIN "commit" AS c ON c.id = behind.id
               WHERE c.parent1 IS NOT NULL
             UNION SELECT c.parent2 FROM behind JOIN "commit" AS c ON c.id = behind.id
               WHERE c.parent2 IS NOT NULL)
           SELECT id FROM behind""",
        (orjson.dumps(list(numbers)).decode(),),
    )
    return {number for (number,) in rows}


def all_numbers(db: Database) -> list[int]:
    """Return the numbers of all commits, rising."""
    return [number for (number,) in db.all('SELECT id FROM "commit" ORDER BY id')]


def standing(db: Database) -> set[int]:
    """Return the commits that a branch, a tag, or a link of a tract names."""
    rows = db.all(
        """SELECT "commit" FROM ref WHERE "commit" > 0
           UNION SELECT c.id FROM tract JOIN "commit" AS c ON c.hash = tract.parent_commit"""
    )
    return {number for (number,) in rows}


def recorded_since(db: Database, at: int) -> set[int]:
    """Return the commits recorded at or after a time."""
    return {number for (number,) in db.all('SELECT id FROM "commit" WHERE recorded_us >= ?', (at,))}


class End(NamedTuple):
    """An end of an operation: a ref, and the commit that it stood on before or after it."""

    op: int
    tract: int
    ref: str
    old: int | None
    new: int | None


def ends_since(db: Database, at: int) -> list[End]:
    """Return what operations recorded at or after a time moved, in their order."""
    rows = db.all(
        """SELECT op.id, op_ref.tract, op_ref.ref, op_ref.old, op_ref.new
           FROM op JOIN op_ref ON op_ref.op = op.id WHERE op.at >= ? ORDER BY op.id""",
        (at,),
    )
    return [End(*row) for row in rows]


def hard_resets(db: Database, at: int) -> list[End]:
    """Return the moves of hard resets recorded at or after a time."""
    rows = db.all(
        """SELECT op.id, op_ref.tract, op_ref.ref, op_ref.old, op_ref.new
           FROM op JOIN op_ref ON op_ref.op = op.id
           WHERE op.at >= ? AND op.verb = 'reset' AND json_extract(op.args, '$.mode') = 'hard'""",
        (at,),
    )
    return [End(*row) for row in rows]


def light(db: Database, numbers: Iterable[int]) -> list[tuple[int, int | None, int | None, int, int]]:
    """Return commits by rising number: number, parents, kind, when it was recorded."""
    wanted = orjson.dumps(list(numbers)).decode()
    return [
        (number, one, two, kind, recorded)
        for number, one, two, kind, recorded in db.all(
            """SELECT id, parent1, parent2, kind, recorded_us FROM "commit"
               WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id""",
            (wanted,),
        )
    ]


def results_since(db: Database, number: int) -> set[int]:
    """Return the results of tools with a higher number than some commit."""
    rows = db.all(
        """SELECT id FROM "commit" WHERE id > ? AND type = 'tool_io' AND role = 'tool'""", (number,)
    )
    return {found for (found,) in rows}
