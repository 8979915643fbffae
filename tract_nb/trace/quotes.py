"""Quotes of a trace: each is looked up in it, mended from the nearest place, or taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from tract_nb.model.event import Event
from tract_nb.trace.json_lines import storable
from tract_nb.trace.recording import Trace
from tract_nb.trace.secrets import PLACEHOLDER, redact

NEAR = 0.8  # how alike a quote and a place in the trace must be for the quote to be mended from it
_WORDS = 4  # a shorter quote is found as it stands, or not at all
_SHARED = 0.5  # of a quote's words that a line must have to be looked at closely
_LONGEST = 4_000  # characters of a line that are compared closely
_QUOTE = re.compile(r"^(\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)*(?:>[ \t]*)*>)[ \t]*(.*?)[ \t]*$")
_MARKS = "\"'“”„‘’«»"  # noqa: RUF001  marks that people and models put around a quote
#: where a quote stands, as it is written behind it here, and as writers write it themselves
_MARK = re.compile(r"\s*\[(?:(?:main|agent [^\]\n]{1,80}?), )?lines? \d+(?:[-–]\d+)?\]")  # noqa: RUF001
_MARK_AT_END = re.compile(_MARK.pattern + r"$")
#: a span of code, which is none, or words in double quotation marks
_INLINE = re.compile(r"`+[^`]*`+|(?P<words>(?<!\w)[\"“„«](?=\S)[^\"“”„«»]+(?<=\S)[\"”“»])")
TAKEN_OUT = "[a quote that stands nowhere in the trace was taken out here]"
#: a result or an argument may tell again what was said in a message
_SAID = {"message", "reasoning", "compaction"}
_WORD = re.compile(r"\w+")


class Quote(NamedTuple):
    """A quoted line, and what came of looking it up."""

    text: str  # as it was quoted
    found: str | None  # as it stands in the trace; None where it does not
    is_verbatim: bool
    agent: str | None  # the subagent in whose conversation it stands; None in the main one
    line: int | None  # of the file, where it or its record begins


@dataclass(frozen=True, slots=True)
class CheckedText:
    """A text with its quotes looked up.

    Parameters
    ----------
    text : str
        The quotes that were found are followed by where they stand; in place of the others it says that
        they were taken out.
    quotes : tuple of Quote
        All of them, in their order.
    """

    text: str
    quotes: tuple[Quote, ...]

    @property
    def verbatim(self) -> int:
        """How many stand in the trace as they were quoted."""
        return sum(quote.is_verbatim for quote in self.quotes)

    @property
    def mended(self) -> int:
        """How many were near enough to be mended."""
        return sum(quote.found is not None and not quote.is_verbatim for quote in self.quotes)

    @property
    def removed(self) -> tuple[str, ...]:
        """The quotes that stand nowhere in the trace."""
        return tuple(quote.text for quote in self.quotes if quote.found is None)

    @property
    def share(self) -> float | None:
        """The share of quotes that stand in the trace as they were quoted; None without quotes."""
        return self.verbatim / len(self.quotes) if self.quotes else None


class _Place(NamedTuple):
    text: str
    agent: str | None
    line: int
    likeness: float
    is_said: bool  # rather than told again in a result or an argument


class _Span(NamedTuple):
    """A quote in a line of the text that is checked."""

    line: int
    start: int
    end: int
    quote: str
    is_line: bool  # the whole line of a block quote; else words in quotation marks


def check_quotes(text: str, tr: Trace, *, redacted: bool = False) -> CheckedText:
    """Look up every quote of a text in the trace that it is about.

    A quote is a line of a block quote (``> ...``), quotation marks around it and a mark of its place
    behind it apart, or four words and more in double quotation marks. White space does not count. One
    that is not there is mended from the nearest place, if that is near enough, else it is taken out.

    Parameters
    ----------
    text : str
        Markdown.
    tr : Trace
        The trace; read once, or twice where something is not found.
    redacted : bool
        Whether the writer was shown placeholders for likely secrets: they are then what stands there.
    """
    lines = text.splitlines()
    spans = list(_spans(lines))
    wanted = {span.quote for span in spans}
    hidden = redacted and any(PLACEHOLDER in quote for quote in wanted)
    places = _exact(wanted, tr, hidden=hidden)
    missing = {quote for quote in wanted if quote not in places}
    near = _near({quote for quote in missing if _is_long(quote)}, tr, hidden=hidden)
    quotes: list[Quote] = []
    for span in reversed(spans):  # from the end, so that places before stay where they are
        place = places.get(span.quote) or near.get(span.quote)
        is_verbatim = span.quote in places
        line = lines[span.line]
        if place is None:
            quotes.append(Quote(span.quote, None, is_verbatim=False, agent=None, line=None))
            lines[span.line] = f"{line[: span.start]}{TAKEN_OUT}{_rest(line, span)}"
            continue
        quotes.append(Quote(span.quote, place.text, is_verbatim, place.agent, place.line))
        section = f"agent {place.agent}" if place.agent else "main"
        words = line[span.start : span.end] if is_verbatim else _marked(place.text, span)
        lines[span.line] = f"{line[: span.start]}{words} [{section}, line {place.line}]{_rest(line, span)}"
    ending = "\n" if text.endswith("\n") else ""
    return CheckedText("\n".join(lines) + ending, tuple(reversed(quotes)))


def _marked(text: str, span: _Span) -> str:
    return text if span.is_line else f"“{text}”"


def _rest(line: str, span: _Span) -> str:
    """Return what stands behind a quote; of a block quote that is a mark, which is made anew."""
    return "" if span.is_line else _MARK.sub("", line[span.end :], count=1)


def _spans(lines: list[str]) -> Iterator[_Span]:
    """Yield the quotes of a text; none between the fences of a block of code but block quotes."""
    fenced = False
    for number, line in enumerate(lines):
        fenced ^= line.lstrip().startswith("```")
        found = _QUOTE.match(line)
        if found is not None:
            words = found[2][: -len(mark[0])] if (mark := _MARK_AT_END.search(found[2])) else found[2]
            if quote := _bare(words):
                yield _Span(number, found.start(2), found.start(2) + len(words), quote, is_line=True)
            continue
        for inline in () if fenced else _INLINE.finditer(line):
            quote = _bare(inline["words"] or "")
            if _is_long(quote):
                yield _Span(number, inline.start(), inline.end(), quote, is_line=False)


def _is_long(quote: str) -> bool:
    return len(_WORD.findall(quote)) >= _WORDS


def _bare(quoted: str) -> str:
    """Return a quote without marks around it, its white space made one."""
    return " ".join(quoted.strip().strip(_MARKS).split())


def _texts(event: Event, *, hidden: bool) -> str:
    """Return what can be quoted of an event, with or without its likely secrets."""
    text = storable(_spoken(event))
    return redact(text)[0] if hidden else text


def _spoken(event: Event) -> str:
    """Return an event's text, and of a call the texts among its arguments too."""
    if event.kind != "tool_call" or not event.arguments:
        return event.text
    found: list[str] = []
    waiting: list[Any] = [event.arguments]
    while waiting:
        value = waiting.pop()
        if type(value) is str:
            found.append(value)
        elif type(value) in (dict, list):
            waiting += value.values() if type(value) is dict else value
    return "\n".join([event.text, *reversed(found)])


