"""The desk: what commands work on in one notebook or one terminal call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from tract_nb.errors import CommandError
from tract_nb.session import Session
from tract_nb.trace import Sessions
from tract_nb.tract import Tract

#: a place that shows a text as it grows, for as long as it is entered
Stream = Callable[[], AbstractContextManager[Callable[[str], None]]]


@dataclass
class Desk:
    """The current tract, and what a command finds around it.

    Parameters
    ----------
    in_notebook : bool
        In a notebook the first verb without a tract opens one in memory, and a branch that is there
        already is no error, since cells are run again.
    say : callable
        Prints one line.
    namespace : mapping
        The user's variables, for ``$name`` and ``-t NAME``.
    body : str or None
        The text of a ``%%tract`` cell.
    key : str or None
        What that cell's unit is known by.
    """

    in_notebook: bool = False
    say: Callable[[str], None] = print
    namespace: Mapping[str, Any] = field(default_factory=dict)
    body: str | None = None
    key: str | None = None
    current: Tract | None = None
    listed: Sessions | None = None  # what `traces` listed last
    open_one: Callable[[], Tract] | None = None  # how a terminal finds its database
    stream: Stream | None = None  # shows a reply as it comes, where something can
    ask: Callable[[str], bool] | None = None  # asks whoever sits there; None where nobody does

    def streaming(self) -> AbstractContextManager[Callable[[str], None] | None]:
        """Return a place for a reply as it comes; None where there is none."""
        return nullcontext() if self.stream is None else self.stream()

    @property
    def tract(self) -> Tract:
        """The current tract; where there is none, the first that was opened, else one in memory."""
        if self.current is None:
            self.current = self.open_one() if self.open_one else Tract.first
        if self.current is None:
            self.current = Tract.open()
            self.say("opened a tract in memory; t.save_as('work.db') keeps it")
        return self.current

    def agreed(self, question: str, *, yes: bool) -> bool:
        """Tell whether to do what cannot be undone: it was said, or whoever sits there says so now."""
        return yes or (self.ask is not None and self.ask(question))

    def tract_named(self, name: str) -> Tract:
        """Return a tract by the name of a variable, or by its own in the current database."""
        found = self.namespace.get(name)
        if isinstance(found, Tract):
            return found
        session = Session.of(self.tract)
        known = [row[0] for row in session.tracts()]
        if name not in known:
            raise CommandError(f"No tract is called {name!r}.", f"The tracts here: {', '.join(known)}.")
        return session.tract(name)
