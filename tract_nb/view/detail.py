"""Detail: all there is to say of one commit, for the pane beside the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson

from tract_nb.engine.resolve import Unit
from tract_nb.engine.tokens import message_size
from tract_nb.errors import ContentError
from tract_nb.model.commit import HASH_SHOWN, HASH_TAKEN, Kind, Priority, Row, from_us, preview
from tract_nb.model.content import Artifact, Content, Output, ToolIO
from tract_nb.model.event import Usage
from tract_nb.model.listing import counted
from tract_nb.operations import names, present
from tract_nb.operations.masking import MASK
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects, oplog
from tract_nb.store.usage import Reported, usage_of
from tract_nb.view import figures, words
from tract_nb.view.cells import arrow, who
from tract_nb.view.collect import Collected
from tract_nb.view.words import Piece

FIRST = 6_000  # characters of a text that are given at once
PAGE = 200_000  # and at each further time
LISTED = 8  # links, edits, annotations that are listed
DIFFERENCE = 20_000  # characters of a difference of words


class Link(NamedTuple):
    """A commit that something is about, and a word on it."""

    commit: str
    text: str


class Fact(NamedTuple):
    """One line of what there is to say: its name, its text, the commits it names."""

    name: str
    text: str
    links: tuple[Link, ...] = ()


class Change(NamedTuple):
    """An edit of a unit, and the words it changed."""

    commit: str
    time: float
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Detail:
    """All there is to say of one commit.

    Parameters
    ----------
    commit, hash : str
        The first 12 digits of its hash, and all 64.
    kind, role, type, who, direction : str
        As in a row.
    title : str
        What it is, in words.
    time : float
        Author time, in seconds since the epoch.
    tokens : int
        Of its text as it is now.
    share : float or None
        Of the context at HEAD, in percent; None where it is not sent.
    standing : str
        Why it is not sent, or is sent whatever comes: skipped, covered, pinned; else empty.
    text : str
        The first characters of its text now.
    characters : int
        Of the whole text.
    form : str
        prose, markdown or code.
    facts : tuple of Fact
        Answers, results, where it comes from, config, usage, annotations, provenance.
    changes : tuple of Change
        Its edits, newest first; of an EDIT itself, its own.
    unit : str
        The first 12 digits of the unit that it is, or that it edits; empty for a merge.
    wording : str
        The first 12 digits of the commit that the unit's text is of now; empty for a merge.
    """

    commit: str
    hash: str
    kind: str
    role: str
    type: str
    who: str
    direction: str
    title: str
    time: float
    tokens: int
    share: float | None
    standing: str
    text: str
    characters: int
    form: str
    facts: tuple[Fact, ...]
    changes: tuple[Change, ...]
    unit: str
    wording: str


def detail(ws: Workspace, found: Collected, commit: str, total: int) -> Detail:
    """Return all there is to say of a commit.

    Parameters
    ----------
    ws : Workspace
        Where.
    found : Collected
        The commits of all branches.
    commit : str
        Any name of it.
    total : int
        Tokens of the context at HEAD.
    """
    row = names.commit_named(ws, commit)
    unit = found.unit(row)
    now = unit.text if unit else row
    edited = found.find(row.targets[0]) if row.kind == Kind.EDIT and row.targets else None
    subject = unit or edited
    edits = _edits(ws, found, row, subject)
    contents = present.contents(ws, [row, now, *edits, *([subject.row] if subject else [])])
    content = contents.get(now.blob or 0)
    own = contents.get(row.blob or 0)
    text = content.unit_text if content else ""
    sent = unit is not None and unit.size > 0 and found.history.has(row.id)
    call = found.find(row.targets[0]) if row.is_result and row.targets else None
    return Detail(
        commit=row.hash.hex()[:HASH_TAKEN],
        hash=row.hash.hex(),
        kind=Kind(row.kind).name.lower(),
        role=row.role or "",
        type=row.type or "",
        who=who(row, call.row.name if call else None),
        direction=arrow(row),
        title=_title(row, call.row.name if call else None),
        time=row.author_us / 1e6,
        tokens=now.tokens,
        share=100 * message_size(now.tokens) / total if sent and total else None,
        standing=_standing(found, unit, row),
        text=text[:FIRST],
        characters=len(text),
        form=_form(content),
        facts=tuple(_facts(ws, found, row, subject, own)),
        changes=_changes(contents, row, subject, edits),
        unit=subject.row.hash.hex()[:HASH_TAKEN] if subject else "",
        wording=subject.text.hash.hex()[:HASH_TAKEN] if subject else "",
    )


def detail_of_masks(ws: Workspace, found: Collected, run: Sequence[Row]) -> Detail:
    """Return what there is to say of the masks that one operation made: what stands there now."""
    contents = present.contents(ws, run)
    lines = [contents[row.blob or 0].unit_text for row in run]
    text = "\n".join(lines)[:FIRST]
    before, after = sum(found.masks[row.id] for row in run), sum(row.tokens for row in run)
    left = len(lines) - text.count("\n") - 1
    facts = [
        Fact("stand for", f"{before:,} tokens"),
        Fact("first", "", (_link(run[0], ""),)),
        Fact("last", "", (_link(run[-1], ""),)),
        *([Fact("not shown", f"{counted(left, 'line')}: open the row")] if left else []),
    ]
    newest = detail(ws, found, run[-1].hash.hex(), 0)
    return replace(
        newest,
        title=f"{counted(len(run), 'mask')}",
        tokens=after,
        text=text,
        characters=len(text),
        form="prose",
        facts=tuple(facts),
        changes=(),
        unit="",
        wording="",
    )


def text_of(ws: Workspace, found: Collected, commit: str, start: int, count: int = PAGE) -> str:
    """Return a part of a commit's text as it is now."""
    if start < 0 or count < 0:
        raise ContentError(f"start={start}, count={count} is no part of a text.", "Give 0 or more.")
    row = names.commit_named(ws, commit)
    unit = found.unit(row)
    now = unit.text if unit else row
    content = present.contents(ws, [now]).get(now.blob or 0)
    return content.unit_text[start : start + count] if content else ""


