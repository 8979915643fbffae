"""A JSON document read a piece at a time: what is wanted of it as bytes, the rest only stepped over.

A document of gigabytes is a list of small things, or a few small things beside a large one that nobody
asked for. What is held is one block of the file and the piece at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from tract_nb.trace.json_lines import loads

BLOCK = 1 << 18  # bytes read at a time
#: a piece beyond this is stepped over and said to be too large
LARGEST = 1 << 26
_LONGEST_KEY = 1 << 12

#: what is wanted: members of objects by name, ``"*"`` for all others and for the items of a list, and None
#: where a value is wanted whole
Wanted = Mapping[str, "Wanted | None"]

_SPACE = re.compile(rb"[ \t\r\n]*+")
_SCALAR = re.compile(rb"[^\s,\]}]*+")
#: whole strings and brackets; a quote alone opens a string that the block does not end
_STRUCTURE = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\]"]', re.DOTALL)
_IN_STRING = re.compile(rb'["\\]')
_BOM = b"\xef\xbb\xbf"


class JSONError(ValueError):
    """A document that goes on in a way no JSON does, or ends too early."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Piece(NamedTuple):
    """A value that was wanted."""

    path: tuple[str | int, ...]  # names of members and places in lists, from the top
    data: bytes | None  # None where it is larger than what is held
    line: int  # where it begins, counted from 1
    offset: int  # the same as a byte of the file


def pieces(file: BinaryIO, wanted: Wanted, largest: int = LARGEST) -> Iterator[Piece]:
    """Yield what is wanted of a document, in its order.

    Parameters
    ----------
    file : BinaryIO
        Open at its start.
    wanted : mapping
        What is wanted (see :data:`Wanted`).
    largest : int
        Bytes of the largest piece that is held.

    Raises
    ------
    JSONError
        Where the document is none, with the line; what came before has been yielded by then.
    """
    yield from Document(file, largest).walk(wanted, ())


