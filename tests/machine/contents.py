"""What contents say: payload -> role, text and priority, written from the design's table."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from tests.machine.oracle import APPEND, EDIT, NORMAL, PINNED, Record

Payload = dict[str, Any]


def compact(value: Any) -> str:
    """Canonical JSON: sorted keys, no space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def said(value: Any) -> str:
    """A text as it is, all else as JSON."""
    return value if isinstance(value, str) else compact(value)


def hashed(payload: Payload) -> str:
    """The content hash: over the canonical bytes, with fields at their default left out."""
    defaults = {
        "name": ("", None),
        "arguments": (None,),
        "output": (None,),
        "payload": (None,),
        "language": (None,),
        "status": ("success",),
        "format": ("text",),
        "summary": ("",),
    }
    kept = {key: value for key, value in payload.items() if value not in defaults.get(key, ())}
    return hashlib.sha256(compact(kept).encode()).hexdigest()


def text_of(payload: Payload) -> str:
    """What a content says when it is compiled."""
    kind = payload["content_type"]
    if kind == "tool_io":
        call = payload["direction"] == "call"
        return said((payload.get("arguments") or {}) if call else payload.get("output"))
    if kind == "session":
        titles = (
            ("Decisions", "decisions"),
            ("Failed approaches", "failed_approaches"),
            ("Next steps", "next_steps"),
        )
        parts = [f"Session {payload['kind']}", *([payload["summary"]] if payload.get("summary") else [])]
        for title, field in titles:
            if payload.get(field):
                parts.append("\n".join([f"{title}:", *(f"- {item}" for item in payload[field])]))
        return "\n\n".join(parts)
    return said(payload[{"artifact": "content", "freeform": "payload"}.get(kind, "text")])


def role_of(payload: Payload) -> str:
    """The role a content compiles to."""
    kind = payload["content_type"]
    if kind == "dialogue":
        return str(payload["role"])
    if kind == "tool_io":
        return "assistant" if payload["direction"] == "call" else "tool"
    return "system" if kind in ("instruction", "session") else "assistant"


def birth_of(payload: Payload) -> str:
    """The priority at birth."""
    return PINNED if payload["content_type"] in ("instruction", "session") else NORMAL


def unit(payload: Payload, **more: Any) -> Record:
    """The record of an APPEND of a content."""
    of_tool = payload["content_type"] == "tool_io"
    born = Record(
        APPEND,
        role=role_of(payload),
        type=payload["content_type"],
        text=text_of(payload),
        priority=birth_of(payload),
        call_id=payload["call_id"] if of_tool else None,
        name=payload.get("name", "") if of_tool else "",
        content_hash=hashed(payload),
    )
    return replace(born, **more)


def edited_text(of: Record, text: str) -> str:
    """The text that an edit gives a unit: of a call, canonical JSON where it can be read as an object."""
    if of.type != "tool_io" or of.role != "assistant":
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return compact(value) if isinstance(value, dict) else text or "{}"


def edit(of: Record, target: str, text: str, **more: Any) -> Record:
    """The record of an EDIT; how it is stored is not said by the design, so its hash is not foretold."""
    return Record(EDIT, role=of.role, type=of.type, text=edited_text(of, text), targets=(target,), **more)
