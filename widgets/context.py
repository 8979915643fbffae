"""The context widget: what the model sees, what takes the room, and what an action would change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, ClassVar

import traitlets

from tract_nb.errors import CommandError
from tract_nb.model.commit import HASH_SHOWN, HASH_TAKEN
from tract_nb.view import figures, strip_text
from tract_nb.view.foresight import PRIORITIES
from tract_nb.widgets.base import TractWidget, answers

GROUPS = 12  # tools and files that a page is sent
DONE = {
    "skip": "Skipped",
    "unmark": "Unmarked",
    "important": "Marked important",
    "pin": "Pinned",
    "restore": "Restored",
    "edit": "Edited",
}
SO_ALREADY = {
    "skip": "skipped",
    "unmark": "unmarked",
    "important": "important",
    "pin": "pinned",
    "restore": "restored",
    "edit": "so worded",
}


class ContextWidget(TractWidget):
    """The compiled context as one strip, width by tokens.

    Parameters
    ----------
    tract : Tract
        Whose context.
    selected : list of str, optional
        Units that are selected, by any name; kept as the first 12 digits of their hashes. It changes
        with what a person selects on the page, and the page with it: ``t.annotate(w.selected, "SKIP")``.
    """

    bundle: ClassVar[str] = "context"

    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)

    @traitlets.validate("selected")
    def _named(self, proposal: Mapping[str, Any]) -> list[str]:
        """Take any names of units as their hashes, each once."""
        named = [
            name if len(name) == HASH_TAKEN else self.tract.describe(name, count=0).commit
            for name in proposal["value"]
        ]
        return list(dict.fromkeys(named))

    def look(self) -> dict[str, Any]:
        return self.tract.strip(peek=True).to_wire()

    def as_text(self) -> str:
        return strip_text.as_text(self.tract.strip(peek=True), self.tract.takers())

    def as_html(self) -> str:
        return strip_text.as_html(self.tract.strip(peek=True), self.tract.takers())

    # -- what the page asks ---------------------------------------------------------------------------

    @answers
    def commits(self) -> dict[str, Any]:
        """Return the commits of the strip's segments, in order: what their places mean, and at which head."""
        strip = self.tract.strip(peek=True)
        return {"head": strip.head, "commits": [segment.commit for segment in strip.segments]}

    @answers
    def takers(self) -> dict[str, Any]:
        """Return the largest units, tools and files."""
        found = self.tract.takers()
        return asdict(replace(found, tools=found.tools[:GROUPS], files=found.files[:GROUPS]))

    @answers
    def describe(self, *, commit: str, start: int = 0, count: int = 0) -> dict[str, Any]:
        """Return one unit as it stands, with some of its text."""
        return asdict(self.tract.describe(commit, start=start, count=count))

    @answers
    def foresee(self, *, action: str, commits: list[str], text: str | None = None) -> dict[str, Any]:
        """Return what an action would change."""
        return asdict(self.tract.foresee(action, commits, text=text))

    # -- what a person does ---------------------------------------------------------------------------

    @answers
    def act(
        self, *, head: str | None, action: str, commits: list[str], text: str | None = None
    ) -> dict[str, Any]:
        """Do an action on units of what the page shows; return what to say of it."""
        with self._doing(head) as change:
            if action in PRIORITIES:
                done = self.tract.annotate(commits, PRIORITIES[action]) is not None
            elif action == "restore":
                done = self.tract.restore(commits) is not None
            elif action == "edit" and text is not None:
                before = self.tract.strip(peek=True).head
                self.tract.edit(commits, text)
                done = self.tract.strip(peek=True).head != before
            else:
                raise CommandError(f"There is no action {action!r}.", "Run the cell again.")
        named = commits[0][:HASH_SHOWN] if len(commits) == 1 else f"{len(commits):,} units"
        if not done:
            verb = "is" if len(commits) == 1 else "are"
            return {
                "said": f"{named} {verb} {SO_ALREADY[action]} already. Nothing was written.",
                "undo": False,
            }
        return {"said": f"{DONE[action]} {named}{change()}.", "undo": True}

    @answers
    def undo(self, *, head: str | None) -> dict[str, Any]:
        """Take back the last operation of this actor."""
        with self._doing(head) as change:
            done = self.tract.undo()[0]
        return {"said": f"Undone: {done.reason or done.verb}{change()}.", "undo": False}

    @answers
    def redo(self, *, head: str | None) -> dict[str, Any]:
        """Take back the last undo of this actor."""
        with self._doing(head) as change:
            done = self.tract.redo()[0]
        return {"said": f"Done again: {done.reason or done.verb}{change()}.", "undo": True}

    @contextmanager
    def _doing(self, head: str | None) -> Iterator[Callable[[], str]]:
        """Act on what the page shows, and show what came of it; give what says how the tokens changed."""
        with self._as_shown(head):
            before = self.tract.strip().tokens
            after = [before]
            yield lambda: f", {figures.change(before, after[0])} tokens" if after[0] != before else ""
            after[0] = self.tract.strip().tokens
        self.refresh()
