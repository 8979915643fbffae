"""The strip: the compiled context in order, what it weighs, and what left it where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from tract_nb.engine.chunks import Chunk
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import context_size, message_size
from tract_nb.model.commit import HASH_TAKEN, Kind, Priority
from tract_nb.operations.masking import masked
from tract_nb.operations.workspace import Workspace
from tract_nb.view.outlook import Outlook, last_call


class Segment(NamedTuple):
    """A unit that is sent.

    Parameters
    ----------
    commit : str
        The first 12 digits of its hash.
    role : str
        system, user, assistant, tool, or summary.
    who : str
        The role, or an arrow and a tool.
    tokens : int
        The message's overhead included, as ``budget`` has it.
    priority : Priority
        The effective one.
    edited : bool
        Whether its text is that of a later EDIT.
    masked : bool
        Whether that EDIT is a mask: a line that says what stood there.
    """

    commit: str
    role: str
    who: str
    tokens: int
    priority: Priority
    edited: bool
    masked: bool = False


class Ghost(NamedTuple):
    """What left the context: a skipped unit, or a run of units that one summary covers.

    Parameters
    ----------
    before : int
        The place of the segment that it stood before; as many as there are where it stood last.
    why : str
        skipped or covered.
    units, tokens : int
        How many units, and what they would add.
    commit : str
        Of a skipped unit its hash, of a covered run the summary's (the one that is shown), 12 digits.
    who : str
        Who said a skipped unit; of a covered run ``summary``.
    """

    before: int
    why: str
    units: int
    tokens: int
    commit: str
    who: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The compiled context at HEAD.

    Parameters
    ----------
    database, branch, head : str or None
        Where it is of; no branch where HEAD is detached, no head where nothing is committed, else its
        full hash.
    tokens, source : int, str
        The ``token_count`` and ``token_source`` of a compile.
    max_tokens : int or None
        Of the budget.
    unrecorded : int
        Tokens before all segments that no unit explains, known from usage only.
    outlook : Outlook
        How much is cached, and what the next call and those after it cost.
    called_us : int or None
        When the last call recorded was answered, in microseconds; None where none is.
    model, prices : str or None, str
        Whose prices; why there are none.
    segments : tuple of Segment
        In order; their tokens, ``unrecorded`` and what opens the reply make ``tokens``.
    ghosts : tuple of Ghost
        What left, in order.
    thoughts, thought_tokens : int
        Reasoning that is recorded and not sent.
    """

    database: str
    branch: str | None
    head: str | None
    tokens: int
    source: str
    max_tokens: int | None
    unrecorded: int
    outlook: Outlook
    called_us: int | None
    model: str | None
    prices: str
    segments: tuple[Segment, ...]
    ghosts: tuple[Ghost, ...]
    thoughts: int
    thought_tokens: int

    def by_role(self) -> dict[str, tuple[int, int]]:
        """Return of each role how many units there are and their tokens, the heaviest first."""
        found: dict[str, tuple[int, int]] = {}
        for segment in self.segments:
            units, tokens = found.get(segment.role, (0, 0))
            found[segment.role] = units + 1, tokens + segment.tokens
        return dict(sorted(found.items(), key=lambda item: -item[1][1]))

    def left(self, why: str) -> tuple[int, int]:
        """Return how many units are skipped or covered, and their tokens."""
        ghosts = [ghost for ghost in self.ghosts if ghost.why == why]
        return sum(ghost.units for ghost in ghosts), sum(ghost.tokens for ghost in ghosts)

    def to_wire(self) -> dict[str, Any]:
        """Return it as JSON for a page, the segments as columns: some 20 bytes a unit."""
        names = {name: place for place, name in enumerate(dict.fromkeys(s.who for s in self.segments))}
        return {
            "database": self.database,
            "branch": self.branch,
            "head": self.head,
            "tokens": self.tokens,
            "source": self.source,
            "max_tokens": self.max_tokens,
            "unrecorded": self.unrecorded,
            "cached": self.outlook.cached,
            "next": self.outlook.next,
            "later": self.outlook.later,
            "called": None if self.called_us is None else self.called_us // 1000,
            "model": self.model,
            "prices": self.prices,
            "commits": [s.commit for s in self.segments] if len(self.segments) <= SMALL else None,
            "roles": "".join(LETTERS[segment.role] for segment in self.segments),
            "sizes": [segment.tokens for segment in self.segments],
            "names": list(names),
            "who": [names[segment.who] for segment in self.segments],
            "marks": "".join(str(int(segment.priority)) for segment in self.segments),
            "edited": [place for place, segment in enumerate(self.segments) if segment.edited],
            "masked": [place for place, segment in enumerate(self.segments) if segment.masked],
            "ghosts": [list(ghost) for ghost in self.ghosts],
            "thoughts": [self.thoughts, self.thought_tokens],
        }


