"""Compressions: what one did, or proposes, as it stands, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, SupportsIndex

from tract_nb.errors import ReviewError
from tract_nb.model.group import APPROVED, OPEN, REJECTED, STRATEGIES, Group, Groups, LostTable
from tract_nb.model.listing import counted
from tract_nb.model.reply import Cancel
from tract_nb.model.table import NO_MATHS, cell_html, table_html
from tract_nb.model.waiting import APPLIED, PENDING, Waiting

if TYPE_CHECKING:
    import pandas as pd

PROPOSED, NOTHING = "proposed", "nothing"


@dataclass(frozen=True, slots=True)
class Compressed:
    """A compression as it stands at one moment; what :class:`Compression` looks at."""

    state: str
    strategy: str
    branch: str = ""
    groups: tuple[Group, ...] = ()
    notes: tuple[str, ...] = ()
    tokens_before: int = 0
    tokens_after: int = 0
    target_tokens: int | None = None
    number: int | None = None  # in the database; None where it was never stored
    seen: Any = None  # what it was worked out from: the tip and the stored review


class Desk(Protocol):
    """Where a pending compression lies: it keeps drafts and decisions, and does what was decided."""

    def look(self, seen: Compressed) -> Compressed:
        """Return it as it is by now."""

    def write(self, seen: Compressed, key: str, text: str) -> Compressed:
        """Keep a person's text for a group."""

    def draft(
        self,
        seen: Compressed,
        key: str,
        strategy: str | None,
        instructions: str | None,
        model: str | None,
        cancel: Cancel | None,
    ) -> Compressed:
        """Have a group's draft written anew."""

    def decide(self, seen: Compressed, key: str, choice: str | None) -> Compressed:
        """Approve or reject a group; None takes it back."""

    def pin(self, seen: Compressed, units: Any) -> Compressed:
        """Pin units: nothing stands for them any more."""

    def approve(self, seen: Compressed) -> Compressed:
        """Do it, but for what was rejected."""

    def reject(self, seen: Compressed) -> Compressed:
        """Do nothing."""


