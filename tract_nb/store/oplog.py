"""The operation log: every change of every ref, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import orjson

from tract_nb.store import sql
from tract_nb.store.database import Database
from tract_nb.store.sums import op_sum


class Move(NamedTuple):
    """A ref that an operation moved; None is no such ref, 0 one without a commit."""

    tract: int
    ref: str
    old: int | None
    new: int | None


@dataclass(frozen=True, slots=True)
class OpRow:
    """One operation."""

    id: int
    tract: int
    verb: str
    args: str | None
    actor: str
    reason: str | None
    at: int
    undoes: int | None


_COLUMNS = "op.id, op.tract, op.verb, op.args, op.actor, op.reason, op.at, op.undoes"


def last_at(db: Database) -> int:
    """Return the time of the last operation on this database; 0 before the first."""
    return last_at_with(db, 0, "")[0]


def last_at_with(db: Database, tract: int, ref: str) -> tuple[int, int | None]:
    """Return the time of the last operation, and what a ref stands on, as every write asks first."""
    found = db.one(sql.LAST_OP_AT_AND_REF, (tract, ref))
    assert found is not None
    db.notice_collected(found[2] or 0)
    return found[0] or 0, found[1]


def last_id(db: Database) -> int:
    """Return the number of the last operation on this database; 0 before the first."""
    found = db.one("SELECT max(id) FROM op")
    return (found and found[0]) or 0


def add(
    db: Database,
    *,
    tract: int,
    verb: str,
    args: str | None,
    actor: str,
    reason: str | None,
    at: int,
    undoes: int | None,
    moves: list[Move],
) -> int:
    """Write an operation and the refs it moved."""
    row = (tract, verb, args, actor, reason, at, undoes)
    moved = [(move.tract, move.ref, move.old, move.new) for move in moves]
    cursor = db.execute(sql.INSERT_OP, (*row, op_sum(0, row, moved)))
    assert cursor.lastrowid is not None
    if not moves:  # then the number is in the checksum too
        db.execute(sql.UPDATE_OP_SUM, (op_sum(cursor.lastrowid, row, []), cursor.lastrowid))
    for move in moves:
        db.execute(sql.INSERT_OP_REF, (cursor.lastrowid, move.tract, move.ref, move.old, move.new))
    return cursor.lastrowid


def operations(db: Database, tract: int, limit: int | None = None) -> list[OpRow]:
    """Return a tract's operations, newest first."""
    rows = db.all(
        f"SELECT {_COLUMNS} FROM op WHERE tract = ? ORDER BY id DESC LIMIT ?",
        (tract, -1 if limit is None else limit),
    )
    return [OpRow(*row) for row in rows]


def moves(db: Database, op: int) -> list[Move]:
    """Return the refs an operation moved."""
    rows = db.all("SELECT tract, ref, old, new FROM op_ref WHERE op = ? ORDER BY tract, ref", (op,))
    return [Move(*row) for row in rows]


def moves_by_op(db: Database, ops: list[int]) -> dict[int, list[Move]]:
    """Return the refs that operations moved, by operation, in one query."""
    found: dict[int, list[Move]] = {}
    for op, *move in db.all(
        """SELECT op, tract, ref, old, new FROM op_ref
           WHERE op IN (SELECT value FROM json_each(?)) ORDER BY op, tract, ref""",
        (orjson.dumps(ops).decode(),),
    ):
        found.setdefault(op, []).append(Move(*move))
    return found


def moves_of(db: Database, tract: int, ref: str, limit: int) -> list[Move]:
    """Return the last moves of one ref, newest first."""
    rows = db.all(
        "SELECT tract, ref, old, new FROM op_ref WHERE tract = ? AND ref = ? ORDER BY op DESC LIMIT ?",
        (tract, ref, limit),
    )
    return [Move(*row) for row in rows]


def ends(db: Database, tract: int) -> set[int]:
    """Return all commits that an operation of a tract moved a ref from or to."""
    rows = db.all(
        """SELECT old FROM op_ref WHERE tract = ?1 AND old > 0
           UNION SELECT new FROM op_ref WHERE tract = ?1 AND new > 0""",
        (tract,),
    )
    return {number for (number,) in rows}


