"""What takes the room: the largest units, tools and files, and what masking each would save."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import orjson

from tract_nb.engine.masking import KEEP_LAST, file_of, mask_line
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot, read_all
from tract_nb.engine.tokens import message_size
from tract_nb.model.commit import Priority, preview
from tract_nb.model.content import Content, ToolIO, from_payload
from tract_nb.operations import present
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects
from tract_nb.view.plain import cut
from tract_nb.view.strip import segment

SHOWN = 120  # characters of a unit's text
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
    maskable, saved : int
        How many outputs masking would shorten, and by how much in all.
    keep_last : int
        How many units at the end it would leave whole.
    """

    units: tuple[Taker, ...]
    tools: tuple[Group, ...]
    files: tuple[Group, ...]
    maskable: int
    saved: int
    keep_last: int = KEEP_LAST


class _Item(NamedTuple):
    """A unit that is sent, with its content and its call's."""

    unit: Unit
    content: Content
    text: str
    call: ToolIO | None


def takers(ws: Workspace, largest: int = 10) -> Takers:
    """Return what takes the room in the context at HEAD."""
    history = ws.snapshot(ws.tip())
    items = _items(ws, history)
    whole = len(items) - KEEP_LAST
    saved = {item.unit.identity: _saved(ws, item) if place < whole else 0 for place, item in enumerate(items)}
    root = _root(path for item in items if (path := _path(item)) is not None)
    places = sorted(range(len(items)), key=lambda place: (-items[place].unit.size, items[place].unit.row.id))
    names = used_later([(_says(item), item.text) for item in items], set(places[:largest]))
    units = []
    for place in places[:largest]:
        item = items[place]
        drawn = segment(item.unit)
        used, has = names[place]
        about = _line(_GOES_THERE.sub("… ", _about(item)).removeprefix(root) or item.text)
        units.append(
            Taker(
                drawn.commit, drawn.role, drawn.who, drawn.tokens, saved[item.unit.identity], used, has, about
            )
        )
    gains = [gain for gain in saved.values() if gain]
    return Takers(
        tuple(units), _tools(items, saved), _files(items, saved, root), maskable=len(gains), saved=sum(gains)
    )


def _items(ws: Workspace, history: Snapshot) -> list[_Item]:
    """Return what is sent, with contents; each chunk's texts are read once for a snapshot."""
    contents: dict[bytes, Content] = {}
    items = []
    read = partial(objects.groups_of_blobs, ws.db)
    read_all(history.chunks, read)
    for chunk in history.chunks:
        units = [unit for unit in chunk.shown(reasoning=False) if unit.size]
        stored = chunk.payloads(read)
        for unit in units:
            assert unit.row.blob is not None
            assert unit.text.blob is not None
            content = from_payload(orjson.loads(stored[unit.row.blob]))
            said = content
            if unit.text is not unit.row:
                said = from_payload(orjson.loads(stored[unit.text.blob]))
            contents[unit.identity] = said
            call = contents.get(unit.call) if unit.call else None
            items.append(_Item(unit, content, said.unit_text, call if isinstance(call, ToolIO) else None))
    return items


def _line(text: str) -> str:
    """Return a text in one line; a path keeps its end."""
    return cut(preview(text, 8 * SHOWN), SHOWN)


def _about(item: _Item) -> str:
    """Return what a call, or the call of a result, was about; empty for what is neither."""
    of = item.call or item.content
    if not isinstance(of, ToolIO) or not isinstance(of.arguments, Mapping):
        return ""
    return present.headline(of.arguments)


def _path(item: _Item) -> str | None:
    """Return the file that a call, or the call of a result, names."""
    of = item.call or item.content
    return file_of(of.arguments) if isinstance(of, ToolIO) and isinstance(of.arguments, Mapping) else None


