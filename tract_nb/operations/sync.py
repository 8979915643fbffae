"""sync: bring a list of messages that somebody else's loop keeps into the history.

The list is compared with what was committed, not with what it reads now: edits, priorities and summaries
made here meanwhile are no difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tract_nb.errors import RefError
from tract_nb.model.commit import Commit, Kind, Row
from tract_nb.model.content import Content, Instruction
from tract_nb.model.reply import Reply
from tract_nb.model.synced import Synced
from tract_nb.operations import edit, present, talk
from tract_nb.operations.batch import batch
from tract_nb.operations.branches import switch
from tract_nb.operations.commit import commit
from tract_nb.operations.message_contents import contents, print_of
from tract_nb.operations.transaction import transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects, refs
from tract_nb.store.usage import put_usage, usage_of

SYSTEM_KEY = "sync:system"  # what the list's system prompt is edited by
PREFIX = "sync/"  # of branches that are made for what diverges


class Place(NamedTuple):
    """How far a list goes along a history.

    ``next`` is the first unit that the list does not have where the list goes on otherwise; None where
    the history, or the list, ends there.
    """

    branch: str
    tip: int
    known: int
    next: Row | None
    last: Row | None  # the unit of the last known item

    @property
    def fits(self) -> bool:
        return self.next is None


def sync(ws: Workspace, messages: Any, system: Any = None) -> Synced:
    """Commit what of a list is new; on a branch of its own from where it diverges."""
    items = contents(messages, system)
    with batch(ws, "sync", {"messages": len(items)}):
        return _bring(ws, items, {})


def record(ws: Workspace, messages: Any, reply: Reply, config: Mapping[str, Any]) -> Synced:
    """Commit a call that somebody else made: its messages, its reply, and what was reported for it."""
    asked = contents(messages)
    said = talk.said(reply)
    how = {"generation_config": config, "metadata": talk.how(reply)}
    with batch(ws, "record", {"model": reply.model}):
        found = _bring(ws, [*asked, *said], dict.fromkeys(range(len(asked), len(asked) + len(said)), how))
        row = _place(ws, ws.branch or "", ws.tip(), [*asked, *said]).last
        if reply.usage is not None and row is not None and usage_of(ws.db, row.id) is None:
            put_usage(ws.db, row.id, reply.usage, reply.model, reply.cost)
        return found


def _bring(ws: Workspace, items: Sequence[Content], how: Mapping[int, Mapping[str, Any]]) -> Synced:
    """Go to where a list goes on, and commit the rest of it."""
    if ws.branch is None:
        raise RefError(
            "HEAD is detached: what is new has no branch to stand on.",
            "Switch to a branch first: t.switch('main').",
        )
    ws.look()  # it is compared with what is there, whoever wrote it
    place = _place(ws, ws.branch, ws.tip(), items)
    forked = None
    if not place.fits:
        place, forked = _elsewhere(ws, place, items)
    known = place.known
    commits = _new_system(ws, items, place)
    commits += [
        present.written(ws, commit(ws, items[number], **how.get(number, {})))
        for number in range(known, len(items))
    ]
    return Synced(place.branch, known, tuple(commits), forked)


def _place(ws: Workspace, branch: str, tip: int, items: Sequence[Content]) -> Place:
    """Return how far a list goes along the history of a branch."""
    history = ws.snapshot(tip)
    units = [unit.row for unit in history.units if unit.row.kind == Kind.APPEND]
    found = present.contents(ws, units)
    starts_with_system = bool(items) and isinstance(items[0], Instruction)
    known, at, last = 0, 0, None
    for row in units:
        assert row.blob is not None
        stored = found[row.blob]
        wanted = print_of(stored)
        if wanted is None:
            continue
        while at < len(items) and print_of(items[at]) is None:
            at += 1
        is_system = stored.unit_role == "system"
        if known == 0 and is_system and not starts_with_system:
            continue  # a list without a system prompt says nothing of it
        if at == len(items):
            return Place(branch, tip, len(items), None, last)
        if print_of(items[at]) != wanted and not (at == 0 and is_system and starts_with_system):
            return Place(branch, tip, known, row, last)
        at += 1
        known, last = at, row
    if at < len(items) and all(print_of(item) is None for item in items[at:]):
        known = len(items)  # thoughts at the end: nothing tells whether they are new
    return Place(branch, tip, known, None, last)


def _elsewhere(ws: Workspace, here: Place, items: Sequence[Content]) -> tuple[Place, str | None]:
    """Go to the branch where the list goes on; make one where it diverges from all."""
    others = [
        _place(ws, name, tip, items)
        for name, tip in refs.all_of(ws.db, ws.tract, refs.HEADS).items()
        if name != here.branch
    ]
    fitting = [place for place in others if place.fits and place.known >= here.known]
    if fitting:
        place = max(fitting, key=lambda place: place.known)
        switch(ws, place.branch)
        ws.say(f"the list goes on where {place.branch} does: HEAD is there now")
        return place, None
    best = max([here, *others], key=lambda place: (place.known, place is here))
    assert best.next is not None
    start = best.next.parent1 or 0
    if not _place(ws, best.branch, start, items).fits:
        start = 0  # what comes before it in time is not all that comes before it in order
    name = _free_name(ws)
    with transaction(ws, "branch", {"name": name}) as tx:
        tx.move(refs.HEADS + name, start)
    switch(ws, name)
    ws.say(f"the list differs from {best.branch} after {best.known} of its items: it goes on as {name}")
    return _place(ws, name, start, items), best.branch


def _free_name(ws: Workspace) -> str:
    taken = {*refs.all_of(ws.db, ws.tract, refs.HEADS), *refs.all_of(ws.db, ws.tract, refs.TAGS)}
    number = 1
    while f"{PREFIX}{number}" in taken:
        number += 1
    return f"{PREFIX}{number}"


def _new_system(ws: Workspace, items: Sequence[Content], place: Place) -> list[Commit]:
    """Edit the system prompt in place where the list has another one by now: it is no turn to fork from."""
    if not place.known or not isinstance(items[0], Instruction):
        return []
    tip = ws.tip()
    history = ws.snapshot(tip)
    unit = next(
        unit
        for unit in history.units
        if unit.row.kind == Kind.APPEND and unit.row.role == "system" and not unit.is_reasoning
    )
    edits = [ws.row(number) for number in objects.keyed(ws.db, SYSTEM_KEY) if history.has(number)]
    last = next((row for row in reversed(edits) if unit.identity in row.targets), unit.row)
    if edit.content_of(ws, last).unit_text.strip() == items[0].unit_text.strip():
        return []
    with transaction(ws, "edit") as tx:
        head = tx.head()
        assert head is not None
        row = edit.write(tx, head, unit, items[0].unit_text, key=SYSTEM_KEY)
    ws.say("the system prompt changed: it was edited in place")
    return [present.written(ws, row)]
