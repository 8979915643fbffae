"""A session as one row: what it was, what it did, what it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from tract_nb.model.event import Event
from tract_nb.model.table import UTC, Column, Table
from tract_nb.trace.gather import Gathered, one_line
from tract_nb.trace.recording import Trace

_PROMPT = 80  # characters of the first prompt


class SessionTable(Table):
    """One row a session, with all that its subagents did."""

    columns: ClassVar[tuple[Column, ...]] = (
        Column("session", "str", "the session's id"),
        Column("format", "str", "as `trace.sniff` tells it"),
        Column("project", "str", "the folder that the session ran in, its last part"),
        Column("started", UTC, "the earliest time in it"),
        Column("seconds", "float64", "from the earliest time to the latest"),
        Column("prompts", "int64", "how often a person said something"),
        Column("events", "int64", "all events, subagents' included"),
        Column("calls", "int64", "calls of tools, subagents' included"),
        Column("failed", "int64", "how many of them report a failure"),
        Column("files", "int64", "files that were modified or created"),
        Column("agents", "int64", "subagents that are recorded"),
        Column("compactions", "int64", "how often it was compacted"),
        Column("replies", "int64", "replies with a report of their tokens"),
        Column("input", "int64", "all input tokens, cached ones included"),
        Column("output", "int64", "output tokens"),
        Column("cached", "int64", "input tokens that were read from the cache"),
        Column("cost", "float64", "in US dollars, where the trace says so"),
        Column("model", "str", "the model of most replies"),
        Column("skipped", "int64", "records and lines that were passed over"),
        Column("size", "int64", "of the main file, in bytes"),
        Column("prompt", "str", "the first thing that was asked, on one line"),
        Column("path", "str", "the file; of one that holds several, `#` and the part's name behind it"),
    )


class Tally:
    """What a row needs besides the calls, counted while events go by."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.prompts = 0
        self.prompt: str | None = None
        self.first: datetime | None = None
        self.last: datetime | None = None

    def over(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield the events as they are, counting."""
        kinds = self.kinds
        for event in events:
            kinds[event.kind] += 1
            if event.is_prompt and event.agent is None:
                self.prompts += 1
                if self.prompt is None:
                    self.prompt = one_line(event.text, _PROMPT)
            time = event.time
            if time is not None:
                if self.first is None or time < self.first:
                    self.first = time
                if self.last is None or time > self.last:
                    self.last = time
            yield event


def session_row(tr: Trace, path: str | None = None) -> tuple[Any, ...]:
    """Return a trace's row of :class:`SessionTable`, in one reading.

    Parameters
    ----------
    tr : Trace
        The session.
    path : str, optional
        What names it, where that is not its file alone.
    """
    tally = Tally()
    gathered = tr.gathered(tally.over)
    said = tr.structure
    replies = gathered.replies.values()
    costs = [reply.cost for reply in replies if reply.cost is not None]
    models = Counter(reply.model for reply in replies if reply.model)
    seconds = (tally.last - tally.first).total_seconds() if tally.first and tally.last else None
    return (
        *(tr.session_id, tr.format, project_of(tr), tally.first, seconds),
        *(tally.prompts, tally.kinds.total(), len(gathered.calls), len(said.failures)),
        *(len(said.files_modified) + len(said.files_created), len(tr.agents), tally.kinds["compaction"]),
        *(len(gathered.replies), *_tokens(gathered)),
        *(sum(costs) if costs else None, models.most_common(1)[0][0] if models else None),
        *(sum(tr.skipped.values()), tr.path.stat().st_size, tally.prompt, path or str(tr.path)),
    )


def _tokens(gathered: Gathered) -> tuple[int, int, int]:
    used = [reply.usage for reply in gathered.replies.values()]
    return (
        sum(usage.input_tokens for usage in used),
        sum(usage.output_tokens for usage in used),
        sum(usage.cached_tokens for usage in used),
    )


def project_of(tr: Trace) -> str:
    """Return the last part of the folder that a session ran in; of one that does not say, its file's."""
    folder = tr.metadata.get("cwd") or tr.metadata.get("worktree") or str(Path(tr.path).resolve().parent)
    return str(folder).replace("\\", "/").rstrip("/").rpartition("/")[2]
