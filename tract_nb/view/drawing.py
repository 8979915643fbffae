"""Drawing: what is drawn of a history, kept up with the tract; a commit on top of HEAD is only added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tract_nb.engine.lanes import LaneRow
from tract_nb.engine.snapshot import Snapshot
from tract_nb.errors import ContentError
from tract_nb.model.commit import HASH_TAKEN, Kind, Row
from tract_nb.operations.masking import masks_among
from tract_nb.operations.workspace import Workspace
from tract_nb.store import refs
from tract_nb.store.usage import reported
from tract_nb.view import filters
from tract_nb.view.arrange import Agent, Arranged, Item, arrange
from tract_nb.view.cells import Label
from tract_nb.view.collect import Collected, Stand, collect
from tract_nb.view.curve import Curve, Track


class Drawing:
    """What is drawn of a tract's history, and what of it is folded or left out.

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
        self._runs_by_name: dict[str, tuple[Row, ...]] = {}  # masks in one row, by the name it goes by
        self._is_part = False  # whether only some commits are drawn, as a filter asks
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

    def __len__(self) -> int:
        return len(self._drawing.items)

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
        """Arrange everything anew; what was measured of the same commits stays."""
        is_known, self._found = found is self._found, found
        self._agents = self._started_by_call(found.stand)
        self._arrange(only)
        if is_known:
            self._place_rows()
            return
        self._largest = max((row.tokens for row in found.rows), default=0)
        self._types = {row.type or "" for row in found.rows}
        self._measure(reported(self.ws.db))

    def _arrange(self, only: set[int] | None = None) -> None:
        """Say which commits are drawn, where and on which lanes."""
        found = self.found
        if self.filter and only is None:
            only = self._fitting()
        self._drawing = arrange(found, opened=self.opened, only=only, started=self.started)
        self._is_part = only is not None
        self._runs_by_name = {run[-1].hash.hex()[:HASH_TAKEN]: run for run in found.runs.values()}
        self._matched = len(self._drawing.items)
        self._label()

    def _fitting(self) -> set[int]:
        """Return what fits the filter: nothing where what it names, a branch, is gone since."""
        try:
            return filters.Finder(self.ws, self.found).matches(filters.terms(self.filter))
        except ContentError:
            return set()

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
        """Add what was committed on top of HEAD since; tell whether that is all there is to do.

        Where HEAD is the row above all others, nothing is arranged anew.
        """
        found = self._found
        if found is None or not _only_head_moved(found.stand, stand):
            return False
        history = self.ws.snapshot(stand.tip)
        added = history.beyond(found.history)
        if not _on_top(added, found, history) or masks_among(self.ws, added):
            return False
        is_above = self._is_above()
        found.stand, found.history = stand, history
        for row in added:
            self._take(row)
            if is_above:
                self._put_above(row)
        if is_above:
            self._label()
            self._curve = None
            self._report()
        else:
            self._arrange()
            self._measure(reported(self.ws.db))
        return True

    def _is_above(self) -> bool:
        """Tell whether a commit on top of HEAD would stand above all rows, in the first column."""
        items, lanes, found = self._drawing.items, self._drawing.lanes, self.found
        if not items or self.filter:
            return False
        return lanes[-1].column == 0 and items[-1].row.id == found.listed.get(found.stand.tip)

    def _take(self, row: Row) -> None:
        """Take in a commit on top of HEAD."""
        found = self.found
        found.listed[row.id] = row.id if row.kind != Kind.MARK else found.listed[row.parent1 or 0]
        found.owners[row.id] = 0
        if row.kind == Kind.MARK:
            found.settled[found.listed[row.id]] = row
            for target in row.targets:
                found.marks.setdefault(target, []).append(row)
            return
        if row.kind == Kind.EDIT:
            found.edits.setdefault(row.targets[0], []).append(row)
        found.rows.append(row)
        self._types.add(row.type or "")
        self._largest = max(self._largest, row.tokens)

    def _put_above(self, row: Row) -> None:
        """Draw a commit above all others, in the first column; a MARK changes the size there."""
        drawing = self._drawing
        if row.kind == Kind.MARK:
            drawing.listed[row.id] = drawing.listed[row.parent1 or 0]
            self._track.sizes.at[-1:] = []
            self._track.sizes.add([row])
            return
        drawing.listed[row.id] = row.id
        drawing.lanes[-1] = drawing.lanes[-1]._replace(above=0)
        drawing.lanes.append(LaneRow(0, 0, None, (), (), (), 0))
        drawing.items.append(Item(row))
        self._track.add(row, row)
        self._places[row.id] = len(self._places)
        self._track.draw(self._places[row.id])
        self._matched += 1

    def _label(self) -> None:
        """Say which names stand on which rows: HEAD, branches, tags.

        A MARK and what is folded have a row in their stead; what a filter leaves out has none.
        """
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
            is_left_out = self._is_part and listed.get(number) != found.listed.get(number)
            if number and listed.get(number) and not is_left_out:
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
