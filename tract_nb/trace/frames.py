"""Many traces as DataFrames: sessions, events, calls, files, commands, failures, agents, usage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from tract_nb.errors import TraceError, TractError, UnknownFormatError
from tract_nb.model.price import Prices
from tract_nb.model.table import UTC, Column, Table
from tract_nb.trace import tables
from tract_nb.trace.head import place_of
from tract_nb.trace.reading import read
from tract_nb.trace.recording import Trace
from tract_nb.trace.registry import recognise
from tract_nb.trace.rows import SessionTable, session_row
from tract_nb.trace.scanning import files_under

if TYPE_CHECKING:
    import pandas as pd

#: a trace, a path of one, a folder (all sessions under it), or several of these
Traces = Trace | str | PathLike[str] | Iterable[Trace | str | PathLike[str]]

_SESSION = Column("session", "str", "the session's id")


class EventRows(Table):
    """Every event: the main conversation's, then each agent's."""

    columns: ClassVar[tuple[Column, ...]] = (
        _SESSION,
        Column("n", "int64", "the event's place in its session, counted from 1"),
        Column("event", "str", "the event's id"),
        Column("parent", "str", "the event that it follows"),
        Column("agent", "str", "the subagent it belongs to; missing in the main conversation"),
        Column("time", UTC, "of the event"),
        Column("kind", "str", "message, reasoning, tool_call, tool_result, compaction or other"),
        Column("role", "str", "user, assistant, system or tool"),
        Column("name", "str", "the tool of a call or a result"),
        Column("call_id", "str", "what pairs a result with its call"),
        Column("text", "str", "as the model saw it; a call's arguments as JSON"),
        Column("chars", "int64", "size of the text in characters"),
        Column("failed", "bool", "a result that reports a failure"),
        Column("typed", "bool", "a person typed it"),
        Column("message", "str", "the provider's id of the reply it is part of"),
        Column("model", "str", "the model that wrote it"),
        Column("line", "int64", "the line of the file it stands on"),
    )


class CallRows(tables.CallTable):
    """Every call of a tool, by session."""

    columns: ClassVar[tuple[Column, ...]] = (_SESSION, *tables.CallTable.columns)


class FileRows(tables.FileTable):
    """Every file that a tool read or wrote, by session."""

    columns: ClassVar[tuple[Column, ...]] = (_SESSION, *tables.FileTable.columns)


class CommandRows(tables.CommandTable):
    """Every command that was run in a shell, by session."""

    columns: ClassVar[tuple[Column, ...]] = (_SESSION, *tables.CommandTable.columns)


class FailureRows(tables.FailureTable):
    """Every result that reports a failure, by session."""

    columns: ClassVar[tuple[Column, ...]] = (_SESSION, *tables.FailureTable.columns)


class AgentRows(tables.AgentTable):
    """Every subagent, by session."""

    columns: ClassVar[tuple[Column, ...]] = (_SESSION, *tables.AgentTable.columns)


class UsageRows(tables.UsageTable):
    """What the provider reported, once for each reply, by session."""

    columns: ClassVar[tuple[Column, ...]] = (_SESSION, *tables.UsageTable.columns)


class Unread(Table):
    """What could not be read."""

    columns: ClassVar[tuple[Column, ...]] = (
        Column("path", "str", "the file or folder"),
        Column("error", "str", "what is wrong, and what to do"),
    )


def _each(traces: Traces, errors: list[tuple[str, str]] | None) -> Iterator[Trace]:
    """Yield the traces one by one; one that cannot be read is an error, or a row of them."""
    given = (traces,) if isinstance(traces, Trace | str | PathLike) else traces
    for one in given:
        if isinstance(one, Trace):
            yield one
            continue
        place = place_of(one)
        paths = list(_under(place)) if place.is_dir() else [fspath(place)]
        for path in paths:
            try:
                tr = read(path)
                if len(paths) == 1 or "agent" not in tr.metadata:  # a subagent comes with its session
                    yield tr
            except TraceError as error:
                if errors is None:
                    raise
                errors.append((path, str(error)))


def _under(folder: Path) -> Iterator[str]:
    """Yield the sessions under a folder, each conversation of a file that holds several."""
    for file in files_under(folder):
        try:
            found, _ = recognise(Path(file.path))
        except UnknownFormatError:
            continue  # a file of another kind that lies there too
        except TraceError:
            yield file.path  # said where it is read
            continue
        parts = found.parts(Path(file.path)) if found.parts is not None else []
        yield from (f"{file.path}#{part}" for part in parts) if len(parts) > 1 else (file.path,)


Rows = Callable[[Trace], Iterable[tuple[Any, ...]]]


def _frame(table: type[Table], rows: Rows, traces: Traces, *, strict: bool) -> Any:
    errors: list[tuple[str, str]] | None = None if strict else []
    found: list[tuple[Any, ...]] = []
    for tr in _each(traces, errors):
        try:
            found += rows(tr)
        except TraceError as error:
            if errors is None:
                raise
            errors.append((str(tr.path), str(error)))
    frame = table(tuple(found)).to_frame()
    return frame if errors is None else (frame, Unread(tuple(errors)).to_frame())


def _of_structure(name: str) -> Rows:
    return lambda tr: ((tr.session_id, *row) for row in getattr(tr.structure, name).rows)


def _event_rows(tr: Trace) -> Iterator[tuple[Any, ...]]:
    for number, event in enumerate(tr.events, 1):
        yield (
            *(tr.session_id, number, event.id, event.parent, event.agent, event.time, event.kind, event.role),
            *(event.name, event.call_id, event.text, len(event.text), event.is_error, event.is_prompt),
            *(event.message_id, event.model, event.line),
        )


@overload
def sessions_df(traces: Traces, *, strict: Literal[True] = True) -> pd.DataFrame: ...
@overload
def sessions_df(traces: Traces, *, strict: Literal[False]) -> tuple[pd.DataFrame, pd.DataFrame]: ...
def sessions_df(traces: Traces, *, strict: bool = True) -> Any:
    """Return one row a session (:class:`tract_nb.trace.rows.SessionTable`).

    Parameters
    ----------
    traces : Trace, path, or several
        A folder means every session under it, at any depth.
    strict : bool
        What cannot be read is an error; else it is left out and told in a second frame.

    Returns
    -------
    pandas.DataFrame, or a pair of them
        With ``strict=False`` also the errors, with the columns path and error.

    Raises
    ------
    TraceError
        Where a trace cannot be read, unless ``strict=False``.
    """
    return _frame(SessionTable, lambda tr: [session_row(tr)], traces, strict=strict)


@overload
def events_df(traces: Traces, *, strict: Literal[True] = True) -> pd.DataFrame: ...
@overload
def events_df(traces: Traces, *, strict: Literal[False]) -> tuple[pd.DataFrame, pd.DataFrame]: ...
def events_df(traces: Traces, *, strict: bool = True) -> Any:
    """Return every event (:class:`EventRows`); takes and returns what :func:`sessions_df` does."""
    return _frame(EventRows, _event_rows, traces, strict=strict)


@overload
def calls_df(traces: Traces, *, strict: Literal[True] = True) -> pd.DataFrame: ...
@overload
def calls_df(traces: Traces, *, strict: Literal[False]) -> tuple[pd.DataFrame, pd.DataFrame]: ...
def calls_df(traces: Traces, *, strict: bool = True) -> Any:
    """Return every call of a tool (:class:`CallRows`); takes and returns what :func:`sessions_df` does."""
    return _frame(CallRows, _of_structure("calls"), traces, strict=strict)


@overload
def files_df(traces: Traces, *, strict: Literal[True] = True) -> pd.DataFrame: ...
@overload
def files_df(traces: Traces, *, strict: Literal[False]) -> tuple[pd.DataFrame, pd.DataFrame]: ...
def files_df(traces: Traces, *, strict: bool = True) -> Any:
    """Return every file in use (:class:`FileRows`); takes and returns what :func:`sessions_df` does."""
    return _frame(FileRows, _of_structure("files"), traces, strict=strict)


@overload
def commands_df(traces: Traces, *, strict: Literal[True] = True) -> pd.DataFrame: ...
@overload
def commands_df(traces: Traces, *, strict: Literal[False]) -> tuple[pd.DataFrame, pd.DataFrame]: ...
def commands_df(traces: Traces, *, strict: bool = True) -> Any:
    """Return every shell command (:class:`CommandRows`); takes and returns what :func:`sessions_df` does."""
    return _frame(CommandRows, _of_structure("commands"), traces, strict=strict)


@overload
def failures_df(traces: Traces, *, strict: Literal[True] = True) -> pd.DataFrame: ...
@overload
def failures_df(traces: Traces, *, strict: Literal[False]) -> tuple[pd.DataFrame, pd.DataFrame]: ...
def failures_df(traces: Traces, *, strict: bool = True) -> Any:
    """Return every failure (:class:`FailureRows`); takes and returns what :func:`sessions_df` does."""
    return _frame(FailureRows, _of_structure("failures"), traces, strict=strict)


@overload
def agents_df(traces: Traces, *, strict: Literal[True] = True) -> pd.DataFrame: ...
@overload
def agents_df(traces: Traces, *, strict: Literal[False]) -> tuple[pd.DataFrame, pd.DataFrame]: ...
def agents_df(traces: Traces, *, strict: bool = True) -> Any:
    """Return every subagent (:class:`AgentRows`); takes and returns what :func:`sessions_df` does."""
    return _frame(AgentRows, _of_structure("agents"), traces, strict=strict)


@overload
def usage_df(
    traces: Traces, *, strict: Literal[True] = True, prices: Prices | None = None
) -> pd.DataFrame: ...
@overload
def usage_df(
    traces: Traces, *, strict: Literal[False], prices: Prices | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]: ...
def usage_df(traces: Traces, *, strict: bool = True, prices: Prices | None = None) -> Any:
    """Return what the provider reported (:class:`UsageRows`).

    Parameters
    ----------
    traces, strict
        As in :func:`sessions_df`, as is what is returned.
    prices : callable, optional
        Returns the price of a model (``tract_nb.llm.prices.price``); then ``cost`` is reckoned where a
        trace does not say it. A model that it does not know stays without.
    """
    return _frame(UsageRows, lambda tr: usage_rows(tr, prices), traces, strict=strict)


def usage_rows(tr: Trace, prices: Prices | None = None) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of :class:`UsageRows` of one trace."""
    for row in tr.structure.usage:
        cost = row.cost
        if cost is None and prices is not None and row.model:
            cost = _reckoned(row, prices)
        yield (tr.session_id, *row[:-1], cost)


def _reckoned(row: Any, prices: Prices) -> float | None:
    try:
        price = prices(row.model)
    except TractError:
        return None  # no price is known for this model
    fresh = row.input - row.cached - row.written
    return float(
        fresh * price.input
        + row.cached * price.cached
        + row.written * price.cache_write
        + row.output * price.output
    )
