"""Inspect's logs, as an archive (.eval) or as one JSON document: a conversation for each sample."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, cast
from zipfile import BadZipFile, ZipFile

from tract_nb.errors import TraceError
from tract_nb.model.event import Event, Usage
from tract_nb.trace.formats.chat_events import ChatEvents, Spot
from tract_nb.trace.formats.messages import message_parts
from tract_nb.trace.formats.reported import reported_usage
from tract_nb.trace.formats.single import Single, no_such_part, note_end, piece_value
from tract_nb.trace.head import Head, head_of
from tract_nb.trace.json_lines import utc
from tract_nb.trace.json_stream import JSONError, Piece, Wanted, pieces
from tract_nb.trace.notes import Notes

_HEADERS = ("header.json", "_journal/start.json")
_SAMPLE = re.compile(r"samples/(.+)\.json")
_EVAL: Wanted = {"eval": dict.fromkeys(("eval_id", "run_id", "task", "model", "created")), "status": None}
_CALL: Wanted = {
    **dict.fromkeys(("event", "timestamp", "completed", "model", "message_id")),
    "output": {"usage": None, "model": None, "choices": {"*": {"message": {"id": None}}}},
}
_REFERENCE = re.compile(rb"attachment://([0-9a-f]{32})")
_ATTACHMENT = "attachment://"
_OTHERS = 1000  # samples are named up to here
#: what a damaged or an unknown archive raises
_DAMAGED = (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


def why(head: Head) -> str | None:
    """Tell by what a file is a log of Inspect's."""
    if head.is_zip:
        try:
            with ZipFile(head.path) as archive:
                names = archive.namelist()
        except _DAMAGED:
            return (
                "an archive with samples, cut off"
                if b"samples/" in head.data or b"_journal/" in head.data
                else None
            )
        found = next((name for name in _HEADERS if name in names), None)
        return (
            f"an archive with {found} and {sum(map(bool, map(_SAMPLE.fullmatch, names)))} samples"
            if found
            else None
        )
    run = head.members.get("eval")
    if type(run) is dict and ("eval_id" in run or "run_id" in run) and "version" in head.members:
        return f"a log of the task {str(run.get('task'))[:40]!r}"
    return None


def parts(path: Path) -> list[str]:
    """Return the names of the samples: the id and the epoch of each."""
    if Head(path, head_of(path, 4)).is_zip:
        with opened(path) as archive:
            found = [_SAMPLE.fullmatch(name) for name in archive.namelist()]
        return [one[1] for one in found if one is not None]
    names: dict[str | int, dict[str, Any]] = {}
    try:
        with path.open("rb") as file:
            for piece in pieces(file, {"samples": {"*": dict.fromkeys(("id", "epoch"))}}):
                names.setdefault(piece.path[1], {})[str(piece.path[2])] = piece_value(
                    piece, path.name, Notes()
                )
    except JSONError:
        pass  # noted where the sample is read
    return [f"{said.get('id')}_epoch_{said.get('epoch', 1)}" for said in names.values()]


@contextmanager
def opened(path: Path) -> Iterator[ZipFile]:
    """Open an archive; a damaged one is a :class:`TraceError`."""
    try:
        with ZipFile(path) as archive:
            yield archive
    except _DAMAGED as trouble:
        raise TraceError(
            f"The archive cannot be read ({trouble}).", "Is it complete?", path=path
        ) from trouble


@dataclass(slots=True)
class Call:
    """What the log knows of a message besides the message."""

    time: datetime | None = None
    usage: Usage | None = None
    model: str | None = None


