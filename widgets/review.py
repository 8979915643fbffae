"""What the widgets of reviews share: they stand for the review in Python, and follow its decisions."""

from __future__ import annotations

from typing import Any, ClassVar

from tract_nb.model.compression import Compression
from tract_nb.model.review import Review
from tract_nb.tract import Tract
from tract_nb.widgets.base import TractWidget


class ReviewWidget(TractWidget):
    """Something that waits for a decision; it is the same in every view, and outlives the page.

    What the review has, the widget has too, so that ``review = %tract review`` is worked with alike on
    the page and in Python: ``review.approve()``.

    Parameters
    ----------
    tract : Tract
        Whose history it is about.
    review : Review or Compression
        What waits.
    """

    #: what kind of review it shows
    shows: ClassVar[type]
    #: the verb whose settings say which model is asked
    operation: ClassVar[str]
    review: Any

    def __init__(self, tract: Tract, review: Review | Compression) -> None:
        self.review = review
        super().__init__(tract)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(type(self).shows, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.review, name)

    def poll(self) -> None:  # answers given elsewhere are no operation: the tract's revision stays
        """Show what another process decided or wrote."""
        self.refresh()

    poll.answers_the_page = True  # type: ignore[attr-defined]

    def as_text(self) -> str:
        return repr(self.review)

    def as_html(self) -> str:
        html: str = self.review._repr_html_()
        return html

    def _model(self) -> str | None:
        """Return the model that can be asked; None where none is set."""
        named = {row[0]: row[1] for row in self.tract.llm_settings(self.operation).rows}
        return named.get("model")
