"""Interrupts: the stop button waits until a verb is done, and is heard right after it.

A KeyboardInterrupt can rise between any two bytecodes of the main thread, also between a COMMIT and
the line that remembers it. While a section is open, Ctrl-C is therefore only noted. Sections are short:
a verb, or a chunk of a long one.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # without the enums that signal makes of numbers
import threading
from types import FrameType
from typing import Any


class Deferred:
    """Notes interrupts of the main thread while it is entered; raises them when it is left."""

    __slots__ = ("_before", "_depth", "noted")

    def __init__(self) -> None:
        self.noted: tuple[int, FrameType | None] | None = None
        self._before: Any = None
        self._depth = 0

    def enter(self) -> None:
        """Begin to note; in any other thread, where none can rise, do nothing."""
        if threading.current_thread() is not threading.main_thread():
            return
        if self._depth == 0:
            self._before = signal.signal(signal.SIGINT, self._note)
            self.noted = None  # what a press between two sections left is an old story
        self._depth += 1

    def leave(self) -> None:
        """Stop noting, and let what was noted rise."""
        if threading.current_thread() is not threading.main_thread() or self._depth == 0:
            return
        self._depth -= 1
        if self._depth == 0:
            # a handler that was not set from Python comes back as None and cannot be set again
            signal.signal(signal.SIGINT, signal.SIG_DFL if self._before is None else self._before)
            self.let()

    def let(self) -> None:
        """Let a noted interrupt rise now: called where a long work may be left."""
        noted, self.noted = self.noted, None
        if noted is None:
            return
        if callable(self._before):
            self._before(*noted)
        elif self._before == signal.SIG_DFL:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.noted = (number, frame)


#: one for the process: there is one main thread
deferred = Deferred()
