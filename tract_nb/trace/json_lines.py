"""JSON as it stands in traces: quick where it is sound, and read all the same where it is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson

#: beyond these orjson turns an integer into a float and loses digits
_LARGEST, _SMALLEST = 2**64 - 1, -(2**63)


_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """Return a text without what no file and no request can hold: half of a surrogate pair."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def loads(data: bytes) -> tuple[Any, str | None]:
    """Parse JSON, and say what had to be put up with on the way.

    Parameters
    ----------
    data : bytes
        One JSON value.

    Returns
    -------
    value : Any
        Lone surrogates stay as they are.
    trouble : str or None
        ``"invalid UTF-8"`` where bytes were replaced by U+FFFD, else None.

    Raises
    ------
    ValueError
        If this is no JSON.
    """
    try:
        return orjson.loads(data), None
    except orjson.JSONDecodeError:
        return _loads_leniently(data)


def _loads_leniently(data: bytes) -> tuple[Any, str | None]:
    """Read what orjson refuses: lone surrogates, NaN, and bytes that are no UTF-8."""
    trouble = None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text, trouble = data.decode("utf-8", "replace"), "invalid UTF-8"
    try:
        return json.loads(text, parse_int=_exact_int), trouble
    except RecursionError as deep:
        raise ValueError("nested too deeply") from deep


def _exact_int(digits: str) -> int | str:
    """Keep an integer that no 64 bits hold as its digits (and never convert a monstrous one)."""
    if len(digits) > 20:
        return digits
    value = int(digits)
    return value if _SMALLEST <= value <= _LARGEST else digits


def is_rounded(value: Any) -> bool:
    """Tell whether a parsed value holds a number that orjson may have rounded."""
    if type(value) is float:
        return value >= _LARGEST or value < _SMALLEST
    if type(value) is dict:
        value = value.values()
    elif type(value) is not list:
        return False
    for inner in value:  # noqa: SIM110 - a generator costs more than all that it looks at
        if type(inner) is not str and is_rounded(inner):
            return True
    return False


def loads_exactly(data: bytes) -> Any:
    """Parse JSON with integers beyond 64 bits as strings of their digits."""
    return _loads_leniently(data)[0]


def dumps(value: Any) -> str:
    """Return a value as compact JSON, whatever strings are in it."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # a lone surrogate, or an integer beyond 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def utc(stamp: Any) -> datetime | None:
    """Read an ISO time as UTC (one without a zone is taken for UTC); None where it is no time."""
    try:
        time = datetime.fromisoformat(stamp)
    except (TypeError, ValueError):
        return None
    if time.tzinfo is UTC:
        return time
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


#: a line beyond this is stepped over: no record is that long, and a hole in a file is one line
LONGEST_LINE = 1 << 26
_STEP = 1 << 20


class LongLine(bytes):
    """Stands for a line that is too long to be held; empty itself."""

    length: int


def lines_of(file: BinaryIO, longest: int = LONGEST_LINE) -> Iterator[bytes]:
    """Yield a file's lines, a :class:`LongLine` for each that is longer than can be held."""
    read = file.readline
    while line := read(longest):
        if len(line) == longest and not line.endswith(b"\n") and (more := read(1)):
            length, line = longest + len(more), LongLine()  # let go of it before more is read
            while not more.endswith(b"\n") and (more := read(_STEP)):
                length += len(more)
            line.length = length
        yield line


_MANY_DIGITS = re.compile(rb"\d{19}")


def loads_record(data: bytes) -> tuple[Any, str | None]:
    """Parse JSON as :func:`loads` does, with integers beyond 64 bits as strings of their digits."""
    value, trouble = loads(data)
    if _MANY_DIGITS.search(data) and is_rounded(value):
        value = loads_exactly(data)
    return value, trouble
