"""Events: what a trace, somebody else's recording of an agent's run, is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

EventKind = Literal["message", "reasoning", "tool_call", "tool_result", "compaction", "other"]


# Usage, Image and Event are named tuples: as immutable as a frozen dataclass and five times quicker
# to make, which is what the time of reading a long trace depends on.


class Usage(NamedTuple):
    """What a provider reported for one reply, in tokens.

    ``input_tokens`` means all input, cached included, whatever the provider's own field means
    (Anthropic's ``input_tokens`` leaves the cached part out; litellm and OpenAI keep it in).
    """

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0  # part of the input that was read from the provider's cache
    cache_write_tokens: int = 0  # part of the input that was written to it
    reasoning_tokens: int = 0  # part of the output

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


class Image(NamedTuple):
    """An image found in a trace: bytes in base64, kept apart from every text."""

    media_type: str
    data: str


class Event(NamedTuple):
    """One thing that happened in a trace.

    Parameters
    ----------
    id : str
        Unique in its trace and the same at every reading. A record that holds several blocks gives
        ``<record id>#1``, ``#2`` ... from its second event on.
    parent : str or None
        The event that this one follows in the conversation's tree: records that give no event are
        stepped over, a compaction's bridge is followed. None at a root.
    agent : str or None
        The subagent it belongs to; None in the main conversation.
    time : datetime or None
        In UTC; of the event's own message. Not monotonic in real traces.
    kind : str
        ``message``, ``reasoning``, ``tool_call``, ``tool_result``, ``compaction`` (its text is the
        summary that replaced what was before) or ``other``.
    role : str
        ``user``, ``assistant``, ``system`` or ``tool``.
    name : str or None
        The tool of a call (and of its result where the trace lets it be found).
    call_id : str or None
        What pairs a result with its call. May repeat within one trace.
    text : str
        The text as the model saw it: a message, a thought, a result. A call's arguments as JSON.
    arguments : dict or None
        Of a call.
    is_error : bool
        A result that reports a failure.
    usage : Usage or None
        Of the reply; stands on every event of one ``message_id`` for which the trace reports it.
    model : str or None
        The model that wrote it.
    cost : float or None
        In US dollars, where the trace says so.
    line : int
        The line of the file, counted from 1.
    offset : int
        The byte at which that line starts.
    message_id : str or None
        The provider's id of the reply. Several records may share it; their usage counts once.
    is_prompt : bool
        Typed by a person: neither a tool's result nor something the harness put in.
    images : tuple of Image
        Images that came with the text; never part of it.
    """

    id: str
    parent: str | None
    agent: str | None
    time: datetime | None
    kind: EventKind
    role: str
    name: str | None = None
    call_id: str | None = None
    text: str = ""
    arguments: dict[str, Any] | None = None
    is_error: bool = False
    usage: Usage | None = None
    model: str | None = None
    cost: float | None = None
    line: int = 0
    offset: int = 0
    message_id: str | None = None
    is_prompt: bool = False
    images: tuple[Image, ...] = ()

    def __repr__(self) -> str:
        what = f"{self.kind} {self.name}" if self.name else self.kind
        agent = f", agent {self.agent}" if self.agent else ""
        return f"Event({self.id}: {what}, {self.role}{agent}, {len(self.text)} characters)"


class Agent(Protocol):
    """A subagent of a trace."""

    @property
    def id(self) -> str: ...

    @property
    def call(self) -> str | None:
        """The id of the event, a tool_call, that started it; None where the trace does not tell."""

    @property
    def events(self) -> Iterable[Event]:
        """Its own events, in the file's order."""


class Recording(Protocol):
    """What operations need of a trace; :class:`tract_nb.trace.Trace` is one."""

    @property
    def format(self) -> str: ...

    @property
    def session_id(self) -> str: ...

    @property
    def metadata(self) -> Mapping[str, Any]: ...

    @property
    def events(self) -> Iterable[Event]:
        """The events of the main conversation and its agents; each iteration reads anew."""

    @property
    def agents(self) -> Mapping[str, Agent]: ...

    @property
    def skipped(self) -> Mapping[str, int]: ...
