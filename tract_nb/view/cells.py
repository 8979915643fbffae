"""Cells: what one row of the drawn history shows, for a page of rows at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import orjson

from tract_nb.engine.resolve import Unit
from tract_nb.model.commit import HASH_SHOWN, HASH_TAKEN, Kind, Priority, Row, preview
from tract_nb.model.content import Content, ToolIO
from tract_nb.model.listing import counted
from tract_nb.operations import present
from tract_nb.operations.workspace import Workspace
from tract_nb.store import oplog
from tract_nb.view import words
from tract_nb.view.arrange import Item, Started, agent_fold, fold_of, more_fold, run_fold
from tract_nb.view.collect import Collected

TEXT = 160  # characters of a preview
COMPARED = 20_000  # characters of each side that are compared for the words of an edit
MARKS = {Priority.SKIP: "skipped", Priority.IMPORTANT: "important", Priority.PINNED: "pinned"}


class Label(NamedTuple):
    """A name that stands on a row: of HEAD, a branch, a tag or an agent; ``owner`` is its colour."""

    kind: str
    name: str
    owner: int = 0


class Fold(NamedTuple):
    """What a row stands for and can be opened to.

    ``name`` opens it; ``size`` is the tokens of what it stands for.
    """

    name: str
    kind: str  # summary, agent, more or masks
    title: str
    commits: int
    size: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """What a row shows; every text is one line.

    Parameters
    ----------
    commit : str
        The first 12 digits of its hash; empty for a row that stands for more commits.
    kind : str
        append, edit, summary, merge, or more.
    role, type : str
        As in a log; empty where there is none.
    who : str
        Who it is from, without the arrow: a tool, a role, or the kind.
    direction : str
        ``→`` for a call, ``←`` for a result, else empty.
    text : str
        What it says now.
    code : bool
        Whether that is code rather than prose.
    before, after : str
        Of an edit: the words it took out and put in.
    labels : tuple of Label
        The names on it, HEAD first.
    marks : tuple of str
        pinned, important, skipped, masked, edited, restored.
    tokens : int
        Of its text now; of an edit, its own.
    time : float
        Author time, in seconds since the epoch.
    failed : bool
        A result that says the call failed.
    sent : bool
        Whether a model is sent it from HEAD.
    covered : bool
        Hidden by a summary.
    here : bool
        Whether it is in HEAD's history.
    level : int
        How deep it lies in what was opened, from 1.
    inset : bool
        Shown below the summary that covers it.
    agent : bool
        A commit of a subagent's tract.
    fold : Fold or None
        What it opens to.
    """

    commit: str
    kind: str
    role: str
    type: str
    who: str
    direction: str
    text: str
    code: bool
    before: str
    after: str
    labels: tuple[Label, ...]
    marks: tuple[str, ...]
    tokens: int
    time: float
    failed: bool
    sent: bool
    covered: bool
    here: bool
    level: int
    inset: bool
    agent: bool
    fold: Fold | None


class Cells:
    """Reads the texts of a page of rows, in one query, and says what each shows.

    Parameters
    ----------
    ws : Workspace
        Where the texts are.
    found : Collected
        The commits of all branches.
    labels : mapping
        The labels on a commit, by its number.
    opened : frozenset of str
        What is open.
    started : callable
        Finds the agents that a call has started.
    """

    def __init__(
        self,
        ws: Workspace,
        found: Collected,
        labels: Mapping[int, Sequence[Label]],
        opened: frozenset[str],
        started: Started,
    ) -> None:
        self.ws = ws
        self.found = found
        self.labels = labels
        self.opened = opened
        self.started = started

    def page(self, items: Sequence[Item]) -> list[Cell]:
        """Return what some rows show."""
        units = [self._unit(item) for item in items]
        earlier = {item.row.id: row for item in items if (row := self._before(item)) is not None}
        shown = [unit.text if unit else item.row for item, unit in zip(items, units, strict=True)]
        own = [item.row for item in items]
        calls = {item.row.id: call for item in items if (call := self._call(item)) is not None}
        contents = present.contents(self.ws, [*shown, *own, *earlier.values(), *calls.values()])
        messages = present.joined(self.ws, [item.row for item in items])
        return [
            self._cell(item, unit, contents, earlier.get(item.row.id), calls.get(item.row.id), messages)
            for item, unit in zip(items, units, strict=True)
        ]

    def _unit(self, item: Item) -> Unit | None:
        if item.agent is not None:
            return item.agent.history.find(item.row.identity) if item.row.is_unit else None
        return self.found.unit(item.row)

    def _before(self, item: Item) -> Row | None:
        """Return the commit whose text an EDIT replaced: the edit before it, else the unit itself."""
        if item.row.kind != Kind.EDIT:
            return None
        target = item.row.targets[0]
        find = item.agent.history.find if item.agent else self.found.find
        unit = find(target)
        if unit is None:
            return None
        edits = [row for row in self.found.edits.get(target, ()) if row.id < item.row.id]
        for row in reversed(edits):
            if self.found.is_behind(self.ws, row, item.row):
                return row
        return unit.row

    def _cell(
        self,
        item: Item,
        unit: Unit | None,
        contents: Mapping[int, Content],
        earlier: Row | None,
        call: Row | None,
        messages: Mapping[int, str],
    ) -> Cell:
        row = item.row
        if item.more:
            return self._more(item)
        content = contents.get(unit.text.blob or 0) if unit else contents.get(row.blob or 0)
        said = contents.get(row.blob or 0) if unit else None
        bad = isinstance(said, ToolIO) and said.direction == "result" and said.status != "success"
        text = content.unit_text if content else ""
        if row.kind == Kind.EDIT:
            text = row.targets[0].hex()[:HASH_SHOWN]
        elif isinstance(content, ToolIO) and content.direction == "call":
            text = headline(content) or text
        elif call is not None and not bad:
            # of a file that was read, which one says more than its first line
            text = _path(contents.get(call.blob or 0)) or text
        elif row.kind == Kind.MERGE:
            text = messages.get(row.id) or self._merged(row)
        before, after = "", ""
        if earlier is not None and content is not None:
            old = contents.get(earlier.blob or 0)
            before, after = words.snippet(_some(old.unit_text if old else ""), _some(content.unit_text))
        history = item.agent.history if item.agent else self.found.history
        here = history.has(row.id)
        cell = Cell(
            commit=row.hash.hex()[:HASH_TAKEN],
            kind=Kind(row.kind).name.lower(),
            role=row.role or "" if row.is_unit else "",
            type=row.type or "",
            who=who(row, call.name if call else None),
            direction=arrow(row),
            text=preview(text, TEXT),
            code=bool(arrow(row)),
            before=before,
            after=after,
            labels=self._labels(item),
            marks=_marks(unit, self.found.masks) if unit else self._mask(item),
            tokens=unit.text.tokens if unit else row.tokens,
            time=row.author_us / 1e6,
            failed=bad,
            sent=unit is not None and unit.shown and here and not unit.is_reasoning and item.agent is None,
            covered=unit is not None and unit.covered,
            here=here and item.agent is None,
            level=item.level,
            inset=item.inset,
            agent=item.agent is not None,
            fold=self._fold(item),
        )
        return self._run(item, cell) if item.run and run_fold(row.id) not in self.opened else cell

    def _more(self, item: Item) -> Cell:
        """Return the row that stands for the rest of an agent's commits."""
        agent, row = item.agent, item.row
        assert agent is not None
        rest = agent.rows[-item.more :]
        size = sum(one.tokens for one in rest)
        fold = Fold(more_fold(agent), "more", agent.name, item.more, size, is_open=False)
        return Cell(
            commit="",
            kind="more",
            role="",
            type="",
            who="",
            direction="",
            text=f"{item.more:,} more commits",
            code=False,
            before="",
            after="",
            labels=(),
            marks=(),
            tokens=size,
            time=row.author_us / 1e6,
            failed=False,
            sent=False,
            covered=False,
            here=False,
            level=item.level,
            inset=False,
            agent=True,
            fold=fold,
        )

    def _call(self, item: Item) -> Row | None:
        """Return the call that a result answers."""
        if arrow(item.row) != "←" or not item.row.targets:
            return None
        find = item.agent.history.find if item.agent else self.found.find
        call = find(item.row.targets[0])
        return call.row if call else None

    def _merged(self, row: Row) -> str:
        """Return what a merge without a message says: which branch it brought, and where."""
        done = oplog.mover_to(self.ws.db, row.id)
        if done is not None and done.verb == "merge" and done.args:
            into = [move.ref.partition("/")[2] for move in oplog.moves(self.ws.db, done.id)]
            return f"{orjson.loads(done.args).get('source', '')} into {', '.join(into)}"
        other = self.ws.row(row.parent2) if row.parent2 else None
        return f"{other.hash.hex()[:HASH_SHOWN]} merged" if other else ""

    def _mask(self, item: Item) -> tuple[str, ...]:
        """Return the mark of a mask, or of several in one row, as long as it stands there."""
        rows = item.run or (item.row,)
        if item.row.id not in self.found.masks:
            return ()
        units = (self.found.find(row.targets[0]) for row in rows)
        standing = {unit.text.id for unit in units if unit is not None}
        return ("masked",) if any(row.id in standing for row in rows) else ()

    def _run(self, item: Item, cell: Cell) -> Cell:
        """Return the row that stands for all masks of an operation."""
        rows = item.run
        units = [self.found.find(row.targets[0]) for row in rows]
        tools = Counter(unit.row.name or "tool" for unit in units if unit is not None and unit.row.is_result)
        what = "output" if tools.total() == len(rows) else "text"
        return replace(
            cell,
            who="mask",
            text=", ".join(f"{name} {times:,}" for name, times in tools.most_common()),
            before="",
            after="",
            tokens=sum(row.tokens for row in rows),
            fold=Fold(
                run_fold(item.row.id),
                "masks",
                f"{counted(len(rows), what)} masked",
                len(rows),
                sum(self.found.masks[row.id] for row in rows),
                is_open=False,
            ),
        )

    def _labels(self, item: Item) -> tuple[Label, ...]:
        if item.agent is not None:
            is_tip = item.row.id == item.agent.tip
            return (Label("agent", item.agent.name, -1),) if is_tip else ()
        return tuple(self.labels.get(item.row.id, ()))

    def _fold(self, item: Item) -> Fold | None:
        """Return what a row opens to: what a summary covers, an agent's commits, masks of one operation."""
        row = item.row
        if item.run:
            size = sum(self.found.masks[one.id] for one in item.run)
            title = f"{counted(len(item.run), 'mask')} of one operation"
            return Fold(run_fold(row.id), "masks", title, len(item.run), size, is_open=True)
        if row.kind == Kind.SUMMARY and item.agent is None:
            covered = [unit for target in row.targets if (unit := self.found.find(target)) is not None]
            if not covered:
                return None
            size = sum(unit.text.tokens for unit in covered)
            name = fold_of(row)
            return Fold(name, "summary", "", len(row.targets), size, name in self.opened)
        if not row.is_call:
            return None
        tract = item.agent.tract.id if item.agent else self.found.tract
        agents = list(self.started(tract, row.identity))
        if not agents:
            return None
        names = [agent_fold(agent) for agent in agents]
        return Fold(
            "|".join(names),
            "agent",
            ", ".join(agent.name for agent in agents),
            sum(agent.commits for agent in agents),
            sum(agent.size for agent in agents),
            all(name in self.opened for name in names),
        )