#: with so many segments or fewer their names go along; a page asks for those of a longer strip
SMALL = 1000
LETTERS = {"system": "s", "user": "u", "assistant": "a", "tool": "t", "summary": "x"}


def strip(ws: Workspace) -> Strip:
    """Return the compiled context at HEAD as a strip."""
    call = last_call(ws)
    history = ws.snapshot(call.tip)
    outlook = call.outlook(history)
    parts = [_part(ws, history, chunk) for chunk in history.chunks]
    segments, ghosts = _walk(history, parts)
    return Strip(
        database=ws.db.name,
        branch=ws.branch,
        head=history.last.hash.hex() if call.tip else None,
        tokens=outlook.tokens,
        source=call.source,
        max_tokens=ws.budget.max_tokens if ws.budget else None,
        unrecorded=max(outlook.tokens - context_size(history.size), 0),
        outlook=outlook,
        called_us=call.at_us if call.sent else None,
        model=call.model,
        prices=call.missing,
        segments=tuple(segments),
        ghosts=tuple(ghosts),
        thoughts=sum(part.thoughts for part in parts),
        thought_tokens=sum(part.thought_tokens for part in parts),
    )


class _Part(NamedTuple):
    """What a chunk of units gives the strip."""

    segments: tuple[Segment, ...]
    gone: tuple[tuple[int, Unit], ...]  # before which of these segments, and what
    thoughts: int
    thought_tokens: int


def _part(ws: Workspace, history: Snapshot, chunk: Chunk) -> _Part:
    """Return what a chunk gives, worked out once."""
    found: _Part | None = chunk.notes.get("strip")
    if found is None:
        segments: list[Segment] = []
        gone: list[tuple[int, Unit]] = []
        thoughts = [unit for unit in chunk.units if unit.is_reasoning and unit.shown]
        masks = {identity for identity, one in masked(ws, history, chunk.units).items() if one.now}
        for unit in chunk.units:
            if unit.size:
                segments.append(segment(unit)._replace(masked=unit.identity in masks))
            elif not (unit.retired or unit.is_reasoning or not unit.text.tokens):
                gone.append((len(segments), unit))
        size = sum(message_size(unit.text.tokens) for unit in thoughts)
        found = chunk.notes["strip"] = _Part(tuple(segments), tuple(gone), len(thoughts), size)
    return found


def _walk(history: Snapshot, parts: list[_Part]) -> tuple[list[Segment], list[Ghost]]:
    """Return what is sent, and what left where."""
    segments: list[Segment] = []
    ghosts: list[Ghost] = []
    any_covered = any(unit.covered for part in parts for _, unit in part.gone)
    covers = dict(_covers(history)) if any_covered else {}
    for part in parts:
        for before, unit in part.gone:
            place = len(segments) + before
            if unit.covered:
                _covered(ghosts, place, unit, covers.get(unit.identity, unit))
            else:
                size = message_size(unit.text.tokens)
                ghosts.append(Ghost(place, "skipped", 1, size, short_hash(unit), who(unit)))
        segments += part.segments
    return segments, ghosts


def _covers(history: Snapshot) -> Iterator[tuple[bytes, Unit]]:
    """Yield what is covered with the summary that hides it, an outer one last."""
    for unit in sorted(
        (unit for unit in history.units if unit.row.kind == Kind.SUMMARY and not unit.retired),
        key=lambda unit: len(unit.row.targets),
    ):
        yield from ((target, unit) for target in unit.row.targets)


def _covered(ghosts: list[Ghost], before: int, unit: Unit, cover: Unit) -> None:
    """Add a covered unit to the run it stands in, or begin one."""
    size, name = message_size(unit.text.tokens), short_hash(cover)
    last = ghosts[-1] if ghosts else None
    if last is not None and (last.before, last.why, last.commit) == (before, "covered", name):
        ghosts[-1] = last._replace(units=last.units + 1, tokens=last.tokens + size)
    else:
        ghosts.append(Ghost(before, "covered", 1, size, name, "summary"))


def segment(unit: Unit) -> Segment:
    """Return a unit as a segment."""
    role = "summary" if unit.row.kind == Kind.SUMMARY else str(unit.row.role)
    return Segment(short_hash(unit), role, who(unit), unit.size, unit.priority, unit.text is not unit.row)


def short_hash(unit: Unit) -> str:
    """Return the name of a unit that every verb takes."""
    return unit.row.hash.hex()[:HASH_TAKEN]


def who(unit: Unit) -> str:
    """Return who a unit is from: an arrow and a tool, a summary, what it is, or a role."""
    row = unit.row
    if row.is_call or row.is_result:
        return f"{'→' if row.is_call else '←'} {row.name or 'tool'}"
    if row.kind == Kind.SUMMARY:
        return "summary"
    return str(row.type if row.type in ("artifact", "reasoning", "freeform", "output") else row.role)
