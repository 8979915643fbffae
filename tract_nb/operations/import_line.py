"""One line of a trace on its way into a history: a tip that grows by an event at a time."""

from __future__ import annotations

from typing import Any

from tract_nb.engine.snapshot import Snapshot
from tract_nb.model.commit import Kind, Row, to_us
from tract_nb.model.content import Content, ToolIO
from tract_nb.model.event import Event
from tract_nb.operations.transaction import Transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store.objects import put_record


class ImportLine:
    """A line that an import writes: where it ends, and the calls that still wait for a result.

    Parameters
    ----------
    ws : Workspace
        Whose database it is in.
    tip : Row or None
        The commit to go on from; None at a root.
    session : str
        The trace's, for the commits' metadata.
    """

    def __init__(self, ws: Workspace, tip: Row | None, session: str) -> None:
        self.ws = ws
        self.session = session
        self.tip = tip
        self.written = 0
        self._run = 0
        self._calls: dict[str, list[_Waiting]] = {}
        self._covered: set[bytes] = set()
        if tip is not None:
            self._take_up(ws.snapshot(tip.id))

    def _take_up(self, history: Snapshot) -> None:
        answered = {unit.call for unit in history.units if unit.call is not None}
        self._covered = {unit.identity for unit in history.units if unit.covered}
        for unit in history.units:
            self._note(unit.row)
        for waiting in self._calls.values():
            for call in waiting:
                call.answered = call.row.identity in answered

    @property
    def unanswered(self) -> int:
        """How many of its calls have no result."""
        return sum(not call.answered for waiting in self._calls.values() for call in waiting)

    def add(self, tx: Transaction, event: Event, content: Content, key: str) -> Row:
        """Write an event on top of the line."""
        kind = Kind.SUMMARY if event.kind == "compaction" else Kind.APPEND
        targets: tuple[bytes, ...] = ()
        if kind == Kind.SUMMARY:
            targets = self._cover()
        elif isinstance(content, ToolIO) and content.direction == "result":
            call = self._answer(content.call_id)
            if call is not None:
                targets = (call.identity,)
                content = content.model_copy(update={"name": content.name or call.name or ""})
        row = tx.put(
            kind,
            [self.tip] if self.tip else [],
            content=content,
            targets=targets,
            priority=content.birth,
            author_us=self._time(event),
            metadata=self._metadata(event),
            generation_config={"model": event.model} if event.model else None,
        )
        put_record(tx.db, key, row.id)
        if kind == Kind.SUMMARY or self._covered.intersection(targets):
            row = self._settle(tx, row)
        self._note(row)
        self.tip = row
        self.written += 1
        return row

    def _metadata(self, event: Event) -> dict[str, Any]:
        """Return where in which trace the event stands."""
        place = {"session": self.session, "line": event.line, "agent": event.agent}
        return {"trace": {name: value for name, value in place.items() if value}}

    def _time(self, event: Event) -> int:
        """Return the event's own time; one without has that of what it follows."""
        if event.time is not None:
            return to_us(event.time)
        return self.tip.author_us if self.tip else 0

    def _cover(self) -> tuple[bytes, ...]:
        """Return what a compaction stands for: all that shows, and what summaries among it stood for."""
        if self.tip is None:
            return ()
        history = self.ws.snapshot(self.tip.id)
        covered: dict[bytes, None] = {}
        for unit in history.shown:
            if unit.row.role != "system":
                covered[unit.identity] = None
                if unit.row.kind == Kind.SUMMARY:
                    covered.update(dict.fromkeys(unit.row.targets))
        return tuple(covered)

    def _settle(self, tx: Transaction, row: Row) -> Row:
        """Give a commit that changes what was before it the size of the context at it."""
        before = self.ws.snapshot(self.tip.id if self.tip else 0)
        after = before.plus(row)
        self._covered = {unit.identity for unit in after.units if unit.covered}
        return tx.set_context(row, after.size)

    def _note(self, row: Row) -> None:
        if row.is_call:
            self._calls.setdefault(row.call_id or "", []).append(_Waiting(row, self._run))
        elif row.role != "assistant":
            self._run += 1

    def _answer(self, call_id: str) -> Row | None:
        """Return the call that a result answers: by the rule of ``Snapshot.call_of``."""
        waiting = self._calls.get(call_id)
        if not waiting:
            return None
        open_calls = [call for call in waiting if not call.answered]
        if not open_calls:
            return waiting[-1].row
        newest = open_calls[-1].run
        found = next(call for call in open_calls if call.run == newest)
        found.answered = True
        return found.row


class _Waiting:
    """A call of a line, and whether a result of it has come."""

    __slots__ = ("answered", "row", "run")

    def __init__(self, row: Row, run: int) -> None:
        self.row = row
        self.run = run
        self.answered = False
