"""import: a trace becomes a history.

Objects are written ahead, some hundred events a transaction; refs and the operation move in one
last transaction, so that an import happens whole or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile

from tract_nb.errors import HeadMovedError, TraceError, TractError
from tract_nb.model.commit import HASH_SHOWN, Row
from tract_nb.model.event import Event, Recording, Usage
from tract_nb.model.listing import Imported
from tract_nb.operations import rewinds
from tract_nb.operations.event_contents import Redact, contents, remarks
from tract_nb.operations.import_line import ImportLine
from tract_nb.operations.opening import MAIN
from tract_nb.operations.rewinds import Lines
from tract_nb.operations.transaction import Transaction, transaction, writing
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects, oplog, refs, usage

CHUNK = 500  # events a transaction: other writers wait for one chunk at most


@dataclass
class Place:
    """Where an import goes: a tract (0: still to be made), the branch of its main line, what is known.

    ``known`` has the commits that this trace wrote already, by key; ``ends`` the last such key of
    each branch, and ``tips`` where those branches stand.
    """

    tract: int
    branch: str
    tip: int = 0
    known: dict[str, Row] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    tips: dict[str, int] = field(default_factory=dict)


class Importer:
    """Writes the events of one conversation as lines of commits.

    Parameters
    ----------
    ws : Workspace
        The handle that imports.
    place : Place
        Where the conversation goes.
    prefix : str
        What its records' keys begin with: format, session and agent.
    session : str
        The trace's.
    lines : Lines
        The line of each event.
    redact : callable or None
        Replaces likely secrets.
    """

    def __init__(
        self, ws: Workspace, place: Place, prefix: str, session: str, lines: Lines, redact: Redact | None
    ) -> None:
        self.ws = ws
        self.session = session
        self.place = place
        self.prefix = prefix
        self.lines = lines
        self.redact = redact
        self.secrets: list[tuple[str, str]] = []
        self.known = 0
        self.remarks: Counter[str] = Counter()
        self.grown: dict[str, ImportLine] = {}
        self._last: dict[str, Row] = {}  # the last commit of each line
        self._at: dict[str, Row] = {}  # what each event that a line forks from stands on
        self._fork_points = set(lines.forks.values())
        self._usage: dict[str, tuple[Row, Usage, str | None, float | None]] = {}
        self._replies: dict[str, Row] = {}  # the last commit of each reply
        self._replaced: list[int] = []
        # a line goes on where a branch ends with it; a branch whose end was given up since stays as it is
        self._home: dict[str, str] = {}
        for branch, key in place.ends.items():
            self._home.setdefault(lines.line(key.removeprefix(prefix)), branch)
        if not place.ends:
            self._home[rewinds.MAIN] = place.branch

    @property
    def written(self) -> int:
        """How many commits it wrote."""
        return sum(line.written for line in self.grown.values())

    def add(self, tx: Transaction, event: Event) -> Row | None:
        """Write one event, unless it is known; return the commit that the line stands on after it."""
        key = self.prefix + event.id
        name = self.lines.line(event.id)
        row = self.place.known.get(key)
        is_new = row is None
        if row is not None:
            self.known += 1
        else:
            row = self._write(tx, event, key, name) or self._last.get(name)
            self.remarks.update(remarks(event))
        if row is not None:
            self._last[name] = row
            if event.id in self._fork_points:
                self._at[event.id] = row
            self._report(event, row, is_new=is_new)
        return row

    def _write(self, tx: Transaction, event: Event, key: str, name: str) -> Row | None:
        row = None
        for number, (content, secrets) in enumerate(contents(event, self.redact)):
            line = self.grown.get(name)
            if line is None:
                line = self.grown[name] = ImportLine(self.ws, self._base(name, event), self.session)
            row = line.add(tx, event, content, f"{key}!{number}" if number else key)
            self.secrets += [(kind, row.hash.hex()) for kind in secrets]
        return row

    def _base(self, name: str, event: Event) -> Row | None:
        """Return the commit that a line goes on from: its branch's tip, else the one it forks from."""
        home = self._home.get(name)
        if home is not None:
            tip = self.place.tips.get(home, self.place.tip)
            return self.ws.row(tip) if tip else None
        fork = self.lines.forks.get(name, event.parent or "")
        return self._at.get(fork) or self.place.known.get(self.prefix + fork)

    def _report(self, event: Event, row: Row, *, is_new: bool) -> None:
        """Keep the usage of a reply for the last commit of its message: several records share one.

        What was known keeps what it has, which may have been recorded since by a person. What no model
        read (an agent's own note of an error or an interruption) says nothing of the context's size.
        """
        if event.usage is None or not event.usage.input_tokens:
            return
        reply = event.message_id or event.id
        earlier = self._replies.get(reply)
        self._replies[reply] = row
        if not is_new:
            return
        if earlier is not None and earlier.id != row.id:
            self._replaced.append(earlier.id)
        self._usage[reply] = (row, event.usage, event.model, event.cost)

    def finish(self, tx: Transaction) -> list[str]:
        """Store usage, move the branches; return the names of those made for rewinds.

        Raises
        ------
        HeadMovedError
            If a branch that the import grows moved while the trace was read.
        """
        usage.drop_usage(self.ws.db, self._replaced)
        for row, reported, model, cost in self._usage.values():
            usage.put_usage(self.ws.db, row.id, reported, model, cost)
        made = []
        for name, line in self.grown.items():
            if line.tip is None:
                continue
            branch = self._home.get(name)
            if branch is not None:
                self._check_unmoved(tx, branch)
            elif name == rewinds.MAIN:
                branch = free_name(self.ws, self.place.tract, f"trace/{self.session[:HASH_SHOWN]}")
                self.place.branch = branch
            else:
                branch = free_name(self.ws, self.place.tract, f"rewind/{name[:HASH_SHOWN]}")
                made.append(branch)
            tx.move(refs.HEADS + branch, line.tip.id, tract=self.place.tract)
        return made

    def _check_unmoved(self, tx: Transaction, branch: str) -> None:
        now = refs.get(tx.db, self.place.tract, refs.HEADS + branch) or 0
        if now != self.place.tips.get(branch, self.place.tip):
            raise HeadMovedError(
                f"The branch {branch} moved while the trace was read. Nothing was imported.",
                "Import it again.",
            )


