"""The client: one call of a model through litellm, tried again where that helps."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from contextvars import ContextVar
from functools import cache
from itertools import count
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from tract_nb.errors import CallCancelledError, ModelError
from tract_nb.llm import background
from tract_nb.llm.assemble import Assembler, whole
from tract_nb.llm.failures import Failure, explained
from tract_nb.llm.hushing import hush, listen
from tract_nb.llm.secrets import plain, secrets_in
from tract_nb.model.reply import Cancel, Reply

if TYPE_CHECKING:
    from types import ModuleType

RETRIES = 2
OPENROUTER = "openrouter"
#: whether the call under way is tract_nb's own: a recording of other people's calls passes it over
OWN: ContextVar[bool] = ContextVar("tract_nb_llm_own", default=False)


@cache
def litellm() -> ModuleType:
    """Return litellm, which takes two seconds to import and must not fetch its prices for it."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm as found

    found.suppress_debug_info = True  # else it prints advice beside each error
    listen()
    # litellm's types make pydantic warn when the first stream begins
    warnings.filterwarnings("ignore", ".*Pydantic will not protect items", UserWarning)
    return found


class LiteLLM:
    """Calls any model that litellm knows.

    Parameters
    ----------
    pause : callable, optional
        Waits so many seconds between two tries; for tests.
    """

    def __init__(self, pause: Callable[[float], object] | None = None) -> None:
        self._pause = pause

    def __repr__(self) -> str:
        return "LiteLLM()"

    def complete(
        self,
        messages: Sequence[Mapping[str, Any]],
        config: Mapping[str, Any],
        *,
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Reply:
        """Return what the model answers; see :class:`tract_nb.model.reply.LLM`.

        Tried again are a connection that fails, 429 and 5xx, at most ``retries`` times and as late as
        the provider asks; never another 4xx, a time-out, or a stream of which a part was shown.
        """
        given = dict(config)
        retries = given.pop("retries", RETRIES)
        given["model"], provider = found_model(str(given.get("model") or ""))
        token = cancel or Cancel()
        hush.learn(secrets_in(given))
        if provider == OPENROUTER and not _has_key(given):
            raise ModelError(
                f"There is no key for {provider} ({given['model']}).",
                f"Set {key_names(given['model'], provider)}; tract_nb keeps it nowhere.",
                model=given["model"],
                provider=provider,
            )
        for tries in count():
            if token.asked:
                raise cancelled(given["model"], provider)
            outcome = _Try(given, provider, messages, on_text, token).run()
            if isinstance(outcome, Reply):
                return outcome
            wait = outcome.wait(tries)
            # raised here, outside of every `except`: what litellm raised may hold a key
            if not outcome.helps or tries >= retries or wait is None:
                raise _after(outcome, tries, wait)
            (self._pause or token.wait)(wait)
        raise AssertionError  # the loop has no end of its own


def _has_key(config: Mapping[str, Any]) -> bool:
    """Tell whether there is a key for OpenRouter, which litellm calls without one too."""
    given = any(config.get(name) for name in ("api_key", "api_base", "base_url", "extra_headers", "headers"))
    known = litellm()
    set_there = known.api_key or known.openrouter_key
    return bool(given or set_there or os.environ.get("OPENROUTER_API_KEY") or os.environ.get("OR_API_KEY"))


def _after(failure: Failure, tries: int, wait: float | None) -> ModelError:
    """Return a failure's error with how often it was tried."""
    error = failure.error
    if wait is None:
        error.message += f" It asks to wait {failure.asked:,.0f} seconds."
    elif failure.helps and tries:
        error.message += f" It was tried {tries + 1} times."
    error.args = (error.message,)
    return error


class _Try:
    """One call, from its request to its reply or failure."""

    def __init__(
        self,
        config: Mapping[str, Any],
        provider: str,
        messages: Sequence[Mapping[str, Any]],
        on_text: Callable[[str], None] | None,
        cancel: Cancel,
    ) -> None:
        self._config = config
        self._provider = provider
        self._messages = messages
        self._on_text = on_text
        self._cancel = cancel
        self._got = 0
        self._pieces: SimpleQueue[str | None] = SimpleQueue()

    def run(self) -> Reply | Failure:
        """Make the call in the background, and hand on its text in this thread."""
        litellm()  # imported here, where an interrupt is heard
        future = background.submit(self._call())
        future.add_done_callback(lambda _: self._pieces.put(None))
        try:
            self._cancel.on_cancel(future.cancel)
            while (piece := self._pieces.get()) is not None:
                if self._on_text is not None:
                    self._on_text(piece)
        finally:
            future.cancel()  # of a call that is done, nothing; of one that was left, all of it
        try:
            raised = future.exception()
        except CancelledError:
            raised = None
            gone = True
        else:
            gone = False
        if gone:
            raise cancelled(self._config["model"], self._provider)
        if raised is not None:
            return self._explained(raised)
        return self._checked(future.result())

    async def _call(self) -> Reply:
        OWN.set(True)
        model = self._config["model"]
        streams = self._on_text is not None
        options: dict[str, Any] = {}
        if streams:
            options |= {"stream": True, "stream_options": {"include_usage": True}}
        if self._config.get("tools"):
            # who asks calls the tools; without this litellm looks among them for MCP servers to call,
            # and fails where the package mcp is not installed, which it does not ask for
            options["_skip_mcp_handler"] = True
        given = {name: plain(value) for name, value in self._config.items()}
        response = await litellm().acompletion(
            messages=[dict(message) for message in self._messages],
            num_retries=0,
            max_retries=0,
            **given,
            **options,
        )
        if not streams:
            return whole(response, model)
        made = Assembler()
        async for chunk in response:
            piece = made.add(chunk)
            if piece:
                self._got += len(piece)
                self._pieces.put(piece)
        return made.reply(model, usage_is_reported=reports_usage(response))

    def _checked(self, reply: Reply) -> Reply | Failure:
        """Return a reply that says something."""
        if reply.text.strip() or reply.tool_calls:
            return reply
        hint = {
            "length": "All it may say went into its thoughts: raise max_tokens.",
            "content_filter": "Its filter kept the answer back: edit or skip what it objects to.",
        }.get(reply.finish or "", "Ask again, or choose another model.")
        why = f" (it ended with {reply.finish})" if reply.finish else ""
        error = ModelError(
            f"{self._provider} ({self._config['model']}) answered with nothing{why}.",
            hint,
            model=self._config["model"],
            provider=self._provider,
        )
        return Failure(error, helps=False)

    def _explained(self, raised: BaseException) -> Failure:
        model = self._config["model"]
        return explained(
            raised,
            model=model,
            provider=self._provider,
            secrets=secrets_in(self._config),
            key_names=key_names(model, self._provider),
            got=self._got,
        )


def cancelled(model: str, provider: str) -> CallCancelledError:
    """Return the error of a call that somebody ended."""
    return CallCancelledError(
        f"The call of {provider} ({model}) was cancelled.",
        "Nothing of it was kept; ask again.",
        model=model,
        provider=provider,
    )


def reports_usage(stream: Any) -> bool:
    """Tell whether a stream's usage came from the provider: where none does, litellm makes up one."""
    chunks = getattr(stream, "chunks", None)
    return chunks is None or any(getattr(chunk, "usage", None) is not None for chunk in chunks)


def found_model(name: str) -> tuple[str, str]:
    """Return a model as litellm is to be called with it, and its provider.

    A bare ``x-ai/grok-4.1-fast`` that litellm does not know is one of OpenRouter's.
    """
    known = litellm()
    for wanted in (name, f"openrouter/{name}") if "/" in name else (name,):
        try:
            provider = str(known.get_llm_provider(wanted)[1])
        except known.exceptions.BadRequestError:
            continue  # no provider of litellm's goes by that name
        return wanted, provider
    raise ModelError(
        f"litellm does not know who serves {name!r}.",
        "Write provider/model: openai/gpt-4o, anthropic/claude-sonnet-4-5, openrouter/x-ai/grok-4.1-fast.",
        model=name,
    )


def key_names(model: str, provider: str) -> str:
    """Return the environment variables that a model's provider wants."""
    missing = litellm().validate_environment(model).get("missing_keys") or ()
    return " and ".join(missing) or f"{provider.upper()}_API_KEY"
