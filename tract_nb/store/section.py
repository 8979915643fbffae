"""Sections: what happens under the lock of a database, whole and without interruption."""

from __future__ import annotations

import sqlite3
from types import TracebackType
from typing import TYPE_CHECKING

from tract_nb.errors import StoreError
from tract_nb.store.explain import explained
from tract_nb.store.interrupts import deferred

if TYPE_CHECKING:
    from tract_nb.store.database import Database

ROLLBACK = "ROLLBACK"


class Section:
    """The lock and a transaction (or none), from enter to exit; inside another one, a part of it.

    An interrupt is heard when it is left, so it leaves nothing half done (see
    :mod:`tract_nb.store.interrupts`).
    """

    __slots__ = ("_before", "_begin", "_db", "_nested", "_on_error", "_outer", "committed")

    def __init__(self, db: Database, begin: str | None, on_error: str) -> None:
        self._db = db
        self._begin = begin
        self._on_error = on_error
        self._outer = False
        self._nested = False
        self._before = 0  # rows ever changed by this connection, when it began
        self.committed = False  # whether what was written is there to stay

    def __enter__(self) -> None:
        db = self._db
        deferred.enter()
        try:
            db.check_process()
            db.take()
            try:
                self._start()
            except BaseException:  # also an interrupt: the lock must not stay taken
                if self._outer and db.in_transaction():
                    db.connection.rollback()
                db.lock.release()
                raise
            db.news.depth += 1
        except sqlite3.Error as error:
            deferred.leave()
            raise explained(error, db.name, db.path) from error
        except BaseException:  # what was entered is left, whatever rises
            deferred.leave()
            raise

    def _start(self) -> None:
        db = self._db
        if self._begin is None:
            return
        if not db.in_transaction():
            self._outer = True
            db.execute(self._begin)
            self._before = db.connection.total_changes
        elif self._on_error == ROLLBACK:  # a write inside another handle's batch
            db.execute("SAVEPOINT section")
            self._nested = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        db = self._db
        try:
            if self._outer or self._nested:
                self._end(failed=kind is not None)
            if isinstance(error, sqlite3.Error):
                raise explained(error, db.name, db.path) from error
        finally:
            to_tell = db.news.take()
            db.lock.release()
            try:
                deferred.leave()
            finally:
                if to_tell:
                    db.news.tell()

    def _end(self, *, failed: bool) -> None:
        db = self._db
        if failed and self._on_error == ROLLBACK:
            db.rollbacks += 1
        try:
            if db.in_transaction():
                for statement in self._ending(failed=failed):
                    db.execute(statement)
                self.committed = not failed
                if self.committed and self._outer and db.connection.total_changes != self._before:
                    db.news.fresh = True
            elif not failed:
                raise gone(db.name)
        except sqlite3.Error as error:
            db.rollbacks += 1
            # a COMMIT or RELEASE that failed leaves all of it open
            if db.in_transaction() and not (self._nested and self._taken_back()):
                db.connection.rollback()
            raise explained(error, db.name, db.path) from error

    def _taken_back(self) -> bool:
        """Take back a part alone; tell whether that worked."""
        try:
            for statement in self._ending(failed=True):
                self._db.execute(statement)
        except sqlite3.Error:
            return False
        return True

    def _ending(self, *, failed: bool) -> tuple[str, ...]:
        if self._nested:
            return ("ROLLBACK TO section", "RELEASE section") if failed else ("RELEASE section",)
        return (self._on_error,) if failed else ("COMMIT",)


def gone(name: str) -> StoreError:
    """Return the error for a transaction that SQLite itself has rolled back, as for a full disk."""
    return StoreError(
        f"{name} failed earlier, and all of this was rolled back.", "Nothing of it was written; do it again."
    )
