"""A long trace as the part of it that tells its story, in as much room as a model has.

What people said, what subagents reported and what the main agent said itself stand in it whole; calls
are one line each, results are left to the structure. Where that is more than the room, whole pieces are
left out, the least telling first, and counted: nothing is ever cut in the middle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from tract_nb.model.event import Event
from tract_nb.trace.gather import one_line, target_of
from tract_nb.trace.recording import Trace

#: what pieces there are, the most telling first; they are left out from the other end
KINDS = (
    "prompts",
    "reports of subagents",
    "messages of the main agent",
    "compactions",
    "failures",
    "messages of others",
    "calls",
)
_TASK = 160  # characters of what a call is about
_FAILURE = 500  # of a failure's message: how it begins, the rest is the structure's


class _Piece(NamedTuple):
    kind: str
    text: str
    size: int


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The telling part of a trace.

    Parameters
    ----------
    text : str
        In the trace's order, each piece under a line that says whose it is and where it stands; what was
        left out is counted at the end.
    size : int
        Of the text, as it was counted.
    left_out : mapping
        How many pieces of each kind there was no room for.
    """

    text: str
    size: int
    left_out: MappingProxyType[str, int]


def skeleton(tr: Trace, *, room: int, count: Callable[[str], int]) -> Skeleton:
    """Return the telling part of a trace, no larger than the room.

    Parameters
    ----------
    tr : Trace
        The trace.
    room : int
        The most that ``count`` may say of the text, such as a model's window less its prompt and answer.
    count : callable
        Returns the size of a text, as a rule in tokens.
    """
    pieces = list(_pieces(tr, count))
    left: Counter[str] = Counter()
    while True:
        text = _text(pieces, left)
        size = count(text)
        if size <= room or not pieces:
            return Skeleton(text, size, MappingProxyType(dict(left)))
        pieces = _without(pieces, size - room, left)


def _without(pieces: list[_Piece], excess: int, left: Counter[str]) -> list[_Piece]:
    """Return the pieces without as many of the least telling as are too much, the longest first."""
    kind = max((piece.kind for piece in pieces), key=KINDS.index)
    dropped: set[int] = set()
    own = [number for number, piece in enumerate(pieces) if piece.kind == kind]
    for number in sorted(own, key=lambda number: -pieces[number].size):
        dropped.add(number)
        excess -= pieces[number].size
        if excess <= 0:
            break
    left[kind] += len(dropped)
    return [piece for number, piece in enumerate(pieces) if number not in dropped]


def _text(pieces: list[_Piece], left: Counter[str]) -> str:
    parts = [piece.text for piece in pieces]
    if left:
        counted = ", ".join(f"{left[kind]:,} {kind}" for kind in KINDS if left[kind])
        parts.append(f"[left out for want of room: {counted}]")
    return "\n\n".join(parts)


def _pieces(tr: Trace, count: Callable[[str], int]) -> Iterator[_Piece]:
    """Yield what there is to tell, in the trace's order; a subagent's report stands where it was started."""
    reports = {agent.call: agent for agent in tr.agents.values() if agent.call is not None}
    told: set[str] = set()

    def piece(kind: str, head: str, text: str) -> _Piece:
        whole = f"{head}\n{text}" if "\n" in text or len(text) > _TASK else f"{head} {text}"
        return _Piece(kind, whole, count(whole) + 1)

    for event in tr.events:
        if event.agent is None:
            kind, said = _told(event)
            if kind:
                yield piece(kind, f"[line {event.line}] {_speaker(event)}:", said)
        agent = reports.get(event.id)
        if agent is not None and agent.answer:
            told.add(agent.id)
            yield piece(KINDS[1], f"[subagent {agent.id}, {agent.type or 'no type'}] reports:", agent.answer)
    for agent in tr.agents.values():
        if agent.id not in told and agent.answer:
            yield piece(KINDS[1], f"[subagent {agent.id}, {agent.type or 'no type'}] reports:", agent.answer)


def _told(event: Event) -> tuple[str, str]:
    """Return which kind of piece an event is, and what stands in it; no kind where it is left to others."""
    if event.kind == "compaction":
        return "compactions", event.text
    if event.kind == "tool_call":
        return "calls", f"→ {event.name} {one_line(target_of(event.arguments or {}), _TASK)}"
    if event.kind == "tool_result" and event.is_error:
        return "failures", f"✕ {event.name}: {one_line(event.text, _FAILURE)}"
    if event.kind != "message" or not event.text.strip():
        return "", ""
    if event.is_prompt:
        return "prompts", event.text
    return ("messages of the main agent" if event.role == "assistant" else "messages of others"), event.text


def _speaker(event: Event) -> str:
    return {"assistant": "main agent", "tool": "result"}.get(event.role, event.role)
