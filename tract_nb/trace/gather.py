"""One pass over a trace's events that keeps of each call what the tables need, and no more."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from tract_nb.model.event import Event, Usage
from tract_nb.trace.json_lines import dumps

#: arguments that say what a call is about, the most telling first
_TARGETS = (
    *("file_path", "notebook_path", "command", "cmd", "pattern", "path", "url", "query", "description"),
    *("prompt", "skill", "name", "taskId", "subject"),
)
BLOCKS = "[{'type': 'text', 'text'"  # how a list of blocks begins where Python wrote it
_ONE_LINE = 200
MESSAGE = 500
#: tools that start a subagent
STARTERS = frozenset({"Task", "Agent", "spawn_agent"})
#: tools that run a command: Claude Code's, Codex's, SWE-agent's and Inspect's
SHELLS = frozenset(
    {
        *("Bash", "PowerShell", "bash", "shell", "shell_command", "exec_command", "local_shell"),
        *("execute_bash", "bash_session", "run_command"),
    }
)
PATCHERS = frozenset({"apply_patch"})
_PATCHED = re.compile(r"^\*\*\* (Add|Update|Delete) File: (.+?)[ \t\r]*$", re.MULTILINE)


class Call:
    """A call and what became of it."""

    answered = False
    failed = False
    ended: datetime | None = None
    chars = 0  # size of the result
    began = ""  # how the result begins
    message = ""  # more of it, if it reports a failure
    answer: str | None = None  # all of it, from a subagent

    def __init__(self, event: Event) -> None:
        arguments = event.arguments or {}
        self.event = event.id
        self.call_id = event.call_id
        self.agent = event.agent
        self.time = event.time
        self.name = name = event.name or ""
        self.line = event.line
        path = arguments.get("file_path") or arguments.get("notebook_path")
        self.path = path if type(path) is str else None
        self.target = self.path if self.path and "\n" not in self.path else target_of(arguments)
        # a shell's command and an agent's task are kept whole; what was written to a file is not
        self.arguments: dict[str, Any] = arguments if name in STARTERS or name in SHELLS else {}
        #: the files that a patch touches, each with what is done to it: Add, Update or Delete
        self.patched = _PATCHED.findall(_patch(arguments)) if name in PATCHERS else []

    def settle(self, result: Event) -> None:
        """Take in the result."""
        text = result.text
        self.answered = True
        self.failed = result.is_error
        self.ended = result.time
        self.chars = len(text)
        self.began = text[:60]
        if result.is_error:
            self.message = text[:MESSAGE]
        if self.name in STARTERS:
            self.answer = text

    @property
    def seconds(self) -> float | None:
        """How long it took, by the times of call and result."""
        if self.time is None or self.ended is None:
            return None
        return (self.ended - self.time).total_seconds()


class Spoken:
    """What is kept of a subagent's conversation."""

    __slots__ = ("answer", "first", "last", "task")

    def __init__(self, task: str | None = None, first: datetime | None = None) -> None:
        self.task = task  # its first words, which come from outside
        self.answer: str | None = None  # its last own ones
        self.first = self.last = first


class Reply(NamedTuple):
    """What is kept of one of the provider's replies."""

    agent: str | None
    time: datetime | None
    model: str | None
    usage: Usage
    cost: float | None


class Gathered:
    """All calls, subagents and replies of a trace.

    Parameters
    ----------
    events : iterable of Event
        In the trace's order.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self.calls: list[Call] = []
        self.agents: dict[str, Spoken] = {}
        self.replies: dict[str, Reply] = {}
        waiting: dict[str | None, list[Call]] = {}  # an id may be used twice
        for event in events:
            kind = event.kind
            if kind == "tool_call":
                call = Call(event)
                self.calls.append(call)
                if call.call_id in waiting:
                    waiting[call.call_id].append(call)
                else:
                    waiting[call.call_id] = [call]
            elif kind == "tool_result":
                asked = waiting.get(event.call_id)
                if asked:
                    asked.pop(0).settle(event)
            if event.usage is not None:
                self._reply(event, event.usage)
            agent = event.agent
            if agent is not None:
                spoken = self.agents.get(agent) or self._begin(event)
                spoken.last = event.time or spoken.last
                if kind == "message" and event.role == "assistant":
                    spoken.answer = event.text

    def _reply(self, event: Event, usage: Usage) -> None:
        """Keep the last report of a reply, which is the largest; its records repeat it as it grows."""
        key = event.message_id or event.id
        known = self.replies.get(key)
        if known is None:
            self.replies[key] = Reply(event.agent, event.time, event.model, usage, event.cost)
        elif usage is not known.usage and usage.output_tokens >= known.usage.output_tokens:
            self.replies[key] = known._replace(usage=usage, cost=event.cost)

    def _begin(self, event: Event) -> Spoken:
        """Begin with an agent at its first event."""
        asked = event.text if event.kind == "message" and event.role == "user" else None
        return self.agents.setdefault(event.agent or "", Spoken(asked, event.time))


def _patch(arguments: dict[str, Any]) -> str:
    given = arguments.get("input") or arguments.get("patch")
    return given if type(given) is str else ""


def command_of(arguments: dict[str, Any]) -> str:
    """Return the command that a shell was given: a text, or the words of one."""
    given = arguments.get("command") or arguments.get("cmd") or ""
    if type(given) is list:
        return shlex.join(str(word) for word in given)
    return str(given)


def target_of(arguments: dict[str, Any]) -> str:
    """Return in one line what a call is about."""
    for key in _TARGETS:
        value = arguments.get(key)
        if key == "command" and type(value) is list:
            value = command_of(arguments)
        if value and type(value) is str:
            return one_line(value)
    return one_line(dumps(arguments)) if arguments else ""


def plain_answer(text: str) -> str:
    """Return the words of a result that is written as a Python list of blocks."""
    if not text.startswith(BLOCKS):
        return text
    try:
        blocks = ast.literal_eval(text.strip())
        return "\n".join(str(block["text"]) for block in blocks if block.get("type") == "text")
    except (ValueError, SyntaxError, KeyError, TypeError, AttributeError, MemoryError, RecursionError):
        return text  # truncated, or not the writer's


def one_line(text: str, limit: int = _ONE_LINE) -> str:
    """Return a text's beginning on one line."""
    if len(text) <= limit and "\n" not in text:
        return text
    flat = " ".join(text[: limit * 4].split())
    return flat if len(flat) <= limit and len(text) <= limit * 4 else flat[: limit - 1] + "…"
