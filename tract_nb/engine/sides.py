"""What two histories that are joined say about their units: values, merge bases, who changed what.

The rules are those of docs/design.md, "Merge".
"""

from __future__ import annotations

from collections.abc import Iterable

from tract_nb.engine.linear import linear
from tract_nb.engine.snapshot import Snapshot
from tract_nb.model.commit import Kind, Priority, Row

#: the priority of a summary that was taken back: it shows even less than SKIP
RETIRED = -1
HIDING = (RETIRED, int(Priority.SKIP))


class Said:
    """What the EDITs and MARKs of one history say, by their targets."""

    __slots__ = ("changes", "edits", "marks", "units")

    def __init__(self, rows: Iterable[Row], *, units: bool = False) -> None:
        self.edits: dict[bytes, list[Row]] = {}
        self.marks: dict[bytes, list[Row]] = {}
        self.changes: set[bytes] = set()  # the identities of EDITs and MARKs
        self.units: dict[bytes, Row] = {}
        for row in rows:
            if row.kind in (Kind.APPEND, Kind.SUMMARY):
                if units:
                    self.units.setdefault(row.origin or row.hash, row)
            elif row.kind != Kind.MERGE and row.identity not in self.changes:
                self.changes.add(row.identity)
                into = self.edits if row.kind == Kind.EDIT else self.marks
                for target in row.targets:
                    into.setdefault(target, []).append(row)


class Side:
    """One of the two histories, and what it says."""

    __slots__ = ("history", "said")

    def __init__(self, history: Snapshot) -> None:
        self.history = history
        self.said = Said(history.rows)

    def text(self, unit: bytes) -> Row | None:
        """Return the row that holds a unit's text here; None where it has none."""
        edits = self.said.edits.get(unit)
        found = self.history.find(unit)
        return edits[-1] if edits else found and found.row

    def priority(self, unit: bytes, row: Row) -> int | None:
        """Return a unit's priority here; None where nothing is said of it."""
        marks = self.said.marks.get(unit)
        if not marks and self.history.find(unit) is None:
            return None
        return value(row, marks)

    def lives(self, summary: bytes) -> bool:
        """Tell whether a summary stands here and was not taken back."""
        found = self.history.find(summary)
        return found is not None and not found.retired


def value(row: Row, marks: list[Row] | None) -> int:
    """Return the priority of a unit by the MARKs on it."""
    birth = int(Priority.NORMAL if row.priority is None else row.priority)
    if not marks:
        return birth
    last = marks[-1].priority
    return last if last is not None else RETIRED if row.kind == Kind.SUMMARY else birth


def merge_bases(one: Snapshot, two: Snapshot) -> list[int]:
    """Return the newest commits that both histories have: none of them is behind another."""
    if one.has(two.last.id):
        return [two.last.id]
    if two.has(one.last.id):
        return [one.last.id]
    fronts = []
    for mine, other in ((one, two), (two, one)):
        parents = {number for row in mine.beyond(other) for number in (row.parent1, row.parent2) if number}
        fronts.append({number for number in parents if other.has(number)})
    common = sorted(fronts[0] & fronts[1], reverse=True)
    found: list[int] = []
    behind: set[int] = set()
    for number in common:  # the newest first: only a later one can have it behind itself
        if number not in behind:
            found.append(number)
            behind |= _behind(one, number, common[-1])
    return found


def _behind(history: Snapshot, tip: int, lowest: int) -> set[int]:
    """Return a commit and those behind it, down to a number: parents have lower ones."""
    seen: set[int] = set()
    todo = [tip]
    while todo:
        number = todo.pop()
        if number >= lowest and number not in seen:
            seen.add(number)
            row = history.row_of(number)
            todo += [parent for parent in (row.parent1, row.parent2) if parent]
    return seen


def rows_behind(history: Snapshot, tip: int) -> list[Row]:
    """Return the history at a commit of another history, in linear order; nothing is read."""
    numbers = _behind(history, tip, 0)
    return linear([history.row_of(number) for number in sorted(numbers)], tip)
