"""Reading everything there is, for verify: each table whole, in the order of its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tract_nb.model.commit import Row
from tract_nb.store import sql
from tract_nb.store.database import Database
from tract_nb.store.objects import Extra
from tract_nb.store.oplog import Move
from tract_nb.store.refs import TractRow, tracts


class StoredBlob(NamedTuple):
    """A blob as it lies in the store."""

    id: int
    hash: bytes
    size: int
    data: bytes


class StoredCommit(NamedTuple):
    """A commit with all its columns."""

    row: Row
    extra: Extra
    checksum: int


def pages(db: Database) -> list[str]:
    """Return what SQLite itself finds wrong with the file's pages and indexes."""
    return [text for (text,) in db.all("PRAGMA integrity_check(50)") if text != "ok"]


def all_blobs(db: Database) -> Iterator[StoredBlob]:
    """Yield every blob."""
    return (StoredBlob(*row) for row in db.execute("SELECT id, hash, size, data FROM blob ORDER BY id"))


def all_commits(db: Database) -> Iterator[StoredCommit]:
    """Yield every commit, parents before their children."""
    targets: dict[int, list[bytes]] = {}
    for number, target in db.execute('SELECT "commit", target FROM target ORDER BY "commit", seq'):
        targets.setdefault(number, []).append(target)
    width = len(sql.ROW)
    for row in db.execute(sql.EVERYTHING):
        yield StoredCommit(
            Row._make((*row[:width], tuple(targets.pop(row[0], ())))), Extra(*row[width:-1]), row[-1]
        )


def all_tokens(db: Database) -> dict[tuple[int, int], int]:
    """Return all counts by blob and encoding."""
    return {(blob, encoding): tokens for blob, encoding, tokens in db.all("SELECT * FROM token")}


def all_configs(db: Database) -> list[tuple[int, bytes, str]]:
    """Return all generation configs: number, hash, JSON."""
    return [(number, digest, data) for number, digest, data in db.all("SELECT id, hash, data FROM config")]


def all_refs(db: Database) -> dict[tuple[int, str], int]:
    """Return all refs of all tracts."""
    return {(tract, name): commit for tract, name, commit in db.all('SELECT tract, name, "commit" FROM ref')}


def all_moves(db: Database) -> list[Move]:
    """Return all moves of all refs, in the order in which they were made."""
    return [Move(*row) for row in db.all("SELECT tract, ref, old, new FROM op_ref ORDER BY op")]


def all_tracts(db: Database) -> list[TractRow]:
    """Return all tracts."""
    return tracts(db)
