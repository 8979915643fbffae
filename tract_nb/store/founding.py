"""founding: whose file it is that was opened, and its tables: made, upgraded, or refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy.schema import CreateIndex, CreateTable

from tract_nb.errors import StoreError
from tract_nb.store import schema
from tract_nb.store.explain import damaged
from tract_nb.store.sql import DIALECT
from tract_nb.store.upgrade import upgrade, version_of

if TYPE_CHECKING:
    from tract_nb.store.database import Database

PAGE_BYTES = 4096  # what a commit changes is written by pages: larger ones cost it more than they save


def check(db: Database) -> None:
    """Create the tables in an empty file; refuse one that is not ours or newer than we are."""
    version, application = identity(db)
    if version == 0 and application == 0:
        # another process may have made the tables between the two looks
        if db.one("SELECT 1 FROM sqlite_master LIMIT 1") and identity(db) == (0, 0):
            raise StoreError(f"{db.name} is a database, but not of tract_nb.", "Give the path of a new file.")
        if db.read_only:
            raise StoreError(f"{db.name} holds no tract yet.", "Open it once without read_only.")
        if identity(db) == (0, 0):
            _create(db)
        version, application = identity(db)
    if application != schema.APPLICATION_ID:
        raise StoreError(f"{db.name} is a database, but not of tract_nb.", "Give the path of a new file.")
    _check_size(db)
    if version < schema.VERSION:
        _upgrade(db, version)
        version = version_of(db)
    if version > schema.VERSION:
        raise StoreError(
            f"{db.name} was written by a newer tract_nb: it has schema {version}.",
            f"Upgrade tract_nb to open it (this one reads {schema.VERSION}); nothing was changed.",
        )


def _upgrade(db: Database, version: int) -> None:
    """Bring an older file to the present schema, and say where the file as it was lies."""
    if version < 1:
        raise damaged(f"its schema is {version}", db.name, db.path)
    if db.read_only:
        raise StoreError(
            f"{db.name} has schema {version}; this tract_nb reads {schema.VERSION}.",
            "Open it once without read_only: that upgrades it, after a copy of it was made.",
        )
    copy = upgrade(db)
    if copy is not None:
        db.notes.append(
            f"{db.name} was upgraded from schema {version} to {schema.VERSION}; as it was, it lies in {copy}."
        )


def _check_size(db: Database) -> None:
    """Refuse a file that ends within a page: SQLite would read zeros for what is missing."""
    if db.path is None:
        return
    log = db.path.with_name(f"{db.path.name}-wal")
    if log.exists() and log.stat().st_size:
        return  # pages are being written, or will be when the log is read
    page_bytes = (db.one("PRAGMA page_size") or (PAGE_BYTES,))[0]
    if db.path.stat().st_size % page_bytes:
        raise damaged("it ends within a page", db.name, db.path)


def identity(db: Database) -> tuple[Any, ...]:
    """Return the number of a file's schema, and whose file it is."""
    # by one statement: between two, another process may make the tables
    found = db.one("SELECT user_version, application_id FROM pragma_user_version, pragma_application_id")
    return found or (0, 0)


def _create(db: Database) -> None:
    db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    with db.write():
        if identity(db) != (0, 0):
            return  # another process was quicker
        for table in schema.metadata.sorted_tables:
            db.execute(_in_one_line(CreateTable(table)))
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                db.execute(_in_one_line(CreateIndex(index)))
        db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {schema.VERSION}")


def _in_one_line(statement: CreateTable | CreateIndex) -> str:
    """Return the SQL without white space it can do without: all of the schema fits the file's first page."""
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(str(statement.compile(dialect=DIALECT)).split()))
