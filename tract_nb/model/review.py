"""Reviews: what a verb that rewrites meaning has to ask, as it stands, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tract_nb.errors import ReviewError
from tract_nb.model.commit import HASH_SHOWN, HASH_TAKEN, Commit, preview
from tract_nb.model.conflict import Conflict, Decision, listed
from tract_nb.model.listing import counted
from tract_nb.model.table import NO_MATHS, Code, Column, Table, cell_html, table_html
from tract_nb.model.waiting import PENDING, REJECTED, Waiting

if TYPE_CHECKING:
    import pandas as pd


class Conflicts(Table):
    """The conflicts of a review, in the order of the context."""

    __slots__ = ()

    columns = (
        Column("kind", "str", "text, priority, skipped, retired, covered, summaries or results"),
        Column("commit", "str", "the first 12 digits of the unit's hash"),
        Column("role", "str", "system, user, assistant or tool"),
        Column("question", "str", "what is asked"),
        Column("base", "str", "what the merge base shows; empty where it has none"),
        Column("ours", "str", "what this branch shows"),
        Column("theirs", "str", "what the other side shows"),
        Column("proposed", "str", "what would stand by the answer, else by the proposal"),
        Column("answer", "str", "the choice, or 'text'; missing while it is open"),
        Column("by", "str", "who decided"),
    )


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review as it stands at one moment; what :class:`Review` looks at."""

    number: int | None  # in the database; None where it was never stored
    verb: str
    branch: str
    source: str
    state: str
    conflicts: tuple[Conflict, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    tokens_before: int = 0
    tokens_after: int = 0
    commit: Commit | None = None


class Desk(Protocol):
    """Where a review lies: it keeps the answers, and does what was decided."""

    def look(self, review: Reviewed) -> Reviewed:
        """Return the review as it is by now."""

    def answer(self, review: Reviewed, key: str, answer: Decision | None) -> Reviewed:
        """Keep an answer; None takes it back."""

    def ask(self, review: Reviewed, key: str, instructions: str | None, model: str | None) -> Reviewed:
        """Let a model propose an answer; one that was given is taken back."""

    def approve(self, review: Reviewed) -> Reviewed:
        """Apply what was decided."""

    def reject(self, review: Reviewed) -> Reviewed:
        """Apply nothing."""


@dataclass(slots=True, repr=False, eq=False)
class Review(Waiting):
    """What a merge, rebase, pick or compression did, or asks before it does it.

    It is ``pending`` only while there is something to decide; it is kept in the database until then,
    and any handle sees the same answers (:meth:`~tract_nb.Tract.pending` finds it again).
    """

    _desk: Desk
    _now: Reviewed

    @property
    def now(self) -> Reviewed:
        """As it stood when it was looked at last."""
        return self._now

    def refresh(self) -> Review:
        """Look at the review as it is by now: somebody else may have answered."""
        self._now = self._desk.look(self._now)
        return self

    @property
    def verb(self) -> str:
        """What is reviewed: merge, rebase, pick, reorder."""
        return self._now.verb

    @property
    def source(self) -> str:
        """What is merged into it, rebased onto, or picked."""
        return self._now.source

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """What there is, or was, to decide, in the order of the context."""
        return self._now.conflicts

    @property
    def unresolved(self) -> int:
        """How many conflicts have neither an answer nor a proposal yet."""
        return sum(not conflict.settled for conflict in self.conflicts) if self.state == PENDING else 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is no conflict and still worth a look."""
        return self._now.warnings

    @property
    def commit(self) -> Commit | None:
        """The tip that it made, once it is applied."""
        return self._now.commit

    def choose(self, i: int, choice: str) -> Review:
        """Take a side of the ``i``-th conflict: ``ours``, ``theirs``, ``both`` or ``base``."""
        return self._answer(i, Decision(choice=choice))

    def edit(self, i: int, text: str) -> Review:
        """Settle the ``i``-th conflict by a text of one's own."""
        return self._answer(i, Decision(text=text))

    def accept(self, i: int) -> Review:
        """Settle the ``i``-th conflict as it is proposed."""
        proposal = self._at(i).proposal
        if proposal is None:
            raise ReviewError(
                f"Nothing is proposed for conflict {i}.", "Choose a side, or give a text by review.edit()."
            )
        return self._answer(i, proposal)

    def ask(self, i: int, instructions: str | None = None, *, model: str | None = None) -> Review:
        """Let a model propose a text for the ``i``-th conflict.

        Parameters
        ----------
        i : int
            Which one, counted from 0.
        instructions : str, optional
            What the model should heed: "keep both rules, in two sentences".
        model : str, optional
            Which model; else as the settings of ``merge`` say.

        Raises
        ------
        ReviewError
            If it is not about a text.
        ModelError
            If the model gives no such text; nothing is changed.
        """
        conflict = self._at(i)
        if not conflict.takes_text:
            raise ReviewError(
                f"No text settles this: {conflict.question}", f"Choose {listed(conflict.choices)}."
            )
        self._now = self._desk.ask(self._now, conflict.key, instructions, model)
        return self

    def reopen(self, i: int) -> Review:
        """Take the answer to the ``i``-th conflict back."""
        return self._answer(i, None)

    def approve(self) -> Review:
        """Apply it, on the branch as it is by now.

        What was decided stays decided, and what was only proposed is taken; where the branch has
        grown a new question, it stays pending.

        Raises
        ------
        ReviewError
            If something is undecided, or it is not pending.
        """
        self._now = self._desk.approve(self._now)
        return self

    def reject(self) -> Review:
        """Let it be: nothing is changed."""
        self._now = self._desk.reject(self._now)
        return self

    def _answer(self, i: int, answer: Decision | None) -> Review:
        conflict = self._at(i)
        checked = None if answer is None else conflict.checked(answer)
        self._now = self._desk.answer(self._now, conflict.key, checked)
        return self

    def _at(self, i: int) -> Conflict:
        if self.state != PENDING:
            raise ReviewError(
                f"This {self.verb} is {self.state}: nothing is asked any more.", "See t.undo()."
            )
        if i not in range(-len(self.conflicts), len(self.conflicts)):
            raise ReviewError(
                f"There is no conflict {i!r}.",
                f"They are 0 to {len(self.conflicts) - 1}; see review.conflicts.",
            )
        return self.conflicts[i]

    def to_frame(self) -> pd.DataFrame:
        """Return the conflicts as a DataFrame."""
        return self.table().to_frame()

    def table(self) -> Conflicts:
        """Return the conflicts as a table."""
        return Conflicts(
            tuple(
                (
                    one.kind,
                    one.commit[:HASH_TAKEN],
                    one.role,
                    one.question,
                    one.base,
                    one.ours,
                    one.theirs,
                    one.proposed,
                    None if one.answer is None else one.answer.choice or "text",
                    None if one.answer is None else one.answer.by,
                )
                for one in self.conflicts
            )
        )

    def __len__(self) -> int:
        return len(self.conflicts)

    @property
    def title(self) -> str:
        """What it is and how it stands, in one line."""
        joint = {"merge": "into", "rebase": "onto"}.get(self.verb, "on")
        first, second = (self.branch, self.source) if self.verb == "rebase" else (self.source, self.branch)
        what = f"{self.verb} of {first} {joint} {second}" if self.source else f"{self.verb} {joint} {second}"
        if self.state == PENDING:
            return f"{what}: pending, {self.unresolved} of {counted(len(self), 'conflict')} unresolved"
        return f"{what}: {self.state}"

    @property
    def room(self) -> str:
        """Tokens before and after."""
        return f"{self.tokens_before:,} → {self.tokens_after:,} tokens"

    def __repr__(self) -> str:
        lines = [self.title, *self.notes]
        if self.state != REJECTED and self.tokens_before != self.tokens_after:
            lines.append(self.room)
        for place, one in enumerate(self.conflicts):
            proposed = f"proposed: {one.proposal}" if one.proposal else "open"
            mark = f"→ {one.answer}" if one.answer else proposed
            lines += [
                f"{place}  {one.commit[:HASH_SHOWN]}  {one.question} {mark}",
                *(f"     {side:<6} {preview(text, 70)}" for side, text in _sides(one)),
            ]
        lines += [f"! {warning}" for warning in self.warnings]
        if self.state == PENDING:
            choose = "review.choose(0, 'ours'), review.edit(0, 'text'), then " if self.conflicts else ""
            lines.append(f"{choose}review.approve()")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [
            (
                place,
                Code(one.commit[:HASH_SHOWN]),
                one.question,
                one.ours,
                one.base,
                one.theirs,
                one.proposed or "",
                str(one.answer) if one.answer else "open",
            )
            for place, one in enumerate(self.conflicts)
        ]
        heads = ("", "commit", "question", "ours", "base", "theirs", "result", "answer")
        told = "".join(f"<li>{cell_html(text)}</li>" for text in (*self.notes, *self.warnings))
        return (
            f"<p{NO_MATHS}>{cell_html(self.title)}, {cell_html(self.room)}</p>"
            + (table_html(rows, heads) if rows else "")
            + (f"<ul{NO_MATHS}>{told}</ul>" if told else "")
        )


def _sides(one: Conflict) -> list[tuple[str, str]]:
    sides = [("base", one.base), ("ours", one.ours), ("theirs", one.theirs)]
    return [(side, text) for side, text in sides if text or side != "base"]
