"""What snapshots are made of: chunks of units, and the line of rows that those of one history share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tract_nb.engine.resolve import Unit
from tract_nb.model.commit import Kind, Priority, Row

CHUNK = 256  # units; a change copies one chunk, and a spine that is this much shorter than the history

#: reads the stored bytes of groups of blobs: of each group, by number
Reader = Callable[[Sequence[Sequence[int]]], Sequence[Mapping[int, bytes]]]


class Counts(NamedTuple):
    """How many units are in which state."""

    pinned: int
    skipped: int
    covered: int


class Chunk:
    """Some units in a row, with what is worked out about them once."""

    __slots__ = ("_counts", "_payloads", "_shown", "notes", "units")

    def __init__(self, units: tuple[Unit, ...], payloads: Mapping[int, bytes] | None = None) -> None:
        self.units = units
        self.notes: dict[object, Any] = {}  # what others work out of these units alone, to have it once
        self._shown: dict[bool, tuple[Unit, ...]] = {}
        self._payloads = payloads
        self._counts: Counts | None = None

    @property
    def counts(self) -> Counts:
        """How many of its units are pinned, skipped, covered."""
        if self._counts is None:
            self._counts = Counts(
                sum(unit.priority is Priority.PINNED for unit in self.units),
                sum(unit.skipped for unit in self.units),
                sum(unit.covered for unit in self.units),
            )
        return self._counts

    def shown(self, *, reasoning: bool) -> tuple[Unit, ...]:
        """Return the units that a model is sent."""
        found = self._shown.get(reasoning)
        if found is None:
            found = tuple(unit for unit in self.units if unit.shown and (reasoning or not unit.is_reasoning))
            self._shown[reasoning] = found
        return found

    def payloads(self, read: Reader) -> Mapping[int, bytes]:
        """Return the stored bytes of all its units' texts; read at once when they are first asked for."""
        read_all((self,), read)
        return self._payloads or {}

    def missing(self) -> list[int]:
        """Return the blobs of its units' texts that were not read yet."""
        known = self._payloads or {}
        wanted = {row.blob: None for unit in self.units for row in (unit.row, unit.text)}
        return [number for number in wanted if number is not None and number not in known]

    def keep(self, found: Mapping[int, bytes]) -> None:
        """Keep texts that were missing."""
        self._payloads = {**self._payloads, **found} if self._payloads else found

    def replaced(self, units: Mapping[int, Unit]) -> Chunk:
        """Return the chunk with other units in some places."""
        made = list(self.units)
        for place, unit in units.items():
            made[place] = unit
        return Chunk(tuple(made), self._payloads)

    def appended(self, unit: Unit) -> Chunk:
        return Chunk((*self.units, unit), self._payloads)


def read_all(chunks: Iterable[Chunk], read: Reader) -> None:
    """Read all texts of some chunks that were not read yet, at once."""
    wanting = [(chunk, missing) for chunk in chunks if (missing := chunk.missing())]
    if wanting:
        found = read([missing for _, missing in wanting])
        for (chunk, _), texts in zip(wanting, found, strict=True):
            chunk.keep(texts)


class Line:
    """What the snapshots of one line share: it only grows, and each sees its own part of it."""

    __slots__ = ("about", "marks", "places", "results", "rows", "straight", "targeted", "times", "told")

    def __init__(self) -> None:
        self.rows: list[Row] = []  # in linear order
        self.marks: list[int] = []  # the places of MARKs in the rows
        self.straight = True  # numbers rise along the rows: there is no merge
        self.times: dict[int, int] = {}  # a commit's number: its place in the rows
        self.places: dict[bytes, int] = {}  # a unit's identity: its place among the units
        self.results: dict[bytes, list[int]] = {}  # a call's identity: the places of its results
        self.targeted: frozenset[bytes] = frozenset()  # what summaries are about
        self.told: dict[bytes, int] = {}  # an identity: the place of the first row that has it
        self.about: dict[bytes, int] = {}  # a target: the place of the first row that is about it

    def add_row(self, row: Row) -> None:
        place = len(self.rows)
        self.times[row.id] = place
        self.told.setdefault(row.origin or row.hash, place)
        for target in row.targets:
            self.about.setdefault(target, place)
        if row.kind == Kind.MARK:
            self.marks.append(place)
        if self.rows and row.id < self.rows[-1].id:
            self.straight = False
        self.rows.append(row)

    def add_unit(self, unit: Unit, place: int) -> None:
        self.places[unit.identity] = place
        if unit.call is not None:
            self.results.setdefault(unit.call, []).append(place)
