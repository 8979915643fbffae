"""Where a Claude Code session's files lie: the main one, and its subagents' in either layout."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tract_nb.model.event import Event
from tract_nb.trace.formats.claude_code import Conversation
from tract_nb.trace.formats.single import spoken
from tract_nb.trace.head import Head, head_of, head_records
from tract_nb.trace.json_lines import loads, utc
from tract_nb.trace.notes import Notes

FORMAT = "claude_code"

_META_BYTES = 1 << 18
#: the keys of a record up to the first that holds more than a word
_FIRST_KEYS = re.compile(rb'\{(?:\s*"[^"\\]*"\s*:\s*(?:"(?:[^"\\]|\\.)*"|[\w.+-]+)\s*,)*')
#: records of Claude Code that carry neither a session nor a message
_CLAUDE_TYPES = {"summary", "file-history-snapshot", "queue-operation", "permission-mode", "last-prompt"}
_TIMESTAMP = re.compile(rb'"timestamp":"([^"\\]+)"')


def why(head: Head) -> str | None:
    """Tell by what a file is a session of Claude Code's."""
    for number, record in enumerate(head.records, 1):
        if is_claude(record):
            return f"record {number} is of type {record['type']!r} and has a session or a message"
    # one line longer than what was looked at, or cut off: its first keys still tell
    first = _FIRST_KEYS.match(head.text.partition(b"\n")[0])
    keys = first[0] if first is not None else b""
    if b'"parentUuid":' in keys or (b'"sessionId":' in keys and b'"type":' in keys):
        return "the first record names its parent, or a session and a type"
    return None


def is_claude(record: dict[str, Any]) -> bool:
    """Tell whether a record is one of Claude Code's."""
    if not isinstance(record.get("type"), str):
        return False
    return (
        "sessionId" in record or ("uuid" in record and "message" in record) or record["type"] in _CLAUDE_TYPES
    )


class AgentFile(NamedTuple):
    """A subagent's own file."""

    id: str
    path: Path
    session_id: str | None


class ClaudeSession:
    """A session: its main file and those of its subagents.

    Parameters
    ----------
    path : pathlib.Path
        The main file, or a subagent's that is read on its own.
    """

    format = FORMAT

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metadata = read_metadata(path)
        self._alone = "agent" in self.metadata
        session_id = self.metadata.get("session_id") or path.stem
        # a subagent's file read alone is a trace of its own, and must not be taken for its session
        self.session_id = str(self.metadata["agent"] if self._alone else session_id)
        mine, others = ([], 0) if self._alone else agent_files(path, {session_id, path.stem})
        self._files = {file.id: file for file in mine}
        self._seen: Counter[str] = Counter()
        if others:
            self._seen["subagents' files of other sessions"] = others

    @property
    def beside(self) -> tuple[Path, ...]:
        """The subagents' files."""
        return tuple(file.path for file in self._files.values())

    def events(self, notes: Notes) -> Iterator[Event]:
        """Yield the main conversation, then the subagents'."""
        notes.skipped += self._seen
        main = Conversation(self.path, notes, "agent" if self._alone else "main")
        yield from main
        if main.has_inside:
            yield from Conversation(self.path, notes, "inside")
        for file in self._files.values():
            self._read_meta(file, notes)
            yield from Conversation(file.path, notes, "agent", file.id)

    def agent_events(self, agent: str) -> Iterator[Event]:
        """Yield the events of one subagent."""
        file = self._files.get(agent)
        if file is not None:
            yield from Conversation(file.path, Notes(), "agent", agent)
        else:
            inside = Conversation(self.path, Notes(), "inside")
            yield from (event for event in inside if event.agent == agent)

    def agent_text(self, agent: str, notes: Notes) -> str:  # noqa: ARG002 - every format has the same
        """Return a subagent's conversation as text, each event under a line that says whose it is."""
        return "\n\n".join(spoken(event) for event in self.agent_events(agent))

    def _read_meta(self, file: AgentFile, notes: Notes) -> None:
        """Take in the small file that newer versions put beside a subagent's."""
        facts = notes.agent(file.id)
        meta = file.path.with_suffix(".meta.json")
        if not meta.is_file():
            return
        try:
            found, _ = loads(meta.read_bytes())
            facts.type, facts.description = found.get("agentType"), found.get("description")
            facts.call_id = facts.call_id or found.get("toolUseId")
        except (ValueError, AttributeError, OSError):
            notes.skipped[f"{meta.name} unreadable"] += 1


def read_metadata(path: Path) -> dict[str, Any]:
    """Return what the first records say of a session: id, folder, branch, version, title, agent."""
    found: dict[str, Any] = {}
    head = head_of(path, _META_BYTES)
    for record in head_records(head) or _partial_record(head):
        named = {
            "session_id": record.get("sessionId"),
            "cwd": record.get("cwd"),
            "branch": record.get("gitBranch"),
            "version": record.get("version"),
            "title": record.get("customTitle") or record.get("aiTitle"),
            "agent": record.get("agentId") if record.get("isSidechain") else None,
        }
        # a main file of an early version may begin with a subagent's records; these name no agent
        for key, value in named.items():
            if value and isinstance(value, str):
                found.setdefault(key, value)
        if not record.get("isSidechain") and record.get("type") in ("user", "assistant"):
            found.pop("agent", None)
            break
    return found


def _partial_record(head: bytes) -> list[dict[str, Any]]:
    """Return what can be seen of a first line that is longer than what was looked at."""
    record: dict[str, Any] = {}
    for key in ("sessionId", "cwd", "gitBranch", "version", "agentId"):
        value = re.search(rb'"%s":"([^"\\]*)"' % key.encode(), head)
        if value is not None:
            record[key] = value[1].decode("utf-8", "replace")
    record["isSidechain"] = b'"isSidechain":true' in head
    return [record]


def agent_files(main: Path, session_ids: set[str]) -> tuple[list[AgentFile], int]:
    """Return the subagents' files of a session, and how many of other sessions lie among them."""
    newer = sorted((main.parent / main.stem / "subagents").glob("**/agent-*.jsonl"))
    older = sorted(main.parent.glob("agent-*.jsonl"))
    files, others = [], 0
    for path in [*newer, *(path for path in older if path != main)]:
        if path.stat().st_size == 0:
            continue
        meta = read_metadata(path)
        own = path in newer or meta.get("session_id") in session_ids
        if own:
            agent = meta.get("agent") or path.stem.removeprefix("agent-")
            files.append(AgentFile(agent, path, meta.get("session_id")))
        else:
            others += 1
    return sorted(files, key=lambda file: (_first_time(file.path), file.id)), others


def _first_time(path: Path) -> str:
    stamp = _TIMESTAMP.search(head_of(path))
    return stamp[1].decode() if stamp else ""


def last_time(path: Path) -> str:
    """Return when the last record of a file was written, as ISO text that can be compared."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - _META_BYTES, 0))
        stamps = _TIMESTAMP.findall(file.read())
    times = [time for time in (utc(stamp.decode()) for stamp in stamps[-5:]) if time is not None]
    return max(times).isoformat() if times else ""
