"""commit: append a unit to the context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from tract_nb.engine.canonical import clean_text, has_surrogates, without_surrogates
from tract_nb.model.commit import Kind, Priority, Row
from tract_nb.model.content import Content, ToolIO, coerce, from_payload
from tract_nb.operations import edit
from tract_nb.operations.annotate import as_priority
from tract_nb.operations.budget import ask_budget, asks, check_budget, imagined, present_state
from tract_nb.operations.transaction import Transaction, transaction
from tract_nb.operations.workspace import Workspace


def commit(
    ws: Workspace,
    content: Content | BaseModel | Mapping[str, Any] | str,
    *,
    message: str | None = None,
    generation_config: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    priority: Priority | None = None,
    key: str | None = None,
) -> Row:
    """Append a unit; with a ``key`` that this history has already, keep or edit that one instead."""
    given, birth = accepted(ws, content)
    key = None if key is None else clean_text(str(key))
    priority = None if priority is None else as_priority(priority)
    born = birth if priority is None else priority
    if asks(ws):
        ask_budget(ws, present_state(ws), imagined(ws, Kind.APPEND, given, priority=born))
    with transaction(ws, "commit", {"type": given.unit_type}) as tx:
        head = tx.head()
        if key is not None and head is not None:
            earlier = edit.keyed(ws, head, key)
            if earlier is not None:
                return edit.rewrite(tx, head, earlier, given, key, message)
        given, targets = _paired(ws, tx, given)
        row = tx.commit(
            Kind.APPEND,
            [head] if head else [],
            content=given,
            targets=targets,
            priority=born,
            message=message,
            metadata=metadata,
            generation_config=generation_config,
            key=key,
        )
        check_budget(ws, row.context)
        return row


def accepted(ws: Workspace, content: Any) -> tuple[Content, Priority]:
    """Return what a caller gave as a content, and the priority it is born with."""
    for custom in ws.types.values():
        named = isinstance(content, Mapping) and content.get("content_type") == custom.name
        if named or isinstance(content, custom.model):
            return _clean(ws, custom.made(content)), custom.birth
    given = _clean(ws, coerce(content, ws.types))
    return given, given.birth


def _paired(ws: Workspace, tx: Transaction, content: Content) -> tuple[Content, tuple[bytes, ...]]:
    """Return a tool's call with an id of its own, or its result with the call it answers."""
    if not isinstance(content, ToolIO):
        return content, ()
    if content.direction == "call":
        # times are unique in the database, so is an id made from one, and a frozen clock repeats it
        call_id = content.call_id or f"call_{tx.next_us:x}"
        return content.model_copy(update={"call_id": call_id}), ()
    call = ws.snapshot(ws.seen).call_of(content.call_id)
    if call is None:
        return content, ()
    return content.model_copy(update={"name": content.name or call.row.name or ""}), (call.identity,)


def _clean(ws: Workspace, content: Content) -> Content:
    """Return the content with lone surrogates replaced, and say so."""
    if not has_surrogates(vars(content)):
        return content
    ws.warn("The text holds lone surrogates, which no JSON can hold: they became U+FFFD.")
    return from_payload(without_surrogates(content.to_payload()))
