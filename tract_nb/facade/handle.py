"""What every method of a tract stands on: its workspace, its lock, and what it tells."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar

from tract_nb.errors import TractWarning
from tract_nb.model.commit import Commit, Row
from tract_nb.operations import present
from tract_nb.operations.workspace import Workspace

CALLER = 6  # frames from a warning up to the line that called the verb


class Handle:
    """A handle on a tract."""

    #: who is told what a verb notices (the magics print it); without one, only warnings are given
    listener: ClassVar[Callable[[str], None] | None] = None

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws

    def _presented(self, row: Row) -> Commit:
        return present.written(self._ws, row)

    @contextmanager
    def _reading(self, *, tip: bool = False) -> Iterator[None]:
        """See one state of the database; ``tip`` where the caller is given what the branch stands on."""
        with self._verb(), self._ws.db.read():
            if tip:
                self._ws.look()
            yield

    @contextmanager
    def _moving(self) -> Iterator[None]:
        """Hold the lock for a verb that looks first, and then writes."""
        with self._verb(), self._ws.db.hold():
            yield

    def _verb(self) -> _Verb:
        """Tell what a verb noticed when it is done; a verb that failed has nothing to say but its error."""
        return _Verb(self)

    def _tell(self) -> None:
        """Say what a verb noticed, once."""
        notices, self._ws.notices[:] = list(self._ws.notices), []
        listener = type(self).listener  # by the class: through self a function would be bound
        for notice in notices:
            if listener is not None:
                listener(notice.text)
            elif notice.is_warning:
                warnings.warn(notice.text, TractWarning, stacklevel=CALLER)


class _Verb:
    """A verb, from its call to what it has to say."""

    __slots__ = ("_handle",)

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._handle._ws.notices.clear()  # noqa: SLF001  a part of the handle
        elif self._handle._ws.notices:  # noqa: SLF001
            self._handle._tell()  # noqa: SLF001