def import_trace(ws: Workspace, trace: Recording, *, redact: Redact | None, path: str = "") -> Imported:
    """Turn a trace into commits; what is here already is passed over.

    Parameters
    ----------
    ws : Workspace
        An empty tract imports onto its branch, another onto a new root branch ``trace/<session>``.
    trace : Recording
        What :func:`tract_nb.trace.read` returns.
    redact : callable or None
        Replaces likely secrets; None keeps them.
    path : str
        Where the trace came from, for the operation log.
    """
    if ws.batch is not None:
        raise TractError("An import is a transaction of its own.", "Import before or after the batch.")
    session = trace.session_id
    prefix = f"{trace.format}:{session}:"
    lines = rewinds.lines(main_events(trace))
    with ws.db.read():
        place = main_place(ws, prefix, session)
    main = Importer(ws, place, prefix, session, lines, redact)
    calls = {agent.call for agent in trace.agents.values() if agent.call}
    started = _write_all(ws, main, main_events(trace), calls)
    agents = {}
    for agent in trace.agents.values():
        name, of_agent = f"{session[:HASH_SHOWN]}/{agent.id}", f"{prefix}{agent.id}/"
        agents[name] = Importer(ws, agent_place(ws, name, of_agent), of_agent, session, Lines(), redact)
        _write_all(ws, agents[name], agent.events, set())
    everyone = (main, *agents.values())
    if not any(one.written or one.known for one in everyone):
        raise TraceError(
            "There is nothing in it that a model was sent.", "`tract trace PATH` shows what is in it."
        )
    with transaction(ws, "import", {"session": session, "format": trace.format, "path": path}) as tx:
        branches = main.finish(tx)
        for (name, importer), agent in zip(agents.items(), trace.agents.values(), strict=True):
            call = started.get(agent.call or "")
            _make_tract(tx, name, importer.place, call.hash if call else None)
            importer.finish(tx)
    return Imported(
        session=session,
        branch=place.branch,
        commits=sum(one.written for one in everyone),
        known=sum(one.known for one in everyone),
        branches=tuple(branches),
        tracts=tuple(name for name, one in agents.items() if one.written),
        unanswered=sum(line.unanswered for one in everyone for line in one.grown.values()),
        secrets=tuple(secret for one in everyone for secret in one.secrets),
        skipped=dict(sum((one.remarks for one in everyone), Counter(trace.skipped))),
    )


