"""Reviews: what verbs ask, and what was answered; kept until they are settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from tract_nb.model.review import PENDING, REJECTED
from tract_nb.store import schema
from tract_nb.store.database import Database
from tract_nb.store.sums import row_sum

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
    """Say that a review was applied or rejected."""
    _change(db, number, state=state)


def move_branch(db: Database, tract: int, branch: str, new: str) -> None:
    """Let a pending review follow its branch to another name."""
    found = pending_on(db, tract, branch)
    if found is not None:
        _change(db, found.id, branch=new)


def drop_branch(db: Database, tract: int, branch: str) -> None:
    """Let a pending review go with its branch."""
    found = pending_on(db, tract, branch)
    if found is not None:
        _change(db, found.id, state=REJECTED)


def _change(db: Database, number: int, **columns: object) -> None:
    """Write some columns of a review, and the checksum of all."""
    found = db.one("SELECT * FROM review WHERE id = ?", (number,))
    assert found is not None
    names = [column.name for column in schema.review.columns]
    row = {**dict(zip(names, found, strict=True)), **columns}
    row["checksum"] = row_sum(*list(row.values())[:-1])
    changed = [*columns, "checksum"]
    db.execute(
        f"UPDATE review SET {', '.join(f'{name} = ?' for name in changed)} WHERE id = ?",
        (*(row[name] for name in changed), number),
    )


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode()


def _stored(row: tuple[Any, ...] | None) -> StoredReview | None:
    if row is None:
        return None
    number, tract, branch, verb, source, args, answers, proposals, state, actor, at = row
    asked, answered, proposed = (orjson.loads(text) for text in (args, answers, proposals))
    return StoredReview(number, tract, branch, verb, source, asked, answered, proposed, state, actor, at)
