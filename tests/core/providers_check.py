"""What OpenAI and Anthropic accept, written from their documentation and not from our code.

OpenAI: https://platform.openai.com/docs/api-reference/chat/create (messages).
Anthropic: https://docs.anthropic.com/en/api/messages and "Tool use" (handling results).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import TypeAdapter

FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
CALL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
OPENAI_CALL_ID = 40  # characters at the most
PARTICIPANT = re.compile(r"[^\s<|\\/>]{1,64}")


def check_openai(messages: list[dict[str, Any]]) -> None:
    """Assert that a chat completion takes these messages."""
    given: set[str] = set()
    waiting: list[str] = []
    for message in messages:
        role = message["role"]
        if role == "tool":
            assert message["tool_call_id"] in waiting, "a result of no call of the preceding turn"
            waiting.remove(message["tool_call_id"])
            assert isinstance(message["content"], str)
            continue
        assert not waiting, f"calls without a result: {waiting}"
        assert role in ("system", "user", "assistant")
        if "name" in message:
            assert PARTICIPANT.fullmatch(message["name"]), message["name"]
        calls = message.get("tool_calls")
        if calls is None:
            assert isinstance(message["content"], str)
            assert message["content"].strip(), "a blank message"
            continue
        assert role == "assistant"
        assert calls
        assert message["content"] is None or message["content"].strip(), "blank text beside calls"
        for call in calls:
            assert call["type"] == "function"
            assert CALL_ID.fullmatch(call["id"]), call["id"]
            assert len(call["id"]) <= OPENAI_CALL_ID
            assert call["id"] not in given, "an id given twice"
            given.add(call["id"])
            assert FUNCTION_NAME.fullmatch(call["function"]["name"]), call["function"]["name"]
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
        waiting = [call["id"] for call in calls]
    assert not waiting, f"calls without a result: {waiting}"


def check_anthropic(request: dict[str, Any]) -> None:
    """Assert that a message request takes this system text and these messages."""
    assert set(request) <= {"system", "messages"}
    for block in request.get("system", [{"type": "text", "text": "no system"}]):
        assert block["type"] == "text"
        assert block["text"].strip(), "a blank system block"
    messages = request["messages"]
    assert messages, "no message"
    given: set[str] = set()
    waiting: list[str] = []
    for place, message in enumerate(messages):
        assert message["role"] == ("user", "assistant")[place % 2], "roles alternate, the first is the user's"
        assert message["content"], "a message of nothing"
        answered = _check_user(message) if message["role"] == "user" else []
        assert sorted(answered) == sorted(waiting), f"asked {waiting}, answered {answered}"
        waiting = _check_assistant(message, given) if message["role"] == "assistant" else []
    assert not waiting, f"calls without a result: {waiting}"
    last = messages[-1]["content"][-1]
    if messages[-1]["role"] == "assistant" and last["type"] == "text":
        assert last["text"] == last["text"].rstrip(), "the final assistant text ends in white space"


def _check_user(message: dict[str, Any]) -> list[str]:
    answered = []
    said_something = False
    for block in message["content"]:
        if block["type"] == "tool_result":
            assert not said_something, "results come first in their turn"
            assert isinstance(block["content"], str)
            assert not block.get("is_error") or block["content"].strip(), "an error without a text"
            answered.append(block["tool_use_id"])
        else:
            assert block["type"] == "text"
            assert block["text"].strip(), "a blank text block"
            said_something = True
    assert len(set(answered)) == len(answered), "a call answered twice"
    return answered


def _check_assistant(message: dict[str, Any], given: set[str]) -> list[str]:
    asked = []
    for block in message["content"]:
        if block["type"] == "tool_use":
            assert CALL_ID.fullmatch(block["id"]), block["id"]
            assert block["id"] not in given, "an id given twice"
            given.add(block["id"])
            assert FUNCTION_NAME.fullmatch(block["name"]), block["name"]
            assert isinstance(block["input"], dict)
            asked.append(block["id"])
        else:
            assert block["type"] == "text"
            assert block["text"].strip(), "a blank text block"
            assert not asked, "a text after a call in one turn"
    return asked


@cache
def _openai_type() -> TypeAdapter[Any]:
    from openai.types.chat import ChatCompletionMessageParam

    return TypeAdapter(list[ChatCompletionMessageParam])


@cache
def _anthropic_types() -> tuple[TypeAdapter[Any], TypeAdapter[Any]]:
    from anthropic.types import MessageParam, TextBlockParam

    return TypeAdapter(list[MessageParam]), TypeAdapter(list[TextBlockParam])


def check_types(openai: list[dict[str, Any]], anthropic: dict[str, Any]) -> None:
    """Assert that the providers' own packages type these requests as we write them."""
    _read(_openai_type().validate_python(openai))
    messages, system = _anthropic_types()
    _read(messages.validate_python(anthropic["messages"]))
    _read(system.validate_python(anthropic.get("system", [])))


def _read(value: Any) -> None:
    """Go through a validated value: what is typed as iterable is only validated as it is read."""
    if isinstance(value, dict):
        value = value.values()
    elif isinstance(value, str | bytes) or not (
        isinstance(value, list | tuple | Iterator) or hasattr(value, "__next__")
    ):
        return
    for item in value:
        _read(item)


def check_compiled(context: Any, *, types: bool = True) -> None:
    """Assert that both providers accept a compiled context."""
    openai, anthropic = context.to_openai(), context.to_anthropic()
    check_openai(openai)
    check_anthropic(anthropic)
    if types:
        check_types(openai, anthropic)
