"""The review of a compression: originals beside drafts, what gets lost, and approving group by group."""

from __future__ import annotations

import threading
from dataclasses import replace
from hashlib import sha256
from typing import Any, ClassVar, NamedTuple

from tract_nb.errors import CallCancelledError, ReviewError, TractError
from tract_nb.model.compression import Compression
from tract_nb.model.group import MASK, SUMMARIZE, Group
from tract_nb.model.listing import counted
from tract_nb.model.reply import Cancel
from tract_nb.model.waiting import APPLIED, PENDING
from tract_nb.tract import Tract
from tract_nb.view.originals import Said
from tract_nb.view.proposed import Proposed
from tract_nb.widgets.base import answers
from tract_nb.widgets.review import ReviewWidget

NAMES = 60  # lost names that come with a group; more are asked for
PAGE = 100  # originals of one request
TEXT = 8_000  # characters of one original that come at once
LATELY = 200  # operations among which a pin is looked for
ALSO = "Also named: "  # what a line of names begins with that a person put into a draft


class Writing(NamedTuple):
    """A draft that a model is writing."""

    cancel: Cancel
    said: str


class CompressWidget(ReviewWidget):
    """A pending compression, group by group: ``review.edit(0, "text")``, ``review.approve(0)``.

    While a model writes a draft, all else can be worked with; what it writes is kept when it is there.

    Parameters
    ----------
    tract : Tract
        Whose history it is about.
    review : Compression
        What :meth:`~tract_nb.Tract.compress` returns.
    """

    bundle: ClassVar[str] = "compress"
    shows = Compression
    operation = "compress"
    review: Compression

    def __init__(self, tract: Tract, review: Compression) -> None:
        self._proposed: Proposed | None = None
        self._of: Any = None  # what that was made of
        self._costs: tuple[Any, dict[str, Any] | None] = (None, None)
        self._writing: dict[str, Writing] = {}
        self._failed: dict[str, str] = {}
        self._pins: list[int] = []  # the operations of the pins made here
        super().__init__(tract, review)

    # -- what the page shows --------------------------------------------------------------------------

    def look(self) -> dict[str, Any]:
        """Return the compression as it is by now, without its texts."""
        trouble = self._follow()
        review, proposed = self.review, self._proposed
        between = proposed.between if proposed else []
        return {
            "branch": review.branch,
            "state": review.state,
            "strategy": review.strategy,
            "items": [self._item(group) for group in review.groups],
            "between": [[stay._asdict() for stay in gap] for gap in between],
            "before": review.tokens_before,
            "after": review.tokens_after,
            "target": review.target_tokens,
            "costs": self._priced(),
            "notes": list(review.notes),
            "trouble": trouble,
            "canUndo": bool(self._pins),
            "model": self._model(),
        }

    def _follow(self) -> str:
        """Take the compression as it is by now; say why that cannot be done."""
        if self.review.state != PENDING:
            return ""
        try:
            self.review.refresh()
            if self.review.state == PENDING and self.review.now is not self._of:
                self._proposed = self.tract.proposed(self.review)
                self._of = self.review.now
        except TractError as error:  # its branch is gone
            return f"{error.message} {error.hint}"
        return ""

    def _priced(self) -> dict[str, Any] | None:
        """Return what it costs; worked out once for what is there, and kept once it is settled."""
        seen = self._of, self._revision()
        if self._proposed is not None and self.review.state == PENDING and self._costs[0] != seen:
            with self.tract.database.read():
                self._costs = seen, self._proposed.costs().to_wire()
        return self._costs[1]

    def _item(self, group: Group) -> dict[str, Any]:
        """Return a group as the list shows it."""
        known = self._proposed.originals.get(group.key) if self._proposed else None
        since, until = known.times_us if known else (0, 0)
        lost = _lost(group)
        writing = self._writing.get(group.key)
        return {
            "key": group.key,
            "units": len(group.units),
            "since": since,
            "until": until,
            "before": group.tokens_before,
            "after": group.tokens_after,
            "lost": len(lost),
            "later": sum(one["later"] > 0 for one in lost),
            "added": len(set(group.added)),
            "state": group.state,
            "strategy": group.strategy,
            "by": _by(group),
            "problem": group.problem,
            "changed": group.changed,
            "taken": group.taken,
            "draft": _name(group),
            "writing": writing.said if writing else None,
            "failed": self._failed.get(group.key, ""),
        }

    # -- what the page asks ---------------------------------------------------------------------------

    @answers
    def stays(self) -> dict[str, str]:
        """Return what the pinned units say that stand between the groups."""
        return self._proposed.named() if self._proposed and not self.tract.database.closed else {}

    @answers
    def group(self, *, key: str) -> dict[str, Any]:
        """Return a group's draft, and the names that it loses and adds."""
        group = self.review.groups[self._place(key)]
        found = self._proposed.originals.get(key) if self._proposed else None
        return {
            "draft": _name(group),
            "text": group.draft,
            "parts": found.draft() if found else [("", group.draft)],
            "names": _lost(group)[:NAMES],
        }

    @answers
    def lost_names(self, *, key: str, start: int, count: int) -> list[dict[str, Any]]:
        """Return some of the names that a group loses, those that are said later first."""
        return _lost(self.review.groups[self._place(key)])[start : start + count]

    @answers
    def originals(self, *, key: str, start: int, count: int = PAGE) -> list[dict[str, Any]]:
        """Return some of a group's units."""
        found = self._proposed.originals.get(key) if self._proposed else None
        return [row._asdict() for row in found.rows(start, min(count, PAGE))] if found else []

    @answers
    def original(self, *, key: str, place: int, start: int = 0) -> list[str]:
        """Return a part of what one unit says; every second part is a name that gets lost."""
        found = self._proposed.originals.get(key) if self._proposed else None
        return found.text(place, start, TEXT) if found else []

    @answers
    def said_where(self, *, key: str, name: str) -> dict[str, Any]:
        """Return which originals say a name, and how the first does."""
        found = self._proposed.originals.get(key) if self._proposed else None
        return (found.said(name) if found else Said([], [], "", [], 0))._asdict()

    # -- what a person does ---------------------------------------------------------------------------

    @answers
    def write(self, *, key: str, text: str, draft: str) -> dict[str, Any]:
        """Let a text of the person's own be a group's draft."""
        place = self._as_seen(key, draft)
        self.review.edit(place, text)
        return self._said(f"Group {place + 1}: your text.")

    @answers
    def name_into_draft(self, *, key: str, name: str, draft: str) -> dict[str, Any]:
        """Put a name that gets lost at the end of a draft."""
        place = self._as_seen(key, draft)
        group = self.review.groups[place]
        if group.strategy == MASK:
            raise ReviewError("Masks are no text that a name could stand in.", "Pin the originals instead.")
        self.review.edit(place, _with_name(group.draft, name))
        return self._said(f"{name} stands in the draft.")

    @answers
    def write_with(self, *, key: str, strategy: str, instructions: str = "") -> dict[str, Any]:
        """Have a draft written anew: by rules at once, by a model in the background."""
        place = self._idle(key)
        self._failed.pop(key, None)
        if strategy != SUMMARIZE:
            self.review.ask(place, strategy=strategy)
            return self._said(f"Group {place + 1}: {strategy}.")
        writing = Writing(Cancel(), " ".join(instructions.split()))
        self._writing[key] = writing
        # a review of its own: this one goes on being decided meanwhile
        threading.Thread(
            target=self._written, args=(replace(self.review), place, key, writing), daemon=True
        ).start()
        return self._said(f"Group {place + 1} is being written.")

    def _written(self, review: Compression, place: int, key: str, writing: Writing) -> None:
        """Have a model write a draft; whatever comes of it, the page is told."""
        failed = ""
        try:
            review.ask(place, writing.said or None, strategy=SUMMARIZE, cancel=writing.cancel)
        except CallCancelledError:
            failed = "The writing was stopped. The draft is as it was."
        except TractError as error:
            failed = f"{error.message} {error.hint}"
        except Exception as error:  # noqa: BLE001  a person's own llm may raise anything
            failed = f"{type(error).__name__}: {error}"
        with self._lock:
            del self._writing[key]
            if failed:
                self._failed[key] = failed
        self._changed()

    @answers
    def stop_writing(self, *, key: str) -> dict[str, Any]:
        """End what a model is writing for a group."""
        writing = self._writing.get(key)
        if writing is not None:
            writing.cancel.cancel()
        return {"said": "Stopping." if writing else "Nothing is being written."}

    @answers
    def forget_failure(self, *, key: str) -> None:
        """Say no longer what went wrong with a draft."""
        self._failed.pop(key, None)
        self.refresh()

    @answers
    def pin_units(self, *, key: str, commits: list[str]) -> dict[str, Any]:
        """Pin originals of a group, so that they stay word by word."""
        place = self._idle(key)
        before = self._newest()
        self.review.pin(commits)
        done = self._newest()
        if done == before:
            return self._said("Pinned already. Nothing was written.")
        self._pins.append(done)
        return self._said(f"Pinned {counted(len(commits), 'unit')} of group {place + 1}.") | {"undo": True}

    @answers
    def undo_pin(self) -> dict[str, Any]:
        """Take back the last pin made here."""
        if not self._pins:
            return {"said": "Nothing was pinned here that could be taken back."}
        if self._newest() != self._pins[-1]:
            self._pins.clear()
            raise ReviewError(
                "Something else was done since the pin: it is not taken back from here.",
                "t.undo() takes back what was done last, %tract unpin HASH the pin.",
            )
        self.tract.undo()
        self._pins.pop()
        return self._said("The pin is taken back.") | {"undo": bool(self._pins)}

    def _newest(self) -> int:
        """Return the number of the newest operation that holds."""
        return next((row[0] for row in self.tract.operations(LATELY).rows if _holds(row)), 0)

    @answers
    def approve_group(self, *, key: str, draft: str) -> dict[str, Any]:
        """Approve a group; the last one that is decided has it done."""
        place = self._as_seen(key, draft)
        self.review.approve(place)
        return self._said(f"Group {place + 1} is approved.")

    @answers
    def approve_all(self, *, drafts: dict[str, str]) -> dict[str, Any]:
        """Approve all groups that were not rejected, and have it done."""
        for key, draft in drafts.items():
            self._as_seen(key, draft)
        self.review.approve()
        return self._said("Units were edited since: look at the drafts, and approve again.")

    @answers
    def reject_group(self, *, key: str) -> dict[str, Any]:
        """Leave a group as it is."""
        place = self._idle(key)
        self.review.reject(place)
        return self._said(f"Group {place + 1} stays as it is.")

    @answers
    def reject_all(self) -> dict[str, Any]:
        """Leave all as it is; what is being written is stopped."""
        for writing in self._writing.values():
            writing.cancel.cancel()
        self.review.reject()
        return self._said("")

    @answers
    def open_again(self, *, key: str) -> dict[str, Any]:
        """Take back what was decided of a group."""
        place = self._place(key)
        self.review.reopen(place)
        return self._said(f"Group {place + 1} is open again.")

    # -- inside ---------------------------------------------------------------------------------------

    def _place(self, key: str) -> int:
        for place, group in enumerate(self.review.groups):
            if group.key == key:
                return place
        raise ReviewError(
            "This group is gone: its units are pinned, or covered otherwise.", "The list shows what is."
        )

    def _idle(self, key: str) -> int:
        """Return which group it is; refuse while a model writes its draft."""
        place = self._place(key)
        if key in self._writing:
            raise ReviewError(f"Group {place + 1} is being written.", "Wait for it, or stop it.")
        return place

    def _as_seen(self, key: str, draft: str) -> int:
        """Return which group it is; refuse where its draft is not the one that the page shows."""
        if self.review.state == PENDING:
            self.review.refresh()
        place = self._idle(key)
        if self.review.state == PENDING and _name(self.review.groups[place]) != draft:
            self.refresh()
            raise ReviewError(
                f"The draft of group {place + 1} changed while you looked at it. Nothing was written.",
                "Look at what is there now, then do it again.",
            )
        return place

    def _said(self, text: str) -> dict[str, Any]:
        """Show what came of it, and return what to say."""
        self.refresh()
        review = self.review
        if review.state != PENDING:
            self.leave()
            back = " t.undo() takes it back." if review.state == APPLIED else ""
            return {"said": f"{review.title}.{back}"}
        decided = len(review) - review.unresolved
        return {"said": f"{text} {decided} of {len(review)} decided."}


