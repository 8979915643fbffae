"""Ancestry: how far two commits have gone apart, without reading what both have."""

from __future__ import annotations

from heapq import heappop, heappush

from tract_nb.store.database import Database

WINDOW = 1024  # commits read at once, twice as many each time
MARK = 3  # the kind that is not counted
ONE, TWO, BOTH = 1, 2, 3


class Ancestry:
    """Parents by number, read in windows from the newest commit on down."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._parents: dict[int, tuple[int | None, int | None, int]] = {}
        self._low: int | None = None  # all from here on has been read
        self._size = WINDOW

    def _of(self, number: int) -> tuple[int | None, int | None, int]:
        while number not in self._parents:
            self._read()
        return self._parents[number]

    def _read(self) -> None:
        """Read the next window down."""
        if self._low is None:
            newest = self._db.one('SELECT max(id) FROM "commit"')
            assert newest is not None
            self._low = (newest[0] or 0) + 1
        high, self._low = self._low, max(self._low - self._size, 0)
        if not high:
            raise LookupError("a parent is missing")
        for number, *parents in self._db.all(
            'SELECT id, parent1, parent2, kind FROM "commit" WHERE id >= ? AND id < ?', (self._low, high)
        ):
            self._parents[number] = parents[0], parents[1], parents[2]
        self._size *= 2

    def apart(self, one: int, two: int) -> tuple[int, int]:
        """Return how many commits, MARKs left out, one has that two has not, and the other way round.

        A parent's number is below its child's: the highest is looked at first, and nothing is behind
        what both have that only one has.
        """
        if one == two:
            return 0, 0
        sides = {number: side for number, side in ((one, ONE), (two, TWO)) if number}
        heap = sorted(-number for number in sides)
        open_ones = len(heap)
        counts = [0, 0]
        while open_ones:
            number = -heappop(heap)
            side = sides.pop(number)
            open_ones -= side != BOTH
            *parents, kind = self._of(number)
            if side != BOTH and kind != MARK:
                counts[side - 1] += 1
            for parent in parents:
                if parent is None:
                    continue
                known = sides.get(parent, 0)
                if not known:
                    heappush(heap, -parent)
                now = known | side
                open_ones += (now != BOTH) - (known not in (0, BOTH))
                sides[parent] = now
        return counts[0], counts[1]