def main_events(trace: Recording) -> Iterator[Event]:
    """Return the events of the main conversation; those of agents come after them."""
    return takewhile(lambda event: event.agent is None, trace.events)


def _write_all(
    ws: Workspace, importer: Importer, events: Iterable[Event], wanted: set[str]
) -> dict[str, Row]:
    """Write events in chunks; return the commits of those whose ids are wanted."""
    found: dict[str, Row] = {}
    for chunk in chunks(events, CHUNK):
        with writing(ws) as tx:
            for event in chunk:
                row = importer.add(tx, event)
                if event.id in wanted and row is not None:
                    found[event.id] = row
    return found


def _make_tract(tx: Transaction, name: str, place: Place, call: bytes | None) -> None:
    """Make the tract of an agent where it is not there, and link it to the call that started it."""
    if not place.tract:
        own = refs.tract_named(tx.db, tx.ws.name)
        assert own is not None
        place.tract = refs.add_tract(tx.db, name, place.branch, tx.tick(), own.settings)
    refs.link_tract(tx.db, place.tract, tx.ws.tract, call)


def chunks(events: Iterable[Event], size: int) -> Iterator[list[Event]]:
    """Yield events in lists, read outside of any lock."""
    source = iter(events)
    while chunk := list(islice(source, size)):
        yield chunk


def main_place(ws: Workspace, prefix: str, session: str) -> Place:
    """Return where the main line goes: on from where it was imported, else an empty or a new branch."""
    tip = ws.tip()
    place = Place(ws.tract, ws.branch or MAIN, tip)
    _look_up(ws, place, prefix)
    if not place.known and (tip or ws.branch is None):
        place.branch, place.tip = free_name(ws, ws.tract, f"trace/{session[:HASH_SHOWN]}"), 0
    return place


def agent_place(ws: Workspace, name: str, prefix: str) -> Place:
    """Return the tract of an agent, and what it has already."""
    with ws.db.read():
        found = refs.tract_named(ws.db, name)
        if found is None:
            return Place(0, MAIN)
        tip = refs.get(ws.db, found.id, refs.HEADS + found.open_branch) or 0
        place = Place(found.id, found.open_branch, tip)
        _look_up(ws, place, prefix)
        return place


def _look_up(ws: Workspace, place: Place, prefix: str) -> None:
    """Fill in what the branches of a tract have of a trace.

    The branch that has most of it comes first; of equals one that an import has moved, then the one
    that the handle stands on.
    """
    records = objects.records(ws.db, prefix)
    if not records:
        return
    imported = oplog.imported(ws.db, place.tract)
    found: list[tuple[tuple[int, bool, bool], str, dict[str, int]]] = []
    for branch, tip in refs.all_of(ws.db, place.tract, refs.HEADS).items():
        history = ws.snapshot(tip)
        # of an event with images, what the line stands on is the last of its commits
        here = {key.partition("!")[0]: number for key, number in records if history.has(number)}
        if here:
            rank = (len(here), refs.HEADS + branch in imported, branch == place.branch)
            found.append((rank, branch, here))
            place.tips[branch] = tip
    for _, branch, here in sorted(found, key=lambda item: item[0], reverse=True):
        place.ends[branch] = max(here, key=here.__getitem__)
        for key, number in here.items():
            if key not in place.known:
                place.known[key] = ws.row(number)
    if place.ends:
        place.branch = next(iter(place.ends))
        place.tip = place.tips[place.branch]


def free_name(ws: Workspace, tract: int, wanted: str) -> str:
    """Return a branch name that is not taken: the one wanted, else with a number."""
    name, count = wanted, 1
    while refs.get(ws.db, tract, refs.HEADS + name) is not None:
        count += 1
        name = f"{wanted}-{count}"
    return name
