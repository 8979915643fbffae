"""Commits: immutable events in the history of a context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, NamedTuple

from tract_nb.errors import ContentError
from tract_nb.model.table import NO_MATHS, Code, cell_html, shown, table_html

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HASH_SHOWN = 8  # hexadecimal digits of a hash in what a person reads
HASH_TAKEN = 12  # in tables, whose cells are given back to verbs: two in a million commits agree by chance


class Kind(IntEnum):
    """What a commit does to the context."""

    APPEND = 1  # adds a unit
    EDIT = 2  # replaces a unit's text
    MARK = 3  # sets the priority of units
    SUMMARY = 4  # adds a unit that stands for others
    MERGE = 5  # joins two histories


class Priority(IntEnum):
    """How much a unit matters, from left out to never compressed."""

    SKIP = 0
    NORMAL = 1
    IMPORTANT = 2
    PINNED = 3


class Row(NamedTuple):
    """A commit without its text: all that decides what compiles.

    ``id`` is the store's own number; a parent's is below its child's. ``targets`` are identities:
    the call of a result, the units that an EDIT, MARK or SUMMARY is about.
    """

    id: int
    hash: bytes
    kind: int
    parent1: int | None
    parent2: int | None
    origin: bytes | None
    author_us: int
    priority: int | None
    type: str | None
    role: str | None
    name: str | None
    call_id: str | None
    blob: int | None
    tokens: int
    context: int
    key: str | None
    targets: tuple[bytes, ...] = ()

    @property
    def identity(self) -> bytes:
        """The commit this one was first copied from, else itself."""
        return self.origin or self.hash

    @property
    def is_unit(self) -> bool:
        return self.kind in (Kind.APPEND, Kind.SUMMARY)

    @property
    def is_call(self) -> bool:
        return self.type == "tool_io" and self.role == "assistant"

    @property
    def is_result(self) -> bool:
        return self.type == "tool_io" and self.role == "tool"


@dataclass(frozen=True, slots=True, repr=False)
class Commit:
    """One commit as a person sees it.

    Parameters
    ----------
    hash : str
        64 hexadecimal digits.
    kind : Kind
        What it does.
    content : Any
        The typed content; None where the kind has none (MARK, MERGE).
    text : str
        What the content says when it is compiled.
    type, role : str or None
        Content type and the role it compiles to.
    tokens : int
        Of its text, without the chat format's overhead.
    time : datetime.datetime
        The author time, in UTC.
    priority : Priority or None
        What it says itself: at birth for a unit, the new one for a MARK.
    parents, targets : tuple of str
        Full hashes.
    message, key : str or None
        As given to the verb that wrote it.
    metadata, generation_config : dict
        As given; empty where nothing was.
    origin : str or None
        The commit it was first copied from.
    """

    hash: str
    kind: Kind
    content: Any
    text: str
    type: str | None
    role: str | None
    tokens: int
    time: datetime
    priority: Priority | None
    parents: tuple[str, ...]
    targets: tuple[str, ...] = ()
    message: str | None = None
    key: str | None = None
    metadata: Mapping[str, Any] | None = None
    generation_config: Mapping[str, Any] | None = None
    origin: str | None = None
    whole: bool = field(default=False, compare=False)  # shown with all there is to say

    @property
    def short(self) -> str:
        """The first 12 digits of the hash, as tables have them."""
        return self.hash[:HASH_TAKEN]

    @property
    def label(self) -> str:
        """Kind for what is no unit, else role and type, for a person."""
        if self.kind in (Kind.APPEND, Kind.SUMMARY):
            return f"{self.role} {self.type}"
        return self.kind.name.lower()

    def __repr__(self) -> str:
        if self.kind == Kind.MARK:
            to = "as at birth" if self.priority is None else self.priority.name
            return f"<Commit {self.hash[:HASH_SHOWN]} mark, {to} for {len(self.targets)}>"
        said = preview(self.text, 60)
        return f"<Commit {self.hash[:HASH_SHOWN]} {self.label}, {self.tokens:,} tokens: {said}>"

    def __str__(self) -> str:
        """All of it, for a terminal."""
        facts = "\n".join(f"{name:<9} {shown(str(value))}" for name, value in self._facts().items())
        return f"{facts}\n\n{shown(self.text)}" if self.text else facts

    def _repr_html_(self) -> str:
        if not self.whole:
            return f"<samp{NO_MATHS}>{cell_html(repr(self)[1:-1])}</samp>"
        facts = table_html([(name, Code(value)) for name, value in self._facts().items()])
        return f"{facts}<pre>{cell_html(self.text)}</pre>"

    def _facts(self) -> dict[str, Any]:
        """Return what there is to say besides the text."""
        facts = {
            "commit": self.hash,
            "kind": self.kind.name,
            "type": self.type,
            "role": self.role,
            "tokens": f"{self.tokens:,}",
            "priority": None if self.priority is None else self.priority.name,
            "time": f"{self.time:%Y-%m-%d %H:%M:%S} UTC",
            "message": self.message,
            "targets": ", ".join(target[:HASH_SHOWN] for target in self.targets[:10]),
            "config": self.generation_config or None,
            "metadata": self.metadata or None,
        }
        return {name: value for name, value in facts.items() if value not in (None, "")}


def preview(text: str, width: int = 80) -> str:
    """Return ``text`` in one line of at most ``width`` characters."""
    # a line of a megabyte is not split whole for its first 80 characters
    line = shown(" ".join(text[: 8 * width].split()))
    return line if len(line) <= width and len(text) <= 8 * width else f"{line[: width - 1]}…"


def to_us(time: datetime | str) -> int:
    """Return microseconds since the epoch; a time without a zone is taken as UTC.

    Raises
    ------
    ContentError
        If it is neither a time nor one written as ISO 8601.
    """
    try:
        time = datetime.fromisoformat(time) if isinstance(time, str) else time
    except ValueError as error:
        raise ContentError(f"{time!r} is no time.", "Write it as ISO 8601: 2026-03-17T09:30.") from error
    if not isinstance(time, datetime):
        raise ContentError(f"{time!r} is no time.", "Give a datetime, or ISO 8601.")
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1)


def from_us(microseconds: int) -> datetime:
    """Return the time in UTC of microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=microseconds)
