"""Dispatch: a line of words to a command and its value."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from importlib.metadata import version
from numbers import Number
from textwrap import fill
from typing import Any, NamedTuple, NoReturn, get_type_hints

from cyclopts import App, CycloptsError

from tract_nb.errors import CommandError
from tract_nb.model.commit import Commit
from tract_nb.notebook.commands import COMMANDS, GROUPS, TAKES_BODY
from tract_nb.notebook.desk import Desk
from tract_nb.notebook.words import Text
from tract_nb.tract import Tract

_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)")
#: arguments that take any object; elsewhere a variable must be a text, a number, a path or a commit
_TAKES_OBJECTS = frozenset({"refs", "reported", "tract"})


def run(desk: Desk, words: Sequence[str]) -> Any:
    """Run a command and return its value.

    Raises
    ------
    CommandError
        If there is no such command, or its arguments do not fit.
    TractError
        What the command itself raises.
    """
    words, on = tract_option(list(words))
    if not words or words[0] in ("help", "--help", "-h"):
        return Text(help_text(words[1] if len(words) > 1 else None))
    name, *rest = words
    if name in ("--version", "version"):
        return Text(f"tract_nb {version('tract-nb')}")
    if name not in COMMANDS:
        _unknown(name)
    if any(word in ("--help", "-h") and not getattr(word, "is_text", False) for word in rest):
        return Text(help_text(name))
    function = COMMANDS[name]
    stand_ins = _StandIns()
    bound = _parsed(name, [stand_ins.word(word, desk) for word in rest])
    args, kwargs = stand_ins.restored(name, bound)
    if _works_on(function) is Tract:
        return function(desk.tract_named(on) if on else desk.tract, *args, **kwargs)
    if on is None:
        return function(desk, *args, **kwargs)
    before, desk.current = desk.current, desk.tract_named(on)
    try:
        return function(desk, *args, **kwargs)
    finally:
        desk.current = before


class _StandIns:
    """Words that stand for what a parser must not look into: quoted texts and variables' values."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def word(self, word: str, desk: Desk) -> str:
        """Return the word that the parser sees."""
        found = _VARIABLE.fullmatch(word) if desk.in_notebook else None
        if found is None:
            is_text = getattr(word, "is_text", False)
            return self._stand_in(str(word)) if is_text and word.startswith("-") else str(word)
        if found[1] not in desk.namespace:
            raise CommandError(f"There is no variable {found[1]!r}.", "Run the cell that makes it first.")
        value = desk.namespace[found[1]]
        if isinstance(value, Commit):
            return value.hash
        if isinstance(value, Number) or hasattr(value, "__fspath__"):
            return str(value)
        return self._stand_in(str(value) if isinstance(value, str) else value)

    def _stand_in(self, value: Any) -> str:
        name = f"\x00value {len(self._values)}\x00"
        self._values[name] = value
        return name

    def restored(self, command: str, bound: inspect.BoundArguments) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments with the values in place; an object only where one is asked for."""
        for name, given in bound.arguments.items():
            several = isinstance(given, tuple | list)
            values = tuple(self._value(command, name, item) for item in (given if several else (given,)))
            bound.arguments[name] = values if several else values[0]
        return bound.args, bound.kwargs

    def _value(self, command: str, name: str, item: Any) -> Any:
        """Return what a word stands for; an object only where one is asked for."""
        if not isinstance(item, str) or item not in self._values:
            return item
        value = self._values[item]
        if not isinstance(value, str) and name not in _TAKES_OBJECTS:
            raise CommandError(
                f"{command} takes a text for {name.upper()}, not a {type(value).__name__}.",
                "Put one name in a variable of its own: one = selection.commit.iloc[0].",
            )
        return value


WIDTH = 88  # columns of a help text


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
    said_how = fill(" ".join(usage), WIDTH, subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join([said_how, *cell, "", said, *([""] if lines else []), *lines])


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
        turned = [flag for flag in flags if flag.startswith("--no-") == bool(default)] if switch else flags
        shown = turned or flags  # --no-ff is no other name of --ff
        yield Argument(", ".join(shown) + value, about, "" if switch else said, f"[{shown[-1]}{value}]")


def _value_name(argument: Any) -> str:
    choices = argument.get_choices()
    if choices:
        return "|".join(choices)
    return "N" if argument.hint is int or int in getattr(argument.hint, "__args__", ()) else "TEXT"


#: what goes with any command
AROUND = (
    "COMMAND --help says more. With any command, -t NAME works on another tract for once.",
    "In a notebook $name is a variable, --out NAME keeps the value in one (of export, --out is a",
    "file), and %%tract user takes the text below; --again appends anew, --expand fills in {{name}}.",
)


def overview() -> str:
    """Return all commands, a line each."""
    lines = ["Git for LLM context: %tract COMMAND in a notebook, tract COMMAND in a terminal."]
    for title, group in GROUPS.items():
        lines += ["", title]
        for name, function in group.items():
            said = inspect.cleandoc(function.__doc__ or "").partition("\n")[0]
            lines.append(f"  {name:<11} {said}")
    lines += ["", *AROUND]
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


def tract_option(words: list[str]) -> tuple[list[str], str | None]:
    """Return the words without ``-t NAME``, and that name."""
    for place, word in enumerate(words[:-1]):
        if word in ("-t", "--tract") and not getattr(word, "is_text", False):
            return words[:place] + words[place + 2 :], words[place + 1]
    return words, None


def _unknown(name: str) -> NoReturn:
    close = get_close_matches(name, [*COMMANDS, "help"], n=1, cutoff=0.5)
    hint = f"Did you mean {close[0]}?" if close else "%tract help lists them."
    raise CommandError(f"There is no command {name!r}.", hint)
