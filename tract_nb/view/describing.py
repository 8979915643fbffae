"""One unit as it stands in the context: what it says, what it weighs, what sending it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import message_size
from tract_nb.errors import ContentError
from tract_nb.model.commit import HASH_TAKEN, Kind, preview
from tract_nb.model.content import ToolIO
from tract_nb.operations import edit, names, present
from tract_nb.operations.workspace import Workspace
from tract_nb.view.outlook import LastCall, last_call, units_sent
from tract_nb.view.strip import segment, who

LINE = 240  # characters of the line that says what it is about


@dataclass(frozen=True, slots=True)
class Described:
    """A unit as it stands.

    Parameters
    ----------
    commit, role, who : str
        As of a segment of the strip.
    state : str
        sent, skipped, covered, restored, reasoning or blank.
    priority : str
        The effective one, by name.
    tokens : int
        What it adds to the context, or would.
    time_us : int
        Author time, in microseconds.
    status : str
        Of a result how its call ended; else empty.
    edited : bool
        Whether the text is that of a later EDIT.
    covers : int
        Of a summary how many units it stands for; else 0.
    price : float or None
        What sending it costs in the next call, in US dollars; None where it is not sent, or no price
        is known.
    cached : bool
        Whether all of it is in the provider's cache.
    line : str
        What it is about in one line: of a call its telling argument, of a result its call's.
    text : str
        Its text from ``start`` on.
    start, length : int
        Where that begins, and how many characters the whole has.
    wording : str
        The first 12 digits of the commit that its text is of: an EDIT's, or its own.
    """

    commit: str
    role: str
    who: str
    state: str
    priority: str
    tokens: int
    time_us: int
    status: str
    edited: bool
    covers: int
    price: float | None
    cached: bool
    line: str
    text: str
    start: int
    length: int
    wording: str


def describe(ws: Workspace, target: Any, start: int = 0, count: int = 4000) -> Described:
    """Return one unit of HEAD's history, with some of its text."""
    if start < 0 or count < 0:
        raise ContentError(f"start={start}, count={count} is no part of a text.", "Give 0 or more.")
    call = last_call(ws)
    history = ws.snapshot(call.tip)
    unit = names.unit_named(ws, history, names.one_name(target))
    content = edit.content_of(ws, unit.row)
    text = edit.text_at(ws, unit)
    is_cached, price = _priced(call, history, unit)
    drawn = segment(unit)
    return Described(
        commit=drawn.commit,
        role=drawn.role,
        who=who(unit),
        state=_state(unit),
        priority=unit.priority.name,
        tokens=message_size(unit.text.tokens),
        time_us=unit.row.author_us,
        status=content.status if isinstance(content, ToolIO) and unit.row.is_result else "",
        edited=drawn.edited,
        covers=len(unit.row.targets) if unit.row.kind == Kind.SUMMARY else 0,
        price=price,
        cached=is_cached,
        line=preview(_about(ws, history, unit) or text, LINE),
        text=text[start : start + count],
        start=start,
        length=len(text),
        wording=unit.text.hash.hex()[:HASH_TAKEN],
    )


def _about(ws: Workspace, history: Snapshot, unit: Unit) -> str:
    """Return what a call, or the call of a result, is about; empty for what is neither."""
    of = history.find(unit.call) if unit.call else unit
    if of is None or not of.row.is_call:
        return ""
    content = edit.content_of(ws, of.row).with_text(edit.text_at(ws, of))
    if isinstance(content, ToolIO) and isinstance(content.arguments, dict):
        return present.headline(content.arguments)
    return ""


def _state(unit: Unit) -> str:
    for name, holds in (
        ("restored", unit.retired),
        ("covered", unit.covered),
        ("skipped", unit.skipped),
        ("reasoning", unit.is_reasoning),
        ("blank", not unit.text.tokens),
    ):
        if holds:
            return name
    return "sent"


def _priced(call: LastCall, history: Snapshot, unit: Unit) -> tuple[bool, float | None]:
    """Return whether a unit is cached, and what sending it costs in the next call."""
    if not unit.size:
        return False, None
    cached, at = call.outlook(history).cached, call.unrecorded
    for other in units_sent(history):
        if other.identity == unit.identity:
            break
        at += other.size
    read = min(max(cached - at, 0), unit.size)
    if call.price is None:
        return read == unit.size, None
    rate = call.price.cache_write if call.uses_cache else call.price.input
    return read == unit.size, read * call.price.cached + (unit.size - read) * rate
