"""Snapshots: a resolved history that grows by a commit without being resolved anew.

A snapshot never changes. It shares its chunks of units with the one it grew from; what an edit or a
mark touches is copied, a chunk and the spine. What no snapshot can tell from the one before it
(summaries, merges, copies) is resolved from the rows again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from tract_nb.engine.resolve import Unit, born, resolve
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

    def replaced(self, place: int, unit: Unit) -> Chunk:
        return Chunk((*self.units[:place], unit, *self.units[place + 1 :]), self._payloads)

    def appended(self, unit: Unit) -> Chunk:
        return Chunk((*self.units, unit), self._payloads)


def read_all(chunks: Iterable[Chunk], read: Reader) -> None:
    """Read all texts of some chunks that were not read yet, at once."""
    wanting = [(chunk, missing) for chunk in chunks if (missing := chunk.missing())]
    if wanting:
        found = read([missing for _, missing in wanting])
        for (chunk, _), texts in zip(wanting, found, strict=True):
            chunk.keep(texts)


class _Line:
    """What the snapshots of one line share: it only grows, and each sees its own part of it."""

    __slots__ = ("marks", "places", "results", "rows", "straight", "targeted", "times")

    def __init__(self) -> None:
        self.rows: list[Row] = []  # in linear order
        self.marks: list[int] = []  # the places of MARKs in the rows
        self.straight = True  # numbers rise along the rows: there is no merge
        self.times: dict[int, int] = {}  # a commit's number: its place in the rows
        self.places: dict[bytes, int] = {}  # a unit's identity: its place among the units
        self.results: dict[bytes, list[int]] = {}  # a call's identity: the places of its results
        self.targeted: frozenset[bytes] = frozenset()  # what summaries are about

    def add_row(self, row: Row) -> None:
        self.times[row.id] = len(self.rows)
        if row.kind == Kind.MARK:
            self.marks.append(len(self.rows))
        if self.rows and row.id < self.rows[-1].id:
            self.straight = False
        self.rows.append(row)

    def add_unit(self, unit: Unit, place: int) -> None:
        self.places[unit.identity] = place
        if unit.call is not None:
            self.results.setdefault(unit.call, []).append(place)


class Snapshot:
    """A history, resolved.

    Parameters
    ----------
    chunks : tuple of Chunk
        All units in the order in which they stand, shown or not; each chunk but the last is full.
    count : int
        How many units.
    size : int
        Tokens of what is shown, the messages' overhead included.
    """

    __slots__ = ("_length", "_line", "chunks", "count", "size")

    def __init__(self, chunks: tuple[Chunk, ...], count: int, size: int, line: _Line, length: int) -> None:
        self.chunks = chunks
        self.count = count
        self.size = size
        self._line = line
        self._length = length

    @classmethod
    def of(cls, rows: Iterable[Row], *, settle: bool = False) -> Snapshot:
        """Resolve a history given in linear order.

        With ``settle``, the last row is kept with the size of the context at it.
        """
        line = _Line()
        for row in rows:
            line.add_row(row)
        units = resolve(line.rows)
        if settle:
            size = sum(unit.size for unit in units)
            line.rows[-1] = line.rows[-1]._replace(context=size)
            units = resolve(line.rows)
        for place, unit in enumerate(units):
            line.add_unit(unit, place)
        line.targeted = frozenset(
            target for unit in units if unit.row.kind == Kind.SUMMARY for target in unit.row.targets
        )
        chunks = tuple(Chunk(tuple(units[start : start + CHUNK])) for start in range(0, len(units), CHUNK))
        return cls(chunks, len(units), sum(unit.size for unit in units), line, len(line.rows))

    # -- looking ----------------------------------------------------------------------------------

    @property
    def rows(self) -> list[Row]:
        """The commits in linear order."""
        return self._line.rows[: self._length]

    @property
    def last(self) -> Row:
        """The commit that this is the history of."""
        return self._line.rows[self._length - 1]

    @property
    def listed(self) -> int:
        """How many commits it has that are no MARKs."""
        return self._length - bisect_left(self._line.marks, self._length)

    @property
    def counts(self) -> Counts:
        """How many of its units are pinned, skipped, covered."""
        each = [chunk.counts for chunk in self.chunks]
        return Counts(*(sum(column) for column in zip(*each, strict=True))) if each else Counts(0, 0, 0)

    @property
    def straight(self) -> bool:
        """Whether it is one line: of two commits the one with the lower number is behind the other."""
        return self._line.straight and all(row.parent2 is None for row in self.rows)

    @property
    def newest(self) -> Iterator[Row]:
        """The commits by falling number, the newest first."""
        if not self._line.straight:
            return iter(sorted(self.rows, key=lambda row: row.id, reverse=True))
        rows = self._line.rows
        return (rows[place] for place in range(self._length - 1, -1, -1))

    @property
    def units(self) -> Iterator[Unit]:
        """All units in the order in which they stand, shown or not."""
        return chain.from_iterable(chunk.units for chunk in self.chunks)

    @property
    def shown(self) -> Iterator[Unit]:
        """What compiles, reasoning included."""
        return chain.from_iterable(chunk.shown(reasoning=True) for chunk in self.chunks)

    def find(self, identity: bytes) -> Unit | None:
        """Return a unit by its identity."""
        place = self._line.places.get(identity, self.count)
        return self._at(place) if place < self.count else None

    def has(self, number: int) -> bool:
        """Tell whether a commit is in this history."""
        return self._line.times.get(number, self._length) < self._length

    def beyond(self, other: Snapshot) -> list[Row]:
        """Return the commits that this history has and another has not."""
        mine, theirs = self._line, other._line
        if mine is theirs:
            return mine.rows[other._length : self._length]
        missing = mine.times.keys() - theirs.times.keys()
        missing |= {row.id for row in theirs.rows[other._length :] if row.id in mine.times}
        places = sorted(place for number in missing if (place := mine.times[number]) < self._length)
        return [mine.rows[place] for place in places]

    def touched_by(self, rows: Iterable[Row]) -> set[bytes]:
        """Return the units whose state some commits may decide.

        Themselves, what they are about, and what goes with it: a summary's units, a call's results.
        """
        touched: set[bytes] = set()
        for row in rows:
            touched.add(row.identity)
            touched.update(row.targets)
        for identity in list(touched):
            unit = self.find(identity)
            if unit is not None and unit.row.kind == Kind.SUMMARY:
                touched.update(unit.row.targets)
        for identity in list(touched):
            unit = self.find(identity)
            call = identity if unit is None or unit.call is None else unit.call
            touched.add(call)
            touched.update(self._at(place).identity for place in self._results(call))
        return touched

    def place_of(self, identity: bytes) -> int:
        """Return where a unit stands, counted from 0; beyond the end where it is not here."""
        return min(self._line.places.get(identity, self.count), self.count)

    def _at(self, place: int) -> Unit:
        return self.chunks[place // CHUNK].units[place % CHUNK]

    def call_of(self, call_id: str) -> Unit | None:
        """Return the call that a result with this id answers.

        The first unanswered one with the id in the newest run (consecutive turns of the assistant)
        that has one, else the last with the id.
        """
        answered: set[bytes] = set()
        last: Unit | None = None
        found: Unit | None = None
        for unit in chain.from_iterable(reversed(chunk.units) for chunk in reversed(self.chunks)):
            if found is not None and unit.row.role != "assistant":
                break
            if unit.call is not None:
                answered.add(unit.call)
            elif unit.row.is_call and unit.row.call_id == call_id:
                last = last or unit
                if unit.identity not in answered:
                    found = unit  # an earlier one of the same run comes before it
        return found or last

    def reordered(self, shown: Iterable[Unit]) -> Snapshot:
        """Return a view of some units in an order of their own; it is for compiling only."""
        units = tuple(shown)
        chunks = tuple(Chunk(units[start : start + CHUNK]) for start in range(0, len(units), CHUNK))
        return Snapshot(chunks, self.count, self.size, self._line, self._length)

    # -- growing ----------------------------------------------------------------------------------

    def plus(self, row: Row) -> Snapshot:
        """Return the history with one commit more, a child of the last one.

        The row is kept with the size of the context at it (:attr:`last`).
        """
        if row.origin is None:
            if row.kind == Kind.APPEND and not self._line.targeted.intersection(row.targets):
                return self._appended(row)
            if row.kind == Kind.EDIT:
                return self._edited(row)
            if row.kind == Kind.MARK and row.priority is not None and not self._uncovers(row):
                return self._marked(row)
        return Snapshot.of([*self.rows, row], settle=True)

    def imagined(self, row: Row) -> Snapshot:
        """Return what one more commit would make of it, for looking only: the shared line does not grow."""
        unit = self.find(row.targets[0]) if row.kind == Kind.EDIT else None
        if unit is not None:
            chunks, size = self._with({self._line.places[row.targets[0]]: unit._replace(text=row)})
        elif row.kind == Kind.MARK and row.priority is not None and not self._uncovers(row):
            chunks, size = self._with(self._marks(row))
        else:
            return Snapshot.of([*self.rows, row])
        return Snapshot(chunks, self.count, size, self._line, self._length)

    def _grown(self, row: Row) -> _Line:
        """Return the line with one row more: the shared one, or a copy where another grew on it."""
        line = self._line
        if len(line.rows) != self._length:
            line = _Line()
            for earlier in self.rows:
                line.add_row(earlier)
            for place, unit in enumerate(self.units):
                line.add_unit(unit, place)
            line.targeted = self._line.targeted
        line.add_row(row)
        return line

    def _appended(self, row: Row) -> Snapshot:
        unit = born(row)
        if unit.call is not None:
            call = self.find(unit.call)
            unit = unit._replace(skipped=unit.skipped or (call is not None and call.skipped))
        size = self.size + unit.size
        if row.context != size:
            row = row._replace(context=size)
            unit = unit._replace(row=row, text=row)
        line = self._grown(row)
        line.add_unit(unit, self.count)
        if self.count % CHUNK:
            chunks = (*self.chunks[:-1], self.chunks[-1].appended(unit))
        else:
            chunks = (*self.chunks, Chunk((unit,)))
        return Snapshot(chunks, self.count + 1, size, line, self._length + 1)

    def _edited(self, row: Row) -> Snapshot:
        unit = self.find(row.targets[0])
        if unit is None:
            return self._changed(row, {})
        edited = unit._replace(text=row)
        row = row._replace(context=self.size + edited.size - unit.size)
        return self._changed(row, {self._line.places[row.targets[0]]: unit._replace(text=row)})

    def _uncovers(self, mark: Row) -> bool:
        """Tell whether a MARK may change what a summary hides, or whether it stands."""
        for target in mark.targets:
            unit = self.find(target)
            if unit is not None and unit.row.kind == Kind.SUMMARY:
                return True
            if self._line.targeted:
                group = {target} if unit is None or unit.call is None else {target, unit.call}
                group.update(self._at(place).identity for place in self._results(target))
                if not group.isdisjoint(self._line.targeted):
                    return True
        return False

    def _results(self, call: bytes) -> list[int]:
        """Return the places of a call's results."""
        return [place for place in self._line.results.get(call, ()) if place < self.count]

    def _marked(self, row: Row) -> Snapshot:
        return self._changed(row, self._marks(row))

    def _marks(self, row: Row) -> dict[int, Unit]:
        """Return the units that a MARK changes, by place."""
        priority = Priority(row.priority or 0)
        changed: dict[int, Unit] = {}

        def now(place: int) -> Unit:
            return changed.get(place) or self._at(place)

        for target in row.targets:
            place = self._line.places.get(target, self.count)
            if place >= self.count:
                continue
            changed[place] = now(place)._replace(priority=priority)
        for place in list(changed):
            unit = changed[place]
            call_place = self._line.places.get(unit.call, self.count) if unit.call else self.count
            by_call = call_place < self.count and now(call_place).priority == Priority.SKIP
            changed[place] = unit._replace(skipped=unit.priority == Priority.SKIP or by_call)
            for answer in self._results(unit.identity):
                skipped = unit.priority == Priority.SKIP or now(answer).priority == Priority.SKIP
                changed[answer] = now(answer)._replace(skipped=skipped)
        return changed

    def _changed(self, row: Row, changed: Mapping[int, Unit]) -> Snapshot:
        chunks, size = self._with(changed)
        line = self._grown(row._replace(context=size))
        return Snapshot(chunks, self.count, size, line, self._length + 1)

    def _with(self, changed: Mapping[int, Unit]) -> tuple[tuple[Chunk, ...], int]:
        """Return the chunks with some units changed, by place, and the size that this makes."""
        chunks = list(self.chunks)
        size = self.size
        for place, unit in changed.items():
            size += unit.size - self._at(place).size
            index, inside = divmod(place, CHUNK)
            chunks[index] = chunks[index].replaced(inside, unit)
        return tuple(chunks), size


EMPTY = Snapshot.of(())
