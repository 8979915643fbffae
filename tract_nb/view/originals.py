"""The originals of a group beside its draft: who said what, and which names of it got lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from tract_nb.engine.identifiers import identifiers
from tract_nb.model.commit import preview
from tract_nb.model.group import Group
from tract_nb.operations.masking import Item
from tract_nb.view.strip import segment

TEXT_LINE, CODE_LINE = 300, 160  # characters of a unit in the list: of what is said, and of a tool
HEAD, AROUND, SNIPPETS = (
    24,
    18,
    3,
)  # of one that loses names: how it begins, what stands around each, how many
SOUGHT = 200_000  # characters of a unit in which names are looked for
BEFORE, BEHIND = 14, 100  # characters around a name that is quoted
QUOTES = 200  # of how many originals at the most


class Original(NamedTuple):
    """One unit in the list.

    Parameters
    ----------
    commit, role, who : str
        As of a segment of the strip.
    tokens, time_us : int
        What it has in the context, and its author time.
    is_code : bool
        Whether it is of a tool, and not said by anybody.
    failed : bool
        Whether it is the result of a call that failed.
    parts : list of str
        What it says in a line: every second part is a name that got lost.
    length : int
        Characters of the whole text.
    """

    commit: str
    role: str
    who: str
    tokens: int
    time_us: int
    is_code: bool
    failed: bool
    parts: list[str]
    length: int


class Said(NamedTuple):
    """Where a name is said.

    Parameters
    ----------
    places : list of int
        Which of the originals say it, counted from 0.
    commits : list of str
        Their hashes, 12 digits.
    who : str
        Who says it first.
    quotes : list of str
        How each of them says it, those of the first places.
    time_us : int
        When.
    """

    places: list[int]
    commits: list[str]
    who: str
    quotes: list[str]
    time_us: int


class Originals:
    """The units that one draft stands for.

    Parameters
    ----------
    run : sequence of Item
        The units.
    group : Group
        With the draft, and what it loses.
    """

    def __init__(self, run: Sequence[Item], group: Group) -> None:
        self._run = run
        self._group = group

    def __len__(self) -> int:
        return len(self._run)

    @cached_property
    def _rank(self) -> dict[str, int]:
        """The names that got lost, by how much they matter."""
        return {name: place for place, name in enumerate(self._group.lost)}

    @property
    def times_us(self) -> tuple[int, int]:
        """When its first unit was written, and its last one."""
        times = [item.unit.row.author_us for item in self._run]
        return min(times), max(times)

    def rows(self, start: int, count: int) -> list[Original]:
        """Return some of the units."""
        return [self._row(item) for item in self._run[start : start + count]]

    def text(self, place: int, start: int, count: int) -> list[str]:
        """Return a part of what one unit says; every second part is a name that got lost."""
        return self._parts(self._run[place].text[start : start + count])

    def said(self, name: str) -> Said:
        """Return where a name is said."""
        found = [
            (place, item) for place, item in enumerate(self._run) if name in item.words and _says(item, name)
        ]
        if not found:
            return Said([], [], "", [], 0)
        drawn = [segment(item.unit) for _, item in found]
        first = found[0][1]
        return Said(
            [place for place, _ in found],
            [one.commit for one in drawn],
            drawn[0].who,
            [_around(item.words, name, BEFORE, BEHIND) for _, item in found[:QUOTES]],
            first.unit.row.author_us,
        )

    def draft(self) -> list[tuple[str, str]]:
        """Return the draft in parts: ``kept`` is a name of the originals, ``added`` one of none of them."""
        text, added = self._group.draft, set(self._group.added)
        # a rule's own figures are neither
        own = {row[3] for row in self._group.compared() if row[1] == "added"} - added
        names = {one.text for one in identifiers(text)} - own
        parts = _split(text, names)
        return [
            ("" if place % 2 == 0 else "added" if part in added else "kept", part)
            for place, part in enumerate(parts)
            if part
        ]

    def _row(self, item: Item) -> Original:
        drawn, row = segment(item.unit), item.unit.row
        is_code = row.is_call or row.is_result
        return Original(
            commit=drawn.commit,
            role=drawn.role,
            who=drawn.who,
            tokens=item.unit.size,
            time_us=row.author_us,
            is_code=is_code,
            failed=row.is_result and getattr(item.content, "status", "success") != "success",
            parts=self._line(item, is_code=is_code),
            length=len(item.text),
        )

    def _line(self, item: Item, *, is_code: bool) -> list[str]:
        """Return a unit in a line, with the names that it loses and where they stand."""
        said = item.about if item.unit.row.is_call and item.about else item.text
        line = preview(said, CODE_LINE if is_code else TEXT_LINE)
        missed = [name for name in self._names(item.words) if name not in line]
        if is_code and (missed or any(name not in line[:HEAD] for name in self._names(line))):
            line = preview(line, HEAD)
            missed = [name for name in self._names(item.words) if name not in line]
        told = [_around(item.words, name, AROUND, AROUND) for name in missed[:SNIPPETS]]
        return self._parts(
            " … ".join([line.rstrip("…"), *(one.lstrip("…") for one in told)]) if told else line
        )

    def _names(self, text: str) -> list[str]:
        """Return the names in a text that got lost, those that matter most first."""
        found = {one.text for one in identifiers(text[:SOUGHT])} & self._rank.keys()
        return sorted(found, key=self._rank.__getitem__)

    def _parts(self, text: str) -> list[str]:
        return _split(text, self._names(text))


def _says(item: Item, name: str) -> bool:
    return _pattern([name]).search(item.words) is not None


def _around(text: str, name: str, before: int, behind: int) -> str:
    """Return a name with what stands around it, in one line."""
    found = _pattern([name]).search(text)
    at = found.start() if found else max(text.find(name), 0)
    start, end = max(at - before, 0), at + len(name) + behind
    line = preview(text[start:end], end - start + 1)
    return f"{'…' if start else ''}{line}{'…' if end < len(text) and not line.endswith('…') else ''}"


def _split(text: str, names: Iterable[str]) -> list[str]:
    """Return a text in parts, every second of which is one of some names."""
    listed = list(names)
    return _pattern(listed).split(text) if listed else [text]


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    """Return what finds names where they stand alone, the longest first."""
    longest_first = map(_alone, sorted(names, key=len, reverse=True))
    return re.compile(f"({'|'.join(longest_first)})")


def _alone(name: str) -> str:
    before = r"(?<!\w)" if name[:1].isalnum() else ""
    behind = r"(?!\w)" if name[-1:].isalnum() else ""
    return f"{before}{re.escape(name)}{behind}"