def _title(row: Row, tool: str | None) -> str:
    way = {"→": " call", "←": " result"}.get(arrow(row), "")
    return f"{who(row, tool)}{way}"


def _form(content: Content | None) -> str:
    """Return how a text is to be read."""
    if isinstance(content, ToolIO) or (isinstance(content, Artifact) and content.kind != "text"):
        return "code"
    if isinstance(content, Output):
        return {"markdown": "markdown", "json": "code"}.get(content.format, "prose")
    if content is None or content.type == "freeform":
        return "code"
    return "markdown" if content.unit_role == "assistant" else "prose"


def _standing(found: Collected, unit: Unit | None, row: Row) -> str:
    if unit is None:
        return "" if found.history.has(row.id) else "not on this line"
    if not found.history.has(row.id):
        return "not on this line"
    if unit.retired:
        return "restored: it stands for nothing any more"
    if unit.covered:
        return "covered by a summary, not sent"
    if unit.skipped:
        return "skipped, not sent"
    if unit.is_reasoning:
        return "thoughts are not sent"
    return "pinned: no compression touches it" if unit.priority is Priority.PINNED else ""


# -- edits ----------------------------------------------------------------------------------------


def _edits(ws: Workspace, found: Collected, row: Row, subject: Unit | None) -> list[Row]:
    """Return the edits of a unit that are in its own history, newest first; of an EDIT, up to itself."""
    if subject is None:
        return []
    listed = list(reversed(found.edits.get(subject.identity, ())))
    if row.kind == Kind.EDIT:
        return [one for one in listed if found.is_behind(ws, one, row)][:2]
    return [one for one in listed if found.is_behind(ws, one, subject.text)][:LISTED]


def _changes(
    contents: Mapping[int, Content], row: Row, subject: Unit | None, edits: list[Row]
) -> tuple[Change, ...]:
    """Return what each edit changed."""
    if subject is None or not edits:
        return ()
    said = [_text(contents, one) for one in (*edits, subject.row)]
    pairs = list(zip(edits, said[1:], said, strict=False))
    if row.kind == Kind.EDIT:
        pairs = pairs[:1]
    return tuple(
        Change(
            one.hash.hex()[:HASH_TAKEN],
            one.author_us / 1e6,
            tuple(words.difference(before[:DIFFERENCE], after[:DIFFERENCE])),
        )
        for one, before, after in pairs
    )


def _text(contents: Mapping[int, Content], row: Row) -> str:
    content = contents.get(row.blob or 0)
    return content.unit_text if content else ""


# -- facts ----------------------------------------------------------------------------------------


def _facts(
    ws: Workspace, found: Collected, row: Row, subject: Unit | None, own: Content | None
) -> Iterable[Fact]:
    details = objects.details(ws.db, [row.id])[row.id]
    metadata = dict(details.metadata or {})
    trace = metadata.get("trace")
    yield from _relations(ws, found, row, subject, own)
    yield from _making(row, metadata)
    yield from _sources(row, trace, details.message)
    metadata.pop("trace", None)
    config = details.generation_config
    if config:
        yield Fact("config", preview(", ".join(_setting(key, value) for key, value in config.items()), 200))
    usage = usage_of(ws.db, row.id)
    if usage is not None:
        yield Fact("usage", _usage(usage))
    yield from _annotations(ws, found, subject)
    if metadata:
        yield Fact("metadata", preview(orjson.dumps(metadata, default=str).decode(), 200))


