"""What waits for a decision: reviews of joined histories, and compressions that are proposed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from tract_nb.model.table import Column, Table

PENDING, APPLIED, REJECTED = "pending", "applied", "rejected"


class Moment(Protocol):
    """Something that waits, as it stands at one moment."""

    @property
    def state(self) -> str:
        """Pending, applied, rejected; of a compression also proposed or nothing."""

    @property
    def branch(self) -> str:
        """The branch that it changes."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth a word."""

    @property
    def tokens_before(self) -> int:
        """Counted tokens before it."""

    @property
    def tokens_after(self) -> int:
        """Counted tokens after it."""


class Waiting:
    """What waits for a decision: a :class:`~tract_nb.Review`, or a :class:`~tract_nb.Compression`."""

    __slots__ = ()

    @property
    def now(self) -> Moment:
        """As it stood when it was looked at last."""
        raise NotImplementedError

    @property
    @abstractmethod
    def verb(self) -> str:
        """What is to be done: merge, rebase, pick, reorder, compress."""

    @property
    @abstractmethod
    def source(self) -> str:
        """What is merged, rebased onto or picked; of a compression how many units."""

    @property
    @abstractmethod
    def unresolved(self) -> int:
        """How many conflicts have neither an answer nor a proposal; how many groups nobody has decided."""

    @abstractmethod
    def __len__(self) -> int: ...

    @property
    def state(self) -> str:
        """``pending``, ``applied`` or ``rejected``; of a compression also ``proposed`` or ``nothing``."""
        return self.now.state

    @property
    def branch(self) -> str:
        """The branch that it changes."""
        return self.now.branch

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done or left as it is, and why."""
        return self.now.notes

    @property
    def tokens_before(self) -> int:
        """Counted tokens of the whole context before it."""
        return self.now.tokens_before

    @property
    def tokens_after(self) -> int:
        """Counted tokens of the whole context after it; of a pending one as it is decided so far."""
        return self.now.tokens_after


class Pending(Table):
    """The reviews that wait for a decision, by branch."""

    __slots__ = ()

    columns = (
        Column("branch", "str", "the branch that it changes"),
        Column("verb", "str", "merge, rebase or compress"),
        Column("source", "str", "what is merged, or rebased onto; of a compression how many units"),
        Column("conflicts", "int64", "how many there are; of a compression its groups"),
        Column("unresolved", "int64", "conflicts with neither an answer nor a proposal; undecided groups"),
        Column("tokens_before", "int64", "counted tokens of the context as it is"),
        Column("tokens_after", "int64", "as it would be, by what is decided so far"),
    )

    @classmethod
    def of(cls, reviews: Sequence[Waiting]) -> Pending:
        """Return reviews as a table."""
        return cls(
            tuple(
                (
                    one.branch,
                    one.verb,
                    one.source,
                    len(one),
                    one.unresolved,
                    one.tokens_before,
                    one.tokens_after,
                )
                for one in reviews
            )
        )
