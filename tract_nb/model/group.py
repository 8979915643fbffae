"""Groups of units that something shorter stands for, or shall: what it saves, and what got lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tract_nb.model.commit import HASH_TAKEN, preview
from tract_nb.model.table import Column, Table

STRATEGIES = MASK, STRUCTURAL, SUMMARIZE = ("mask", "structural", "summarize")
TEXT = "text"  # the strategy of a text that a person gave

#: the states of a group: nobody wrote a draft; there is one; it was approved, or shall not be; it is done
OPEN, PROPOSED, APPROVED, REJECTED, APPLIED = ("open", "proposed", "approved", "rejected", "applied")


class LostTable(Table):
    """Identifiers that a draft no longer has of its originals, and those that it alone has."""

    __slots__ = ()

    columns = (
        Column("group", "int64", "which group, counted from 0"),
        Column("what", "str", "lost: an original says it; added: only the draft does"),
        Column("kind", "str", "url, path, error, number, name, hash or quote"),
        Column("text", "str", "the identifier"),
        Column("times", "int64", "how often the originals say it"),
        Column("later", "int64", "how often it is said behind the group, in what the model is sent"),
        Column(
            "commit", "str", "the first 12 digits of the first original's hash; missing for what is added"
        ),
    )


class Groups(Table):
    """The groups of a compression, in the order of the context."""

    __slots__ = ()

    columns = (
        Column("commit", "str", "first 12 digits: of the SUMMARY; of what masks, the first unit's"),
        Column("units", "int64", "how many units it stands for"),
        Column("tokens_before", "int64", "what they had, the messages' overhead included"),
        Column("tokens_after", "int64", "what stands for them has"),
        Column("lost", "int64", "identifiers that no longer stand there"),
        Column("added", "int64", "identifiers that no original has"),
        Column("state", "str", "open, proposed, approved, rejected or applied"),
        Column("strategy", "str", "mask, structural, summarize, or text: somebody's own"),
        Column("by", "str", "who wrote the draft: a person, a model, or rule; empty where nobody did"),
        Column("draft", "str", "what stands for them, in one line"),
    )


@dataclass(frozen=True)
class Group:
    """Some units in a row, and what stands for them, or shall.

    Parameters
    ----------
    units : tuple of str
        Their full hashes.
    draft : str
        The text of the SUMMARY; of masks their lines. Empty where nobody has written one yet.
    tokens_before, tokens_after : int
        With the messages' overhead.
    compared : callable
        Returns the rows of :class:`LostTable`; what got lost is worked out when somebody asks.
    commit : str, optional
        The full hash of the SUMMARY, once it is written.
    state : {"open", "proposed", "approved", "rejected", "applied"}
        ``open`` has no draft, or none that does.
    strategy : {"mask", "structural", "summarize", "text"}
        Who wrote the draft: nobody, Python, a model, a person.
    problem : str
        Why the draft cannot be approved; empty where it can.
    edits : tuple of str
        The commits, in short, that hold the texts of units edited since the draft was written.
    texts : tuple of str
        The commits, in short, that held the texts of all its units when it was looked at.
    taken : int
        How many units it stood for and does no longer: pinned since, or covered otherwise.
    metadata : dict, optional
        How the draft was written: prompt, model, usage, cost.
    key : str
        What it goes by in a pending review.
    """

    units: tuple[str, ...]
    draft: str
    tokens_before: int
    tokens_after: int
    compared: Callable[[], tuple[tuple[Any, ...], ...]] = field(default=tuple, repr=False, compare=False)
    commit: str | None = None
    state: str = APPLIED
    strategy: str = ""
    problem: str = ""
    edits: tuple[str, ...] = field(default=(), repr=False)
    texts: tuple[str, ...] = field(default=(), repr=False)
    taken: int = 0
    metadata: Mapping[str, Any] | None = field(default=None, repr=False)
    key: str = ""

    @property
    def changed(self) -> int:
        """How many of the units were edited since the draft was written."""
        return len(self.edits)

    @cached_property
    def rows(self) -> tuple[tuple[Any, ...], ...]:
        """What got lost, and what was added, as rows of :class:`LostTable`.

        What a rule counts or hashes itself is in no original, and still not made up.
        """
        found = self.compared()
        return tuple(row for row in found if row[1] == "lost") if self.by == "rule" else found

    @property
    def lost(self) -> tuple[str, ...]:
        """The identifiers of the originals that no longer stand there, those that are said later first."""
        return tuple(row[3] for row in self.rows if row[1] == "lost")

    @property
    def added(self) -> tuple[str, ...]:
        """The identifiers that no original has."""
        return tuple(row[3] for row in self.rows if row[1] == "added")

    @property
    def by(self) -> str:
        """Who wrote the draft: a person, a model by its name, or ``rule``; empty where there is none."""
        made = self.metadata or {}
        who = made.get("edited_by") or made.get("written_by") or made.get("model")
        return str(who) if who else "rule" if self.draft else ""

    @property
    def undecided(self) -> bool:
        """Whether somebody has yet to approve or reject it."""
        return self.state in (OPEN, PROPOSED)

    @property
    def row(self) -> tuple[Any, ...]:
        """It as a row of :class:`Groups`."""
        return (
            (self.commit or self.units[0])[:HASH_TAKEN],
            len(self.units),
            self.tokens_before,
            self.tokens_after,
            len(self.lost),
            len(self.added),
            self.state,
            self.strategy,
            self.by,
            preview(self.draft),
        )
