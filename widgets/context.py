"""The context widget: what the model sees, what takes the room, and what an action would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, ClassVar

import traitlets

from tract_nb.errors import TractError
from tract_nb.model.advice import NOW, REASONS
from tract_nb.model.commit import HASH_TAKEN
from tract_nb.view import strip_text
from tract_nb.widgets import acting
from tract_nb.widgets.base import TractWidget, answers

GROUPS = 12  # tools and files that a page is sent
OUTPUTS = 50  # outputs that nobody needs, of each reason, that a page is sent


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
    def advice(self) -> dict[str, Any]:
        """Return what compressing would save and cost, and which outputs nobody needs; at which head.

        Of the outputs only the first are listed, what masking saves most first; ``commits`` are all of them.
        """
        found = self.tract.advice(peek=True)
        reasons = []
        for reason in REASONS:
            rows = [row._asdict() for row in found.outputs if row.reason == reason]
            if rows:
                commits = [row["commit"] for row in rows]
                reasons.append({"reason": reason, "commits": commits, "rows": rows[:OUTPUTS]})
        head = self.tract.strip(peek=True).head
        ways = [row._asdict() for row in found.ways if row.strategy != NOW]
        return {"head": head, "ways": ways, "reasons": reasons, "notes": found.notes}

    @answers
    def describe(self, *, commit: str, start: int = 0, count: int = 0) -> dict[str, Any]:
        """Return one unit as it stands, with some of its text."""
        return asdict(self.tract.describe(commit, start=start, count=count))

    @answers
    def foresee(self, *, action: str, commits: list[str], text: str | None = None) -> dict[str, Any]:
        """Return what an action would change; where it cannot be done, why.

        Of no units, what a compression takes by itself.
        """
        try:
            return asdict(self.tract.foresee(action, commits or None, text=text))
        except TractError as error:
            return {"impossible": f"{error.message} {error.hint}"}

    @answers
    def drafted(self, *, commits: list[str]) -> dict[str, Any]:
        """Return what would stand for some units, before they are compressed."""
        return acting.drafted(self.tract, commits)

    # -- what a person does ---------------------------------------------------------------------------

    @answers
    def act(
        self, *, head: str | None, action: str, commits: list[str], text: str | None = None, was: str = ""
    ) -> dict[str, Any]:
        """Do an action on units of what the page shows; return what to say of it.

        Of an edit, ``was`` is the commit whose text was in the editor when it was opened.
        """
        with self._doing(head) as change:
            if was:
                acting.check_wording(self.tract, commits, was)
            done = acting.on_units(self.tract, action, commits, text)
        return {"said": f"{done.said}{change()}.", "undo": done.can_undo}

    @answers
    def undo(self, *, head: str | None) -> dict[str, Any]:
        """Take back the last operation of this actor."""
        return self._back("undo", head)

    @answers
    def redo(self, *, head: str | None) -> dict[str, Any]:
        """Take back the last undo of this actor."""
        return self._back("redo", head)

    def _back(self, action: str, head: str | None) -> dict[str, Any]:
        with self._doing(head) as change:
            done = acting.back(self.tract, action)
        return {"said": f"{done.said}{change()}.", "undo": done.can_undo}

    def _tokens(self) -> int:
        return self.tract.strip().tokens
