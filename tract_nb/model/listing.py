"""Listings: the tables that verbs return."""

from __future__ import annotations

from dataclasses import dataclass, field

from tract_nb.model.commit import HASH_SHOWN
from tract_nb.model.table import UTC, Code, Column, Table, cell_html, table_html


class Log(Table):
    """Commits, newest first."""

    __slots__ = ()

    columns = (
        Column("commit", "str", "the first 12 digits of its hash; what every verb takes"),
        Column("time", UTC, "author time"),
        Column("branch", "str", "the branch it was found on: the current one first, then by name"),
        Column("kind", "str", "append, edit, mark, summary or merge"),
        Column("type", "str", "content type; missing where the commit has no content"),
        Column("role", "str", "system, user, assistant or tool"),
        Column("tokens", "int64", "tokens of its own text"),
        Column("priority", "str", "effective priority at the tip; missing for what is no unit"),
        Column("preview", "str", "its text in one line of at most 80 characters"),
    )

    def __repr__(self) -> str:
        lines = [
            f"{row[0][:HASH_SHOWN]}  {row[3]:<7} {row[5] or '':<9} {row[6]:>7,}  {row[8]}"
            for row in self.rows[:20]
        ]
        more = len(self.rows) - len(lines)
        return "\n".join([*lines, f"… {more:,} more"] if more > 0 else lines or ["no commits"])


class Branches(Table):
    """The branches of a tract, by name."""

    __slots__ = ()

    columns = (
        Column("branch", "str", "its name"),
        Column("current", "bool", "whether this handle stands on it"),
        Column("commit", "str", "first 12 digits of the hash of its tip; missing where nothing is committed"),
        Column("tokens", "int64", "counted tokens of what compiles at its tip"),
        Column("ahead", "int64", "commits it has that HEAD has not, MARKs left out"),
        Column("behind", "int64", "commits HEAD has that it has not, MARKs left out"),
        Column("time", UTC, "author time of its tip"),
        Column("active", UTC, "when an operation moved it last"),
        Column("preview", "str", "the tip's text in one line"),
    )


class Tags(Table):
    """The tags of a tract, by name."""

    __slots__ = ()

    columns = (
        Column("branch", "str", "its name"),
        Column("current", "bool", "never: one stands on branches and commits"),
        Column("commit", "str", "first 12 digits of the hash of what it names"),
        Column("tokens", "int64", "counted tokens of what compiles there"),
        Column("time", UTC, "author time of that commit"),
        Column("preview", "str", "its text in one line"),
    )


class Operations(Table):
    """Operations on a tract, newest first."""

    __slots__ = ()

    columns = (
        Column("id", "int64", "number in this database"),
        Column("time", UTC, "when it was recorded"),
        Column("verb", "str", "what was done"),
        Column("actor", "str", "who did it"),
        Column("refs", "str", "what it moved: name from → to"),
        Column("reason", "str", "why, where somebody said"),
        Column("undone", "bool", "taken back by a later undo that is in effect"),
    )


class Tracts(Table):
    """The tracts of a database."""

    __slots__ = ()

    columns = (
        Column("tract", "str", "its name"),
        Column("branch", "str", "the branch it opens on"),
        Column(
            "commit",
            "str",
            "first 12 digits of the hash of that branch's tip; missing where nothing is committed",
        ),
        Column("tokens", "int64", "counted tokens of what compiles there"),
        Column("parent", "str", "the tract it was started from; missing for one of its own"),
        Column("call", "str", "first 12 digits of the hash of the call that started it"),
    )


@dataclass(frozen=True, slots=True, repr=False)
class Problems(Table):
    """What verify found wrong; empty where all is well.

    Parameters
    ----------
    collected : int
        How many texts are collected or forgotten: that is no problem, and verify says so.
    """

    collected: int = 0

    columns = (
        Column("what", "str", "page, blob, commit, parent, tokens, count, ref, or the table that it is in"),
        Column("where", "str", "the start of the hash, or the tract and the name"),
        Column("problem", "str", "what is wrong with it"),
    )

    def __repr__(self) -> str:
        if not self.rows:
            return f"nothing is wrong{self.says}"
        return "\n".join(f"{what:<7} {where:<12} {problem}" for what, where, problem in self.rows)

    @property
    def says(self) -> str:
        """How many texts were collected; empty where none was."""
        return f"; {counted(self.collected, 'text')} collected" if self.collected else ""