def _lost(group: Group) -> list[dict[str, Any]]:
    """Return the names that a group loses, each once: what stands in quotes may be a path besides."""
    found: dict[str, dict[str, Any]] = {}
    for _, what, _, name, times, later, _ in group.rows:
        if what == "lost":
            found.setdefault(name, {"name": name, "times": times, "later": later})
    return list(found.values())


def _holds(row: tuple[Any, ...]) -> bool:
    """Tell whether an operation was neither taken back nor took one back."""
    return not row[6] and row[2] not in ("undo", "redo")


def _name(group: Group) -> str:
    """Return what a draft goes by: who looked at it has not seen another one."""
    return sha256(f"{group.strategy}\0{group.draft}".encode()).hexdigest()[:16]


def _by(group: Group) -> str:
    """Say who wrote a draft, and what with."""
    made = group.metadata or {}
    said = [group.by] if group.by else []
    if made.get("edited_by") and made.get("model"):
        said.append(str(made["model"]))
    if isinstance(made.get("prompt"), dict):
        said.append(f"prompt {made['prompt'].get('version')}")
    if made.get("cost") is not None:
        said.append(f"${made['cost']:.3f}")
    return ", ".join(said)


def _with_name(text: str, name: str) -> str:
    """Return a draft with a name more in its last line."""
    *_, last = text.rstrip().splitlines() or [""]
    if last.startswith(ALSO):
        return f"{text.rstrip().removesuffix('.')}, {name}."
    return f"{text.rstrip()}\n\n{ALSO}{name}."
