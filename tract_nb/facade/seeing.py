"""Methods for looking ahead and at the whole: what the widgets draw, as plain values."""

from __future__ import annotations

from typing import Any

from tract_nb.facade.handle import Handle
from tract_nb.model.advice import Advice
from tract_nb.model.compression import Compression
from tract_nb.view import advice, foresight, strip, takers
from tract_nb.view.dag import Dag
from tract_nb.view.describing import Described, describe
from tract_nb.view.foresight import Foresight
from tract_nb.view.proposed import Proposed
from tract_nb.view.strip import Strip
from tract_nb.view.takers import Takers


class Seeing(Handle):
    """What a picture of a tract needs."""

    def foresee(self, action: str, target: Any = None, *, text: str | None = None) -> Foresight:
        """Return what an action would change, without doing it: tokens, prices, the provider's cache.

        Parameters
        ----------
        action : {"skip", "unmark", "important", "pin", "restore", "edit", "mask", "structural"}
            What would be done: the first four are priorities that :meth:`annotate` sets (unmark is NORMAL),
            the last two strategies of :meth:`compress`.
        target : str, Commit, list, pandas.Series or pandas.DataFrame, optional
            The units it would be done to; without any, what :meth:`compress` takes by itself.
        text : str, optional
            Of ``edit``, the new text.
        """
        with self._reading():
            return foresight.foresee(self._ws, action, target, text=text)

    def dag(self, *, peek: bool = False) -> Dag:
        """Return the drawn history of all branches, which follows the tract when it is asked to look.

        Parameters
        ----------
        peek : bool
            As in :meth:`strip`.
        """
        with self._reading(tip=not peek):
            drawn = Dag(self._ws)
            drawn.look()
            return drawn

    def strip(self, *, peek: bool = False) -> Strip:
        """Return the compiled context at HEAD in order: each unit's tokens, what is cached, what left it.

        Parameters
        ----------
        peek : bool
            Look without taking it for what this handle's caller knows: if another writer has moved the
            branch, the next write still says so.
        """
        with self._reading(tip=not peek):
            return strip.strip(self._ws)

    def proposed(self, review: Compression) -> Proposed:
        """Return a pending compression beside its originals, as it is by now: what its widget shows."""
        with self._reading():
            return Proposed(self._ws, review.refresh().now)

    def takers(self, largest: int = 10) -> Takers:
        """Return what takes the room: the largest units, tools and files, and what masking would save."""
        with self._reading():
            return takers.takers(self._ws, largest)

    def advice(self, model: str | None = None, *, peek: bool = False) -> Advice:
        """Return what compressing would save and cost, and which outputs nobody needs any more.

        Nothing is written and nobody is asked. What ``mask`` and ``structural`` save is what ``compress``
        then gives, with the range that it takes by itself; of ``summarize`` it is an estimate. Worked out
        once for a commit.

        Parameters
        ----------
        model : str, optional
            Who would write summaries; without one whom ``compress`` would ask.
        peek : bool
            As in :meth:`strip`.

        Returns
        -------
        Advice
            ``.ways``, a row for each strategy; ``.outputs``, which were superseded and which nothing refers
            to again, to select from: ``advice = t.advice().to_frame()``, then
            ``t.compress(commits=advice[advice.reason == "superseded"], strategy="mask")``.
        """
        with self._reading(tip=not peek):
            return advice.advice(self._ws, model)

    def describe(self, target: Any, *, start: int = 0, count: int = 4000) -> Described:
        """Return one unit of HEAD's history as it stands: its text or a part of it, its price, its state.

        Parameters
        ----------
        target : str or Commit
            The unit.
        start, count : int
            Which characters of its text.
        """
        with self._reading():
            return describe(self._ws, target, start, count)