def _saved(ws: Workspace, item: _Item) -> int:
    """Return what masking a unit would save."""
    if not isinstance(item.content, ToolIO) or not item.unit.row.is_result:
        return 0
    if item.unit.priority >= Priority.IMPORTANT:
        return 0
    line = mask_line(
        item.unit.row.name or "", _about(item), item.content.status, item.text, item.unit.text.tokens
    )
    return max(item.unit.size - message_size(ws.count(line)), 0)


# -- tools and files ----------------------------------------------------------------------------------


def _tools(items: list[_Item], saved: Mapping[bytes, int]) -> tuple[Group, ...]:
    """Return what each tool takes."""
    by_name: dict[str, list[_Item]] = {}
    for item in items:
        if item.unit.row.is_call or item.unit.row.is_result:
            by_name.setdefault(item.unit.row.name or "tool", []).append(item)
    return _ordered(_group(name, name, of, saved) for name, of in by_name.items())


def _files(items: list[_Item], saved: Mapping[bytes, int], root: str) -> tuple[Group, ...]:
    """Return what is sent about each file that a call named."""
    by_path: dict[str, list[_Item]] = {}
    for item in items:
        path = _path(item)
        if path is not None:
            by_path.setdefault(path, []).append(item)
    return _ordered(_group(path, path.removeprefix(root), of, saved) for path, of in by_path.items())


def _group(name: str, shown: str, items: list[_Item], saved: Mapping[bytes, int]) -> Group:
    calls = {item.unit.call if item.unit.row.is_result else item.unit.identity for item in items}
    return Group(
        _line(name),
        _line(shown),
        len(calls),
        sum(item.unit.size for item in items),
        sum(saved[item.unit.identity] for item in items),
        tuple(segment(item.unit).commit for item in items),
    )


def _ordered(groups: Iterable[Group]) -> tuple[Group, ...]:
    return tuple(sorted(groups, key=lambda group: (-group.tokens, group.name)))


def _root(paths: Iterable[str]) -> str:
    """Return the folder that all absolute paths are in, with its slash; empty where there is none."""
    folders = {posixpath.dirname(path) for path in paths if path.startswith("/")}
    folder = posixpath.commonpath(folders) if folders else ""
    return f"{folder}/" if len(folder) > 1 else ""


# -- names --------------------------------------------------------------------------------------------

_RUN = re.compile(r"[\w./-]{4,200}")  # bounded, so that a line of a megabyte costs no more than its length
_NAME = re.compile(
    r"""(?=.*[A-Za-z])(?:
        .*\w/\w.*                     # a path
      | .*[A-Za-z]\w*\.[A-Za-z]\w*    # a file, a dotted name
      | .*[A-Za-z0-9]_[A-Za-z0-9].*   # snake_case
      | .*[a-z0-9][A-Z].*             # camelCase
      | (?=.*\d)[0-9a-f]{7,40}        # a hash
    )""",
    re.VERBOSE,
)


def names_in(text: str) -> set[str]:
    """Return the names in a text: paths (by their last part where that is a file), identifiers, hashes."""
    found = set()
    for run in set(_RUN.findall(text)):
        name = run.strip("./-")
        last = name.rpartition("/")[2]
        if "." in last:
            name = last
        if len(name) > 3 and _NAME.fullmatch(name):
            found.add(name)
    return found


def used_later(turns: list[tuple[bool, str]], wanted: set[int]) -> dict[int, tuple[int, int]]:
    """Return of some turns how many of their names are said later, and how many they have.

    Parameters
    ----------
    turns : list of (bool, str)
        Of each turn whether the user or the model says it (an output that repeats a name uses nothing),
        and its text.
    wanted : set of int
        The places of the turns.
    """
    later: set[str] = set()
    found: dict[int, tuple[int, int]] = {}
    for place in range(len(turns) - 1, min(wanted, default=0) - 1, -1):
        says, text = turns[place]
        if not says and place not in wanted:
            continue
        names = names_in(text)
        if place in wanted:
            found[place] = len(names & later), len(names)
        if says:
            later |= names
    return found


def _says(item: _Item) -> bool:
    """Tell whether the user or the model says a unit."""
    return item.unit.row.role in ("user", "assistant")
