"""The curve: how the context grew over the whole history, in few enough points to be drawn."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tract_nb.engine.tokens import context_size
from tract_nb.model.commit import Kind, Row

POINTS = 600  # at the most
LARGEST = 8  # units that are marked
OUTSTANDING = 10  # times the mean
FALL = 0.15  # of the context: what is less is no compaction worth a word
SETTLED = 12  # commits after a compaction, until a provider has counted what is left
FALLS = 3  # compactions that are named, the largest


class Fall(NamedTuple):
    """Where the context became much smaller: the place, the time, the tokens before and after."""

    at: int
    time: float
    before: int
    after: int


class Spike(NamedTuple):
    """A large unit: its place and its tokens."""

    at: int
    tokens: int
    role: str


class Curve(NamedTuple):
    """The size of the context along the whole history, folded or not.

    Places count all commits from the oldest; rows count what is drawn from the newest.

    Parameters
    ----------
    places : int
        How many commits.
    points : tuple of (int, int)
        (place, tokens), by rising place; the least and the most of each stretch are kept.
    most : int
        The largest context there was.
    falls : tuple of Fall
        Compactions, the largest first.
    spikes : tuple of Spike
        The largest units.
    anchors : tuple of (int, int)
        (row, place) of some rows: between two of them the one follows from the other.
    """

    places: int
    points: tuple[tuple[int, int], ...]
    most: int
    falls: tuple[Fall, ...]
    spikes: tuple[Spike, ...]
    anchors: tuple[tuple[int, int], ...]


class Sizes:
    """The size of the context along HEAD's own line, as a provider counts it where it was asked.

    Parameters
    ----------
    reported : mapping
        The tokens that were reported at a commit, by its number.
    """

    def __init__(self, reported: Mapping[int, int]) -> None:
        self.reported = reported
        self.at: list[int] = []  # by commit, oldest first
        self._beyond = 0  # what the newest report had beyond the counted size

    def add(self, rows: Iterable[Row | None]) -> None:
        """Go on with more commits, oldest first; None is one that is not on HEAD's line."""
        last = self.at[-1] if self.at else 0
        for row in rows:
            if row is not None:
                counted = context_size(row.context)
                if row.id in self.reported:
                    self._beyond = self.reported[row.id] - counted
                last = max(counted + self._beyond, 0)
            self.at.append(last)


class Track:
    """What a curve is drawn from, kept while commits come: none of it is worked out anew for one more.

    Parameters
    ----------
    reported : mapping
        The tokens that were reported at a commit, by its number.
    """

    def __init__(self, reported: Mapping[int, int]) -> None:
        self.sizes = Sizes(reported)
        self.tokens = 0  # of all commits together
        self._rows: list[Row] = []
        self._summaries: list[int] = []  # their places
        self._large: list[tuple[int, int]] = []  # tokens and places of the largest units, rising
        self._bends: list[tuple[int, int]] = []  # rows drawn, from the oldest, whose places leap
        self._drawn = 0

    def add(self, row: Row, on_line: Row | None) -> None:
        """Go on with a commit; ``on_line`` is what decides the size of the context there, as in `Sizes`."""
        place = len(self._rows)
        self._rows.append(row)
        self.sizes.add([on_line])
        self.tokens += row.tokens
        if row.kind == Kind.SUMMARY:
            self._summaries.append(place)
        if len(self._large) < LARGEST or row.tokens > self._large[0][0]:
            insort(self._large, (row.tokens, place))
            del self._large[:-LARGEST]

    def draw_anew(self) -> None:
        """Forget which rows are drawn: others will be."""
        self._bends = []
        self._drawn = 0

    def draw(self, place: int) -> None:
        """Go on with a row that is drawn: the commit at a place."""
        bends, at = self._bends, self._drawn
        self._drawn += 1
        # a row in the middle of a run of neighbours says nothing
        if len(bends) > 1 and bends[-1] == (at - 1, place - 1):
            before = bends[-2]
            if place - before[1] == at - before[0]:
                bends.pop()
        bends.append((at, place))

    def curve(self) -> Curve:
        """Return the curve as it is now."""
        sizes = self.sizes.at
        most = max(sizes, default=0)
        return Curve(
            len(sizes), tuple(thinned(sizes)), most, self._falls(most), self._spikes(), self._anchors()
        )

    def _anchors(self) -> tuple[tuple[int, int], ...]:
        """Return (row, place) of the rows between which the places follow from the rows."""
        bends = self._bends
        if len(bends) > POINTS:
            step = len(bends) / POINTS
            bends = [bends[int(step * at)] for at in range(POINTS - 1)] + bends[-1:]
        return tuple((self._drawn - 1 - at, place) for at, place in reversed(bends))

    def _falls(self, most: int) -> tuple[Fall, ...]:
        """Return where a SUMMARY made the context much smaller, the largest fall first."""
        sizes = self.sizes.at
        found = [
            Fall(
                place,
                self._rows[place].author_us / 1e6,
                sizes[place - 1],
                min(sizes[place : place + SETTLED]),
            )
            for place in self._summaries
            if place and sizes[place - 1] - sizes[place] > FALL * most
        ]
        return tuple(sorted(found, key=lambda fall: fall.after - fall.before)[:FALLS])

    def _spikes(self) -> tuple[Spike, ...]:
        """Return the largest units, those that stand out: ten times the mean and more."""
        least = OUTSTANDING * self.tokens / max(1, len(self._rows))
        large = sorted((place, tokens) for tokens, place in self._large if tokens > least)
        return tuple(Spike(place, tokens, self._rows[place].role or "") for place, tokens in large)


def thinned(sizes: Sequence[int], points: int = POINTS) -> list[tuple[int, int]]:
    """Return (place, size) with the first, last, least and most of each stretch; nothing else."""
    if len(sizes) <= points:
        return list(enumerate(sizes))
    stretches = points // 4
    kept: list[tuple[int, int]] = []
    for stretch in range(stretches):
        start, end = stretch * len(sizes) // stretches, (stretch + 1) * len(sizes) // stretches
        part = sizes[start:end]
        places = {start, start + part.index(min(part)), start + part.index(max(part)), end - 1}
        kept.extend((place, sizes[place]) for place in sorted(places))
    return kept
