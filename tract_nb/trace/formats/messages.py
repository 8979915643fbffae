"""Chat messages as events, in every shape that providers and tools write them.

OpenAI's chat and its responses, Anthropic's blocks, LangChain's and Inspect's messages differ in where
they put the same few things: what was said, thought, called and answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from tract_nb.model.event import EventKind, Image
from tract_nb.trace.formats.claude_blocks import as_text, picture, unknown_block
from tract_nb.trace.json_lines import dumps, is_rounded, loads, loads_exactly
from tract_nb.trace.notes import Notes

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "AIMessageChunk": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
    "tool_result": "tool",
}
_TEXTS = {"text", "input_text", "output_text", "summary_text", "refusal"}
_THOUGHTS = {"thinking", "reasoning", "reasoning_text", "redacted_thinking"}
_CALLS = {
    *("tool_use", "server_tool_use", "mcp_tool_use", "tool_call", "tool-call", "function_call"),
    *("custom_tool_call", "local_shell_call", "web_search_call", "mcp_call", "computer_call"),
}
_RESULTS = {"tool_result", "tool-result", "function_call_output", "custom_tool_call_output"}
_IMAGES = {"image", "image_url", "input_image"}
_FILES = {"file", "input_file", "document", "input_audio", "audio", "video"}
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w=.+-]+)*;base64,")
_DEEPEST = 8  # blocks in blocks


class Part(NamedTuple):
    """One thing that a message says."""

    kind: EventKind
    role: str
    text: str
    name: str | None = None
    call_id: str | None = None
    arguments: dict[str, Any] | None = None
    is_error: bool = False
    images: tuple[Image, ...] = ()


def message_parts(message: Any, notes: Notes) -> list[Part]:
    """Return what a message says, part by part.

    Parameters
    ----------
    message : Any
        A chat message, or an item of OpenAI's responses.
    notes : Notes
        Where what gives no part is counted.
    """
    if type(message) is not dict:
        notes.skipped["message of an unknown shape"] += 1
        return []
    role = ROLES.get(str(message.get("role") or message.get("type") or ""))
    kind = message.get("type")
    if role is None:
        if type(kind) is str and (kind in _CALLS or kind in _RESULTS or kind in _THOUGHTS):
            return list(_block_parts(message, "assistant", notes, 0))
        notes.skipped[f"message of role {str(message.get('role') or kind)[:40]}"] += 1
        return []
    if role == "tool":
        return [_answer(message, notes)]
    said: list[Part] = []
    thought = message.get("reasoning_content") or message.get("reasoning")
    if role == "assistant" and type(thought) is str and thought.strip():
        said.append(Part("reasoning", role, thought))
    said += _content_parts(message.get("content"), role, notes, 0)
    if role == "assistant":
        calls = list(_calls(message, notes))
        known = {part.call_id for part in said if part.kind == "tool_call"}  # LangChain writes them twice
        said += [call for call in calls if call.call_id is None or call.call_id not in known]
    return _together(said) if role in ("user", "system") else said


def _together(said: list[Part]) -> list[Part]:
    """Join the texts of one message, whatever stands between them: one record is one thing said."""
    spoken = [part for part in said if part.kind == "message"]
    if len(spoken) < 2:
        return said
    text = "\n\n".join(part.text for part in spoken if part.text)
    images = tuple(image for part in spoken for image in part.images)
    rest = [part for part in said if part.kind != "message"]
    return [*rest, spoken[0]._replace(text=text, images=images)]


def _content_parts(content: Any, role: str, notes: Notes, depth: int) -> Iterator[Part]:
    """Yield the parts of a message's content: a text, blocks, or one block."""
    if content is None or content == "":
        return
    if type(content) is str:
        yield Part("message", role, content)
    elif type(content) is list:
        for block in content:
            if type(block) is str:
                yield Part("message", role, block)
            else:
                yield from _block_parts(block, role, notes, depth)
    elif type(content) is dict:
        yield from _block_parts(content, role, notes, depth)
    else:
        notes.skipped["content of an unknown shape"] += 1


def _block_parts(block: Any, role: str, notes: Notes, depth: int) -> Iterator[Part]:
    """Yield the parts of one block."""
    kind = block.get("type") if type(block) is dict else None
    if type(kind) is not str:
        kind = "text" if type(block) is dict and type(block.get("text")) is str else None
    if kind is None:
        notes.skipped["block of an unknown shape"] += 1
    elif kind in _THOUGHTS:
        yield from _thought(block, notes)
    elif kind in _CALLS:
        yield _call(block, notes)
    elif kind in _RESULTS or kind.endswith("_tool_result"):
        yield _answer(block, notes)
    elif kind == "message" and depth < _DEEPEST:
        yield from _content_parts(block.get("content"), role, notes, depth + 1)
    else:
        yield from _shown(block, kind, role, notes)


def _shown(block: dict[str, Any], kind: str, role: str, notes: Notes) -> Iterator[Part]:
    """Yield a text, an image, a file, or what nobody knows."""
    if kind in _TEXTS:
        text = block.get("text") or block.get("refusal")
        if type(text) is str:
            yield Part("message", role, text)
        else:
            notes.skipped["empty text"] += 1
    elif kind in _IMAGES:
        yield _picture(block, role)
    elif kind in _FILES:
        yield Part("message", role, _file(block, kind))
    else:
        notes.skipped[f"{kind[:40]} block"] += 1
        yield Part("other" if role == "assistant" else "message", role, unknown_block(block))


