"""Reviews: what verbs ask, and what was answered; kept until they are settled."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from tract_nb.model.waiting import PENDING, REJECTED
from tract_nb.store import schema
from tract_nb.store.database import Database
from tract_nb.store.sums import row_sum

#: runs a statement on a connection
Run = Callable[[str, tuple[object, ...]], sqlite3.Cursor]

_NO_TEXT = ("choice", "by")  # fields of an answer
LEAST = 8  # characters of a text that is looked for as a part of another

_COLUMNS = "id, tract, branch, verb, source, args, answers, proposals, state, actor, at"


class StoredReview(NamedTuple):
    """A review as it lies in the database; answers and proposals by the questions' keys."""

    id: int
    tract: int
    branch: str
    verb: str
    source: bytes
    args: Mapping[str, Any]
    answers: Mapping[str, Any]
    proposals: Mapping[str, Any]
    state: str
    actor: str
    at: int


def add(
    db: Database,
    *,
    tract: int,
    branch: str,
    verb: str,
    source: bytes,
    args: Mapping[str, Any],
    answers: Mapping[str, Any],
    proposals: Mapping[str, Any],
    actor: str,
    at: int,
) -> int:
    """Store a pending review and return its number."""
    number = db.next_number("review")
    said = map(_json, (args, answers, proposals))
    row = (number, tract, branch, verb, source, *said, PENDING, actor, at)
    db.execute("INSERT INTO review VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, row_sum(*row)))
    return number


def get(db: Database, number: int) -> StoredReview | None:
    """Return a review by its number."""
    return _stored(db.one(f"SELECT {_COLUMNS} FROM review WHERE id = ?", (number,)))


def pending_on(db: Database, tract: int, branch: str) -> StoredReview | None:
    """Return the review that is pending on a branch."""
    return _stored(
        db.one(
            f"SELECT {_COLUMNS} FROM review WHERE tract = ? AND branch = ? AND state = 'pending'",
            (tract, branch),
        )
    )


def pending(db: Database, tract: int) -> list[StoredReview]:
    """Return all reviews that are pending on a tract, by branch."""
    rows = db.all(
        f"SELECT {_COLUMNS} FROM review WHERE tract = ? AND state = 'pending' ORDER BY branch", (tract,)
    )
    return [found for row in rows if (found := _stored(row))]


def sources(db: Database) -> set[int]:
    """Return the commits that pending reviews of any tract would join: gc keeps them."""
    rows = db.all(
        """SELECT c.id FROM review JOIN "commit" AS c ON c.hash = review.source
           WHERE review.state = 'pending'"""
    )
    return {number for (number,) in rows}


def put_answers(
    db: Database, number: int, answers: Mapping[str, Any], proposals: Mapping[str, Any] | None = None
) -> None:
    """Keep the answers to a review, and what is proposed where that changed too."""
    proposed = {} if proposals is None else {"proposals": _json(proposals)}
    _change(db, number, answers=_json(answers), **proposed)


def settle(db: Database, number: int, state: str) -> None:
    """Say that a review was applied or rejected; who chose what stays, no text does.

    What was applied stands in commits, where ``forget`` and ``gc`` find it.
    """
    found = get(db, number)
    assert found is not None
    answers, proposals = (
        {key: {name: one[name] for name in _NO_TEXT if name in one} for key, one in said.items()}
        for said in (found.answers, found.proposals)
    )
    _change(db, number, state=state, answers=_json(answers), proposals=_json(proposals))


def take_text(run: Run, text: str) -> list[int]:
    """Take the answers and proposals that say a text out of all reviews; return the reviews' numbers.

    Parameters
    ----------
    run : callable
        Runs a statement: of this database, or of a copy that was written by an older version.
    text : str
        What shall stand nowhere.
    """
    changed = []
    table = run("SELECT * FROM review", ())
    names = [column[0] for column in table.description]
    for row in [dict(zip(names, row, strict=True)) for row in table.fetchall()]:
        said = {name: orjson.loads(row[name]) for name in ("answers", "proposals")}
        kept = {
            name: {key: one for key, one in all_.items() if not _says(one, text)}
            for name, all_ in said.items()
        }
        if kept != said:
            _write(run, row, {name: _json(one) for name, one in kept.items()})
            changed.append(row["id"])
    return changed


def _says(value: object, text: str) -> bool:
    """Tell whether a text is a value in JSON, or, where it is not just any word, a part of one."""
    if isinstance(value, str):
        return value == text or (len(text) >= LEAST and text in value)
    if isinstance(value, Mapping):
        return any(_says(one, text) for name, one in value.items() if name not in _NO_TEXT)
    return isinstance(value, list) and any(_says(one, text) for one in value)


def move_branch(db: Database, tract: int, branch: str, new: str) -> None:
    """Let a pending review follow its branch to another name."""
    found = pending_on(db, tract, branch)
    if found is not None:
        _change(db, found.id, branch=new)


def drop_branch(db: Database, tract: int, branch: str) -> None:
    """Let a pending review go with its branch."""
    found = pending_on(db, tract, branch)
    if found is not None:
        settle(db, found.id, REJECTED)


def _change(db: Database, number: int, **columns: object) -> None:
    """Write some columns of a review, and the checksum of all."""
    found = db.one("SELECT * FROM review WHERE id = ?", (number,))
    assert found is not None
    names = [column.name for column in schema.review.columns]
    _write(db.execute, dict(zip(names, found, strict=True)), columns)


def _write(run: Run, row: Mapping[str, object], columns: Mapping[str, object]) -> None:
    row = {**row, **columns}
    row["checksum"] = row_sum(*(value for name, value in row.items() if name != "checksum"))
    changed = [*columns, "checksum"]
    run(
        f"UPDATE review SET {', '.join(f'{name} = ?' for name in changed)} WHERE id = ?",
        (*(row[name] for name in changed), row["id"]),
    )


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode()


def _stored(row: tuple[Any, ...] | None) -> StoredReview | None:
    if row is None:
        return None
    number, tract, branch, verb, source, args, answers, proposals, state, actor, at = row
    asked, answered, proposed = (orjson.loads(text) for text in (args, answers, proposals))
    return StoredReview(number, tract, branch, verb, source, asked, answered, proposed, state, actor, at)
