"""The drawn history: all branches of a tract as rows with lanes, for a text, a table or a widget.

What is read at once is light (no text), so that 100,000 commits open; texts are read for the page of
rows that is asked for. A commit on top of HEAD is added without drawing the rest anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tract_nb.engine.lanes import LaneRow
from tract_nb.engine.snapshot import Snapshot
from tract_nb.errors import ContentError
from tract_nb.model.commit import HASH_TAKEN, Kind, Row
from tract_nb.operations import compiling, names
from tract_nb.operations.workspace import Workspace
from tract_nb.store import refs
from tract_nb.store.usage import reported
from tract_nb.view import actions, filters
from tract_nb.view.arrange import Agent, Arranged, Item, arrange, fold_of
from tract_nb.view.cells import Cell, Cells, Label
from tract_nb.view.collect import Collected, Stand, collect
from tract_nb.view.curve import Curve, Track
from tract_nb.view.detail import PAGE, Detail, detail, text_of
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
        Of these, how many are folded under summaries.
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


class Dag:
    """The drawn history of a tract; it follows the tract when it is asked to :meth:`look`.

    Parameters
    ----------
    ws : Workspace
        The handle whose HEAD it shows.
    """

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self.version = 0  # rises whenever the rows may be others
        self.filter = ""
        self.opened: frozenset[str] = frozenset()
        self._found: Collected | None = None
        self._drawing = Arranged([], [], {})
        self._matched = 0
        self._labels: dict[int, list[Label]] = {}
        self._agents: dict[tuple[int, bytes], list[Agent]] = {}
        self._track = Track({})
        self._places: dict[int, int] = {}
        self._types: set[str] = set()
        self._curve: Curve | None = None
        self._largest = 0
        self._rollbacks = 0

    def __repr__(self) -> str:
        return f"<Dag of {self.ws.db.name}, {len(self):,} rows>"

    # -- following --------------------------------------------------------------------------------

    def look(self) -> bool:
        """Take in what changed; tell whether the rows may be others."""
        with self.ws.db.read():
            stand = Stand.of(self.ws)
            if self._found is not None and self._rollbacks != self.ws.db.rollbacks:
                self._found = None
            if self._found is not None and stand == self._found.stand:
                return False
            self._rollbacks = self.ws.db.rollbacks
            if self._found is not None and replace(stand, op=self._found.stand.op) == self._found.stand:
                self._found.stand = stand  # something that moved none of our refs: usage, or another tract
                return self._report()
            if not self._grow(stand):
                self._draw(collect(self.ws, stand))
            self.version += 1
            return True

    @property
    def found(self) -> Collected:
        """The commits of all branches."""
        if self._found is None:
            self.look()
        assert self._found is not None
        return self._found

    def _draw(self, found: Collected, only: set[int] | None = None) -> None:
        """Arrange everything anew."""
        is_known, self._found = found is self._found, found
        self._agents = self._started_by_call(found.stand)
        if self.filter and only is None:
            only = filters.Finder(self.ws, found).matches(filters.terms(self.filter))
        self._drawing = arrange(found, opened=self.opened, only=only, started=self.started)
        self._matched = len(self._drawing.items)
        self._label()
        if is_known:
            self._place_rows()
            return
        self._largest = max((row.tokens for row in found.rows), default=0)
        self._types = {row.type or "" for row in found.rows}
        self._measure(reported(self.ws.db))

    def _measure(self, reports: dict[int, int]) -> None:
        """Follow the size of the context along all commits, and the places of the rows among them."""
        self._track = Track(reports)
        self._places = {}
        for row in self.found.rows:
            self._places[row.id] = len(self._places)
            self._track.add(row, self._on_line(row))
        self._place_rows()

    def _place_rows(self) -> None:
        """Say which commit each row is; an agent's has the place of its call."""
        self._track.draw_anew()
        last = 0
        for item in self._drawing.items:
            last = last if item.agent is not None or item.inset else self._places[item.row.id]
            self._track.draw(last)
        self._curve = None

    def _report(self) -> bool:
        """Take in what was reported since; tell whether any was."""
        reports = reported(self.ws.db)
        if reports == self._track.sizes.reported:
            return False
        self._measure(reports)
        self.version += 1
        return True

    def _on_line(self, row: Row) -> Row | None:
        """Return what decides the size of the context at a commit; None off HEAD's own line."""
        if self.found.owners.get(row.id) != 0:
            return None
        return self.found.settled.get(row.id, row)

    def _grow(self, stand: Stand) -> bool:
        """Add what was committed on top of HEAD since; tell whether that is all there is to do."""
        found = self._found
        if found is None or self.filter or not _only_head_moved(found.stand, stand):
            return False
        history = self.ws.snapshot(stand.tip)
        added = history.beyond(found.history)
        if not _on_top(added, found, history):
            return False
        top = self._drawing.lanes[-1] if self._drawing.lanes else None
        if (
            top is None
            or top.column != 0
            or self._drawing.items[-1].row.id != found.listed.get(found.stand.tip)
        ):
            return False
        found.stand, found.history = stand, history
        for row in added:
            self._add(row)
        self._label()
        self._curve = None
        self._report()
        return True

    def _add(self, row: Row) -> None:
        """Add a commit above all others, in the first column."""
        found, drawing = self.found, self._drawing
        found.listed[row.id] = row.id if row.kind != Kind.MARK else found.listed[row.parent1 or 0]
        drawing.listed[row.id] = row.id if row.kind != Kind.MARK else drawing.listed[row.parent1 or 0]
        found.owners[row.id] = 0
        if row.kind == Kind.MARK:
            found.settled[found.listed[row.id]] = row
            for target in row.targets:
                found.marks.setdefault(target, []).append(row)
            self._track.sizes.at[-1:] = []
            self._track.sizes.add([row])
            return
        if row.kind == Kind.EDIT:
            found.edits.setdefault(row.targets[0], []).append(row)
        found.rows.append(row)
        drawing.lanes[-1] = drawing.lanes[-1]._replace(above=0)
        drawing.lanes.append(LaneRow(0, 0, None, (), (), (), 0))
        drawing.items.append(Item(row))
        self._track.add(row, row)
        self._places[row.id] = len(self._places)
        self._track.draw(self._places[row.id])
        self._types.add(row.type or "")
        self._largest = max(self._largest, row.tokens)
        self._matched += 1

    def _label(self) -> None:
        """Say which names stand on which rows: HEAD, branches, tags."""
        found, listed = self.found, self._drawing.listed
        stand = found.stand
        self._labels = {}
        branches = sorted(stand.heads.items(), key=lambda item: (item[0] != stand.branch, item[0]))
        names_on = [
            (Label("head", "HEAD", 0), stand.tip),
            *((Label("branch", name, found.branches.get(name, 0)), number) for name, number in branches),
            *((Label("tag", name), number) for name, number in stand.tags.items()),
        ]
        for label, number in names_on:
            if number and listed.get(number):
                self._labels.setdefault(listed[number], []).append(label)

    def _started_by_call(self, stand: Stand) -> dict[tuple[int, bytes], list[Agent]]:
        found: dict[tuple[int, bytes], list[Agent]] = {}
        for tract in stand.tracts:
            tip = refs.get(self.ws.db, tract.id, refs.HEADS + tract.open_branch)
            if tip and tract.parent is not None and tract.parent_commit is not None:
                agent = Agent(tract, tip, self.ws.snapshot)
                found.setdefault((tract.parent, tract.parent_commit), []).append(agent)
        return found

    def started(self, tract: int, call: bytes) -> Sequence[Agent]:
        """Return the agents that a call of a tract has started."""
        return self._agents.get((tract, call), ())

    # -- what is shown ----------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._drawing.items)

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
                folded=len(found.covers),
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
        """Return all there is to say of a commit; of a long text only the beginning."""
        with self.ws.db.read():
            return detail(self.ws, self.found, commit, self.totals().tokens)

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
            return actions.outcome(self.ws, action, commits, name)

    def standing(self, commit: str) -> str:
        """Return what to check out for a commit: the branch that stands there, else itself."""
        with self.ws.db.read():
            return actions.standing(self.ws, names.commit_named(self.ws, commit))

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
        filters.terms(text)
        before, self.filter = self.filter, text
        try:
            with self.ws.db.read():
                self._draw(self.found)
        except ContentError:
            self.filter = before
            raise
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
        summary = self.found.covers.get(number)
        if summary is not None:
            row = self.ws.row(summary)
            self.open(fold_of(row), is_open=True)
        return self.place(commit)


def _only_head_moved(before: Stand, after: Stand) -> bool:
    """Tell whether nothing but the tip of HEAD's own branch differs."""
    if before.branch is None or (before.branch, before.tags, before.tracts) != (
        after.branch,
        after.tags,
        after.tracts,
    ):
        return False
    return {**before.heads, before.branch: 0} == {**after.heads, before.branch: 0}


def _on_top(added: Iterable[Row], found: Collected, history: Snapshot) -> bool:
    """Tell whether commits stand on top of HEAD one after the other and change nothing of what is drawn."""
    tip = found.stand.tip
    newest = found.rows[-1].id if found.rows else 0
    for row in added:
        if row.parent1 != tip or row.parent2 is not None or row.kind == Kind.SUMMARY or row.id < newest:
            return False
        if found.covers and (row.kind == Kind.MARK or row.is_result):
            return False  # it may bring back what a summary hid
        tip = row.id
    return tip == history.last.id if history.count else False
