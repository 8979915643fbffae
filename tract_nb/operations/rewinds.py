"""Rewinds: which line of a conversation each event of a trace belongs to.

A rewind is two prompts, typed by a person, under one parent. The one that the trace goes on from
last is the main line; the others were given up, and become branches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tract_nb.model.event import Event

MAIN = ""  # the line that the trace ends on


@dataclass(frozen=True)
class Lines:
    """The lines of a trace.

    Parameters
    ----------
    of : mapping
        The line of each event that is not on the main one: the id of the prompt it began with.
    forks : mapping
        The event that each line forks from, by line; the main line has none.
    """

    of: Mapping[str, str] = field(default_factory=dict)
    forks: Mapping[str, str] = field(default_factory=dict)

    def line(self, event: str) -> str:
        return self.of.get(event, MAIN)


def lines(events: Iterable[Event]) -> Lines:
    """Return the lines of a conversation; reads the events once, keeps only their ids."""
    parents: dict[str, str | None] = {}
    prompts: dict[str, list[str]] = {}
    for event in events:
        parents[event.id] = event.parent
        if event.is_prompt and event.parent is not None:
            prompts.setdefault(event.parent, []).append(event.id)
    forks = {parent: children for parent, children in prompts.items() if len(children) > 1}
    if not forks:
        return Lines()
    latest = _latest(parents)
    begun = {
        child: parent
        for parent, children in forks.items()
        for child in children
        if child != max(children, key=latest.__getitem__)
    }
    of: dict[str, str] = {}
    for event_id, parent_id in parents.items():
        line = event_id if event_id in begun else of.get(parent_id or "", MAIN)
        if line != MAIN:
            of[event_id] = line
    return Lines(of, begun)


def _latest(parents: dict[str, str | None]) -> dict[str, int]:
    """Return for each event the place in the file of the last one that descends from it."""
    latest = {event: place for place, event in enumerate(parents)}
    for event in reversed(parents):
        parent = parents[event]
        if parent in latest:
            latest[parent] = max(latest[parent], latest[event])
    return latest
