"""The drawn history: all branches of a tract as rows with lanes, for a text, a table or a widget.

What is read at once is light (no text), so that 100,000 commits open; texts are read for the page of
rows that is asked for. A commit on top of HEAD is added without drawing the rest anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tract_nb.engine.lanes import LaneRow
from tract_nb.model.commit import HASH_TAKEN, Row
from tract_nb.operations import compiling, names
from tract_nb.view import actions, filters, joins
from tract_nb.view.arrange import fold_of, run_fold
from tract_nb.view.cells import Cell, Cells
from tract_nb.view.curve import Curve
from tract_nb.view.detail import PAGE, Detail, detail, detail_of_masks, text_of
from tract_nb.view.drawing import Drawing
from tract_nb.view.outlook import last_call


@dataclass(frozen=True, slots=True)
class Drawn:
    """A row of the drawing: what it shows, and the lanes beside it."""

    cell: Cell
    lanes: LaneRow


@dataclass(frozen=True, slots=True)
class Totals:
    """What a drawing is of.

    Parameters
    ----------
    database, tract : str
        Its names.
    branch : str or None
        The branch HEAD is on.
    head : str
        HEAD's hash; empty where nothing is committed.
    commits : int
        Of all branches, MARKs left out.
    folded : int
        Of these, how many are folded: under summaries, and masks of one operation under the newest.
    tokens : int
        Of the context at HEAD, as in a status.
    most : int or None
        The budget.
    largest : int
        Tokens of the largest unit, which has the longest bar.
    """

    database: str
    tract: str
    branch: str | None
    head: str
    commits: int
    folded: int
    tokens: int
    most: int | None
    largest: int


class Dag(Drawing):
    """The drawn history of a tract; it follows the tract when it is asked to :meth:`look`.

    Parameters
    ----------
    ws : Workspace
        The handle whose HEAD it shows.
    """

    # -- what is shown ----------------------------------------------------------------------------

    def rows(self, start: int, count: int) -> list[Drawn]:
        """Return some rows, counted from the newest; their texts are read now."""
        with self.ws.db.read():
            items, lanes = self._drawing.items, self._drawing.lanes
            last = len(items) - 1
            places = [last - place for place in range(max(start, 0), min(start + count, len(items)))]
            cells = Cells(self.ws, self.found, self._labels, self.opened, self.started)
            shown = cells.page([items[place] for place in places])
            return [Drawn(cell, lanes[place]) for cell, place in zip(shown, places, strict=True)]

    def totals(self) -> Totals:
        """Return what the drawing is of."""
        ws, found = self.ws, self.found
        with ws.db.read():
            tokens, _ = compiling.count(ws, found.stand.tip, found.history)
            return Totals(
                database=ws.db.name,
                tract=ws.name,
                branch=found.stand.branch,
                head=found.history.last.hash.hex() if found.stand.tip else "",
                commits=len(found.rows),
                folded=len(found.covers) + len(found.run_of),
                tokens=tokens,
                most=ws.budget.max_tokens if ws.budget else None,
                largest=self._largest,
            )

    def curve(self) -> Curve:
        """Return the size of the context along the whole history."""
        if self._curve is None:
            self._curve = self._track.curve()
        return self._curve

    def detail(self, commit: str) -> Detail:
        """Return all there is to say of a commit; of a long text only the beginning.

        Of a row that stands for the masks of an operation: their lines.
        """
        with self.ws.db.read():
            run = self._folded_run(commit)
            if run:
                return detail_of_masks(self.ws, self.found, run)
            return detail(self.ws, self.found, commit, self.totals().tokens)

    def meant(self, commits: Iterable[str]) -> list[str]:
        """Return what an action on some rows is about: of masks in one row, all of them."""
        return [
            name
            for commit in commits
            for name in ([row.hash.hex()[:HASH_TAKEN] for row in self._folded_run(commit)] or [commit])
        ]

    def _folded_run(self, commit: str) -> tuple[Row, ...]:
        """Return the masks that a commit's row stands for; none where it shows itself."""
        by_name = self._runs_by_name.get(commit, ())
        return (
            by_name if by_name and run_fold(by_name[-1].id) not in self.opened and not self._is_part else ()
        )

    def text(self, commit: str, start: int = 0, count: int = PAGE) -> str:
        """Return a part of a commit's text as it is now, in characters."""
        with self.ws.db.read():
            return text_of(self.ws, self.found, commit, start, count)

    def commits(self, start: int, end: int) -> list[str]:
        """Return the commits of a range of rows, counted from the newest, both ends in.

        A row that stands for more commits gives an empty one.
        """
        items = self._drawing.items
        last = len(items) - 1
        places = range(last - max(start, 0), last - min(end, last) - 1, -1)
        return ["" if items[at].more else items[at].row.hash.hex()[:HASH_TAKEN] for at in places]

    def branches(self) -> list[tuple[str, int]]:
        """Return the branches and the owners of their lanes, HEAD's first."""
        found = self.found
        ordered = sorted(found.stand.heads, key=lambda name: (name != found.stand.branch, name))
        return [(name, found.branches.get(name, 0)) for name in ordered]

    def types(self) -> list[str]:
        """Return the content types there are."""
        return sorted(self._types - {""})

    def next_price(self) -> float | None:
        """Return what the input of the next call costs, in US dollars; None where no price is known."""
        with self.ws.db.read():
            call = last_call(self.ws)
            return None if call.price is None else call.outlook(self.found.history).next

    def undoable(self) -> tuple[str, str]:
        """Return the verbs that undo and redo would take back; empty where there is nothing."""
        with self.ws.db.read():
            return actions.undoable(self.ws)

    def outcome(self, action: str, commits: list[str], name: str = "") -> actions.Outcome:
        """Return what an action that moves a ref would do."""
        with self.ws.db.read():
            if action in joins.JOINS:
                return joins.outcome(self.ws, action, commits)
            return actions.outcome(self.ws, action, commits, name)

    def standing(self, commit: str) -> str:
        """Return what to check out for a commit: the branch that stands there, else itself."""
        with self.ws.db.read():
            return actions.standing(self.ws, names.commit_named(self.ws, commit))

    def is_away(self, commit: str) -> bool:
        """Tell whether a commit of this tract is on another line than HEAD's."""
        with self.ws.db.read():
            number = names.commit_named(self.ws, commit).id
            return number in self.found.owners and not self.found.history.has(number)

    def by_age(self, commits: list[str]) -> list[str]:
        """Return commits, the oldest first."""
        with self.ws.db.read():
            rows = sorted(names.commit_named(self.ws, commit) for commit in commits)
            return [row.hash.hex()[:HASH_TAKEN] for row in rows]

    def named(self, to: str, commit: str) -> str | None:
        """Return the commit that is HEAD, or a commit's own, parent, or the tip of its branch.

        What is not drawn, a MARK, is stepped over.
        """
        found = self.found
        with self.ws.db.read():
            if to == "head":
                number = found.listed.get(found.stand.tip, 0)
            else:
                row = names.commit_named(self.ws, commit)
                number = row.id
                if to == "parent":
                    row = (*self._folded_run(commit), row)[0]
                if to == "parent":
                    number = found.listed.get(row.parent1 or 0, 0)
                elif to == "tip":
                    owner = found.owners.get(row.id, 0)
                    tips = {found.branches.get(name, 0): tip for name, tip in found.stand.heads.items()}
                    number = found.listed.get(tips.get(owner, found.stand.tip), 0)
            return self.ws.row(number).hash.hex()[:HASH_TAKEN] if number else None

    def place(self, commit: str) -> int | None:
        """Return the row of a commit, counted from the newest; None where it is not drawn.

        Where it is folded or filtered out, nothing stands in its stead.
        """
        with self.ws.db.read():
            number = names.commit_named(self.ws, commit).id
            items = self._drawing.items
            for place in range(len(items) - 1, -1, -1):
                if items[place].row.id == number and not items[place].more:
                    return len(items) - 1 - place
            return None

    def draw_only(self, numbers: set[int]) -> None:
        """Draw only some commits, whatever covers them, until something else is opened or filtered."""
        with self.ws.db.read():
            self._draw(self.found, numbers)
        self.version += 1

    # -- opening and filtering --------------------------------------------------------------------

    def open(self, fold: str, *, is_open: bool) -> None:
        """Open or close what a row stands for; the name is its fold's."""
        parts = frozenset(fold.split("|"))
        self.opened = self.opened | parts if is_open else self.opened - parts
        with self.ws.db.read():
            self._draw(self.found)
        self.version += 1

    def show_only(self, text: str) -> int:
        """Draw only the commits that fit a filter, all of them without one; return how many fit.

        Raises
        ------
        ContentError
            If it says something that no filter knows; the drawing stays as it is.
        """
        text = text.strip()
        wanted = filters.terms(text)
        with self.ws.db.read():
            only = filters.Finder(self.ws, self.found).matches(wanted) if wanted else None
            self.filter = text
            self._draw(self.found, only)
        self.version += 1
        return self._matched

    def counts(self, text: str) -> list[tuple[str, int]]:
        """Return how many commits fit each condition of a filter alone, for where none fits them all."""
        with self.ws.db.read():
            finder = filters.Finder(self.ws, self.found)
            wanted = filters.terms(text)
            if len(wanted) < 2:
                return []
            return [(term.written, len(finder.matches([term]))) for term in wanted]

    def next_match(self, text: str, start: int, *, back: bool = False) -> int | None:
        """Return the next row after ``start``, going round, that fits a filter; None where none does."""
        with self.ws.db.read():
            fits = filters.Finder(self.ws, self.found).matches(filters.terms(text))
        items = self._drawing.items
        total = len(items)
        for step in range(1, total + 1):
            place = (start - step if back else start + step) % total
            item = items[total - 1 - place]
            if item.row.id in fits and item.agent is None and not item.more:
                return place
        return None

    def reveal(self, commit: str) -> int | None:
        """Return the row of a commit; what hides it, a fold or the filter, is opened first."""
        place = self.place(commit)
        if place is not None:
            return place
        with self.ws.db.read():
            number = names.commit_named(self.ws, commit).id
        if self.filter:
            self.show_only("")
        summary, newest = self.found.covers.get(number), self.found.run_of.get(number)
        if summary is not None:
            self.open(fold_of(self.ws.row(summary)), is_open=True)
        elif newest is not None:
            self.open(run_fold(newest), is_open=True)
        return self.place(commit)
