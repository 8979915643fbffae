"""Dispatch: a line of words to a command and its value."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any, NamedTuple, NoReturn, get_type_hints

from cyclopts import App, CycloptsError

from tract_nb.errors import CommandError
from tract_nb.notebook.commands import COMMANDS, GROUPS, TAKES_BODY
from tract_nb.notebook.desk import Desk
from tract_nb.tract import Tract

_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)")
#: stands for a variable's value while the words are parsed
_MARK = "\x00"


class Text(str):
    """A text that shows as itself: its repr has no quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def run(desk: Desk, words: Sequence[str]) -> Any:
    """Run a command and return its value.

    Raises
    ------
    CommandError
        If there is no such command, or its arguments do not fit.
    TractError
        What the command itself raises.
    """
    words, on = _tract_option(list(words))
    if not words or words[0] in ("help", "--help", "-h"):
        return Text(help_text(words[1] if len(words) > 1 else None))
    name, *rest = words
    if name not in COMMANDS:
        _unknown(name)
    if "--help" in rest or "-h" in rest:
        return Text(help_text(name))
    function = COMMANDS[name]
    words, values = _variables(rest, desk.namespace)
    bound = _parsed(name, words)
    subject = desk if _works_on(function) is Desk else desk.tract_named(on) if on else desk.tract
    if on and subject is desk:
        return _elsewhere(desk, on, lambda: function(desk, *bound.args, **bound.kwargs))
    return function(subject, *_restored(bound.args, values), **_restored_named(bound.kwargs, values))


def _elsewhere(desk: Desk, name: str, act: Callable[[], Any]) -> Any:
    """Run a command of the desk with another tract as the current one, for once."""
    before = desk.current
    desk.current = desk.tract_named(name)
    try:
        return act()
    finally:
        desk.current = before


