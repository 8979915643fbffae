"""The tables of a trace: their columns, what each holds and in which unit."""

from __future__ import annotations

from typing import ClassVar

from tract_nb.model.table import UTC, Column, Table

_AGENT = Column("agent", "str", "the subagent it belongs to; missing in the main conversation")
_TIME = Column("time", UTC, "of the call")
_EVENT = Column("event", "str", "id of the call's event")
_SECONDS = Column("seconds", "float64", "from the call to its result, by their own times")


class CallTable(Table):
    """Every call of a tool, in the trace's order: the main conversation's, then each agent's."""

    columns: ClassVar[tuple[Column, ...]] = (
        _TIME,
        _AGENT,
        Column("name", "str", "the tool"),
        Column("target", "str", "what it was called on: a path, a command, a pattern, a task; one line"),
        Column("failed", "bool", "its result reports a failure"),
        Column("answered", "bool", "it has a result"),
        _SECONDS,
        Column("chars", "int64", "size of the result's text in characters"),
        Column("line", "int64", "the line of the file it stands on"),
        _EVENT,
    )


class ToolTable(Table):
    """How often each tool was called, the most used first."""

    columns: ClassVar[tuple[Column, ...]] = (
        Column("name", "str", "the tool"),
        Column("calls", "int64", "how often it was called"),
        Column("failed", "int64", "how many of these calls report a failure"),
        Column("chars", "int64", "size of all its results in characters"),
    )


class FileTable(Table):
    """Every file that a tool read or wrote, in the order of first use in :class:`CallTable`."""

    columns: ClassVar[tuple[Column, ...]] = (
        Column("path", "str", "without the folder that the session ran in"),
        Column("read", "int64", "reads that did not fail"),
        Column("modified", "int64", "writes and edits that did not fail, the creating one apart"),
        Column("created", "bool", "it was not there before"),
        Column("failed", "int64", "calls on it that failed"),
        Column("first", UTC, "time of the first call on it"),
    )


class CommandTable(Table):
    """Every command that was run in a shell, in the order of time; those without one come last."""

    columns: ClassVar[tuple[Column, ...]] = (
        _TIME,
        _AGENT,
        Column("command", "str", "as it was given"),
        Column("description", "str", "what the model said it is for"),
        Column("failed", "bool", "its result reports a failure"),
        Column("exit", "Int64", "the exit code, where the result says one; 0 is never said"),
        _SECONDS,
        _EVENT,
    )


class FailureTable(Table):
    """Every result that reports a failure, in the order of time; those without one come last."""

    columns: ClassVar[tuple[Column, ...]] = (
        Column("time", UTC, "of the result; agents' failures stand among the main ones"),
        _AGENT,
        Column("name", "str", "the tool"),
        Column("target", "str", "what it was called on"),
        Column("message", "str", "how the result begins"),
        _EVENT,
    )


class AgentTable(Table):
    """Every subagent, in the trace's order."""

    columns: ClassVar[tuple[Column, ...]] = (
        Column("id", "str", "the agent; missing where the trace holds only the call that started it"),
        Column("type", "str", "its type, as it was asked for"),
        Column("task", "str", "what it was told to do"),
        Column("calls", "int64", "how many tools it called"),
        Column("failed", "int64", "how many of these calls failed"),
        Column("started", UTC, "time of its first event, or of the call that started it"),
        Column("seconds", "float64", "from its first event to its last"),
        Column("answer", "str", "its last words"),
        Column("call", "str", "id of the event that started it, where the trace tells"),
    )


class UsageTable(Table):
    """What the provider reported, once for each reply."""

    columns: ClassVar[tuple[Column, ...]] = (
        Column("message", "str", "the provider's id of the reply"),
        Column("agent", "str", "the subagent it belongs to; missing in the main conversation"),
        Column("time", UTC, "of the reply's first event"),
        Column("model", "str", "the model that wrote it"),
        Column("input", "int64", "all input tokens, cached ones included"),
        Column("output", "int64", "output tokens"),
        Column("cached", "int64", "input tokens that were read from the cache"),
        Column("written", "int64", "input tokens that were written to the cache"),
        Column("cost", "float64", "in US dollars, where the trace says so"),
    )
