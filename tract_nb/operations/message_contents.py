"""Messages of other people's loops, as OpenAI and Anthropic shape them, as contents of a history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from tract_nb.engine.canonical import clean_text
from tract_nb.errors import ContentError
from tract_nb.model.content import Artifact, Content, Dialogue, Instruction, Reasoning, ToolIO
from tract_nb.operations.event_contents import storable

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
TEXTS = ("text", "input_text", "output_text", "refusal")
SHAPE = "Give a list of messages as OpenAI or Anthropic take them: {'role': 'user', 'content': 'hi'}."


def contents(messages: Any, system: Any = None) -> list[Content]:
    """Return what a list of messages says, in order; blank texts say nothing.

    Parameters
    ----------
    messages : sequence
        Dicts, or the objects of the providers' own libraries.
    system : str or list, optional
        Anthropic's system prompt, which is no message there.

    Raises
    ------
    ContentError
        If it is no such list.
    """
    if isinstance(messages, str | bytes | Mapping) or not isinstance(messages, Sequence):
        raise ContentError(f"A {type(messages).__name__} is no list of messages.", SHAPE)
    found = list(_system(system)) if system is not None else []
    for place, message in enumerate(messages):
        fields = as_fields(message)
        role = fields.get("role") if fields else None
        if fields is None or role not in ROLES:
            what = f"role {role!r}" if fields else f"a {type(message).__name__}"
            raise ContentError(f"Message {place} is none: {what}.", SHAPE)
        found += _said(fields, str(role))
    return found


def as_fields(value: Any) -> Mapping[str, Any] | None:
    """Return the fields of a dict or of a provider's object; None of anything else."""
    if isinstance(value, Mapping):
        return value
    if hasattr(value, "model_dump"):
        dumped: Mapping[str, Any] = value.model_dump()
        return dumped
    return None


def _system(given: Any) -> Iterator[Content]:
    text = "\n\n".join(
        str(part.get("text") or "") for part in _parts(given) if part.get("type", "text") == "text"
    )
    if text.strip():
        yield Instruction(text=clean_text(text))


def _said(message: Mapping[str, Any], role: str) -> Iterator[Content]:
    """Yield what one message says."""
    if role in ("system", "developer"):
        yield from _system(message.get("content"))
        return
    if role in ("tool", "function"):
        name = message.get("name")
        yield _result(message.get("tool_call_id") or _old_id(name), name, message.get("content"))
        return
    thought = message.get("reasoning_content")
    if isinstance(thought, str) and thought.strip():
        yield Reasoning(text=clean_text(thought))
    yield from _blocks(_parts(message.get("content")), role, message.get("name"))
    for call in message.get("tool_calls") or ():
        fields = as_fields(call) or {}
        function = as_fields(fields.get("function")) or {}
        yield _call(fields.get("id"), function.get("name"), function.get("arguments"))
    old = as_fields(message.get("function_call"))
    if old:
        yield _call(_old_id(old.get("name")), old.get("name"), old.get("arguments"))


def _old_id(name: Any) -> str:
    """Return what pairs a function's call and result that have no id, as OpenAI had them once."""
    return f"function:{name or ''}"


def _parts(content: Any) -> list[Mapping[str, Any]]:
    """Return a message's content as a list of parts."""
    if content is None:
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, Sequence):
        raise ContentError(f"A {type(content).__name__} is no content of a message.", SHAPE)
    return [
        {"type": "text", "text": part} if isinstance(part, str) else as_fields(part) or {} for part in content
    ]


def _blocks(parts: Sequence[Mapping[str, Any]], role: str, name: Any) -> Iterator[Content]:
    """Yield what the parts say; texts side by side are one."""
    texts: list[str] = []

    def spoken() -> Iterator[Content]:
        text = "\n".join(texts)
        texts.clear()
        if text.strip():
            who = clean_text(name) if isinstance(name, str) and name else None
            yield Dialogue(
                role="assistant" if role == "assistant" else "user", text=clean_text(text), name=who
            )

    for part in parts:
        kind = part.get("type")
        if kind in TEXTS:
            texts.append(str(part.get("text") or part.get("refusal") or ""))
            continue
        yield from spoken()
        yield from _block(part, kind, role)
    yield from spoken()


def _block(part: Mapping[str, Any], kind: Any, role: str) -> Iterator[Content]:
    """Yield what a part that is no text says."""
    if kind == "tool_use":
        yield _call(part.get("id"), part.get("name"), part.get("input"))
    elif kind == "tool_result":
        yield _result(
            part.get("tool_use_id"), None, part.get("content"), is_error=part.get("is_error") is True
        )
        yield from (image for found in _inside(part) if (image := _image(found)) is not None)
    elif kind == "thinking":
        thought = str(part.get("thinking") or "")
        if thought.strip():
            yield Reasoning(text=clean_text(thought))
    elif kind == "redacted_thinking":
        return  # bytes that only the provider can read
    elif (image := _image(part)) is not None:
        yield image
    else:
        text = orjson.dumps(storable(dict(part)), option=orjson.OPT_SORT_KEYS, default=str).decode()
        yield Dialogue(role="assistant" if role == "assistant" else "user", text=text)


def _inside(part: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [] if isinstance(part.get("content"), str) else _parts(part.get("content"))


def _image(part: Mapping[str, Any]) -> Artifact | None:
    """Return an image that comes as bytes; one at an address stays what it is, a part of JSON."""
    source = as_fields(part.get("source")) or {}
    if part.get("type") == "image" and isinstance(source.get("data"), str):
        return Artifact(kind="image", content=source["data"], language=str(source.get("media_type") or ""))
    address = part.get("image_url")
    url = (as_fields(address) or {}).get("url") if not isinstance(address, str) else address
    if part.get("type") in ("image_url", "input_image") and isinstance(url, str) and url.startswith("data:"):
        head, _, data = url.partition(",")
        return Artifact(kind="image", content=data, language=head.removeprefix("data:").partition(";")[0])
    return None


def _call(call_id: Any, name: Any, arguments: Any) -> ToolIO:
    given = arguments
    if isinstance(arguments, str):
        try:
            read = orjson.loads(arguments or "{}")
        except orjson.JSONDecodeError:
            read = None
        given = read if isinstance(read, dict) else arguments
    elif not isinstance(arguments, Mapping):
        given = {}
    return ToolIO(
        name=clean_text(str(name or "")),
        direction="call",
        call_id=clean_text(str(call_id or "")),
        arguments=storable(dict(given) if isinstance(given, Mapping) else given),
    )


def _result(call_id: Any, name: Any, content: Any, *, is_error: bool = False) -> ToolIO:
    if content is None or isinstance(content, str):
        output = content or ""
    else:
        texts = [str(part.get("text") or "") for part in _parts(content) if part.get("type") in TEXTS]
        output = "\n".join(texts)
    return ToolIO(
        name=clean_text(str(name or "")),
        direction="result",
        call_id=clean_text(str(call_id or "")),
        output=clean_text(output),
        status="error" if is_error else "success",
    )


def print_of(content: Content) -> tuple[str, ...] | None:
    """Return what a content is recognised by in another list; None where lists may leave it out.

    Loops strip replies, drop thoughts, and give results no status: none of this makes another message.
    """
    if content.unit_type == "reasoning":
        return None
    if isinstance(content, ToolIO):
        if content.direction == "result":
            return "result", content.call_id, content.unit_text.strip()
        return "call", content.name, content.call_id, content.unit_text
    return content.unit_role, content.unit_text.strip()
