"""Methods for looking ahead and at the whole: what the widgets draw, as plain values."""

from __future__ import annotations

from typing import Any

from tract_nb.facade.handle import Handle
from tract_nb.view import foresight
from tract_nb.view.foresight import Foresight


class Seeing(Handle):
    """What a picture of a tract needs."""

    def foresee(self, action: str, target: Any, *, text: str | None = None) -> Foresight:
        """Return what an action would change, without doing it: tokens, prices, the provider's cache.

        Parameters
        ----------
        action : {"skip", "unmark", "important", "pin", "restore", "edit"}
            What would be done: the four are priorities that :meth:`annotate` sets (unmark is NORMAL).
        target : str, Commit, list, pandas.Series or pandas.DataFrame
            The units it would be done to.
        text : str, optional
            Of ``edit``, the new text.
        """
        with self._reading():
            return foresight.foresee(self._ws, action, target, text=text)
