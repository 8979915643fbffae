"""Notes: what a reader comes across on its way through a trace and no event says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tract_nb.model.event import Event

#: lines that cannot be read are named one by one up to here, and counted together beyond
_NAMED_LINES = 20


@dataclass(slots=True)
class AgentFacts:
    """What a format knows of one subagent besides its events."""

    type: str | None = None
    description: str | None = None
    call_id: str | None = None  # of the call that started it, where a record says so
    event: str | None = None  # the same as an event, where it is no call of a tool


@dataclass(slots=True)
class Notes:
    """Filled by one reading from the first line to the last; complete when that reading is."""

    skipped: Counter[str] = field(default_factory=Counter)
    agents: dict[str, AgentFacts] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)  # ids of the call events
    spans: dict[str, list[tuple[int, int]]] = field(default_factory=dict)  # agent -> bytes of its sections
    _named: Counter[str] = field(default_factory=Counter)

    def agent(self, agent_id: str) -> AgentFacts:
        """Return the facts about an agent, made on first mention."""
        return self.agents.setdefault(agent_id, AgentFacts())

    def bad_line(self, file: str, line: int, trouble: str, others: str = "more unreadable lines") -> None:
        """Count a line that could not be read well; ``others`` is what those beyond the named ones are."""
        self._named[others] += 1
        named = self._named[others] <= _NAMED_LINES
        self.skipped[f"{file} line {line}: {trouble}" if named else others] += 1


class Pairing:
    """Which calls of one conversation still wait for a result.

    Tool ids repeat in real traces, so a result answers the first open call with its id.
    """

    __slots__ = ("_open", "names")

    def __init__(self) -> None:
        self.names: dict[str, str | None] = {}  # call id -> tool
        self._open: dict[str | None, list[str]] = {}

    def call(self, event: Event) -> None:
        """Remember a call."""
        if event.call_id is not None:
            self.names[event.call_id] = event.name
        self._open.setdefault(event.call_id, []).append(event.id)

    def result(self, event: Event) -> None:
        """Settle the call that a result answers."""
        waiting = self._open.get(event.call_id)
        if waiting is not None:
            waiting.pop(0)
            if not waiting:
                del self._open[event.call_id]

    def unanswered(self) -> list[str]:
        """Return the ids of the call events that nothing answered."""
        return [event_id for waiting in self._open.values() for event_id in waiting]
