"""The parts of chat messages as events, each following the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from tract_nb.model.event import Event, Usage
from tract_nb.trace.formats.claude_blocks import is_typed
from tract_nb.trace.formats.messages import Part
from tract_nb.trace.notes import Notes, Pairing


class Spot(NamedTuple):
    """Where a message stands, and what is known of it besides."""

    id: str
    line: int = 0
    offset: int = 0
    time: datetime | None = None
    message_id: str | None = None
    usage: Usage | None = None
    model: str | None = None
    cost: float | None = None


class ChatEvents:
    """Turns messages into events, each following the one before.

    Parameters
    ----------
    notes : Notes
        Where calls without an answer are noted.
    agent : str, optional
        Whose conversation this is.
    typed : callable, optional
        Tells whether a person typed a user's text.
    """

    def __init__(
        self, notes: Notes, agent: str | None = None, typed: Callable[[str], bool] = is_typed
    ) -> None:
        self.notes = notes
        self.agent = agent
        self.last: str | None = None
        self._typed = typed
        self._pairing = Pairing()
        self._seen: set[str] = set()

    def add(self, parts: Iterable[Part], spot: Spot) -> list[Event]:
        """Return what a message's parts are as events."""
        events: list[Event] = []
        parts = list(parts)
        answers = any(part.kind == "tool_result" for part in parts)
        for part in parts:
            if part.kind in ("message", "reasoning", "other") and not part.text.strip() and not part.images:
                self.notes.skipped["empty text"] += 1
                continue
            event_id = self._free(f"{spot.id}#{len(events)}" if events else spot.id)
            name = part.name
            if part.kind == "tool_result" and not name:
                name = self._pairing.names.get(part.call_id or "")
            own = part.role == "assistant"
            typed = part.kind == "message" and part.role == "user" and not answers and self._typed(part.text)
            event = Event(
                event_id, self.last, self.agent, spot.time, part.kind, part.role,
                name=name, call_id=part.call_id, text=part.text, arguments=part.arguments,
                is_error=part.is_error, usage=spot.usage if own else None, model=spot.model if own else None,
                cost=spot.cost if own else None, line=spot.line, offset=spot.offset,
                message_id=spot.message_id if own else None, is_prompt=typed, images=part.images,
            )  # fmt: skip
            if event.kind == "tool_call":
                self._pairing.call(event)
            elif event.kind == "tool_result":
                self._pairing.result(event)
            self.last = event_id
            events.append(event)
        return events

    def _free(self, event_id: str) -> str:
        """Return an id that no event has yet: what a file calls unique may stand there twice."""
        free, count = event_id, 1
        while free in self._seen:
            count += 1
            free = f"{event_id}~{count}"
        self._seen.add(free)
        return free

    def unanswered(self) -> list[str]:
        """Return the ids of the calls that nothing answered."""
        return self._pairing.unanswered()
