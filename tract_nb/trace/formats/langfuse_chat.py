"""What an observation of Langfuse's was given and gave, as chat messages, whoever wrote it down."""

from __future__ import annotations

from typing import Any, NamedTuple

from tract_nb.trace.formats.messages import ROLES, Part, message_parts
from tract_nb.trace.json_lines import dumps, loads
from tract_nb.trace.notes import Notes

_DEEPEST = 5  # JSON in strings in JSON


class Said(NamedTuple):
    """A message: who says it (None where it is no chat), and what."""

    role: str | None
    parts: list[Part]


def unnested(value: Any) -> Any:
    """Return a value that is written as JSON in a string, however often that was done."""
    for _ in range(_DEEPEST):
        if type(value) is not str or not value.lstrip().startswith(("{", "[", '"')):
            return value
        try:
            value, _ = loads(value.encode("utf-8", "surrogatepass"))
        except ValueError:
            return value
    return value


def chat_form(value: Any, *, notes: Notes, output: bool = False) -> list[Said]:
    """Return what was sent or answered as chat messages; none where it is no chat.

    Parameters
    ----------
    value : Any
        An observation's input or output.
    notes : Notes
        Where what gives no message is counted.
    output : bool
        It is what was answered: then a bare value is a message of nobody's.
    """
    value = unnested(value)
    if type(value) is list:
        return [said for one in value for said in _message(one, notes, output=output)]
    if type(value) is not dict:
        return []
    for key in ("messages", "output"):
        if type(value.get(key)) is list and value[key]:
            return [said for one in value[key] for said in _message(one, notes, output=output)]
    if type(value.get("choices")) is list:
        answers = [choice.get("message") for choice in value["choices"] if type(choice) is dict]
        return [said for one in answers for said in _message(one, notes, output=output)]
    if type(value.get("prompt")) is str:
        both = (("system", value.get("system")), ("user", value["prompt"]))
        return [
            Said(role, [Part("message", role, text)]) for role, text in both if type(text) is str and text
        ]
    return _message(value, notes, output=output)


def _message(value: Any, notes: Notes, *, output: bool) -> list[Said]:
    """Return one message, or none: what a tool can do is not said by anybody."""
    value = unnested(value)
    if type(value) is not dict:
        return []
    role = ROLES.get(str(value.get("role") or value.get("type") or ""))
    content = value.get("content")
    if role == "tool" and type(content) is dict and content.get("type") == "function":
        return []
    if role is not None and content is None and type(value.get("text")) is str:
        value = {**value, "content": value["text"]}
    if role is None and type(value.get("type")) is str:
        parts = message_parts(value, notes)
        if parts:
            return [Said(parts[0].role, parts)]
    if role is not None:
        return [Said(role, message_parts(value, notes))]
    if not output:
        return []
    inner = message_parts({"role": "tool", "content": content}, notes) if content is not None else []
    text = "".join(part.text for part in inner) or dumps(value)
    return [Said(None, [Part("message", "assistant", text)])]


def answer_text(value: Any, notes: Notes) -> str:
    """Return what a tool gave as text."""
    plain = unnested(value)
    if type(plain) is str:
        return plain
    if plain is None:
        return ""
    said = chat_form(plain, notes=notes, output=True)
    return "\n".join(part.text for one in said for part in one.parts) or dumps(plain)


def called_with(calls: list[Part], name: str, given: Any) -> Part | None:
    """Return the open call that a tool's run belongs to: by name and arguments, else by name alone."""
    named = [call for call in calls if call.name == name]
    inner = given.get("input") if type(given) is dict else None
    exact = [call for call in named if call.arguments in (given, inner)]
    return next(iter(exact or named), None)
