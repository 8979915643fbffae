"""Tab completion in ``%tract`` lines; none in the prose of a ``%%tract`` cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, cast

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from tract_nb.errors import TractError
from tract_nb.notebook.commands import COMMANDS
from tract_nb.notebook.desk import Desk
from tract_nb.notebook.dispatch import app
from tract_nb.tract import Tract

_LINE = re.compile(r"^(?:\s*[\w, ]+=)?\s*%{1,2}tract\s(?P<words>.*)$", re.DOTALL)
_BODY = re.compile(r"^\s*%%tract\s")
#: commands whose arguments are names of commits
_TAKES_REF = frozenset(
    {"show", "expand", "compile", "export", "pin", "skip", "unpin", "edit", "diff", "reset", "checkout"}
)
_TAKES_BRANCH = frozenset({"switch"})


def matcher(desk: Desk) -> Callable[[CompletionContext], Any]:
    """Return the function that IPython's completer asks."""

    def complete(context: CompletionContext) -> Any:
        token = context.token
        lines = context.full_text.splitlines() or [""]
        first = next((number for number, line in enumerate(lines) if line.strip()), 0)
        if _BODY.match(lines[first]) and context.cursor_line > first:
            # prose: Python's names do not belong in it. Only a matcher that offers something keeps
            # the others out, so it offers what is written already.
            return _result([token], suppress=True, fragment=token)
        line = lines[context.cursor_line] if context.cursor_line < len(lines) else ""
        found = _LINE.match(line[: context.cursor_position])
        if found is None:
            return _result([], suppress=False)
        fragment = re.split(r"\s", found["words"])[-1]
        words = found["words"].split()
        done = words[: len(words) - 1] if fragment else words
        wanted = [item for item in candidates(desk, done) if item.startswith(fragment)]
        return _result(wanted, suppress=True, fragment=fragment)

    return cast("Callable[[CompletionContext], Any]", context_matcher(identifier="tract_nb")(complete))


def candidates(desk: Desk, done: list[str]) -> Iterable[str]:
    """Return what may come behind words that are written already."""
    if not done:
        return [*COMMANDS, "help"]
    name = done[0]
    if name == "help":
        return list(COMMANDS)
    if name not in COMMANDS:
        return []
    found = app()[name].assemble_argument_collection()
    for argument in found:
        if done[-1] in argument.names and done[-1].startswith("-") and argument.hint is not bool:
            choices = list(argument.get_choices() or ())
            return choices or (_refs(desk, "switch") if done[-1] in ("--branch", "--at") else [])
    options = [flag for argument in found for flag in argument.names if flag.startswith("--")]
    return [*_refs(desk, name), *(options if name != "help" else ()), "--help"]


def _refs(desk: Desk, name: str) -> list[str]:
    tract = desk.current or Tract.first
    if name not in _TAKES_REF | _TAKES_BRANCH or tract is None:
        return []
    try:
        branches = [row[0] for row in tract.branches()]
        commits = [row[0] for row in tract.log(10)] if name in _TAKES_REF else []
    except TractError:
        return []  # completion is no place for an error
    return ["HEAD", *branches, *commits] if name in _TAKES_REF else branches


def _result(items: list[str], *, suppress: bool, fragment: str = "") -> dict[str, Any]:
    return {
        "completions": [SimpleCompletion(text=item, type="tract") for item in items],
        "suppress": suppress,
        "matched_fragment": fragment,
        "ordered": True,
    }