def split(line: str) -> list[str]:
    """Return the words of a line, quotes as in a shell, backslashes as they are; a last ``;`` is nothing."""
    lexer = shlex.shlex(line.rstrip().removesuffix(";"), posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    lexer.escape = ""  # a Windows path keeps its backslashes
    try:
        return list(lexer)
    except ValueError as error:
        raise CommandError(
            "A quote is not closed in this line.", 'Close it, or put the words in the other kind: "it\'s".'
        ) from error


def help_text(name: str | None) -> str:
    """Return the help of a command, or the list of all, as plain text."""
    if name is None:
        return overview()
    if name not in COMMANDS:
        _unknown(name)
    said, *_ = inspect.cleandoc(COMMANDS[name].__doc__ or "").partition("\n\nParameters\n")
    usage = [f"%tract {name}"]
    lines = []
    for argument in arguments(name):
        usage.append(argument.usage)
        lines += [f"  {argument.names}", f"      {argument.about}{argument.default}"]
    cell = [f"or %%tract {name} with the text below"] if name in TAKES_BODY else []
    return "\n".join([" ".join(usage), *cell, "", said, *([""] if lines else []), *lines])


class Argument(NamedTuple):
    """An argument of a command, as its help says it."""

    names: str
    about: str
    default: str
    usage: str


def arguments(name: str) -> Iterator[Argument]:
    """Yield the arguments of a command, in order."""
    for found in app()[name].assemble_argument_collection(parse_docstring=True):
        flags = sorted((flag for flag in found.names if flag.startswith("-")), key=len)
        parameter = found.field_info
        about = " ".join((found.parameter.help or "").split())
        if not flags or parameter.kind is not parameter.KEYWORD_ONLY:
            many = parameter.kind is parameter.VAR_POSITIONAL
            shown = parameter.name.upper() + ("..." if many else "")
            yield Argument(shown, about, "", shown if parameter.required else f"[{shown}]")
            continue
        default = parameter.default
        switch = isinstance(default, bool)
        value = "" if switch else f" {_value_name(found)}"
        said = "" if default in (None, False) or default is parameter.empty else f" [default: {default}]"
        # a switch that is on is turned off by its other name
        shown = [flag for flag in flags if flag.startswith("--no-") == bool(default)] if switch else flags
        yield Argument(", ".join(shown) + value, about, "" if switch else said, f"[{shown[-1]}{value}]")


def _value_name(argument: Any) -> str:
    choices = argument.get_choices()
    if choices:
        return "|".join(choices)
    return "N" if argument.hint is int or int in getattr(argument.hint, "__args__", ()) else "TEXT"


def overview() -> str:
    """Return all commands, a line each."""
    lines = ["Git for LLM context: %tract COMMAND in a notebook, tract COMMAND in a terminal."]
    for title, group in GROUPS.items():
        lines += ["", title]
        for name, function in group.items():
            said = inspect.cleandoc(function.__doc__ or "").partition("\n")[0]
            lines.append(f"  {name:<11} {said}")
    lines += ["", "COMMAND --help says more. -t NAME works on another tract for once."]
    return "\n".join(lines)


@cache
def app() -> App:
    """Return the parser of all commands."""
    made = App(
        name="tract",
        version_flags=[],
        help_flags=[],
        result_action="return_value",
    )
    for name, function in COMMANDS.items():
        made.command(_without_subject(function), name=name)
    return made


def _without_subject(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a stand-in with the parameters that a person gives: all but the first."""

    def parsed(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
        return args, kwargs

    signature = inspect.signature(function)
    hints = get_type_hints(function, include_extras=True, localns=_FRAMES)
    given = [
        parameter.replace(annotation=hints[parameter.name])
        for parameter in list(signature.parameters.values())[1:]
    ]
    parsed.__signature__ = signature.replace(parameters=given, return_annotation=Any)  # type: ignore[attr-defined]
    parsed.__annotations__ = {parameter.name: parameter.annotation for parameter in given}
    parsed.__doc__ = function.__doc__
    parsed.__name__ = function.__name__
    return parsed


class _Anything:
    """Stands for modules that annotations name and nobody imports."""

    DataFrame = Figure = Any


_FRAMES = {"pd": _Anything, "go": _Anything}


def _works_on(function: Callable[..., Any]) -> type:
    first = next(iter(inspect.signature(function).parameters.values()))
    return Desk if first.annotation == "Desk" else Tract


def _parsed(name: str, words: Sequence[str]) -> inspect.BoundArguments:
    try:
        _, bound, _ = app().parse_args([name, *words], print_error=False, exit_on_error=False)
    except CycloptsError as error:
        reason = " ".join(str(error).split())
        raise CommandError(f"{name}: {reason}", f"See %tract {name} --help.") from error
    return bound


def _tract_option(words: list[str]) -> tuple[list[str], str | None]:
    """Return the words without ``-t NAME``, and that name."""
    for flag in ("-t", "--tract"):
        if flag in words[:-1]:
            place = words.index(flag)
            return words[:place] + words[place + 2 :], words[place + 1]
    return words, None


def _variables(words: Sequence[str], namespace: Mapping[str, Any]) -> tuple[list[str], list[Any]]:
    """Return the words with each whole ``$name`` as a mark or a text, and what the marks stand for."""
    values: list[Any] = []
    replaced = []
    for word in words:
        found = _VARIABLE.fullmatch(word)
        if found is None:
            replaced.append(word)
            continue
        if found[1] not in namespace:
            raise CommandError(f"There is no variable {found[1]!r}.", "Run the cell that makes it first.")
        value = namespace[found[1]]
        if isinstance(value, str | int | float):
            replaced.append(str(value))
        else:
            replaced.append(f"{_MARK}{len(values)}")
            values.append(value)
    return replaced, values


def _restored(given: Any, values: list[Any]) -> tuple[Any, ...]:
    return tuple(
        values[int(item[1:])] if isinstance(item, str) and item.startswith(_MARK) else item for item in given
    )


def _restored_named(given: Mapping[str, Any], values: list[Any]) -> dict[str, Any]:
    return dict(zip(given, _restored(given.values(), values), strict=True))


def _unknown(name: str) -> NoReturn:
    close = get_close_matches(name, [*COMMANDS, "help"], n=1, cutoff=0.5)
    hint = f"Did you mean {close[0]}?" if close else "%tract help lists them."
    raise CommandError(f"There is no command {name!r}.", hint)
