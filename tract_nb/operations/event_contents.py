"""Events of a trace as contents of a history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from tract_nb.engine.canonical import INT_MAX, INT_MIN, clean_text
from tract_nb.model.content import Artifact, Content, Dialogue, Instruction, Reasoning, ToolIO
from tract_nb.model.event import Event


class Found(Protocol):
    """A likely secret, told by its kind alone."""

    @property
    def kind(self) -> str: ...


#: returns a JSON value with its secrets replaced, and what was
Redact = Callable[[Any], tuple[Any, Sequence[Found]]]


def contents(event: Event, redact: Redact | None) -> Iterator[tuple[Content, list[str]]]:
    """Yield what an event adds to the context, and the kinds of secrets that were taken out of it."""
    secrets: list[str] = []

    def clean(value: Any) -> Any:
        if redact is None:
            return value
        cleaned, found = redact(value)
        secrets.extend(secret.kind for secret in found)
        return cleaned

    content = _content(event, clean)
    if content is not None:
        yield content, secrets
    for image in event.images:
        yield Artifact(kind="image", content=image.data, language=image.media_type), []


def remarks(event: Event) -> Iterator[str]:
    """Yield what an import does to an event that a person should hear of."""
    if event.kind == "other":
        yield "events that no model is sent"
    elif not (event.text.strip() or event.images or event.kind in ("tool_call", "tool_result")):
        yield "blank messages"
    if clean_text(event.text) is not event.text:
        yield "texts with lone surrogates (now U+FFFD)"
    if event.arguments is not None and storable(event.arguments) != event.arguments:
        yield "arguments that JSON cannot hold (now text)"


def _content(event: Event, clean: Callable[[Any], Any]) -> Content | None:
    """Return the event's content; None where it has nothing that a model is sent."""
    name, call_id = clean_text(event.name or ""), clean_text(event.call_id or "")
    said = clean_text(event.text)
    if event.kind == "tool_call":
        arguments = clean(said if event.arguments is None else storable(event.arguments))
        return ToolIO(name=name, direction="call", call_id=call_id, arguments=arguments)
    if event.kind == "tool_result":
        status = "error" if event.is_error else "success"
        return ToolIO(name=name, direction="result", call_id=call_id, output=clean(said), status=status)
    if event.kind == "other" or not event.text.strip():
        return None
    text = clean(said)
    if event.kind == "reasoning":
        return Reasoning(text=text)
    if event.kind == "compaction":
        return Dialogue(role="user", text=text)
    if event.role == "system":
        return Instruction(text=text)
    return Dialogue(role="assistant" if event.role == "assistant" else "user", text=text)


def storable(value: Any) -> Any:
    """Return a JSON value of a trace with what canonical JSON cannot hold as text.

    Integers beyond 64 bits become strings (orjson reads them as floats), so do NaN and Infinity.
    """
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and not INT_MIN <= value <= INT_MAX:
        return str(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):  # noqa: PLR0124
        return str(value)
    return value
