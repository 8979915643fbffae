"""Arranging: which commits are drawn, in which order, on which lanes; what is folded and what is open."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from tract_nb.engine.lanes import AGENT, LaneRow, Node, layout
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import context_size
from tract_nb.model.commit import HASH_SHOWN, Kind, Row
from tract_nb.store.refs import TractRow
from tract_nb.view.collect import Collected

_NUMBER = re.compile(r"[0-9a-f]{9,}")
AGENT_SHOWN = 12  # commits of an agent that is opened; the others are one row more, which opens too


@dataclass(frozen=True)
class Agent:
    """A tract that was started from a call.

    Parameters
    ----------
    tract : TractRow
        Itself.
    head : int
        The tip of the branch it opens on.
    read : callable
        Returns the history at a commit; asked when something of the agent is shown.
    """

    tract: TractRow
    head: int
    read: Callable[[int], Snapshot] = field(repr=False, compare=False)

    @cached_property
    def history(self) -> Snapshot:
        """The history of the branch it opens on."""
        return self.read(self.head)

    @property
    def name(self) -> str:
        """Its name without the session's; of a long number, its beginning."""
        name = self.tract.name.rpartition("/")[2]
        return name[:HASH_SHOWN] if _NUMBER.fullmatch(name) else name

    @cached_property
    def rows(self) -> list[Row]:
        """What is drawn of it, newest first."""
        return [row for row in self.history.newest if not _hidden(row, self.history.find)]

    @property
    def tip(self) -> int:
        """The number of the newest commit that is drawn; 0 without one."""
        return self.rows[0].id if self.rows else 0

    @property
    def commits(self) -> int:
        """How many commits it has, MARKs left out."""
        return self.history.listed

    @property
    def size(self) -> int:
        """Tokens of its context."""
        return context_size(self.history.size)


class Item(NamedTuple):
    """What one row of the drawing shows.

    Parameters
    ----------
    row : Row
        The commit; of a row that stands for more commits, the newest of them.
    level : int
        How deep it lies in what was opened, from 1.
    agent : Agent or None
        Whose commit it is, where it is no commit of the tract itself.
    inset : bool
        Shown below the SUMMARY that covers it.
    more : int
        How many commits it stands for; 0 for one that shows itself.
    run : tuple of Row
        The masks of an operation of which it is the newest: it stands for them, or was opened to them.
    """

    row: Row
    level: int = 1
    agent: Agent | None = None
    inset: bool = False
    more: int = 0
    run: tuple[Row, ...] = ()


@dataclass
class Arranged:
    """The rows of a drawing, oldest first, so that a new commit is added at the end."""

    items: list[Item]
    lanes: list[LaneRow]
    listed: dict[int, int]  # by number, the commit that is drawn in its stead: itself or one before it


#: returns the tracts that were started from a call of a tract: (tract, identity of the call)
Started = Callable[[int, bytes], Iterable[Agent]]


def fold_of(row: Row) -> str:
    """Return the name under which what a SUMMARY covers is opened."""
    return f"summary {row.id}"


def run_fold(newest: int) -> str:
    """Return the name under which the masks of an operation are opened, by the number of the newest."""
    return f"masks {newest}"


def agent_fold(agent: Agent) -> str:
    """Return the name under which an agent's commits are opened."""
    return f"agent {agent.tract.id}"


def more_fold(agent: Agent) -> str:
    """Return the name under which the rest of an agent's commits is opened."""
    return f"more {agent.tract.id}"


def arrange(
    found: Collected,
    *,
    opened: frozenset[str] = frozenset(),
    only: set[int] | None = None,
    started: Started = lambda _tract, _call: (),
) -> Arranged:
    """Arrange the commits of a tract.

    Parameters
    ----------
    found : Collected
        The commits of all branches.
    opened : frozenset of str
        What is not folded: see :func:`fold_of`, :func:`run_fold`, :func:`agent_fold`, :func:`more_fold`.
    only : set of int, optional
        Draw only these commits, whatever covers them, and nothing that is opened.
    started : callable
        Finds the agents that a call has started; asked only where something of agents is open.
    """
    drawn = [row for row in found.rows if (_shows(found, row, opened) if only is None else row.id in only)]
    listed = _listed(found, {row.id for row in drawn})
    runs = found.runs if only is None else {}
    build = _Builder(found, runs, opened if only is None else frozenset(), started, listed)
    for row in reversed(drawn):
        build.own(row)
    lanes = layout(build.nodes, listed.get(found.stand.tip, 0))
    placed = _with_insets(build.items, lanes)
    return Arranged(build.items[::-1], placed[::-1], listed)


def _shows(found: Collected, row: Row, opened: frozenset[str]) -> bool:
    """Tell whether a commit is drawn itself: not covered, not among masks that another row stands for."""
    newest = found.run_of.get(row.id)
    return row.id not in found.covers and (newest is None or run_fold(newest) in opened)