class BudgetTable(Table):
    """What takes the room in a context."""

    __slots__ = ()

    columns = (
        Column("by", "str", "what the row counts by: total, role, type, priority, compress or unit"),
        Column(
            "name",
            "str",
            "role, type or priority; of a unit who speaks; of compress the strategy, if (estimate)",
        ),
        Column("units", "int64", "how many units"),
        Column(
            "tokens",
            "int64",
            "their tokens, the chat format's overhead included; of compress what it would save",
        ),
        Column("share", "float64", "of the context, in percent"),
        Column("of_budget", "float64", "of the budget, in percent; missing without one"),
        Column("commit", "str", "of a unit: the first 12 digits of its hash"),
        Column("preview", "str", "of a unit: its text in one line"),
    )


@dataclass(frozen=True, slots=True, repr=False)
class Status:
    """Where a handle stands: what a bare ``t`` shows.

    Parameters
    ----------
    database, tract : str
        The file's name (or ``memory``) and the tract's.
    branch : str or None
        None where HEAD stands on a commit.
    head : str or None
        The full hash; None where nothing is committed.
    commits : int
        In this history, MARKs left out.
    tokens : int
        Of what compiles, the chat format's overhead included.
    token_source : str
        As in :class:`~tract_nb.engine.context.CompiledContext`.
    max_tokens : int or None
        Of the budget.
    pinned, skipped, covered : int
        Units with that priority or state.
    recent : Log
        The last five commits.
    """

    database: str
    tract: str
    branch: str | None
    head: str | None
    commits: int
    tokens: int
    token_source: str
    max_tokens: int | None
    pinned: int
    skipped: int
    covered: int
    recent: Log = field(default_factory=lambda: Log(()))

    @property
    def where(self) -> str:
        """Branch and hash in a few words."""
        place = f"branch {self.branch}" if self.branch else "detached"
        return (
            f"{place}, HEAD {self.head[:HASH_SHOWN]}" if self.head else f"{place}, nothing is committed yet"
        )

    @property
    def room(self) -> str:
        """Tokens, against the budget where there is one."""
        if self.max_tokens is None:
            return f"{self.tokens:,} tokens"
        return f"{self.tokens:,} of {self.max_tokens:,} tokens ({100 * self.tokens / self.max_tokens:.0f} %)"

    def _facts(self) -> dict[str, str]:
        name = self.database if self.tract == "default" else f"{self.database}, {self.tract}"
        return {
            "tract": name,
            "stands on": self.where,
            "commits": f"{self.commits:,}",
            "context": f"{self.room}, {self.token_source}",
            "units": f"{self.pinned} pinned, {self.skipped} skipped, {self.covered} covered by summaries",
        }

    def __repr__(self) -> str:
        lines = [f"{name:<10} {value}" for name, value in self._facts().items()]
        return "\n".join([*lines, "", repr(self.recent)] if len(self.recent) else lines)

    def _repr_html_(self) -> str:
        facts = table_html(self._facts().items())
        recent = [(Code(row[0][:HASH_SHOWN]), row[5] or row[3], row[6], row[8]) for row in self.recent]
        return facts + (table_html(recent) if recent else "")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    Parameters
    ----------
    session : str
        The trace's session id.
    branch : str
        The branch its main line is on.
    commits : int
        New commits, of agents too.
    known : int
        Events that were in this history already.
    branches : tuple of str
        Branches made for rewinds.
    tracts : tuple of str
        Tracts made or grown for agents.
    unanswered : int
        Calls without a result.
    secrets : tuple of (str, str)
        What was replaced by a placeholder: its kind and the commit; never the value.
    skipped : dict
        Records passed over, by what they are.
    """

    session: str
    branch: str
    commits: int
    known: int
    branches: tuple[str, ...]
    tracts: tuple[str, ...]
    unanswered: int
    secrets: tuple[tuple[str, str], ...]
    skipped: dict[str, int]

    def lines(self) -> list[str]:
        """Return what happened, a fact a line."""
        known = f", {self.known:,} were here already" if self.known else ""
        commits, session = counted(self.commits, "commit"), self.session[:HASH_SHOWN]
        said = [f"{commits} from session {session} on {self.branch}{known}"]
        if self.branches:
            said.append(f"what was rewound: {', '.join(self.branches)}")
        if self.tracts:
            said.append(f"{counted(len(self.tracts), 'agent')}, each a tract: {', '.join(self.tracts)}")
        if self.unanswered:
            said.append(f"{counted(self.unanswered, 'call')} without a result")
        if self.secrets:
            kinds = ", ".join(sorted({kind for kind, _ in self.secrets}))
            said.append(f"{counted(len(self.secrets), 'likely secret')} replaced by placeholders: {kinds}")
        if self.skipped:
            counts = ", ".join(f"{what}: {count:,}" for what, count in sorted(self.skipped.items()))
            said.append(f"passed over: {counts}")
        return said

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        return "<br>".join(cell_html(line) for line in self.lines())


def counted(number: int, noun: str) -> str:
    """Return a number and its noun: 1 call, 2 calls."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
