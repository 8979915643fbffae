"""A trace: somebody else's recording of an agent's run, read anew at every look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tract_nb.model.event import Event
from tract_nb.model.table import table_html
from tract_nb.trace.gather import Gathered
from tract_nb.trace.links import link_agents
from tract_nb.trace.notes import Notes
from tract_nb.trace.structured import Structure, structure_of

if TYPE_CHECKING:
    import pandas as pd


class Source(Protocol):
    """What a format gives to a trace."""

    @property
    def format(self) -> str: ...
    @property
    def path(self) -> Path: ...
    @property
    def session_id(self) -> str: ...
    @property
    def metadata(self) -> dict[str, Any]: ...
    def events(self, notes: Notes) -> Iterator[Event]: ...
    def agent_events(self, agent: str) -> Iterator[Event]: ...
    def agent_text(self, agent: str, notes: Notes) -> str: ...


class Stream(Iterable[Event]):
    """Events that can be gone through any number of times; each time reads the file again.

    Parameters
    ----------
    start : callable
        Begins a reading.
    """

    def __init__(self, start: Callable[[], Iterator[Event]]) -> None:
        self._start = start

    def __iter__(self) -> Iterator[Event]:
        return self._start()

    def __repr__(self) -> str:
        return "Stream of events (read anew by each loop)"


@dataclass(frozen=True, slots=True, repr=False)
class Agent:
    """A subagent of a trace.

    Parameters
    ----------
    id : str
        As the trace names it.
    type : str or None
        Which agent was asked for.
    task : str or None
        What it was told to do.
    call : str or None
        The id of the event, a tool_call, that started it; None where the trace does not tell.
    answer : str or None
        Its last words.
    """

    id: str
    type: str | None
    task: str | None
    call: str | None
    answer: str | None
    _source: Source = field(compare=False)
    _notes: Notes = field(compare=False)

    @property
    def events(self) -> Iterable[Event]:
        """Its own events, in the file's order."""
        return Stream(lambda: self._source.agent_events(self.id))

    @property
    def text(self) -> str:
        """Its conversation: of a code_trace.md every character of its section, else event by event."""
        return self._source.agent_text(self.id, self._notes)

    def __repr__(self) -> str:
        return f"Agent({self.id}{f', {self.type}' if self.type else ''})"


class Trace:
    """A recording of an agent's run; conforms to :class:`tract_nb.model.event.Recording`.

    Made by :func:`tract_nb.trace.read`. Nothing of the file is held in memory but what the tables
    need, and that only once they are asked for.
    """

    def __init__(self, source: Source, seen: Counter[str] | None = None) -> None:
        self._source = source
        self._seen = seen or Counter()  # what the folder held besides
        self._notes: Notes | None = None
        self._calls: Gathered | None = None

    @property
    def format(self) -> str:
        """``code_trace``, ``claude_code``, ``codex`` ... (see :mod:`tract_nb.trace.registry`)."""
        return self._source.format

    @property
    def session_id(self) -> str:
        """The session's id; a subagent's where its file is read alone."""
        return self._source.session_id

    @property
    def path(self) -> Path:
        """The (main) file."""
        return self._source.path

    @property
    def part(self) -> str | None:
        """Which of several conversations in its file it is; None where the file holds one."""
        return getattr(self._source, "part", None)

    @property
    def files_on_disk(self) -> tuple[Path, ...]:
        """Every file that it is read from: the main one, then those of its subagents."""
        return (self.path, *getattr(self._source, "beside", ()))

    @property
    def metadata(self) -> dict[str, Any]:
        """What the trace says of itself."""
        return self._source.metadata

    @property
    def events(self) -> Stream:
        """The main conversation's events, then those of each agent, under its name."""
        return Stream(self._read)

    def _read(self) -> Iterator[Event]:
        notes = self._new_notes()
        yield from self._source.events(notes)
        self._notes = notes

    def _new_notes(self) -> Notes:
        return Notes(skipped=self._seen.copy())

    def _complete(self) -> Notes:
        """Return the notes of a whole reading, after one if there was none yet."""
        if self._notes is None:
            for _ in self.events:
                pass
        return self._notes or Notes()

    @property
    def skipped(self) -> Mapping[str, int]:
        """What was passed over and how often: record types, blocks, unreadable lines, other files."""
        return dict(self._complete().skipped)

    @property
    def unanswered(self) -> tuple[str, ...]:
        """The ids of the calls' events that have no result."""
        return tuple(self._complete().unanswered)

    def gathered(self, over: Callable[[Iterator[Event]], Iterator[Event]] | None = None) -> Gathered:
        """Return the calls, agents and replies, kept from the first time on.

        Parameters
        ----------
        over : callable, optional
            Is given the events, and yields them as they are; then they are read once for both.
        """
        if self._calls is None or over is not None:
            notes = self._new_notes()
            events = self._source.events(notes)
            self._calls = Gathered(events if over is None else over(events))
            self._notes = notes
        return self._calls

    @property
    def _gathered(self) -> Gathered:
        return self.gathered()

    @cached_property
    def agents(self) -> dict[str, Agent]:
        """The subagents by their ids, in the trace's order."""
        gathered = self._gathered
        notes = self._complete()
        links = link_agents(gathered, notes)
        return {
            agent: Agent(agent, link.type, link.task, link.call, link.answer, self._source, notes)
            for agent, link in links.items()
        }

    @cached_property
    def structure(self) -> Structure:
        """What was done: tools, files, commands, failures, subagents."""
        gathered = self._gathered
        root = self.metadata.get("worktree") or self.metadata.get("cwd")
        return structure_of(gathered, link_agents(gathered, self._complete()), root)

    @property
    def calls(self) -> pd.DataFrame:
        """Every call of a tool, in the trace's order (:class:`tract_nb.trace.tables.CallTable`)."""
        return self.structure.calls.to_frame()

    @property
    def files(self) -> pd.DataFrame:
        """Every file that was read or written, by first use (:class:`tract_nb.trace.tables.FileTable`)."""
        return self.structure.files.to_frame()

    @property
    def commands(self) -> pd.DataFrame:
        """Every shell command, by time (:class:`tract_nb.trace.tables.CommandTable`)."""
        return self.structure.commands.to_frame()

    @property
    def failures(self) -> pd.DataFrame:
        """Every failure that a result reports, by time (:class:`tract_nb.trace.tables.FailureTable`)."""
        return self.structure.failures.to_frame()

    @property
    def agents_df(self) -> pd.DataFrame:
        """Every subagent (:class:`tract_nb.trace.tables.AgentTable`)."""
        return self.structure.agents.to_frame()

    @property
    def usage(self) -> pd.DataFrame:
        """What the provider reported, once a reply (:class:`tract_nb.trace.tables.UsageTable`)."""
        return self.structure.usage.to_frame()

    def __repr__(self) -> str:
        return f"Trace({self.format}, session {self.session_id[:8]}, {self.path.name})"

    def _repr_html_(self) -> str:
        said = self.structure
        rows = {
            "format": self.format,
            "session": self.session_id,
            "file": self.path.name,
            "calls": len(said.calls),
            "failures": len(said.failures),
            "files read, modified, created": (
                f"{len(said.files_read)}, {len(said.files_modified)}, {len(said.files_created)}"
            ),
            "subagents": len(self.agents),
            "passed over": sum(self.skipped.values()),
        }
        return table_html(rows.items())
