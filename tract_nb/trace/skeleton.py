"""A long trace as the part of it that tells its story, in as much room as a model has.

What people said, what subagents reported and what the main agent said itself stand in it whole; calls
are one line each, results are left to the structure. Where that is more than the room, whole pieces are
left out, the least telling first, and counted: nothing is ever cut in the middle. Where not even what
was said fits, it is told in steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from tract_nb.model.event import Event
from tract_nb.trace.gather import one_line, target_of
from tract_nb.trace.recording import Agent, Trace

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
_BETWEEN = 2  # the most that the blank line between two pieces is counted as
_FAILURE = 500  # of a failure's message: how it begins, the rest is the structure's


#: what must be told whole: where there is no room for it at once, it is told in steps
CORE = frozenset(KINDS[:3])


class _Piece(NamedTuple):
    kind: str
    head: str
    body: str
    size: int

    @property
    def text(self) -> str:
        """The head, and the body beside it or, where it is long, below."""
        below = "\n" in self.body or len(self.body) > _TASK
        return f"{self.head}:\n{self.body}" if below else f"{self.head}: {self.body}"


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The telling part of a trace, or one step of it.

    Parameters
    ----------
    text : str
        In the trace's order, each piece under a line that says whose it is and where it stands; what was
        left out is counted at the end.
    size : int
        Of the text, as it was counted.
    left_out : mapping
        How many pieces of each kind there was no room for.
    not_shown : mapping
        How much of each kind a skeleton never shows, however much room there is.
    """

    text: str
    size: int
    left_out: MappingProxyType[str, int]
    not_shown: MappingProxyType[str, int]


def skeleton(
    tr: Trace, *, room: int, count: Callable[[str], int], clean: Callable[[str], str] = str
) -> Skeleton:
    """Return the telling part of a trace, no larger than the room.

    Parameters
    ----------
    tr : Trace
        The trace.
    room : int
        The most that ``count`` may say of the text, such as a model's window less its prompt and answer.
    count : callable
        Returns the size of a text, as a rule in tokens.
    clean : callable, optional
        What every text goes through first, such as one that replaces secrets.
    """
    pieces, not_shown = _pieces(tr, count, clean)
    return _fitted(pieces, not_shown, room, count)


def skeletons(
    tr: Trace, *, room: int, step: int, count: Callable[[str], int], clean: Callable[[str], str] = str
) -> list[Skeleton]:
    """Return the telling part of a trace at once, or in steps where the room is too small for its core.

    The core is what people said, what subagents reported and what the main agent said: it is shown whole.
    The steps show nothing else; a piece that is larger than a step is shown in parts that say so.

    Parameters
    ----------
    tr, room, count, clean
        As in :func:`skeleton`.
    step : int
        The room of each step where there are several.
    """
    pieces, not_shown = _pieces(tr, count, clean)
    at_once = _fitted(pieces, not_shown, room, count)
    if CORE.isdisjoint(at_once.left_out):
        return [at_once]
    left = Counter(piece.kind for piece in pieces if piece.kind not in CORE)
    step -= count(_left_out(left)) + _BETWEEN
    runs: list[list[_Piece]] = [[]]
    taken = 0
    core = (piece for piece in pieces if piece.kind in CORE)
    for piece in chain.from_iterable(_parts(whole, step, count) for whole in core):
        if runs[-1] and taken + piece.size > step:
            runs.append([])
            taken = 0
        runs[-1].append(piece)
        taken += piece.size
    texts = [_text(run, left) for run in runs]
    return [Skeleton(text, count(text), MappingProxyType(dict(left)), not_shown) for text in texts]


def _parts(piece: _Piece, room: int, count: Callable[[str], int]) -> list[_Piece]:
    """Return a piece in parts that fit; nearly every piece is one."""
    if piece.size <= room:
        return [piece]
    bodies = _halved(piece.body, max(room - count(f"{piece.head} (part 99 of 99):") - _BETWEEN - 1, 1), count)
    heads = [f"{piece.head} (part {number} of {len(bodies)})" for number in range(1, len(bodies) + 1)]
    return [
        _Piece(piece.kind, head, body, count(f"{head}:\n{body}") + _BETWEEN)
        for head, body in zip(heads, bodies, strict=True)
    ]


def _halved(text: str, room: int, count: Callable[[str], int]) -> list[str]:
    """Cut a text where a line or a word ends, until each part fits."""
    if len(text) < 2 or count(text) <= room:
        return [text]
    least, middle = len(text) // 4, len(text) // 2
    place = text.rfind("\n", least, middle) + 1 or text.rfind(" ", least, middle) + 1 or middle
    return [*_halved(text[:place], room, count), *_halved(text[place:], room, count)]


def _fitted(
    pieces: list[_Piece], not_shown: MappingProxyType[str, int], room: int, count: Callable[[str], int]
) -> Skeleton:
    """Return as many of the pieces as there is room for."""
    left: Counter[str] = Counter()
    while True:
        text = _text(pieces, left)
        size = count(text)
        if size <= room or not pieces:
            return Skeleton(text, size, MappingProxyType(dict(left)), not_shown)
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
    return "\n\n".join([*parts, _left_out(left)] if left else parts)


def _left_out(left: Counter[str]) -> str:
    counted = ", ".join(f"{left[kind]:,} {kind}" for kind in KINDS if left[kind])
    return f"[left out for want of room: {counted}]"


def _pieces(
    tr: Trace, count: Callable[[str], int], clean: Callable[[str], str]
) -> tuple[list[_Piece], MappingProxyType[str, int]]:
    """Return what there is to tell, in the trace's order, and how much is never told.

    A subagent's report stands where it was started.
    """
    reports = {agent.call: agent for agent in tr.agents.values() if agent.call is not None}
    told: set[str] = set()
    pieces: list[_Piece] = []
    not_shown: Counter[str] = Counter()

    def add(kind: str, head: str, text: str) -> None:
        piece = _Piece(kind, head, clean(text), 0)
        pieces.append(piece._replace(size=count(piece.text) + _BETWEEN))

    def report(agent: Agent) -> None:
        told.add(agent.id)
        add(KINDS[1], f"[subagent {agent.id}, {agent.type or 'no type'}] reports", agent.answer or "")

    for event in tr.events:
        kind, said = _told(event) if event.agent is None else ("", "")
        if kind:
            add(kind, f"[line {event.line}] {_speaker(event)}", said)
        else:
            not_shown[_unseen(event)] += 1
        agent = reports.get(event.id)
        if agent is not None and agent.answer:
            report(agent)
    for agent in tr.agents.values():
        if agent.id not in told and agent.answer:
            report(agent)
    return pieces, MappingProxyType(dict(sorted(not_shown.items())))


def _unseen(event: Event) -> str:
    """Return what an event is called that no piece is made of."""
    if event.agent is not None:
        return "steps of subagents"
    return {"tool_result": "results of tools", "reasoning": "thoughts"}.get(event.kind, "other records")


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
