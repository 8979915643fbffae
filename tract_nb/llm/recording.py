"""Recording: hearing the calls of litellm that other people's code makes.

litellm's own callbacks come later, from other threads, and not for every way to call it; so its functions
themselves tell of their calls (see :mod:`tract_nb.llm.stand_ins`).
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from copy import deepcopy
from inspect import signature
from typing import Any, NamedTuple

from tract_nb.errors import TractError
from tract_nb.llm.assemble import Assembler, whole
from tract_nb.llm.client import OWN, litellm, reports_usage
from tract_nb.llm.settings import OWN as NO_SETTINGS
from tract_nb.llm.settings import public
from tract_nb.llm.stand_ins import INSIDE, replace, restore
from tract_nb.model.reply import Reply

#: who records in this context; tasks and their threads have it, threads that are started have it not
_HERE: ContextVar[Recorder | None] = ContextVar("tract_nb_llm_recorder", default=None)
_lock = threading.Lock()
_running: list[Recorder] = []
#: what is said of no call: litellm's switches, and functions
_NOT_KEPT = NO_SETTINGS | {
    *("acompletion", "client", "logger_fn", "mock_response", "num_retries", "max_retries", "metadata"),
    *("litellm_metadata", "litellm_call_id", "deployment_id", "model_list", "fallbacks", "user"),
}


class Heard(NamedTuple):
    """A call that somebody made, and its reply."""

    messages: Sequence[Any]
    config: Mapping[str, Any]
    reply: Reply


class Recorder:
    """What ``with t.record()`` gives: what was heard so far.

    Parameters
    ----------
    hear : callable
        Keeps a call; what it raises is kept in ``errors``, since it is no fault of the code that called.
    """

    def __init__(self, hear: Callable[[Heard], object]) -> None:
        self._hear = hear
        self._lock = threading.Lock()
        self._open_streams = 0
        self._before: Recorder | None = None
        self._begun = 0
        self._ended = 0
        #: calls that were committed
        self.calls = 0
        #: calls of threads that two recordings at once could not tell apart
        self.missed = 0
        #: what could not be committed, and why
        self.errors: list[Exception] = []

    def __repr__(self) -> str:
        more = f", {len(self.errors)} not kept" if self.errors else ""
        return f"<Recorder: {self.calls:,} calls{more}>"

    def start(self) -> None:
        """Begin to hear."""
        litellm()
        with _lock:
            if not _running:
                replace(_noticed)
            _running.append(self)
        self._before = _HERE.get()
        _HERE.set(self)

    def stop(self) -> None:
        """Hear no more; what is under way in other threads is not kept."""
        _HERE.set(self._before)
        with _lock:
            _running.remove(self)
            if not _running:
                restore()

    def remarks(self) -> Iterator[str]:
        """Yield what a person should hear at the end."""
        for error in self.errors:
            yield f"A call was not recorded: {str(error).splitlines()[0]}"
        if self.missed:
            yield f"{self.missed} calls of threads were not recorded: two recordings were open at once."
        if self._open_streams:
            yield f"{self._open_streams} streams were not read to their end: their replies were not recorded."
        under_way = self._begun - self._ended
        if under_way:
            yield f"{under_way} calls were still under way: their replies were not recorded."

    def stream_ended(self) -> None:
        with self._lock:
            self._open_streams -= 1

    # -- one call -----------------------------------------------------------------------------------

    def begin(self) -> None:
        with self._lock:
            self._begun += 1

    def end(self) -> None:
        with self._lock:
            self._ended += 1

    def took(self, call: _Call, response: Any) -> Any:
        """Keep a whole reply, and give it on; or follow a stream."""
        if hasattr(response, "__anext__") or hasattr(response, "__next__"):
            with self._lock:
                self._open_streams += 1
            return _Stream(response, self, call)
        self.keep(call, lambda: whole(response, call.model))
        return response

    def keep(self, call: _Call, made: Callable[[], Reply]) -> None:
        """Commit a call, if it is not too late."""
        if self not in _running:
            return
        try:
            reply = made()
            if reply.text.strip() or reply.tool_calls:
                self._hear(Heard(call.messages, call.config, reply))
                with self._lock:
                    self.calls += 1
        except Exception as error:  # noqa: BLE001  the agent goes on: it is told at the end
            self.errors.append(error)


class _Call:
    """What a call was made with, as it was then: the list of messages grows afterwards."""

    def __init__(
        self,
        recorder: Recorder,
        original: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> None:
        self.recorder = recorder
        names = list(signature(original).parameters)
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        self.model = str(given.get("model") or "")
        messages = given.get("messages")
        self.messages = [_copied(message) for message in messages] if isinstance(messages, Sequence) else []
        self.config = {
            name: deepcopy(value)
            for name, value in public(given).items()
            if name not in _NOT_KEPT and value is not None and not name.startswith("_") and _is_json(value)
        }

    def ended(self) -> None:
        """Hear that it is over, with a response or without."""
        self.recorder.end()

    def answered(self, response: Any) -> Any:
        """Take the response, and return what the caller is given."""
        return self.recorder.took(self, response)


def _copied(message: Any) -> Any:
    if isinstance(message, Mapping):
        return deepcopy(dict(message))
    return message.model_dump() if hasattr(message, "model_dump") else message


def _is_json(value: Any) -> bool:
    """Tell whether a setting is a value that a commit can keep: clients and classes are not."""
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and _is_json(item) for name, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_json, value))
    return value is None or isinstance(value, str | int | float)


class _Stream:
    """A stream of litellm's that is followed as it is read; in all else it is that stream."""

    def __init__(self, stream: Any, recorder: Recorder, call: _Call) -> None:
        self._stream = stream
        self._recorder = recorder
        self._call = call
        self._made = Assembler()
        self._ended = False

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # isinstance must say what it is
        return type(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            chunk = next(self._stream)
        except BaseException as error:  # also an interrupt: it is followed no more
            self._end(kept=isinstance(error, StopIteration))
            raise
        self._made.add(chunk)
        return chunk

    async def __anext__(self) -> Any:
        try:
            chunk = await self._stream.__anext__()
        except BaseException as error:  # also a cancelled task
            self._end(kept=isinstance(error, StopAsyncIteration))
            raise
        self._made.add(chunk)
        return chunk

    def _end(self, *, kept: bool) -> None:
        if self._ended:
            return
        self._ended = True
        self._recorder.stream_ended()
        if kept:
            reported = reports_usage(self._stream)
            self._recorder.keep(
                self._call, lambda: self._made.reply(self._call.model, usage_is_reported=reported)
            )
        else:
            broke = f"a stream of {self._call.model} broke off after {len(self._made.text):,} characters"
            self._recorder.errors.append(TractError(broke, "Nothing of it was kept."))


# -- whose call it is ---------------------------------------------------------------------------------


def _current() -> Recorder | None:
    """Return who records this call: who does in this context, else the only one there is."""
    if OWN.get() or INSIDE.get():
        return None
    here = _HERE.get()
    running = list(_running)
    if here is not None and here in running:
        return here
    if len(running) == 1:
        return running[0]
    for recorder in running:
        recorder.missed += 1
    return None


def _noticed(original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Call | None:
    """Return a call that somebody records; None of one that nobody does, or that was noticed already."""
    recorder = _current()
    if recorder is None:
        return None
    try:
        call = _Call(recorder, original, args, kwargs)
    except Exception as error:  # noqa: BLE001  the agent goes on: it is told at the end
        recorder.errors.append(error)
        return None
    recorder.begin()
    return call
