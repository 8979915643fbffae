"""The beginning of a file, which its format is told by; its name is not asked."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

from tract_nb.errors import TraceError
from tract_nb.trace.json_lines import loads

LISTED = "tract traces (or trace.sessions()) lists the sessions on this computer."

_HEAD = 1 << 16
_BOM = b"\xef\xbb\xbf"
_ZIP = b"PK\x03\x04"
#: what a JSON text is made of, as far as it matters where it may be cut off
_STRUCTURE = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\],"]', re.DOTALL)


def place_of(path: str | PathLike[str]) -> Path:
    """Return what a person called a path as one.

    Raises
    ------
    TraceError
        If it is empty, which is not the current folder, or names nobody's home.
    """
    if not os.fspath(path):
        raise TraceError("The path is empty.", f'The current folder is ".". {LISTED}')
    try:
        return Path(path).expanduser()
    except RuntimeError as nobody:
        raise TraceError(f"{path}: No such folder.", LISTED) from nobody


def head_of(path: Path, size: int = _HEAD) -> bytes:
    """Return the beginning of a file.

    Raises
    ------
    TraceError
        If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as trouble:
        raise TraceError(
            f"The file cannot be read ({trouble.strerror}).", f"Is it yours to read? {LISTED}", path=path
        ) from trouble
    except ValueError as trouble:  # a name with a NUL in it
        raise TraceError("No file has such a name.", LISTED) from trouble


def head_records(head: bytes) -> list[dict[str, Any]]:
    """Return the JSON objects that stand whole at the beginning of a file, one a line."""
    records = []
    for line in head.removeprefix(_BOM).splitlines():
        try:
            record, _ = loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            records.append(record)
    return records


@dataclass(frozen=True)
class Head:
    """What a format may look at to recognise its files.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    data : bytes
        Its beginning.
    """

    path: Path
    data: bytes

    @property
    def is_zip(self) -> bool:
        """It is an archive."""
        return self.data.startswith(_ZIP)

    @cached_property
    def text(self) -> bytes:
        """The beginning without a byte order mark and white space."""
        return self.data.removeprefix(_BOM).lstrip()

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The JSON objects that stand whole, one a line."""
        return [] if self.is_zip else head_records(self.data)

    @cached_property
    def value(self) -> Any:
        """The first JSON value, as far as it reaches; None where there is none."""
        if not self.text.startswith((b"{", b"[")):
            return None
        try:
            return loads(closed(self.text))[0]
        except ValueError:
            return None

    @cached_property
    def members(self) -> dict[str, Any]:
        """The members of the first JSON value, where that is an object."""
        return self.value if type(self.value) is dict else {}


#: the brackets that are open: the innermost one's closing mark, and those around it
_Open = tuple[bytes, "_Open"] | None


def closed(text: bytes) -> bytes:
    """Return the first JSON value of a text; one that is cut off is closed behind its last whole part."""
    still: _Open = None
    end, then = 0, still
    for found in _STRUCTURE.finditer(text):
        mark = found[0]
        if len(mark) > 1:
            continue
        if mark == b'"':
            break
        if mark in b"{[":
            still = b"}" if mark == b"{" else b"]", still
            end, then = found.end(), still
        elif mark == b",":
            end, then = found.start(), still
        elif still is not None:
            still = still[1]
            if still is None:
                return text[: found.end()]
            end, then = found.end(), still
    marks = []
    while then is not None:
        mark, then = then
        marks.append(mark)
    return text[:end] + b"".join(marks)
