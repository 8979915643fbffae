"""Claude Code sessions: one JSON record a line, a tree of uuids, usage repeated on every record."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import orjson

from tract_nb.model.event import Event
from tract_nb.trace.formats.claude_blocks import Place, assistant_events, compaction, user_events
from tract_nb.trace.gather import one_line
from tract_nb.trace.json_lines import LongLine, dumps, lines_of, loads, utc
from tract_nb.trace.notes import Notes, Pairing

#: how a progress record begins and ends: its place in the tree, and the call it belongs to
_PROGRESS_START = re.compile(rb'\{"parentUuid":(?:null|"([^"\\]*)"),')
_PROGRESS_END = re.compile(rb',"parentToolUseID":"([^"\\]*)","uuid":"([^"\\]*)","timestamp":"[^"\\]*"\}\r?\n')
_PROGRESS_AGENT = re.compile(rb'"agentId":"([^"\\]+)"\},"toolUseID":')

_STARTED_AGENT = re.compile(rb'"agentId":"([^"\\]+)"')
_BUFFER = 1 << 20
_HEAD = 600  # where in a record its type stands, unless its folder has an unusual name
_TYPE = 60  # characters of a type that no reader knows
_PROGRESS = b'"type":"progress"'
_USER = b'"type":"user"'
_DISPLAY_COPY = b',"toolUseResult":'
_SNAPSHOT = b'{"type":"file-history-snapshot",'
_NO_SUMMARY = "[the conversation was compacted here; the trace holds no summary]"

#: ``main``: what is no subagent's; ``agent``: a subagent's own file; ``inside``: the subagents that
#: stand between the lines of a main file, as the oldest versions wrote them
Part = Literal["main", "agent", "inside"]


class Conversation:
    """One pass over one file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    notes : Notes
        Where everything that yields no event is counted.
    part : str
        ``main``, ``agent`` or ``inside``.
    agent : str, optional
        The agent whose events these are.
    """

    def __init__(self, path: Path, notes: Notes, part: Part = "main", agent: str | None = None) -> None:
        self.path = path
        self.notes = notes
        self.part = part
        self.agent = agent
        self.has_inside = False
        self._skipped: Counter[str] = Counter()
        self._pairing = Pairing()
        self._event_of: dict[str, str] = {}  # record's uuid -> its last event
        self._above: dict[str, str | None] = {}  # uuid of a record without an event -> its parent's
        self._inside: dict[str, str] = {}  # uuid of a subagent's record -> agent
        self._last: dict[str | None, str] = {}  # agent -> its last event so far
        self._boundary: Place | None = None  # a compaction that waits for its summary

    def __iter__(self) -> Iterator[Event]:
        """Yield the events of the file, line by line."""
        end = number = 0
        with self.path.open("rb", buffering=_BUFFER) as file:
            for number, line in enumerate(lines_of(file), 1):
                offset = end
                end += len(line)
                if type(line) is LongLine:
                    end += line.length
                    self._too_long(line, number)
                elif line.startswith(_SNAPSHOT) and line.endswith(b"}\n"):
                    self._skipped["file-history-snapshot"] += 1
                elif line.find(_PROGRESS, 0, _HEAD) > 0 and self._progress(line):
                    self._skipped["progress"] += 1
                else:
                    try:
                        events = self._record(line, number, offset)
                    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as trouble:
                        self._unreadable(line, number, trouble)
                    else:
                        yield from events
        yield from self._settle_boundary({})
        if self.part != "inside":  # the lines of that pass were counted by the main one
            self.notes.skipped += self._skipped
        self.notes.unanswered += self._pairing.unanswered()

    def _progress(self, line: bytes) -> bool:
        """Take a progress record's place in the tree without parsing it; False where that is unsure.

        Progress records are most of the bytes of some sessions and repeat what stands elsewhere, but
        they are links in the chain of parents.
        """
        head = line[:_HEAD].partition(_PROGRESS)[0]
        start = _PROGRESS_START.match(head)
        end = _PROGRESS_END.match(line, max(line.rfind(b',"parentToolUseID":"'), 0))
        if start is None or end is None or end.end() != len(line) or head.count(b"{") != 1 or b"[" in head:
            return False
        self._above[end[2].decode()] = start[1].decode() if start[1] is not None else None
        named = _PROGRESS_AGENT.search(line, max(len(line) - 400, 0))
        if named is not None:
            self.notes.agent(named[1].decode()).call_id = end[1].decode()
        return True

    def _record(self, line: bytes, number: int, offset: int) -> list[Event]:
        """Return the events of one line."""
        try:
            record = (line.find(_USER, 0, _HEAD) > 0 and _without_display_copy(line)) or orjson.loads(line)
        except orjson.JSONDecodeError:
            record = self._leniently(line, number)
        kind, uuid, agent = record.get("type"), record.get("uuid"), self.agent
        if self.part != "agent":
            inside = self._agent_inside(record) if record.get("isSidechain") else None
            if (inside is None) is (self.part == "inside"):
                return []
            agent = inside
        if uuid is None:
            uuid = f"{agent or 'line'}-{number}"
        elif type(uuid) is not str:
            uuid = str(uuid)
        if uuid in self._event_of:
            self._skipped["repeated record"] += 1
            return []
        if kind in ("user", "assistant"):  # no set: it may be anything
            before = [] if self._boundary is None else self._settle_boundary(record)
            time = utc(record.get("timestamp"))
            place = tuple.__new__(Place, (uuid, self._parent(record, agent), agent, time, number, offset))
            events = before + self._message(kind, record, place, line)
        else:
            events = []
            self._skipped[_named(kind)] += 1
            if kind == "system" and record.get("subtype") == "compact_boundary":
                parent = self._parent(record, agent) or self._last.get(agent)
                self._boundary = Place(uuid, parent, agent, utc(record.get("timestamp")), number, offset)
        if events:
            self._last[agent] = self._event_of[uuid] = events[-1].id
        else:
            self._above[uuid] = _uuid_above(record)
        return events

    def _leniently(self, line: bytes, number: int) -> Any:
        """Parse a line that orjson refuses."""
        record, trouble = loads(line if number > 1 else line.removeprefix(b"\xef\xbb\xbf"))
        if trouble and self.part != "inside":
            self.notes.bad_line(self.path.name, number, trouble, "more lines with invalid UTF-8")
        return record

    def _message(self, kind: str, record: dict[str, Any], place: Place, line: bytes) -> list[Event]:
        """Return the events of a user's or an assistant's record."""
        if kind == "assistant":
            events = assistant_events(record, place, line, self.notes)
        elif record.get("isCompactSummary"):
            events = [compaction(record["message"]["content"], place)]
        else:
            events = user_events(record, place, self._pairing.names, self.notes)
            if "toolUseResult" in record:
                self._note_started_agent(record, events)
        for event in events:
            if event.kind == "tool_call":
                self._pairing.call(event)
            elif event.kind == "tool_result":
                self._pairing.result(event)
        return events

    def _parent(self, record: dict[str, Any], agent: str | None) -> str | None:
        """Return the nearest event above a record; a compaction's bridge counts as its parent.

        A parent that the file does not hold, or holds only further down, gives the event before.
        """
        uuid = _uuid_above(record)
        if uuid in self._event_of:
            return self._event_of[uuid]
        steps = len(self._above)
        while uuid is not None and uuid not in self._event_of:
            if uuid not in self._above or steps < 0:
                return self._last.get(agent)
            uuid = self._above[uuid]
            steps -= 1
        return None if uuid is None else self._event_of[uuid]

    def _settle_boundary(self, record: dict[str, Any]) -> list[Event]:
        """Say that a compaction took place, unless the record that follows it is its summary."""
        place, self._boundary = self._boundary, None
        if place is None:
            return []
        if record.get("isCompactSummary"):
            if place.parent is not None:
                self._event_of[place.id] = place.parent
            return []
        self._last[place.agent] = self._event_of[place.id] = place.id
        return [compaction(_NO_SUMMARY, place)]

    def _agent_inside(self, record: dict[str, Any]) -> str:
        """Return which subagent a record inside a main file belongs to; the oldest ones name none."""
        self.has_inside = True
        uuid = str(record.get("uuid") or "")
        agent = record.get("agentId") or self._inside.get(_uuid_above(record) or "")
        agent = str(agent or uuid[:8] or "unnamed")
        self._inside[uuid] = agent
        self.notes.agent(agent)
        return agent

    def _note_started_agent(self, record: dict[str, Any], events: list[Event]) -> None:
        """Take from the copy of a result that is kept for display which agent its call started."""
        shown = record.get("toolUseResult")
        if type(shown) is dict and "agentId" in shown and events:
            facts = self.notes.agent(str(shown["agentId"]))
            facts.call_id = facts.call_id or events[0].call_id

    def _too_long(self, line: LongLine, number: int) -> None:
        """Count a line that is longer than any record."""
        if self.part != "inside":
            self.notes.bad_line(self.path.name, number, f"line of {line.length >> 20:,} MB, too long to read")

    def _unreadable(self, line: bytes, number: int, trouble: Exception) -> None:
        """Count a line that gave no event and should have."""
        if not line.strip():
            return
        if isinstance(trouble, ValueError):
            what = "text that is not JSON" if line.endswith(b"\n") else "record cut off"
        else:
            what = "record of an unknown shape"
        if self.part != "inside":
            self.notes.bad_line(self.path.name, number, what)


def _uuid_above(record: dict[str, Any]) -> str | None:
    """Return the uuid of the record that this one follows."""
    uuid = record.get("parentUuid") or record.get("logicalParentUuid")
    return uuid if uuid is None or type(uuid) is str else str(uuid)


def _named(kind: Any) -> str:
    """Return what a record that gives no event is counted under."""
    if type(kind) is str:
        return one_line(kind, _TYPE) or "record without a type"
    return "record without a type" if kind is None else one_line(f"record of type {dumps(kind)}", _TYPE)


def _without_display_copy(line: bytes) -> dict[str, Any] | None:
    """Parse what stands before a result's copy for display; None where that is not the record.

    These copies are a third of all bytes. An unescaped key can only be a key; and if it is not one
    of the record itself, what stands before it is no JSON when it is closed.
    """
    cut = line.find(_DISPLAY_COPY)
    if cut < 0 or not line.endswith(b"}\n"):
        return None
    try:
        record: dict[str, Any] = orjson.loads(line[:cut] + b"}")
    except orjson.JSONDecodeError:
        return None
    if not ("uuid" in record and "timestamp" in record and "message" in record and "isSidechain" in record):
        return None
    started = _STARTED_AGENT.search(line, cut)
    if started is not None:
        record["toolUseResult"] = {"agentId": started[1].decode()}
    return record
