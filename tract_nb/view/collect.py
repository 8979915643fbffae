"""Collecting: the commits of all branches of a tract, with what decides where and how they are drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from tract_nb.engine.resolve import Unit, resolve
from tract_nb.engine.snapshot import Snapshot
from tract_nb.model.commit import Kind, Row
from tract_nb.operations.masking import masks_among
from tract_nb.operations.opening import MAIN
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects, oplog, refs
from tract_nb.store.refs import TractRow


@dataclass(frozen=True)
class Stand:
    """Where a tract stands: what must be drawn anew when one of it differs."""

    tip: int
    branch: str | None
    heads: Mapping[str, int]
    tags: Mapping[str, int]
    tracts: tuple[TractRow, ...]  # those that were started from a call of this tract, or of one of these
    op: int  # the newest operation on the database

    @classmethod
    def of(cls, ws: Workspace) -> Stand:
        """Read it from the store."""
        tip = ws.tip()
        return cls(
            tip,
            ws.branch,
            refs.all_of(ws.db, ws.tract, refs.HEADS),
            refs.all_of(ws.db, ws.tract, refs.TAGS),
            tuple(_started(refs.tracts(ws.db), ws.tract)),
            oplog.last_id(ws.db),
        )


def _started(known: Iterable[TractRow], root: int) -> Iterable[TractRow]:
    """Yield the tracts that were started from a tract, from those, and so on."""
    by_parent: dict[int, list[TractRow]] = {}
    for one in known:
        if one.parent is not None and one.parent_commit is not None:
            by_parent.setdefault(one.parent, []).append(one)
    waiting, seen = [root], {root}
    while waiting:
        for one in by_parent.get(waiting.pop(), ()):
            if one.id not in seen:
                seen.add(one.id)
                waiting.append(one.id)
                yield one


@dataclass
class Collected:
    """The commits of all branches.

    Parameters
    ----------
    tract : int
        The number of the tract.
    stand : Stand
        Where the tract stood when they were read.
    history : Snapshot
        That of the commit HEAD is on.
    rows : list of Row
        All but MARKs, by rising number: every parent before its children.
    others : dict
        Units that are not in HEAD's history, by identity, as their own branches have them.
    listed : dict
        By number, a commit that is drawn: itself, or the one that a MARK stands on.
    covers : dict
        The number of the SUMMARY a commit is folded under, by its own number.
    holding : set of int
        What is drawn although it is covered: where other branches fork and end.
    owners : dict
        The branch that each commit belongs to, by number: 0 for the one HEAD is on.
    branches : dict
        The number of each branch among the owners.
    marks : dict
        The MARKs on each unit, by its identity, oldest first.
    settled : dict
        The last MARK on each commit of HEAD's own line, by the commit's number: the size of the
        context there is the MARK's.
    edits : dict
        The EDITs of each unit, by its identity, oldest first.
    masks : dict
        Of the EDITs that are masks, by number, the tokens of what each stands for.
    runs : dict
        Masks that one operation made one after the other, oldest first, by the number of the newest.
    run_of : dict
        Of the others in a run, by number, the newest.
    """

    tract: int
    stand: Stand
    history: Snapshot
    rows: list[Row]
    others: dict[bytes, Unit]
    listed: dict[int, int] = field(default_factory=dict)
    covers: dict[int, int] = field(default_factory=dict)
    holding: set[int] = field(default_factory=set)
    owners: dict[int, int] = field(default_factory=dict)
    branches: dict[str, int] = field(default_factory=dict)
    marks: dict[bytes, list[Row]] = field(default_factory=dict)
    settled: dict[int, Row] = field(default_factory=dict)
    edits: dict[bytes, list[Row]] = field(default_factory=dict)
    masks: dict[int, int] = field(default_factory=dict)
    runs: dict[int, tuple[Row, ...]] = field(default_factory=dict)
    run_of: dict[int, int] = field(default_factory=dict)
    _straight: tuple[Snapshot, bool] | None = field(default=None, repr=False)

    def unit(self, row: Row) -> Unit | None:
        """Return a commit's unit as it stands at HEAD, else on its own branch."""
        if not row.is_unit:
            return None
        return self.history.find(row.identity) or self.others.get(row.identity)

    def is_behind(self, ws: Workspace, earlier: Row, later: Row) -> bool:
        """Tell whether a commit is in another's history; asks the store only where lines cross."""
        if earlier.id > later.id:
            return False
        has = self.history.has
        if earlier.id == later.id or (self.is_straight and has(earlier.id) and has(later.id)):
            return True
        return objects.is_behind(ws.db, earlier.id, [later.id])

    @property
    def is_straight(self) -> bool:
        """Whether HEAD's history is one line, as it is until something is merged."""
        if self._straight is None or self._straight[0] is not self.history:
            self._straight = (self.history, self.history.straight)
        return self._straight[1]

    def find(self, identity: bytes) -> Unit | None:
        """Return a unit by its identity."""
        return self.history.find(identity) or self.others.get(identity)


