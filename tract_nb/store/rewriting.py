"""Writing a file anew, so that nothing of what was deleted is left in it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tract_nb.errors import StoreError
from tract_nb.model.collection import Room
from tract_nb.store import reviews
from tract_nb.store.collected import GONE
from tract_nb.store.database import WAIT_SECONDS, Database
from tract_nb.store.upgrade import BACKUP

PATIENCE = 3.0  # seconds that readers of the old pages are waited for


def rewrite(db: Database) -> tuple[Room, bool]:
    """Write the whole file anew and empty its log; return what it took, and whether nobody held the log.

    Where somebody still reads an older state, the log keeps what was until the next time.

    Raises
    ------
    StoreError
        If it was opened read-only, or a batch is open on it.
    """
    if db.read_only:
        raise StoreError(f"{db.name} was opened read-only.", "Open it without read_only to write.")
    with db.hold():
        if db.in_transaction():
            raise StoreError(f"A batch is open on {db.name}.", "Leave it first.")
        before = size(db)
        db.execute("PRAGMA secure_delete = ON")  # what is freed from now on is overwritten
        db.execute("VACUUM")
        clean = _emptied(db)
        return Room(before, size(db)), clean


def _emptied(db: Database) -> bool:
    """Empty the log; tell whether it is empty."""
    patience = time.monotonic() + PATIENCE
    while True:
        busy = db.one("PRAGMA wal_checkpoint(TRUNCATE)")
        if not busy or not busy[0]:
            return True
        if time.monotonic() > patience:
            return False
        time.sleep(WAIT_SECONDS)


def size(db: Database) -> int:
    """Return the bytes of the file and of its log; in memory, of its pages."""
    if db.path is None:
        pages, each = db.one("PRAGMA page_count"), db.one("PRAGMA page_size")
        assert pages is not None
        assert each is not None
        return int(pages[0] * each[0])
    files = (db.path, db.path.with_name(f"{db.path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def copies(db: Database) -> Iterator[Path]:
    """Yield the copies that upgrades have left beside a file."""
    if db.path is not None:
        yield from sorted(db.path.parent.glob(f"{glob_escaped(db.path.name)}.*{BACKUP}"))


def glob_escaped(name: str) -> str:
    """Return a name as a pattern that only it fits."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)


def forget_in(copy: Path, digest: bytes, left: bytes, text: str | None) -> bool:
    """Let other bytes stand for a text in a copy, and write it anew; tell whether it had the text.

    Parameters
    ----------
    copy : Path
        A database of this or an older version.
    digest, left : bytes
        The hash of the text, and what is left of it.
    text : str, optional
        How it reads, to find it in reviews; None where it was forgotten before.
    """
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        changed = connection.execute(
            "UPDATE blob SET codec = ?, data = ? WHERE hash = ? AND codec <> ?", (GONE, left, digest, GONE)
        ).rowcount
        if text and connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'review'").fetchone():
            changed += len(reviews.take_text(connection.execute, text))
        # also where it had been done: it may have been broken off before the next line
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return changed > 0
