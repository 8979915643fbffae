"""Presenting: rows of the store as the commits and listings a person sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from tract_nb.engine.resolve import Unit
from tract_nb.model.commit import HASH_TAKEN, Commit, Kind, Priority, Row, from_us, preview
from tract_nb.model.content import Content, Stored, ToolIO, from_payload
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects
from tract_nb.store.objects import Details

#: arguments of coding agents' tools that say what a call is about, the most telling first
TELLING = (
    "command",
    "file_path",
    "path",
    "notebook_path",
    "pattern",
    "query",
    "url",
    "description",
    "prompt",
)

#: finds a unit by its identity
Find = Callable[[bytes], Unit | None]


def contents(ws: Workspace, rows: Sequence[Row]) -> dict[int, Content]:
    """Return the contents of commits by blob number, in one query."""
    stored = objects.blobs(ws.db, {row.blob for row in rows if row.blob is not None})
    return {number: from_payload(orjson.loads(data)) for number, data in stored.items()}


def joined(ws: Workspace, rows: Sequence[Row]) -> dict[int, str]:
    """Return what the MERGEs among commits say they joined, by number; one query where there is any."""
    merges = [row.id for row in rows if row.kind == Kind.MERGE]
    found = objects.details(ws.db, merges) if merges else {}
    return {number: one.message for number, one in found.items() if one.message}


def commits(ws: Workspace, rows: Sequence[Row]) -> list[Commit]:
    """Return commits with their contents and what hangs on them, in two queries."""
    found = contents(ws, rows)
    details = objects.details(ws.db, [row.id for row in rows])
    return [
        commit_of(ws, row, found.get(row.blob) if row.blob is not None else None, details[row.id])
        for row in rows
    ]


def written(ws: Workspace, row: Row) -> Commit:
    """Return a commit that a verb has just returned; one it has just written is not read again."""
    last = ws.written  # once: another thread may write meanwhile
    if last is not None and last.number == row.id:
        return commit_of(ws, row, last.content, last.details)
    with ws.db.read():
        return commits(ws, [row])[0]


def commit_of(ws: Workspace, row: Row, content: Content | None, details: Details) -> Commit:
    """Return a commit as a person sees it."""
    return Commit(
        hash=row.hash.hex(),
        kind=Kind(row.kind),
        content=_as_registered(ws, content),
        text=content.unit_text if content else "",
        type=row.type,
        role=row.role,
        tokens=row.tokens,
        time=from_us(row.author_us),
        priority=None if row.priority is None else Priority(row.priority),
        # lists: a generator costs more than what it would yield here
        parents=tuple([ws.row(number).hash.hex() for number in (row.parent1, row.parent2) if number]),
        targets=tuple([target.hex() for target in row.targets]),
        message=details.message,
        key=row.key,
        metadata=details.metadata,
        generation_config=details.generation_config,
        origin=row.origin.hex() if row.origin else None,
    )


def _as_registered(ws: Workspace, content: Content | None) -> Any:
    """Return a content of a registered type as the caller's own model, all others as they are."""
    custom = ws.types.get(content.unit_type) if isinstance(content, Stored) else None
    return custom.read(content) if custom and isinstance(content, Stored) else content


def log_row(
    row: Row, branch: str | None, contents: Mapping[int, Content], find: Find, joins: Mapping[int, str]
) -> tuple[object, ...]:
    """Return a commit as a row of a :class:`~tract_nb.model.listing.Log`."""
    unit = find(row.identity) if row.is_unit else None
    return (
        row.hash.hex()[:HASH_TAKEN],
        from_us(row.author_us),
        branch,
        Kind(row.kind).name.lower(),
        row.type,
        row.role,
        row.tokens,
        unit.priority.name if unit else None,
        preview(says(row, contents, find, joins)),
    )


def says(
    row: Row, contents: Mapping[int, Content], find: Find, joins: Mapping[int, str] | None = None
) -> str:
    """Return what a commit says in a list."""
    content = contents.get(row.blob) if row.blob is not None else None
    text = content.unit_text if content else ""
    if isinstance(content, ToolIO) and isinstance(content.arguments, dict):
        return headline(content.arguments) or text
    if row.kind == Kind.SUMMARY:
        covered = [unit for target in row.targets if (unit := find(target)) is not None]
        tokens = sum(unit.text.tokens for unit in covered)
        before = f" {short(tokens)}" if covered else ""
        return f"▸ {len(row.targets)} commits{before} → {short(row.tokens)}: {text}"
    if row.kind == Kind.EDIT:
        return f"of {row.targets[0].hex()[:8]}: {text}"
    if row.kind == Kind.MARK:
        to = "restored" if row.priority is None else Priority(row.priority).name
        return f"{to}: {', '.join(target.hex()[:8] for target in row.targets[:6])}"
    return (joins or {}).get(row.id, text)


def headline(arguments: Mapping[str, Any]) -> str:
    """Return what a call is about: the argument that says it best, else the first text there is."""
    for name in (*TELLING, *arguments):
        value = arguments.get(name)
        if isinstance(value, str) and value.strip():
            return value
    return ""


def short(tokens: int) -> str:
    """Return a count in at most five characters: 999, 15.2k, 1.2M."""
    for limit, unit in ((1_000_000, "M"), (1_000, "k")):
        if tokens >= limit:
            return f"{tokens / limit:.1f}{unit}"
    return str(tokens)
