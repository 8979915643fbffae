"""edit: replace a unit's text where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from tract_nb.engine.canonical import clean_text
from tract_nb.engine.resolve import Unit
from tract_nb.errors import ContentError
from tract_nb.model.commit import Kind, Row
from tract_nb.model.content import Content, coerce, from_payload
from tract_nb.operations import names
from tract_nb.operations.budget import ask_budget, asks, check_budget, imagined
from tract_nb.operations.transaction import Transaction, transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects


def edit(
    ws: Workspace, target: Any, content: Content | Mapping[str, Any] | str, *, message: str | None = None
) -> Row:
    """Replace the text of one unit; type, role, name and call id stay.

    The same text again writes nothing and returns what wrote it.
    """
    wanted = names.names_in(target)
    if len(wanted) != 1:
        raise ContentError(f"edit takes one unit, not {len(wanted)}.", "Name one commit.")
    text = content if isinstance(content, str) else coerce(content).unit_text
    if text != clean_text(text):
        text = clean_text(text)
        ws.warn("The text holds lone surrogates, which no JSON can hold: they became U+FFFD.")
    if asks(ws):
        with ws.db.read():
            history = ws.snapshot(ws.tip())
            unit = names.unit_named(ws, history, wanted[0])
            content = content_of(ws, unit.row).with_text(text)
        ask_budget(ws, history, imagined(ws, Kind.EDIT, content, targets=(unit.identity,)))
    with transaction(ws, "edit") as tx:
        head = tx.head()
        history = ws.snapshot(head.id if head else 0)
        unit = names.unit_named(ws, history, wanted[0])
        # what the text becomes, as a call's arguments are written in one way only
        if head is None or text_at(ws, unit) == content_of(ws, unit.row).with_text(text).unit_text:
            return unit.text
        row = write(tx, head, unit, text, message=message)
        check_budget(ws, row.context)
        return row


def write(
    tx: Transaction, head: Row, unit: Unit, text: str, *, message: str | None = None, key: str | None = None
) -> Row:
    """Store an EDIT of a unit on top of ``head``."""
    content = content_of(tx.ws, unit.row).with_text(text)
    return tx.commit(Kind.EDIT, [head], content=content, targets=(unit.identity,), message=message, key=key)


def keyed(ws: Workspace, head: Row, key: str) -> tuple[Unit, Row] | None:
    """Return the unit that a key wrote into this history, and what the key wrote last (it, or an EDIT)."""
    candidates = objects.keyed(ws.db, key)
    if not candidates:
        return None
    history = ws.snapshot(head.id)
    here = sorted((number for number in candidates if history.has(number)), key=history.time_of)
    told: dict[bytes, Row] = {}  # a copy says nothing that the first of them has not said
    for row in map(ws.row, here):
        told.setdefault(row.identity, row)
    wrote = list(told.values())
    for row in wrote:
        unit = history.find(row.identity)
        if unit is not None:
            return unit, wrote[-1]
    return None


def rewrite(
    tx: Transaction, head: Row, earlier: tuple[Unit, Row], content: Content, key: str, message: str | None
) -> Row:
    """Bring a keyed unit to a text: nothing where the key wrote the same last, else an EDIT in place.

    The comparison is with what the key wrote, not with the effective text, so that an edit made
    elsewhere survives a cell that is run again.
    """
    unit, last = earlier
    if content_of(tx.ws, last).unit_text == content.unit_text:
        tx.ws.say(f"unchanged: {unit.row.hash.hex()[:8]} has this text already")
        return unit.row
    row = write(tx, head, unit, content.unit_text, message=message, key=key)
    tx.ws.say(f"edited {unit.row.hash.hex()[:8]} in place; what came after it stays")
    check_budget(tx.ws, row.context)
    return row


def content_of(ws: Workspace, row: Row) -> Content:
    """Return the content that a commit holds."""
    assert row.blob is not None
    return from_payload(orjson.loads(objects.blobs(ws.db, [row.blob])[row.blob]))


def text_at(ws: Workspace, unit: Unit) -> str:
    """Return the effective text of a unit."""
    return content_of(ws, unit.text).unit_text