def _lines(text: str) -> Iterable[tuple[int, str]]:
    """Yield the lines of a text by their number, their white space made one."""
    return ((number, " ".join(line.split())) for number, line in enumerate(text.splitlines()))


def _line_of(tr: Trace, event: Event, number: int) -> int:
    """Return the line of the file that a line of an event's text stands on.

    In a code_trace.md a text stands as it is, a result below its mark and its fence; elsewhere a record
    is one line.
    """
    if tr.format != "code_trace" or event.kind == "tool_call":
        return event.line
    return event.line + number + (0 if event.kind == "message" else 2)


def _exact(wanted: set[str], tr: Trace, *, hidden: bool) -> dict[str, _Place]:
    """Return where each quote stands: where it was said, else where it is told."""
    found: dict[str, _Place] = {}
    said: set[str] = set()
    for event in tr.events:
        if len(said) == len(wanted):
            break
        own = event.kind in _SAID
        text = _texts(event, hidden=hidden)
        whole = " ".join(text.split())
        for quote in [quote for quote in wanted - (said if own else found.keys()) if quote in whole]:
            number = next((number for number, line in _lines(text) if quote in line), 0)
            found[quote] = _Place(quote, event.agent, _line_of(tr, event, number), 1.0, own)
            if own:
                said.add(quote)
    return found


def _near(wanted: set[str], tr: Trace, *, hidden: bool) -> dict[str, _Place]:
    """Return the nearest place of each quote, where that is near enough."""
    found: dict[str, _Place] = {}
    words = {quote: set(_WORD.findall(quote.lower())) for quote in wanted}
    for event in tr.events if wanted else ():
        for number, line in _lines(_texts(event, hidden=hidden)):
            here = set(_WORD.findall(line[:_LONGEST].lower()))
            for quote, own in words.items():
                if len(own & here) < _SHARED * len(own):
                    continue
                text, likeness = _nearest(quote, line[:_LONGEST])
                best = found.get(quote)
                place = _Place(text, event.agent, _line_of(tr, event, number), likeness, event.kind in _SAID)
                if likeness >= NEAR and (best is None or place[3:] > best[3:]):
                    found[quote] = place
    return found


def _nearest(quote: str, line: str) -> tuple[str, float]:
    """Return the stretch of a line that is most like a quote, in whole words, and how alike they are."""
    blocks = [
        block
        for block in SequenceMatcher(None, quote, line, autojunk=False).get_matching_blocks()
        if block.size
    ]
    if not blocks:
        return "", 0.0
    start = max(blocks[0].b - blocks[0].a, 0)
    last = blocks[-1]
    end = min(last.b + last.size + len(quote) - last.a - last.size, len(line))
    start = line.rfind(" ", 0, start + 1) + 1
    stop = line.find(" ", max(end - 1, start))
    stretch = line[start : len(line) if stop < 0 else stop]
    return stretch, SequenceMatcher(None, quote, stretch, autojunk=False).ratio()