@dataclass(slots=True, repr=False, eq=False)
class Compression(Waiting):
    """What a compression did, would do, or proposes to a person.

    ``pending`` is one that waits for a person: group by group a draft, what it loses, and a decision. It is
    kept in the database until then, and any handle sees the same drafts
    (:meth:`~tract_nb.Tract.pending` finds it again).
    """

    _now: Compressed
    _desk: Desk | None = None

    @property
    def verb(self) -> str:
        """What waits, as :meth:`~tract_nb.Tract.pending` says it."""
        return "compress"

    @property
    def now(self) -> Compressed:
        """What it looks at: as it stood when it was looked at last."""
        return self._now

    def refresh(self) -> Compression:
        """Look at it as it is by now: somebody else may have decided."""
        if self._desk is not None and self._now.number is not None:
            self._now = self._desk.look(self._now)
        return self

    # -- as it stands -------------------------------------------------------------------------------

    @property
    def strategy(self) -> str:
        """What was asked for: mask, structural, summarize, or text: the caller's own."""
        return self._now.strategy

    @property
    def source(self) -> str:
        """What it is about, as :meth:`~tract_nb.Tract.pending` says it."""
        return counted(sum(len(group.units) for group in self.groups), "unit")

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups, in the order of the context."""
        return self._now.groups

    @property
    def unresolved(self) -> int:
        """How many groups nobody has approved or rejected yet."""
        return sum(group.undecided for group in self.groups) if self.state == PENDING else 0

    @property
    def target_tokens(self) -> int | None:
        """What the context should come to."""
        return self._now.target_tokens

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

    def __len__(self) -> int:
        return len(self.groups)

    # -- deciding -----------------------------------------------------------------------------------

    def edit(self, i: int, text: str) -> Compression:
        """Let a text of one's own be the ``i``-th group's draft.

        Raises
        ------
        ReviewError
            If there is no such group, or it is not pending.
        """
        group = self._at(i)
        given: Any = text
        if not isinstance(given, str) or not given.strip():
            raise ReviewError(
                f"{text!r:.60} is no summary.", "Give a text that says what stood there, or reject the group."
            )
        return self._became(self._pending().write(self._now, group.key, text))

    def ask(
        self,
        i: int,
        instructions: str | None = None,
        *,
        strategy: str | None = None,
        model: str | None = None,
        cancel: Cancel | None = None,
    ) -> Compression:
        """Have the draft of the ``i``-th group written anew.

        Parameters
        ----------
        i : int
            Which one, counted from 0.
        instructions : str, optional
            What the model should heed: "name the commits".
        strategy : {"mask", "structural", "summarize"}, optional
            Who writes it; ``summarize`` where instructions are given or a model wrote the last one, else as
            the last one was written. One that wrote a draft of this group before brings that back; named
            again, it writes anew.
        model : str, optional
            Which model writes; else as the settings of ``compress`` say.
        cancel : Cancel, optional
            Ends it from another thread; the draft stays as it was.

        Raises
        ------
        ReviewError
            If there is no such group, or instructions are given to a strategy that reads none.
        TractError
            If a model gives no summary; nothing is changed.
        """
        group = self._at(i)
        if strategy is not None and strategy not in STRATEGIES:
            raise ReviewError(f"Unknown strategy {strategy!r}.", f"It is one of {', '.join(STRATEGIES)}.")
        if instructions is not None and not isinstance(instructions, str):
            raise ReviewError(f"{instructions!r:.60} are no instructions.", "Give a text for the model.")
        if instructions and strategy not in (None, "summarize"):
            raise ReviewError(
                f"{strategy!r} reads no instructions.", "They are for a model: strategy='summarize'."
            )
        return self._became(
            self._pending().draft(self._now, group.key, strategy, instructions or None, model, cancel)
        )

    def pin(self, units: Any) -> Compression:
        """Pin units, so that they stay word by word; each leaves its group.

        Parameters
        ----------
        units : str, Commit, list, Series or DataFrame
            As :meth:`~tract_nb.Tract.annotate` takes them; it is an operation of its own.
        """
        return self._became(self._pending().pin(self._now, units))

    def reopen(self, i: int) -> Compression:
        """Take back what was decided about the ``i``-th group."""
        return self._became(self._pending().decide(self._now, self._at(i).key, None))

    def approve(self, i: int | None = None) -> Compression:
        """Approve the ``i``-th group, or all that were not rejected and do it.

        It is done, as one operation, once no group is undecided: on the branch as it is by then.
        Where units were edited since their draft was written, it stays pending once, and says so.

        Raises
        ------
        ReviewError
            If a group has no draft, or one that cannot be approved; nothing is changed.
        """
        if i is None:
            return self._became(self._pending().approve(self._now))
        return self._became(self._pending().decide(self._now, self._at(i).key, APPROVED))

    def reject(self, i: int | None = None) -> Compression:
        """Leave the ``i``-th group as it is, or all: nothing is changed then."""
        if i is None:
            return self._became(self._pending().reject(self._now))
        return self._became(self._pending().decide(self._now, self._at(i).key, REJECTED))

    def _pending(self) -> Desk:
        if self.state != PENDING:
            self.refresh()  # a batch that was taken back took back what was decided in it
        if self._desk is None or self.state != PENDING:
            ways = {PROPOSED: "Compress without dry_run.", APPLIED: "t.undo() takes it back."}
            raise ReviewError(
                f"This compression is {self.state}: nothing is asked.",
                ways.get(self.state, "Call t.compress() again."),
            )
        return self._desk

    def _became(self, now: Compressed) -> Compression:
        self._now = now
        return self

    def _at(self, i: int) -> Group:
        self._pending()
        given: Any = i
        if (
            isinstance(given, bool)
            or not isinstance(given, SupportsIndex)
            or i not in range(-len(self), len(self))
        ):
            there = f"They are 0 to {len(self) - 1}; see review.groups." if len(self) else "None is left."
            raise ReviewError(f"There is no group {i!r}.", there)
        return self.groups[i]

    # -- shown --------------------------------------------------------------------------------------

    def table(self) -> Groups:
        """Return the groups as a table."""
        return Groups(tuple(group.row for group in self.groups))

    def to_frame(self) -> pd.DataFrame:
        """Return the groups as a DataFrame; its ``commit`` column names the summaries."""
        return self.table().to_frame()

    @property
    def title(self) -> str:
        """What it is and how it stands, in one line."""
        if self.state not in (PENDING, REJECTED):
            return self.says
        what = f"compress {self.source} on {self.branch}"
        if self.state == REJECTED:
            return f"{what}: rejected"
        approved = sum(group.state == APPROVED for group in self.groups)
        return f"{what}: pending, {approved} of {counted(len(self), 'group')} approved"

    @property
    def says(self) -> str:
        """What happened, or would, in one line."""
        if not self.groups:
            return "nothing to compress"
        would = "compressed" if self.state == APPLIED else "would compress"
        said = (
            f"{would} {self.source} in {counted(len(self), 'group')} ({self.strategy}): "
            f"{self.tokens_before:,} → {self.tokens_after:,} tokens"
        )
        return f"{said}, {self.missed:,} more than the target" if self.missed else said

    @property
    def told(self) -> tuple[str, ...]:
        """What is worth a look: notes, what is wrong with drafts, and what got lost."""
        wrong = ((place, said) for place, group in enumerate(self.groups) for said in _wrong(group))
        return (*self.notes, *(f"group {place}: {said}" for place, said in wrong))

    def __repr__(self) -> str:
        lost = sum(len(group.lost) for group in self.groups)
        lines = [self.title]
        if self.state == PENDING:
            lines.append(f"{self.tokens_before:,} → {self.tokens_after:,} tokens")
        lines += [f"! {said}" for said in self.told]
        if lost and self.state != REJECTED:
            would = "would get" if self.state in (PENDING, PROPOSED) else "got"
            lines.append(f"{counted(lost, 'identifier')} {would} lost; see .lost")
        if self.groups:
            lines.append(repr(self.table()))
        if self.state == PENDING:
            lines.append("review.edit(0, 'text'), review.ask(0, 'name the files'), then review.approve()")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        told = "".join(f"<li>{cell_html(note)}</li>" for note in self.told)
        parts = [f"<p{NO_MATHS}>{cell_html(self.title)}</p>"]
        parts += [f"<ul{NO_MATHS}>{told}</ul>"] if told else []
        names = [column.name for column in Groups.columns]
        parts += [table_html(self.table().rows, names)] if self.groups else []
        return "".join(parts)


def _wrong(group: Group) -> Sequence[str]:
    """Return what is worth a look about a group's draft."""
    said = [group.problem] if group.problem else []
    if group.state == OPEN and not group.draft and not group.problem:
        said.append("nobody has written a draft yet")
    if group.changed:
        said.append(f"{counted(group.changed, 'unit')} edited since the draft was written")
    if group.taken:
        said.append(f"{counted(group.taken, 'unit')} no longer in it; the draft may speak of them")
    return said
