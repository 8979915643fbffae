"""Assembling: a reply from what litellm returns, whole or in pieces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from tract_nb.errors import ContentError, TractError
from tract_nb.llm.prices import price
from tract_nb.model.event import Usage
from tract_nb.model.reply import Reply, ToolCall
from tract_nb.model.usage import read_usage


class Assembler:
    """A reply that grows by the chunks of a stream."""

    def __init__(self) -> None:
        self.text = ""
        self.reasoning = ""
        self.finish: str | None = None
        self.model: str | None = None
        self.id: str | None = None
        self.usage: Any = None
        self._calls: dict[int, dict[str, str]] = {}

    def add(self, chunk: Any) -> str:
        """Take a chunk, and return the text that it adds."""
        self.model = getattr(chunk, "model", None) or self.model
        self.id = getattr(chunk, "id", None) or self.id
        self.usage = getattr(chunk, "usage", None) or self.usage
        added = ""
        for choice in (getattr(chunk, "choices", None) or ())[:1]:
            self.finish = getattr(choice, "finish_reason", None) or self.finish
            delta = getattr(choice, "delta", None)
            added = getattr(delta, "content", None) or ""
            self.reasoning += getattr(delta, "reasoning_content", None) or ""
            for call in getattr(delta, "tool_calls", None) or ():
                self._add_call(call)
        self.text += added
        return added

    def _add_call(self, call: Any) -> None:
        at = getattr(call, "index", None)
        known = self._calls.setdefault(
            len(self._calls) if at is None else at, {"id": "", "name": "", "arguments": ""}
        )
        known["id"] = getattr(call, "id", None) or known["id"]
        said = getattr(call, "function", None)
        known["name"] = getattr(said, "name", None) or known["name"]
        known["arguments"] += getattr(said, "arguments", None) or ""

    def reply(self, model: str, *, usage_is_reported: bool = True) -> Reply:
        """Return the reply of a stream that came to its end."""
        usage = reported(self.usage) if usage_is_reported else None
        return Reply(
            self.text,
            tuple(
                ToolCall(call["id"], call["name"], arguments(call["arguments"]))
                for _, call in sorted(self._calls.items())
            ),
            usage,
            cost(model, usage, self.usage),
            self.model or model,
            self.finish,
            self.reasoning,
            {"id": self.id},
        )


def whole(response: Any, model: str) -> Reply:
    """Return the reply that came in one piece."""
    choices = getattr(response, "choices", None) or ()
    message = getattr(choices[0], "message", None) if choices else None
    usage = reported(getattr(response, "usage", None))
    return Reply(
        getattr(message, "content", None) or "",
        tuple(
            ToolCall(call.id or "", call.function.name or "", arguments(call.function.arguments or ""))
            for call in getattr(message, "tool_calls", None) or ()
        ),
        usage,
        cost(model, usage, getattr(response, "usage", None)),
        getattr(response, "model", None) or model,
        getattr(choices[0], "finish_reason", None) if choices else None,
        getattr(message, "reasoning_content", None) or "",
        response.model_dump(mode="json") if hasattr(response, "model_dump") else {},
    )


def arguments(text: str) -> dict[str, Any] | str:
    """Return a call's arguments as the object they should be; else the text, as the model wrote it."""
    try:
        value = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return text
    return value if isinstance(value, dict) else text


def reported(given: Any) -> Usage | None:
    """Return what a provider reported; None where it is nothing that can be read."""
    if given is None:
        return None
    try:
        usage = read_usage(given)
    except ContentError:
        return None  # a server's odd figures are no reason to lose its reply
    return usage if usage.total_tokens else None


def cost(model: str, usage: Usage | None, given: Any = None) -> float | None:
    """Return what a reply cost: as the provider says, else by litellm's table; None where nobody knows."""
    if usage is None:
        return None
    said = given.get("cost") if isinstance(given, Mapping) else getattr(given, "cost", None)
    if isinstance(said, int | float) and not isinstance(said, bool):
        return float(said)
    try:
        rate = price(model)
    except TractError:
        return None  # a model of one's own has no price
    fresh = usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens
    return (
        fresh * rate.input
        + usage.cached_tokens * rate.cached
        + usage.cache_write_tokens * rate.cache_write
        + usage.output_tokens * rate.output
    )
