"""Chats in Anthropic's form: blocks in the messages, the system text apart from them."""

from __future__ import annotations

from typing import Any

from tract_nb.trace.formats.openai_chat import Chat, shape_of
from tract_nb.trace.head import Head

#: blocks that OpenAI's chats do not have
_OWN = {"tool_use", "tool_result", "thinking", "redacted_thinking", "server_tool_use"}


def why(head: Head) -> str | None:
    """Tell by what a file is a chat in Anthropic's form."""
    shape = shape_of(head)
    if shape is None:
        return None
    if shape.members.get("system"):
        return "messages, and the system text beside them"
    for message in shape.first:
        kind = next((kind for kind in _kinds(message) if kind in _OWN), None)
        if kind is not None:
            return f"messages, one of them with a block of type {kind!r}"
    return None


def _kinds(message: Any) -> list[str]:
    content = message.get("content") if type(message) is dict else None
    blocks = content if type(content) is list else []
    return [str(block.get("type")) for block in blocks if type(block) is dict]


class Messages(Chat):
    """A conversation; its reading is that of every chat."""

    format = "anthropic_messages"
