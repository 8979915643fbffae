"""Refs: the names of a tract's branches and tags, and what each stands on."""

from __future__ import annotations

from dataclasses import dataclass

from tract_nb.store import schema, sql
from tract_nb.store.database import Database
from tract_nb.store.sums import row_sum

HEADS = "heads/"
TAGS = "tags/"
UNBORN = 0  # what a branch without a commit stands on


@dataclass(frozen=True, slots=True)
class TractRow:
    """A tract as the store knows it."""

    id: int
    name: str
    open_branch: str
    settings: str
    parent: int | None
    parent_commit: bytes | None


def tract_named(db: Database, name: str) -> TractRow | None:
    """Return the tract of that name."""
    found = db.one(
        "SELECT id, name, open_branch, settings, parent, parent_commit FROM tract WHERE name = ?", (name,)
    )
    return TractRow(*found) if found else None


def tracts(db: Database) -> list[TractRow]:
    """Return all tracts, by number."""
    rows = db.all("SELECT id, name, open_branch, settings, parent, parent_commit FROM tract ORDER BY id")
    return [TractRow(*row) for row in rows]


def add_tract(db: Database, name: str, branch: str, created_us: int, settings: str) -> int:
    """Store a new tract that stands on an empty branch; return its number."""
    number = db.next_number("tract")
    row = (number, name, branch, created_us, settings, None, None)
    db.execute("INSERT INTO tract VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, row_sum(*row)))
    put(db, number, HEADS + branch, UNBORN)
    return number


def link_tract(db: Database, tract: int, parent: int, parent_commit: bytes | None) -> None:
    """Say which tract, and which of its commits, a tract was started from."""
    _change(db, tract, parent=parent, parent_commit=parent_commit)


def set_open_branch(db: Database, tract: int, branch: str) -> None:
    """Say which branch the tract opens on."""
    _change(db, tract, open_branch=branch)


def set_settings(db: Database, tract: int, settings: str) -> None:
    """Store a tract's settings, as JSON."""
    _change(db, tract, settings=settings)


def _change(db: Database, tract: int, **columns: object) -> None:
    """Write some columns of a tract, and the checksum of all; a damaged row does not become sound."""
    found = db.one("SELECT * FROM tract WHERE id = ?", (tract,))
    assert found is not None
    row = {column.name: value for column, value in zip(schema.tract.columns, found, strict=True)} | columns
    if found[-1] == row_sum(*found[:-1]):
        row["checksum"] = row_sum(*list(row.values())[:-1])
    changed = [*columns, "checksum"]
    db.execute(
        f"UPDATE tract SET {', '.join(f'{name} = ?' for name in changed)} WHERE id = ?",
        (*(row[name] for name in changed), tract),
    )


def get(db: Database, tract: int, name: str) -> int | None:
    """Return the commit a ref stands on; ``UNBORN`` without one, None where there is no such ref."""
    found = db.one(sql.REF, (tract, name))
    if found is None:
        return None
    db.notice_collected(found[1] or 0)
    number: int = found[0]
    return number


def all_of(db: Database, tract: int, prefix: str) -> dict[str, int]:
    """Return the refs of a tract whose name starts so, without that start, by name."""
    rows = db.all(
        'SELECT name, "commit" FROM ref WHERE tract = ? AND substr(name, 1, ?) = ? ORDER BY name',
        (tract, len(prefix), prefix),
    )
    return {name[len(prefix) :]: commit for name, commit in rows}


def put(db: Database, tract: int, name: str, commit: int | None) -> None:
    """Set a ref, or take it away (None)."""
    if commit is None:
        db.execute("DELETE FROM ref WHERE tract = ? AND name = ?", (tract, name))
    else:
        db.execute(
            'INSERT OR REPLACE INTO ref (tract, name, "commit") VALUES (?, ?, ?)', (tract, name, commit)
        )
