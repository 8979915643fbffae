"""Schema 3: what was collected or forgotten."""

from __future__ import annotations

import sqlite3

from alembic.operations import Operations
from sqlalchemy import Column, Integer, text


def upgrade(op: Operations, database: sqlite3.Connection) -> None:  # noqa: ARG001  no row is written
    op.create_table(
        "collected",
        Column("id", Integer, primary_key=True),
        Column("at", Integer, nullable=False),
        Column("why", Integer, nullable=False),
        Column("first", Integer),
        Column("last", Integer),
        Column("blob", Integer),
        Column("checksum", Integer, nullable=False, server_default=text("0")),
        sqlite_autoincrement=True,
    )