def _listed(found: Collected, drawn: set[int]) -> dict[int, int]:
    """Return for each commit the one that is drawn in its stead, along first parents; 0 for none."""
    if len(drawn) == len(found.rows):
        return dict(found.listed)
    listed: dict[int, int] = {}
    for row in found.rows:
        parent = found.listed.get(row.parent1 or 0, 0)
        listed[row.id] = row.id if row.id in drawn else listed.get(parent, 0)
    for number, instead in found.listed.items():
        listed[number] = listed.get(instead, 0)
    return listed


class _Builder:
    """Collects items from the newest on, and the nodes of those that have a place in the layout."""

    def __init__(
        self,
        found: Collected,
        runs: Mapping[int, tuple[Row, ...]],
        opened: frozenset[str],
        started: Started,
        listed: Mapping[int, int],
    ) -> None:
        self.found = found
        self.runs = runs
        self.opened = opened
        self.started = started
        self.listed = listed
        self.items: list[Item] = []
        self.nodes: list[Node] = []
        self.agents_open = any(name.startswith("agent ") for name in opened)
        self._made = 0
        self._below: dict[int, list[Row]] = {}  # by SUMMARY, what it covers, oldest first
        self._answers: dict[bytes, int] = {}  # by call, the place in the nodes of its first result
        if opened:
            for row in found.rows:
                if row.id in found.covers:
                    self._below.setdefault(found.covers[row.id], []).append(row)

    def own(self, row: Row) -> None:
        """Add a commit of the tract itself, above it the agents that hang at it, below it what it covers."""
        if self.agents_open:
            if row.is_result and row.targets:
                self._answers[row.targets[0]] = len(self.nodes)
            if row.is_call:
                self._agents(self.found.tract, row, row.id, 2)
        parents = [self.listed.get(parent, 0) for parent in (row.parent1, row.parent2) if parent]
        self.nodes.append(
            Node(
                row.id,
                tuple(dict.fromkeys(parent for parent in parents if parent)),
                self.found.owners[row.id],
            )
        )
        self.items.append(Item(row, run=self.runs.get(row.id, ())))
        if row.kind == Kind.SUMMARY and fold_of(row) in self.opened:
            self.items.extend(
                Item(covered, 2, inset=True) for covered in reversed(self._below.get(row.id, ()))
            )

    def _agents(self, tract: int, call: Row, call_node: int, level: int) -> None:
        """Add the opened agents of a call above it: their lanes leave it, and come home at its result."""
        for agent in self.started(tract, call.identity):
            if agent_fold(agent) not in self.opened:
                continue
            tip = self._agent(agent, call_node, level)
            answer = self._answers.get(call.identity)
            if tip and answer is not None:
                node = self.nodes[answer]
                self.nodes[answer] = node._replace(parents=(*node.parents, tip))

    def _agent(self, agent: Agent, call_node: int, level: int) -> int:
        """Add an agent's commits; return the node of its newest, 0 without one."""
        rows = agent.rows
        shown = rows if more_fold(agent) in self.opened else rows[:AGENT_SHOWN]
        if len(rows) - len(shown) == 1:
            shown = rows
        places = []  # of its own commits among the nodes: an agent of its own may lie between
        for row in shown:
            node = self._new()
            if row.is_call:
                self._agents(agent.tract.id, row, node, level + 1)
            if row.is_result and row.targets:
                self._answers[row.targets[0]] = len(self.nodes)
            places.append(len(self.nodes))
            self.nodes.append(Node(node, (), AGENT))
            self.items.append(Item(row, level, agent))
        if len(shown) < len(rows):
            places.append(len(self.nodes))
            self.nodes.append(Node(self._new(), (), AGENT))
            self.items.append(Item(rows[len(shown)], level, agent, more=len(rows) - len(shown)))
        for place, before in zip(places, [*places[1:], None], strict=True):
            parent = call_node if before is None else self.nodes[before].id
            node_here = self.nodes[place]
            self.nodes[place] = node_here._replace(parents=(parent, *node_here.parents))
        return self.nodes[places[0]].id if places else 0

    def _new(self) -> int:
        """Return a number for a node of an agent, which no commit of the tract has."""
        self._made += 1
        return -self._made


def _with_insets(items: list[Item], lanes: list[LaneRow]) -> list[LaneRow]:
    """Return a lane row for each item: what is shown below a SUMMARY stands on a stretch of its lane."""
    if len(items) == len(lanes):
        return lanes
    placed: list[LaneRow] = []
    source = iter(lanes)
    for item in items:
        if not item.inset:
            placed.append(next(source))
            continue
        above = placed[-1]
        own = above.owner
        through = tuple(lane for lane in above.under if lane.column != above.column)
        placed.append(
            LaneRow(above.column, own, own, through, (), (), own if above.below is not None else None)
        )
    return placed


def _hidden(row: Row, find: Callable[[bytes], Unit | None]) -> bool:
    """Tell whether an agent's commit is not drawn: a MARK, or what a summary covers."""
    if row.kind == Kind.MARK:
        return True
    unit = find(row.identity) if row.is_unit else None
    return unit is not None and unit.covered
