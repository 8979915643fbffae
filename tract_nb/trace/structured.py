"""What an agent did: tools, files, commands, failures, subagents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tract_nb.trace.gather import (
    MESSAGE,
    SHELLS,
    STARTERS,
    Call,
    Gathered,
    command_of,
    one_line,
    plain_answer,
)
from tract_nb.trace.links import Link
from tract_nb.trace.tables import (
    AgentTable,
    CallTable,
    CommandTable,
    FailureTable,
    FileTable,
    ToolTable,
    UsageTable,
)

_READERS = {"Read", "NotebookRead"}
_WRITERS = {"Edit", "MultiEdit", "Write", "NotebookEdit"}
_CREATED = "File created successfully"
_UPDATED = re.compile(r"The file .{1,50}")  # what a Write says of a file that was there
_NO_TIME = datetime.max.replace(tzinfo=UTC)
_EXIT_CODE = re.compile(r"(?:Exit code:? |Process exited with code )(\d+)\b")


@dataclass(frozen=True, slots=True, repr=False)
class Structure:
    """What was done in a trace.

    Parameters
    ----------
    tool_counts : dict
        Calls by tool, the most used first.
    files_read, files_modified, files_created : tuple of str
        Unique, in the order of first use, without the folder that the session ran in. A file that was
        created counts as created, however often it was modified later. A call that failed counts
        for nothing here. A file that was read under two names, from the folder and from the root,
        stands under both in ``files_read``; ``files`` has one row for each file.
    tools, calls, files, commands, failures, agents, usage : Table
        The details; each has ``to_frame()``. ``commands`` and ``failures`` are in the order of time, the
        others in the trace's: the main conversation first, then each agent's.
    """

    tool_counts: dict[str, int]
    files_read: tuple[str, ...]
    files_modified: tuple[str, ...]
    files_created: tuple[str, ...]
    tools: ToolTable
    calls: CallTable
    files: FileTable
    commands: CommandTable
    failures: FailureTable
    agents: AgentTable
    usage: UsageTable

    def __repr__(self) -> str:
        return (
            f"Structure({len(self.calls)} calls, {len(self.failures)} failures, "
            f"{len(self.files_read)} files read, {len(self.files_modified)} modified, "
            f"{len(self.files_created)} created, {len(self.agents)} agents)"
        )

    def _repr_html_(self) -> str:
        return self.tools._repr_html_()


def structure_of(gathered: Gathered, links: Mapping[str, Link], root: str | None) -> Structure:
    """Put together what was done.

    Parameters
    ----------
    gathered : Gathered
        Calls, agents and replies.
    links : mapping
        The subagents and the calls that started them.
    root : str or None
        The folder that the session ran in; paths are told from it.
    """
    calls = gathered.calls
    files = _files(calls, root)
    tools = _tools(calls)
    return Structure(
        tool_counts={name: count for name, count, *_ in tools},
        files_read=_names_read(calls, root),
        files_modified=tuple(path for path, file in files.items() if file.modified and not file.created),
        files_created=tuple(path for path, file in files.items() if file.created),
        tools=tools,
        calls=CallTable(tuple(_call_row(call) for call in calls)),
        files=FileTable(
            tuple(
                (path, file.read, file.modified, file.created, file.failed, file.first)
                for path, file in files.items()
            )
        ),
        commands=CommandTable(_in_time(_command_row(call) for call in calls if call.name in SHELLS)),
        failures=FailureTable(_in_time(_failure_row(call) for call in calls if call.failed)),
        agents=_agents(gathered, links),
        usage=_usage(gathered),
    )


def _in_time(rows: Iterable[tuple[Any, ...]]) -> tuple[tuple[Any, ...], ...]:
    """Return rows in the order of their first column, a time; those without one come last."""
    return tuple(sorted(rows, key=lambda row: (row[0] is None, row[0] or _NO_TIME)))


def _call_row(call: Call) -> tuple[Any, ...]:
    return (
        *(call.time, call.agent, call.name, call.target, call.failed, call.answered),
        *(call.seconds, call.chars, call.line, call.event),
    )


def _command_row(call: Call) -> tuple[Any, ...]:
    said = call.arguments
    code = _EXIT_CODE.match(call.began) if call.failed else None
    return (
        *(call.time, call.agent, command_of(said), str(said.get("description") or "")),
        *(call.failed, int(code[1]) if code else None, call.seconds, call.event),
    )


def _failure_row(call: Call) -> tuple[Any, ...]:
    return call.ended, call.agent, call.name, call.target, one_line(call.message, MESSAGE), call.event


def _tools(calls: list[Call]) -> ToolTable:
    counts: dict[str, list[int]] = {}
    for call in calls:
        count = counts.setdefault(call.name, [0, 0, 0])
        count[0] += 1
        count[1] += call.failed
        count[2] += call.chars
    ranked = sorted(counts.items(), key=lambda item: -item[1][0])
    return ToolTable(tuple((name, *count) for name, count in ranked))


class _File:
    """How one file was used."""

    __slots__ = ("created", "failed", "first", "modified", "read")

    def __init__(self, first: datetime | None) -> None:
        self.read = self.modified = self.failed = 0
        self.created = False
        self.first = first


def _files(calls: list[Call], root: str | None) -> dict[str, _File]:
    files: dict[str, _File] = {}
    for call in calls:
        for done, patched in call.patched:
            _patch(files.setdefault(inside(patched, root), _File(call.time)), done, failed=call.failed)
        path = call.path
        if not path or (call.name not in _READERS and call.name not in _WRITERS):
            continue
        path = inside(path, root)
        file = files.setdefault(path, _File(call.time))
        if call.failed:
            file.failed += 1
        elif call.name in _READERS:
            file.read += 1
        elif call.name == "Write" and _created(call, used=bool(file.read or file.modified or file.created)):
            file.created = True
        else:
            file.modified += 1
    return files


def _patch(file: _File, done: str, *, failed: bool) -> None:
    """Take in what a patch does to a file."""
    if failed:
        file.failed += 1
    elif done == "Add":
        file.created = True
    else:
        file.modified += 1


def _names_read(calls: list[Call], root: str | None) -> tuple[str, ...]:
    """Return the names that files were read under; a second name of the same file as it was written."""
    written = dict.fromkeys(
        call.path for call in calls if call.path and call.name in _READERS and not call.failed
    )
    names: dict[str, None] = {}
    for path in written:
        short = inside(path, root)
        names[path if short in names else short] = None
    return tuple(names)


def _created(call: Call, *, used: bool) -> bool:
    """Tell whether a Write made a new file: by its result, or else by what happened before."""
    if call.began.startswith(_CREATED):
        return True
    return not used and not _UPDATED.match(call.began)


def inside(path: str, root: str | None) -> str:
    """Return a path without the folder that the session ran in."""
    if root and path.startswith((f"{root}/", f"{root}\\")):
        path = path[len(root) + 1 :]
    return path.removeprefix("./")


def _agents(gathered: Gathered, links: Mapping[str, Link]) -> AgentTable:
    """Tell of recorded subagents, and of calls that started one of which nothing else is recorded."""
    counts: dict[str | None, list[int]] = {}
    for call in gathered.calls:
        count = counts.setdefault(call.agent, [0, 0])
        count[0] += 1
        count[1] += call.failed
    rows: list[tuple[Any, ...]] = []
    for agent, link in links.items():
        first, last = (link.spoken.first, link.spoken.last) if link.spoken else (None, None)
        seconds = (last - first).total_seconds() if first and last else None
        rows.append(
            (agent, link.type, link.task, *counts.get(agent, (0, 0)), first, seconds, link.answer, link.call)
        )
    linked = {link.call for link in links.values()}
    for call in gathered.calls:
        if call.name in STARTERS and call.event not in linked:
            said = call.arguments
            answer = None if call.answer is None else plain_answer(call.answer)
            rows.append(
                (
                    None,
                    said.get("subagent_type"),
                    said.get("prompt"),
                    0,
                    0,
                    call.time,
                    call.seconds,
                    answer,
                    call.event,
                )
            )
    return AgentTable(tuple(rows))


def _usage(gathered: Gathered) -> UsageTable:
    return UsageTable(
        tuple(
            (
                *(message, reply.agent, reply.time, reply.model, reply.usage.input_tokens),
                *(
                    reply.usage.output_tokens,
                    reply.usage.cached_tokens,
                    reply.usage.cache_write_tokens,
                    reply.cost,
                ),
            )
            for message, reply in gathered.replies.items()
        )
    )
