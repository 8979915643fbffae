"""What takes the room: the largest units, tools and files, and what masking each would save."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tract_nb.engine.masking import KEEP_LAST
from tract_nb.errors import ContentError
from tract_nb.model.commit import Priority, preview
from tract_nb.operations.workspace import Workspace
from tract_nb.view.facts import Fact, facts_of
from tract_nb.view.naming import used_later
from tract_nb.view.plain import cut
from tract_nb.view.strip import segment, short_hash

SHOWN = 120  # characters of a unit's text
OLD = "old outputs"
_GOES_THERE = re.compile(r"^cd \S+ && ")  # says where, not what: it would make all commands look alike


@dataclass(frozen=True, slots=True)
class Taker:
    """A unit among the largest.

    Parameters
    ----------
    commit, role, who : str
        As of a segment of the strip.
    tokens, saved : int
        What it takes, and what masking it would save; 0 where masking leaves it whole.
    used : int
        How many of its names (paths, identifiers) later turns of the user or the model say.
    names : int
        How many names it has.
    preview : str
        Its text in one line; of a result what its call was about.
    """

    commit: str
    role: str
    who: str
    tokens: int
    saved: int
    used: int
    names: int
    preview: str


@dataclass(frozen=True, slots=True)
class Group:
    """What a tool, or all that is about a file, takes.

    Parameters
    ----------
    name : str
        The tool, or the file's path.
    shown : str
        The path without what all files' paths begin with.
    calls : int
        How often it was called.
    tokens, saved : int
        What calls and results take, and what masking the results would save.
    commits : tuple of str
        Its calls and results.
    """

    name: str
    shown: str
    calls: int
    tokens: int
    saved: int
    commits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Takers:
    """What takes the room in the context at HEAD.

    Parameters
    ----------
    units : tuple of Taker
        The largest units, the largest first.
    tools, files : tuple of Group
        By what they take, the most first.
    old : Group
        All outputs that masking would shorten: those of tools but the pinned, the important, and what is
        among the last ``keep_last`` units.
    keep_last : int
        How many units at the end masking would leave whole.
    """

    units: tuple[Taker, ...]
    tools: tuple[Group, ...]
    files: tuple[Group, ...]
    old: Group
    keep_last: int = KEEP_LAST


class _Tool(NamedTuple):
    """A call or a result: its tool, the file that its call names, what masking it would save."""

    fact: Fact
    call: bytes
    path: str | None
    saved: int


def takers(ws: Workspace, largest: int = 10) -> Takers:
    """Return what takes the room in the context at HEAD."""
    if largest < 0:
        raise ContentError(f"largest={largest} lists nothing.", "Give 0 or more.")
    facts = facts_of(ws, ws.snapshot(ws.tip()))
    calls = {fact.unit.identity: fact.call for fact in facts if fact.unit.row.is_call}
    tools = _tools(ws, facts, calls)
    root = _root(path for _, path in calls.values() if path is not None)
    places = sorted(range(len(facts)), key=lambda place: (-facts[place].size, facts[place].unit.row.id))
    wanted = set(places[:largest])
    says = [fact.unit.row.role in ("user", "assistant") for fact in facts]
    used = used_later(says, lambda place: facts[place].names, wanted)
    saved = {tool.fact.unit.identity: tool.saved for tool in tools}
    units = tuple(_taker(facts[place], calls, saved, root, used[place]) for place in places[:largest])
    old = _group(OLD, OLD, [tool for tool in tools if tool.saved])
    return Takers(units, _by_tool(tools), _by_file(tools, root), old)


def _tools(ws: Workspace, facts: list[Fact], calls: Mapping[bytes, tuple[str, str | None]]) -> list[_Tool]:
    """Return the calls and results with what they name and save."""
    found = []
    whole = len(facts) - KEEP_LAST
    for place, fact in enumerate(facts):
        unit = fact.unit
        if unit.row.is_call:
            found.append(_Tool(fact, unit.identity, fact.call[1], 0))
        elif unit.row.is_result:
            about, path = calls.get(unit.call or b"", ("", None))
            masks = place < whole and unit.priority < Priority.IMPORTANT
            gain = fact.saved(ws, about) if masks else 0
            found.append(_Tool(fact, unit.call or unit.identity, path, gain))
    return found


def _taker(
    fact: Fact,
    calls: Mapping[bytes, tuple[str, str | None]],
    saved: Mapping[bytes, int],
    root: str,
    used: tuple[int, int],
) -> Taker:
    """Return a unit as one of the largest."""
    drawn = segment(fact.unit)
    about, _ = calls.get(fact.unit.call or fact.unit.identity, ("", None))
    said = _GOES_THERE.sub("… ", about).removeprefix(root) or fact.text
    gain = saved.get(fact.unit.identity, 0)
    return Taker(drawn.commit, drawn.role, drawn.who, drawn.tokens, gain, *used, _line(said))


def _line(text: str) -> str:
    """Return a text in one line; a path keeps its end."""
    return cut(preview(text, 8 * SHOWN), SHOWN)


# -- tools and files ----------------------------------------------------------------------------------


def _by_tool(tools: list[_Tool]) -> tuple[Group, ...]:
    """Return what each tool takes."""
    by_name: dict[str, list[_Tool]] = {}
    for tool in tools:
        by_name.setdefault(tool.fact.unit.row.name or "tool", []).append(tool)
    return _ordered(_group(name, name, of) for name, of in by_name.items())


def _by_file(tools: list[_Tool], root: str) -> tuple[Group, ...]:
    """Return what is sent about each file that a call named."""
    by_path: dict[str, list[_Tool]] = {}
    for tool in tools:
        if tool.path is not None:
            by_path.setdefault(tool.path, []).append(tool)
    return _ordered(_group(path, path.removeprefix(root), of) for path, of in by_path.items())


def _group(name: str, shown: str, tools: list[_Tool]) -> Group:
    return Group(
        _line(name),
        _line(shown),
        len({tool.call for tool in tools}),
        sum(tool.fact.size for tool in tools),
        sum(tool.saved for tool in tools),
        tuple(short_hash(tool.fact.unit) for tool in tools),
    )


def _ordered(groups: Iterable[Group]) -> tuple[Group, ...]:
    return tuple(sorted(groups, key=lambda group: (-group.tokens, group.name)))


def _root(paths: Iterable[str]) -> str:
    """Return the folder that all absolute paths are in, with its slash; empty where there is none."""
    folders = {posixpath.dirname(path) for path in paths if path.startswith("/")}
    folder = posixpath.commonpath(folders) if folders else ""
    return f"{folder}/" if len(folder) > 1 else ""
