"""Chats in OpenAI's form: a document with messages, a list of them, or one conversation or message a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tract_nb.model.event import Event
from tract_nb.trace.formats.chat_events import ChatEvents, Spot
from tract_nb.trace.formats.messages import ROLES, message_parts
from tract_nb.trace.formats.reported import reported_usage
from tract_nb.trace.formats.single import Single, no_such_part, note_end, piece_value
from tract_nb.trace.head import Head, head_of
from tract_nb.trace.json_lines import LongLine, lines_of, loads_record, utc
from tract_nb.trace.json_stream import JSONError, Wanted, pieces
from tract_nb.trace.notes import Notes

_MESSAGE: Wanted = {"*": None}
_TOP: Wanted = {"messages": _MESSAGE}
_SYSTEM: Wanted = dict.fromkeys(("system", "instructions"))
_SAID = {
    "document": "a document with messages",
    "list": "a list of messages",
    "conversations": "a conversation on each line",
    "messages": "a message on each line",
}
_IDS = ("session_id", "conversation_id", "id")
_OTHERS = 1000  # conversations of one file are named up to here


class Shape(NamedTuple):
    """How a file holds its messages."""

    kind: str  # document, list (of messages), conversations (one a line) or messages (one a line)
    first: list[Any]  # the messages at its beginning
    members: dict[str, Any]  # what stands beside them


def shape_of(head: Head) -> Shape | None:
    """Return how a file holds chat messages; None where it holds none."""
    value = head.value
    if type(value) is list and value and is_message(value[0]):
        return Shape("list", value, {})
    if type(value) is not dict:
        return None
    messages = value.get("messages")
    lines = head.records
    if is_message(value):
        return Shape("messages", [value, *lines], {}) if len(lines) > 1 or head.text[:1] == b"{" else None
    if type(messages) is not list or not messages or not is_message(messages[0]):
        return None
    several = len(lines) > 1 and all(type(line.get("messages")) is list for line in lines[:2])
    return Shape("conversations" if several else "document", messages, value)


def is_message(value: Any) -> bool:
    """Tell whether this is a chat message."""
    return (
        type(value) is dict
        and type(value.get("role")) is str
        and value["role"] in ROLES
        and ("content" in value or "tool_calls" in value or "function_call" in value)
    )


def why(head: Head) -> str | None:
    """Tell by what a file is a chat in OpenAI's form."""
    shape = shape_of(head)
    if shape is None:
        return None
    return f"{_SAID[shape.kind]}, the first with the role {shape.first[0]['role']!r}"


def parts(path: Path) -> list[str]:
    """Return the lines of a file that are conversations; none where the file is one."""
    shape = shape_of(Head(path, head_of(path)))
    if shape is None or shape.kind != "conversations":
        return []
    with path.open("rb") as file:
        return [str(number) for number, line in enumerate(lines_of(file), 1) if b'"messages"' in line]


class Chat(Single):
    """A conversation.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    part : str or None
        The line, of a file that holds a conversation a line.
    """

    format = "openai_chat"

    def __init__(self, path: Path, part: str | None = None) -> None:
        known = parts(path)
        if part is not None and part not in known:
            raise no_such_part(path, part, known)
        super().__init__(path, part or (known[0] if known else None))
        shape = shape_of(Head(path, head_of(path)))
        self.kind = shape.kind if shape is not None else "document"
        members = shape.members if shape is not None and self.kind == "document" else {}
        self.metadata = {key: members[key] for key in ("model", *_IDS) if type(members.get(key)) is str}
        named = next((self.metadata[key] for key in _IDS if self.metadata.get(key)), None)
        if named is not None:
            self.session_id = named
        others = [one for one in known if one != self.part]
        if others:
            self.metadata["other_sessions"] = [f"{path}#{one}" for one in others[:_OTHERS]]
            self.others = len(others)

    others = 0

    def events(self, notes: Notes) -> Iterator[Event]:
        """Yield the conversation's events."""
        if self.others:
            notes.skipped["other conversations in this file"] += self.others
        chat = ChatEvents(notes)
        for number, (message, spot) in enumerate(self._messages(notes), 1):
            yield from chat.add(message_parts(message, notes), self._spot(message, spot, number, notes))
        notes.unanswered += chat.unanswered()

    def _spot(self, message: Any, spot: Spot, number: int, notes: Notes) -> Spot:
        """Return what is known of a message besides what it says."""
        said = message if type(message) is dict else {}
        model = said.get("model")
        time = utc(said.get("timestamp") or said.get("created_at") or said.get("time"))
        usage = reported_usage(said.get("usage"), notes)
        return spot._replace(
            id=f"m{number}",
            time=time,
            model=model if type(model) is str else self.metadata.get("model"),
            usage=usage,
            message_id=f"m{number}" if usage is not None else None,
        )

    def _messages(self, notes: Notes) -> Iterator[tuple[Any, Spot]]:
        """Yield the messages, and where each stands."""
        name = self.path.name
        if self.kind == "messages":
            yield from self._lines(notes)
            return
        if self.kind == "conversations":
            yield from self._line(notes)
            return
        wanted = (_SYSTEM, _TOP) if self.kind == "document" else (_MESSAGE,)  # the system text may come last
        for what in wanted:
            try:
                with self.path.open("rb") as file:
                    for piece in pieces(file, what):
                        value = piece_value(piece, name, notes)
                        if value and what is _SYSTEM:
                            value = {"role": "system", "content": value}
                        if value is not None and (value or what is not _SYSTEM):
                            yield value, Spot("", piece.line, piece.offset)
            except JSONError as error:
                if what is wanted[-1]:
                    note_end(error, name, notes)

    def _lines(self, notes: Notes) -> Iterator[tuple[Any, Spot]]:
        """Yield the messages of a file that has one a line."""
        offset = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(lines_of(file), 1):
                value = line_value(line, number, self.path.name, notes)
                if value is not None:
                    yield value, Spot("", number, offset)
                offset += line.length if type(line) is LongLine else len(line)

    def _line(self, notes: Notes) -> Iterator[tuple[Any, Spot]]:
        """Yield the messages of the one line that this conversation is."""
        offset = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(lines_of(file), 1):
                if str(number) == self.part:
                    value = line_value(line, number, self.path.name, notes)
                    record = value if type(value) is dict else {}
                    spot = Spot("", number, offset)
                    system = record.get("system") or record.get("instructions")
                    if system:
                        yield {"role": "system", "content": system}, spot
                    messages = record.get("messages")
                    for message in messages if type(messages) is list else ():
                        yield message, spot
                    return
                offset += line.length if type(line) is LongLine else len(line)


def line_value(line: bytes, number: int, name: str, notes: Notes) -> Any:
    """Return what stands on a line; None for a blank one, and for one that cannot be read, which is noted."""
    if type(line) is LongLine:
        notes.bad_line(name, number, f"line of {line.length >> 20:,} MB, too long to read")
        return None
    if not line.strip():
        return None
    try:
        value, trouble = loads_record(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
    except ValueError:
        cut = not line.endswith(b"\n")
        notes.bad_line(name, number, "record cut off" if cut else "text that is not JSON")
        return None
    if trouble:
        notes.bad_line(name, number, trouble, "more lines with invalid UTF-8")
    return value
