"""Word differences: what an edit took out and what it put in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import groupby
from typing import NamedTuple

_WORD = re.compile(r"\s+|\w+|[^\w\s]")
MOST_WORDS = 4_000  # on each side; beyond it what differs is shown as one piece
SNIPPET = 60  # characters


class Piece(NamedTuple):
    """A stretch of text: ``same``, ``out`` (only before) or ``in`` (only after)."""

    kind: str
    text: str


def difference(before: str, after: str) -> list[Piece]:
    """Return both texts as one run of pieces."""
    return [
        Piece(kind, "".join(piece.text for piece in run))
        for kind, run in groupby(_pieces(before, after), key=lambda piece: piece.kind)
    ]


def _pieces(before: str, after: str) -> Iterator[Piece]:
    old, new = _WORD.findall(before), _WORD.findall(after)
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    yield from _said("same", old[:start])
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    if max(len(middle_old), len(middle_new)) > MOST_WORDS:
        yield from _said("out", middle_old)
        yield from _said("in", middle_new)
    else:
        found = SequenceMatcher(None, middle_old, middle_new, autojunk=False).get_opcodes()
        for tag, old_start, old_end, new_start, new_end in found:
            if tag == "equal":
                yield from _said("same", middle_old[old_start:old_end])
            else:
                yield from _said("out", middle_old[old_start:old_end])
                yield from _said("in", middle_new[new_start:new_end])
    yield from _said("same", old[len(old) - end :])


def _said(kind: str, words: list[str]) -> Iterator[Piece]:
    if words:
        yield Piece(kind, "".join(words))


def _shared(one: list[str], other: list[str]) -> int:
    """Return how many words both begin with."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def snippet(before: str, after: str) -> tuple[str, str]:
    """Return the words around the first difference, in one line each: (before, after)."""
    old, new = before.split(), after.split()
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    return _line(old[start : len(old) - end]), _line(new[start : len(new) - end])


def _line(words: list[str]) -> str:
    taken: list[str] = []
    for word in words:
        taken.append(word[:SNIPPET])
        if sum(map(len, taken)) > SNIPPET:
            break
    line = " ".join(taken)
    return line if len(line) <= SNIPPET and len(taken) == len(words) else f"{line[: SNIPPET - 1]}…"
