"""Schema 4: a table for reviews, what a merge or rebase asks before it is done."""

from __future__ import annotations

import sqlite3

from alembic.operations import Operations
from sqlalchemy import BLOB, Column, Integer, Text, text


def upgrade(op: Operations, _: sqlite3.Connection) -> None:
    op.create_table(
        "review",
        Column("id", Integer, primary_key=True),
        *(Column(name, kind, nullable=False) for name, kind in COLUMNS.items()),
        Column("checksum", Integer, nullable=False, server_default=text("0")),
    )


COLUMNS = {
    "tract": Integer,
    "branch": Text,
    "verb": Text,
    "source": BLOB,
    "args": Text,
    "answers": Text,
    "proposals": Text,
    "state": Text,
    "actor": Text,
    "at": Integer,
}
