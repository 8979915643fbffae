"""The DAG widget: the history of all branches as rows with lanes, and what a person does with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import traitlets

from tract_nb.errors import TractError
from tract_nb.model.commit import HASH_TAKEN
from tract_nb.model.listing import counted
from tract_nb.model.waiting import PENDING
from tract_nb.notebook.html import markdown
from tract_nb.tract import Tract
from tract_nb.view import graph
from tract_nb.view.actions import Outcome
from tract_nb.view.dag import Dag
from tract_nb.view.foresight import Foresight
from tract_nb.view.imagining import ACTIONS
from tract_nb.view.joins import JOINS
from tract_nb.view.wire import row_to_wire
from tract_nb.widgets import acting
from tract_nb.widgets.acting import Done
from tract_nb.widgets.base import TractWidget, answers

_HASH = re.compile(f"[0-9a-f]{{{HASH_TAKEN}}}")
MOVES = ("branch", "tag", "reset", "checkout")
FIRST = 128  # rows that come with the state: what the page shows at once
RANGE = 5_000  # commits that are selected at once


class DagWidget(TractWidget):
    """The history of all branches, live.

    Parameters
    ----------
    tract : Tract
        Whose history.
    selected : list of str, optional
        Hashes of the commits that are selected. It changes with what a person selects on the page,
        and the page with it: ``t.annotate(w.selected, "SKIP")``.
    filter : str, optional
        Only what fits it is drawn: ``role:user is:pinned >2k``, words the text holds.
    """

    bundle: ClassVar[str] = "dag"

    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)
    filter = traitlets.Unicode().tag(sync=True)

    def __init__(self, tract: Tract, **options: Any) -> None:
        self._dag: Dag = tract.dag(peek=True)
        if options.get("filter"):
            self._dag.show_only(options["filter"])
        super().__init__(tract, **options)

    # -- what it says of itself -----------------------------------------------------------------------

    def look(self) -> dict[str, Any]:
        with self.tract.database.read():  # all of it as it is at one moment
            return self._looked_at(self._dag)

    def _looked_at(self, dag: Dag) -> dict[str, Any]:
        dag.look()
        totals = dag.totals()
        undone, redone = dag.undoable()
        return {
            **asdict(totals),
            "rows": len(dag),
            "first": [row_to_wire(row) for row in dag.rows(0, FIRST)],
            "curve": dag.curve()._asdict(),
            "branches": dag.branches(),
            "types": dag.types(),
            "undo": undone,
            "redo": redone,
            "price": dag.next_price(),
            "drawing": dag.version,
        }

    def as_text(self) -> str:
        self._dag.look()
        return graph.as_text(self._dag)

    def as_html(self) -> str:
        self._dag.look()
        return graph.as_html(self._dag)

    @traitlets.validate("selected")
    def _named(self, proposal: Mapping[str, Any]) -> list[str]:
        """Take any names of commits as their hashes, each once."""
        named = [name if _HASH.fullmatch(name) else self.tract.show(name).short for name in proposal["value"]]
        return list(dict.fromkeys(named))

    @traitlets.validate("filter")
    def _understood(self, proposal: Mapping[str, Any]) -> str:
        """Draw what fits a filter; one that says nothing known is refused, and the one before it stays."""
        if proposal["value"].strip() != self._dag.filter:
            self._dag.show_only(proposal["value"])
        return self._dag.filter

    @traitlets.observe("filter")
    def _filtered(self, _: Mapping[str, Any]) -> None:
        if "_end" in self.__dict__:  # not while it is made
            self.refresh()

    # -- what the page asks ---------------------------------------------------------------------------

    @answers
    def rows(self, *, start: int, count: int) -> list[dict[str, Any]]:
        """Return some rows, counted from the newest."""
        return [row_to_wire(row) for row in self._dag.rows(start, count)]

    @answers
    def commits(self, *, start: int, end: int) -> list[str]:
        """Return the commits of a range of rows, both ends in."""
        rows = self._dag.commits(start, min(end, start + RANGE - 1))
        return [commit for commit in rows if commit]

    @answers
    def detail(self, *, commit: str) -> dict[str, Any]:
        """Return all there is to say of a commit."""
        found = self._dag.detail(commit)
        rendered = found.form == "markdown" and found.characters == len(found.text)
        away = self._dag.is_away(commit)
        return {**asdict(found), "html": markdown(found.text) if rendered else None, "away": away}

    @answers
    def text(self, *, commit: str, start: int) -> str:
        """Return the next part of a commit's text."""
        return self._dag.text(commit, start)

    @answers
    def open_fold(self, *, fold: str, is_open: bool, commit: str = "") -> int | None:
        """Open or close what a row stands for; return where the row is then."""
        self._dag.open(fold, is_open=is_open)
        self.refresh()
        return self._dag.place(commit) if commit else None

    @answers
    def show_only(self, *, text: str) -> dict[str, Any]:
        """Draw only what fits a filter; return how many commits fit it, and where none does, each part."""
        self.filter = text
        count = len(self._dag)
        return {"count": count, "parts": [] if count else self._dag.counts(text)}

    @answers
    def next_match(self, *, text: str, start: int, back: bool) -> int | None:
        """Return the next row that fits a filter."""
        return self._dag.next_match(text, start, back=back)

    @answers
    def jump(self, *, to: str, commit: str) -> dict[str, Any] | None:
        """Return a commit and its row: HEAD, the tip of the commit's branch, its parent, or itself."""
        found = self._dag.named(to, commit)
        if found is None:
            return None
        before = self._dag.version
        place = self._dag.reveal(found)
        if self._dag.version != before:
            self.filter = self._dag.filter
            self.refresh()
        return None if place is None else {"place": place, "commit": found}

    @answers
    def foresee(
        self, *, action: str, commits: list[str], text: str | None = None, name: str = ""
    ) -> dict[str, Any]:
        """Return what an action would do; where it cannot be done, why."""
        try:
            if action in ACTIONS:
                return _foreseen(self.tract.foresee(action, self._dag.meant(commits), text=text))
            named = self._dag.meant(commits) if action == "pick" else commits
            return _outcome(self._dag.outcome(action, named, name))
        except TractError as error:
            return {"refused": error.message, "hint": error.hint}

    @answers
    def drafted(self, *, commits: list[str]) -> dict[str, Any]:
        """Return what would stand for some units, before they are compressed."""
        return acting.drafted(self.tract, self._dag.meant(commits))

    @answers
    def diff(self, *, commits: list[str]) -> dict[str, Any]:
        """Return what a model sees at one commit beside what it sees at another."""
        older, *newer = self._dag.by_age(commits)
        found = self.tract.diff(older, newer[0] if newer else "HEAD")
        return {
            "title": found.title,
            "changes": [
                {
                    "change": row.change,
                    "commit": row.commit,
                    "who": row.role,
                    "tokens": row.tokens,
                    "before": row.before or "",
                    "after": row.after or "",
                }
                for row in found.changes[:RANGE]
            ],
        }

    # -- what a person does ---------------------------------------------------------------------------

    @answers
    def act(
        self,
        *,
        head: str | None,
        action: str,
        commits: list[str],
        text: str | None = None,
        name: str = "",
        was: str = "",
    ) -> dict[str, Any]:
        """Do an action on commits of what the page shows; return what to say of it.

        Of an edit, ``was`` is the commit whose text was in the editor when it was opened.
        """
        with self._doing(head) as change:
            if was:
                acting.check_wording(self.tract, commits, was)
            done = self._do(action, commits, text, name)
        return {"said": f"{done.said}{change()}.", "undo": done.can_undo}

    def _do(self, action: str, commits: list[str], text: str | None, name: str) -> Done:
        if action in ("undo", "redo"):
            return acting.back(self.tract, action)
        if action not in (*JOINS, *MOVES):
            return acting.on_units(self.tract, action, self._dag.meant(commits), text)
        before = self.tract.revision
        said = self._join(action, commits) if action in JOINS else self._move(action, commits[0], name)
        return Done(said, can_undo=self.tract.revision != before and action != "checkout")

    def _move(self, action: str, commit: str, name: str) -> str:
        """Do what moves a ref, or HEAD."""
        tract, named = self.tract, acting.named([commit])
        if action == "branch":
            tract.branch(name, commit)
            return f"Branch {name} starts at {named}"
        if action == "tag":
            tract.tag(commit, name)
            return f"Tagged {named} as {name}"
        if action == "reset":
            tract.reset(commit)
            return f"Reset {tract.branch_name} to {named}"
        standing = tract.checkout(self._dag.standing(commit))
        return f"HEAD is on {standing.branch}" if standing.branch else f"HEAD is detached at {named}"

    def _join(self, action: str, commits: list[str]) -> str:
        """Bring another branch in, or take one away."""
        tract = self.tract
        if action == "delete":
            name = self._dag.standing(commits[0])
            tract.delete_branch(name, force=True)  # the page said what that leaves, and asked
            return f"Deleted {name}"
        if action == "pick":
            done = tract.cherry_pick(self._dag.meant(commits))
            return f"Picked {counted(len(commits), 'commit')}" + "".join(
                f". {said}" for said in done.warnings[:1]
            )
        other = self._dag.standing(commits[0])
        done = tract.merge(other) if action == "merge" else tract.rebase(other)
        if done.state == PENDING:
            return f"{counted(done.unresolved, 'conflict')} to decide: run %tract review"
        return f"{'Merged' if action == 'merge' else 'Rebased onto'} {other}"

    def _tokens(self) -> int:
        self._dag.look()
        return self._dag.totals().tokens


def _foreseen(found: Foresight) -> dict[str, Any]:
    """Return what an action would change, as the page shows it."""
    before, after = found.before, found.after
    return {
        "code": found.code,
        "before": before.tokens,
        "after": after.tokens,
        "now": before.next,
        "next": after.next,
        "later": after.later,
        "says": found.why,
        "sent": found.sent,
        "over": found.over,
        "refused": "The budget would refuse it." if found.refused else "",
    }


def _outcome(found: Outcome) -> dict[str, Any]:
    return {
        "code": found.code,
        "before": found.before,
        "after": found.after,
        "says": found.says,
        "asks": found.asks,
    }
