"""Usage: what providers reported for replies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from tract_nb.model.event import Usage
from tract_nb.store.database import Database
from tract_nb.store.sums import row_sum


class Reported(NamedTuple):
    """A report and the commit of the reply that it is about."""

    commit: int
    usage: Usage
    model: str | None
    cost: float | None


def put_usage(db: Database, commit: int, usage: Usage, model: str | None, cost: float | None) -> None:
    """Store what a provider reported for a reply; a later report of the same reply replaces it."""
    row = (
        commit,
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
        model,
        None if cost is None else repr(cost),
    )
    db.execute("INSERT OR REPLACE INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, row_sum(*row)))


def drop_usage(db: Database, commits: Iterable[int]) -> None:
    """Take the usage off commits: a later record of the same reply has it."""
    db.many('DELETE FROM usage WHERE "commit" = ?', [(number,) for number in commits])


def usage_before(db: Database, head: int) -> Reported | None:
    """Return the newest report on a commit's first-parent line; a copy's is a record only."""
    if not db.one("SELECT 1 FROM usage LIMIT 1"):
        return None
    found = db.one(
        """WITH RECURSIVE line(id) AS (
             SELECT ? UNION ALL SELECT c.parent1 FROM line JOIN "commit" AS c ON c.id = line.id
             WHERE c.parent1 < line.id)
           SELECT u.* FROM line JOIN usage AS u ON u."commit" = line.id
           JOIN "commit" AS own ON own.id = line.id WHERE own.origin IS NULL LIMIT 1""",
        (head,),
    )
    return _reported(found) if found else None


def reported(db: Database) -> dict[int, int]:
    """Return the tokens of all reports, input and output together, by commit; a copy's is a record only.

    One of no input is none: a program writes it for a reply of its own, which no model was asked for.
    """
    if not db.one("SELECT 1 FROM usage LIMIT 1"):
        return {}
    return dict(
        db.all(
            """SELECT u."commit", u.input_tokens + u.output_tokens FROM usage AS u
               JOIN "commit" AS own ON own.id = u."commit" WHERE own.origin IS NULL AND u.input_tokens > 0"""
        )
    )


def usage_of(db: Database, commit: int) -> Reported | None:
    """Return what was reported for one commit."""
    found = db.one('SELECT * FROM usage WHERE "commit" = ?', (commit,))
    return _reported(found) if found else None


def _reported(row: tuple[Any, ...]) -> Reported:
    commit, given, taken, cached, written, thought, model, cost, _ = row
    usage = Usage(given, taken, cached, written, thought)
    return Reported(commit, usage, model, None if cost is None else float(cost))
