"""Who is told that something was written."""

from __future__ import annotations

import logging
from collections.abc import Callable

Listener = Callable[[], None]
_log = logging.getLogger(__name__)


class News:
    """The listeners of a database: each hears once of every write of this process.

    They are called when the lock is free again, so that a listener may read, and cannot undo what
    was done.
    """

    __slots__ = ("_listeners", "depth", "fresh")

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self.depth = 0  # how many sections the thread that holds the lock stands in
        self.fresh = False  # whether something was written that nobody was told

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` after every write; return what ends it."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def take(self) -> bool:
        """Tell, under the lock, whether the section that ends is the one to tell of what was written."""
        self.depth -= 1
        if self.depth or not self.fresh:
            return False
        self.fresh = False
        return True

    def tell(self) -> None:
        """Call every listener."""
        for listener in tuple(self._listeners):
            try:
                listener()
            except Exception:  # noqa: BLE001  the verb is done: an error of one who watches is not its own
                _log.exception("A listener failed.")
