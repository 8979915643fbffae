"""Filtering: which commits a person asks for, written in one line.

``role:user``, ``type:tool_io``, ``is:pinned``, ``branch:docs``, ``kind:edit``, ``tool:Read``, ``>2k``,
``<100``, and words (or "words in quotes") that the text holds. All of it must fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import orjson

from tract_nb.errors import ContentError
from tract_nb.model.commit import Kind, Priority, Row
from tract_nb.model.content import TYPES, from_payload
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects
from tract_nb.view.cells import who
from tract_nb.view.collect import Collected

STATES = ("pinned", "skipped", "important", "edited", "masked", "failed", "covered")
ROLES = ("system", "user", "assistant", "tool")
_WORDS = re.compile(r'(?:(?P<key>[a-z]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<plain>\S+))')
_SIZE = re.compile(r"(?P<sign>[<>]=?)(?P<number>\d+(?:\.\d+)?)(?P<unit>[kM]?)")
_STATUS = re.compile(rb'"status":"(?P<status>(?:[^"\\]|\\.)*)"\}$')
STATUS_BYTES = 200  # at the end of a stored result: status is the last key of its canonical JSON
HASH_DIGITS = 4  # a word of as many and more may be the start of a hash
BATCH = 2_000  # texts that are looked through together

#: tells whether a commit fits
Test = Callable[[Row], bool]


@dataclass(frozen=True)
class Term:
    """One condition: what it asks for, and how it was written."""

    key: str
    value: str
    written: str


def terms(text: str) -> tuple[Term, ...]:
    """Return the conditions of a filter.

    Raises
    ------
    ContentError
        If a condition is none: an unknown key, or a value that its key has not.
    """
    return tuple(_checked(found) for found in _WORDS.finditer(text))


def _checked(found: re.Match[str]) -> Term:
    key, written = found["key"], found[0]
    value = found["quoted"] if found["quoted"] is not None else found["plain"]
    if key is None:
        if found["quoted"] is None and _SIZE.fullmatch(value):
            return Term("size", value, written)
        return Term("text", value, written)
    if key not in KEYS:
        # "http://..." and "note: ..." are texts; what looks like one of the keys is a slip
        close = get_close_matches(key, KEYS, n=1)
        if not close:
            return Term("text", written.replace('"', ""), written)
        raise ContentError(f"{key}: is no filter.", f"Did you mean {close[0]}:{value}?")
    known = KEYS[key]
    if known and value.lower() not in known:
        close = get_close_matches(value.lower(), known, n=1)
        hint = f"Did you mean {key}:{close[0]}?" if close else f"It is one of {', '.join(known)}."
        raise ContentError(f"{written} fits nothing.", hint)
    return Term(key, value.lower() if known else value, written)


KEYS: Mapping[str, tuple[str, ...]] = {
    "role": ROLES,
    "type": (),
    "is": STATES,
    "branch": (),
    "kind": tuple(kind.name.lower() for kind in Kind if kind is not Kind.MARK),
    "tool": (),
}


class Finder:
    """Finds the commits that fit a filter.

    Parameters
    ----------
    ws : Workspace
        Where the texts are.
    found : Collected
        The commits of all branches.
    """

    def __init__(self, ws: Workspace, found: Collected) -> None:
        self.ws = ws
        self.found = found

    def matches(self, wanted: Iterable[Term]) -> set[int]:
        """Return the numbers of the commits that fit all conditions; texts are looked through last."""
        rows = self.found.rows
        ordered = sorted(wanted, key=lambda term: (term.key == "text", term.value == "failed"))
        for term in ordered:
            rows = self._fitting(term, rows)
        return {row.id for row in rows}

    def _fitting(self, term: Term, rows: list[Row]) -> list[Row]:
        if term.key == "text":
            holding = self._holding(term.value, rows)
            return [row for row in rows if row.id in holding]
        if (term.key, term.value) == ("is", "failed"):
            bad = failed(self.ws, rows)
            return [row for row in rows if row.id in bad]
        test = self._test(term)
        return [row for row in rows if test(row)]

    def _test(self, term: Term) -> Test:
        if term.key == "size":
            return _size(term.value)
        if term.key == "branch":
            return self._branch(term)
        if term.key == "is":
            return self._state(term.value)
        value = term.value
        if term.key == "type":
            wanted = value.lower()
            known = {row.type for row in self.found.rows if row.type} | set(TYPES)
            if wanted not in {name.lower() for name in known}:
                raise ContentError(
                    f"{term.written} fits nothing.", f"Types here: {', '.join(sorted(known))}."
                )
            return lambda row: (row.type or "").lower() == wanted
        if term.key == "tool":
            return self._tool(value.lower())
        if term.key == "kind":
            kind = Kind[value.upper()]
            return lambda row: row.kind == kind
        return lambda row: row.role == value and row.is_unit

    def _tool(self, wanted: str) -> Test:
        calls = {
            row.identity for row in self.found.rows if row.is_call and (row.name or "").lower() == wanted
        }

        def test(row: Row) -> bool:
            if row.is_result and row.targets and row.targets[0] in calls:
                return True
            return (row.is_call or row.is_result) and (row.name or "").lower() == wanted

        return test

    def _branch(self, term: Term) -> Test:
        stand = self.found.stand
        names = {name.lower(): name for name in stand.heads}
        name = names.get(term.value.lower())
        if name is None:
            close = get_close_matches(term.value.lower(), names, n=1)
            hint = f"Did you mean branch:{close[0]}?" if close else f"Branches: {', '.join(names)[:200]}."
            raise ContentError(f"There is no branch {term.value!r}.", hint)
        if stand.heads[name] == stand.tip:
            return lambda row: self.found.history.has(row.id)
        history = self.ws.snapshot(stand.heads[name])
        return lambda row: history.has(row.id)

    def _state(self, state: str) -> Test:
        unit = self.found.unit
        if state == "pinned":
            return lambda row: (one := unit(row)) is not None and one.priority is Priority.PINNED
        if state == "important":
            return lambda row: (one := unit(row)) is not None and one.priority is Priority.IMPORTANT
        if state == "skipped":
            return lambda row: (one := unit(row)) is not None and one.skipped
        if state == "covered":
            return lambda row: (one := unit(row)) is not None and one.covered
        if state == "masked":
            return lambda row: (one := unit(row)) is not None and one.text.id in self.found.masks
        return lambda row: (one := unit(row)) is not None and one.text.id != one.row.id

    def _holding(self, text: str, rows: list[Row]) -> set[int]:
        """Return the commits that say something: in who speaks, or in the text as it is now."""
        wanted = text.casefold()
        # in the stored JSON a text stands as it is, but for quotes and line ends; arguments of a call
        # stand as they are
        raw = orjson.dumps(wanted)[1:-1].decode()
        said: dict[int, list[int]] = {}
        holding = set()
        for row in rows:
            unit = self.found.unit(row)
            blob = (unit.text if unit is not None else row).blob
            by_hash = len(wanted) >= HASH_DIGITS and row.hash.hex().startswith(wanted)
            if by_hash or wanted in who(row).casefold():
                holding.add(row.id)
            elif blob is not None:
                said.setdefault(blob, []).append(row.id)
        numbers = list(said)
        for start in range(0, len(numbers), BATCH):
            for number, data in objects.blobs(self.ws.db, numbers[start : start + BATCH]).items():
                stored = data.decode().casefold()
                if (raw in stored or wanted in stored) and wanted in _text(data).casefold():
                    holding.update(said[number])
        return holding


def _text(data: bytes) -> str:
    return from_payload(orjson.loads(data)).unit_text


def _size(value: str) -> Test:
    found = _SIZE.fullmatch(value)
    assert found is not None
    limit = float(found["number"]) * {"": 1, "k": 1_000, "M": 1_000_000}[found["unit"]]
    tests: dict[str, Test] = {
        ">": lambda row: row.tokens > limit,
        "<": lambda row: row.is_unit and row.tokens < limit,
        ">=": lambda row: row.tokens >= limit,
        "<=": lambda row: row.is_unit and row.tokens <= limit,
    }
    return tests[found["sign"]]


def failed(ws: Workspace, rows: Iterable[Row]) -> set[int]:
    """Return the results among some commits whose status says that the call failed."""
    by_blob: dict[int, list[int]] = {}
    for row in rows:
        if row.is_result and row.blob is not None:
            by_blob.setdefault(row.blob, []).append(row.id)
    found: set[int] = set()
    for number, end in objects.blob_ends(ws.db, list(by_blob), STATUS_BYTES).items():
        if _STATUS.search(end):
            found.update(by_blob[number])
    return found