PATHS = ("file_path", "path", "notebook_path")  # arguments that name what a call is about
FOLDERS = 2  # last parts of a path that are shown


def headline(call: ToolIO) -> str:
    """Return what a call is about, in short: the end of a path, else the argument that says it best."""
    given = call.arguments
    if not isinstance(given, dict):
        return ""
    pattern, where = given.get("pattern"), given.get("path")
    if isinstance(pattern, str) and pattern.strip():
        return f"{pattern} in {_end(where)}" if isinstance(where, str) and where.strip() else pattern
    return _path(call) or present.headline(given)


def _path(call: Content | None) -> str:
    """Return the end of the path that a call names; empty where it names none, or a command says more."""
    if not isinstance(call, ToolIO) or not isinstance(call.arguments, dict):
        return ""
    given = call.arguments
    if isinstance(given.get("command"), str) or isinstance(given.get("pattern"), str):
        return ""
    path = next((value for name in PATHS if isinstance(value := given.get(name), str) and value.strip()), "")
    return _end(path)


def _end(path: str) -> str:
    """Return the last parts of a path."""
    return "/".join(path.rstrip("/").split("/")[-FOLDERS:])


def who(row: Row, tool: str | None = None) -> str:
    """Return who a commit is from: a tool, a role, or the kind."""
    if arrow(row):
        return tool or row.name or "tool"
    if row.kind == Kind.APPEND:
        return str(row.type if row.type in ("reasoning", "artifact") else row.role)
    return Kind(row.kind).name.lower()


def arrow(row: Row) -> str:
    """Return the sign of a call or a result; an EDIT of one is neither."""
    if row.kind == Kind.EDIT:
        return ""
    return "→" if row.is_call else "←" if row.is_result else ""


def _marks(unit: Unit, masks: Container[int]) -> tuple[str, ...]:
    """Return what was done to a unit, in words."""
    found = [MARKS[unit.priority]] if unit.priority in MARKS else []
    if unit.skipped and "skipped" not in found:
        found.append("skipped")  # with its call
    if unit.text.id != unit.row.id:
        found.append("masked" if unit.text.id in masks else "edited")
    if unit.retired:
        found.append("restored")
    return tuple(found)


def _some(text: str) -> str:
    return text[:COMPARED]
