"""One open database: its connection, lock, pragmas and transactions."""

from __future__ import annotations

import itertools
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from tract_nb.errors import StoreError
from tract_nb.store.explain import BUSY_SECONDS, damaged, explained
from tract_nb.store.founding import check
from tract_nb.store.interrupts import deferred
from tract_nb.store.news import News
from tract_nb.store.section import Section

WAIT_SECONDS = 0.1  # how long it waits before it hears an interrupt
SYNCHRONOUS = {"normal": "NORMAL", "full": "FULL"}
_memory_names = itertools.count()


class Database:
    """A database file, or one in memory, under one re-entrant lock.

    Parameters
    ----------
    url : str, pathlib.Path or None
        A path, an SQLAlchemy URL of SQLite, or None: in memory.
    durability : {"normal", "full"}
        ``normal``: a crash of the program loses nothing; a power cut may lose the last verbs, never
        half of one. ``full``: not those either, at about four times the price of a commit.
    read_only : bool
        Open without writing anything, not even a schema.

    Raises
    ------
    StoreError
        If the file is no tract database, a newer one, or cannot be opened.
    """

    def __init__(
        self, url: str | Path | None = None, *, durability: str = "normal", read_only: bool = False
    ) -> None:
        if durability not in SYNCHRONOUS:
            raise StoreError(f"Unknown durability {durability!r}.", "It is 'normal' or 'full'.")
        self.path = locate(url)
        self.read_only = read_only
        self.lock = threading.RLock()
        self.has_wal = True
        self.rollbacks = 0  # after one, numbers are given again: what was kept by number is void
        self.collected: int | None = None  # the newest of what was taken away, when last looked
        self.news = News()
        self.closed = False
        self.notes: list[str] = []  # what its first handle has to tell
        self._synchronous = SYNCHRONOUS[durability]
        self._memory = f"file:tract-nb-{os.getpid()}-{next(_memory_names)}?mode=memory&cache=shared"
        # a database in memory lives as long as one connection does: this one is never used otherwise
        self._keeper = self.dial() if self.path is None else None
        self._engine = create_engine("sqlite://", creator=self.dial, poolclass=NullPool)
        self._connect()

    # -- the connection ---------------------------------------------------------------------------

    def dial(self) -> sqlite3.Connection:
        """Open another connection."""
        if self.path is None:
            address = self._memory
        else:
            mode = "ro" if self.read_only else "rwc"
            address = f"{self.path.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(
            address, uri=True, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )

    def _connect(self) -> None:
        """Open the one connection that every verb of this database uses, and check what it opens."""
        with self.translated():
            self._pooled = self._engine.raw_connection()
            connection = self._pooled.driver_connection
            assert isinstance(connection, sqlite3.Connection)
            self.connection = connection
            self._pid = os.getpid()
            weakref.finalize(self, _close, connection, self._keeper, self._pid)
            check(self)
            self._set_pragmas()

    def _set_pragmas(self) -> None:
        """Set what is not kept in the file, and WAL, which is.

        WAL comes after the tables: what a file is stands in its first page, which must not lie in
        the log alone while somebody has it open.
        """
        if self.path is not None and not self.read_only and self.one("PRAGMA journal_mode") != ("wal",):
            self.has_wal = self.one("PRAGMA journal_mode = WAL") == ("wal",)
        self.execute(f"PRAGMA synchronous = {self._synchronous}")
        self.execute("PRAGMA cache_size = -32000")  # KiB

    @property
    def name(self) -> str:
        """What a person calls it."""
        return "memory" if self.path is None else self.path.name

    def close(self) -> None:
        """Close the connection; a database in memory is gone."""
        with self.lock:
            self.closed = True
            _close(self.connection, self._keeper, self._pid)

    def copy_to(self, path: Path) -> Path:
        """Copy the whole database to a file that is not there yet."""
        if path.exists():
            raise StoreError(f"{path} is there already.", "Give the path of a new file.")
        with self.lock, self.translated():
            try:
                target = sqlite3.connect(path)
            except sqlite3.Error as error:
                raise StoreError(f"{path} cannot be made.", "Check that its folder is there.") from error
            try:
                self.connection.backup(target)
                target.execute("PRAGMA journal_mode = WAL")
            except BaseException:  # also an interrupt: half of a copy is none
                target.close()
                path.unlink(missing_ok=True)
                raise
            target.close()
        return path

    # -- statements -------------------------------------------------------------------------------

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        """Run a statement; wait for another process that holds a lock, some seconds."""
        try:
            return self.connection.execute(sql, parameters)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
        except UnicodeDecodeError as error:  # sqlite3 quotes the damaged schema in what it says
            raise self._no_text() from error
        return self._patiently(sql, parameters)

    def _patiently(self, sql: str, parameters: Any) -> sqlite3.Cursor:
        patience = time.monotonic() + BUSY_SECONDS
        while True:
            if not self.in_transaction():
                deferred.let()  # waiting is the one long thing here: an interrupt is heard meanwhile
            try:
                return self.connection.execute(sql, parameters)
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > patience:
                    raise

    def many(self, sql: str, rows: Any) -> None:
        self.connection.executemany(sql, rows)

    def one(self, sql: str, parameters: Any = ()) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self.execute(sql, parameters).fetchone()
        return row

    def next_number(self, table: str) -> int:
        """Return the number of the next row of a table that is not written often."""
        found = self.one(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")
        assert found is not None
        return int(found[0])

    def notice_collected(self, newest: int) -> None:
        """Let go of what was kept by number where something was taken away since, by whomever."""
        if newest != self.collected:
            if self.collected is not None:
                self.rollbacks += 1
            self.collected = newest

    def all(self, sql: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        return self.execute(sql, parameters).fetchall()

    # -- transactions -----------------------------------------------------------------------------

    def read(self) -> Section:
        """Hold the lock and see one state of the database over several statements."""
        return Section(self, "BEGIN", "COMMIT")

    def write(self) -> Section:
        """Hold the lock and the database's write lock; all or nothing, also as a part of another write."""
        if self.read_only:
            raise StoreError(f"{self.name} was opened read-only.", "Open it without read_only to write.")
        return Section(self, "BEGIN IMMEDIATE", "ROLLBACK")

    def hold(self) -> Section:
        """Hold the lock alone: for a verb that looks first, and then writes."""
        return Section(self, None, "")

    def take(self) -> None:
        """Take the lock of this process; hear an interrupt while waiting."""
        while not self.lock.acquire(timeout=WAIT_SECONDS):
            deferred.let()

    def check_process(self) -> None:
        """Open anew in a forked child: a connection must not cross a fork."""
        if self._pid == os.getpid():
            return
        if self.path is None:
            raise StoreError(
                "A tract in memory cannot be used in a forked process.", "Keep it in a file for that."
            )
        self.lock = threading.RLock()
        self.news = News()  # who listened did so in the parent
        self._connect()

    def in_transaction(self) -> bool:
        """Tell whether a transaction is open."""
        return self.connection.in_transaction

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn what sqlite3 raises into an error for a person."""
        try:
            yield
        except sqlite3.Error as error:
            raise explained(error, self.name, self.path) from error
        except DBAPIError as error:  # the same, in SQLAlchemy's wrapping
            if not isinstance(error.orig, sqlite3.Error):
                raise
            raise explained(error.orig, self.name, self.path) from error
        except UnicodeDecodeError as error:  # likewise
            raise self._no_text() from error

    def _no_text(self) -> StoreError:
        return damaged("its schema is no text", self.name, self.path)


def _close(connection: sqlite3.Connection, keeper: sqlite3.Connection | None, pid: int) -> None:
    if pid == os.getpid():  # a forked child must leave its parent's connection alone
        connection.close()
        if keeper is not None:
            keeper.close()


def locate(url: str | Path | None) -> Path | None:
    """Return the file that a path or an SQLAlchemy URL means; None for one in memory."""
    if url is None or str(url) == ":memory:":
        return None
    if not isinstance(url, str | os.PathLike):
        raise StoreError(f"{url!r} is no path and no URL.", "Give a path, or sqlite:///PATH.")
    if isinstance(url, os.PathLike) or "://" not in url:
        if not str(url):
            raise StoreError("An empty path names no file.", "Give a path, or nothing for one in memory.")
        return Path(url).expanduser()
    try:
        parsed: URL = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"{url!r} is no path and no URL.", "Give a path, or sqlite:///PATH.") from error
    if parsed.get_backend_name() != "sqlite":
        raise StoreError(
            f"A tract lives in SQLite, not in {parsed.get_backend_name()}.", "Give a path, or sqlite:///PATH."
        )
    return Path(parsed.database) if parsed.database not in (None, "", ":memory:") else None
