"""Reading everything there is, for verify: each table whole, in the order of its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tract_nb.model.commit import Row
from tract_nb.store import schema, sql
from tract_nb.store.database import Database
from tract_nb.store.objects import Extra
from tract_nb.store.oplog import Move
from tract_nb.store.refs import TractRow, tracts
from tract_nb.store.sums import op_sum, row_sum


class StoredBlob(NamedTuple):
    """A blob as it lies in the store."""

    id: int
    hash: bytes
    codec: int
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


def missing_tables(db: Database) -> list[str]:
    """Return the tables that the file does not say it has."""
    there = {name for (name,) in db.all("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return sorted(schema.metadata.tables.keys() - there)


@contextmanager
def whatever_is_there(db: Database) -> Iterator[None]:
    """Read texts that are none any more too: what cannot be decoded differs from what was written."""
    db.connection.text_factory = lambda data: data.decode(errors="backslashreplace")
    try:
        yield
    finally:
        db.connection.text_factory = str


def beyond(db: Database) -> list[tuple[str, str]]:
    """Return the tables that hold a number which was never given, and that number."""
    found = []
    for table in ("commit", "op", "collected"):
        highest = db.one(f'SELECT max(id) FROM "{table}"')
        given = db.one("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,))
        if highest and highest[0] is not None and (given is None or highest[0] > given[0]):
            found.append((table, str(highest[0])))
    return found


def all_blobs(db: Database) -> Iterator[StoredBlob]:
    """Yield every blob."""
    return (
        StoredBlob(*row) for row in db.execute("SELECT id, hash, codec, size, data FROM blob ORDER BY id")
    )


def gone_texts(db: Database) -> dict[int, int]:
    """Return the texts that are said to be gone, by number, and why, as it lies in the store."""
    return dict(db.all("SELECT blob, why FROM collected WHERE blob IS NOT NULL"))


def all_commits(db: Database) -> Iterator[StoredCommit]:
    """Yield every commit, parents before their children."""
    targets: dict[int, list[bytes]] = {}
    for number, seq, target in db.execute('SELECT "commit", seq, target FROM target ORDER BY "commit", seq'):
        known = targets.setdefault(number, [])
        # a number that is out of turn spoils the list, and so the hash
        known.append(target if seq == len(known) else b"")
    width = len(sql.ROW)
    for row in db.execute(sql.EVERYTHING):
        yield StoredCommit(
            Row._make((*row[:width], tuple(targets.pop(row[0], ())))), Extra(*row[width:-1]), row[-1]
        )


def all_configs(db: Database) -> list[tuple[int, bytes, str]]:
    """Return all generation configs: number, hash, JSON."""
    return [(number, digest, data) for number, digest, data in db.all("SELECT id, hash, data FROM config")]


def all_config_keys(db: Database) -> dict[int, dict[str, tuple[Any, Any]]]:
    """Return the index of configs: by config, by key, the number and the text."""
    found: dict[int, dict[str, tuple[Any, Any]]] = {}
    for config, key, number, text in db.all("SELECT config, key, number, text FROM config_key"):
        found.setdefault(config, {})[key] = number, text
    return found


def lost(db: Database) -> list[tuple[str, str]]:
    """Return the tables whose rows name a commit, a text or a tract that is not there, and which."""
    found = []
    for table, column, other in (
        ("usage", "commit", "commit"),
        ("record", "commit", "commit"),
        ("target", "commit", "commit"),
        ("commit", "config", "config"),
        ("commit", "encoding", "encoding"),
        ("tract", "parent", "tract"),
        ("op", "tract", "tract"),
        ("ref", "tract", "tract"),
        ("review", "tract", "tract"),
    ):
        rows = db.all(
            f'SELECT DISTINCT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL '
            f'AND "{column}" NOT IN (SELECT id FROM "{other}") LIMIT 5'
        )
        found += [(table, f"{column} {value}") for (value,) in rows]
    return found


def changed_rows(db: Database) -> Iterator[tuple[str, str]]:
    """Yield the rows of the small tables that are not what was written: the table, and which."""
    for table in ("tract", "encoding", "usage", "record", "review"):
        for *row, checksum in db.execute(f"SELECT * FROM {table}"):
            if row_sum(*row) != checksum:
                yield table, str(row[0])


def changed_operations(db: Database) -> Iterator[str]:
    """Yield the numbers of operations that are not what was written, or whose moves are not."""
    moves: dict[int, list[tuple[Any, ...]]] = {}
    for number, *move in db.execute("SELECT op, tract, ref, old, new FROM op_ref"):
        moves.setdefault(number, []).append(tuple(move))
    for number, *row, checksum in db.execute("SELECT * FROM op"):
        if op_sum(number, tuple(row), moves.pop(number, [])) != checksum:
            yield str(number)
    yield from map(str, moves)  # of an operation that is not there


def all_refs(db: Database) -> dict[tuple[int, str], int]:
    """Return all refs of all tracts."""
    return {(tract, name): commit for tract, name, commit in db.all('SELECT tract, name, "commit" FROM ref')}


def all_moves(db: Database) -> list[Move]:
    """Return all moves of all refs, in the order in which they were made."""
    return [Move(*row) for row in db.all("SELECT tract, ref, old, new FROM op_ref ORDER BY op")]


def all_tracts(db: Database) -> list[TractRow]:
    """Return all tracts."""
    return tracts(db)
