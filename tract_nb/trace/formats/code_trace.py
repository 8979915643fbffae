"""code_trace.md: the markdown that summaries are made from, as events.

The writer left out call ids, failures, models and parents. A result's id stands in the file; here it
is given to the call that it answers, so that the two can be paired like anywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson

from tract_nb.model.event import Event
from tract_nb.trace.formats.claude_blocks import is_typed
from tract_nb.trace.formats.code_pairs import with_call_ids
from tract_nb.trace.formats.code_scan import LARGEST, Scanner
from tract_nb.trace.head import Head
from tract_nb.trace.json_lines import is_rounded, loads_exactly, utc
from tract_nb.trace.notes import Notes

FORMAT = "code_trace"

#: how a result begins that reports a failure; nothing further down in it is asked
_FAILURES = (
    "<tool_use_error>",
    "The user doesn't want to proceed with this",  # no longer: the writer keeps 50 characters
    "The user doesn't want to take this action",
    "[Request interrupted by user",
)
_EXIT_CODE = re.compile(r"Exit code (?!0\b)\d+\b")

_METADATA = {
    "Session ID": "session_id",
    "Command": "command",
    "Timestamp": "timestamp",
    "Worktree": "worktree",
    "Git Branch": "branch",
}
_BULLET = re.compile(rb"^- \*\*([^*\n]+)\*\*: *(.*?)[ \t\r]*$", re.MULTILINE)


_TITLE = b"# Conversation Trace"


def why(head: Head) -> str | None:
    """Tell by what a file is a code_trace.md."""
    return f"it begins with {_TITLE.decode()!r}" if head.text.startswith(_TITLE) else None


class CodeTrace:
    """A code_trace.md.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    """

    format = FORMAT

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metadata = read_metadata(path)
        self.session_id = str(self.metadata.get("session_id") or path.resolve().parent.name)

    def events(self, notes: Notes) -> Iterator[Event]:
        """Yield every event of the file."""
        return with_call_ids(parts_to_events(self.path, notes), notes)

    def agent_events(self, agent: str) -> Iterator[Event]:
        """Yield the events of one section."""
        return (event for event in self.events(Notes()) if event.agent == agent)

    def agent_text(self, agent: str, notes: Notes) -> str:
        """Return a section as it stands in the file, from its heading on."""
        with self.path.open("rb") as file:
            return "".join(_slice(file, *span) for span in notes.spans[agent])


def _slice(file: BinaryIO, start: int, end: int) -> str:
    file.seek(start)
    return file.read(end - start).decode("utf-8", "replace")


def read_metadata(path: Path) -> dict[str, Any]:
    """Return the bullets at the top of the file, under short names."""
    with path.open("rb") as file:
        top = file.read(1 << 14).partition(b"## Main Conversation")[0]
    found = {
        key.decode("utf-8", "replace"): value.decode("utf-8", "replace")
        for key, value in _BULLET.findall(top)
    }
    return {_METADATA.get(key, key.lower().replace(" ", "_")): value for key, value in found.items()}


def parts_to_events(path: Path, notes: Notes) -> Iterator[Event]:
    """Yield the parts of the file's messages as events; the calls among them have no id yet."""
    agent, begun, speaker, number, parent = None, 0, "main-", 0, None
    new = tuple.__new__
    reached: dict[str, tuple[int, str | None]] = {}  # should a section be opened twice
    with path.open("rb") as file:
        scanner, line = Scanner(file), 1
        for part in scanner:
            kind, name, body, at, line, stamp, user, whole = part
            if kind == "section":
                if agent is not None:
                    notes.spans.setdefault(agent, []).append((begun, at))
                    reached[agent] = number, parent
                agent, begun = name.decode("utf-8", "replace"), at
                notes.agent(agent)
                speaker, (number, parent) = f"{agent}-", reached.get(agent, (0, None))
                continue
            if kind == "stump":
                notes.bad_line(path.name, line, "message cut off")
                continue
            number += 1
            event_id = f"{speaker}{number}"
            try:
                text, word = body.decode(), name.decode()
            except UnicodeDecodeError:
                text, word = body.decode("utf-8", "replace"), name.decode("utf-8", "replace")
                notes.bad_line(path.name, line, "invalid UTF-8", "more lines with invalid UTF-8")
            if not whole:
                notes.bad_line(path.name, line, f"{kind} cut off")
            time = utc(stamp.decode())
            # as a tuple: reading a long file would spend a third of its time in Event's own __new__
            if kind == "call":
                arguments = _arguments(body)
                if arguments is None and whole:
                    notes.bad_line(path.name, line, "arguments that are not JSON")
                yield new(Event, (
                    event_id, parent, agent, time, "tool_call", "assistant", word, None,
                    text, arguments, False, None, None, None, line, at, None, False, (),
                ))  # fmt: skip
            elif kind == "result":
                yield new(Event, (
                    event_id, parent, agent, time, "tool_result", "tool", None, word,
                    text, None, _reports_failure(text), None, None, None, line, at, None, False, (),
                ))  # fmt: skip
            else:
                yield new(Event, (
                    event_id, parent, agent, time, "message" if kind == "text" else "reasoning",
                    "user" if user else "assistant", None, None,
                    text, None, False, None, None, None, line, at,
                    None, user and agent is None and is_typed(text), (),
                ))  # fmt: skip
            parent = event_id
        if agent is not None:
            notes.spans.setdefault(agent, []).append((begun, file.seek(0, 2)))
        if scanner.stopped:
            held = f"more than {LARGEST >> 20} MB without a message's heading"
            notes.bad_line(path.name, line, f"{held}, not read on")


