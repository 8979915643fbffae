"""Identifiers in texts: what a later turn may need word by word, and a summary may lose.

Paths, URLs, numbers with units, error messages, names from code, hashes, and what stands in quotes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

#: the kinds, in the order in which they are told
KINDS = ("url", "path", "error", "number", "name", "hash", "quote")

MOST = 200  # characters of an identifier: a longer run is data

_UNITS = (
    r"%|°[CF]?|[kKMGT]i?B|bytes?|bits?|ms|us|µs|ns|s|sec(?:onds?)?|min(?:utes?)?|h|hours?|days?|weeks?|months?|"
    r"years?|px|em|rem|[kcm]?m|km|kg|[kM]?Hz|GHz|tokens?|lines?|rows?|files?|tests?|times|x|USD|EUR|€|[MG]B/s"
)
_NUMBER = re.compile(
    rf"(?<![\w.,])[-+]?(?:[$€£]\d[\d,]*(?:\.\d+)?(?!\w)|\d[\d,]*(?:\.\d+)? ?(?:{_UNITS})(?![\w/]))"
)
#: the names of errors are looked for by how they end: what they begin with is read backwards
_ERROR = re.compile(r"(?:Error|Exception|Warning|Failure|Panic)(?!\w)(?::[ \t]*[^\n]{1,160})?")
_BEFORE = re.compile(r"[\w.]{0,60}\Z")
_QUOTE = re.compile(rf'"[^"\n]{{4,{MOST}}}"|“[^”\n]{{4,{MOST}}}”|`[^`\n]{{2,{MOST}}}`')
_RUN = re.compile(r"[^\s\"'`<>()\[\]{},;|\\“”…]{2,}")
_APART = re.compile(r"(?<!:)[:=](?![:/])")
_STRIP = ".,;:!?…*#=&"

_FILE = re.compile(
    r"[\w@+-][\w@+.-]*\.(?:py|pyi|js|jsx|ts|tsx|mjs|json|jsonl|md|rst|txt|csv|tsv|ya?ml|toml|ini|cfg|lock|sh|sql|db|"
    r"sqlite|html?|css|scss|c|h|cc|cpp|hpp|rs|go|java|kt|rb|php|swift|ipynb|log|env|xml|svg|png|jpe?g|pdf|zip|tar|gz)"
)
_HASH = re.compile(r"(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,64}")
_VERSION = re.compile(r"v?\d+\.\d+(?:\.\d+)+|\d{4}-\d\d-\d\d")
_NAME = re.compile(
    r"""(?!\w(?:\.\w)+$)[A-Za-z_]\w*(?:(?:\.|::|->)[A-Za-z_]\w*)+  # a dotted name, but no e.g
      | \w*[A-Za-z0-9]_+\w+ | _\w{3,}            # snake_case
      | [a-z]\w*[a-z0-9][A-Z]\w*                 # camelCase
      | (?:[A-Z][a-z0-9]+){2,}                    # PascalCase
      | --?[a-z][\w-]{2,}                         # a flag""",
    re.VERBOSE,
)


class Identifier(NamedTuple):
    """Something that must be said word by word to mean the same."""

    kind: str
    text: str


def identifiers(text: str) -> dict[Identifier, int]:
    """Return the identifiers in a text, and how often each is said."""
    found: dict[Identifier, int] = {}
    for run, times in Counter(_RUN.findall(text)).items():
        for one in _of_run(run):
            found[one] = found.get(one, 0) + times
    for match in _NUMBER.finditer(text):
        _add(found, "number", match[0])
    for match in _ERROR.finditer(text):
        before = _BEFORE.search(text, max(match.start() - 60, 0), match.start())
        _add(found, "error", f"{before[0] if before else ''}{match[0]}".rstrip(_STRIP + " "))
    words = {one.text for one in found}
    for match in _QUOTE.finditer(text):
        said = match[0][1:-1].strip()
        if said not in words:  # a path in quotes is a path
            _add(found, "quote", said)
    return found


def _add(found: dict[Identifier, int], kind: str, said: str) -> None:
    if len(said) > 1:
        one = Identifier(kind, said)
        found[one] = found.get(one, 0) + 1


@lru_cache(maxsize=65_536)
def _of_run(run: str) -> tuple[Identifier, ...]:
    """Return the identifiers in a run of characters without a blank."""
    if len(run) > MOST:
        return ()
    if "://" in run:
        return (Identifier("url", run.rstrip(_STRIP)),)
    found = []
    for part in _APART.split(run):
        said = part.strip(_STRIP)
        kind = _kind(said) if len(said) > 2 else None
        if kind is not None:
            found.append(Identifier(kind, said))
    return tuple(found)


def _kind(said: str) -> str | None:
    """Return what kind of identifier a word is; None where it is an ordinary one."""
    if "/" in said:
        return "path" if _is_path(said) else None
    for kind, pattern in (("path", _FILE), ("hash", _HASH), ("number", _VERSION), ("name", _NAME)):
        if pattern.fullmatch(said):
            return kind
    return None


def _is_path(said: str) -> bool:
    """Tell a path from words with a slash between them: and/or, 1/2, 24/7."""
    parts = [part for part in said.split("/") if part]
    if not parts or all(part.isdigit() for part in parts):
        return False
    return said[0] in "/~." or said[-1] == "/" or len(parts) > 2 or "." in parts[-1] or "_" in said


class Lost(NamedTuple):
    """Identifiers that one of two texts has and the other has not.

    Parameters
    ----------
    lost : dict
        Those of the originals: the place of the one that says it first, and how often it is said.
    added : list
        Those that the draft says and no original does.
    """

    lost: dict[Identifier, tuple[int, int]]
    added: list[Identifier]


def compare(originals: Iterable[str], draft: str) -> Lost:
    """Return what a draft no longer has of its originals, and what it says that none of them does.

    An identifier is there where the draft holds its text anywhere: within a longer path too, and in other
    quotes. Numbers must stand alone, since 5 MB is not 15 MB.
    """
    parts = list(originals)
    whole = "\n".join(parts)
    ends = list(accumulate(len(part) + 1 for part in parts))
    found = identifiers(whole)
    said = identifiers(draft)
    words = {one.text for one in said}
    lost: dict[Identifier, tuple[int, int]] = {}
    reached: dict[str, int] = {}  # each walk over a text finds in order, so nothing is looked for twice
    for one, times in found.items():
        walk = one.kind if one.kind in ("error", "quote") or _NUMBER.fullmatch(one.text) else "run"
        place = reached[walk] = max(whole.find(one.text, reached.get(walk, 0)), 0)
        if not _says(draft, words, one):
            lost[one] = bisect_right(ends, place), times
    known = {one.text for one in found}
    every = "\0".join(known)
    added = [
        one
        for one in said
        if one.text not in known
        and one.text not in every
        and not (one.kind == "quote" and one.text in whole)  # what a person said stands there without quotes
    ]
    return Lost(lost, added)


def _says(draft: str, words: set[str], one: Identifier) -> bool:
    if one.text in words:
        return True
    if one.kind in ("number", "hash") and one.text in draft:
        return re.search(rf"(?<![\w.]){re.escape(one.text)}(?![\w])", draft) is not None
    return one.text in draft


def missing(patterns: Sequence[re.Pattern[str]], originals: Iterable[str], draft: str) -> list[str]:
    """Return what patterns match in the originals and the draft does not say verbatim, each once."""
    found = dict.fromkeys(
        match[0] for text in originals for pattern in patterns for match in pattern.finditer(text)
    )
    return [said for said in found if said and said not in draft]
