"""Resolving a history: which units a context has, with which text and priority, and what shows.

A pure function of the rows in linear order. The rules are those of docs/design.md, "Semantics".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tract_nb.engine.tokens import message_size
from tract_nb.model.commit import Kind, Priority, Row


class Unit(NamedTuple):
    """A unit as it stands at one commit.

    ``text`` is the row whose blob holds its text: itself, or its last EDIT. ``call`` is the identity
    of the call that a result answers.
    """

    row: Row
    text: Row
    priority: Priority
    retired: bool = False  # a SUMMARY that was taken back
    covered: bool = False  # hidden by a SUMMARY
    skipped: bool = False

    @property
    def identity(self) -> bytes:
        return self.row.origin or self.row.hash

    @property
    def shown(self) -> bool:
        return not (self.skipped or self.covered or self.retired)

    @property
    def is_reasoning(self) -> bool:
        return self.row.type == "reasoning"

    @property
    def call(self) -> bytes | None:
        return self.row.targets[0] if self.row.is_result and self.row.targets else None

    @property
    def size(self) -> int:
        """What it adds to the context, in tokens."""
        if not self.shown or self.is_reasoning:
            return 0
        return message_size(self.text.tokens)


def born(row: Row) -> Unit:
    """Return a unit as it is when it is committed."""
    priority = Priority(Priority.NORMAL if row.priority is None else row.priority)
    return Unit(row, row, priority, skipped=priority is Priority.SKIP)


def resolve(rows: Iterable[Row]) -> list[Unit]:
    """Return the units of a history given in linear order, shown or not, in the order they stand in."""
    units: dict[bytes, Row] = {}
    texts: dict[bytes, Row] = {}
    marks: dict[bytes, int | None] = {}
    seen: set[bytes] = set()
    for row in rows:
        identity = row.origin or row.hash
        if identity in seen:
            continue  # a copy of what stands already
        seen.add(identity)
        if row.kind == Kind.EDIT:
            texts[row.targets[0]] = row
        elif row.kind == Kind.MARK:
            for target in row.targets:
                marks[target] = row.priority
        elif row.kind != Kind.MERGE:
            units[identity] = row
    priorities = {
        identity: _priority(row, marks.get(identity, row.priority)) for identity, row in units.items()
    }
    retired = {
        identity
        for identity, row in units.items()
        if row.kind == Kind.SUMMARY and identity in marks and marks[identity] is None
    }
    skipped = _skipped(units, priorities)
    covered = _covered(units, priorities, retired, skipped)
    return [
        Unit(
            units[identity],
            texts.get(identity, units[identity]),
            priorities[identity],
            identity in retired,
            identity in covered,
            identity in skipped,
        )
        for identity in _standing(units)
    ]


def _priority(row: Row, priority: int | None) -> Priority:
    """Return the effective priority; a retired summary keeps the one it was born with."""
    if priority is None:
        priority = Priority.NORMAL if row.priority is None else row.priority
    return Priority(priority)


def _skipped(units: Mapping[bytes, Row], priorities: Mapping[bytes, Priority]) -> set[bytes]:
    """Return what SKIP leaves out: a unit itself, and of a call its results too."""
    skipped = {identity for identity, priority in priorities.items() if priority == Priority.SKIP}
    if skipped:
        skipped |= {
            identity
            for identity, row in units.items()
            if row.is_result and row.targets and row.targets[0] in skipped
        }
    return skipped


def _covered(
    units: Mapping[bytes, Row],
    priorities: Mapping[bytes, Priority],
    retired: set[bytes],
    skipped: set[bytes],
) -> set[bytes]:
    """Return what summaries hide: nothing pinned, and a call with its results only all together."""
    covered = {
        target
        for identity, row in units.items()
        if row.kind == Kind.SUMMARY and identity not in retired
        for target in row.targets
        if target in units
    }
    if not covered:
        return covered
    covered = {identity for identity in covered if priorities[identity] != Priority.PINNED}
    groups: dict[bytes, list[bytes]] = {}
    for identity, row in units.items():
        if row.is_result and row.targets and row.targets[0] in units:
            groups.setdefault(row.targets[0], [row.targets[0]]).append(identity)
    for group in groups.values():
        # a skipped result is neither covered nor a gap: it keeps nothing in sight
        if not all(member in covered for member in group if member not in skipped):
            covered.difference_update(group)
    return covered


def _standing(units: Mapping[bytes, Row]) -> Iterator[bytes]:
    """Yield the units where they stand: a summary before the first of its targets that is here."""
    place = {identity: index for index, identity in enumerate(units)}
    before: dict[int, list[bytes]] = {}
    for identity, row in units.items():
        if row.kind == Kind.SUMMARY:
            first = min((place[target] for target in row.targets if target in place), default=place[identity])
            before.setdefault(first, []).append(identity)
    if not before:
        yield from units
        return
    for index, (identity, row) in enumerate(units.items()):
        # the outermost (latest) summary stands first, as what it stands for began there too
        yield from reversed(before.get(index, ()))
        if row.kind != Kind.SUMMARY:
            yield identity
