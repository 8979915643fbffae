"""Stand-ins: litellm's completion functions, which tell of their calls for as long as somebody listens.

Whoever calls litellm may hold its functions under any name: an import of their own, a partial, a client's
attribute. So it is the functions themselves that do something else meanwhile: they tell, and then do what
they did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import update_wrapper
from types import CodeType, FunctionType
from typing import Any, Protocol

from tract_nb.errors import TractError
from tract_nb.llm.client import litellm

#: whether a call is under way that was noticed already: litellm's functions call one another
INSIDE: ContextVar[bool] = ContextVar("tract_nb_llm_inside", default=False)


class Noticed(Protocol):
    """A call that somebody listens to."""

    def ended(self) -> None:
        """Hear that it is over, with a response or without."""

    def answered(self, response: Any) -> Any:
        """Take the response, and return what the caller is given."""


#: asked at the start of each call: who listens to it, if anybody does
Notice = Callable[[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]], Noticed | None]

#: litellm's functions as they were, by their names; never taken away: a stand-in may just be entered
_originals: dict[str, Callable[..., Any]] = {}
_swapped: dict[str, tuple[Any, CodeType]] = {}
_notices: list[Notice] = []


def call_and_tell(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Do what one of litellm's functions does, and tell of it."""
    original = _originals[name]
    call = None if kwargs.get("acompletion") else _notice(original, args, kwargs)
    inside = INSIDE.set(True)
    try:
        response = original(*args, **kwargs)
    finally:
        INSIDE.reset(inside)
        if call is not None:
            call.ended()
    return response if call is None else call.answered(response)


async def call_and_tell_async(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Do what one of litellm's coroutine functions does, and tell of it."""
    original = _originals[name]
    call = _notice(original, args, kwargs)
    inside = INSIDE.set(True)
    try:
        response = await original(*args, **kwargs)
    finally:
        INSIDE.reset(inside)
        if call is not None:
            call.ended()
    return response if call is None else call.answered(response)


def _notice(original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Noticed | None:
    return _notices[-1](original, args, kwargs) if _notices else None


# Their code runs with the globals of litellm's modules, so what it needs it imports.


def _stand_in(*args: Any, **kwargs: Any) -> Any:
    from tract_nb.llm.stand_ins import call_and_tell  # noqa: PLC0415

    return call_and_tell("NAME", args, kwargs)


async def _stand_in_async(*args: Any, **kwargs: Any) -> Any:
    from tract_nb.llm.stand_ins import call_and_tell_async  # noqa: PLC0415

    return await call_and_tell_async("NAME", args, kwargs)


def replace(notice: Notice) -> None:
    """Let litellm's functions tell of their calls; litellm.main's are what the public ones call.

    Raises
    ------
    TractError
        If something else stands in the place of one, such as a mock.
    """
    known = litellm()
    found = {
        f"{home.__name__}.{name}": (getattr(home, name), ours)
        for home in (known, known.main)
        for name, ours in (("completion", _stand_in), ("acompletion", _stand_in_async))
    }
    for name, (function, _) in found.items():
        if not isinstance(function, FunctionType):
            raise TractError(
                f"{name} is a {type(function).__name__} here, so its calls cannot be recorded.",
                "Take away what replaced it, or bring the messages in with t.sync.",
            )
    _notices[:] = [notice]
    for name, (function, ours) in found.items():
        _originals[name] = _copy(function)
        _swapped[name] = function, function.__code__
        function.__code__ = _code(ours, name, function)


def _copy(function: Any) -> Callable[..., Any]:
    """Return a function that stays as this one is now."""
    made = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return update_wrapper(made, function)


def _code(ours: Any, known_as: str, function: Any) -> CodeType:
    """Return the code of a stand-in for one function: it knows its name, and asks for its closure."""
    code: CodeType = ours.__code__
    constants = tuple(known_as if constant == "NAME" else constant for constant in code.co_consts)
    return code.replace(co_consts=constants, co_freevars=function.__code__.co_freevars)


def restore() -> None:
    """Let litellm's functions be what they were; a call that is under way still finds them."""
    for function, code in _swapped.values():
        function.__code__ = code
    _swapped.clear()
    _notices.clear()