class InspectLog(Single):
    """A sample of a log.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    part : str or None
        The sample, as :func:`parts` names it; the first by default.
    """

    format = "inspect"

    def __init__(self, path: Path, part: str | None = None) -> None:
        known = parts(path)
        if part is not None and part not in known:
            raise no_such_part(path, part, known)
        super().__init__(path, part or (known[0] if known else None))
        self._zip = Head(path, head_of(path, 4)).is_zip
        self._place = known.index(self.part) if self.part is not None else 0
        self.metadata = self._read_metadata()
        run = self.metadata.get("eval_id") or self.metadata.get("run_id")
        if run:
            self.session_id = sha256(f"{run}#{self.part}".encode("utf-8", "replace")).hexdigest()[:16]
        self._others = len(known) - 1
        if self._others > 0:
            others = [one for one in known if one != self.part]
            self.metadata["other_sessions"] = [f"{path}#{one}" for one in others[:_OTHERS]]

    def _read_metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = {"sample": self.part}
        try:
            with self._document(header=True) as file:
                for piece in pieces(file, _EVAL):
                    found[str(piece.path[-1])] = piece_value(piece, self.path.name, Notes())
        except (JSONError, TraceError):
            pass  # what the log says of itself may be missing; the samples tell whether it can be read
        return {key: value for key, value in found.items() if type(value) is str}

    @contextmanager
    def _document(self, *, header: bool = False) -> Iterator[BinaryIO]:
        """Open the document that holds the sample, or what the log says of itself."""
        if not self._zip:
            with self.path.open("rb") as plain:
                yield plain
            return
        with opened(self.path) as archive:
            names = set(archive.namelist())
            wanted = [name for name in _HEADERS if name in names] if header else [f"samples/{self.part}.json"]
            if not wanted or wanted[0] not in names:
                raise TraceError("The archive holds no sample.", "Is it complete?", path=self.path)
            with archive.open(wanted[0]) as entry:
                yield cast("BinaryIO", entry)

    def _sample(self, wanted: Wanted) -> Iterator[Piece]:
        """Yield what is wanted of the sample."""
        with self._document() as file:
            if self._zip:
                yield from pieces(file, wanted)
                return
            for piece in pieces(file, {"samples": {"*": wanted}}):
                if piece.path[1] == self._place:
                    yield piece._replace(path=piece.path[2:])

    def events(self, notes: Notes) -> Iterator[Event]:
        """Yield the sample's events."""
        if self._others > 0:
            notes.skipped["other samples in this log"] += self._others
        chat = ChatEvents(notes)
        try:
            key, references = self._look()
            calls, attached = self._facts(references)
            for number, piece in enumerate(self._sample({key: {"*": None}}), 1):
                message = _resolved(piece_value(piece, self.path.name, notes), attached, notes)
                if type(message) is dict:
                    spot = Spot(f"m{number}", piece.line, piece.offset)
                    events = chat.add(message_parts(message, notes), _known(spot, message, calls))
                    yield from events
        except JSONError as error:
            note_end(error, self.path.name, notes)
        except TraceError as error:
            notes.bad_line(self.path.name, 1, error.message)
        notes.unanswered += chat.unanswered()

    def _look(self) -> tuple[str, set[str]]:
        """Return where the messages stand, and which attachments they name."""
        key, references = "messages", set[str]()
        pooled = False
        try:
            for piece in self._sample({name: {"*": None} for name in ("messages", "message_pool")}):
                pooled = pooled or piece.path[0] == "messages"
                references.update(found.decode() for found in _REFERENCE.findall(piece.data or b""))
        except JSONError:
            pass  # noted where the messages are read
        if not pooled:
            key = "message_pool"
        return key, references

    def _facts(self, references: set[str]) -> tuple[dict[str, Call], dict[str, str]]:
        """Return what is known of messages by their ids, and the attachments that they name."""
        calls: dict[str, Call] = {}
        attached: dict[str, str] = {}
        event: dict[str, Any] = {}
        number: str | int = -1
        try:
            for piece in self._sample({"attachments": dict.fromkeys(references), "events": {"*": _CALL}}):
                value = piece_value(piece, self.path.name, Notes())
                if piece.path[0] == "attachments":
                    attached[str(piece.path[1])] = str(value)
                    continue
                if piece.path[1] != number:
                    _settle(event, calls)
                    event, number = {}, piece.path[1]
                event[".".join(str(step) for step in piece.path[2:])] = value
        except JSONError:
            pass  # likewise
        _settle(event, calls)
        return calls, attached


def _settle(event: dict[str, Any], calls: dict[str, Call]) -> None:
    """Take from an event of the log what it says of a message."""
    time = utc(event.get("completed") or event.get("timestamp"))
    if event.get("event") == "model":
        message = event.get("output.choices.0.message.id")
        if type(message) is str:
            model = event.get("output.model") or event.get("model")
            usage = reported_usage(event.get("output.usage"), Notes())
            calls[message] = Call(time, usage, model if type(model) is str else None)
    elif event.get("event") == "tool" and type(event.get("message_id")) is str:
        calls[event["message_id"]] = Call(time)


def _known(spot: Spot, message: dict[str, Any], calls: dict[str, Call]) -> Spot:
    """Return a message's place with what is known of it."""
    name = message.get("id")
    call = calls.get(name) if type(name) is str else None
    if call is None:
        return spot
    message_id = name if call.usage is not None else None
    return spot._replace(time=call.time, usage=call.usage, model=call.model, message_id=message_id)


def _resolved(value: Any, attached: dict[str, str], notes: Notes) -> Any:
    """Put attachments in the place of their names."""
    if type(value) is str and value.startswith(_ATTACHMENT):
        name = value.removeprefix(_ATTACHMENT)
        if name not in attached:
            notes.skipped["attachment that is not there"] += 1
        return attached.get(name, value)
    if type(value) is dict:
        return {key: _resolved(inner, attached, notes) for key, inner in value.items()}
    if type(value) is list:
        return [_resolved(inner, attached, notes) for inner in value]
    return value
