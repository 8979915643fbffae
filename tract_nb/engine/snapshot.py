"""Snapshots: a resolved history that grows by a commit without being resolved anew.

A snapshot never changes. It shares its chunks of units with the one it grew from; what an edit or a
mark touches is copied, a chunk and the spine. What no snapshot can tell from the one before it
(summaries, merges, copies) is resolved from the rows again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from tract_nb.engine.chunks import CHUNK, Chunk, Counts, Line
from tract_nb.engine.resolve import Unit, born, resolve
from tract_nb.model.commit import Kind, Priority, Row


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

    __slots__ = ("_length", "_line", "chunks", "count", "notes", "size")

    def __init__(self, chunks: tuple[Chunk, ...], count: int, size: int, line: Line, length: int) -> None:
        self.chunks = chunks
        self.count = count
        self.size = size
        self.notes: dict[object, Any] = {}  # what others work out of this history alone, to have it once
        self._line = line
        self._length = length

    @classmethod
    def of(cls, rows: Iterable[Row], *, settle: bool = False) -> Snapshot:
        """Resolve a history given in linear order.

        With ``settle``, the last row is kept with the size of the context at it.
        """
        line = Line()
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
    def is_empty(self) -> bool:
        """Whether nothing is committed."""
        return self._length == 0

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

    def tells(self, identity: bytes) -> bool:
        """Tell whether a commit, or a copy of it, is in this history."""
        return self._line.told.get(identity, self._length) < self._length

    def row_of(self, number: int) -> Row:
        """Return a commit that is in this history."""
        return self._line.rows[self._line.times[number]]

    def time_of(self, number: int) -> int:
        """Return where a commit of this history stands in linear order, counted from 0."""
        return self._line.times[number]

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
        after = self._with(row)
        return Snapshot.of([*self.rows, row], settle=True) if after is None else after

    def imagined(self, *rows: Row) -> Snapshot:
        """Return what more commits would make of it, for looking only: the shared line does not grow."""
        if all(row.kind == Kind.EDIT and self.find(row.targets[0]) for row in rows):
            chunks, size = self._redrawn(self._edits(rows))
        elif len(rows) == 1 and rows[0].kind == Kind.MARK and self._only_marks(rows[0]):
            chunks, size = self._redrawn(self._marks(rows[0]))
        else:
            return Snapshot.of([*self.rows, *rows])
        return Snapshot(chunks, self.count, size, self._line, self._length)

    def extended(self, rows: Sequence[Row]) -> Snapshot:
        """Return the history with commits of another one behind it, as a merge reads them.

        Each row stays as it is stored, with the size that it has where it was written.
        """
        grown, run = self, list[Row]()
        known: set[bytes] = set()  # what the run tells of
        for row in rows:
            if row.identity not in known and grown._is_plain(row):
                run.append(row)
                known.update((row.identity, *row.targets))
                continue
            after = grown._run(run)._with(row, stored=True)  # noqa: SLF001  its own kind
            if after is None:
                return Snapshot.of([*self.rows, *rows])
            grown, run = after, []
            known.clear()
        return grown._run(run)  # noqa: SLF001

    def joined(self, merge: Row) -> Snapshot:
        """Return the history with a MERGE behind it, where all that it joins is here already."""
        return self._changed(merge, {})

    def apart(self) -> Snapshot:
        """Return the same history on a line of its own: to grow by commits that may never be."""
        return Snapshot(self.chunks, self.count, self.size, self._copied(), self._length)

    def _is_plain(self, row: Row) -> bool:
        """Tell whether a row adds a unit that nothing here is about yet."""
        if row.kind != Kind.APPEND or self.tells(row.identity):
            return False
        line = self._line
        known = line.about.get(row.identity, self._length) < self._length
        return not known and not line.targeted.intersection(row.targets)

    def _with(self, row: Row, *, stored: bool = False) -> Snapshot | None:
        """Return the history with one row more; None where it must be resolved anew."""
        if self.tells(row.identity):
            return self._changed(row, {}, stored=stored)  # a copy of what stands already
        if self._is_plain(row):
            return self._appended(row)
        if row.kind == Kind.EDIT:
            return self._edited(row, stored=stored)
        if row.kind == Kind.MARK and self._only_marks(row):
            return self._marked(row, stored=stored)
        return None

    def _grown(self, row: Row) -> Line:
        """Return the line with one row more: the shared one, or a copy where another grew on it."""
        line = self._line if len(self._line.rows) == self._length else self._copied()
        line.add_row(row)
        return line

    def _copied(self) -> Line:
        line = Line()
        for earlier in self.rows:
            line.add_row(earlier)
        for place, unit in enumerate(self.units):
            line.add_unit(unit, place)
        line.targeted = self._line.targeted
        return line

    def _born(self, row: Row) -> Unit:
        """Return a unit as it stands here when it is committed."""
        unit = born(row)
        if unit.call is None or unit.skipped:
            return unit
        call = self.find(unit.call)
        return unit._replace(skipped=call is not None and call.skipped)

    def _appended(self, row: Row) -> Snapshot:
        unit = self._born(row)
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

    def _run(self, rows: Sequence[Row]) -> Snapshot:
        """Return the history with plain rows behind it, as they are stored: all chunks are made once."""
        if not rows:
            return self
        full = self.chunks[:-1] if self.count % CHUNK else self.chunks
        last = self.chunks[-1].units if self.count % CHUNK else ()
        line = self._line if len(self._line.rows) == self._length else self._copied()
        added: dict[bytes, Unit] = {}
        for row in rows:
            unit = self._born(row)
            call = added.get(unit.call) if unit.call is not None else None
            if call is not None and call.skipped:
                unit = unit._replace(skipped=True)
            line.add_row(row)
            line.add_unit(unit, self.count + len(added))
            added[unit.identity] = unit
        units = (*last, *added.values())
        made = (Chunk(units[start : start + CHUNK]) for start in range(0, len(units), CHUNK))
        size = self.size + sum(unit.size for unit in added.values())
        return Snapshot((*full, *made), self.count + len(added), size, line, self._length + len(rows))

    def _edited(self, row: Row, *, stored: bool) -> Snapshot:
        unit = self.find(row.targets[0])
        if unit is None:
            return self._changed(row, {}, stored=stored)
        edited = unit._replace(text=row)
        if not stored:
            row = row._replace(context=self.size + edited.size - unit.size)
        place = self._line.places[row.targets[0]]
        return self._changed(row, {place: unit._replace(text=row)}, stored=stored)

    def edited(self, rows: Sequence[Row]) -> Snapshot:
        """Return the history with EDITs behind it, one of each unit: all chunks are copied once.

        Each row says the size of the context at it.
        """
        chunks, size = self._redrawn(self._edits(rows))
        line = self._grown(rows[0])
        for row in rows[1:]:
            line.add_row(row)
        return Snapshot(chunks, self.count, size, line, self._length + len(rows))

    def _edits(self, rows: Iterable[Row]) -> dict[int, Unit]:
        """Return the units that EDITs change, by place."""
        places = self._line.places
        return {
            place: self._at(place)._replace(text=row) for row in rows for place in [places[row.targets[0]]]
        }

    def _only_marks(self, mark: Row) -> bool:
        """Tell whether a MARK sets a priority and changes nothing of what is covered."""
        return mark.priority is not None and not self._uncovers(mark)

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

    def _marked(self, row: Row, *, stored: bool) -> Snapshot:
        return self._changed(row, self._marks(row), stored=stored)

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

    def _changed(self, row: Row, changed: Mapping[int, Unit], *, stored: bool = False) -> Snapshot:
        chunks, size = self._redrawn(changed)
        line = self._grown(row if stored else row._replace(context=size))
        return Snapshot(chunks, self.count, size, line, self._length + 1)

    def _redrawn(self, changed: Mapping[int, Unit]) -> tuple[tuple[Chunk, ...], int]:
        """Return the chunks with some units changed, by place, and the size that this makes."""
        chunks = list(self.chunks)
        size = self.size
        by_chunk: dict[int, dict[int, Unit]] = {}
        for place, unit in changed.items():
            size += unit.size - self._at(place).size
            index, inside = divmod(place, CHUNK)
            by_chunk.setdefault(index, {})[inside] = unit
        for index, units in by_chunk.items():
            chunks[index] = chunks[index].replaced(units)
        return tuple(chunks), size


EMPTY = Snapshot.of(())
