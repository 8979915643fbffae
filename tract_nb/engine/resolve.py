"""Resolving a history: which units a context has, with which text and priority, and what shows.

A pure function of the rows in linear order. The rules are those of docs/design.md, "Semantics".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
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
    def call(self) -> bytes | None:
        return self.row.targets[0] if self.row.is_result and self.row.targets else None

    @property
    def size(self) -> int:
        """What it adds to the context, in tokens."""
        if not self.shown or self.row.type == "reasoning":
            return 0
        return message_size(self.text.tokens)


@dataclass(frozen=True)
class Resolved:
    """A history, resolved: every unit in the order in which the context shows them.

    Parameters
    ----------
    rows : tuple of Row
        The history in linear order.
    units : tuple of Unit
        All units, shown or not.
    size : int
        Tokens of what is shown, messages' overhead included.
    """

    rows: tuple[Row, ...]
    units: tuple[Unit, ...]
    size: int

    @cached_property
    def by_identity(self) -> Mapping[bytes, Unit]:
        return {unit.identity: unit for unit in self.units}

    @cached_property
    def identities(self) -> frozenset[bytes]:
        """The identities of all commits of the history."""
        return frozenset(row.identity for row in self.rows)

    @property
    def shown(self) -> Iterator[Unit]:
        return (unit for unit in self.units if unit.shown)

    def plus(self, row: Row) -> Resolved:
        """Return the history with one commit more, a child of the last one."""
        if row.kind == Kind.APPEND and row.origin is None and not row.is_result:
            unit = born(row)  # nothing before it changes
            return Resolved((*self.rows, row), (*self.units, unit), self.size + unit.size)
        return resolve((*self.rows, row))

    def call_of(self, call_id: str) -> Unit | None:
        """Return the call that a result with this id answers.

        The first unanswered one with the id in the newest run (consecutive turns of the assistant)
        that has one, else the last with the id.
        """
        answered: set[bytes] = set()
        last: Unit | None = None
        found: Unit | None = None
        for unit in reversed(self.units):
            if found is not None and unit.row.role != "assistant":
                break
            if unit.call is not None:
                answered.add(unit.call)
            elif unit.row.is_call and unit.row.call_id == call_id:
                last = last or unit
                if unit.identity not in answered:
                    found = unit  # an earlier one of the same run comes before it
        return found or last


def born(row: Row) -> Unit:
    """Return a unit as it is when it is committed."""
    priority = Priority(Priority.NORMAL if row.priority is None else row.priority)
    return Unit(row, row, priority, skipped=priority is Priority.SKIP)


def resolve(rows: Iterable[Row]) -> Resolved:
    """Resolve a history given in linear order."""
    rows = tuple(rows)
    units: dict[bytes, Row] = {}
    texts: dict[bytes, Row] = {}
    marks: dict[bytes, int | None] = {}
    seen: set[bytes] = set()
    for row in rows:
        identity = row.identity
        if identity in seen:
            continue  # a copy of what stands already
        seen.add(identity)
        if row.is_unit:
            units[identity] = row
        elif row.kind == Kind.EDIT:
            texts[row.targets[0]] = row
        elif row.kind == Kind.MARK:
            for target in row.targets:
                marks[target] = row.priority
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
    resolved = tuple(
        Unit(
            units[identity],
            texts.get(identity, units[identity]),
            priorities[identity],
            identity in retired,
            identity in covered,
            identity in skipped,
        )
        for identity in _standing(units)
    )
    return Resolved(rows, resolved, sum(unit.size for unit in resolved))


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
