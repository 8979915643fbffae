"""Names in texts: which of a unit's paths, identifiers and hashes are said again later."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

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


def used_later(
    says: Sequence[bool], names: Callable[[int], Collection[str]], wanted: Collection[int]
) -> dict[int, tuple[int, int]]:
    """Return of some turns how many of their names are said later, and how many they have.

    Parameters
    ----------
    says : sequence of bool
        Of each turn whether the user or the model says it; an output that repeats a name uses nothing.
    names : callable
        Returns the names of a turn by its place; asked only where they matter.
    wanted : collection of int
        The places of the turns.
    """
    later: set[str] = set()
    found: dict[int, tuple[int, int]] = {}
    for place in range(len(says) - 1, min(wanted, default=0) - 1, -1):
        if place in wanted:
            own = set(names(place))
            found[place] = len(own & later), len(own)
        if says[place]:
            later.update(names(place))
    return found
