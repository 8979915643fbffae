"""Compressions: what a group of units becomes, what it saves, and what got lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tract_nb.model.commit import HASH_TAKEN, preview
from tract_nb.model.listing import counted
from tract_nb.model.table import NO_MATHS, UTC, Column, Table, cell_html, table_html

if TYPE_CHECKING:
    import pandas as pd

APPLIED, PROPOSED, NOTHING = "applied", "proposed", "nothing"
STRATEGIES = ("mask", "structural", "summarize")


class LostTable(Table):
    """Identifiers that a draft no longer has of its originals, and those that it alone has."""

    __slots__ = ()

    columns = (
        Column("group", "int64", "which group, counted from 0"),
        Column("what", "str", "lost: an original says it; added: only the draft does"),
        Column("kind", "str", "url, path, error, number, name, hash or quote"),
        Column("text", "str", "the identifier"),
        Column("times", "int64", "how often the originals say it"),
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
        Column("draft", "str", "what stands for them, in one line"),
    )


@dataclass(frozen=True)
class Group:
    """Some units in a row, and what stands for them.

    Parameters
    ----------
    units : tuple of str
        Their full hashes.
    draft : str
        The text of the SUMMARY; of masks their lines.
    tokens_before, tokens_after : int
        With the messages' overhead.
    compared : callable
        Returns the rows of :class:`LostTable`; what got lost is worked out when somebody asks.
    commit : str, optional
        The full hash of the SUMMARY, once it is written.
    """

    units: tuple[str, ...]
    draft: str
    tokens_before: int
    tokens_after: int
    compared: Callable[[], tuple[tuple[Any, ...], ...]] = field(default=tuple, repr=False, compare=False)
    commit: str | None = None

    @cached_property
    def rows(self) -> tuple[tuple[Any, ...], ...]:
        """What got lost, and what was added, as rows of :class:`LostTable`."""
        return self.compared()

    @property
    def lost(self) -> tuple[str, ...]:
        """The identifiers of the originals that no longer stand there."""
        return tuple(row[3] for row in self.rows if row[1] == "lost")

    @property
    def added(self) -> tuple[str, ...]:
        """The identifiers that no original has."""
        return tuple(row[3] for row in self.rows if row[1] == "added")


@dataclass(frozen=True, slots=True, repr=False)
class Compression:
    """What a compression did, or would do.

    Parameters
    ----------
    state : {"applied", "proposed", "nothing"}
        ``proposed`` is a dry run, ``nothing`` says that there was nothing to compress.
    strategy : str
        mask, structural, summarize, or text: the caller's own.
    groups : tuple of Group
        In the order of the context.
    notes : tuple of str
        What was left as it is, and why.
    tokens_before, tokens_after : int
        Counted tokens of the whole context.
    target_tokens : int or None
        What it should have come to.
    """

    state: str
    strategy: str
    groups: tuple[Group, ...] = ()
    notes: tuple[str, ...] = ()
    tokens_before: int = 0
    tokens_after: int = 0
    target_tokens: int | None = None

    @property
    def saved(self) -> int:
        """Tokens that the context has less."""
        return self.tokens_before - self.tokens_after

    @property
    def missed(self) -> int:
        """By how many tokens the target was missed; 0 where it was met, or none was set."""
        return max(self.tokens_after - self.target_tokens, 0) if self.target_tokens is not None else 0

    @property
    def lost(self) -> LostTable:
        """What got lost, group by group, and what was added."""
        return LostTable(tuple(row for group in self.groups for row in group.rows))

    def table(self) -> Groups:
        """Return the groups as a table."""
        return Groups(
            tuple(
                (
                    (group.commit or group.units[0])[:HASH_TAKEN],
                    len(group.units),
                    group.tokens_before,
                    group.tokens_after,
                    len(group.lost),
                    len(group.added),
                    preview(group.draft),
                )
                for group in self.groups
            )
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the groups as a DataFrame; its ``commit`` column names the summaries."""
        return self.table().to_frame()

    @property
    def says(self) -> str:
        """What happened, or would, in one line."""
        if not self.groups:
            return "nothing to compress"
        units = sum(len(group.units) for group in self.groups)
        would = "would compress" if self.state == PROPOSED else "compressed"
        said = (
            f"{would} {counted(units, 'unit')} in {counted(len(self.groups), 'group')} ({self.strategy}): "
            f"{self.tokens_before:,} → {self.tokens_after:,} tokens"
        )
        return f"{said}, {self.missed:,} more than the target" if self.missed else said

    def __repr__(self) -> str:
        lost = sum(len(group.lost) for group in self.groups)
        lines = [self.says, *(f"! {note}" for note in self.notes)]
        if lost:
            lines.append(f"{counted(lost, 'identifier')} got lost; see .lost")
        return "\n".join([*lines, repr(self.table())] if self.groups else lines)

    def _repr_html_(self) -> str:
        told = "".join(f"<li>{cell_html(note)}</li>" for note in self.notes)
        parts = [f"<p{NO_MATHS}>{cell_html(self.says)}</p>"]
        parts += [f"<ul{NO_MATHS}>{told}</ul>"] if told else []
        names = [column.name for column in Groups.columns]
        parts += [table_html(self.table().rows, names)] if self.groups else []
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Original:
    """A unit as a summariser sees it: its effective text.

    Parameters
    ----------
    commit, role, type : str
        Full hash, role and content type.
    text : str
        The effective text.
    tokens : int
        Of that text.
    important : bool
        Whether it is IMPORTANT: to be handed over first.
    name : str
        Of a call or a result the tool.
    """

    commit: str
    role: str
    type: str
    text: str
    tokens: int
    important: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a summariser wrote for one group.

    Parameters
    ----------
    text : str
        The summary.
    metadata : dict, optional
        Who wrote it: prompt name, version and hash, model, config, tokens, cost.
    """

    text: str
    metadata: dict[str, object] | None = None


PART = 5  # without a target a summary has this part of what it stands for ...
SHORTEST = 80  # ... or so many tokens


def summary_length(tokens: int) -> int:
    """Return how many tokens a summary may have of so many, where no target is set."""
    return max(tokens // PART, SHORTEST)


class Expected(NamedTuple):
    """What writing summaries would take, as far as that can be told before: an estimate.

    Parameters
    ----------
    model : str
        Who would write them.
    input, output : int
        Tokens of all its calls.
    """

    model: str
    input: int
    output: int


#: tells what writing summaries would take, from the tokens of the messages of each group and the model, if
#: one is named; None where no model is
Expects = Callable[[Sequence[Sequence[int]], str | None], Expected | None]


class Rejected(NamedTuple):
    """A draft that does not do, and why: too long, or without what must be preserved."""

    draft: Draft
    why: str


class Summariser(Protocol):
    """Writes summaries; the room that calls models has one.

    Of each group it is given the tokens that its summary may have (None where there is no target), the
    texts that must stand in it word by word, and what was rejected before.
    """

    def __call__(
        self,
        groups: Sequence[Sequence[Original]],
        *,
        targets: Sequence[int | None],
        preserve: Sequence[Sequence[str]] = (),
        rejected: Sequence[Rejected | None] = (),
        instructions: str | None = None,
        model: str | None = None,
    ) -> Sequence[Draft | None]:
        """Return a draft for each group, in their order; None where it has none."""


@dataclass(frozen=True, slots=True, repr=False)
class Provenance(Table):
    """What stands behind a unit: of a summary the units that it covers, of any other its texts in turn.

    Parameters
    ----------
    commit : str
        The unit's full hash.
    made : dict
        How it was made, as far as that was kept: strategy, prompt, model, tokens, cost, who approved.
    """

    commit_hash: str = ""
    made: tuple[tuple[str, str], ...] = ()

    columns = (
        Column("commit", "str", "the first 12 digits of its hash"),
        Column("kind", "str", "append or summary: a covered unit; edit: a later text; mask: one that masks"),
        Column("role", "str", "system, user, assistant or tool"),
        Column("tokens", "int64", "tokens of its text"),
        Column("time", UTC, "author time"),
        Column("preview", "str", "its text in one line of at most 80 characters"),
    )

    def __repr__(self) -> str:
        facts = [f"{name}: {value}" for name, value in self.made]
        return "\n".join([*facts, Table.__repr__(self)])
