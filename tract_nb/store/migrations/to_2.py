"""Schema 2: checksums of the operation log and of the small tables; the commits alone hold their tokens."""

from __future__ import annotations

import sqlite3
from typing import Any
from zlib import crc32

from alembic.operations import Operations
from sqlalchemy import Column, Integer, text

COUNTS = "input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens"


def upgrade(op: Operations, database: sqlite3.Connection) -> None:
    op.drop_table("token")
    for table in ("tract", "record", "encoding", "usage", "op"):
        op.add_column(table, Column("checksum", Integer, nullable=False, server_default=text("0")))
    database.create_function("new_sum", -1, row_sum, deterministic=True)
    database.create_function("commit_sum", -1, commit_sum, deterministic=True)
    for table, columns in (
        ("tract", "id, name, open_branch, created_us, settings, parent, parent_commit"),
        ("record", 'key, "commit"'),
        ("encoding", "id, name"),
        ("usage", f'"commit", {COUNTS}, model, cost'),
    ):
        database.execute(f"UPDATE {table} SET checksum = new_sum({columns})")
    database.execute(
        'UPDATE "commit" SET checksum = commit_sum('
        "checksum, tokens, key, recorded_us, encoding, config, message, metadata)"
    )
    database.executemany("UPDATE op SET checksum = ? WHERE id = ?", op_sums(database))
    for name in ("new_sum", "commit_sum"):
        database.create_function(name, -1, None)


def row_sum(*values: Any) -> int:
    return crc32(repr(values).encode())


def commit_sum(before: Any, tokens: Any, *others: Any) -> Any:
    """Return the checksum with the tokens in it; one that did not hold before shall not hold now."""
    return row_sum(tokens, *others) if before == row_sum(*others) else before


def op_sums(database: sqlite3.Connection) -> list[tuple[int, int]]:
    moves: dict[int, list[tuple[Any, ...]]] = {}
    for number, *move in database.execute("SELECT op, tract, ref, old, new FROM op_ref ORDER BY op"):
        moves.setdefault(number, []).append(tuple(move))
    sums = []
    for number, *columns in database.execute(
        "SELECT id, tract, verb, args, actor, reason, at, undoes FROM op"
    ):
        listed = sorted(moves.get(number, ()), key=lambda move: repr(move[:2]))
        sums.append((row_sum(None if listed else number, tuple(columns), listed), number))
    return sums
