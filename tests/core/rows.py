"""Rows made by hand: histories that no verb writes yet."""

from __future__ import annotations

import hashlib

from tract_nb.model.commit import Kind, Row


def digest(name: str) -> bytes:
    """Return the hash that a row of this name has."""
    return hashlib.sha256(name.encode()).digest()


def row(
    number: int,
    name: str,
    kind: Kind = Kind.APPEND,
    *,
    parents: tuple[int, ...] = (),
    targets: tuple[str, ...] = (),
    origin: str | None = None,
    priority: int | None = 1,
    type: str | None = "dialogue",
    role: str | None = "user",
    tokens: int = 1,
) -> Row:
    """Return a commit; ``targets`` and ``origin`` are given by name."""
    return Row(
        id=number,
        hash=digest(name),
        kind=kind,
        parent1=parents[0] if parents else None,
        parent2=parents[1] if len(parents) > 1 else None,
        origin=None if origin is None else digest(origin),
        author_us=number,
        priority=priority,
        type=type,
        role=role,
        name=None,
        call_id=None,
        blob=number,
        tokens=tokens,
        context=0,
        key=None,
        targets=tuple(digest(target) for target in targets),
    )


def unit(number: int, name: str, **fields: object) -> Row:
    return row(number, name, Kind.APPEND, **fields)  # type: ignore[arg-type]


def call(number: int, name: str, **fields: object) -> Row:
    return row(number, name, type="tool_io", role="assistant", **fields)  # type: ignore[arg-type]


def result(number: int, name: str, of: str, **fields: object) -> Row:
    return row(number, name, type="tool_io", role="tool", targets=(of,), **fields)  # type: ignore[arg-type]


def summary(number: int, name: str, *targets: str, **fields: object) -> Row:
    return row(number, name, Kind.SUMMARY, targets=targets, **fields)  # type: ignore[arg-type]


def edit(number: int, name: str, target: str, **fields: object) -> Row:
    return row(number, name, Kind.EDIT, targets=(target,), priority=None, **fields)  # type: ignore[arg-type]


def mark(number: int, name: str, priority: int | None, *targets: str, **fields: object) -> Row:
    return row(number, name, Kind.MARK, targets=targets, priority=priority, type=None, role=None, **fields)  # type: ignore[arg-type]
