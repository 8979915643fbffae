"""rescue: what can still be read of a damaged database, as JSON lines."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from tract_nb.errors import StoreError
from tract_nb.model.commit import Kind, Priority, from_us

BYTES_OF_A_COMMIT = 60  # no row is smaller, so a file has at most this many commits


def rescue(path: Path) -> Iterator[dict[str, Any]]:
    """Yield every commit that can be read, by its number, each on its own.

    Nothing is written to the file, and no table but that of the commits is needed; of a commit whose
    text cannot be read, the rest is given.

    Raises
    ------
    StoreError
        If there is no such file, or no page of it can be read as a database.
    """
    if not path.is_file():
        raise StoreError(f"There is no file {path}.", "Give the path of the damaged database.")
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    connection.text_factory = lambda data: data.decode(errors="replace")
    try:
        for number in _numbers(connection, path):
            found = _one(connection, number)
            if found is not None:
                yield found
    finally:
        connection.close()


def _numbers(connection: sqlite3.Connection, path: Path) -> Iterable[int]:
    """Return the numbers of commits; where the table cannot be read whole, all that it could hold."""
    try:
        return [number for (number,) in connection.execute('SELECT id FROM "commit" ORDER BY id')]
    except sqlite3.DatabaseError:
        pass  # a page of it is damaged: each number is tried on its own
    try:
        connection.execute('SELECT 1 FROM "commit" LIMIT 0')
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"Nothing of {path.name} can be read as a tract database ({error}).", "Look for a backup."
        ) from error
    return range(1, path.stat().st_size // BYTES_OF_A_COMMIT + 2)


COLUMNS = ("hash", "kind", "parent1", "parent2", "author_us", "priority", "type", "role", "message", "blob")


def _one(connection: sqlite3.Connection, number: int) -> dict[str, Any] | None:
    """Return one commit; None where it is not there or its row cannot be read."""
    try:
        row = connection.execute(
            f'SELECT {", ".join(COLUMNS)} FROM "commit" WHERE id = ?', (number,)
        ).fetchone()
    except sqlite3.DatabaseError:
        return None
    if row is None:
        return None
    columns = dict(zip(COLUMNS, row, strict=True))
    return {
        "number": number,
        "hash": _sense(columns["hash"], bytes.hex),
        "kind": _sense(columns["kind"], lambda value: Kind(value).name),
        "parents": [parent for parent in (columns["parent1"], columns["parent2"]) if parent],
        "time": _sense(columns["author_us"], lambda value: from_us(value).isoformat()),
        "priority": _sense(columns["priority"], lambda value: Priority(value).name),
        "type": columns["type"],
        "role": columns["role"],
        "message": columns["message"],
        "content": _content(connection, columns["blob"]),
    }


def _sense(value: Any, read: Callable[[Any], str]) -> Any:
    """Return what a column says; what makes no sense stands as it is, since the rest is worth having."""
    if value is None:
        return None
    try:
        return read(value)
    except (AttributeError, ValueError, OverflowError, TypeError):
        return repr(value)


def _content(connection: sqlite3.Connection, blob: int | None) -> Any:
    """Return a commit's payload; None where it has none or it cannot be read."""
    if blob is None:
        return None
    try:
        found = connection.execute("SELECT data FROM blob WHERE id = ?", (blob,)).fetchone()
        return orjson.loads(found[0]) if found else None
    except (sqlite3.Error, orjson.JSONDecodeError, TypeError, OverflowError):
        return None
