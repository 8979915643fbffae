"""What gc took away, what forget did, and what the file takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from tract_nb.model.listing import counted
from tract_nb.model.table import UTC, Column, Table, cell_html


def size_said(size: int) -> str:
    """Return a number of bytes for a person: 512 bytes, 1.5 kB, 20.3 MB."""
    for limit, unit in ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")):
        if abs(size) >= limit:
            return f"{size / limit:.1f} {unit}"
    return counted(size, "byte")


@dataclass(frozen=True, slots=True, repr=False)
class Room:
    """What the file took before it was written anew, and what it takes.

    Parameters
    ----------
    before, after : int
        Bytes of the file and of its log.
    """

    before: int
    after: int

    def __repr__(self) -> str:
        return f"{size_said(self.before)} → {size_said(self.after)}"


@dataclass(frozen=True, slots=True, repr=False)
class Collected(Table):
    """What gc took away, or would take: commits by rising age, then texts that summaries stand for.

    Parameters
    ----------
    done : bool
        Whether it was taken; False for a dry run.
    room : Room, optional
        What the file took before and after, where it was written anew.
    """

    done: bool = True
    room: Room | None = None

    columns = (
        Column("commit", "str", "the first 12 digits of its hash"),
        Column("what", "str", "commit: all of it goes; text: the commit stays, with its hash and size"),
        Column("kind", "str", "append, edit, mark, summary or merge"),
        Column("type", "str", "content type; missing where the commit has no content"),
        Column("role", "str", "system, user, assistant or tool"),
        Column("tokens", "int64", "tokens of its own text"),
        Column("bytes", "int64", "stored bytes of its text that go; 0 where another commit keeps them"),
        Column("time", UTC, "author time"),
        Column("why", "str", "why it goes"),
    )

    def with_room(self, room: Room) -> Self:
        """Return the same with what the file took before and after."""
        return replace(self, room=room)

    @property
    def commits(self) -> int:
        """How many commits."""
        return sum(row[1] == "commit" for row in self.rows)

    @property
    def texts(self) -> int:
        """How many texts of commits that stay."""
        return len(self.rows) - self.commits

    @property
    def size(self) -> int:
        """How many stored bytes of texts."""
        return sum(row[6] for row in self.rows)

    @property
    def says(self) -> str:
        """What happened, or would, in one line."""
        if not self.rows:
            said = "nothing to collect"
        else:
            parts = [counted(self.commits, "commit")] if self.commits else []
            parts += [f"{counted(self.texts, 'text')} that summaries stand for"] if self.texts else []
            what = f"{' and '.join(parts)}, {size_said(self.size)} of text"
            said = f"collected {what}" if self.done else f"would collect {what}; nothing was changed"
        return f"{said}; the file: {self.room}" if self.room else said

    def __repr__(self) -> str:
        return f"{self.says}\n{Table.__repr__(self)}" if self.rows else self.says

    def _repr_html_(self) -> str:
        return f"<p>{cell_html(self.says)}</p>{Table._repr_html_(self) if self.rows else ''}"


@dataclass(frozen=True, slots=True, repr=False)
class Forgotten:
    """What forget did.

    Parameters
    ----------
    commits : tuple of str
        The commits that had the text, first 12 digits each.
    size : int
        Bytes of the text.
    also : tuple of (str, str)
        What else holds a word of it that looks like a secret's: a commit's hash, an operation or a review,
        and what of it does (text, message, metadata, reason, answers). They were left as they are.
    copies : tuple of str
        Backups beside the file that held it, and do not any more.
    clean : bool
        Whether the file was written anew; else somebody else was reading it, and ``optimize`` will do it.
    reviews : tuple of int
        Reviews that had the text in an answer or a proposal, which is taken out: a pending one asks again.
    """

    commits: tuple[str, ...]
    size: int
    also: tuple[tuple[str, str], ...] = ()
    copies: tuple[str, ...] = ()
    clean: bool = True
    reviews: tuple[int, ...] = ()

    def lines(self) -> list[str]:
        """Return what happened, a fact a line."""
        said = [f"forgotten: {size_said(self.size)} of {', '.join(self.commits)}"]
        if self.copies:
            said.append(f"and in {', '.join(self.copies)}")
        said += [f"and in an answer of review {number}, which is open again" for number in self.reviews]
        if not self.clean:
            said.append("! somebody else reads the file: its old pages go with the next optimize()")
        said += [f"! {commit} may hold a part of it, in its {where}" for commit, where in self.also]
        return said

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        return "<br>".join(cell_html(line) for line in self.lines())
