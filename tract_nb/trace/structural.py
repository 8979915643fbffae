"""What a trace did, as plain text: the part of a summary that no model is needed for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from typing import Any

from tract_nb.trace.gather import one_line
from tract_nb.trace.reading import read
from tract_nb.trace.recording import Trace

LISTED = 40  # files, commands or failures that are named; the others are counted
_COMMAND, _MESSAGE, _TASK = 160, 240, 240  # characters
_FACTS = (
    "command",
    "timestamp",
    "worktree",
    "cwd",
    "branch",
    "version",
    "model",
    "task",
    "sample",
    "instance",
)


@dataclass(frozen=True, slots=True)
class StructuralData:
    """What was done in a trace; every line of it is told by the trace itself.

    Parameters
    ----------
    session_id, format : str
        The trace.
    metadata : dict
        What the trace says of itself.
    tools : tuple of (name, calls, failed)
        The most used first.
    files_read, files_modified, files_created : tuple of str
        As in :class:`tract_nb.trace.Structure`.
    commands : tuple of (command, failed, exit)
        In the order of time, without output; exit is None where the trace does not say it.
    failures : tuple of (tool, target, message)
        In the order of time.
    agents : tuple of (id, type, task, calls, failed)
        The subagents.
    events, prompts : int
        How many there are.
    """

    session_id: str
    format: str
    metadata: dict[str, Any]
    tools: tuple[tuple[str, int, int], ...]
    files_read: tuple[str, ...]
    files_modified: tuple[str, ...]
    files_created: tuple[str, ...]
    commands: tuple[tuple[str, bool, int | None], ...]
    failures: tuple[tuple[str, str, str], ...]
    agents: tuple[tuple[str | None, str | None, str | None, int, int], ...]
    events: int
    prompts: int

    def to_markdown(self, most: int = LISTED) -> str:
        """Return it as sections of markdown, one line an item; long lists end with what they left out.

        Parameters
        ----------
        most : int
            How many items of a list are named; the others are counted.
        """
        calls, failed = sum(tool[1] for tool in self.tools), len(self.failures)
        facts = [
            f"Session {self.session_id} ({self.format})",
            *(f"{key.capitalize()}: {self.metadata[key]}" for key in _FACTS if self.metadata.get(key)),
            f"{self.events:,} events, {self.prompts} prompts, {calls:,} calls, {failed} failures",
        ]
        sections = [
            ("Metadata", [f"- {plain(fact)}" for fact in facts]),
            ("Tools", [_tool(tool) for tool in self.tools]),
            ("Files created", [f"- {code(path)}" for path in self.files_created]),
            ("Files modified", [f"- {code(path)}" for path in self.files_modified]),
            ("Files read", [f"- {code(path)}" for path in self.files_read]),
            ("Commands", [_command(command) for command in self.commands]),
            ("Failures", [_failure(failure) for failure in self.failures]),
            ("Subagents", [_agent(agent) for agent in self.agents]),
        ]
        return "\n\n".join(f"## {title}\n\n{_listed(lines, most)}" for title, lines in sections if lines)


def extract_structural_data(source: Trace | str | PathLike[str]) -> StructuralData:
    """Return what was done in a trace, without a model.

    Parameters
    ----------
    source : Trace or path
        A trace of any format.

    Raises
    ------
    TraceError
        If it cannot be read.
    """
    tr = source if isinstance(source, Trace) else read(source)
    said = tr.structure
    prompts = events = 0
    for event in tr.events:
        events += 1
        prompts += event.is_prompt and event.agent is None
    return StructuralData(
        session_id=tr.session_id,
        format=tr.format,
        metadata={key: value for key, value in tr.metadata.items() if key != "other_sessions"},
        tools=tuple((row[0], row[1], row[2]) for row in said.tools.rows),
        files_read=said.files_read,
        files_modified=said.files_modified,
        files_created=said.files_created,
        commands=tuple((rows.command, rows.failed, rows.exit) for rows in said.commands),
        failures=tuple((rows.name, rows.target, rows.message) for rows in said.failures),
        agents=tuple((rows.id, rows.type, rows.task, rows.calls, rows.failed) for rows in said.agents),
        events=events,
        prompts=prompts,
    )


def _listed(lines: list[str], most: int) -> str:
    more = len(lines) - most
    return "\n".join([*lines[:most], f"- … {more:,} more"] if more > 0 else lines)


def _tool(tool: tuple[str, int, int]) -> str:
    name, calls, failed = tool
    return f"- {code(name)}: {calls}" + (f", {failed} failed" if failed else "")


def _command(command: tuple[str, bool, int | None]) -> str:
    line, failed, exit_code = command
    said = f" (exit {exit_code})" if exit_code is not None else " (failed)" if failed else ""
    return f"- {code(one_line(line, _COMMAND))}{said}"


def _failure(failure: tuple[str, str, str]) -> str:
    name, target, message = failure
    return f"- {code(name)} {code(one_line(target, 80))}: {plain(one_line(message, _MESSAGE))}"


def _agent(agent: tuple[str | None, str | None, str | None, int, int]) -> str:
    name, kind, task, calls, failed = agent
    who = " ".join(plain(word) for word in (kind, name) if word) or "not recorded"
    did = f"{calls} calls" + (f", {failed} failed" if failed else "")
    return f"- {who} ({did}): {plain(one_line(task or 'task not recorded', _TASK))}"


def code(text: str) -> str:
    """Return foreign text as a span of code, whatever ticks are in it."""
    line = " ".join(text.split())
    ticks = "`" * (max((len(run) for run in _runs(line)), default=0) + 1)
    pad = " " if "`" in line else ""
    return f"{ticks}{pad}{line}{pad}{ticks}" if line else "``"


def _runs(line: str) -> Iterable[str]:
    return (run for run in "".join(char if char == "`" else " " for char in line).split())


def plain(text: str) -> str:
    """Return foreign text as one line of markdown that is no markup: no tag, link, heading or emphasis."""
    line = " ".join(text.split())
    return "".join(f"\\{char}" if char in r"\`*_[]<>#|" else char for char in line)
