"""Pairing: calls and their results in the order that every provider accepts.

One function serves all formats. It pairs by the targets that were stored when a result was
committed, never by ids, and lists each repair it makes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from tract_nb.model.message import Message

NO_RESULT = "[no result recorded]"
LEFT_OUT = "[result left out]"
ERROR_STATUS = "error"

#: what both providers accept: OpenAI function names and Anthropic tool ids are ``^[a-zA-Z0-9_-]+$``,
#: OpenAI takes names of 64 and ids of 40 characters at the most
_ILLEGAL = re.compile(r"[^a-zA-Z0-9_-]+")
MAX_NAME, MAX_ID = 64, 40


@dataclass(frozen=True, slots=True)
class Call:
    """A call with an id and a name that providers accept, and its arguments as an object."""

    commit: str
    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a call."""

    id: str
    name: str
    text: str
    is_error: bool


@dataclass(slots=True)
class Turn:
    """What one side says at once: texts, and an assistant's calls with all their answers."""

    role: str
    texts: list[Message] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def commits(self) -> list[str]:
        """The hashes of its texts and calls."""
        return [*(message.commit for message in self.texts), *(call.commit for call in self.calls)]


@dataclass(frozen=True, slots=True)
class Paired:
    """A context in turns, and what had to be repaired for it."""

    turns: tuple[Turn, ...]
    warnings: tuple[str, ...]


def pair(messages: Iterable[Message], left_out: Collection[str] = ()) -> Paired:
    """Return messages as turns.

    Parameters
    ----------
    messages : iterable of Message
        In the order of the context.
    left_out : collection of str
        The identities of calls whose result was skipped on purpose.
    """
    said = list(messages)
    calls = {message.identity for message in said if message.is_call}
    results: dict[str, list[Message]] = {}
    for message in said:
        if message.is_result and message.call in calls:
            results.setdefault(message.call, []).append(message)
    warnings: list[str] = []
    names = _Names(warnings)
    turns: list[Turn] = []
    for members in _grouped(said, calls, warnings):
        if members[0].role == "assistant":
            turns.append(_assistant(members, results, left_out, names, warnings))
        else:
            turns.append(Turn(members[0].role if members[0].role == "system" else "user", texts=members))
    warnings += _of_anthropic(turns)
    return Paired(tuple(turns), tuple(warnings))


def _of_anthropic(turns: Sequence[Turn]) -> list[str]:
    """Return what only Anthropic's format has to repair.

    Instructions stand before all turns, a user begins, no blank ends the last text.
    """
    spoken = [turn for turn in turns if turn.role != "system"]
    found = [
        f"the instruction {turn.commits[0][:8]} goes to Anthropic's system prompt, before what came first"
        for place, turn in enumerate(turns)
        if turn.role == "system" and any(earlier.role != "system" for earlier in turns[:place])
    ]
    if not spoken or spoken[0].role != "user":
        found.append("the first turn is not a user's: Anthropic is sent one that says so")
    if spoken and not spoken[-1].calls and spoken[-1].role == "assistant":
        last = spoken[-1].texts[-1]
        if last.text != last.text.rstrip():
            found.append(f"the white space at the end of {last.commit[:8]} is left out for Anthropic")
    return found


def _grouped(said: Sequence[Message], calls: set[str], warnings: list[str]) -> list[list[Message]]:
    """Return runs of an assistant's messages, and everything else alone; paired results left out.

    A result ends the turn of its call, so that what is said after it stays after it.
    """
    groups: list[list[Message]] = []
    open_turn: list[Message] | None = None
    answered: list[Message] | None = None  # the turn whose results are coming in
    for message in said:
        if message.is_result and message.call in calls:
            if open_turn and any(member.identity == message.call for member in open_turn):
                answered, open_turn = open_turn, None
            elif not answered or all(member.identity != message.call for member in answered):
                warnings.append(
                    f"the result {message.commit[:8]} stands right behind its call, which was earlier"
                )
        elif not message.is_call and not message.is_result and not message.text.strip():
            warnings.append(f"{message.commit[:8]} is blank and was left out")
        elif message.role == "assistant":
            if open_turn is None:
                open_turn, answered = [], None
                groups.append(open_turn)
            open_turn.append(message)
        else:
            if message.is_result:
                warnings.append(
                    f"the result {message.commit[:8]} has no call here: it is sent as a user's text"
                )
            open_turn = answered = None
            groups.append([message])
    return groups


def _assistant(
    members: list[Message],
    results: dict[str, list[Message]],
    left_out: Collection[str],
    names: _Names,
    warnings: list[str],
) -> Turn:
    turn = Turn("assistant", texts=[member for member in members if not member.is_call])
    for member in members:
        if not member.is_call:
            continue
        call = Call(member.commit, names.call_id(member), names.tool(member), names.arguments(member))
        turn.calls.append(call)
        turn.answers.append(_answer(member, call, results.get(member.identity, []), left_out, warnings))
    return turn


def _answer(
    member: Message, call: Call, found: list[Message], left_out: Collection[str], warnings: list[str]
) -> Answer:
    short = member.commit[:8]
    if not found and member.identity in left_out:
        return Answer(call.id, call.name, LEFT_OUT, is_error=False)
    if not found:
        warnings.append(f"the call {short} ({call.name}) has no result: '{NO_RESULT}' stands for it")
        return Answer(call.id, call.name, NO_RESULT, is_error=True)
    if len(found) > 1:
        warnings.append(f"the call {short} ({call.name}) has {len(found)} results: they were joined")
    text = "\n\n".join(message.text for message in found)
    return Answer(call.id, call.name, text, is_error=any(message.status == ERROR_STATUS for message in found))


def orphan_text(message: Message) -> str:
    """Return what a result without a call says as a user's text."""
    return f"[result of {message.name or 'a tool'}, its call is not in this context]\n{message.text}"


class _Names:
    """Ids and names in a form that providers accept; an id is never given twice."""

    def __init__(self, warnings: list[str]) -> None:
        self._warnings = warnings
        self._given: set[str] = set()

    def call_id(self, message: Message) -> str:
        recorded = message.call_id or ""
        legal = _ILLEGAL.sub("_", recorded)[:MAX_ID] or f"call_{message.commit[:12]}"
        unique, count = legal, 1
        while unique in self._given:
            count += 1
            suffix = f"_{count}"
            unique = legal[: MAX_ID - len(suffix)] + suffix
        self._given.add(unique)
        if unique != recorded:
            self._warnings.append(f"the call id {recorded!r} of {message.commit[:8]} is sent as {unique!r}")
        return unique

    def tool(self, message: Message) -> str:
        recorded = message.name or ""
        legal = _ILLEGAL.sub("_", recorded)[:MAX_NAME] or "tool"
        if legal != recorded:
            self._warnings.append(f"the tool name {recorded!r} of {message.commit[:8]} is sent as {legal!r}")
        return legal

    def arguments(self, message: Message) -> dict[str, Any]:
        """Return the arguments as the object that providers ask for."""
        if isinstance(message.arguments, dict):
            return message.arguments
        try:
            value = orjson.loads(message.text)
        except orjson.JSONDecodeError:
            value = message.text
        if isinstance(value, dict):
            return value
        self._warnings.append(f"the arguments of {message.commit[:8]} are no JSON object: sent as 'input'")
        return {"input": value}
