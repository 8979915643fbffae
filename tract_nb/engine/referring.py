"""Referring: whether anything said later names what an output named."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence

from tract_nb.engine.identifiers import Identifier, identifiers

_PARTS = (".", "::", "->")
SHORTEST = 4  # characters: a shorter part of a name says nothing


def names_said(text: str) -> array[int]:
    """Return what the identifiers of a text are known by, as numbers: eight bytes each, each once.

    A path is known by its last part too, a dotted name by each of its parts, so that ``parse.py`` refers to
    ``src/parse.py``, and ``tide.parse_hour()`` to ``parse_hour``. Two names that share a number by chance
    make an output look referred to, never the other way round.
    """
    return array("q", {hash(name) for one in identifiers(text) for name in _known_by(one)})


def _known_by(one: Identifier) -> set[str]:
    known = {one.text}
    if one.kind in ("path", "url"):
        known.add(one.text.rstrip("/").rpartition("/")[2])
    elif one.kind == "name":
        text = one.text
        for sign in _PARTS:
            text = text.replace(sign, " ")
        known.update(part for part in text.split() if len(part) >= SHORTEST)
    return known


def never_said(names: Sequence[Collection[int]], wanted: Collection[int]) -> set[int]:
    """Return which of some turns have names, and none that any later turn says.

    Parameters
    ----------
    names : sequence of collection of int
        Of each turn, in order.
    wanted : collection of int
        The places of the turns that are asked about.
    """
    later: set[int] = set()
    found: set[int] = set()
    for place in range(len(names) - 1, min(wanted, default=len(names)) - 1, -1):
        said = names[place]
        if place in wanted and said and later.isdisjoint(said):
            found.add(place)
        later.update(said)
    return found
