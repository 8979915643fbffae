"""What waits for a decision: reviews of joined histories, and of compressions."""

from __future__ import annotations

from tract_nb.facade.desks import CompressionDesk, ReviewDesk
from tract_nb.facade.handle import Handle
from tract_nb.model.compression import Compressed, Compression
from tract_nb.model.review import Review, Reviewed
from tract_nb.operations import kept_reviews, proposing, reviewing


class Deciding(Handle):
    """Finding what is pending, and giving it back as something that a person can decide."""

    def pending(self) -> list[Review | Compression]:
        """Return what waits for a decision, one a branch at the most."""
        with self._reading():
            return [
                self._compression(proposing.look(self._ws, one.id))
                if one.verb == proposing.VERB
                else self._review(reviewing.look(self._ws, one.id))
                for one in kept_reviews.pending(self._ws)
            ]

    def _review(self, reviewed: Reviewed) -> Review:
        return Review(ReviewDesk(self._ws, self._reading, self._moving), reviewed)

    def _compression(self, done: Compressed) -> Compression:
        return Compression(done, CompressionDesk(self._ws, self._reading, self._moving))
