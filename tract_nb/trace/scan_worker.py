"""Reads sessions for :func:`tract_nb.trace.scan`: paths come in, a line of rows for each goes out."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import orjson

from tract_nb.errors import TraceError, UnknownFormatError
from tract_nb.trace.json_lines import storable
from tract_nb.trace.reading import read
from tract_nb.trace.registry import recognise
from tract_nb.trace.rows import SessionTable, session_row


def rows_of(path: str) -> list[list[Any]]:
    """Return the rows of a file: one for each session in it, none where it is no session of its own.

    A file that looks like a session and cannot be read gives a row that says why.
    """
    try:
        found, _ = recognise(Path(path))
        parts = found.parts(Path(path)) if found.parts is not None else []
    except UnknownFormatError:
        return []
    except TraceError as refused:
        return [_error(path, "", refused)]
    rows = []
    for name in [f"{path}#{part}" for part in parts] if len(parts) > 1 else [path]:
        try:
            tr = read(name)
            if "agent" not in tr.metadata:  # a subagent's own file, which comes with its session
                rows.append([*map(_storable, session_row(tr, name)), None])
        except TraceError as refused:
            rows.append(_error(name, found.name, refused))
    return rows


def _storable(value: Any) -> Any:
    return storable(value) if type(value) is str else value


def _error(path: str, kind: str, refused: TraceError) -> list[Any]:
    """Return the row of what cannot be read."""
    size = Path(path).stat().st_size if Path(path).exists() else 0
    empty = {"float64": None, "int64": 0}
    row = [empty.get(column.dtype) for column in SessionTable.columns]
    names = [column.name for column in SessionTable.columns]
    row[names.index("session")] = ""  # type: ignore[call-overload]
    row[names.index("format")] = kind  # type: ignore[call-overload]
    row[names.index("size")] = size
    row[names.index("path")] = path  # type: ignore[call-overload]
    return [*map(_storable, row), _storable(f"{refused.message} {refused.hint}".strip())]


def main() -> None:
    """Read what is asked for."""
    for name in orjson.loads(sys.stdin.buffer.read()):
        path = os.fsdecode(bytes.fromhex(name))
        sys.stdout.buffer.write(orjson.dumps([name, rows_of(path)], default=str) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