def collect(ws: Workspace, stand: Stand) -> Collected:
    """Read the commits of all branches; what HEAD's history has is not read again."""
    history = ws.snapshot(stand.tip)
    beyond = objects.rows_beyond(ws.db, filter(None, stand.heads.values()), history.has)
    every = list(history.newest)[::-1]
    if beyond:
        every = sorted([*every, *beyond])
    others = {unit.identity: unit for unit in resolve(sorted(beyond)) if history.find(unit.identity) is None}
    found = Collected(ws.tract, stand, history, [row for row in every if row.kind != Kind.MARK], others)
    for row in every:
        if row.kind == Kind.MARK:
            found.listed[row.id] = found.listed.get(row.parent1 or 0, 0)
            for target in row.targets:
                found.marks.setdefault(target, []).append(row)
            continue
        found.listed[row.id] = row.id
        if row.kind == Kind.EDIT:
            found.edits.setdefault(row.targets[0], []).append(row)
    found.masks = masks_among(ws, found.rows)
    _own(found, {row.id: row for row in every})
    if len(found.masks) > 1:
        _gather_runs(found, every, oplog.ends(ws.db, ws.tract))
    found.covers = _covers(found)
    found.holding = _holding(found)
    for number in found.holding:
        found.covers.pop(number, None)
    found.settled = {
        found.listed[row.id]: row for row in every if row.kind == Kind.MARK and found.owners.get(row.id) == 0
    }
    return found


def _gather_runs(found: Collected, every: Iterable[Row], ends: Container[int]) -> None:
    """Say which masks one operation made; a run ends also where a name stands or a line forks."""
    stand = found.stand
    children = Counter(parent for row in every for parent in (row.parent1, row.parent2) if parent)
    named = {stand.tip, *stand.heads.values(), *stand.tags.values()}
    runs: list[list[Row]] = []
    by_last: dict[int, list[Row]] = {}
    for row in found.rows:
        if row.id not in found.masks:
            continue
        before = row.parent1 or 0
        goes_on = before in by_last and before not in ends and before not in named and children[before] == 1
        run = by_last.pop(before) if goes_on else []
        if not goes_on:
            runs.append(run)
        run.append(row)
        by_last[row.id] = run
    for run in runs:
        if len(run) > 1:
            found.runs[run[-1].id] = tuple(run)
            found.run_of.update(dict.fromkeys((row.id for row in run[:-1]), run[-1].id))


def _covers(found: Collected) -> dict[int, int]:
    """Return which SUMMARY each covered commit is folded under: the outermost that shows."""
    summaries = [row for row in found.rows if row.kind == Kind.SUMMARY]
    if not summaries:
        return {}
    numbers = {row.identity: row.id for row in found.rows if row.is_unit}
    covers: dict[int, int] = {}
    for row in summaries:
        unit = found.unit(row)
        if unit is None or unit.retired:
            continue
        for target in row.targets:
            covered = found.find(target)
            number = numbers.get(target)
            if covered is not None and covered.covered and number is not None and number < row.id:
                covers[number] = row.id  # a later summary stands for what an earlier one covered
    return covers


def _holding(found: Collected) -> set[int]:
    """Return what is drawn although it is covered at HEAD: where other branches fork, and where they end."""
    ends = {number for name, number in found.stand.heads.items() if name != found.stand.branch}
    forks = {
        parent
        for row in found.rows
        if row.id not in found.covers
        for parent in (row.parent1, row.parent2)
        if parent and (found.owners[row.id] != 0 or parent == row.parent2)
    }
    return {found.listed.get(number, 0) for number in ends | forks} & found.covers.keys()


def _own(found: Collected, by_number: Mapping[int, Row]) -> None:
    """Say which branch each commit belongs to, along first parents; HEAD's line comes first."""
    stand, taken = found.stand, set[int]()
    others = sorted(
        (name for name in stand.heads if name != stand.branch), key=lambda name: (name != MAIN, name)
    )
    home = _claim(by_number, taken, stand.tip)
    lines = {name: _claim(by_number, taken, stand.heads[name]) for name in others}
    # by their oldest commits, so that a branch keeps its number when later ones come
    order = sorted(others, key=lambda name: (not lines[name], min(lines[name], default=0), name))
    found.branches = {name: place for place, name in enumerate(order, 1)}
    if stand.branch is not None:
        found.branches[stand.branch] = 0
    found.owners.update(dict.fromkeys(home, 0))
    for name, line in lines.items():
        found.owners.update(dict.fromkeys(line, found.branches[name]))
    following = len(order)
    for row in reversed(found.rows):
        if row.id not in found.owners:  # what a merge brought, and no branch stands on
            following += 1
            found.owners.update(dict.fromkeys(_claim(by_number, taken, row.id), following))


def _claim(by_number: Mapping[int, Row], taken: set[int], tip: int) -> list[int]:
    """Return the part of a first-parent line that no line before it has, newest first."""
    line = []
    number: int | None = tip
    while number and number not in taken:
        taken.add(number)
        line.append(number)
        number = by_number[number].parent1
    return line
