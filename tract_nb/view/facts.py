"""Facts: what has to be read of each unit to say what takes the room, worked out once a unit."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from functools import partial

import orjson

from tract_nb.engine.chunks import Chunk, read_all
from tract_nb.engine.masking import file_of, mask_line
from tract_nb.engine.referring import names_said
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.superseding import Deed, deeds
from tract_nb.engine.tokens import message_size
from tract_nb.model.content import ToolIO, from_payload
from tract_nb.operations import present
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects
from tract_nb.view.naming import names_in
from tract_nb.view.outlook import sent_of


class Fact:
    """A unit that is sent, and what its text says as far as somebody asked.

    Parameters
    ----------
    unit : Unit
        The unit.
    stored : mapping
        The bytes of its chunk's texts, by blob number.
    """

    __slots__ = ("_call", "_deeds", "_masked", "_names", "_said", "_stored", "size", "unit")

    def __init__(self, unit: Unit, stored: Mapping[int, bytes]) -> None:
        self.unit = unit
        self.size = unit.size
        self._stored = stored
        self._call: tuple[str, str | None] | None = None
        self._masked: tuple[str, int] | None = None
        self._names: frozenset[str] | None = None
        self._said: array[int] | None = None
        self._deeds: tuple[Deed, ...] | None = None

    @property
    def text(self) -> str:
        """The effective text."""
        assert self.unit.text.blob is not None
        return from_payload(orjson.loads(self._stored[self.unit.text.blob])).unit_text

    @property
    def names(self) -> frozenset[str]:
        """The names in its text."""
        if self._names is None:
            self._names = frozenset(names_in(self.text))
        return self._names

    @property
    def call(self) -> tuple[str, str | None]:
        """Of a call: what it is about, and the file that it names."""
        if self._call is None:
            assert self.unit.text.blob is not None
            said = from_payload(orjson.loads(self._stored[self.unit.text.blob]))
            given = said.arguments if isinstance(said, ToolIO) else None
            self._call = (present.headline(given), file_of(given)) if isinstance(given, dict) else ("", None)
        return self._call

    @property
    def said(self) -> array[int]:
        """What its identifiers are known by."""
        if self._said is None:
            self._said = names_said(self.text)
        return self._said

    @property
    def deeds(self) -> tuple[Deed, ...]:
        """Of a call: what it did."""
        if self._deeds is None:
            assert self.unit.text.blob is not None
            said = from_payload(orjson.loads(self._stored[self.unit.text.blob]))
            given = said.arguments if isinstance(said, ToolIO) else None
            self._deeds = deeds(self.unit.row.name or "", given) if isinstance(given, dict) else ()
        return self._deeds

    @property
    def failed(self) -> bool:
        """Of a result: whether it says that its call failed."""
        assert self.unit.row.blob is not None
        status = orjson.loads(self._stored[self.unit.row.blob]).get("status", "success")
        return bool(status != "success")

    def saved(self, ws: Workspace, about: str) -> int:
        """Return what masking a result would save; nothing where the line is longer than the output."""
        if self._masked is None or self._masked[0] != about:
            row = self.unit.row
            assert row.blob is not None
            status = orjson.loads(self._stored[row.blob]).get("status", "success")
            line = mask_line(row.name or "", about, status, self.text, self.unit.text.tokens)
            self._masked = about, message_size(ws.count(line))
        return max(self.size - self._masked[1], 0)


def facts_of(ws: Workspace, history: Snapshot) -> list[Fact]:
    """Return the facts of all that is sent, in order; a chunk that did not change has them already."""
    read = partial(objects.groups_of_blobs, ws.db)
    read_all(history.chunks, read)
    found: list[Fact] = []
    for chunk in history.chunks:
        found += _of(ws, chunk)
    return found


def _of(ws: Workspace, chunk: Chunk) -> list[Fact]:
    # what is counted depends on who counts
    key = ("facts", ws.counter.name)
    found: list[Fact] | None = chunk.notes.get(key)
    if found is None:
        stored = chunk.payloads(partial(objects.groups_of_blobs, ws.db))
        found = chunk.notes[key] = [Fact(unit, stored) for unit in sent_of(chunk)]
    return found
