"""upgrade: make the present schema of an older one, in one transaction, after a copy of the file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from tract_nb.store import schema

if TYPE_CHECKING:
    from tract_nb.store.database import Database

#: how the name of a copy ends; a folder's databases are looked for without them
BACKUP = ".backup"


def upgrade(db: Database) -> Path | None:
    """Bring a database of an older schema to the present one; return the copy of the file as it was.

    The driver commits no statement by itself (``isolation_level=None``), so all of it is one transaction: a
    process that is killed in it leaves the old database. None where another process was quicker.
    """
    # alembic works on a connection of SQLAlchemy's: here on our own, which it neither resets nor closes
    engine = create_engine(
        "sqlite://", creator=lambda: db.connection, poolclass=StaticPool, pool_reset_on_return=None
    )
    copy: Path | None = None
    section = db.write()
    with engine.connect() as connection:  # left last: it would roll back what is still open
        try:
            with section:
                before = version_of(db)
                if before >= schema.VERSION:
                    return None
                copy = keep_copy(db, before)
                # heavy, and only needed here
                from alembic.migration import MigrationContext
                from alembic.operations import Operations

                operations = Operations(MigrationContext.configure(connection))
                for version in range(before + 1, schema.VERSION + 1):
                    module = import_module(f"tract_nb.store.migrations.to_{version}")
                    module.upgrade(operations, db.connection)
                db.execute(f"PRAGMA user_version = {schema.VERSION}")
        except BaseException:  # also an interrupt: the file is as it was, so the copy is none
            if copy is not None and not section.committed:
                copy.unlink(missing_ok=True)
            raise
    return copy


def keep_copy(db: Database, version: int) -> Path:
    """Copy a file beside itself, whole or not at all, under a name that is free."""
    assert db.path is not None
    numbers = ("" if number == 1 else f"-{number}" for number in count(1))
    paths = (db.path.with_name(f"{db.path.name}.schema{version}{number}{BACKUP}") for number in numbers)
    path = next(path for path in paths if not path.exists())
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)  # of an upgrade that was killed
    # by a connection of its own: SQLite copies nothing for one that is about to write
    try:
        with closing(db.dial()) as source, closing(sqlite3.connect(part)) as target:
            source.backup(target)
        return part.replace(path)
    except BaseException:  # also an interrupt: half of a copy is none
        part.unlink(missing_ok=True)
        raise


def version_of(db: Database) -> int:
    """Return the number of its schema; 0 where nothing was written yet."""
    return int((db.one("PRAGMA user_version") or (0,))[0])