class Document:
    """One pass over a document.

    Parameters
    ----------
    file : BinaryIO
        Open at its start.
    largest : int
        Bytes of the largest piece that is held.
    """

    def __init__(self, file: BinaryIO, largest: int = LARGEST) -> None:
        self._file = file
        self._largest = largest
        self._data = b""
        self._at = 0  # in the buffer
        self._base = 0  # where the buffer begins in the file
        self._line, self._counted = 1, 0  # the line that stands at this place of the buffer
        self._inside = False  # of an object or a list
        self._fill()
        if self._data.startswith(_BOM):
            self._at = len(_BOM)

    def walk(self, wanted: Wanted | None, path: tuple[str | int, ...]) -> Iterator[Piece]:
        """Yield what is wanted of the value that stands here, and step behind it."""
        opening = self._peek()
        if wanted is None or opening not in b"{[":
            if wanted is None:
                line, offset = self._place()
                yield Piece(path, self._value(keep=True), line, offset)
            else:
                self._value(keep=False)  # something else than what was expected there
            return
        closing = b"}" if opening == b"{" else b"]"
        self._at += 1
        self._inside = True
        number = 0
        if self._peek() == closing:
            self._at += 1
            return
        while True:
            name: str | int = self._key() if opening == b"{" else number
            number += 1
            inner = (
                wanted.get(name, wanted.get("*", _NOTHING))
                if type(name) is str
                else wanted.get("*", _NOTHING)
            )
            if inner is _NOTHING:
                self._peek()
                self._value(keep=False)
            else:
                yield from self.walk(inner, (*path, name))
            mark = self._peek()
            self._at += 1
            if mark == closing:
                return
            if mark != b",":
                raise self._wrong(mark)

    def _wrong(self, found: bytes) -> JSONError:
        line, _ = self._place()
        return JSONError(f"{found.decode('latin-1')!r} is out of place", line)

    def _place(self) -> tuple[int, int]:
        """Return the line and the byte of the file that are next."""
        self._line += self._data.count(b"\n", self._counted, self._at)
        self._counted = self._at
        return self._line, self._base + self._at

    def _fill(self) -> bool:
        """Read another block behind what is not used yet; False at the end."""
        self._place()
        more = self._file.read(
            max(BLOCK, len(self._data) - self._at)
        )  # doubling: a long piece is joined few times
        self._base += self._at
        self._data = self._data[self._at :] + more
        self._at = self._counted = 0
        return bool(more)

    def _peek(self) -> bytes:
        """Step over white space and return the byte that is next."""
        while True:
            self._at = _SPACE.match(self._data, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._data):
                return self._data[self._at : self._at + 1]
            if not self._fill():
                raise JSONError("JSON cut off", self._place()[0])

    def _key(self) -> str:
        """Return a member's name, and step behind its colon."""
        if self._peek() != b'"':
            raise self._wrong(self._peek())
        data = self._string(keep=True)
        try:
            name = loads(data)[0] if data is not None and len(data) <= _LONGEST_KEY else ""
        except ValueError as wrong:
            raise JSONError("a name that is not JSON", self._place()[0]) from wrong
        if self._peek() != b":":
            raise self._wrong(self._peek())
        self._at += 1
        return str(name)

    def _value(self, *, keep: bool) -> bytes | None:
        """Step behind the value that stands here, and return it where it is kept."""
        opening = self._peek()
        if opening == b'"':
            return self._string(keep=keep)
        if opening in b"{[":
            return self._nested(keep=keep)
        return self._scalar(keep=keep)

    def _scalar(self, *, keep: bool) -> bytes | None:
        end = _SCALAR.match(self._data, self._at).end()  # type: ignore[union-attr]
        while end == len(self._data):
            if end - self._at > _LONGEST_KEY:
                raise JSONError("JSON of an unknown shape", self._place()[0])
            if not self._fill():
                if self._inside:  # what is left of a number is none
                    raise JSONError("JSON cut off", self._place()[0])
                end = len(self._data)
                break
            end = _SCALAR.match(self._data, self._at).end()  # type: ignore[union-attr]
        data = self._data[self._at : end]
        if not data:
            raise self._wrong(self._data[end : end + 1])
        self._at = end
        return data if keep else None

    def _string(self, *, keep: bool) -> bytes | None:
        """Step behind a string, however long."""
        search = 1  # from the place that is next
        while True:
            found = _IN_STRING.search(self._data, self._at + search)
            if found is not None and (found[0] == b'"' or found.end() < len(self._data)):
                search = found.end() - self._at
                if found[0] == b'"':
                    kept = keep and search <= self._largest
                    data = self._data[self._at : found.end()] if kept else None
                    self._at = found.end()
                    return data
                search += 1  # what is escaped
                continue
            reached = found.start() if found is not None else len(self._data)
            if keep and reached - self._at > self._largest:
                keep = False
            if keep:
                search = reached - self._at
            else:
                self._at, search = reached, 0
            if not self._fill():
                raise JSONError("JSON cut off", self._place()[0])

    def _nested(self, *, keep: bool) -> bytes | None:
        """Step behind an object or a list by its brackets alone, however deep."""
        depth, search = 0, 0
        while True:
            start = self._at
            depth, end = self._balance(start + search, depth)
            if depth == 0:
                self._at = end
                return self._data[start:end] if keep and end - start <= self._largest else None
            keep = keep and end - start <= self._largest
            if keep:
                search = end - start
            else:
                self._at, search = end, 0
            if not keep and end < len(self._data):
                self._string(keep=False)
            elif not self._fill():
                raise JSONError("JSON cut off", self._place()[0])

    def _balance(self, at: int, depth: int) -> tuple[int, int]:
        """Count brackets; return how many are open where they close, or where what is read ends."""
        for found in _STRUCTURE.finditer(self._data, at):
            mark = found[0]
            if len(mark) > 1:
                continue  # a string
            if mark == b'"':
                return depth, found.start()
            depth += 1 if mark in b"{[" else -1
            if depth == 0:
                return 0, found.end()
        return depth, len(self._data)


_NOTHING: Any = object()
