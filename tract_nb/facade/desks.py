"""Where the reviews of a handle lie until somebody decides."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from tract_nb.errors import ReviewError
from tract_nb.model.compression import Compressed
from tract_nb.model.conflict import Decision
from tract_nb.model.reply import Cancel
from tract_nb.model.review import Reviewed
from tract_nb.operations import kept_reviews, proposing, reviewing, settling
from tract_nb.operations.deciding import SEMANTIC
from tract_nb.operations.deciding import Deciding as Decide
from tract_nb.operations.workspace import Workspace

#: what a reading or a verb stands in
Standing = AbstractContextManager[None, Any]


class _Desk:
    """Where something of a handle lies until somebody decides.

    Parameters
    ----------
    ws : Workspace
        The handle's state.
    reading, moving : callable
        What every reading of the handle, and every verb that looks before it writes, stands in.
    """

    __slots__ = ("_moving", "_reading", "_ws")

    def __init__(
        self, ws: Workspace, reading: Callable[[], Standing], moving: Callable[[], Standing]
    ) -> None:
        self._ws = ws
        self._reading = reading
        self._moving = moving


class ReviewDesk(_Desk):
    """Where the reviews of a handle lie: it keeps answers in the database, and applies them."""

    __slots__ = ()

    def look(self, review: Reviewed) -> Reviewed:
        """Return the review as it is by now."""
        if review.number is None:
            return review
        with self._reading():
            return reviewing.look(self._ws, review.number)

    def answer(self, review: Reviewed, key: str, answer: Decision | None) -> Reviewed:
        """Keep an answer; None takes it back."""
        with self._moving():
            return reviewing.answer(self._ws, review, key, answer)

    def ask(self, review: Reviewed, key: str, instructions: str | None, model: str | None) -> Reviewed:
        """Let a model propose an answer; no lock is held while it thinks."""
        conflict = reviewing.asked(self.look(review), key)
        asked = Decide(SEMANTIC, None, instructions, None, model, self._ws.proposer)
        (proposal,) = asked.proposed([conflict])
        if proposal is None:
            raise ReviewError(
                f"A model settles no such thing: {conflict.question}", "Choose a side, or write the text."
            )
        with self._moving():
            return reviewing.propose(self._ws, review, key, proposal)

    def approve(self, review: Reviewed) -> Reviewed:
        """Apply what was decided."""
        with self._moving():
            return reviewing.approve(self._ws, review)

    def reject(self, review: Reviewed) -> Reviewed:
        """Apply nothing."""
        with self._moving():
            return reviewing.reject(self._ws, review)


class CompressionDesk(_Desk):
    """Where the pending compressions of a handle lie: it keeps drafts and decisions, and applies them."""

    __slots__ = ()

    def look(self, seen: Compressed) -> Compressed:
        """Return it as it is by now."""
        with self._reading():
            return proposing.look(self._ws, kept_reviews.number(seen), seen)

    def write(self, seen: Compressed, key: str, text: str) -> Compressed:
        """Keep a person's text for a group."""
        with self._moving():
            return proposing.write(self._ws, seen, key, text)

    def draft(
        self,
        seen: Compressed,
        key: str,
        strategy: str | None,
        instructions: str | None,
        model: str | None,
        cancel: Cancel | None,
    ) -> Compressed:
        """Have a group's draft written anew; no lock is held while a model writes."""
        return proposing.redraft(self._ws, seen, key, strategy, instructions, model, cancel)

    def decide(self, seen: Compressed, key: str, choice: str | None) -> Compressed:
        """Approve or reject a group; None takes it back."""
        with self._moving():
            return settling.decide(self._ws, seen, key, choice)

    def pin(self, seen: Compressed, units: Any) -> Compressed:
        """Pin units: nothing stands for them any more."""
        with self._moving():
            return settling.pin(self._ws, seen, units)

    def approve(self, seen: Compressed) -> Compressed:
        """Do it, but for what was rejected."""
        with self._moving():
            return settling.approve(self._ws, seen)

    def reject(self, seen: Compressed) -> Compressed:
        """Do nothing."""
        with self._moving():
            return settling.reject(self._ws, seen)
