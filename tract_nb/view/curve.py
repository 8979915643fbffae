"""The curve: how the context grew over the whole history, in few enough points to be drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tract_nb.engine.tokens import context_size
from tract_nb.model.commit import Kind, Row

POINTS = 600  # at the most
LARGEST = 8  # units that are marked
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


def curve(sizes: Sequence[int], rows: Sequence[Row], places: Sequence[int]) -> Curve:
    """Return the curve of a history.

    Parameters
    ----------
    sizes : sequence of int
        Tokens of the context at each commit, oldest first.
    rows : sequence of Row
        The commits.
    places : sequence of int
        Of each row that is drawn, oldest first, the place of its commit.
    """
    most = max(sizes, default=0)
    return Curve(
        len(sizes), tuple(thinned(sizes)), most, falls(sizes, rows, most), spikes(rows), anchors(places)
    )


def anchors(places: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return (row, place) of the rows between which the places do not follow from the rows alone."""
    last = len(places) - 1
    bends = [
        at
        for at in range(len(places))
        if at in (0, last) or places[at] - places[at - 1] != 1 or places[at + 1] - places[at] != 1
    ]
    if len(bends) > POINTS:
        step = len(bends) / POINTS
        bends = sorted({bends[int(step * at)] for at in range(POINTS)} | {0, last})
    return tuple((last - at, places[at]) for at in reversed(bends))


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


def falls(sizes: Sequence[int], rows: Sequence[Row], most: int) -> tuple[Fall, ...]:
    """Return where a SUMMARY made the context much smaller, the largest fall first."""
    found = [
        Fall(place, rows[place].author_us / 1e6, sizes[place - 1], min(sizes[place : place + SETTLED]))
        for place in range(1, len(rows))
        if sizes[place - 1] - sizes[place] > FALL * most and rows[place].kind == Kind.SUMMARY
    ]
    return tuple(sorted(found, key=lambda fall: fall.after - fall.before)[:FALLS])


def spikes(rows: Sequence[Row]) -> tuple[Spike, ...]:
    """Return the largest units, those that stand out: ten times the mean and more."""
    if not rows:
        return ()
    least = 10 * sum(row.tokens for row in rows) / len(rows)
    large = sorted(
        ((row.tokens, place) for place, row in enumerate(rows) if row.tokens > least), reverse=True
    )[:LARGEST]
    return tuple(Spike(place, tokens, rows[place].role or "") for tokens, place in sorted(large))
