"""Provider formats: paired turns as the requests of OpenAI and Anthropic, and as plain dicts."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

import orjson

from tract_nb.engine.pairing import Answer, Turn, orphan_text
from tract_nb.model.message import Message

STARTS_HERE = "[the conversation starts here]"
NO_OUTPUT = "[no output]"

#: OpenAI: a participant's name may not hold spaces, <, >, |, \ or /
_ILLEGAL_NAME = re.compile(r"[\s<|\\/>]+")


def to_dicts(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Return the context as plain dicts, one a message, calls and results paired.

    ``{"role", "content"}``; an assistant with calls has ``tool_calls`` (each ``id``, ``name``,
    ``arguments``), a result ``tool_call_id``, ``name`` and ``is_error``.
    """
    said: list[dict[str, Any]] = []
    for turn in turns:
        message: dict[str, Any] = {"role": turn.role, "content": joined(turn.texts)}
        if turn.calls:
            message["tool_calls"] = [
                {"id": call.id, "name": call.name, "arguments": call.arguments} for call in turn.calls
            ]
        said.append(message)
        said.extend(
            {
                "role": "tool",
                "tool_call_id": answer.id,
                "name": answer.name,
                "content": answer.text,
                "is_error": answer.is_error,
            }
            for answer in turn.answers
        )
    return said


def to_openai(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Return the ``messages`` of an OpenAI chat completion; litellm takes the same."""
    said: list[dict[str, Any]] = []
    for turn in turns:
        message: dict[str, Any] = {"role": turn.role, "content": joined(turn.texts) or None}
        name = turn.texts[0].name if len(turn.texts) == 1 and not turn.texts[0].is_result else None
        if name:
            message["name"] = _ILLEGAL_NAME.sub("_", name)[:64]
        if turn.calls:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": orjson.dumps(call.arguments).decode()},
                }
                for call in turn.calls
            ]
        said.append(message)
        said.extend(
            {"role": "tool", "tool_call_id": answer.id, "content": answer.text} for answer in turn.answers
        )
    return said


def to_anthropic(turns: Sequence[Turn], *, cached: Collection[str] | None = None) -> dict[str, Any]:
    """Return ``system`` (where there is one) and ``messages`` of an Anthropic message request.

    With ``cached``, the hashes of what the last call was sent, ends of prefixes are marked for the
    provider's cache: of the system prompt, of what that call was sent, of all.
    """
    system = [{"type": "text", "text": joined(turn.texts)} for turn in turns if turn.role == "system"]
    said: list[dict[str, Any]] = []
    marks = system[-1:]
    for turn in turns:
        if turn.role == "system":
            continue
        _say(said, turn.role, [*_text_blocks(turn.texts), *_call_blocks(turn)])
        if turn.answers:
            _say(said, "user", [_result_block(answer) for answer in turn.answers])
        if cached and all(commit in cached for commit in turn.commits):
            marks = [*system[-1:], said[-1]["content"][-1]]
    if not said or said[0]["role"] != "user":
        said.insert(0, {"role": "user", "content": [{"type": "text", "text": STARTS_HERE}]})
    _trim_end(said)
    if cached is not None:
        for block in (*marks, said[-1]["content"][-1]):
            block["cache_control"] = {"type": "ephemeral"}
    return {"system": system, "messages": said} if system else {"messages": said}


def _say(said: list[dict[str, Any]], role: str, blocks: list[dict[str, Any]]) -> None:
    """Add blocks to the last message where it has the same role: turns must alternate."""
    if said and said[-1]["role"] == role:
        said[-1]["content"].extend(blocks)
    else:
        said.append({"role": role, "content": blocks})


def _text_blocks(texts: Sequence[Message]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": _spoken(message, with_name=True)} for message in texts]


def _call_blocks(turn: Turn) -> list[dict[str, Any]]:
    return [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in turn.calls
    ]


def _result_block(answer: Answer) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": answer.id, "content": answer.text}
    if answer.is_error:
        # an error without a text is refused
        block |= {"is_error": True, "content": answer.text if answer.text.strip() else NO_OUTPUT}
    return block


def _trim_end(said: list[dict[str, Any]]) -> None:
    """Take white space off an assistant's last text: a request that ends in it is refused."""
    last = said[-1]
    if last["role"] == "assistant" and last["content"][-1]["type"] == "text":
        last["content"][-1]["text"] = last["content"][-1]["text"].rstrip()


def joined(texts: Sequence[Message]) -> str:
    """Return what one side says at once as one text."""
    return "\n\n".join(_spoken(message) for message in texts)


def _spoken(message: Message, *, with_name: bool = False) -> str:
    if message.is_result:
        return orphan_text(message)
    return f"{message.name}: {message.text}" if with_name and message.name else message.text
