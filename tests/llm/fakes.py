"""A model that says what a test tells it to, without HTTP and without litellm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tract_nb.model.event import Usage
from tract_nb.model.reply import Reply, ToolCall

TOOL = (ToolCall("call_1", "tide", {"place": "Brest"}),)


class Fake:
    """Answers with what it is given, one after the other; an exception is raised, in mid-stream."""

    def __init__(self, *answers: str | Reply | BaseException) -> None:
        self.answers = list(answers) or ["Fine."]
        self.sent: list[list[dict[str, Any]]] = []
        self.configs: list[dict[str, Any]] = []
        self.meanwhile: Callable[[], object] | None = None

    def complete(self, messages: Any, config: Any, *, on_text: Any = None, cancel: Any = None) -> Reply:
        self.sent.append([dict(message) for message in messages])
        self.configs.append(dict(config))
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if self.meanwhile is not None:
            self.meanwhile()
        if isinstance(said, BaseException):
            if on_text is not None:
                on_text("half a w")
            raise said
        reply = said if isinstance(said, Reply) else Reply(said, (), Usage(20, 5), 0.001, "m-1", "stop")
        if on_text is not None:
            on_text(reply.text)
        return reply

    def asked(self) -> list[tuple[str, Any]]:
        """Return the last call's messages as role and text."""
        return [(message["role"], message["content"]) for message in self.sent[-1]]