def _relations(
    ws: Workspace, found: Collected, row: Row, subject: Unit | None, own: Content | None
) -> Iterable[Fact]:
    """Yield what the commit is about, what is about it, and what stands for it."""
    if row.is_result and row.targets and (call := found.find(row.targets[0])) is not None:
        yield Fact("answers", "", (_link(call.row, call.row.name or "call"),))
    if row.is_result and isinstance(own, ToolIO):
        yield Fact("status", own.status)
    if row.is_call:
        results = [one for one in found.rows if one.is_result and row.identity in one.targets]
        links = tuple(_link(one, f"{figures.tokens(one.tokens)} tokens") for one in results[:LISTED])
        yield Fact("result", "" if links else "none recorded", links)
    if row.kind == Kind.EDIT and subject is not None:
        yield Fact("edits", "", (_link(subject.row, who(subject.row)),))
    if row.kind == Kind.SUMMARY:
        covered = [unit for target in row.targets if (unit := found.find(target)) is not None]
        size = sum(unit.text.tokens for unit in covered)
        yield Fact("stands for", f"{len(row.targets):,} commits, {figures.tokens(size)} tokens")
    if row.kind == Kind.MERGE and row.parent2:
        beyond = ws.snapshot(row.parent2).beyond(ws.snapshot(row.parent1 or 0))
        brought = counted(sum(one.kind != Kind.MARK for one in beyond), "commit")
        yield Fact("brought", f", {brought}", (_link(ws.row(row.parent2), "last"),))
    if row.id in found.covers:
        yield Fact("covered by", "", (_link(ws.row(found.covers[row.id]), "summary"),))
    if row.origin is not None:
        yield Fact("copy of", row.origin.hex()[:HASH_TAKEN])


def _making(row: Row, metadata: dict[str, Any]) -> Iterable[Fact]:
    """Yield how a summary or a mask was made, and take it out of the metadata."""
    kept, mask = metadata.pop("compression", None), metadata.pop(MASK, None)
    if isinstance(kept, dict):
        by = f", approved by {kept['approved_by']}" if kept.get("approved_by") else ""
        yield Fact("made by", f"compress, {kept.get('strategy', '')}{by}")
        for name, value in kept.items():
            if name not in ("strategy", "approved_by", "units", "tokens"):
                said = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
                yield Fact(name.replace("_", " "), preview(said, 200))
    elif isinstance(mask, dict):
        yield Fact("made by", f"masking, {figures.tokens(int(mask.get('tokens', 0)))} tokens before")
    elif row.kind == Kind.SUMMARY and "trace" in metadata:
        yield Fact("made by", "the agent's own compaction")


def _sources(row: Row, trace: Any, message: str | None) -> Iterable[Fact]:
    """Yield where the commit comes from."""
    if isinstance(trace, Mapping):
        line = f", line {trace['line']:,}" if isinstance(trace.get("line"), int) else ""
        agent = f", agent {trace['agent']}" if trace.get("agent") else ""
        yield Fact("from", f"trace {str(trace.get('session', ''))[:HASH_SHOWN]}{line}{agent}")
    if row.key:
        yield Fact("key", preview(row.key, 60))
    if message:
        yield Fact("message", preview(message, 200))


def _annotations(ws: Workspace, found: Collected, subject: Unit | None) -> Iterable[Fact]:
    """Yield the priorities a unit was given, newest first, by whom and why."""
    if subject is None:
        return
    marks = found.marks.get(subject.identity, [])
    for mark in reversed(marks[-LISTED:]):
        to = "restored" if mark.priority is None else Priority(mark.priority).name.lower()
        by = oplog.mover_to(ws.db, mark.id)
        reason = f": {by.reason}" if by and by.reason else ""
        actor = f", by {by.actor}" if by else ""
        there = "" if found.history.has(mark.id) else ", on another branch"
        time = f"{from_us(mark.author_us):%H:%M}"
        yield Fact("marked", f"{to}{actor}, {time}{there}{reason}", (_link(mark, "mark"),))


def _link(row: Row, text: str) -> Link:
    return Link(row.hash.hex()[:HASH_TAKEN], text)


def _setting(key: str, value: Any) -> str:
    """Return one key of a config: a model by its name alone."""
    return str(value) if key == "model" else f"{key} {value}"


def _usage(reported: Reported) -> str:
    """Return what was reported for a reply, in one line."""
    usage: Usage = reported.usage
    parts = [f"{figures.tokens(usage.input_tokens)} in"]
    if usage.cached_tokens:
        parts.append(f"{figures.tokens(usage.cached_tokens)} of it cached")
    if usage.cache_write_tokens:
        parts.append(f"{figures.tokens(usage.cache_write_tokens)} written to the cache")
    parts.append(f"{figures.tokens(usage.output_tokens)} out")
    if reported.cost is not None:
        parts.append(figures.money(reported.cost))
    return ", ".join(parts)
