"""Masks: EDITs by which one line stands for an old output or a long text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tract_nb.engine.masking import LONG, digest, mask_line, text_line
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.structural import Told
from tract_nb.engine.tokens import message_size
from tract_nb.model.commit import Kind, Priority, Row
from tract_nb.model.content import Content, ToolIO
from tract_nb.operations import present
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects

MASK = "mask"  # the key of a mask's metadata


class Item(NamedTuple):
    """A unit with what it says.

    Parameters
    ----------
    unit : Unit
        The unit.
    content, said : Content
        What it was committed as, and what its last edit made of it.
    call : ToolIO or None
        Of a result, the call that it answers.
    """

    unit: Unit
    content: Content
    said: Content
    call: ToolIO | None

    @property
    def text(self) -> str:
        """The effective text."""
        return self.said.unit_text

    @property
    def words(self) -> str:
        """What it says, as :func:`words_of` has it."""
        return words_of(self.said)

    @property
    def about(self) -> str:
        """What a call, or a result's call, is about; empty for what is neither."""
        of = self.call or self.said
        given = of.arguments if isinstance(of, ToolIO) else None
        return present.headline(given) if isinstance(given, Mapping) else ""

    def told(self) -> Told:
        """Return it as a structural summary sees it."""
        of = self.call or self.said
        row = self.unit.row
        return Told(
            role=row.role or "",
            name=row.name or "",
            status=getattr(self.content, "status", "success"),
            text=self.text,
            arguments=getattr(of, "arguments", None),
            about=self.about,
            is_call=row.is_call,
            is_result=row.is_result,
            important=self.unit.priority is Priority.IMPORTANT,
        )


def words_of(content: Content) -> str:
    """Return what a content says, without the names of a call's arguments: those are the tool's."""
    given = content.arguments if isinstance(content, ToolIO) else None
    return "\n".join(_said_in(given)) if isinstance(given, Mapping) else content.unit_text


def _said_in(value: object) -> Iterator[str]:
    """Yield the texts and numbers in a JSON value, without the names of its fields."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _said_in(one)
    elif value is not None:
        yield str(value)


def items(ws: Workspace, history: Snapshot, units: Sequence[Unit]) -> list[Item]:
    """Return units with what they say; all is read by one query."""
    calls = {unit.call: history.find(unit.call) for unit in units if unit.call is not None}
    rows = [row for unit in units for row in (unit.row, unit.text)]
    rows += [call.text for call in calls.values() if call is not None]
    contents = present.contents(ws, rows)

    def content(row: Row) -> Content:
        return contents[row.blob or 0]

    def call_of(unit: Unit) -> ToolIO | None:
        found = calls.get(unit.call) if unit.call is not None else None
        said = content(found.text) if found is not None else None
        return said if isinstance(said, ToolIO) else None

    return [Item(unit, content(unit.row), content(unit.text), call_of(unit)) for unit in units]


def line_for(item: Item) -> str:
    """Return the line that a mask puts in a unit's place."""
    row, tokens = item.unit.row, item.unit.text.tokens
    if row.is_result:
        status = getattr(item.content, "status", "success")
        return mask_line(row.name or "", item.about, status, item.text, tokens)
    return text_line(row.type or "text", item.text, tokens)


def may_mask(unit: Unit) -> bool:
    """Tell whether a mask may stand for a unit: an output of a tool, or a long text of the model's."""
    row = unit.row
    if unit.priority >= Priority.IMPORTANT or row.kind == Kind.SUMMARY or not unit.size or row.is_call:
        return False
    return row.is_result or (row.role == "assistant" and unit.text.tokens >= LONG)


class Mask(NamedTuple):
    """A unit, the line that would stand for it, and what that has in tokens."""

    item: Item
    content: Content
    line: str
    tokens: int

    @property
    def saved(self) -> int:
        """What it saves."""
        return self.item.unit.size - message_size(self.tokens)


def masks(
    ws: Workspace, history: Snapshot, units: Iterable[Unit], keep: Sequence[re.Pattern[str]]
) -> list[Mask]:
    """Return the masks that save something.

    Outputs of tools become a line; of other texts those that are long, but never what a person or the system
    said, since that is the intent; and a text in which a pattern is found stays whole.
    """
    made = []
    listed = items(ws, history, [unit for unit in units if may_mask(unit)])
    earlier = masked(ws, history, [item.unit for item in listed])
    for item in listed:
        was = earlier.get(item.unit.identity)
        if (was is not None and was.now) or any(pattern.search(item.text) for pattern in keep):
            continue
        line = line_for(item)
        mask = Mask(item, item.content.with_text(line), line, ws.count(line))
        if mask.saved > 0:
            made.append(mask)
    return made


class Masked(NamedTuple):
    """A unit that a mask stood for at some time.

    Parameters
    ----------
    unit : Unit
        As it is.
    now : bool
        Whether one does as it is.
    texts : tuple of Row
        The commits that held its text, but for masks.
    """

    unit: Unit
    now: bool
    texts: tuple[Row, ...]


def masked(ws: Workspace, history: Snapshot, units: Iterable[Unit]) -> dict[bytes, Masked]:
    """Return which of some units a mask ever stood for, by identity, in one query.

    A mask is told by its text, since a merge that settles on one writes it anew.
    """
    edited = {unit.identity: unit for unit in units if unit.text is not unit.row}
    edits: dict[bytes, list[Row]] = {}
    for row in history.rows if edited else ():
        if row.kind == Kind.EDIT and row.targets[0] in edited:
            edits.setdefault(row.targets[0], []).append(row)
    kept = objects.details(ws.db, [row.id for rows in edits.values() for row in rows]) if edits else {}
    found: dict[bytes, Masked] = {}
    for identity, rows in edits.items():
        lines = {row.blob for row in rows if MASK in (kept[row.id].metadata or {})}
        if lines:
            unit = edited[identity]
            texts = (unit.row, *(row for row in rows if row.blob not in lines))
            found[identity] = Masked(unit, unit.text.blob in lines, texts)
    return found


def masks_among(ws: Workspace, rows: Iterable[Row]) -> dict[int, int]:
    """Return which of some commits are masks, by number, with the tokens of what each stands for; one query.

    They are told by their texts, as in :func:`masked`.
    """
    edits = [row for row in rows if row.kind == Kind.EDIT]
    kept = objects.details(ws.db, [row.id for row in edits]) if edits else {}
    marks = [(row.blob, (kept[row.id].metadata or {}).get(MASK)) for row in edits]
    lines = {blob: mark["tokens"] for blob, mark in marks if mark is not None}
    return {row.id: lines[row.blob] for row in edits if row.blob in lines}


def stood_before(ws: Workspace, masks: Sequence[Masked]) -> list[Row]:
    """Return of each masked unit the commit whose text its line stands for; all is read by one query.

    The line says which by its hash: on a branch that was merged another edit may have come in between. Where
    that text is not here, or was forgotten, it is the last one.
    """
    contents = present.contents(ws, [row for one in masks for row in (one.unit.text, *one.texts)])

    def text(row: Row) -> str:
        return contents[row.blob or 0].unit_text

    def before(one: Masked) -> Row:
        line = text(one.unit.text)
        return next((row for row in reversed(one.texts) if digest(text(row)) in line), one.texts[-1])

    return [before(one) for one in masks]