def imported(db: Database, tract: int) -> set[str]:
    """Return the refs of a tract that an import has moved."""
    rows = db.all(
        """SELECT DISTINCT op_ref.ref FROM op JOIN op_ref ON op_ref.op = op.id
           WHERE op.verb = 'import' AND op_ref.tract = ?""",
        (tract,),
    )
    return {ref for (ref,) in rows}


def tip_at(db: Database, tract: int, ref: str, at: int) -> int | None:
    """Return where a ref stood after its last operation recorded at or before a time."""
    found = db.one(
        """SELECT op_ref.new FROM op JOIN op_ref ON op_ref.op = op.id
           WHERE op_ref.tract = ? AND op_ref.ref = ? AND op.at <= ? ORDER BY op.id DESC LIMIT 1""",
        (tract, ref, at),
    )
    return found[0] if found else None


def first_tip(db: Database, tract: int, ref: str) -> int | None:
    """Return where the first operation on a ref put it."""
    found = db.one(
        "SELECT new FROM op_ref WHERE tract = ? AND ref = ? AND new > 0 ORDER BY op LIMIT 1", (tract, ref)
    )
    return found[0] if found else None


def last_mover(db: Database, tract: int, ref: str) -> OpRow | None:
    """Return the operation that moved a ref last."""
    found = db.one(
        f"""SELECT {_COLUMNS} FROM op JOIN op_ref ON op_ref.op = op.id
            WHERE op_ref.tract = ? AND op_ref.ref = ? ORDER BY op.id DESC LIMIT 1""",
        (tract, ref),
    )
    return OpRow(*found) if found else None


def operation(db: Database, number: int) -> OpRow | None:
    """Return one operation."""
    found = db.one(f"SELECT {_COLUMNS} FROM op WHERE id = ?", (number,))
    return OpRow(*found) if found else None


def mover_to(db: Database, commit: int) -> OpRow | None:
    """Return the first operation that moved a ref to a commit: the one that wrote it."""
    found = db.one(
        f"""SELECT {_COLUMNS} FROM op JOIN op_ref ON op_ref.op = op.id
            WHERE op_ref.new = ? ORDER BY op.id LIMIT 1""",
        (commit,),
    )
    return OpRow(*found) if found else None


def last_moves(db: Database, tract: int) -> dict[str, int]:
    """Return when each ref of a tract was moved last, by the ref's name."""
    rows = db.all(
        "SELECT r.ref, max(op.at) FROM op_ref AS r JOIN op ON op.id = r.op WHERE r.tract = ? GROUP BY r.ref",
        (tract,),
    )
    return dict(rows)


def taken_back(db: Database, tract: int) -> set[int]:
    """Return the operations of a tract that a later one in effect has taken back.

    An undo takes back what it undoes, a redo an undo, an undo that redo again: one that is itself
    taken back is not in effect.
    """
    rows = db.all(
        "SELECT id, undoes FROM op WHERE tract = ? AND undoes IS NOT NULL ORDER BY id DESC", (tract,)
    )
    back: set[int] = set()
    for number, undoes in rows:  # the newest first: what it takes back is older
        if number not in back:
            back.add(undoes)
    return back


def newest(db: Database, tract: int, actor: str, *, undo: bool) -> OpRow | None:
    """Return an actor's newest operation in effect that moved a ref: an undo, or anything else."""
    back = orjson.dumps(sorted(taken_back(db, tract))).decode()
    found = db.one(
        f"""SELECT {_COLUMNS} FROM op
            WHERE tract = ? AND actor = ? AND (verb = 'undo') = ?
              AND EXISTS (SELECT 1 FROM op_ref WHERE op_ref.op = op.id)
              AND id NOT IN (SELECT value FROM json_each(?))
            ORDER BY id DESC LIMIT 1""",
        (tract, actor, undo, back),
    )
    return OpRow(*found) if found else None
