"""Canonical JSON and the hashes over it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from tract_nb.errors import ContentError
from tract_nb.model.commit import Kind, Priority
from tract_nb.model.content import CANONICAL

# orjson reads what is beyond these as floats, so a value outside would not survive a round trip
INT_MIN, INT_MAX = -(2**63), 2**64 - 1


def canonical(value: Any) -> bytes:
    """Return the one byte string that stands for a JSON value.

    Keys are sorted, a lone surrogate (no JSON text can hold one) becomes U+FFFD.

    Raises
    ------
    ContentError
        If the value holds NaN, Infinity, an integer beyond 64 bits, a key that is no string, or
        something JSON has no word for.
    """
    try:
        # orjson writes NaN and Infinity as null, silently: the check is ours
        if needs_check(value):
            value = checked(value)
        return orjson.dumps(value, option=CANONICAL)
    except (TypeError, RecursionError) as error:
        if "surrogates" in str(error):
            return orjson.dumps(without_surrogates(value), option=CANONICAL)
        raise ContentError(
            f"JSON cannot hold this value: {error}.", "Convert it to text, numbers, lists and dicts."
        ) from error


def needs_check(value: Any) -> bool:
    """Tell whether a payload holds more than texts, so that the common one costs nothing."""
    if type(value) is dict:
        return set(map(type, value.values())) != {str}
    return True


def checked(value: Any) -> Any:
    """Return a JSON value as it is, or raise for what JSON would change in silence."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ContentError(f"JSON has no word for {value}.", "Give None or a text instead.")
    elif isinstance(value, int) and not isinstance(value, bool):
        if not INT_MIN <= value <= INT_MAX:
            raise ContentError(f"The integer {value} needs more than 64 bits.", "Give it as a text.")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ContentError(f"The key {key!r} is no text.", "JSON's keys are texts.")
            checked(item)
    elif isinstance(value, list | tuple):
        for item in value:
            checked(item)
    elif not (value is None or isinstance(value, str | bool)):
        # orjson would write times and UUIDs as texts, in silence
        raise ContentError(
            f"JSON has no word for {type(value).__name__}: {value!r:.80}.", "Give it as a text."
        )
    return value


def has_surrogates(value: Mapping[str, Any]) -> bool:
    """Tell whether a text in some fields holds a lone surrogate."""
    try:
        orjson.dumps(value)
    except TypeError as error:
        return "surrogates" in str(error)
    return False


def without_surrogates(value: Any) -> Any:
    """Return the value with every lone surrogate as U+FFFD."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(str(key)): without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_surrogates(item) for item in value]
    return value


def clean_text(text: str) -> str:
    """Return the text with surrogate pairs joined and every lone surrogate as U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def sha256(data: bytes) -> bytes:
    """Return the 32-byte digest."""
    return hashlib.sha256(data).digest()


_KINDS = {kind.value: kind.name for kind in Kind}
_PRIORITIES = {priority.value: priority.name for priority in Priority}


def commit_hash(
    kind: int,
    content: bytes | None,
    parents: Iterable[bytes],
    targets: Iterable[bytes],
    priority: int | None,
    origin: bytes | None,
    author_us: int,
) -> bytes:
    """Return the hash of a commit: SHA-256 over the canonical JSON of what it does.

    ``["tract1", kind, content hash, [parents], [targets], priority, origin, author time]``; kind and
    priority by name, hashes in hexadecimal, the time in microseconds since the epoch.
    """
    return sha256(
        orjson.dumps(
            [
                "tract1",
                _KINDS[kind],
                content.hex() if content else None,
                [parent.hex() for parent in parents],
                [target.hex() for target in targets],
                None if priority is None else _PRIORITIES[priority],
                origin.hex() if origin else None,
                author_us,
            ]
        )
    )