def _thought(block: dict[str, Any], notes: Notes) -> Iterator[Part]:
    """Yield a thought; one that is encrypted has no text."""
    texts = [block.get("thinking"), block.get("reasoning"), block.get("text")]
    for listed in (block.get("summary"), block.get("content")):
        if type(listed) is list:
            texts += [item.get("text") if type(item) is dict else item for item in listed]
        else:
            texts.append(listed)
    text = "\n\n".join(text for text in texts if type(text) is str and text.strip())
    if text:
        yield Part("reasoning", "assistant", text)
    else:
        notes.skipped["thinking without text"] += 1


def _calls(message: dict[str, Any], notes: Notes) -> Iterator[Part]:
    """Yield the calls that stand beside a message's content."""
    beside = message.get("additional_kwargs")
    for source in (message, beside if type(beside) is dict else {}):
        calls = source.get("tool_calls")
        if type(calls) is list and calls:
            for call in calls:
                if type(call) is dict:
                    yield _call(call, notes)
                else:
                    notes.skipped["call of an unknown shape"] += 1
            return
        if type(source.get("function_call")) is dict:  # OpenAI's, before there were several
            yield _call(source["function_call"], notes)
            return


def _call(call: dict[str, Any], notes: Notes) -> Part:
    """Return a call, wherever its name and its arguments stand."""
    function = call.get("function")
    inner = function if type(function) is dict else {}
    name = (
        inner.get("name")
        or (function if type(function) is str else None)
        or call.get("name")
        or call.get("toolName")
        or str(call.get("type") or "").removesuffix("_call")
    )
    places = ((inner, "arguments"), *((call, key) for key in _ARGUMENTS))
    given = next((source[key] for source, key in places if key in source), None)
    call_id = call.get("call_id") or call.get("id") or call.get("toolCallId")
    text, arguments = call_arguments(given, notes, free=call.get("type") == "custom_tool_call")
    return Part("tool_call", "assistant", text, as_text(name), as_text(call_id), arguments)


_ARGUMENTS = ("arguments", "input", "args", "action", "parameters")


def call_arguments(given: Any, notes: Notes, *, free: bool = False) -> tuple[str, dict[str, Any]]:
    """Return a call's arguments as text and as a mapping; ``free`` where they need not be JSON."""
    value = given
    if type(given) is str:
        try:
            value, _ = loads(given.encode("utf-8", "surrogatepass"))
            if is_rounded(value):
                value = loads_exactly(given.encode("utf-8", "surrogatepass"))
        except ValueError:
            if given.strip() and not free:
                notes.skipped["arguments that are not JSON"] += 1
            if given.strip():
                return given, {"input": given}
            value = None
    if value is None:
        value = {}
    return dumps(value), value if type(value) is dict else {"input": value}


def _answer(message: dict[str, Any], notes: Notes) -> Part:
    """Return a result, and whether it says that the call failed."""
    ids = message.get("tool_call_ids")
    call_id = (
        message.get("tool_call_id")
        or message.get("tool_use_id")
        or message.get("call_id")
        or message.get("toolCallId")
        or (ids[0] if type(ids) is list and ids else None)
    )
    content = message.get("content", message.get("output", message.get("result")))
    if type(content) is dict and "content" in content:
        content = content["content"]
    failed = bool(message.get("is_error")) or bool(message.get("error")) or message.get("status") == "error"
    if type(content) is dict and content.get("type") not in list(_TEXTS):
        parts: Iterable[Part] = [Part("message", "tool", dumps(content))]
    else:
        parts = list(_content_parts(content, "tool", notes, 1))
    text = "\n".join(part.text for part in parts if part.text)
    if type(message.get("error")) is dict and not text:
        text = str(message["error"].get("message") or "")
    images = tuple(image for part in parts for image in part.images)
    name = message.get("name") or message.get("function") or message.get("toolName")
    return Part("tool_result", "tool", text, as_text(name), as_text(call_id), None, failed, images)


def _picture(block: dict[str, Any], role: str) -> Part:
    """Return an image: its bytes apart from every text, or a word where it is only named."""
    url = block.get("image_url") or block.get("image") or block.get("url")
    url = url.get("url") if type(url) is dict else url
    if type(url) is str:
        inline = _DATA_URL.match(url)
        if inline is not None:
            return Part("message", role, "", images=(Image(inline[1], url[inline.end() :]),))
        return Part("message", role, f"[image: {url[:200]}]")
    images: list[Image] = []
    words = picture(block, images)
    return Part("message", role, "".join(words), images=tuple(images))


def _file(block: dict[str, Any], kind: str) -> str:
    """Return a word for a file, whose bytes are no text."""
    inner = block.get(kind) if type(block.get(kind)) is dict else block
    named = inner.get("filename") or inner.get("file_id") or inner.get("title") or inner.get("format")  # type: ignore[union-attr]
    return f"[{kind}: {str(named or 'not recorded')[:200]}]"
