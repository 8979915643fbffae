"""What the joining of two histories asks, decides and writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from tract_nb.engine.canonical import sha256
from tract_nb.engine.snapshot import Snapshot
from tract_nb.model.commit import Row
from tract_nb.model.conflict import BASE, BOTH, OURS, THEIRS, Decision

TEXT, PRIORITY, SKIPPED, RETIRED_COVER = "text", "priority", "skipped", "retired"
COVERED, SUMMARIES, RESULTS = "covered", "summaries", "results"

#: returns the texts of rows by the number of their blob
Texts = Callable[[Iterable[Row]], Mapping[int, str]]
#: a text that was decided: that of a row, or one that nobody has written yet
Text = Row | str


#: what a question is, whatever is said about it
Place = tuple[str, bytes, int | None, object]


class Question(NamedTuple):
    """Something that neither side alone decides.

    Parameters
    ----------
    kind : str
        What is in question.
    subject : bytes
        The unit; of two summaries, or of results, the one that would take a text of its own.
    shows : int or None
        Which side (0 or 1) shows what the other one hides.
    units : tuple of (tuple of bytes)
        What each side is about, by side.
    values : tuple
        What the key is made of, besides.
    """

    kind: str
    subject: bytes
    shows: int | None
    units: tuple[tuple[bytes, ...], tuple[bytes, ...]]
    values: tuple[object, ...] = ()

    @property
    def place(self) -> Place:
        """What it is, whatever is said about it; two summaries are a question of their own."""
        return self.kind, self.subject, self.shows, self.units if self.kind == SUMMARIES else None

    @property
    def key(self) -> str:
        """A name that stays as long as both sides say the same."""
        return sha256(repr(self).encode()).hex()[:12]

    @property
    def choices(self) -> tuple[str, ...]:
        """What can be chosen."""
        if self.kind in (TEXT, SUMMARIES, RESULTS):
            return OURS, THEIRS, BOTH, BASE
        return (OURS, THEIRS, BASE) if self.kind == PRIORITY else (OURS, THEIRS)


class Decided(NamedTuple):
    """A value that linear order alone does not give, and the answer that it comes from."""

    unit: bytes
    text: Text | None
    priority: int | None
    answer: Decision | None


class Plan(NamedTuple):
    """What a merge would do."""

    history: Snapshot  # both sides in linear order, nothing decided
    state: Snapshot  # the same with the priorities decided so far
    decided: tuple[Decided, ...]
    questions: tuple[Question, ...]
    warnings: tuple[tuple[str, bytes, bytes], ...]  # what it is about, and two units
