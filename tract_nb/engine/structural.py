"""A summary without a model: what was asked, decided, done and what failed, by the recording itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tract_nb.engine.masking import file_of, telling_line
from tract_nb.model.commit import preview

#: words by which a person decides something
_DECIDES = re.compile(
    r"\b(?:always|never|do not|don't|dont|must|should|instead|keep|use|prefer|let's|leave|only|decided?|"
    r"stop|avoid|make sure|remember|no,|yes,|please)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?=\s|$)|\n|$)|[^.!?\n]+")
LINE = 200  # characters of a line
MOST = 40  # lines of a section


class Told(NamedTuple):
    """A unit as far as a structural summary needs it.

    Parameters
    ----------
    role, name, status : str
        Role; of a call or result the tool, of a result how it went.
    text : str
        The effective text.
    arguments : mapping or None
        Of a call, or of a result's call.
    about : str
        What that call was about, in a line.
    is_call, is_result, important : bool
        What it is.
    """

    role: str
    name: str
    status: str
    text: str
    arguments: object
    about: str
    is_call: bool
    is_result: bool
    important: bool


class _Line(NamedTuple):
    section: str
    text: str
    weight: int  # what is lighter goes first where there is no room


SECTIONS = (
    "Important",
    "Asked",
    "Decisions by the user",
    "Failures",
    "Files",
    "Commands",
    "Tools",
    "Last answer",
)


def structural(
    units: Sequence[Told],
    head: str,
    *,
    verbatim: Iterable[str] = (),
    limit: int | None = None,
    count: Callable[[str], int] = len,
) -> str:
    """Return a summary of units.

    Parameters
    ----------
    units : sequence of Told
        In order.
    head : str
        Its first line.
    verbatim : iterable of str
        What must stand in it word by word.
    limit : int, optional
        Tokens that it may have; what weighs least is left out first, never what must stand in it.
    count : callable
        Counts tokens.
    """
    lines = [*_said(units), *_done(units)]
    kept = list(verbatim)
    while True:
        text = _text(head, lines, kept)
        if limit is None or not lines or count(text) <= limit:
            return text
        beyond = count(text) - limit
        lightest = min(line.weight for line in lines)
        of_it = [place for place, line in enumerate(lines) if line.weight == lightest]
        dropped: set[int] = set()
        for place in reversed(of_it):  # the latest last: what was asked first says what it is about
            dropped.add(place)
            beyond -= count(lines[place].text)
            if beyond <= 0:
                break
        lines = [line for place, line in enumerate(lines) if place not in dropped]


def _text(head: str, lines: Sequence[_Line], verbatim: Sequence[str]) -> str:
    parts = [head]
    for section in SECTIONS:
        of_it = [line.text for line in lines if line.section == section]
        if of_it:
            parts.append("\n".join([f"{section}:", *(f"- {text}" for text in of_it)]))
    said = "\n\n".join(parts)
    missing = [text for text in verbatim if text not in said]
    if missing:
        said = "\n\n".join([said, "\n".join(["Kept word by word:", *missing])])
    return said


def _said(units: Sequence[Told]) -> list[_Line]:
    """Return what people and the model said."""
    found = [_Line("Important", preview(unit.text, 2 * LINE), 9) for unit in units if unit.important]
    last = ""
    for unit in units:
        if unit.role == "user" and unit.text.strip():
            found.append(_Line("Asked", preview(unit.text, LINE), 7))
            found += [
                _Line("Decisions by the user", preview(sentence, LINE), 8)
                for sentence in _SENTENCE.findall(unit.text)
                if _DECIDES.search(sentence) and preview(sentence, LINE) != preview(unit.text, LINE)
            ]
        elif unit.role == "assistant" and not unit.is_call and unit.text.strip():
            last = unit.text
    if last:
        found.append(_Line("Last answer", preview(last, 2 * LINE), 5))
    return _few(found)


def _done(units: Sequence[Told]) -> list[_Line]:
    """Return what tools did."""
    tools: Counter[str] = Counter()
    files: dict[str, Counter[str]] = {}
    commands: dict[str, str] = {}
    failures: list[_Line] = []
    for unit in units:
        given = unit.arguments if isinstance(unit.arguments, dict) else {}
        command = given.get("command")
        if unit.is_call:
            tools[unit.name or "tool"] += 1
            path = file_of(given)
            if path is not None:
                files.setdefault(path, Counter())[unit.name or "tool"] += 1
            if isinstance(command, str):
                commands[preview(command, LINE)] = "no result"
        elif unit.is_result:
            failed = unit.status != "success"
            if isinstance(command, str):
                commands[preview(command, LINE)] = unit.status if failed else "ok"
            if failed:
                about = preview(unit.about, LINE // 2)
                said = f"{unit.name or 'tool'} {about}: {unit.status}: {telling_line(unit.text, LINE)}"
                failures.append(_Line("Failures", said, 6))
    found = [*failures]
    found += [_Line("Files", f"{path} ({_times(counts)})", 4) for path, counts in files.items()]
    found += [_Line("Commands", f"{command}: {outcome}", 2) for command, outcome in commands.items()]
    if tools:
        found.append(_Line("Tools", _times(tools), 3))
    return _few(found)


def _times(counts: Counter[str]) -> str:
    return ", ".join(f"{name} x{times}" if times > 1 else name for name, times in counts.most_common(MOST))


def _few(lines: Sequence[_Line]) -> list[_Line]:
    """Return the lines without repetitions; of a section with too many, the first and the last."""
    found: list[_Line] = []
    for section in SECTIONS:
        of_it = list(dict.fromkeys(line for line in lines if line.section == section))
        if len(of_it) > MOST:
            more = _Line(section, f"… {len(of_it) - MOST:,} more …", of_it[0].weight)
            of_it = [*of_it[: MOST // 2], more, *of_it[-MOST // 2 :]]
        found += of_it
    return found
