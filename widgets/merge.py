"""The review of a merge or rebase: what both sides did, what shall stand, and applying it."""

from __future__ import annotations

from typing import Any, ClassVar

from tract_nb.errors import ReviewError
from tract_nb.model.commit import preview
from tract_nb.model.conflict import Conflict, Decision
from tract_nb.model.review import Review
from tract_nb.model.waiting import PENDING
from tract_nb.tract import Tract
from tract_nb.widgets.base import answers
from tract_nb.widgets.review import ReviewWidget

#: what a conflict is called, by its kind
TITLES = {
    "text": "Both edited",
    "priority": "Priorities differ",
    "skipped": "Edited, skipped",
    "retired": "Restored, covered",
    "covered": "Edited, covered",
    "summaries": "Covers overlap",
    "results": "Answered twice",
}
INCOMING = 6  # commits of the other side that are listed
EDITED = "edited"


class MergeWidget(ReviewWidget):
    """A review of a merge or rebase, conflict by conflict: ``review.choose(0, "ours")``.

    Parameters
    ----------
    tract : Tract
        Whose history it is about.
    review : Review
        What :meth:`~tract_nb.Tract.merge` and the like return.
    """

    bundle: ClassVar[str] = "merge"
    shows = Review
    operation = "merge"
    review: Review

    def __init__(self, tract: Tract, review: Review) -> None:
        self._shown: tuple[Conflict, ...] = review.conflicts
        self._coming: tuple[Any, list[dict[str, str]], int] | None = None
        super().__init__(tract, review)

    # -- what the page shows --------------------------------------------------------------------------

    def look(self) -> dict[str, Any]:
        """Return the review as it is by now, without its texts."""
        review = self.review
        if review.state == PENDING:
            review.refresh()
        if review.conflicts:  # one that was settled elsewhere is shown as it was last seen
            self._shown = review.conflicts
        incoming, coming = self._incoming()
        budget = self.tract.token_budget
        return {
            "verb": review.verb,
            "source": review.source,
            "branch": review.branch,
            "state": review.state,
            "items": [_item(one, review.state) for one in self._shown],
            "warnings": list(review.warnings),
            "notes": list(review.notes),
            "incoming": incoming,
            "coming": coming,
            "before": review.tokens_before,
            "after": review.tokens_after,
            "budget": budget.max_tokens if budget else None,
            "model": self._model(),
        }

    def _incoming(self) -> tuple[list[dict[str, str]], int]:
        """Return the newest commits that come in, and how many there are in all."""
        if self._coming is None or self._coming[0] != self.review.source:
            here = set(self.tract.log(branch=self.review.branch).to_frame()["commit"])
            there = self.tract.log(branch=self.review.source).rows
            new = [row for row in there if row[0] not in here]
            listed = [{"who": row[5] or row[3], "line": row[8]} for row in new[:INCOMING]]
            self._coming = (self.review.source, listed, len(new))
        return self._coming[1], self._coming[2]

    # -- what the page asks ---------------------------------------------------------------------------

    @answers
    def conflict(self, *, key: str) -> dict[str, Any]:
        """Return the texts of one conflict, and what would stand."""
        one = self._shown[self._place(key)]
        decided = one.answer or one.proposal
        sides = {"ours": one.ours, "base": one.base, "theirs": one.theirs}
        result = one.proposed
        return {
            **sides,
            "question": one.question,
            "result": result,
            "tokens": {
                name: self.tract.count(text) for name, text in {**sides, "result": result or ""}.items()
            },
            "by": _by(decided, proposed=one.answer is None),
        }

    @answers
    def choose_side(self, *, key: str, choice: str) -> dict[str, Any]:
        """Take a side."""
        place = self._place(key)
        self.review.choose(place, choice)
        return self._said(f"Conflict {place + 1}: {choice}.")

    @answers
    def write(self, *, key: str, text: str) -> dict[str, Any]:
        """Settle a conflict by a text of the person's own."""
        place = self._place(key)
        self.review.edit(place, text)
        return self._said(f"Conflict {place + 1}: your text.")

    @answers
    def accept(self, *, key: str) -> dict[str, Any]:
        """Take what is proposed."""
        place = self._place(key)
        self.review.accept(place)
        return self._said(f"Conflict {place + 1}: as proposed.")

    @answers
    def open_again(self, *, key: str) -> dict[str, Any]:
        """Take an answer back."""
        place = self._place(key)
        self.review.reopen(place)
        return self._said(f"Conflict {place + 1} is open again.")

    @answers
    def ask_model(self, *, key: str, instructions: str) -> dict[str, Any]:
        """Let the model propose a text, with an instruction."""
        place = self._place(key)
        self.review.ask(place, instructions or None)
        return self._said(f"Conflict {place + 1}: a text is proposed.")

    @answers
    def apply(self) -> dict[str, Any]:
        """Apply what was decided."""
        self.review.approve()
        if self.review.state == PENDING:
            return self._said("The branch asks something new: the review stays pending.")
        self.leave()
        # here no key takes it back: the review would not be open again
        return self._said(f"{self.review.title}. t.undo() takes it back.")

    @answers
    def reject_all(self) -> dict[str, Any]:
        """Apply nothing."""
        self.review.reject()
        self.leave()
        return self._said("Rejected: nothing was changed.")

    def _place(self, key: str) -> int:
        for place, one in enumerate(self._shown):
            if one.key == key:
                return place
        raise ReviewError("This conflict is not asked any more.", "The list shows what is.")

    def _said(self, text: str) -> dict[str, Any]:
        self.refresh()
        open_ones = self.review.unresolved
        more = f" {open_ones} of {len(self._shown)} unresolved." if self.review.state == PENDING else ""
        return {"said": text + more}


def _item(one: Conflict, state: str) -> dict[str, Any]:
    """Return a conflict as the list shows it."""
    decided = one.answer or one.proposal
    status = "settled" if one.answer or (state != PENDING and decided) else "proposed" if decided else "open"
    said = next((text for text in (one.ours, one.theirs, one.base) if text.strip()), "")
    return {
        "key": one.key,
        "title": TITLES.get(one.kind, one.kind),
        "question": one.question,
        "who": one.role,
        "line": preview(said),
        "status": status,
        "choice": "" if decided is None else "proposed" if status == "proposed" else decided.choice or EDITED,
        "choices": list(one.choices),
        "takesText": one.takes_text,
    }


def _by(decided: Decision | None, *, proposed: bool) -> str:
    """Say who decided or proposes, and what with."""
    if decided is None:
        return ""
    said = [f"{'proposed' if proposed else 'decided'} by {decided.by}"]
    made = (decided.metadata or {}).get("written_by")
    if made:
        said.append(f"{made['prompt']['name']} {made['prompt']['version']}")
        if made.get("cost") is not None:
            said.append(f"${made['cost']:.3f}")
    return ", ".join(said)
