"""What formats share whose files hold conversations without subagents."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from tract_nb.errors import TraceError
from tract_nb.model.event import Event
from tract_nb.trace.json_lines import loads_record
from tract_nb.trace.json_stream import JSONError, Piece
from tract_nb.trace.notes import Notes

_SPEAKERS = {"user": "User", "assistant": "Assistant", "system": "System", "tool": "Tool result"}


def spoken(event: Event) -> str:
    """Return an event as text, under a line that says whose it is."""
    if event.kind == "tool_call":
        return f"Call of {event.name}:\n{event.text}"
    who = "Thought" if event.kind == "reasoning" else _SPEAKERS.get(event.role, event.role)
    return f"{who}:\n{event.text}"


class Single:
    """A source without subagents.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    part : str or None
        Which of several conversations in it.
    """

    format = ""

    def __init__(self, path: Path, part: str | None = None) -> None:
        self.path = path
        self.part = part
        self.metadata: dict[str, Any] = {}
        self.session_id = path_id(path, part)

    def agent_events(self, agent: str) -> Iterator[Event]:  # noqa: ARG002  every format has the same
        """Yield nothing: there are no subagents."""
        return iter(())

    def agent_text(self, agent: str, notes: Notes) -> str:  # noqa: ARG002  likewise
        """Return nothing, likewise."""
        return ""


def path_id(path: Path, part: str | None = None) -> str:
    """Return an id for a conversation that has none of its own: the same for the same place."""
    return sha256(f"{path.resolve()}#{part or ''}".encode("utf-8", "surrogateescape")).hexdigest()[:16]


def piece_value(piece: Piece, name: str, notes: Notes) -> Any:
    """Return what stands in a piece of a document; None where that cannot be read, which is noted."""
    if piece.data is None:
        notes.bad_line(name, piece.line, "value too large to read")
        return None
    try:
        value, trouble = loads_record(piece.data)
    except ValueError:
        notes.bad_line(name, piece.line, "text that is not JSON")
        return None
    if trouble:
        notes.bad_line(name, piece.line, trouble, "more lines with invalid UTF-8")
    return value


def note_end(error: JSONError, name: str, notes: Notes) -> None:
    """Note where a document ends too early or goes on as no JSON does."""
    notes.bad_line(name, error.line, str(error))


def no_such_part(path: Path, part: str, known: list[str]) -> TraceError:
    """Return the error for a conversation that a file does not hold."""
    some = ", ".join(known[:5]) + (" …" if len(known) > 5 else "")
    return TraceError(f"There is no conversation {part!r} in it.", f"It holds {some or 'none'}.", path=path)