def _reports_failure(text: str) -> bool:
    return text.startswith(_FAILURES) or (
        text.startswith("Exit code ") and _EXIT_CODE.match(text) is not None
    )


def _arguments(body: bytes) -> dict[str, Any] | None:
    """Parse a call's arguments; None where they are no JSON."""
    try:
        value = orjson.loads(body)
        if is_rounded(value):
            value = loads_exactly(body)
    except orjson.JSONDecodeError:
        try:
            value = loads_exactly(body)
        except ValueError:
            return None
    return value if type(value) is dict else {"input": value}


class ToolCall(NamedTuple):
    """A call as it stands in a code_trace.md."""

    name: str
    arguments: dict[str, Any] | None  # None where they are no JSON: a call cut off
    call_id: str | None  # of the result that answers it; the file gives calls none
    agent: str | None  # None in the main conversation
    time: datetime | None
    line: int


class ToolResult(NamedTuple):
    """A result as it stands in a code_trace.md."""

    call_id: str | None
    name: str | None  # the tool that was called
    text: str
    is_error: bool
    is_truncated: bool  # the writer left out its middle
    agent: str | None
    time: datetime | None
    line: int


class ToolError(NamedTuple):
    """A result that reports a failure."""

    name: str | None
    message: str  # the result's text
    agent: str | None
    time: datetime | None
    line: int


_TRUNCATED = re.compile(r"\[\.\.\. [\d,]+ chars truncated \.\.\.\]")


def parse_trace_metadata(path: str | PathLike[str]) -> dict[str, Any]:
    """Return what a code_trace.md says of itself: session_id, command, timestamp, worktree, branch.

    Parameters
    ----------
    path : path
        The file, as for all ``parse_`` functions here.
    """
    return read_metadata(Path(path))


def parse_tool_calls(path: str | PathLike[str]) -> list[ToolCall]:
    """Return every call of a tool, in the file's order, repeated ones too."""
    return [
        ToolCall(event.name or "", event.arguments, event.call_id, event.agent, event.time, event.line)
        for event in CodeTrace(Path(path)).events(Notes())
        if event.kind == "tool_call"
    ]


def parse_tool_results(path: str | PathLike[str]) -> list[ToolResult]:
    """Return every result, in the file's order."""
    return [
        ToolResult(
            *(event.call_id, event.name, event.text, event.is_error),
            *(_TRUNCATED.search(event.text) is not None, event.agent, event.time, event.line),
        )
        for event in CodeTrace(Path(path)).events(Notes())
        if event.kind == "tool_result"
    ]


def parse_subagent_sections(path: str | PathLike[str]) -> dict[str, str]:
    """Return every subagent's section, every character of it, by the agent's id."""
    source, notes = CodeTrace(Path(path)), Notes()
    for _ in source.events(notes):
        pass
    return {agent: source.agent_text(agent, notes) for agent in notes.spans}


def detect_errors(path: str | PathLike[str]) -> list[ToolError]:
    """Return every result that reports a failure: by how it begins, never by words further down in it."""
    return [
        ToolError(result.name, result.text, result.agent, result.time, result.line)
        for result in parse_tool_results(path)
        if result.is_error
    ]
