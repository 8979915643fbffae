"""Messages: the units of a compiled context, as a model is sent them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tract_nb.model.commit import HASH_SHOWN, Priority, preview


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """One unit of a compiled context.

    Parameters
    ----------
    commit : str
        The hash of the unit's commit, 64 hexadecimal digits.
    identity : str
        The hash of the first commit it was copied from; its own where it is no copy.
    role : str
        system, user, assistant or tool.
    type : str
        Its content type.
    text : str
        The effective text, edits included; of a call its arguments as JSON.
    tokens : int
        Of that text, without the chat format's overhead.
    priority : Priority
        The effective one.
    name : str or None
        Of a tool, or of the person who speaks.
    call_id : str or None
        As recorded; providers are sent it in a form they accept.
    call : str or None
        Of a result: the identity of the call that it answers, None without one.
    arguments : dict, str or None
        Of a call.
    status : str
        Of a result; ``success`` where nothing else was recorded.
    """

    commit: str
    identity: str
    role: str
    type: str
    text: str
    tokens: int
    priority: Priority
    name: str | None = None
    call_id: str | None = None
    call: str | None = None
    arguments: dict[str, Any] | str | None = None
    status: str = "success"

    @property
    def is_call(self) -> bool:
        return self.type == "tool_io" and self.role == "assistant"

    @property
    def is_result(self) -> bool:
        return self.type == "tool_io" and self.role == "tool"

    def __repr__(self) -> str:
        who = f"{self.role} {self.name}" if self.name else self.role
        return f"<{who}, {self.tokens:,} tokens, {self.commit[:HASH_SHOWN]}: {preview(self.text, 60)}>"


#: a compiler of one's own: takes the messages that tract_nb would send, returns those to send instead
Compiler = Callable[[Sequence[Message]], Iterable[Message]]
