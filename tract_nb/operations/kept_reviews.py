"""Reviews that are kept: at most one is pending on a branch, and each is settled once."""

from __future__ import annotations

from typing import Protocol

from tract_nb.errors import ReviewError
from tract_nb.model.waiting import PENDING, REJECTED
from tract_nb.operations.workspace import Workspace
from tract_nb.store import reviews
from tract_nb.store.reviews import StoredReview


class Numbered(Protocol):
    """What may have been stored."""

    @property
    def number(self) -> int | None:
        """In the database; None where it never was."""

    @property
    def state(self) -> str:
        """pending, applied or rejected."""


def pending(ws: Workspace) -> list[StoredReview]:
    """Return all that are pending on this tract, by branch."""
    return reviews.pending(ws.db, ws.tract)


def waiting(ws: Workspace, branch: str | None = None) -> StoredReview | None:
    """Return what is pending on a branch, without one on that which HEAD is on."""
    return reviews.pending_on(ws.db, ws.tract, branch or str(ws.branch))


def waits(review: StoredReview) -> ReviewError:
    """Return the error of a verb that would need a second review of a branch."""
    return ReviewError(
        f"A {_named(review)} waits for a decision on {review.branch}.",
        "t.pending() has it: approve() or reject() it first.",
    )


def refuse_second(ws: Workspace, verb: str, branch: str | None = None) -> None:
    """Refuse where another process has made a review of this branch meanwhile."""
    branch = branch or str(ws.branch)
    if waiting(ws, branch) is not None:
        raise ReviewError(
            f"A review waits for a decision on {branch} since a moment ago: no {verb} was done.",
            "t.pending() has it.",
        )


def number(review: Numbered) -> int:
    """Return the number of a review that was stored."""
    if review.number is None:
        raise ReviewError(
            f"This review is {review.state}: there is nothing to decide.", "t.undo() takes it back."
        )
    return review.number


def stored(ws: Workspace, number: int) -> StoredReview:
    """Return a review by its number."""
    found = reviews.get(ws.db, number)
    if found is None:
        raise ReviewError(f"The review {number} is not in this database.", "t.pending() lists what is.")
    return found


def refuse_settled(review: StoredReview) -> None:
    """Refuse to decide what is decided."""
    if review.state != PENDING:
        raise ReviewError(
            f"This {_named(review)} is {review.state} already.",
            "t.undo() takes back what was applied.",
        )


def reject(ws: Workspace, number: int) -> None:
    """Settle a review: nothing is done."""
    with ws.db.write():
        refuse_settled(stored(ws, number))
        reviews.settle(ws.db, number, REJECTED)


def _named(review: StoredReview) -> str:
    """Say what a review is: a merge of docs, a compression of 52 units."""
    noun = {"compress": "compression"}.get(review.verb, review.verb)
    return f"{noun} of {review.args['source']}"
