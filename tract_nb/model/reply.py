"""Replies of models, and the protocol of what calls one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import orjson

from tract_nb.model.commit import Commit, preview
from tract_nb.model.event import Usage
from tract_nb.model.table import NO_MATHS, cell_html, shown


class ToolCall(NamedTuple):
    """A call of a tool that a model asks for; ``arguments`` are its own text where that is no JSON object."""

    id: str
    name: str
    arguments: dict[str, Any] | str


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """What a model answered to one call.

    Parameters
    ----------
    text : str
        What it says; empty where it only calls tools.
    tool_calls : tuple of ToolCall
        What it asks for.
    usage : Usage or None
        What the provider reported; None where it reported nothing.
    cost : float or None
        In US dollars; None where no price is known.
    model : str or None
        Who answered, as the provider names it.
    finish : str or None
        Why it ended: ``stop``, ``length``, ``tool_calls``, ``content_filter``.
    reasoning : str
        Its thoughts, where the provider shows them.
    raw : mapping
        The provider's reply as litellm gives it; of a stream its last facts alone.
    """

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = None
    cost: float | None = None
    model: str | None = None
    finish: str | None = None
    reasoning: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        said = preview(self.text, 60) if self.text else ", ".join(call.name for call in self.tool_calls)
        return f"<Reply {facts(self.model, self.usage, self.cost)}: {said}>"


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """A reply that was committed; shows as what the model said.

    Parameters
    ----------
    text, tool_calls, usage, cost, model
        As in :class:`Reply`.
    commits : tuple of Commit
        What was written: the question, where there was one, and the reply.
    warnings : tuple of str
        What had to be repaired in the context so that a provider accepts it.
    """

    text: str
    commits: tuple[Commit, ...]
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = None
    cost: float | None = None
    model: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def commit(self) -> Commit:
        """The last commit of the reply."""
        return self.commits[-1]

    def _said(self) -> list[str]:
        calls = [f"→ {call.name} {call_text(call)}" for call in self.tool_calls]
        return [self.text, *calls] if self.text else calls

    def __str__(self) -> str:
        """Say what the model said, for a terminal: its text, and a line for each call."""
        return "\n".join(self._said())

    def __repr__(self) -> str:
        return shown("\n".join([*self._said(), f"({facts(self.model, self.usage, self.cost)})"]))

    def _repr_html_(self) -> str:
        style = ' style="white-space:pre-wrap"'
        body = "".join(f"<div{style}>{cell_html(part)}</div>" for part in self._said())
        foot = cell_html(facts(self.model, self.usage, self.cost))
        return f"<div{NO_MATHS}>{body}<p>{foot}</p></div>"


def call_text(call: ToolCall) -> str:
    """Return a call's arguments in one line."""
    given = call.arguments
    return given if isinstance(given, str) else orjson.dumps(given, default=str).decode()


def facts(model: str | None, usage: Usage | None, cost: float | None) -> str:
    """Return who answered, and what it took, in one line."""
    said = [model or "unknown model"]
    if usage is not None:
        cached = f" ({usage.cached_tokens:,} cached)" if usage.cached_tokens else ""
        said.append(f"{usage.input_tokens:,} tokens in{cached}, {usage.output_tokens:,} out")
    if cost is not None:
        places = 2 if cost >= 1 else 4 if cost >= 0.0001 else 6
        said.append(f"${cost:,.{places}f}")
    return " · ".join(said)


class Cancel:
    """A way to end calls from another thread: give it to a verb as ``cancel=``, then call :meth:`cancel`."""

    __slots__ = ("_asked", "_lock", "_stops")

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._stops: list[Callable[[], object]] = []

    @property
    def asked(self) -> bool:
        """Whether somebody cancelled."""
        return self._asked.is_set()

    def cancel(self) -> None:
        """End what is under way with this, and what is begun with it later."""
        with self._lock:
            self._asked.set()
            stops, self._stops = self._stops, []
        for stop in stops:
            stop()

    def on_cancel(self, stop: Callable[[], object]) -> None:
        """Call a function when somebody cancels; at once where somebody has."""
        with self._lock:
            if not self._asked.is_set():
                self._stops.append(stop)
                return
        stop()

    def wait(self, seconds: float) -> bool:
        """Wait, and tell whether somebody cancelled meanwhile."""
        return self._asked.wait(seconds)


class LLM(Protocol):
    """What calls a model: litellm, a replay of recorded answers, or a person's own."""

    def complete(
        self,
        messages: Sequence[Mapping[str, Any]],
        config: Mapping[str, Any],
        *,
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Reply:
        """Return what the model answers.

        Parameters
        ----------
        messages : sequence of mapping
            As OpenAI's chat completions take them.
        config : mapping
            ``model``, and whatever it shall be called with: temperature, tools, timeout ...
        on_text : callable, optional
            Called in this thread with each piece of text as it comes; asks for a stream.
        cancel : Cancel, optional
            Ends the call from another thread.

        Raises
        ------
        ModelError
            If there is no reply; nothing is retried beyond what the config says.
        """


class PromptUsed(NamedTuple):
    """Which prompt a text was written with."""

    name: str
    version: int
    hash: str


@dataclass(frozen=True, slots=True)
class Written:
    """A text that a model wrote for an operation, and all that says how.

    Parameters
    ----------
    text : str
        The text itself, taken out of the reply.
    prompt : PromptUsed
        Name, version and SHA-256 of the prompt.
    config : mapping
        What it was called with, without keys.
    reply : Reply
        The whole reply.
    """

    text: str
    prompt: PromptUsed
    config: Mapping[str, Any]
    reply: Reply

    @property
    def model(self) -> str:
        """Who wrote it, as the provider names it, else as it was asked for."""
        return self.reply.model or str(self.config.get("model"))

    def metadata(self) -> dict[str, Any]:
        """Return what a commit made of the text keeps in its metadata."""
        reply = self.reply
        kept: dict[str, Any] = {
            "prompt": self.prompt._asdict(),
            "model": self.model,
            "config": dict(self.config),
        }
        if reply.usage is not None:
            kept["usage"] = reply.usage._asdict()
        if reply.cost is not None:
            kept["cost"] = reply.cost
        return {"written_by": kept}
