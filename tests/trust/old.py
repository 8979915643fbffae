"""Databases as earlier schemas wrote them, as text: what a migration is tried on.

``python -m tests.trust.old`` writes one of the present schema, before it is changed: every row, and what it
said then.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.core.helpers import frozen
from tests.trust.helpers import rich
from tract_nb import Session, Tract
from tract_nb.store import schema

FOLDER = Path(__file__).parent / "old"


def dump_of(version: int) -> Path:
    """Return the file that holds the rows of a database of a schema."""
    return FOLDER / f"schema_{version}.sql"


def said_by(version: int) -> dict[str, Any]:
    """Return what that database said when it was written."""
    said: dict[str, Any] = json.loads(dump_of(version).with_suffix(".json").read_text(encoding="utf-8"))
    return said


def versions() -> list[int]:
    """Return the schemas of which there is a database."""
    return sorted(int(path.stem.rpartition("_")[2]) for path in FOLDER.glob("schema_*.sql"))


def make(version: int, path: Path) -> Path:
    """Make that database; return its path."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump_of(version).read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
    return path


def make_large(version: int, path: Path, like: Path) -> Path:
    """Make a database of an earlier schema that holds the rows of one of the present schema.

    Its checksums are those of the present: an upgrade makes no sound one of what it does not know.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(dump_of(version).read_text(encoding="utf-8"))
        connection.execute("ATTACH ? AS present", (str(like),))
        tables = connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            both = [columns(connection, place, table) for place in ("main", "present")]
            shared = ", ".join(f'"{name}"' for name in both[0] if name in both[1])
            connection.execute(f'DELETE FROM main."{table}"')  # noqa: S608  names of our own
            if shared:
                connection.execute(
                    f'INSERT INTO main."{table}" ({shared}) SELECT {shared} FROM present."{table}"'  # noqa: S608
                )
        connection.execute("DETACH present")
        connection.execute("PRAGMA journal_mode = WAL")
    return path


def columns(connection: sqlite3.Connection, place: str, table: str) -> list[str]:
    """Return the columns of a table of one of two databases."""
    return [row[1] for row in connection.execute(f'PRAGMA {place}.table_info("{table}")')]


def shape(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return the tables and indexes of a database: columns, keys, and what is kept without a row number."""
    found: dict[str, Any] = {}
    for kind, name, sql in connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name"
    ).fetchall():
        words = " ".join(sql.split())
        found[name] = (
            "".join(sql.split())  # a new file's SQL has no white space that it can do without
            if kind == "index"
            else (
                connection.execute(f'PRAGMA table_xinfo("{name}")').fetchall(),
                "WITHOUT ROWID" in words,
                "AUTOINCREMENT" in words,
            )
        )
    return found


def shape_of(path: Path) -> dict[str, Any]:
    """Return the tables of a file; nothing is written to it."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return shape(connection)


def said(path: Path) -> dict[str, Any]:
    """Return what a database says: of each branch its head, what compiles and its log; all operations."""
    told: dict[str, Any] = {}
    with Session(path) as session:
        for name in [row[0] for row in session.tracts()]:
            tract = session.tract(name)
            told[name] = {
                "operations": [[str(value) for value in row] for row in tract.operations()],
                "tags": [[str(value) for value in row] for row in tract.tags()],
                "branches": {row[0]: said_at(tract, row[0]) for row in tract.branches()},
            }
    return told


def said_at(tract: Tract, branch: str) -> dict[str, Any]:
    """Return what one branch says."""
    if not tract.log(1, branch=branch):
        return {"log": []}
    context = tract.compile(branch)
    return {
        "log": [[str(value) for value in row] for row in tract.log(branch=branch, all=True)],
        "tokens": context.token_count,
        "compiles to": context.to_dicts(),
    }


def write() -> None:
    """Write a database of the present schema."""
    FOLDER.mkdir(exist_ok=True)
    out = dump_of(schema.VERSION)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "work.db"
        with Tract.open(path, clock=frozen) as tract:
            rich(tract)
        with closing(sqlite3.connect(path)) as connection:
            pragmas = [
                f"PRAGMA {name} = {connection.execute(f'PRAGMA {name}').fetchone()[0]};"
                for name in ("application_id", "user_version")
            ]
            lines = [*connection.iterdump(), *pragmas]
        out.write_text("\n".join(lines) + "\n", encoding="utf-8")
        text = json.dumps(said(path), indent=1, ensure_ascii=False)
        out.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
